# SPDX-License-Identifier: Apache-2.0
"""An observation from plan to release: its states, what a rating needs to be submitted, and what the levels amount to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache

from lti_mentoring.domain.programme import LEVELS, Criterion, Policy, Rubric
from lti_mentoring.domain.rule import NotFound, RuleBroken

WAITING = ("planned", "drafting")
"""States in which an observation waits for its observer."""

RATED, RELEASED, CANCELLED, VOID = "rated", "released", "cancelled", "void"

NO_MORE = (CANCELLED, VOID)
"""States in which an observation is as if it had never been planned: called off, or set aside."""

VOID_REASONS = ("conflict", "consent_withdrawn", "protocol_breach", "other")
"""Why what was rated is set aside."""


@dataclass(frozen=True, slots=True)
class Rating:
    """What an assessor says of one criterion: a level 1 to 4, or not observed with a reason, or nothing yet."""

    criterion: str
    level: int | None = None
    not_observed: bool = False
    reason: str = ""
    note_ids: tuple[str, ...] = ()

    @property
    def open(self) -> bool:
        """Whether nothing has been said yet."""
        return self.level is None and not self.not_observed


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that a rating still lacks; ``criterion`` is empty where it concerns the whole observation."""

    code: str
    criterion: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """All that the guards of the state machine look at. ``before``: the modules, by name, that have to come before and are open;
    ``held``: what keeps the result from standing, as codes of ``domain.releasing``; ``focus``: the competencies that it looks at, all where
    there are none: of the others nothing has to be said."""

    subject_id: str
    assessor_id: str
    consent: bool = False
    rubric: Rubric | None = None
    ratings: Mapping[str, Rating] = field(default_factory=dict)
    note_ids: Collection[str] = ()
    before: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    focus: tuple[str, ...] = ()

    def said(self) -> Iterable[Rating]:
        """A rating for each criterion of the rubric, in its order; an open one where nothing was said."""
        criteria = self.rubric.criteria if self.rubric else ()
        return [self.ratings.get(one.key, Rating(one.key)) for one in criteria]


    def asks(self, criterion: str) -> bool:
        """Whether something has to be said of a criterion: of all, or of those that show what it looks at."""
        return self.rubric is None or in_focus(self.rubric.criterion(criterion), self.focus)


def in_focus(criterion: Criterion, focus: Collection[str]) -> bool:
    """Whether a criterion shows one of these competencies; every one does where there are none."""
    return not focus or not set(focus).isdisjoint(criterion.competencies)


def _assessor_is_not_subject(case: Case) -> Iterable[Gap]:
    return [Gap("observation_of_oneself")] if case.assessor_id == case.subject_id else []


def _consent_recorded(case: Case) -> Iterable[Gap]:
    return [] if case.consent else [Gap("consent_missing")]


def _every_criterion_rated(case: Case) -> Iterable[Gap]:
    return [Gap("criterion_open", one.criterion) for one in case.said() if one.open and case.asks(one.criterion)]


def _reasons_given(case: Case) -> Iterable[Gap]:
    bare = [one.criterion for one in case.said() if one.not_observed and not one.reason.strip()]
    return [Gap("reason_missing", criterion) for criterion in bare if case.asks(criterion)]


def _evidence_linked(case: Case) -> Iterable[Gap]:
    """I10: a level above 1 stands on a note of this very observation."""
    known = frozenset(case.note_ids)
    return [
        Gap("evidence_missing", one.criterion)
        for one in case.said()
        if one.level is not None and one.level > 1 and known.isdisjoint(one.note_ids)
    ]


def _modules_come_first(case: Case) -> Iterable[Gap]:
    """Nothing counts before they have learned what the policy puts before it. What somebody notes and rates is kept all the same."""
    return [Gap("modules_before")] if case.before else []


def _nothing_holds(case: Case) -> Iterable[Gap]:
    """I15: nothing leaves while a second person's rating, a third opinion, a conflict or somebody's consent is open."""
    return [Gap("observation_held")] if case.held else []


GUARDS: dict[str, Callable[[Case], Iterable[Gap]]] = {
    "assessor is not the subject": _assessor_is_not_subject,
    "consent of the protégé recorded": _consent_recorded,
    "every criterion rated or not observed": _every_criterion_rated,
    "a reason for each not observed": _reasons_given,
    "evidence for each level above 1": _evidence_linked,
    "the modules that come before are met": _modules_come_first,
    "nothing holds it": _nothing_holds,
}
"""Name of a guard -> what it finds missing."""

FOR_SUBMISSION = tuple(name for name in GUARDS if name != "nothing holds it")


@dataclass(frozen=True, slots=True)
class Move:
    """One row of the state table."""

    state: str
    verb: str
    to: str
    guards: tuple[str, ...] = ()


MOVES = (
    Move("new", "plan", "planned", ("assessor is not the subject",)),
    Move("planned", "consent", "planned"),
    Move("planned", "take_back_consent", "planned"),
    Move("planned", "note", "drafting"),
    Move("planned", "rate", "drafting"),
    Move("planned", "cancel", "cancelled"),
    Move("drafting", "consent", "drafting"),
    Move("drafting", "take_back_consent", "drafting"),
    Move("drafting", "note", "drafting"),
    Move("drafting", "rate", "drafting"),
    Move("drafting", "cancel", "cancelled"),
    Move("drafting", "submit", "rated", FOR_SUBMISSION),
    Move("rated", "note", "rated"),
    Move("rated", "rate", "rated"),
    Move("rated", "submit", "rated", FOR_SUBMISSION),
    Move("rated", "release", "released", ("nothing holds it",)),
    Move("rated", "void", "void"),
    Move("released", "void", "void"),
)
"""The whole machine. What its observer submitted is ``rated``: from then on it is the raters who note, rate and submit, and it is released
by itself once nothing holds it."""

TABLE: Mapping[tuple[str, str], Move] = {(move.state, move.verb): move for move in MOVES}


def after(state: str, verb: str, case: Case | None = None) -> str:
    """The state that ``verb`` leads to.

    RuleBroken ``observation_closed`` (facts: state, verb) where the table has no such move; else the code of the first gap
    that a guard finds, with ``criteria`` that share it, and all ``gaps``.
    """
    move = TABLE.get((state, verb))
    if move is None:
        raise RuleBroken("observation_closed", state=state, verb=verb)
    if move.guards and case is None:
        raise ValueError(f"{verb} has guards and needs its case")
    if case is not None:
        check(case, move.guards)
    return move.to


def check(case: Case, guards: Collection[str] = FOR_SUBMISSION) -> None:
    """RuleBroken with the code of the first gap that the guards find, ``criteria`` that share it, and all ``gaps``."""
    found = gaps(case, guards)
    if found:
        first = found[0].code
        criteria = tuple(gap.criterion for gap in found if gap.code == first and gap.criterion)
        raise RuleBroken(first, criteria=criteria, gaps=found)


def gaps(case: Case, guards: Collection[str] = FOR_SUBMISSION) -> tuple[Gap, ...]:
    """Everything that the guards miss; for a submission, unless others are named."""
    return tuple(gap for name in guards for gap in GUARDS[name](case))


def submit(state: str, case: Case) -> str:
    """The state after a submission; RuleBroken as in ``after``. A planned one is refused for what it lacks, as an empty draft is."""
    return after("drafting" if state == "planned" and gaps(case) else state, "submit", case)


def diagram() -> str:
    """The state table as a Mermaid state diagram, guards in brackets. The one in the documentation is made by this."""
    lines = ["stateDiagram-v2"]
    for move in MOVES:
        guard = f" [{'; '.join(move.guards)}]" if move.guards else ""
        lines.append(f"    {'[*]' if move.state == 'new' else move.state} --> {move.to}: {move.verb.replace('_', ' ')}{guard}")
    ends = {move.to for move in MOVES} - {move.state for move in MOVES}
    lines += [f"    {state} --> [*]" for state in sorted(ends)]
    return "\n".join(lines) + "\n"


def check_draft(rubric: Rubric, ratings: Iterable[Rating], note_ids: Collection[str]) -> None:
    """What even a draft must keep: known criteria, levels of the scale, not both at once, notes of this observation.

    RuleBroken ``criterion_unknown``, ``level_unknown``, ``note_unknown``, each with the fact ``criterion``.
    """
    keys = {one.key for one in rubric.criteria}
    known = frozenset(note_ids)
    for rating in ratings:
        if rating.criterion not in keys:
            raise RuleBroken("criterion_unknown", criterion=rating.criterion)
        if rating.level is not None and (rating.level not in LEVELS or rating.not_observed):
            raise RuleBroken("level_unknown", criterion=rating.criterion)
        if not known.issuperset(rating.note_ids):
            raise NotFound("note_unknown", criterion=rating.criterion)


@dataclass(frozen=True, slots=True)
class Means:
    """Exact means over what was observed. ``overall`` is None where nothing was; an unobserved competency is absent."""

    overall: Fraction | None
    competencies: Mapping[str, Fraction]
    observed: int


Level = int | Fraction
"""A level that somebody gave, or the exact one that several ratings of a criterion make together."""


def means(rubric: Rubric, ratings: Mapping[str, Rating]) -> Means:
    """Means of the levels given. A criterion not observed is neither 0 nor 1: it does not count."""
    return means_of(rubric, _levels(ratings))


def _levels(ratings: Mapping[str, Rating]) -> Mapping[str, Level | None]:
    return {key: rating.level for key, rating in ratings.items()}


def means_of(rubric: Rubric, levels: Mapping[str, Level | None]) -> Means:
    """As ``means``, of levels by criterion; None, or none, where it was not observed."""
    by_competency: dict[str, list[Level]] = {}
    given: list[Level] = []
    for criterion in rubric.criteria:
        level = levels.get(criterion.key)
        if level is None:
            continue
        given.append(level)
        for competency in criterion.competencies:
            by_competency.setdefault(competency, []).append(level)
    of_each = {competency: _mean(sum(found), len(found)) for competency, found in by_competency.items()}
    return Means(_mean(sum(given), len(given)) if given else None, of_each, len(given))


_mean = lru_cache(maxsize=4096)(Fraction)


def _below(mean: Fraction, bar: Fraction) -> bool:
    """``mean < bar`` in whole numbers, which is exact as well and ten times as quick."""
    return mean.numerator * bar.denominator < bar.numerator * mean.denominator


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a verdict is not yet: a stable code and its facts."""

    code: str
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Met, or not yet with every reason."""

    met: bool
    reasons: tuple[Reason, ...]
    means: Means


def met(policy: Policy, rubric: Rubric, ratings: Mapping[str, Rating]) -> Verdict:
    """Hold the ratings against the policy's bars, in exact fractions; nothing is rounded towards a bar.

    Reasons: ``nothing_observed``; ``overall_mean_below`` (mean, bar); ``competency_mean_below`` (competency, mean, bar);
    ``critical_at_one`` (criterion, title).
    """
    return held(policy, rubric, _levels(ratings))


def held(policy: Policy, rubric: Rubric, levels: Mapping[str, Level | None]) -> Verdict:
    """As ``met``, of levels by criterion: what a resolution made of several ratings. A critical one between 1 and 2 is not rounded up, so
    it stands at 1."""
    found = means_of(rubric, levels)
    reasons: list[Reason] = []
    if found.overall is None:
        reasons.append(Reason("nothing_observed"))
    elif _below(found.overall, policy.overall_mean):
        reasons.append(Reason("overall_mean_below", {"mean": found.overall, "bar": policy.overall_mean}))
    for competency, mean in found.competencies.items():
        if _below(mean, policy.competency_mean):
            facts = {"competency": competency, "mean": mean, "bar": policy.competency_mean}
            reasons.append(Reason("competency_mean_below", facts))
    for criterion in rubric.criteria if policy.no_critical_at_one else ():
        level = levels.get(criterion.key)
        if criterion.critical and level is not None and level < 2:
            reasons.append(Reason("critical_at_one", {"criterion": criterion.key, "title": criterion.title}))
    return Verdict(not reasons, tuple(reasons), found)


def rounded_down(mean: Fraction, places: int = 2) -> str:
    """A mean for people, never rounded up: 2.7499 reads 2.74, so that nobody sees the bar and misses it. Trailing zeros go."""
    steps = mean * 10**places
    whole, rest = divmod(steps.numerator // steps.denominator, 10**places)
    decimals = f"{rest:0{places}d}".rstrip("0")
    return f"{whole}.{decimals}" if decimals else str(whole)
