# SPDX-License-Identifier: Apache-2.0
"""Whether an edited programme can be published: held to the rules of a pack, with every fault at the field that it is about."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from lti_mentoring.domain import readiness, standard
from lti_mentoring.domain.body import from_body, to_body
from lti_mentoring.domain.editable import fields
from lti_mentoring.domain.editing import DAY, LINE, LINES, MARKDOWN, NUMBER, TEXT, WORDS, Field, differences
from lti_mentoring.domain.manuscript import places
from lti_mentoring.domain.module import Module
from lti_mentoring.domain.outline import Fault
from lti_mentoring.domain.pack import read_pack
from lti_mentoring.domain.programme import Programme
from lti_mentoring.domain.reader import Document
from lti_mentoring.domain.written_module import Body, Steps
from lti_mentoring.domain.written_pack import File, files_of

MAY_BE_EMPTY = frozenset(
    {
        *("item.reason", "choice.why", "card.why", "feature.why", "form_section.intro", "question.help", "aspect.text"),
        *("module.check_intro",),
        *("programme.purpose", "programme.support", "programme.certificate", "task.passing", "module.intro", "competency.indicators"),
        *("modules.order", "intake.places", "intake.opens_on", "intake.closes_on"),
    }
)
"""What a programme may leave unsaid; the reader of a pack still asks for some of it where it must be there."""

COMPONENTS = {
    "application": ("form/title", "The form asks nothing.", "Copy a programme with an application form, or have one imported."),
    "competencies": ("", "No competency has an indicator.", "Write what shows one of them."),
    "outcomes": ("purpose", "The programme does not say what it is to bring about.", "Write one outcome a line."),
    "recognition": ("form/title", "The form names no condition.", "Copy a programme with an application form, or have one imported."),
    "selection": ("policy/selection/rubric", "The policy names no rubric for applications.", "Choose one."),
    "training": ("policy/modules_required", "No module is asked for.", "Choose at least one."),
    "support": ("support", "The programme does not say how candidates are helped.", "Write it, and where people write to."),
    "credential": ("certificate", "The programme does not say what its credential stands for.", "Write a sentence."),
}
"""What to do where one of the eight components is missing: field, message, remedy."""

MARKS = "Take out what is read as a mark: a # - > | or number at the start of a line, ** or a blank / where parts are told by it."


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """Something to mend, or, as advice, something to think about: the page and the field, what is wrong, what to do. It is about no page
    where there is none on which it could be mended."""

    page: str
    path: str
    message: str
    remedy: str
    field: Field | None = dataclasses.field(default=None, compare=False)


def _at(field: Field | None, message: str, remedy: str) -> Finding:
    return Finding(field.page, field.path, message, remedy, field) if field is not None else Finding("", "", message, remedy)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What keeps a draft from being published, and what does not. The programme is there if nothing does."""

    programme: Programme | None
    faults: tuple[Finding, ...]
    advice: tuple[Finding, ...] = ()


def judge(body: Body, source: Body, entry: Sequence[Field] = (), *, advice: bool = True) -> Verdict:
    """The verdict on an edited body; ``source`` is the body that it was edited from, of a version that was published, and ``entry`` the
    fields of the intake that are published with it."""
    edited = fields(body)
    typed = (*_typed((*edited, *entry)), *_window(entry))
    files = files_of(body)
    found, faults = read_pack([file.document for file in files])
    known = {finding.page for finding in typed}
    wrong = [*typed, *(finding for finding in _placed(faults, files, edited) if finding.page not in known)]
    if wrong or found is None:
        return Verdict(None, tuple(sorted(set(wrong))) or (_nowhere(faults),))
    meant = from_body(Programme, body)
    if found != _untranslated(meant) and _faithful(source):
        return Verdict(None, tuple(_misread(edited, source, found)))
    missing = tuple(_missing(meant, edited))
    told = () if missing or not advice else tuple(sorted(_advice(meant, files, edited)))
    return Verdict(None if missing else meant, missing, told)


def _nowhere(faults: Sequence[Fault]) -> Finding:
    first = faults[0]
    return Finding("", "", first.message, first.remedy)


def _faithful(source: Body) -> bool:
    """Whether the version that was edited is read as it stands; one that an older reader made may not be."""
    return read_pack([file.document for file in files_of(source)])[0] == _untranslated(from_body(Programme, source))


def _untranslated(programme: Programme) -> Programme:
    """Without its translations: those of a text that was changed are older than it from now on, and that is told elsewhere."""
    modules = tuple(dataclasses.replace(one, translations=()) for one in programme.modules)
    rubrics = tuple(dataclasses.replace(one, translations=()) for one in programme.rubrics)
    return dataclasses.replace(programme, modules=modules, rubrics=rubrics, translations=())


@lru_cache(maxsize=64)
def _advice_on(module: Module, document: str, text: str, language: str) -> tuple[Fault, ...]:
    """Counting words takes longer than all else, and most modules are not the one that is edited."""
    return tuple(standard.findings(module, document, places(text), language))


# --- what can be said of a field alone ----------------------------------------------------------------------------------


def _typed(edited: Iterable[Field]) -> Iterator[Finding]:
    for field in edited:
        if len(field.value) > field.longest:
            message = f"This has {len(field.value)} characters; {field.longest} are the most."
            yield _at(field, message, "Shorten it.")
        elif not field.value and field.label in MAY_BE_EMPTY:
            continue
        elif field.kind == NUMBER and not (field.value.isdecimal() and field.low <= int(field.value) <= field.high):
            message = f"This must be a whole number from {field.low} to {field.high}."
            yield _at(field, message, "Write such a number.")
        elif field.kind == DAY and not _is_day(field.value):
            yield _at(field, "This is no day.", "Write it as 2030-01-31.")
        elif field.kind in WORDS and not field.value:
            yield _at(field, "Nothing is written here.", "Write it; what is not wanted at all is taken out in a pack.")
        elif field.label == "modules.order" and sorted(field.value.split(", ")) != sorted(key for key, _ in field.options):
            yield _at(field, "The order does not name each module once.", "Name all, each once, between commas.")


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).year in range(2000, 3000)
    except ValueError:
        return False


def _window(entry: Iterable[Field]) -> Iterator[Finding]:
    days = {field.label: field for field in entry if field.kind == DAY and _is_day(field.value)}
    first, last = days.get("intake.opens_on"), days.get("intake.closes_on")
    if first and last and first.value > last.value:
        yield _at(last, "Applications would close before they open.", "Choose a later day, or an earlier first one.")


# --- what the readers of a pack say -------------------------------------------------------------------------------------


def _placed(faults: Iterable[Fault], files: Sequence[File], edited: Sequence[Field]) -> Iterator[Finding]:
    written: Mapping[str, File] = {file.document.file: file for file in files}
    for fault in faults:
        steps = written[fault.file].places.get(fault.line, ()) if fault.file in written else ()
        field = _field_at(steps, edited)
        yield _at(field, fault.message, fault.remedy)


def _field_at(steps: Steps, edited: Sequence[Field]) -> Field | None:
    """The field at a place, or the one that the place is part of, or the first one below it, or below what it is part of."""
    while steps:
        inside = [field for field in edited if field.steps == steps[: len(field.steps)] and field.kind != "order"]
        below = [field for field in edited if field.steps[: len(steps)] == steps]
        if inside or below:
            return max(inside, key=lambda field: len(field.steps)) if inside else below[0]
        steps = steps[:-1]
    return None


def _misread(edited: Sequence[Field], source: Body, found: Programme) -> Iterator[Finding]:
    """Texts that would be read as something else than they say: such as an option with a heading in it."""
    changed = {one.field.path: one.field for one in differences(fields(source), edited)}
    wrong = [one.field for one in differences(edited, fields(to_body(found))) if one.field.path in changed]
    suspects = wrong or [field for field in changed.values() if field.kind in (LINE, TEXT, LINES, MARKDOWN)]
    for field in suspects:
        yield _at(field, "This would be read as something else than it says.", MARKS)


def _missing(programme: Programme, edited: Iterable[Field]) -> Iterator[Finding]:
    by_path = {field.path: field for field in edited}
    for key in readiness.shortfalls(programme):
        path, message, remedy = COMPONENTS[key]
        yield _at(by_path.get(path), message, remedy)


def _advice(programme: Programme, files: Sequence[File], edited: Sequence[Field]) -> Iterator[Finding]:
    written: Mapping[str, Document] = {file.document.file: file.document for file in files}
    for module in programme.modules:
        document = written[f"{programme.language}/modules/{module.key}.md"]
        yield from _placed(_advice_on(module, document.file, document.text, programme.language), files, edited)
