# SPDX-License-Identifier: Apache-2.0
"""How people stand to one another on a day, as far as it is known: reporting lines, and what else ties them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from lti_mentoring.domain.period import lately
from lti_mentoring.domain.reporting_line import APPRAISER, DIRECT, DOTTED, LOOK_BACK_MONTHS, Line, chain, known_until

MENTORED, CO_MENTORED, TRAINED, HELPED = "mentored", "co_mentored", "trained", "helped"
RELATED, NOMINATED, REFEREED, REVIEWED = "related", "nominated", "refereed", "reviewed"
ASSESSED, DECIDED = "assessed", "decided"
TIES = (MENTORED, CO_MENTORED, TRAINED, HELPED, RELATED, NOMINATED, REFEREED, REVIEWED, ASSESSED, DECIDED)


@dataclass(frozen=True, slots=True)
class Tie:
    """What ``one`` is or did to ``other`` from ``start`` until before ``end``: mentored them, trained them alone, refereed them, …

    ``competencies`` are those that it was about; none means all of them."""

    kind: str
    one: str
    other: str
    start: date
    end: date | None = None
    competencies: frozenset[str] = frozenset()

    def lately(self, on: date) -> bool:
        """Whether it holds on that day, or ended within twelve months before."""
        return lately(self.start, self.end, on, LOOK_BACK_MONTHS)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of some people on a day. ``said``: when it was last said who manages somebody, nobody included; ``units``: where
    somebody works, as far as that is known; ``namesakes``: (subordinate, person) where a manager is known only by that person's name."""

    on: date
    lines: tuple[Line, ...] = ()
    said: Mapping[str, date] = field(default_factory=dict)
    ties: tuple[Tie, ...] = ()
    units: Mapping[str, str] = field(default_factory=dict)
    namesakes: frozenset[tuple[str, str]] = frozenset()


def stands(facts: Facts, upper: str, lower: str, *, recent: bool = False) -> dict[str, tuple[str, ...]]:
    """How one stands above another: ``manages``, ``appraises``, ``dotted``, ``above`` (further up the direct line), each with the way
    there. ``recent``: lines that ended within twelve months as well."""
    lines = [line for line in facts.lines if (line.counts(facts.on) if recent else line.holds(facts.on))]
    kinds = {line.kind for line in lines if line.subordinate == lower and line.manager == upper}
    names = ((DIRECT, "manages"), (APPRAISER, "appraises"), (DOTTED, "dotted"))
    found = {code: (upper,) for kind, code in names if kind in kinds}
    way = chain(lower, lines).get(upper, ())
    return found | ({"above": way} if len(way) > 1 else {})


def in_line(facts: Facts, one: str, other: str, *, recent: bool = False) -> tuple[str, str, str] | None:
    """(upper, lower, code) where one stands above the other in any way."""
    for upper, lower in ((one, other), (other, one)):
        for code in stands(facts, upper, lower, recent=recent):
            return upper, lower, code
    return None


def attested(facts: Facts, person: str) -> bool:
    """Whether it is known who manages somebody, nobody included: said within twelve months (R0)."""
    return person in facts.said and known_until(facts.said[person]) > facts.on
