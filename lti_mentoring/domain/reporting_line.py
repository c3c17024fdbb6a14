# SPDX-License-Identifier: Apache-2.0
"""Who manages and appraises whom, in periods; what follows from it for those who judge."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from lti_mentoring.domain.period import add_months

DIRECT, DOTTED, APPRAISER = "direct", "dotted", "appraiser"
KINDS = (DIRECT, DOTTED, APPRAISER)
DEEPEST = 10
"""Steps up a line that are followed; nobody's line is longer, and a circle ends there."""

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

    def counts(self, on: date) -> bool:
        """Whether it holds on that day, or ended within the year before."""
        return self.start <= on and (self.end is None or add_months(self.end, LOOK_BACK_MONTHS) > on)


def known_until(said: date) -> date:
    """The first day on which what somebody has said of their line managers is not known any more (R0)."""
    return add_months(said, KNOWN_MONTHS)


@dataclass(frozen=True, slots=True)
class Lines:
    """Who stands where to one person: direct managers and appraisers, those further up the direct line, and whom they manage."""

    managers: frozenset[str]
    above: frozenset[str]
    below: frozenset[str]


def lines_of(person: str, lines: Iterable[Line], on: date) -> Lines:
    """The lines of one person on a day, the direct one followed upwards; circles end."""
    counting = [line for line in lines if line.counts(on)]
    managers = {line.manager for line in counting if line.subordinate == person}
    reached, step = {person}, {person}
    for _ in range(DEEPEST):
        step = {line.manager for line in counting if line.subordinate in step and line.kind == DIRECT} - reached
        reached |= step
    below = {line.subordinate for line in counting if line.manager == person}
    return Lines(frozenset(managers), frozenset(reached - {person} - managers), frozenset(below))
