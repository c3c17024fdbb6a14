# SPDX-License-Identifier: Apache-2.0
"""Every field of a programme that can be edited, page by page: a table for its parts, and the settings of its policy as they come."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lti_mentoring.domain.body import to_body
from lti_mentoring.domain.editing import (
    CHOICE,
    DAY,
    FLAG,
    LINE,
    LINES,
    MARKDOWN,
    MEAN,
    NUMBER,
    NUMBERS,
    ORDER,
    TEXT,
    TICKS,
    Field,
    opened,
    shown,
)
from lti_mentoring.domain.module import RATING, SHORT_TEXT, SORT, TAG
from lti_mentoring.domain.policy import RANGES, RUBRICS
from lti_mentoring.domain.programme import LEVELS, Policy
from lti_mentoring.domain.reliability import BEFORE
from lti_mentoring.domain.written_module import MINUTES, Body, Steps
from lti_mentoring.domain.written_pack import automatic

ABOUT, DATES, NUMBERS_PAGE, COMPETENCIES, MODULES, FORM, PROTOCOLS, RUBRICS_PAGE = (
    *("about", "dates", "numbers", "competencies", "modules", "form", "protocols", "rubrics"),
)
MOST_MINUTES = 600

Named = tuple[tuple[str, str], ...]
"""Fields of one shape: kind and name."""

COMPETENCY: Named = ((LINE, "title"), (FLAG, "critical"))
MODULE: Named = ((LINE, "title"), (MARKDOWN, "intro"))
OUTCOME: Named = ((LINE, "title"), (LINE, "text"))
SECTION: Named = ((LINE, "title"), (MARKDOWN, "blocks"))
ITEM: Named = ((TEXT, "stem"), (LINE, "reason"))
RATED: Named = ((LINE, "stem"), (TEXT, "reason"))
WRITTEN: Named = ((TEXT, "stem"), (NUMBER, "words"), (TEXT, "model"), (TEXT, "reason"))
PART: Named = ((LINE, "text"), (LINE, "why"))
TASK: Named = ((LINE, "title"), (TEXT, "text"), (LINE, "passing"), (MARKDOWN, "model_answer"))
RUBRIC: Named = ((LINE, "title"),)
QUESTION: Named = ((LINE, "title"), (LINE, "help"), (FLAG, "required"))
PROTOCOL: Named = ((LINE, "title"), (TEXT, "intro"))
ASPECT: Named = ((LINE, "title"), (TEXT, "text"))
OUTLINE: Named = ((LINE, "title"), (LINES, "outcomes"), (NUMBER, "minutes"))

LIMITS = {"words": (10, 200), "minutes": (5, MOST_MINUTES)}


@dataclass(frozen=True, slots=True)
class Page:
    """A page of fields: its address, what kind of page it is, and what it is about."""

    key: str
    kind: str
    about: str = ""


def pages(body: Body) -> tuple[Page, ...]:
    """The pages of a programme, in their order."""
    found = [Page(key, key) for key in (ABOUT, DATES, NUMBERS_PAGE, COMPETENCIES, MODULES)]
    for one in body["modules"]:
        key, title = f"{MODULES}/{one['key']}", f"{one['key']} {one['title']}"
        found += [Page(key, "module", title), Page(f"{key}/reading", "reading", title)]
        for below in one["outcomes"]:
            found.append(Page(f"{key}/check/{below['key']}", "check", f"{one['key']} {below['key']} {below['title']}"))
        found.append(Page(f"{key}/task", "task", title))
    if body["form"] is not None:
        found.append(Page(FORM, FORM))
    if body["protocols"]:
        found.append(Page(PROTOCOLS, PROTOCOLS))
    found += [Page(f"{RUBRICS_PAGE}/{one['key']}", "rubric", f"{one['key']} {one['title']}") for one in body["rubrics"]]
    return tuple(found)


def has_answers(page: str) -> bool:
    """Whether a page, by its key, shows right answers to a check or the model answer of a task."""
    return "/check/" in page or page.endswith("/task")


def fields(body: Body) -> tuple[Field, ...]:
    """Every field of a programme's body, in the order of its pages."""
    top = _Place(body, (), "", ABOUT)
    found = list(top.some("programme", ((LINE, "title"), (LINES, "purpose"), (TEXT, "support"), (TEXT, "certificate"))))
    found += _Place(body, (), "", DATES).some("programme", ((LINE, "edition"),))
    found += _numbers(body)
    for place in _Place(body, (), "", COMPETENCIES).each("competencies"):
        found += _competency(place.in_group(f"{place.entry['key']} {place.entry['title']}"))
    found += _modules(body)
    for place in _Place(body, (), "", MODULES).each("modules"):
        found += _module(place)
    if body["form"] is not None:
        found += _form(_Place(body, (), "", FORM).below("form"))
    for place in _Place(body, (), "", PROTOCOLS).each("protocols"):
        found += _protocol(place.in_group(place.entry["title"]))
    for place in _Place(body, (), "", RUBRICS_PAGE).each("rubrics"):
        found += _rubric(place.on(place.name))
    return tuple(found)


def entry_fields(*, modes: Iterable[str], mode: str, places: int | None, most: int, opens_on: str, closes_on: str) -> tuple[Field, ...]:
    """How the course takes people in, edited beside its programme: no part of a version. Days as ``2030-01-31``, "" where there is none."""
    return (
        Field("intake/mode", (), DATES, CHOICE, "intake.mode", mode, options=tuple((one, "") for one in modes)),
        Field("intake/places", (), DATES, NUMBER, "intake.places", "" if places is None else str(places), low=0, high=most),
        Field("intake/opens_on", (), DATES, DAY, "intake.opens_on", opens_on),
        Field("intake/closes_on", (), DATES, DAY, "intake.closes_on", closes_on),
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """A place in the body: what stands there, the way to it by fields and numbers, its name by keys, and the page where it is edited."""

    entry: Any
    steps: Steps
    name: str
    page: str
    group: str = ""
    about: str = ""

    def below(self, field: str) -> _Place:
        return _Place(self.entry[field], (*self.steps, field), self._named(field), self.page, self.group, self.about)

    def each(self, field: str) -> Iterator[_Place]:
        """What stands in a list, by its keys, or by numbers from 1 where it has none."""
        for number, one in enumerate(self.entry.get(field, ())):
            key = one.get("key", number + 1) if isinstance(one, Mapping) else number + 1
            steps, name = (*self.steps, field, number), f"{self._named(field)}/{key}"
            yield _Place(one, steps, name, self.page, self.group, f"{self.about} {key}".strip())

    def in_group(self, group: str) -> _Place:
        """The same place, with what is below it told apart only by what comes from here on."""
        return _Place(self.entry, self.steps, self.name, self.page, group)

    def on(self, page: str) -> _Place:
        return _Place(self.entry, self.steps, self.name, page, self.group, self.about)

    def some(self, shape: str, named: Named) -> Iterator[Field]:
        """Several fields of what stands here, such as ``rubric.title``."""
        for kind, name in named:
            if name in self.entry:
                low, high = LIMITS.get(name, (0, 0))
                yield self.field(kind, f"{shape}.{name}", name, self.entry[name], low=low, high=high)

    def field(self, kind: str, label: str, name: str, value: Any, **more: Any) -> Field:
        steps, told = (*self.steps, name), self._named(name)
        return Field(told, steps, self.page, kind, label, shown(kind, value), self.group, self.about, **more)

    def itself(self, kind: str, label: str) -> Field:
        """What stands here, where it is a text and no entry with fields."""
        return Field(self.name, self.steps, self.page, kind, label, shown(kind, self.entry), self.group, self.about)

    def _named(self, field: str) -> str:
        return f"{self.name}/{field}" if self.name else field


# --- the policy -----------------------------------------------------------------------------------------------------------


def _defaults(shape: Any) -> dict[str, Any]:
    """Every setting that has a default, those that came later included, which are not in every body."""
    found = {one.name: one.default for one in dataclasses.fields(shape) if one.default is not dataclasses.MISSING}
    return {name: _defaults(value) if dataclasses.is_dataclass(value) else to_body(value) for name, value in found.items()}


DEFAULTS = _defaults(Policy)
OBSERVING = (
    *("structured_observations", "structured_rubric", "co_mentoring_sessions", "co_mentoring_rubric"),
    *("independent_observations", "independent_observers", "observation_rubric"),
    *("group_observations", "group_rubric"),
)
"""What comes first, in the order of the way."""

NOT_NUMBERS = ("name", "modules_required", "before_observing", *BEFORE)


def _numbers(body: Body) -> Iterator[Field]:
    """Every setting of the policy in force: its own first, then those of each of its parts."""
    entry = opened({**DEFAULTS, **body["policy"]})
    entry |= {name: {**value, **entry[name]} for name, value in DEFAULTS.items() if isinstance(value, Mapping)}
    policy = _Place(entry, ("policy",), "policy", NUMBERS_PAGE)
    rubrics = tuple((one["key"], one["title"]) for one in body["rubrics"])
    plain = [name for name, value in policy.entry.items() if not isinstance(value, Mapping) and name not in NOT_NUMBERS]
    for name in dict.fromkeys((*OBSERVING, *plain)):
        yield _setting(policy, f"policy.{name}", name, rubrics)
    for part, entry in policy.entry.items():
        for name in entry if isinstance(entry, Mapping) else ():
            yield _setting(policy.below(part).in_group(part), f"policy.{part}.{name}", name, rubrics)


def _setting(place: _Place, label: str, name: str, rubrics: tuple[tuple[str, str], ...]) -> Field:
    value = place.entry[name]
    low, high = RANGES.get(name, (0, 1000))
    if name in RUBRICS or name == "rubric":
        return place.field(CHOICE, label, name, value, options=(("", ""), *rubrics))
    if isinstance(value, bool):
        return place.field(FLAG, label, name, value)
    if isinstance(value, list):
        return place.field(NUMBERS, label, name, value, low=low, high=high)
    if name.endswith("mean"):
        return place.field(MEAN, label, name, value, low=LEVELS[0], high=LEVELS[-1])
    return place.field(NUMBER, label, name, value, low=low, high=high)


# --- competencies and modules -----------------------------------------------------------------------------------------------


def _competency(place: _Place) -> Iterator[Field]:
    yield from place.some("competency", COMPETENCY)
    if automatic(place.entry):
        texts = [one["text"] for one in place.entry["indicators"]]
        yield place.field(LINES, "competency.indicators", "indicators", texts)
    else:
        for below in place.each("indicators"):
            yield from below.some("indicator", ((LINE, "text"),))


def _modules(body: Body) -> Iterator[Field]:
    """Which modules there are on the way, and in which order; then those that are only planned."""
    options = tuple((one["key"], f"{one['key']} {one['title']}") for one in body["modules"])
    policy = _Place(body["policy"], ("policy",), "policy", MODULES)
    for name in ("modules_required", "before_observing"):
        yield policy.field(TICKS, f"policy.{name}", name, policy.entry[name], options=options)
    if len(options) > 1:
        yield Field("order", ("modules",), MODULES, ORDER, "modules.order", shown(ORDER, [key for key, _ in options]), options=options)
    for place in _Place(body, (), "", MODULES).each("outlines"):
        yield from place.in_group(f"{place.entry['key']} {place.entry['title']}").some("outline", OUTLINE)


def _module(place: _Place) -> Iterator[Field]:
    place = place.on(place.name).in_group("")
    first = place.entry["intro"].partition("\n\n")[2]
    yield from place.some("module", ((LINE, "title"),))
    yield place.field(TEXT, "module.intro", "intro", first)
    for part in MINUTES:
        yield place.below("times").field(NUMBER, f"module.{part}", part, place.entry["times"][part], low=0, high=MOST_MINUTES)
    draw = place.entry["draw"]
    yield place.below("draw").field(NUMBER, "module.needed", "needed", draw["needed"], low=1, high=draw["points"])
    for one in place.each("outcomes"):
        yield from one.in_group(one.entry["key"]).some("outcome", OUTCOME)
    reading = place.on(f"{place.name}/reading")
    for one in reading.each("sections"):
        yield from one.in_group(f"{one.entry['key']}. {one.entry['title']}").some("section", SECTION)
    check = place.on(f"{place.name}/check")
    yield place.field(TEXT, "module.check_intro", "check_intro", place.entry["check_intro"])
    for one in check.each("items"):
        yield from _item(one.on(f"{check.page}/{one.entry['outcome']}").in_group(one.entry["key"]))
    yield from _task(place.below("practice").on(f"{place.name}/task"))


def _item(item: _Place) -> Iterator[Field]:
    named = {SORT: ITEM[:1], TAG: ITEM[:1], RATING: RATED, SHORT_TEXT: WRITTEN}.get(item.entry["kind"], ITEM)
    yield from item.some("item", named)
    for name in ("bins", "talk"):
        for one in item.each(name):
            yield one.itself(LINE, "item.bin") if name == "bins" else one.field(LINE, "item.talk", "text", one.entry["text"])
    yield from _parts(item, "choices", "choice")
    for step in item.each("steps"):
        yield from step.some("step", ((LINE, "prompt"),))
        yield from _parts(_Place(step.entry, step.steps, step.name, step.page, step.group), "choices", "choice")
    yield from _parts(item, "cards", "card")
    for one in item.each("slips"):
        yield from one.some("slip", ((LINE, "why"),))
    for one in item.each("benchmarks"):
        yield from one.some("benchmark", ((LINE, "text"),))
        for text in one.each("anchors"):
            yield text.itself(LINE, "anchor")
        for text in one.each("contrasts"):
            yield from text.some("contrast", ((LINE, "why"),))
    yield from _parts(item, "features", "feature")


def _parts(place: _Place, field: str, shape: str) -> Iterator[Field]:
    for one in place.each(field):
        yield from one.some(shape, PART)


def _task(place: _Place) -> Iterator[Field]:
    yield from place.some("task", TASK)
    for one in place.each("criteria"):
        one = one.in_group(one.entry["key"])
        yield from one.some("task_criterion", ((LINE, "title"),))
        for text in one.each("levels"):
            yield text.itself(LINE, "anchor")


# --- the application, protocols and rubrics -----------------------------------------------------------------------------------


def _form(form: _Place) -> Iterator[Field]:
    yield from form.some("form", ((LINE, "title"), (TEXT, "intro")))
    for section in form.each("sections"):
        section = section.in_group(section.entry["title"])
        yield from section.some("form_section", ((LINE, "title"), (TEXT, "intro")))
        yield from _questions(section.each("fields"))
    for name in ("eligibility", "declarations"):
        yield from _questions(one.in_group(f"form.{name}") for one in form.each(name))


def _questions(places: Iterable[_Place]) -> Iterator[Field]:
    for one in places:
        kind = one.entry["kind"]
        yield from one.some("question", QUESTION if kind != "yes" else QUESTION[:2])
        if kind in ("choice", "choices"):
            yield one.field(LINES, "question.options", "options", one.entry["options"])
        if kind == "long":
            yield one.field(NUMBER, "question.words", "words", one.entry["words"], low=0, high=1500)


def _protocol(place: _Place) -> Iterator[Field]:
    yield from place.some("protocol", PROTOCOL)
    for one in place.each("aspects"):
        yield from one.some("aspect", ASPECT)


def _rubric(place: _Place) -> Iterator[Field]:
    place = place.in_group("")
    yield from place.some("rubric", RUBRIC)
    for one in place.each("criteria"):
        one = one.in_group(f"{one.entry['key']} {one.entry['title']}")
        yield from one.some("criterion", ((LINE, "title"),))
        for text in one.each("anchors"):
            yield text.itself(LINE, "anchor")
