# SPDX-License-Identifier: Apache-2.0
"""Who may rate: qualified by calibration exercises for a time, ended by the clock, suspended by drift; and what a rating counts for."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from lti_mentoring.domain import calibration, reminder
from lti_mentoring.domain import qualification as rules
from lti_mentoring.domain.calibration import Comparison
from lti_mentoring.domain.observation import NO_MORE
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.period import Period
from lti_mentoring.domain.programme import Policy, Programme
from lti_mentoring.domain.qualification import CURRENT, Act, Attempt, Doubled, Qualification, Standing
from lti_mentoring.domain.reliability import Qualifying
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.domain.transcript import script
from lti_mentoring.services import bulkhead, intake, notification, privacy, programme
from lti_mentoring.services import doubled as doubles
from lti_mentoring.services.reminder import leads
from lti_mentoring.store import base
from lti_mentoring.store.calibration import CalibrationAttempt
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.programme import RubricVersion
from lti_mentoring.store.qualification import ObserverQualification
from lti_mentoring.store.rating import SubmittedRating

KIND = "observer_qualification"
MOST_AT_ONCE = 200
"""Qualifications that one sweep looks at; what is left waits for the next."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a course asks of who rates on a rubric; ``exercises`` are the keys of the transcripts that are rated on it."""

    rubric: str
    rules: Qualifying
    exercises: tuple[str, ...]


# --- what is asked for ------------------------------------------------------------------------------------------------------------


def asked(course_id: str, policy: Policy | None = None) -> tuple[Asked, ...]:
    """The rubrics on which observers qualify, in the programme's order: those that the course has exercises on, where the policy asks for
    a qualification at all. ``policy``: that of a candidate's version, else the course's own."""
    version_id = intake.version_in(base.connection(), org_id=base.current_tenant(), course_id=course_id)
    if version_id is None:
        return ()
    version = programme.source(version_id)
    wanted = (policy or version.policy).qualifying
    return tuple(Asked(key, wanted, keys) for key, keys in _exercises(version).items()) if wanted is not None else ()


def _exercises(version: Programme) -> dict[str, tuple[str, ...]]:
    on = [(script(one).rubric, one.key) for one in version.transcripts]
    keys = [one.key for one in version.rubrics]
    return {key: tuple(exercise for rubric, exercise in on if rubric == key) for key in keys if any(rubric == key for rubric, _ in on)}


def asked_on(course_id: str, rubric: str, policy: Policy | None = None) -> Qualifying | None:
    """The same of one rubric; None where nothing is asked for."""
    return next((one.rules for one in asked(course_id, policy) if one.rubric == rubric), None)


# --- how somebody stands ------------------------------------------------------------------------------------------------------------


def of(session: Session, *, course_id: str, person_id: str, rubric: str) -> tuple[Qualification, ...]:
    """All qualifications that somebody had on a rubric, the oldest first."""
    return tuple(read(row) for row in session.scalars(_rows(course_id, person_id, rubric)))


def _rows(course_id: str, person_id: str, rubric: str) -> Select[ObserverQualification]:
    q = ObserverQualification
    return select(q).where(q.course_id == course_id, q.person_id == person_id, q.rubric == rubric).order_by(q.number)


def read(row: ObserverQualification) -> Qualification:
    """A row as the rules take it."""
    return Qualification(row.state, row.basis, Period(row.starts_on, row.ends_on), row.begun_at, row.since_at, row.suspended_on)


def standing_of(
    session: Session, *, course_id: str, person_id: str, rubric: str, policy: Policy, day: date, apart_from: str | None = None
) -> Standing:
    """What a rating of that day's session counts for, by who rates (I8). ``policy`` is the candidate's; ``apart_from`` an observation
    whose own earlier rating does not count among the first few."""
    wanted = asked_on(course_id, rubric, policy)
    if wanted is None:
        return rules.standing(None, (), day, 0)
    held = of(session, course_id=course_id, person_id=person_id, rubric=rubric)
    return rules.standing(wanted, held, day, counted(session, course_id, [person_id], rubric, apart_from).get(person_id, 0))


def counted(session: Session, course_id: str, people: Collection[str], rubric: str, apart_from: str | None = None) -> dict[str, int]:
    """How many sessions each of these people has rated on a rubric so that it counted; what was called off or set aside is none."""
    query = (
        select(SubmittedRating.assessor_id, func.count(SubmittedRating.observation_id.distinct()))
        .join(Observation, and_(Observation.org_id == SubmittedRating.org_id, Observation.id == SubmittedRating.observation_id))
        .join(RubricVersion, and_(RubricVersion.org_id == SubmittedRating.org_id, RubricVersion.id == SubmittedRating.rubric_version_id))
        .where(Observation.course_id == course_id, RubricVersion.key == rubric, SubmittedRating.assessor_id.in_(people))
        .where(Observation.state.not_in(NO_MORE))
        .where(SubmittedRating.weight == rules.COUNTS, SubmittedRating.purpose != "self")
        .group_by(SubmittedRating.assessor_id)
    )
    if apart_from is not None:
        query = query.where(SubmittedRating.observation_id != apart_from)
    return {row[0]: row[1] for row in session.execute(query)}


def attempts(session: Session, *, course_id: str, person_id: str, rubric: str) -> tuple[Attempt, ...]:
    """Somebody's submitted attempts at the exercises on a rubric, beside the master ratings of the version that each was made on."""
    a = CalibrationAttempt
    query = (
        select(a)
        .join(RubricVersion, and_(RubricVersion.org_id == a.org_id, RubricVersion.id == a.rubric_version_id))
        .where(a.course_id == course_id, a.person_id == person_id, a.state == "submitted", RubricVersion.key == rubric)
        .order_by(a.submitted_at)
    )
    return tuple(_attempt(row) for row in session.scalars(query))


def _attempt(row: CalibrationAttempt) -> Attempt:
    """An exercise is whole where a master has rated every criterion of the rubric."""
    criteria = programme.rubric(row.rubric_version_id).criteria
    transcript = next(one for one in programme.source(row.programme_version_id).transcripts if one.key == row.transcript_key)
    found: Comparison = calibration.compared(script(transcript), criteria, row.levels)
    return Attempt(row.transcript_key, row.submitted_at or row.started_at, found, whole=len(found.rows) == len(criteria))


def doubled(session: Session, *, course_id: str, person_id: str, rubric: str) -> tuple[Doubled, ...]:
    """All criteria that somebody rated and another person as well, neither seeing the other; only beside ratings that count."""
    found = []
    for one in doubles.sessions(session, course_id=course_id, person_id=person_id, rubric=rubric):
        other, own = one.beside(person_id)
        if other.weight == rules.COUNTS:
            found += [Doubled(own.at, (other.levels.get(key), level)) for key, level in own.levels.items()]
    return tuple(found)


# --- what happens -------------------------------------------------------------------------------------------------------------------


def note_attempt(session: Session, *, actor: Actor, rubric: str) -> bool:
    """Somebody has just submitted an attempt at an exercise on a rubric, in the caller's transaction with their membership locked: they
    are qualified from now on if that reaches what is asked for. -> whether it does"""
    wanted = asked_on(actor.course_id, rubric)
    if wanted is None:
        return False
    mine = {"course_id": actor.course_id, "person_id": actor.person_id, "rubric": rubric}
    now = base.now()
    last = session.scalars(_rows(**mine).with_for_update()).all()[-1:]
    for row in last:
        _look(session, row, now, wanted)  # by the clock first: who has just lapsed begins anew
    held = read(last[0]) if last else Qualification()
    with suppress(RuleBroken):  # not enough yet; what is missing stands on their page
        made = rules.after(held, Act("calibrate", now, attempts=attempts(session, **mine)), wanted)
        _keep(session, actor, made, number=last[0].number + 1 if last else 1, **mine)
        return True
    return False


def _keep(session: Session, actor: Actor, made: Qualification, *, number: int, course_id: str, person_id: str, rubric: str) -> None:
    if made.period is None or made.period.end is None or made.begun is None:
        raise ValueError("a qualification has a period")
    row = ObserverQualification(
        id=base.new_id(),
        course_id=course_id,
        person_id=person_id,
        rubric=rubric,
        number=number,
        state=made.state,
        basis=made.basis,
        starts_on=made.period.start,
        ends_on=made.period.end,
        begun_at=made.begun,
        since_at=made.since,
    )
    session.add(row)
    session.flush()
    privacy.record(session, actor=actor, verb="qualify", object_kind=KIND, object_id=row.id, rubric=rubric, basis=made.basis)


def sweep(*, now: datetime) -> int:
    """What nobody asks for and is due: a period that is over, drift that a released session shows, a word before the end. -> how many were
    looked at. One query where nothing is due; a sweep that is cut off, or that two workers do at once, does nothing twice."""
    query = select(ObserverQualification.org_id, ObserverQualification.id).where(_due(now)).order_by(ObserverQualification.id)
    with base.across_organisations("qualifications: due"):
        found = bulkhead.due("qualification", query, MOST_AT_ONCE)
    for org_id, row_id in found:
        with bulkhead.apart("qualification", row=row_id), base.tenant(org_id), base.transactional() as session:
            again = select(ObserverQualification).where(ObserverQualification.id == row_id, _due(now)).with_for_update(skip_locked=True)
            row = session.scalar(again.execution_options(populate_existing=True))
            if row is not None:  # else another worker was quicker
                _look(session, row, now, asked_on(row.course_id, row.rubric) or Qualifying())
    return len(found)


def _due(now: datetime) -> ColumnElement[bool]:
    """Current, the newest of its person and rubric, and ending, or not looked at since a session that they rated was released."""
    this, later = ObserverQualification, aliased(ObserverQualification)
    same = (later.org_id == this.org_id, later.course_id == this.course_id, later.person_id == this.person_id, later.rubric == this.rubric)
    said = SubmittedRating
    fresh = (
        select(Observation.id)
        .join(said, and_(said.org_id == Observation.org_id, said.observation_id == Observation.id))
        .where(said.org_id == this.org_id, said.assessor_id == this.person_id, said.purpose.in_(doubles.BLIND))
        .where(Observation.course_id == this.course_id, Observation.released_at > func.coalesce(this.looked_at, this.begun_at))
    )
    soon = and_(this.warned_on.is_(None), this.ends_on <= now.date() + reminder.QUALIFICATION_SOON)
    return and_(
        this.state == CURRENT,
        ~exists().where(*same, later.number > this.number),
        or_(this.ends_on <= now.date(), soon, fresh.exists()),
    )


def _look(session: Session, row: ObserverQualification, now: datetime, wanted: Qualifying) -> None:
    held = read(row)
    pairs = doubled(session, course_id=row.course_id, person_id=row.person_id, rubric=row.rubric)
    verb = rules.due(held, pairs, now, wanted)
    row.looked_at = now
    if verb:
        made = rules.after(held, Act(verb, now, doubled=pairs), wanted)
        row.state, row.since_at, row.suspended_on = made.state, made.since, made.suspended_on
        drift = rules.drift(wanted, pairs, held.begun) if verb == "suspend" else None
        by = " ".join(drift.by) if drift is not None else ""
        privacy.record(session, actor=privacy.SYSTEM, verb=verb, object_kind=KIND, object_id=row.id, rubric=row.rubric, reason=by)
        _tell(session, row, "standing_changed", row.person_id, "qualification.own", verb)
        for lead in leads(session, row.course_id):
            if lead != row.person_id:
                _tell(session, row, "observer_standing", lead, "qualification.index", verb)
    elif row.state == CURRENT and row.warned_on is None and row.ends_on <= now.date() + reminder.QUALIFICATION_SOON:
        row.warned_on = now.date()
        _tell(session, row, "standing_ends", row.person_id, "qualification.own", "soon", until=row.ends_on - timedelta(days=1))
    session.flush()


def _tell(session: Session, row: ObserverQualification, kind: str, person_id: str, endpoint: str, why: str, **facts: date) -> None:
    notification.tell(
        session,
        org_id=row.org_id,
        person_id=person_id,
        kind=kind,
        facts=facts,
        endpoint=endpoint,
        ids={"course": row.course_id},
        once=f"standing:{row.id}:{why}",
    )
