# SPDX-License-Identifier: Apache-2.0
"""Who manages and appraises whom, in periods; what follows from it for those who judge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from lti_mentoring.domain.period import add_months, holds, lately

DIRECT, DOTTED, APPRAISER = "direct", "dotted", "appraiser"
KINDS = (DIRECT, DOTTED, APPRAISER)
DEEPEST = 10
"""Steps up a line that are followed; nobody's line is longer, and a circle ends there."""

SOURCES = ("self", "staff", "csv")
"""Who has said a line: its subordinate, who leads the course, a file of the institution. Each ends only what it has said itself."""

ALWAYS = date(1970, 1, 1)
"""The start of a line of which nobody has said since when it holds."""

KNOWN_MONTHS = 12
"""For so long it is known who manages somebody, once they have said it (R0)."""

LOOK_BACK_MONTHS = 12
"""A line that ended within a year still counts where somebody judges (R7, R9)."""


@dataclass(frozen=True, slots=True)
class Line:
    """``manager`` directs or appraises ``subordinate``, from ``start`` until before ``end``."""

    subordinate: str
    manager: str
    kind: str
    start: date
    end: date | None = None

    def holds(self, on: date) -> bool:
        """Whether it holds on that day."""
        return holds(self.start, self.end, on)

    def counts(self, on: date) -> bool:
        """Whether it holds on that day, or ended within the year before."""
        return lately(self.start, self.end, on, LOOK_BACK_MONTHS)


def counts_from(on: date) -> date:
    """The first day on which a line may have ended and still count on ``on``: ``Line.counts`` as a date that a query can compare."""
    day = add_months(on, -LOOK_BACK_MONTHS)
    while add_months(day - timedelta(days=1), LOOK_BACK_MONTHS) > on:
        day -= timedelta(days=1)
    while add_months(day, LOOK_BACK_MONTHS) <= on:
        day += timedelta(days=1)
    return day


def known_until(said: date) -> date:
    """The first day on which what somebody has said of their line managers is not known any more (R0)."""
    return add_months(said, KNOWN_MONTHS)


@dataclass(frozen=True, slots=True)
class Lines:
    """Who stands where to one person: direct managers and appraisers, those further up the direct line, and whom they manage."""

    managers: frozenset[str]
    above: frozenset[str]
    below: frozenset[str]


def chain(person: str, lines: Iterable[Line]) -> Mapping[str, tuple[str, ...]]:
    """Everybody up the direct line of a person, nearest first, with the way to them: from the first step to themself. Circles end."""
    managers: dict[str, list[str]] = {}
    for line in lines:
        if line.kind == DIRECT:
            managers.setdefault(line.subordinate, []).append(line.manager)
    found: dict[str, tuple[str, ...]] = {person: ()}
    step = [person]
    for _ in range(DEEPEST):
        above = [(of, manager) for of in step for manager in managers.get(of, ())]
        step = []
        for of, manager in above:
            if manager not in found:
                found[manager] = (*found[of], manager)
                step.append(manager)
    return {manager: way for manager, way in found.items() if way}


def lines_of(person: str, lines: Iterable[Line], on: date) -> Lines:
    """The lines of one person on a day, the direct one followed upwards; circles end."""
    counting = [line for line in lines if line.counts(on)]
    managers = {line.manager for line in counting if line.subordinate == person}
    below = {line.subordinate for line in counting if line.manager == person}
    return Lines(frozenset(managers), frozenset(chain(person, counting)) - managers, frozenset(below))
