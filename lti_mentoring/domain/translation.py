# SPDX-License-Identifier: Apache-2.0
"""Which texts of a programme people read, where they differ from another language's, and the programme in the language of its reader.

A translation holds words only. What is read together stays together: a part with ``reads``, such as an item or a criterion, is read in
the translation once all of its texts are there and made from today's source, and else in the source. So nobody meets half an item, nor
a translation of what the source no longer says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar, cast

from lti_mentoring.domain.handout import Handout, MailText, Term
from lti_mentoring.domain.language import Text, Translation, mark
from lti_mentoring.domain.module import (
    Benchmark,
    Block,
    Card,
    Choice,
    Contrast,
    Feature,
    Item,
    Module,
    Outcome,
    Section,
    Slip,
    Step,
    Task,
    TaskCriterion,
    Turn,
)
from lti_mentoring.domain.programme import (
    ApplicationForm,
    Aspect,
    Competency,
    Criterion,
    FormField,
    FormSection,
    Indicator,
    Outline,
    Programme,
    Protocol,
    Rubric,
)
from lti_mentoring.domain.transcript import Transcript

WORDS: Mapping[type, tuple[str, ...]] = {
    Programme: ("title", "purpose", "support", "certificate"),
    Competency: ("title",),
    Indicator: ("text",),
    Outline: ("title", "outcomes"),
    Transcript: ("text",),
    Handout: ("text",),
    MailText: ("text",),
    Term: ("term", "text"),
    ApplicationForm: ("title", "intro"),
    FormSection: ("title", "intro"),
    FormField: ("title", "help", "options"),
    Protocol: ("title", "intro"),
    Aspect: ("title", "text"),
    Rubric: ("title",),
    Criterion: ("title", "anchors"),
    Module: ("title", "intro", "check_intro"),
    Outcome: ("text", "title"),
    Section: ("title",),
    Block: ("text",),
    Turn: ("speaker", "text"),
    Item: ("stem", "reason", "bins", "model"),
    Choice: ("text", "why"),
    Step: ("prompt",),
    Card: ("text", "why"),
    Slip: ("why",),
    Contrast: ("why",),
    Benchmark: ("text", "anchors"),
    Feature: ("text", "why"),
    Task: ("title", "text", "passing"),
    TaskCriterion: ("title", "levels"),
}
"""The fields that are words. All others are what a programme is made of, and are the same in every language."""

OURS = ("reads", "labels", "translations")
SHOWN_AS = {"options": "labels"}
"""An option is kept as the source says it: who reads a translation sees a label."""

SHORT = 3
"""Words. A text of so many may be the same in two languages, such as a name; a longer one was left as it was."""

Whole = Programme | Module | Rubric
"""What has translations of its own."""

Part = TypeVar("Part", Programme, Module, Rubric)


@dataclass(frozen=True, slots=True)
class Share:
    """How much of a programme is read in a language: of ``texts``, how many are ``translated``, with all that is read together with them,
    and how many are older than their source."""

    language: str
    texts: int
    translated: int
    stale: int

    @property
    def percent(self) -> int:
        """Of 100 texts, how many are read in the language; 100 only where it is all."""
        return 100 * self.translated // self.texts if self.texts else 100


# --- the texts ------------------------------------------------------------------------------------------------------------------


def texts(value: object, place: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a part with its place, such as ``items/O1-04/choices/B/why``; without those of parts that have their own."""
    yield from _own(value, place)
    for name, below in _nested(value):
        yield from texts(below, f"{place}{name}/")


def wholes(programme: Programme) -> Iterator[tuple[str, Whole]]:
    """All that has translations of its own, with the file of a language that it stands in; the programme itself comes first."""
    yield "programme.yaml", programme
    yield from ((f"modules/{module.key}.md", module) for module in programme.modules)
    yield from ((f"rubrics/{rubric.key}.yaml", rubric) for rubric in programme.rubrics)


def left(source: str, words: str) -> bool:
    """Whether a text was left as the source has it."""
    return source == words and len(source.split()) > SHORT


def _own(value: object, place: str) -> Iterator[tuple[str, str]]:
    for name in WORDS[type(value)]:
        said = getattr(value, name)
        for at, text in ((f"{name}/{index}", text) for index, text in enumerate(said)) if isinstance(said, tuple) else ((name, said),):
            if text:
                yield f"{place}{at}", text


def _nested(value: object) -> Iterator[tuple[str, object]]:
    """The parts below with their places, but for those that have translations of their own."""
    for field in fields(cast(Any, value)):
        held = getattr(value, field.name)
        for index, entry in enumerate(held) if isinstance(held, tuple) else ((None, held),):
            if type(entry) in WORDS and not isinstance(entry, Whole):
                yield field.name if index is None else f"{field.name}/{getattr(entry, 'key', index)}", entry


def _together(value: object, place: str) -> Iterator[tuple[str, str]]:
    """The texts that are read in the same language as this part's own."""
    yield from _own(value, place)
    for name, below in _nested(value):
        if not hasattr(below, "reads"):
            yield from _together(below, f"{place}{name}/")


# --- keeping and reading ---------------------------------------------------------------------------------------------------------


def translation(whole: Whole, language: str, words: Mapping[str, str], made_from: Mapping[str, str]) -> Translation:
    """What is kept of ``words`` by place: those that stand for a text and were not left as it is. ``made_from`` has the marks of texts
    that were translated from an older source."""
    said = [
        Text(place, words[place], made_from.get(place, mark(text)))
        for place, text in texts(whole)
        if words.get(place) and not left(text, words[place])
    ]
    return Translation(language, tuple(said))


def languages(whole: Whole, source: str) -> tuple[str, ...]:
    """The languages in which it can be read, that of the source first."""
    return (source, *(one.language for one in whole.translations))


def shares(programme: Programme) -> tuple[Share, ...]:
    """How much there is in each language but the source's."""
    found = []
    for language in languages(programme, programme.language)[1:]:
        count = translated = stale = 0
        for _, whole in wholes(programme):
            said = _said(whole, language)
            for part, place in _parts(whole, ""):
                together = list(_together(part, place))
                count += len(together)
                translated += len(together) if _there(part, place, said) else 0
                stale += sum(at in said and said[at].source != mark(text) for at, text in together)
        found.append(Share(language, count, translated, stale))
    return tuple(found)


def read_in(whole: Part, language: str, source: str) -> Part:
    """As it is read in a language; ``source`` is the one that it was written in. Keys, numbers and answers are the same in all of them."""
    return cast(Part, _read(whole, "", {}, language, source, whole=False))


def _parts(value: object, place: str) -> Iterator[tuple[object, str]]:
    """What is read in one language each: a part with ``reads``, and those below it."""
    if hasattr(value, "reads"):
        yield value, place
    for name, below in _nested(value):
        yield from _parts(below, f"{place}{name}/")


def _said(whole: Whole, language: str) -> dict[str, Text]:
    return {text.place: text for one in whole.translations if one.language == language for text in one.texts}


def _read(value: Any, place: str, said: Mapping[str, Text], language: str, source: str, *, whole: bool) -> Any:
    """A part in ``language``; ``whole``: what it is read together with is there."""
    changed: dict[str, object] = {}
    if isinstance(value, Whole):
        place, said = "", _said(value, language)
        changed["translations"] = ()
    if hasattr(value, "reads"):
        whole = _there(value, place, said)
        changed["reads"] = language if whole else source
    if whole:
        changed |= _translated(value, place, said)
    for field in fields(value):
        held = getattr(value, field.name)
        if isinstance(held, tuple) and held and type(held[0]) in WORDS:
            named = [(f"{place}{field.name}/{getattr(entry, 'key', index)}/", entry) for index, entry in enumerate(held)]
            changed[field.name] = tuple(_read(entry, at, said, language, source, whole=whole) for at, entry in named)
        elif type(held) in WORDS:
            changed[field.name] = _read(held, f"{place}{field.name}/", said, language, source, whole=whole)
    return replace(value, **changed)


def _there(value: object, place: str, said: Mapping[str, Text]) -> bool:
    pairs = [(said.get(at), text) for at, text in _together(value, place)]
    fresh = all(one is not None and one.source == mark(text) for one, text in pairs)
    return fresh and any(one is not None and one.words != text for one, text in pairs)


def _translated(value: object, place: str, said: Mapping[str, Text]) -> dict[str, object]:
    changed: dict[str, object] = {}
    for name in WORDS[type(value)]:
        held = getattr(value, name)
        into = SHOWN_AS.get(name, name)
        if isinstance(held, tuple):
            changed[into] = tuple(said[f"{place}{name}/{index}"].words if text else "" for index, text in enumerate(held))
        elif held:
            changed[into] = said[f"{place}{name}"].words
    return changed


# --- comparing ----------------------------------------------------------------------------------------------------------------------

Path = tuple[str | int, ...]

ANSWERS = frozenset({"right", "bin", "order", "level"})


@dataclass(frozen=True, slots=True)
class Difference:
    """Something in a translation that is not a word and is not as in the source. ``path`` leads there by fields, and by places in lists;
    ``name`` is what an author calls it, such as ``O1-04 B``."""

    path: Path
    name: str
    message: str
    remedy: str = "Leave it as the source has it: a translation changes words, and nothing else."


def differences(source: object, other: object, path: Path = (), name: str = "") -> Iterator[Difference]:
    """Where a translated part is not made as its source is."""
    told = name or "It"
    for field in fields(cast(Any, source)):
        ours, theirs = getattr(source, field.name), getattr(other, field.name)
        below = (*path, field.name)
        if field.name in OURS:
            continue
        if field.name in WORDS[type(source)]:
            yield from _unlike(ours, theirs, below, told)
        elif isinstance(ours, tuple) and any(type(entry) in WORDS for entry in (*ours, *theirs)):
            yield from _lists(ours, theirs, below, name)
        elif type(ours) in WORDS and type(theirs) in WORDS:
            yield from differences(ours, theirs, below, name)
        elif ours != theirs and field.name in ANSWERS:
            yield Difference(below, name, f"{told} has another right answer than the source.")
        elif ours != theirs:
            yield Difference(below, name, f"“{field.name}” of {name or 'this file'} is {_say(theirs)}, and {_say(ours)} in the source.")


def _unlike(ours: str | tuple[str, ...], theirs: str | tuple[str, ...], path: Path, name: str) -> Iterator[Difference]:
    if isinstance(ours, tuple) and len(ours) != len(theirs):
        yield Difference(path, name, f"{name} has {len(theirs)} texts as “{path[-1]}”, and {len(ours)} in the source.")
    elif bool(ours) and not theirs:
        yield Difference(path, name, f"“{path[-1]}” of {name} is missing.", "Translate it.")
    elif bool(theirs) and not ours:
        yield Difference(path, name, f"“{path[-1]}” of {name} has words, and none in the source.")


def _lists(ours: tuple[Any, ...], theirs: tuple[Any, ...], path: Path, name: str) -> Iterator[Difference]:
    keys = [getattr(one, "key", index) for index, one in enumerate(ours)]
    found = [getattr(one, "key", index) for index, one in enumerate(theirs)]
    what = name or "this file"
    for key in [key for key in keys if key not in found]:
        called = f"{name} {key}".strip() if isinstance(key, str) else f"Number {key + 1} of “{path[-1]}” of {what}"
        yield Difference(path, name, f"{called} is missing, and is in the source.", "Translate it.")
    for index, key in enumerate(found):
        if key not in keys:
            called = f"{name} {key}".strip() if isinstance(key, str) else f"Number {key + 1} of “{path[-1]}” of {what}"
            yield Difference((*path, index), f"{name} {key}".strip(), f"{called} is not in the source.", "Take it out.")
            continue
        entry = ours[keys.index(key)]
        named = f"{name} {key}".strip() if isinstance(key, str) else name
        if type(entry) in WORDS:
            yield from differences(entry, theirs[index], (*path, index), named)
    if keys != found and sorted(map(str, keys)) == sorted(map(str, found)):
        yield Difference(path, name, f"“{path[-1]}” of {what} stand in another order.", "Put them into the order of the source.")


def _say(value: object) -> str:
    """As an author writes it."""
    if isinstance(value, bool):
        return f"“{str(value).lower()}”"
    return ", ".join(map(str, value)) or "empty" if isinstance(value, tuple) else f"“{value}”"
