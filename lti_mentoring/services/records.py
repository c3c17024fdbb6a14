# SPDX-License-Identifier: Apache-2.0
"""What candidacies have to show: modules with their attempts, practice and recognition, observations with their verdicts; read as often
for many as for one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Select, and_, bindparam, case, exists, func, literal_column, or_, select, union_all
from sqlalchemy.engine import Connection
from sqlalchemy.orm import InstrumentedAttribute, Session

from lti_mentoring.domain import counting, joint_plan, observation, training
from lti_mentoring.domain.candidacy import ModuleRecord, ObservationRecord, Records
from lti_mentoring.domain.conflict import LETS_THROUGH
from lti_mentoring.domain.mentorship import PROTEGE
from lti_mentoring.domain.module import Module
from lti_mentoring.domain.people import display_name
from lti_mentoring.domain.programme import CO, Programme
from lti_mentoring.services import programme
from lti_mentoring.services.matter import OBSERVATION, RATER
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.conflict import ConflictWatch
from lti_mentoring.store.field import Participant
from lti_mentoring.store.mentorship import MentoringSession, MentorshipMember, SessionPlan
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.people import Identity, Person
from lti_mentoring.store.practice import PracticeSubmission
from lti_mentoring.store.rating import Rater, ResolvedLevel
from lti_mentoring.store.recognition import Recognition
from lti_mentoring.store.training import CheckAttempt


@dataclass(frozen=True, slots=True)
class Rows:
    """What many candidacies have done, before anything is judged by it: checks by module version with practice and recognition,
    observations, levels of those that are released."""

    trainings: Sequence[Any]
    observations: Sequence[Any]
    ratings: Sequence[Any]


def read(session: Session, which: ColumnElement[bool], versions: Mapping[str, Programme]) -> dict[str, Records]:
    """Records of many candidacies in three queries, whatever their number. ``versions`` is candidacy id -> its programme."""
    return judged(versions, gather(session, which))


def gather(session: Session, which: ColumnElement[bool]) -> Rows:
    """The rows that records are made of; three queries. Judged twice, they show what another version would make of them."""
    return Rows(
        session.execute(trainings_of(which)).all(),
        session.execute(_observations(which)).all(),
        session.execute(_resolved_levels(which)).all(),
    )


def judged(versions: Mapping[str, Programme], rows: Rows) -> dict[str, Records]:
    """The records of each candidacy in ``versions``, held against the programme that stands there."""
    return _made(versions, rows.trainings, rows.observations, rows.ratings)


def of_many(connection: Connection, versions: Mapping[str, Programme], *, org_id: str) -> dict[str, Records]:
    """The same in statements built once, and only those that there is something to ask."""
    keys = {"org": org_id, "candidacies": list(versions)}
    observations = connection.execute(_MANY_OBSERVATIONS, keys).all()
    released = any(row.state == observation.RELEASED for row in observations)
    ratings = connection.execute(_MANY_RATINGS, keys).all() if released else ()
    return _made(versions, connection.execute(_MANY_TRAINING, keys).all(), observations, ratings)


def own(candidacy_id: str, version: Programme, *, org_id: str, trained: bool, observed: bool) -> Records:
    """The records of one candidacy, in statements built once; only what there is of ``trained`` and ``observed`` is asked for."""
    keys, connection = {"org": org_id, "candidacy": candidacy_id}, base.connection()
    trainings = connection.execute(_OWN_TRAINING, keys).all() if trained else ()
    observations = connection.execute(_OWN_OBSERVATIONS, keys).all() if observed else ()
    released = any(row.state == observation.RELEASED for row in observations)
    ratings = connection.execute(_OWN_RATINGS, keys).all() if released else ()
    return _made({candidacy_id: version}, trainings, observations, ratings)[candidacy_id]


def modules_of(versions: Mapping[str, Programme], *, org_id: str) -> dict[str, tuple[ModuleRecord, ...]]:
    """Only the modules of these candidacies, in one query; none where there are none."""
    if not versions:
        return {}
    rows = base.connection().execute(_MANY_TRAINING, {"org": org_id, "candidacies": list(versions)}).all()
    return {candidacy_id: records.modules for candidacy_id, records in _made(versions, rows, (), ()).items()}


def _made(
    versions: Mapping[str, Programme], trainings: Iterable[Any], observations: Iterable[Any], ratings: Iterable[Any]
) -> dict[str, Records]:
    trained: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for row in trainings:
        trained[row.candidacy_id, row.module_key].append(row)
    seen = _judged(versions, observations, ratings)
    made = {}
    for candidacy_id, version in versions.items():
        modules = tuple(module_record(module, trained.get((candidacy_id, module.key), ())) for module in version.modules)
        made[candidacy_id] = in_records(version, modules, tuple(seen.get(candidacy_id, ())))
    return made


def in_records(version: Programme, modules: tuple[ModuleRecord, ...], observations: tuple[ObservationRecord, ...]) -> Records:
    """The same as records that are looked at today; on which day makes a difference only where observations age."""
    if version.policy.counting is None:
        return Records(modules, observations)
    return Records(modules, observations, counting.rated(version), base.now().date())


def module_record(asked: Module, rows: Iterable[Any]) -> ModuleRecord:
    """One module; of practice and of recognition the newest says how it stands. Its check is mastered by what was mastered in whatever
    version, as far as that had the outcomes which are asked for."""
    finished, opened = 0, False
    earned: list[Module] = []
    newest: dict[str, tuple[int, str]] = {}
    for row in rows:
        if row.what != "check":
            newest[row.what] = max(newest.get(row.what, (0, "")), (int(row.number), row.state))
            continue
        finished, opened = finished + int(row.number), opened or bool(row.opened)
        if row.mastered:
            earned.append(programme.module(row.version_id))
    missing = training.unproven(asked, earned) if earned else ()
    return ModuleRecord(
        asked.key,
        asked.title,
        mastered=bool(earned) and not missing,
        attempts=finished,
        open_attempt=opened,
        practice=PRACTICE.get(newest.get("practice", (0, "none"))[1], "handed_in") if asked.practice.marking else "",
        recognition=newest.get("recognition", (0, ""))[1],
        unproven=tuple(outcome.title for outcome in missing),
    )


PRACTICE = {state: state for state in ("none", "draft", "met", "once_more")}
"""How a candidate's practice task stands, by the state of what they wrote last; whoever marks it is no difference to them."""


def _judged(versions: Mapping[str, Programme], observations: Iterable[Any], ratings: Iterable[Any]) -> dict[str, list[ObservationRecord]]:
    said: dict[str, dict[str, Fraction | None]] = defaultdict(dict)
    for observation_id, criterion, numerator, denominator in ratings:
        said[observation_id][criterion] = None if numerator is None else Fraction(numerator, denominator)
    found: dict[str, list[ObservationRecord]] = defaultdict(list)
    for row in observations:
        version = versions.get(row.candidacy_id)
        if version is None:
            continue
        levels, together = said.get(row.id, {}), version.policy.counting is not None
        verdict, state = None, state_of(row)
        if state == observation.RELEASED:
            # Judged on the rubric that it was rated on, whichever version the candidate is in now.
            verdict = observation.held(version.policy, programme.rubric(row.rubric_version_id), levels)
        observer = display_name(row.name or row.chosen_name, row.observer_id)
        record = ObservationRecord(row.id, row.kind, state, row.planned_for, observer, verdict)
        if together:
            record = replace(record, **who_and_what(row, levels))
        found[row.candidacy_id].append(record)
    return found


def state_of(row: Any) -> str:
    """The state as far as it counts: what was found after a release holds it again, and nothing of it counts until people have decided."""
    return observation.RATED if row.state == observation.RELEASED and row.in_conflict else str(row.state)


def who_and_what(row: Any, levels: Mapping[str, Fraction | None]) -> dict[str, Any]:
    """What is needed of an observation where several count together: who was there, for how long, and the levels.

    The length is its observer's word; that of the plan only where they were not asked. Protégés who were named by nothing but words,
    or a name without an address, are the same to us: two spellings make no second person.
    """
    agreed = dict(zip(joint_plan.WRITERS, (row.candidate_agreed, row.mentor_agreed), strict=True))
    plan = joint_plan.Plan({}, row.revision or 0, agreed, row.agreed_at)
    return {
        "observer_id": row.observer_id,
        "mentor_id": row.mentor_id or "",
        "protege": row.protege_id or row.mentorship_id or row.named_id or "nobody named",
        "minutes": row.planned_minutes if row.minutes is None else row.minutes,
        "planned": row.kind != CO or joint_plan.in_time(plan, row.starts_at or joint_plan.end_of(row.planned_for)),
        "levels": levels,
        "rubric": programme.rubric(row.rubric_version_id),
    }


def trainings_of(which: ColumnElement[bool]) -> CompoundSelect[*tuple[Any, ...]]:
    """A row for the checks of each version of a module together, each text that was written for its practice task, each time that it was
    to be recognised."""

    def count(condition: ColumnElement[bool] | InstrumentedAttribute[bool]) -> ColumnElement[int]:
        return func.sum(case((condition, 1), else_=0))

    def of(table: Any, what: str, *told: Any) -> Select[*tuple[Any, ...]]:
        named = [column.label(name) for name, column in zip(("version_id", "number", "opened", "mastered", "state"), told, strict=True)]
        return (
            select(table.candidacy_id, table.module_key, literal_column(f"'{what}'").label("what"), *named)
            .join(Candidacy, and_(Candidacy.org_id == table.org_id, Candidacy.id == table.candidacy_id))
            .where(which)
        )

    none: ColumnElement[Any] = literal_column("0")
    nothing: ColumnElement[Any] = literal_column("''")
    finished, opened = count(CheckAttempt.state == "finished"), count(CheckAttempt.state == "open")
    checks = of(CheckAttempt, "check", CheckAttempt.module_version_id, finished, opened, count(CheckAttempt.mastered), nothing)
    return union_all(
        checks.group_by(CheckAttempt.candidacy_id, CheckAttempt.module_key, CheckAttempt.module_version_id),
        of(PracticeSubmission, "practice", nothing, PracticeSubmission.number, none, none, PracticeSubmission.state),
        of(Recognition, "recognition", nothing, Recognition.number, none, none, Recognition.state),
    )


SESSION = and_(MentoringSession.org_id == Observation.org_id, MentoringSession.id == Observation.session_id)
"""The session that an observation is of, where it was planned as one."""

PLAN = and_(SessionPlan.org_id == Observation.org_id, SessionPlan.observation_id == Observation.id)
"""The joint plan of an observed session, where there is one."""


def _alone(person: Any, *which: ColumnElement[bool]) -> Any:
    """The person of whom this holds, where it holds of exactly one."""
    return select(case((func.count() == 1, func.min(person)))).where(*which).correlate(Observation, MentoringSession).scalar_subquery()


def _known(person: Any) -> ColumnElement[bool]:
    """Whether somebody can be told from others: by an address, or by an account. A name alone is as many people as it is typed."""
    addressed = exists().where(Person.org_id == Participant.org_id, Person.id == person, Person.email.is_not(None))
    signs_in = exists().where(Identity.org_id == Participant.org_id, Identity.person_id == person)
    return or_(addressed.correlate(Participant), signs_in.correlate(Participant))


_member, _there = MentorshipMember, Participant
TOLD = (
    Observation.kind,
    Observation.planned_for,
    Observation.observer_id,
    Observation.rubric_version_id,
    Observation.mentor_id,
    Observation.minutes,
    MentoringSession.mentorship_id,
    MentoringSession.starts_at,
    MentoringSession.minutes.label("planned_minutes"),
    SessionPlan.revision,
    SessionPlan.candidate_agreed,
    SessionPlan.mentor_agreed,
    SessionPlan.agreed_at,
    _alone(
        _member.person_id,
        _member.org_id == MentoringSession.org_id,
        _member.mentorship_id == MentoringSession.mentorship_id,
        _member.role == PROTEGE,
    ).label("protege_id"),
    _alone(
        case((_known(_there.person_id), _there.person_id)),
        _there.org_id == Observation.org_id,
        _there.observation_id == Observation.id,
        _there.role == PROTEGE,
    ).label("named_id"),
)
"""What ``who_and_what`` reads of an observation that is joined with its session and its joint plan."""


_OPEN = (
    ConflictWatch.org_id == Observation.org_id,
    ConflictWatch.ended_at.is_(None),
    ConflictWatch.verdict.not_in(LETS_THROUGH),
)
_SEAT = (Rater.org_id == Observation.org_id, Rater.observation_id == Observation.id, Rater.state == "submitted")
IN_CONFLICT = or_(
    exists().where(*_OPEN, ConflictWatch.about_kind == OBSERVATION, ConflictWatch.about_id == Observation.id),
    exists().where(*_OPEN, ConflictWatch.about_kind == RATER, ConflictWatch.about_id == Rater.id, *_SEAT),
)
"""Whether something stands against anybody whose rating of an observation counts, as the guard found it last."""


def _observations(which: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Observation.id,
            Observation.candidacy_id,
            Observation.state,
            *TOLD,
            IN_CONFLICT.label("in_conflict"),
            Person.name,
            Person.chosen_name,
        )
        .join(Candidacy, and_(Candidacy.org_id == Observation.org_id, Candidacy.id == Observation.candidacy_id))
        .join(Person, and_(Person.org_id == Observation.org_id, Person.id == Observation.observer_id))
        .outerjoin(MentoringSession, SESSION)
        .outerjoin(SessionPlan, PLAN)
        .where(which)
        .order_by(Observation.planned_for, Observation.created_at, Observation.id)
    )


def _resolved_levels(which: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """What the ratings of each released observation make together."""
    return (
        select(Observation.id, ResolvedLevel.criterion, ResolvedLevel.numerator, ResolvedLevel.denominator)
        .join(ResolvedLevel, and_(ResolvedLevel.org_id == Observation.org_id, ResolvedLevel.resolution_id == Observation.resolution_id))
        .join(Candidacy, and_(Candidacy.org_id == Observation.org_id, Candidacy.id == Observation.candidacy_id))
        .where(which, Observation.state == observation.RELEASED)
    )


_OWN = and_(Candidacy.org_id == bindparam("org"), Candidacy.id == bindparam("candidacy"))
_OWN_TRAINING, _OWN_OBSERVATIONS, _OWN_RATINGS = trainings_of(_OWN), _observations(_OWN), _resolved_levels(_OWN)

_MANY = and_(Candidacy.org_id == bindparam("org"), Candidacy.id.in_(bindparam("candidacies", expanding=True)))
_MANY_TRAINING, _MANY_OBSERVATIONS, _MANY_RATINGS = trainings_of(_MANY), _observations(_MANY), _resolved_levels(_MANY)
