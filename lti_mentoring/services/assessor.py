# SPDX-License-Identifier: Apache-2.0
"""Who may observe and rate a candidate (R0, R6 to R8): the guard asked as an observation is planned, and again as it is rated.

What is planned is looked at as of each day; what was rated as of the day on which it was: who begins to manage somebody afterwards has
rated as freely as before, and what is told later of that day is found all the same.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lti_mentoring.domain import conflict as rules
from lti_mentoring.domain.conflict import CLOSED, OVERRIDE, UNATTESTED, Check, Question
from lti_mentoring.domain.observation import WAITING
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.programme import CO, Programme
from lti_mentoring.domain.releasing import SELF
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.domain.standing import HELPED, Facts
from lti_mentoring.services import attestation, conflict, naming, privacy, programme, rater
from lti_mentoring.services.conflict import About
from lti_mentoring.services.matter import OBSERVATION, RATER
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.people import RoleGrant
from lti_mentoring.store.rating import Rater, SubmittedRating

STOPS = (OVERRIDE, CLOSED)
"""Verdicts with which nobody observes or rates, unless an exception is agreed. What is only unknown is held, not refused: a small
programme begins before everybody has been asked."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How observers stand to one candidate: for each the check, and what everybody in the findings is called."""

    checks: Mapping[str, Check]
    names: Mapping[str, str]


def decide(session: Session, *, actor: Actor, row: Observation, subject_id: str, version: Programme, exception: bool = False) -> Check:
    """Ask about an observation's observer as it is planned, in the caller's transaction, with its row flushed; watched from then on.

    What is not known holds it, and whoever could tell is asked. RuleBroken ``conflict_closed``, ``conflict_needs_override`` (findings,
    names); with ``exception`` the latter is held too, so that an exception can be asked for.
    """
    found = _decide(session, actor, row, _Subject(subject_id, version), row.observer_id, About(OBSERVATION, row.id, row.course_id))
    if found.verdict == CLOSED or (rater.stopped(found) and not exception):
        raise _refused(session, row, found)
    _ask(session, actor, found)
    return found


def rate(session: Session, *, actor: Actor, row: Observation, subject_id: str, version: Programme, person_id: str) -> Check:
    """Ask again as somebody submits their rating, in the caller's transaction, with the observation locked.

    As of today, ever after. RuleBroken as ``decide``, so that what cannot count is not submitted; the draft stays. What is not known
    holds the result.
    """
    about = About(OBSERVATION, row.id, row.course_id)
    if person_id != row.observer_id:
        seat = select(Rater.id).where(Rater.observation_id == row.id, Rater.person_id == person_id)
        about = About(RATER, session.scalars(seat).one(), row.course_id)
    found = _decide(session, actor, row, _Subject(subject_id, version), person_id, about, on=base.now().date())
    if rater.stopped(found):
        raise _refused(session, row, found)
    _ask(session, actor, found)
    return found


def again(session: Session, *, actor: Actor, row: Observation) -> None:
    """Ask again, of everybody who is to rate, because somebody else will be in the room (R8), in the caller's transaction; of whoever has
    rated already, as of that day. Nothing is refused: what speaks against it holds it, and stands on the page of who leads the course."""
    if row.state not in WAITING:
        return
    query = select(Candidacy.person_id, Candidacy.programme_version_id).where(Candidacy.id == row.candidacy_id)
    subject_id, version_id = session.execute(query).one()
    subject = _Subject(subject_id, programme.load(version_id))
    seats = select(Rater).where(Rater.observation_id == row.id, Rater.state != "ended", Rater.purpose != SELF).order_by(Rater.id)
    rates = [(row.observer_id, About(OBSERVATION, row.id, row.course_id))]
    rates += [(one.person_id, About(RATER, one.id, row.course_id)) for one in session.scalars(seats)]
    rated = select(SubmittedRating.assessor_id, func.max(SubmittedRating.submitted_at)).where(SubmittedRating.observation_id == row.id)
    days = {person: at.date() for person, at in session.execute(rated.group_by(SubmittedRating.assessor_id))}
    for person_id, about in rates:
        _ask(session, actor, _decide(session, actor, row, subject, person_id, about, on=days.get(person_id)))


def invite(session: Session, *, actor: Actor, row: Observation, person_id: str, rater_id: str) -> Check:
    """Ask about somebody who shall rate as a further person, in the caller's transaction; watched from then on. Refused as ``decide``, so
    that what is not known holds their rating, and whoever could tell is asked."""
    query = select(Candidacy.person_id, Candidacy.programme_version_id).where(Candidacy.id == row.candidacy_id)
    subject_id, version_id = session.execute(query).one()
    subject = _Subject(subject_id, programme.load(version_id))
    found = _decide(session, actor, row, subject, person_id, About(RATER, rater_id, row.course_id))
    if rater.stopped(found):
        raise _refused(session, row, found)
    _ask(session, actor, found)
    return found


def relieve(session: Session, row: Observation) -> None:
    """A further person who has come into a conflict does not rate, nor has rated, a session that its observer has rated: in the caller's
    transaction, with the observation locked. While the result is open, somebody else can be asked."""
    seats = session.scalars(select(Rater).where(Rater.observation_id == row.id, Rater.state != "ended").order_by(Rater.id)).all()
    found = conflict.standing(session, RATER, [one.id for one in seats])
    gone = [one for one in seats if found.get(one.id) in STOPS]
    for one in gone:
        one.state = "ended"
        privacy.record(session, actor=privacy.SYSTEM, verb="relieve", object_kind=OBSERVATION, object_id=row.id, reason="conflict")
    session.flush()
    conflict.end(session, *(About(RATER, one.id, row.course_id) for one in gone))


def hold(session: Session, row: Observation) -> None:
    """Lock all that is watched of an observation, in the caller's transaction, with the observation locked."""
    conflict.hold(session, *_watched(session, [row]))


def end(session: Session, *rows: Observation) -> None:
    """Look at observations no more, in the caller's transaction: they were called off or set aside."""
    conflict.end(session, *_watched(session, rows))


def _watched(session: Session, rows: Sequence[Observation]) -> list[About]:
    seats = session.execute(select(Rater.id, Rater.observation_id).where(Rater.observation_id.in_([row.id for row in rows]))).all()
    courses = {row.id: row.course_id for row in rows}
    return [About(OBSERVATION, row.id, row.course_id) for row in rows] + [About(RATER, one[0], courses[one[1]]) for one in seats]


def standing(session: Session, subject: Candidacy, kind: str, observers: Collection[str]) -> Standing:
    """How each of these people stands to a candidate today, as their observer; a constant number of statements, nothing is kept."""
    facts = conflict.facts_of(session, {*observers, subject.person_id}, on=base.now().date())
    version = programme.load(subject.programme_version_id)
    rubric = version.rubric(version.policy.rubric_of(kind))
    asked = rater.question(kind, subject.person_id, (), version, rubric, shared=kind == CO)
    free = [one for one in observers if _free(asked, facts, one)]
    checks = {one: rules.check(_noting(asked, free, one), facts) for one in observers}
    people = {one for check in checks.values() for found in check.findings for one in (found.one, found.other) if one}
    return Standing(checks, naming.names(session, subject.course_id, people))


# --- inside -----------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Subject:
    person_id: str
    version: Programme


def _decide(
    session: Session, actor: Actor, row: Observation, subject: _Subject, person_id: str, about: About, *, on: date | None = None
) -> Check:
    asked = replace(rater.question_of(session, row, person_id), acting=(person_id,))
    facts = conflict.facts_of(session, asked.people, on=on or base.now().date())
    if any(tie.kind == HELPED and tie.one == person_id and tie.lately(facts.on) for tie in facts.ties):
        asked = _noting(asked, _others(session, row, asked, subject), person_id)
    approvers = subject.version.policy.waiver_approvers
    return conflict.decide(session, actor=actor, question=asked, about=about, on=on, approvers=approvers, hold=True)


def _others(session: Session, row: Observation, asked: Question, subject: _Subject) -> list[str]:
    """Who else could observe them, and has not helped."""
    held = (RoleGrant.course_id == row.course_id, RoleGrant.role == "observer", RoleGrant.revoked_at.is_(None))
    query = select(RoleGrant.person_id).where(*held, RoleGrant.person_id.not_in((*asked.acting, subject.person_id)))
    people = sorted(set(session.scalars(query)))
    facts = conflict.facts_of(session, {*people, subject.person_id, *asked.present}, on=base.now().date())
    return [one for one in people if _free(asked, facts, one)]


def _free(asked: Question, facts: Facts, person_id: str) -> bool:
    found = rules.check(replace(asked, acting=(person_id,)), facts)
    return person_id not in asked.concerned and all(one.verdict not in STOPS for one in found.findings)


def _noting(asked: Question, free: Collection[str], person_id: str) -> Question:
    """Asked of one person. Help never leaves a candidate without an observer: where nobody else is free, it is noted and stands in
    nobody's way."""
    nobody = not set(free) - {person_id}
    return replace(asked, acting=(person_id,), noted=asked.noted | {HELPED} if nobody else asked.noted)


def _refused(session: Session, row: Observation, found: Check) -> RuleBroken:
    people = {one for each in found.findings for one in (each.one, each.other) if one}
    stops = tuple(one for one in found.findings if one.verdict in STOPS)
    gravest = CLOSED if found.verdict == CLOSED else OVERRIDE  # also beside what is not known yet
    return RuleBroken(f"conflict_{gravest}", findings=stops, names=naming.names(session, row.course_id, people))


def _ask(session: Session, actor: Actor, found: Check) -> None:
    """Whoever has not said who manages them is told that something waits for it."""
    unknown = {one.one for one in found.findings if one.rule == "R0" and one.verdict == UNATTESTED}
    attestation.want(session, unknown, org_id=actor.org_id, course_id=actor.course_id)
