# SPDX-License-Identifier: Apache-2.0
"""What of a programme can be edited: a flat list of fields, each at its place in the programme's body, and a body with some changed.

Keys, right answers, points and what belongs to which outcome are no fields: whoever changes those writes another question, in a pack.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import groupby
from typing import Any

from lti_mentoring.domain.body import to_body
from lti_mentoring.domain.outline import blocks
from lti_mentoring.domain.setting import OPTIONAL
from lti_mentoring.domain.written_module import Body, Steps, markdown, timed

LINE, TEXT, MARKDOWN, LINES = "line", "text", "markdown", "lines"
NUMBER, MEAN, NUMBERS, FLAG, CHOICE, TICKS, ORDER, DAY = "number", "mean", "numbers", "flag", "choice", "ticks", "order", "day"
CHANGED = "-changed"
"""Ends the name of a policy that was edited: readers of its name must not take it for the one that was imported."""

WORDS = frozenset({LINE, TEXT, MARKDOWN, LINES})

LONGEST = {LINE: 1_000, NUMBER: 20, MEAN: 20, NUMBERS: 200, FLAG: 3, CHOICE: 200, TICKS: 2_000, ORDER: 2_000, DAY: 10}
NARROW = {"programme.edition": 40}
LONGEST_TEXT = 60_000
"""Characters that a field keeps, by its kind; texts have room for a whole lesson section."""

NO_MEANING = str.maketrans(dict.fromkeys((*range(9), *range(10, 32), *range(127, 160), *range(0xD800, 0xE000))))


@dataclass(frozen=True, slots=True)
class Field:
    """Something that can be edited. ``path`` names it for good, by keys where there are any; ``steps`` is its place in the body. ``label``
    is what kind of thing it is, ``group`` what it belongs to and ``about`` which one of several, such as an option's letter. ``low`` and
    ``high`` are the limits of numbers, ``options`` what may be chosen."""

    path: str
    steps: Steps
    page: str
    kind: str
    label: str
    value: str
    group: str = ""
    about: str = ""
    low: int = 0
    high: int = 0
    options: tuple[tuple[str, str], ...] = ()

    @property
    def longest(self) -> int:
        """The most characters that are kept."""
        return NARROW.get(self.label) or LONGEST.get(self.kind, LONGEST_TEXT)


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that is not as it was. What has no counterpart was nothing, or will be nothing."""

    field: Field
    was: str
    will_be: str


# --- values as they are typed ---------------------------------------------------------------------------------------------


def cleaned(kind: str, raw: str) -> str:
    """What was typed, without what nobody types: line ends of browsers, signs without a meaning, blank ends."""
    lines = [line.translate(NO_MEANING).rstrip() for line in raw.splitlines()]
    return "\n".join(lines).strip() if kind in (TEXT, MARKDOWN, LINES) else " ".join(" ".join(lines).split())


def shown(kind: str, value: Any) -> str:
    """A value of the body as it stands in a form."""
    if kind == MARKDOWN:
        return markdown(value)
    if kind == LINES:
        return "\n".join(value)
    if kind == TICKS:
        return ", ".join(sorted(value))
    if kind in (NUMBERS, ORDER):
        return ", ".join(str(one) for one in value)
    if kind == MEAN:
        return _decimal(str(value))
    if kind == FLAG:
        return "yes" if value is True else "" if value is False else str(value)
    return str(value)


def _decimal(text: str) -> str:
    """A fraction as people write it, such as 2.75; what has no such form stays as it is."""
    exact = Fraction(text) if re.fullmatch(r"\d{1,9}(/[1-9]\d{0,8})?", text) else None
    return text if exact is None or Fraction(str(float(exact))) != exact else f"{float(exact):g}"


def read_value(kind: str, raw: str) -> Any:
    """The value that was typed; what is no such value stays text, for whoever checks the programme to find."""
    text = cleaned(kind, raw)
    if kind == MARKDOWN:
        return to_body(blocks(list(enumerate(text.split("\n"), 1))))
    if kind == LINES:
        return [line.strip() for line in text.split("\n") if line.strip()]
    if kind == NUMBER:
        return _whole(text)
    if kind == NUMBERS:
        return [_whole(one) for one in re.split(r"[,;\s]+", text) if one]
    if kind in (TICKS, ORDER):
        return [one.strip() for one in text.split(",") if one.strip()]
    if kind == MEAN:
        found = text.replace(",", ".")
        return str(Fraction(found)) if re.fullmatch(r"\d(\.\d{1,4})?", found) else text
    return text == "yes" if kind == FLAG else text


def _whole(text: str) -> Any:
    return int(text) if re.fullmatch(r"\d{1,6}", text) else text


# --- a body with some fields changed ----------------------------------------------------------------------------------------


def kept(fields: Iterable[Field], values: Mapping[str, str]) -> dict[str, str]:
    """Those of the values that say something else than what is there; values of no field are left out."""
    found = {}
    for field in fields:
        if field.path in values and shown(field.kind, read_value(field.kind, values[field.path])) != field.value:
            found[field.path] = cleaned(field.kind, values[field.path])
    return found


def changed(body: Body, fields: Sequence[Field], values: Mapping[str, str]) -> Body:
    """The body with these values at their places; without values it is the same. ``fields`` are those of the body."""
    told = kept(fields, values)
    if not told:
        return body
    made = copy.deepcopy(dict(body))
    made["policy"] = opened(made["policy"])
    for field in sorted(fields, key=lambda one: one.kind == ORDER):  # places are those of the old order until the end
        if field.path in told and field.steps:
            _put(made, field, read_value(field.kind, told[field.path]))
    made["policy"] = _closed(made["policy"])
    _name_policy(made, body["policy"])
    return made


ASKED = "asked"


def opened(policy: Body) -> dict[str, Any]:
    """A policy with the parts that need not be asked for all there, each with whether it is ``asked``, and at its defaults if it is not."""
    made = dict(policy)
    for name, shape in OPTIONAL.items():
        said = policy.get(name)
        made[name] = {ASKED: said is not None, **to_body(shape()), **(said or {})}
    return made


def _closed(policy: Body) -> dict[str, Any]:
    """The policy again, without the parts that are not asked for."""
    parts = {name: dict(policy[name]) for name in OPTIONAL}
    asked = {name: part for name, part in parts.items() if part.pop(ASKED) is not False}
    return {name: value for name, value in policy.items() if name not in OPTIONAL} | asked


def _name_policy(body: dict[str, Any], before: Body) -> None:
    """A policy keeps its name as long as it says what it said when it was imported; that one stays on offer, to be chosen again."""
    policy, name = body["policy"], before["name"]
    if not name or policy == before:
        return
    own = name.removesuffix(CHANGED)
    if all(one["name"] != own for one in body["policies"]) and name == own:
        body["policies"].insert(0, dict(copy.deepcopy(before)))
    as_imported = [one for one in body["policies"] if one["name"] == own]
    policy["name"] = own if any(_settings(one) == _settings(policy) for one in as_imported) else own + CHANGED
    body["policies"] = [copy.deepcopy(policy) if one["name"] == policy["name"] else one for one in body["policies"]]


def _settings(policy: Body) -> dict[str, Any]:
    """What a policy says, whatever it is called and in whichever order its modules come."""
    return {**policy, "name": "", **{name: sorted(policy[name]) for name in ("modules_required", "before_observing")}}


def _put(body: dict[str, Any], field: Field, value: Any) -> None:
    way, last = field.steps[:-1], field.steps[-1]
    into: Any = body
    for step in way:
        into = into[step]
    if field.label == "module.intro":
        value = "\n\n".join(text for text in (into[last].partition("\n\n")[0], value) if text)
    if way[2:] == ("times",):  # the first paragraph of a module says its minutes, too
        module = body["modules"][way[1]]
        module["intro"] = timed(module["intro"], {**module["times"], str(last): value})
    if field.label == "competency.indicators":
        key = into["key"]
        value = [{"key": f"{key}.{number}", "text": text} for number, text in enumerate(value, 1)]
    if field.kind == ORDER:
        _order(body, value)
    elif field.kind == TICKS:
        place = {one["key"]: at for at, one in enumerate(body["modules"])}
        into[last] = sorted(value, key=lambda key: place.get(key, len(place)))
    else:
        into[last] = value


def _order(body: dict[str, Any], keys: Sequence[str]) -> None:
    """Modules in another order; those that are not named come last, as they came."""
    place = {key: at for at, key in reversed(list(enumerate(keys)))}

    def at(key: str) -> int:
        return place.get(key, len(place))

    body["modules"] = sorted(body["modules"], key=lambda one: at(one["key"]))
    for name in ("modules_required", "before_observing"):
        body["policy"][name] = sorted(body["policy"][name], key=at)


def differences(old: Iterable[Field], new: Iterable[Field]) -> tuple[Difference, ...]:
    """What was and what will be, in the order of the new fields; what is no more comes last."""
    before = {field.path: field for field in old}
    after = {field.path: field for field in new}
    found = [
        Difference(field, before[path].value if path in before else "", field.value)
        for path, field in after.items()
        if path not in before or before[path].value != field.value
    ]
    gone = [Difference(field, field.value, "") for path, field in before.items() if path not in after and field.value]
    return tuple(one for one in (*found, *gone) if one.was != one.will_be)


def with_values(fields: Iterable[Field], values: Mapping[str, str]) -> tuple[Field, ...]:
    """The fields as a form shows them: with what was typed, right or wrong."""
    return tuple(replace(field, value=cleaned(field.kind, values.get(field.path, field.value))) for field in fields)


def grouped(fields: Iterable[Field]) -> tuple[tuple[str, tuple[Field, ...]], ...]:
    """Fields that belong together, in their order, with what they belong to."""
    return tuple((group, tuple(below)) for group, below in groupby(fields, key=lambda field: field.group))
