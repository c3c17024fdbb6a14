# SPDX-License-Identifier: Apache-2.0
"""How observations count beside one another: in the order of the way, while they are fresh, and over all independent sessions together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction

from lti_mentoring.domain.observation import NO_MORE, RATED, RELEASED, WAITING, Level, Means, Reason, Verdict
from lti_mentoring.domain.period import add_months
from lti_mentoring.domain.programme import CO, GROUP, INDEPENDENT, KINDS, STRUCTURED, Competency, Policy, Programme, Rubric
from lti_mentoring.domain.scoring import median
from lti_mentoring.domain.setting import Counting

STEP_OF: Mapping[str, str] = {
    STRUCTURED: "structured_observation",
    CO: "co_mentoring",
    INDEPENDENT: "independent_mentoring",
    GROUP: "group_mentoring",
}
"""Kind of observation -> the step that it belongs to. Leading a group is no step of the way, but an endorsement beside it."""

IN_ORDER = (STRUCTURED, CO, INDEPENDENT)
"""Kinds that count from the day on which those before them were complete (domain map 4.5)."""

UNDER_WAY = (*WAITING, RATED)


@dataclass(frozen=True, slots=True)
class ObservationRecord:
    """An observation that was planned for a candidate; ``verdict`` and what was resolved only once it is released.

    ``protege`` is the same wherever they met the same person or group, and nothing that anybody reads; ``minutes`` are None where nobody
    wrote them down. ``planned`` says of a session that two mentors led that both had agreed on its plan before it began. ``levels`` and
    ``rubric`` are there where the policy counts observations together.
    """

    id: str
    kind: str
    state: str
    planned_for: date
    observer: str
    verdict: Verdict | None = None
    observer_id: str = ""
    mentor_id: str = ""
    protege: str = ""
    minutes: int | None = None
    planned: bool = True
    levels: Mapping[str, Level | None] = field(default_factory=dict)
    rubric: Rubric | None = field(default=None, repr=False)

    @property
    def counts(self) -> bool:
        """Released, and met by itself."""
        return self.verdict is not None and self.verdict.met

    def given(self) -> Iterator[tuple[str, Fraction]]:
        """Criterion and level of what was observed, in the rubric's order."""
        for one in self.rubric.criteria if self.rubric is not None else ():
            level = self.levels.get(one.key)
            if level is not None:
                yield one.key, Fraction(level)


@dataclass(frozen=True, slots=True)
class Aside:
    """What was released and does not count, with every reason; it is kept."""

    record: ObservationRecord
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Demand:
    """Something that the sessions of a step have to show together; ``open`` says what is missing, where that can be named."""

    code: str
    facts: Mapping[str, object] = field(default_factory=dict)
    met: bool = False
    open: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One kind of observation: those that count, oldest first; those that do not; those under way; and what they show together.
    ``after``: the step that has to be complete before anything counts here, while it is not."""

    kind: str
    wanted: int
    counting: tuple[ObservationRecord, ...] = ()
    aside: tuple[Aside, ...] = ()
    under_way: tuple[ObservationRecord, ...] = ()
    demands: tuple[Demand, ...] = ()
    after: str = ""

    @property
    def met(self) -> bool:
        """Whether there are enough, and they show together what they have to."""
        return len(self.counting) >= self.wanted and all(one.met for one in self.demands)


def rated(programme: Programme) -> tuple[Competency, ...]:
    """The competencies that independent sessions are rated on, in the programme's order."""
    rubric = next((one for one in programme.rubrics if one.key == programme.policy.observation_rubric), None)
    found = {key for one in (rubric.criteria if rubric is not None else ()) for key in one.competencies}
    return tuple(one for one in programme.competencies if one.key in found)


# --- the steps --------------------------------------------------------------------------------------------------------------------


def steps(
    policy: Policy, observations: Iterable[ObservationRecord], rated: Sequence[Competency], on: date | None = None
) -> dict[str, Step]:
    """Kind -> how it stands, of the kinds that the policy asks for and counts together; ValueError for one that does not.

    ``rated``: the competencies that independent sessions are rated on. ``on``: the day from which the age of evidence is counted; without
    one, and once everything was there, it is that of the newest evidence, so that time alone takes nothing away that was complete.
    """
    if policy.counting is None:
        raise ValueError("each observation is judged by itself")
    known = sorted((one for one in observations if one.state not in NO_MORE), key=lambda one: one.planned_for)
    newest = max((one.planned_for for one in known if one.state == RELEASED), default=None)
    found = _steps(policy, policy.counting, known, rated, on or newest)
    if on is None or newest is None or newest >= on or all(one.met for one in found.values()):
        return found
    then = _steps(policy, policy.counting, known, rated, newest)
    return then if all(one.met for one in then.values()) else found


def until(policy: Policy, record: ObservationRecord) -> date:
    """The first day on which an observation counts no longer, by its age."""
    return add_months(record.planned_for, policy.evidence_months)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What one kind of observation is held to. ``since``: the day on which the step ``before`` it was complete, None while it is not."""

    policy: Policy
    counting: Counting
    kind: str
    since: date | None
    before: str
    rated: Sequence[Competency]
    co_mentors: frozenset[str]


def _steps(
    policy: Policy, counting: Counting, known: Sequence[ObservationRecord], rated: Sequence[Competency], on: date | None
) -> dict[str, Step]:
    found: dict[str, Step] = {}
    since: date | None = date.min
    before = ""
    co_mentors = frozenset(one.mentor_id or one.observer_id for one in known if one.kind == CO)
    for kind in (one for one in KINDS if policy.asks(one)):
        own = [one for one in known if one.kind == kind]
        asked = _Asked(policy, counting, kind, since if kind in IN_ORDER else date.min, before, rated, co_mentors)
        found[kind] = _step(asked, own, on)
        if kind in IN_ORDER:
            complete = _step(asked, own, None)  # what is too old by now was in time then
            since, before = complete.counting[-1].planned_for if complete.met else None, STEP_OF[kind]
    return found


def _step(asked: _Asked, own: Sequence[ObservationRecord], on: date | None) -> Step:
    aside: list[Aside] = []
    good: list[ObservationRecord] = []
    for one in own:
        if one.state == RELEASED:
            reasons = tuple(_against(asked, one, on))
            if reasons:
                aside.append(Aside(one, reasons))
            else:
                good.append(one)
    under_way = tuple(one for one in own if one.state in UNDER_WAY)
    after = asked.before if asked.since is None else ""
    whole = Step(asked.kind, asked.policy.asks(asked.kind), (), tuple(aside), under_way, after=after)
    # Who has once completed watching or mentoring together may go on doing so; what comes later takes nothing away.
    ends = [len(good)] if asked.kind in (INDEPENDENT, GROUP) else [*range(whole.wanted, len(good)), len(good)]
    for end in ends:
        whole = replace(whole, counting=tuple(good[:end]), demands=tuple(_shown(asked, good[:end])))
        if whole.met:
            break
    return whole


def _against(asked: _Asked, one: ObservationRecord, on: date | None) -> Iterator[Reason]:
    """Why a released observation does not count."""
    policy, counting = asked.policy, asked.counting
    if asked.since is None or one.planned_for < asked.since:
        yield Reason("too_early", {"step": asked.before, "planned_for": one.planned_for})
    if on is not None and until(policy, one) <= on:
        yield Reason("too_old", {"months": policy.evidence_months, "until": until(policy, one)})
    if one.kind == INDEPENDENT and one.minutes is not None and one.minutes < counting.session_minutes:
        yield Reason("too_short", {"minutes": one.minutes, "least": counting.session_minutes})
    if one.kind == CO and not one.planned:
        yield Reason("no_joint_plan")
    levels = [level for _, level in one.given()]
    by_median = one.kind == CO and counting.co_mentoring_level > 0
    by_newest = one.kind == STRUCTURED and counting.structured_level > 0
    if not levels:
        yield Reason("nothing_observed")
    elif by_median and median(levels) < counting.co_mentoring_level:
        yield Reason("median_below", {"mean": median(levels), "bar": Fraction(counting.co_mentoring_level)})
    elif one.kind != INDEPENDENT and not (by_median or by_newest) and one.verdict is not None:
        yield from one.verdict.reasons


def asks_length(policy: Policy, kind: str) -> bool:
    """Whether how long a session of this kind lasted makes a difference, so that its observer has to say."""
    return kind == INDEPENDENT and policy.counting is not None and policy.counting.session_minutes > 0


def focus(policy: Policy, step: Step) -> tuple[str, ...]:
    """The competencies that are left once there are enough independent sessions; the next one looks at them alone. None before that, and
    where it is not for a competency that another one is asked for."""
    if step.met or len(step.counting) < step.wanted:
        return ()
    found: dict[str, None] = {}
    for demand in step.demands:
        for reason in demand.open:
            keys = reason.facts.get("competencies") or (reason.facts["competency"],)
            found |= dict.fromkeys(map(str, keys if isinstance(keys, tuple) else ()))
    overall = next((one for one in step.demands if one.code == "overall_together"), None)
    if not found and overall is not None and not overall.met:
        return tuple(key for key, mean in means(step.counting).competencies.items() if mean < policy.overall_mean)
    return tuple(found)


# --- what they show together ----------------------------------------------------------------------------------------------------------


def _shown(asked: _Asked, found: Sequence[ObservationRecord]) -> Iterator[Demand]:
    if asked.kind == STRUCTURED:
        yield from _watching(asked.counting, found)
    elif asked.kind == INDEPENDENT:
        yield from _alone(asked, found)


def _different(code: str, who: Iterable[str], of: int) -> Iterator[Demand]:
    done = len(set(who) - {""})
    if of > 1:
        yield Demand(code, {"done": min(done, of), "of": of}, done >= of)


def _watching(counting: Counting, found: Sequence[ObservationRecord]) -> Iterator[Demand]:
    yield from _different("different_mentors", (one.mentor_id for one in found), counting.structured_mentors)
    if not counting.structured_level:
        return
    newest = {key: level for one in found for key, level in one.given()}
    criteria = {one.key: one for record in found if record.rubric is not None for one in record.rubric.criteria}
    bar = Fraction(counting.structured_level)
    below = [one for key, one in criteria.items() if newest.get(key, Fraction(0)) < bar]
    reasons = tuple(
        Reason("criterion_below", {"criterion": one.key, "title": one.title, "level": newest.get(one.key), "bar": bar}) for one in below
    )
    facts = {"done": len(criteria) - len(below), "of": len(criteria), "bar": bar}
    yield Demand("every_criterion", facts, bool(criteria) and not below, reasons)


def _alone(asked: _Asked, found: Sequence[ObservationRecord]) -> Iterator[Demand]:
    policy, counting = asked.policy, asked.counting
    yield from _different("different_observers", (one.observer_id for one in found), policy.independent_observers)
    yield from _different("different_proteges", (one.protege for one in found), counting.independent_proteges)
    if counting.beyond_co_mentor and policy.asks(CO):
        yield Demand("beyond_co_mentor", {}, any(one.observer_id not in asked.co_mentors for one in found))
    mean = means(found).overall
    yield Demand("overall_together", {"mean": mean, "bar": policy.overall_mean}, mean is not None and mean >= policy.overall_mean)
    yield _competencies(policy, counting, found, asked.rated)
    if policy.no_critical_at_one:
        yield _critical(counting, found)


def means(found: Sequence[ObservationRecord]) -> Means:
    """Exact means over all that was observed in these sessions together."""
    levels = [level for one in found for _, level in one.given()]
    overall = Fraction(sum(levels), len(levels)) if levels else None
    return Means(overall, {key: one.mean for key, one in seen(found).items() if one.mean is not None}, len(levels))


@dataclass(frozen=True, slots=True)
class Seen:
    """A competency over the sessions that count: in how many it was seen, and the mean of all its levels."""

    times: int = 0
    mean: Fraction | None = None


def seen(found: Iterable[ObservationRecord]) -> dict[str, Seen]:
    """Each competency that was observed, over all of these sessions together."""
    levels: dict[str, list[Fraction]] = {}
    times: dict[str, set[str]] = {}
    for number, one in enumerate(found):
        given = dict(one.given())
        for criterion in one.rubric.criteria if one.rubric is not None else ():
            for key in criterion.competencies if criterion.key in given else ():
                levels.setdefault(key, []).append(given[criterion.key])
                times.setdefault(key, set()).add(str(number))
    return {key: Seen(len(times[key]), Fraction(sum(held), len(held))) for key, held in levels.items()}


def _competencies(policy: Policy, counting: Counting, found: Sequence[ObservationRecord], rated: Sequence[Competency]) -> Demand:
    known, reasons = seen(found), []
    for one in rated:
        has = known.get(one.key, Seen())
        bar = max(policy.competency_mean, counting.critical_mean) if one.critical else policy.competency_mean
        if has.mean is None or has.mean < bar or has.times < counting.least_seen:
            facts: dict[str, object] = {"competency": one.key, "title": one.title, "mean": has.mean, "bar": bar}
            reasons.append(Reason("competency_open", {**facts, "times": has.times, "least": counting.least_seen}))
    share = {"done": len(rated) - len(reasons), "of": len(rated)}
    return Demand("competencies_together", share, bool(known) and not reasons, tuple(reasons))


def _critical(counting: Counting, found: Sequence[ObservationRecord]) -> Demand:
    """A critical one between 1 and 2 is not rounded up, so it stands at 1."""
    reasons: list[Reason] = []
    for one in found[-counting.last_sessions :]:
        given = dict(one.given())
        for criterion in one.rubric.criteria if one.rubric is not None else ():
            if criterion.critical and given.get(criterion.key, Fraction(2)) < 2:
                named = {"criterion": criterion.key, "title": criterion.title, "competencies": criterion.competencies}
                reasons.append(Reason("critical_at_one_on", {**named, "planned_for": one.planned_for}))
    return Demand("critical_together", {"sessions": counting.last_sessions}, bool(found) and not reasons, tuple(reasons))
