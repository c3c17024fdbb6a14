# SPDX-License-Identifier: Apache-2.0
"""Who may rate: an observer qualifies by calibration for a period, lapses, is suspended by drift, and what a rating counts for meanwhile.

One qualification is of one family of rubrics; attempts and ratings that are given here are those of that family.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from fractions import Fraction

from lti_mentoring.domain.agreement import Bias, Pair, Share, agreement
from lti_mentoring.domain.calibration import ONE_SIDED, Comparison
from lti_mentoring.domain.coefficient import Undefined
from lti_mentoring.domain.period import Period, add_months
from lti_mentoring.domain.reliability import Qualifying
from lti_mentoring.domain.rule import RuleBroken

NONE, CURRENT, LAPSED, SUSPENDED = "none", "current", "lapsed", "suspended"

SHORT, FULL = "short", "full"
"""What a qualification rests on: short exercises, good for the first few ratings, or the whole calibration."""


# --- calibration -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Attempt:
    """A submitted attempt at an exercise beside its master ratings; ``whole`` unless the exercise is a short one."""

    exercise: str
    at: datetime
    comparison: Comparison
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Lack:
    """One thing that is missing from a calibration: a stable code and its facts."""

    code: str
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Calibrated:
    """What the last attempts amount to. ``scores`` have a level from both; ``exact`` is of those and of what only one of the two saw, so
    that leaving out what is hard does not help; ``within_one`` of the scores; ``missed`` are critical criteria two or more apart."""

    basis: str
    attempts: tuple[Attempt, ...]
    scores: int
    exact: Share
    within_one: Share
    missed: tuple[str, ...]
    lacks: tuple[Lack, ...]

    @property
    def reached(self) -> bool:
        """Whether nothing is missing."""
        return not self.lacks


def calibrated(rules: Qualifying, attempts: Collection[Attempt], basis: str, now: datetime, since: datetime | None = None) -> Calibrated:
    """How the last attempts stand to the bar (domain map 4.5): two exercises, 16 scores, exact 70 %, within one 95 %, no critical
    criterion missed by two.

    Newest first, each exercise once, only as many as the bar asks for; none from before ``since`` or older than a qualification lasts.
    Lacks: ``exercises_missing``, ``scores_missing``, ``exact_below``, ``within_one_below`` (have, needed), ``critical_missed`` (criteria).
    """
    taken: list[Attempt] = []
    for one in sorted(attempts, key=lambda one: one.at, reverse=True):
        if _enough(rules, taken):
            break
        if one.exercise not in {other.exercise for other in taken} and _counts(rules, one, attempts, basis, now, since):
            taken.append(one)
    rows = [row for one in taken for row in one.comparison.rows]
    scores = _scores(taken)
    same = sum(one.comparison.exact for one in taken)
    seen_by_one = sum(row.verdict == ONE_SIDED for row in rows)
    found = Calibrated(
        basis=basis,
        attempts=tuple(taken),
        scores=scores,
        exact=Share(same, scores + seen_by_one),
        within_one=Share(sum(one.comparison.within_one for one in taken), scores),
        missed=tuple(row.criterion.key for row in rows if row.criterion.critical and abs(row.apart or 0) >= 2),
        lacks=(),
    )
    return replace(found, lacks=tuple(_lacks(rules, found)))


def _scores(attempts: Collection[Attempt]) -> int:
    return sum(one.comparison.both for one in attempts)


def _enough(rules: Qualifying, taken: Collection[Attempt]) -> bool:
    return len(taken) >= rules.exercises and _scores(taken) >= rules.scores


def _counts(rules: Qualifying, one: Attempt, all_of_them: Collection[Attempt], basis: str, now: datetime, since: datetime | None) -> bool:
    if (since is not None and one.at <= since) or add_months(one.at.date(), rules.months) <= now.date():
        return False
    if basis == SHORT:
        return True
    before = [other for other in all_of_them if other.exercise == one.exercise and other.at < one.at]
    return one.whole and all(add_months(other.at.date(), rules.fresh_months) <= one.at.date() for other in before)


def _lacks(rules: Qualifying, found: Calibrated) -> Iterator[Lack]:
    if len(found.attempts) < rules.exercises:
        yield Lack("exercises_missing", {"have": len(found.attempts), "needed": rules.exercises})
    if found.scores < rules.scores:
        yield Lack("scores_missing", {"have": found.scores, "needed": rules.scores})
    if found.exact.of and not found.exact.reaches(rules.exact_percent):
        yield Lack("exact_below", {"have": found.exact, "needed": rules.exact_percent})
    if found.within_one.of and not found.within_one.reaches(rules.within_one_percent):
        yield Lack("within_one_below", {"have": found.within_one, "needed": rules.within_one_percent})
    if found.missed:
        yield Lack("critical_missed", {"criteria": found.missed})


# --- drift -----------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Doubled:
    """A criterion that two people rated without seeing each other: when this observer did, and what the other one and they said."""

    at: datetime
    pair: Pair


@dataclass(frozen=True, slots=True)
class Drift:
    """That an observer drifts, by ``exact`` or by ``bias``, and the figures of both."""

    by: tuple[str, ...]
    exact: Share
    bias: Bias


def drift(rules: Qualifying, doubled: Collection[Doubled], since: datetime | None = None) -> Drift | None:
    """Whether somebody drifts (domain map 4.5): of their last 20 double-scored criteria fewer than 60 % the same, or a bias beyond half a
    level whose interval leaves 0 out. None where they do not, and while there are fewer than that after ``since``."""
    seen = [one for one in doubled if None not in one.pair and (since is None or one.at > since)]
    if len(seen) < rules.drift_scores:
        return None
    last = sorted(seen, key=lambda one: one.at)[-rules.drift_scores :]
    found = agreement(one.pair for one in last)
    mean = found.bias.mean
    leans = not isinstance(mean, Undefined) and abs(mean) > Fraction(rules.drift_bias_hundredths, 100) and found.bias.sure
    by = (*(("exact",) if not found.exact.reaches(rules.drift_exact_percent) else ()), *(("bias",) if leans else ()))
    return Drift(by, found.exact, found.bias) if by else None


# --- the qualification -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Qualification:
    """Where an observer stands; each calibration makes a new one. Double-scored ratings count towards drift from after ``begun``, attempts
    towards the next calibration from after ``since``: the last whole one, or the suspension, so that nothing counts twice."""

    state: str = NONE
    basis: str = ""
    period: Period | None = None
    begun: datetime | None = None
    since: datetime | None = None
    suspended_on: date | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """What happens, and what the guards look at: titles of modules that come first and are open, all the observer's attempts, all their
    double-scored criteria, in any order."""

    verb: str
    now: datetime
    modules: tuple[str, ...] = ()
    attempts: Collection[Attempt] = ()
    doubled: Collection[Doubled] = ()


Guard = Callable[[Qualification, Act, Qualifying], RuleBroken | None]
"""What is against it, or None."""


def _trained(held: Qualification, act: Act, rules: Qualifying) -> RuleBroken | None:
    return RuleBroken("qualification_modules", modules=act.modules) if act.modules else None


def _calibrated(held: Qualification, act: Act, rules: Qualifying) -> RuleBroken | None:
    found = best(held, act.attempts, act.now, rules)
    return None if found.reached else RuleBroken("qualification_short", calibrated=found)


def _over(held: Qualification, act: Act, rules: Qualifying) -> RuleBroken | None:
    end = held.period.end if held.period else None
    return None if end is not None and act.now.date() >= end else RuleBroken("qualification_goes_on", until=end)


def _drifted(held: Qualification, act: Act, rules: Qualifying) -> RuleBroken | None:
    return None if drift(rules, act.doubled, held.begun) else RuleBroken("qualification_holds")


GUARDS: Mapping[str, Guard] = {
    "trained": _trained,
    "calibrated": _calibrated,
    "the period is over": _over,
    "the last double-scored ratings drift": _drifted,
}
"""Name of a guard -> what it finds."""


@dataclass(frozen=True, slots=True)
class Move:
    """One row of the state table."""

    state: str
    verb: str
    to: str
    guards: tuple[str, ...]


_TO_QUALIFY = ("trained", "calibrated")

MOVES = (
    Move(NONE, "calibrate", CURRENT, _TO_QUALIFY),
    Move(CURRENT, "calibrate", CURRENT, _TO_QUALIFY),
    Move(CURRENT, "suspend", SUSPENDED, ("the last double-scored ratings drift",)),
    Move(CURRENT, "lapse", LAPSED, ("the period is over",)),
    Move(LAPSED, "calibrate", CURRENT, _TO_QUALIFY),
    Move(SUSPENDED, "calibrate", CURRENT, _TO_QUALIFY),
)
"""The whole machine (domain map 4.5). A current one that calibrates again begins a new period, or comes from short to whole."""

TABLE: Mapping[tuple[str, str], Move] = {(move.state, move.verb): move for move in MOVES}


def best(held: Qualification, attempts: Collection[Attempt], now: datetime, rules: Qualifying) -> Calibrated:
    """The calibration that the attempts reach, or how near they come: the whole one first, the short one where the policy lets somebody
    begin on it. Who is current already goes on by the whole one only."""
    bases = (FULL, SHORT) if rules.short_first and held.state != CURRENT else (FULL,)
    found = [calibrated(rules, attempts, basis, now, held.since) for basis in bases]
    return next((one for one in found if one.reached), found[-1])


def after(held: Qualification, act: Act, rules: Qualifying) -> Qualification:
    """The qualification once something has happened. RuleBroken ``qualification_closed`` (state, verb) where the table has no such move,
    else of the first guard that is against it."""
    move = TABLE.get((held.state, act.verb))
    if move is None:
        raise RuleBroken("qualification_closed", state=held.state, verb=act.verb)
    for name in move.guards:
        broken = GUARDS[name](held, act, rules)
        if broken is not None:
            raise broken
    today = act.now.date()
    if act.verb == "suspend":
        return replace(held, state=move.to, since=act.now, suspended_on=today)
    if act.verb == "lapse":
        return replace(held, state=move.to)
    basis = best(held, act.attempts, act.now, rules).basis
    period = Period(today, add_months(today, rules.months))
    return Qualification(move.to, basis, period, begun=act.now, since=act.now if basis == FULL else held.since)


def due(held: Qualification, doubled: Collection[Doubled], now: datetime, rules: Qualifying) -> str:
    """The verb that nobody asks for and that is due: ``suspend``, else ``lapse``; empty if none is."""
    for verb in ("suspend", "lapse"):
        act = Act(verb, now, doubled=doubled)
        move = TABLE.get((held.state, verb))
        if move is not None and all(GUARDS[name](held, act, rules) is None for name in move.guards):
            return verb
    return ""


# --- what a rating counts for --------------------------------------------------------------------------------------------------------

COUNTS, PROVISIONAL, SET_ASIDE = "counts", "provisional", "set_aside"
"""A rating counts; waits until a qualified rater confirms it from its evidence; or cannot count."""

WEIGHTS: Mapping[str, str] = {CURRENT: COUNTS, NONE: PROVISIONAL, LAPSED: PROVISIONAL, SUSPENDED: SET_ASIDE}
"""State on the day of the observation -> what the rating counts for (I8; domain map 4.8: who is not yet qualified rates provisionally)."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a rating counts for, and why not fully: the state, or ``full_calibration_due``; empty where it counts."""

    weight: str
    reason: str = ""


def state_on(held: Sequence[Qualification], day: date) -> tuple[str, str]:
    """The state on a day, and the basis, by all qualifications that somebody had, the oldest first; whether a timer has run or not."""
    begun = [one for one in held if one.period is not None and one.period.start <= day]
    if not begun:
        return NONE, ""
    last = begun[-1]
    if last.suspended_on is not None and last.suspended_on <= day:
        return SUSPENDED, last.basis
    end = last.period.end if last.period else None
    return (LAPSED if end is not None and end <= day else CURRENT), last.basis


def standing(rules: Qualifying | None, held: Sequence[Qualification], day: date, ratings: int) -> Standing:
    """What a rating of that day's observation counts for. ``ratings``: how many of this observer's counted before; ``rules`` None where the
    policy asks for no qualification. On short exercises the first five count, and the sixth waits."""
    if rules is None:
        return Standing(COUNTS)
    state, basis = state_on(held, day)
    if state == CURRENT and basis == SHORT and ratings >= rules.short_ratings:
        return Standing(PROVISIONAL, "full_calibration_due")
    weight = WEIGHTS[state]
    return Standing(weight, "" if weight == COUNTS else state)
