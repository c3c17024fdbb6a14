# SPDX-License-Identifier: Apache-2.0
"""Practising on a transcript: what a rater chose beside the master ratings, criterion by criterion, and what that amounts to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from lti_mentoring.domain.programme import LEVELS, Criterion
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.domain.transcript import MasterRating, Script

Chosen = Mapping[str, int | None]
"""Criterion -> level 1 to 4, None for "not observed". A criterion that is not in it is not answered yet."""

SAME, DEFENSIBLE, NEAR, FAR, ONE_SIDED = "same", "defensible", "near", "far", "one_sided"
VERDICTS = (SAME, DEFENSIBLE, NEAR, FAR, ONE_SIDED)
"""The same, "not observed" by both included; the level next to the master's that an experienced rater could defend; the other one next to
it; two or three levels away; seen by only one of the two."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One criterion: the rater's own level beside the master's."""

    criterion: Criterion
    master: MasterRating
    own: int | None
    verdict: str

    @property
    def apart(self) -> int | None:
        """How many levels the rater's own is above the master's (below: negative); None unless both saw it."""
        return None if self.own is None or self.master.level is None else self.own - self.master.level


@dataclass(frozen=True, slots=True)
class Comparison:
    """All criteria of a rubric, compared.

    ``same`` of them have the same answer; ``both`` have a level from both, ``exact`` of those the same one and ``within_one`` at most one
    apart. ``bias`` is the mean of own minus master over those that both saw, exact; None where there is none.
    """

    rows: tuple[Compared, ...]
    same: int
    both: int
    exact: int
    within_one: int
    bias: Fraction | None


def check(criteria: Sequence[Criterion], chosen: Chosen) -> None:
    """Refuse what the rubric does not have. RuleBroken ``criterion_unknown``, ``level_unknown``."""
    keys = {one.key for one in criteria}
    for key, level in chosen.items():
        if key not in keys:
            raise RuleBroken("criterion_unknown", criterion=key)
        if level is not None and level not in LEVELS:
            raise RuleBroken("level_unknown", criterion=key)


def missing(criteria: Sequence[Criterion], chosen: Chosen) -> tuple[str, ...]:
    """The criteria that are not answered yet, in the rubric's order."""
    return tuple(one.key for one in criteria if one.key not in chosen)


def differing(criteria: Sequence[Criterion], chosen: Chosen, kept: Chosen) -> tuple[str, ...]:
    """The criteria of which two drafts say something else, in the rubric's order."""
    said = [(one.key, (one.key in chosen, chosen.get(one.key)), (one.key in kept, kept.get(one.key))) for one in criteria]
    return tuple(key for key, here, there in said if here != there)


def compared(script: Script, criteria: Sequence[Criterion], own: Chosen) -> Comparison:
    """A rater's complete answers beside the master ratings; without a criterion that has no answer or no master rating."""
    masters = {one.criterion: one for one in script.ratings}
    rows = tuple(_beside(one, masters[one.key], own[one.key]) for one in criteria if one.key in masters and one.key in own)
    apart = [row.apart for row in rows if row.apart is not None]
    return Comparison(
        rows=rows,
        same=sum(row.verdict == SAME for row in rows),
        both=len(apart),
        exact=apart.count(0),
        within_one=sum(abs(one) <= 1 for one in apart),
        bias=Fraction(sum(apart), len(apart)) if apart else None,
    )


def _beside(criterion: Criterion, master: MasterRating, own: int | None) -> Compared:
    return Compared(criterion, master, own, _verdict(master, own))


def _verdict(master: MasterRating, own: int | None) -> str:
    if own == master.level:
        return SAME
    if own is None or master.level is None:
        return ONE_SIDED
    if own == master.open_to:
        return DEFENSIBLE
    return NEAR if abs(own - master.level) == 1 else FAR
