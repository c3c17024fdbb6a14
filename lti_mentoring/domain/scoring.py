# SPDX-License-Identifier: Apache-2.0
"""Two ratings of one session: when a second one is asked for, how the two become one result, and when a third person decides.

Nobody sees another's rating before the result stands (I9). Results are exact: means and medians of two keep their halves, and nothing is
rounded up.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from lti_mentoring.domain.programme import INDEPENDENT, LEVELS, Policy, Rubric
from lti_mentoring.domain.reliability import Doubling
from lti_mentoring.domain.rule import RuleBroken

SUMMATIVE = frozenset({INDEPENDENT})
"""Kinds of observation whose ratings decide on the award; the others are for learning, and no second rating is asked for."""

Levels = Mapping[str, int | None]
"""Criterion -> level 1 to 4, None for "not observed"; complete, as a rater has submitted it."""


# --- when a second rating is asked for ---------------------------------------------------------------------------------------------

FIRST, DRAWN, CRITICAL, NEAR, NEW = "first_summative", "drawn", "critical_at_one", "near_the_bar", "new_observer"
BEFOREHAND = (FIRST, DRAWN, NEW)
"""Known before the session, so that a second rater can be in the room; ``critical_at_one`` and ``near_the_bar`` are known once the first
rating is in, and the second rater rates from the first's raw notes (domain map 4.8)."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What is known of an observation before it: its id, its kind, whether the candidate has no other of that kind before it, and how many
    ratings of its observer counted before."""

    id: str
    kind: str
    first: bool
    ratings: int


def beforehand(rules: Doubling | None, seed: str, planned: Planned) -> tuple[str, ...]:
    """Why a second person rates, as far as it is known before the session (domain map 4.5, triggers a, b and e); ``rules`` None where the
    policy asks for no double scoring. ``seed`` is secret: who knows that they are watched rates better (domain map 2.3, R3)."""
    if rules is None or planned.kind not in SUMMATIVE:
        return ()
    reasons = {
        FIRST: rules.first and planned.first,
        DRAWN: drawn(seed, planned.id, rules.percent),
        NEW: planned.ratings < rules.new_ratings,
    }
    return tuple(reason for reason, holds in reasons.items() if holds)


def drawn(seed: str, key: str, percent: int) -> bool:
    """Whether something is among the ``percent`` that are drawn: by its key and the seed alone, so that no order and no repetition changes
    it, and a later audit draws the same."""
    place = int.from_bytes(hmac.digest(seed.encode(), key.encode(), "sha256")[:8])
    return 100 * place < percent << 64


def afterwards(
    rules: Doubling | None, policy: Policy, rubric: Rubric, kind: str, levels: Levels, means: Mapping[str, Fraction]
) -> tuple[str, ...]:
    """Why a second person rates, now that the first rating is in (domain map 4.5, triggers c and d).

    ``means``: competency -> its mean over all that counts so far and this rating; of one that this rating does not touch it may hold any.
    """
    if rules is None or kind not in SUMMATIVE:
        return ()
    critical = rules.critical and any(levels.get(one.key) == LEVELS[0] for one in rubric.criteria if one.critical)
    touched = {competency for one in rubric.criteria if levels.get(one.key) is not None for competency in one.competencies}
    width = Fraction(rules.near_hundredths, 100)
    near = any(abs(mean - policy.competency_mean) <= width for competency, mean in means.items() if competency in touched)
    return (*((CRITICAL,) if critical else ()), *((NEAR,) if near and width else ()))


# --- who rates -------------------------------------------------------------------------------------------------------------------------


def check_rater(rater: str, *, subject: str, present: Collection[str], others: Collection[str]) -> None:
    """Whether somebody may give a rating beside ``others`` (I7): a second or third rater, or who confirms a provisional rating.

    RuleBroken ``observation_of_oneself``, ``rater_present`` (the protégé, or a mentor who led the session), ``rater_twice``. Lines and
    other conflicts are the conflict guard's.
    """
    if rater == subject:
        raise RuleBroken("observation_of_oneself")
    if rater in present:
        raise RuleBroken("rater_present")
    if rater in others:
        raise RuleBroken("rater_twice")


# --- resolution ------------------------------------------------------------------------------------------------------------------------

SINGLE, EXACT, MEAN, ONE_SIDED, MEDIAN, UNOBSERVED = "single", "exact", "mean", "one_sided", "median", "unobserved"
CONFIRMED, LOWER = "confirmed", "lower"
"""How a level came about: one rating alone; the same by two; the mean of two neighbours; seen by one of two; the median of all; by none;
that of who confirms a rating by somebody not qualified; the lower of two that a third person would have to decide, and nobody may."""

AGREEMENT, ADJUDICATED, LOWERED = "agreement", "adjudicated", "lowered"

GAP, STRADDLE = "gap", "straddle"
"""Why a third person decides: two or more levels apart, or on two sides of a bar."""


@dataclass(frozen=True, slots=True)
class Result:
    """The level of one criterion, None for "not observed", and how it came about. While ``open`` says why a third person decides, the
    level is None."""

    criterion: str
    level: Fraction | None
    how: str = ""
    open: str = ""


@dataclass(frozen=True, slots=True)
class Resolution:
    """What the ratings make together, in the rubric's order."""

    results: tuple[Result, ...]

    @property
    def disputed(self) -> tuple[str, ...]:
        """The criteria that a third person has to rate; nothing leaves the house while there are any (I15)."""
        return tuple(one.criterion for one in self.results if one.open)

    @property
    def resolved(self) -> bool:
        """Whether the result stands."""
        return not self.disputed

    @property
    def levels(self) -> Mapping[str, Fraction | None]:
        """Criterion -> level of the result; ValueError while something is disputed."""
        if self.disputed:
            raise ValueError(f"disputed: {self.disputed}")
        return {one.criterion: one.level for one in self.results}

    @property
    def method(self) -> str:
        """The way in which the whole was resolved: ``single``, ``agreement``, ``confirmed``, ``mean``, ``adjudicated``, or ``lowered``
        where nobody could give a third opinion; empty while it is not."""
        how = {one.how for one in self.results}
        if not self.resolved:
            return ""
        if MEDIAN in how:
            return ADJUDICATED
        if LOWER in how:
            return LOWERED
        if CONFIRMED in how:
            return CONFIRMED
        return MEAN if MEAN in how else SINGLE if SINGLE in how else AGREEMENT


def resolve(
    policy: Policy,
    rubric: Rubric,
    first: Levels,
    second: Levels | None = None,
    third: Levels | None = None,
    *,
    confirms: bool = False,
    spared: bool = False,
) -> Resolution:
    """What one, two or three blind ratings make together (domain map 4.5, Resolution).

    The same level stays; neighbours on one side of the bar become their mean; neighbours on two sides of it, or two and more levels apart,
    wait for a third person, and the median decides. What only one of two saw is that one's level: "not observed" contradicts no level. What
    the third did not see leaves the median of two, with its half. KeyError where the first or second rating lacks a criterion, or the third
    a disputed one; of the others the third's say nothing.

    ``confirms``: the first is by somebody not qualified, and the second, by somebody who is, confirms it. Then the second's level stands
    where a mean would, and what the first alone saw is seen by nobody; the first can still ask for a third person, and breaks a tie of the
    two who are qualified.

    ``spared``: nobody may give a third opinion, and the policy does without. Then the lower of the two levels stands on what is disputed,
    whoever gave it: nobody is lifted over a bar by one word against another. It says nothing beside a third rating.
    """
    if second is None:
        alone = {one.key: first[one.key] for one in rubric.criteria}
        return Resolution(tuple(Result(key, _exact(level), UNOBSERVED if level is None else SINGLE) for key, level in alone.items()))
    bars = {one.key: tuple(_bars(policy, critical=one.critical)) for one in rubric.criteria}
    return Resolution(tuple(_one(key, bars[key], first[key], second[key], third, confirms=confirms, spared=spared) for key in bars))


def _bars(policy: Policy, *, critical: bool) -> Iterator[Fraction]:
    """The bars that a level of a criterion can be held to. A critical one at 1 decides as much as the mean does, so 1 and 2 lie on two
    sides of a bar there: no mean makes one and a half of a breach that one saw and the other did not. Ours; the domain map has one cut."""
    yield policy.competency_mean
    if critical and policy.no_critical_at_one:
        yield Fraction(LEVELS[0] + 1)


def _one(
    key: str, bars: Collection[Fraction], one: int | None, other: int | None, third: Levels | None, *, confirms: bool, spared: bool
) -> Result:
    seen = [level for level in (one, other) if level is not None]
    if not seen or (confirms and other is None):
        return Result(key, None, UNOBSERVED)
    if len(seen) == 1:
        return Result(key, _exact(seen[0]), CONFIRMED if confirms else ONE_SIDED)
    low, high = sorted(seen)
    if low == high:
        return Result(key, _exact(low), EXACT)
    why = GAP if high - low >= 2 else STRADDLE if any(low < bar <= high for bar in bars) else ""
    if not why:
        return Result(key, _exact(other), CONFIRMED) if confirms else Result(key, median(seen), MEAN)
    if third is None:
        return Result(key, _exact(low), LOWER) if spared else Result(key, None, open=why)
    decides = third[key]
    if confirms and decides is None:
        return Result(key, _exact(other), CONFIRMED)
    return Result(key, median([*seen, decides] if decides is not None else seen), MEDIAN)


def _exact(level: int | None) -> Fraction | None:
    return None if level is None else Fraction(level)


def median(levels: Sequence[int | Fraction]) -> Fraction:
    """The middle of the levels, exact; of an even number the mean of the middle two, never rounded up. ValueError of none."""
    if not levels:
        raise ValueError("no levels")
    ordered, middle = sorted(levels), len(levels) // 2
    return Fraction(ordered[middle]) if len(ordered) % 2 else Fraction(ordered[middle - 1] + ordered[middle]) / 2
