# SPDX-License-Identifier: Apache-2.0
"""Making a pair or group, by who leads the course or by a mentor for their own, held against the conflict guard; and ending it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import islice

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from lti_mentoring.domain import conflict as guard
from lti_mentoring.domain import mentorship as rules
from lti_mentoring.domain import pasting
from lti_mentoring.domain.conflict import Question
from lti_mentoring.domain.mail import mailable
from lti_mentoring.domain.mentorship import CO_MENTOR, GROUP, LEADING, MOST_IN_GROUP, PROTEGE, Seats
from lti_mentoring.domain.pasting import Known, Match
from lti_mentoring.domain.people import LEADS, Actor
from lti_mentoring.domain.rule import NotAllowed, NotFound, RuleBroken
from lti_mentoring.services import attestation, conflict, intake, meeting, mentorship, naming, privacy, programme
from lti_mentoring.services.conflict import About
from lti_mentoring.services.naming import LONGEST_NAME
from lti_mentoring.store import base
from lti_mentoring.store.mentorship import Mentorship, MentorshipMember
from lti_mentoring.store.people import Course, Membership, Person

MOST_APPROVERS = 2
"""Who approve an exception where no policy says how many."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A pair or group to make. ``id`` is the form's own, so that sending it twice makes one. ``proteges`` is typed: one a line, by name
    and address; for somebody of the course one of the two is enough where the reader may know who is in it."""

    id: str
    kind: str
    leader_id: str
    proteges: str
    started_on: date
    co_mentor_id: str = ""
    label: str = ""


def make(*, actor: Actor, wanted: Wanted) -> str:
    """Make a pair or group. -> its id. It is kept, and held, where the guard does not know enough or asks for an exception.

    NotAllowed ``mentor_pairs_own``; NotFound ``person``; RuleBroken ``protege_name``, ``protege_address``, ``protege_several`` (line),
    ``name_is_address``, ``pair_there``, ``conflict_closed`` (findings, names), and those of ``domain.mentorship.check``.
    """
    if not actor.is_any(*LEADS):
        if wanted.leader_id != actor.person_id:
            raise NotAllowed("mentor_pairs_own")
        if wanted.co_mentor_id:
            raise NotFound("person")  # who does not lead the course chooses from no list of it
    with base.transactional() as session:
        # One after the other, so that the same two are not paired twice at once; SQLite has one writer at a time anyway.
        session.scalar(select(Course.id).where(Course.id == actor.course_id).with_for_update())
        if session.scalar(select(Mentorship.id).where(Mentorship.id == wanted.id, Mentorship.course_id == actor.course_id)):
            return wanted.id
        typed: dict[str, str] = {}
        seats = _seats(session, actor, wanted, typed)
        rules.check(wanted.kind, seats)
        _check_new(session, actor, wanted, seats)
        made = Mentorship(
            id=wanted.id,
            course_id=actor.course_id,
            kind=wanted.kind,
            label=" ".join(wanted.label.split())[:LONGEST_NAME],
            started_on=wanted.started_on,
            created_by=actor.person_id,
        )
        session.add(made)
        session.flush()
        for person_id, role in seats:
            seat = {"mentorship_id": made.id, "started_on": wanted.started_on, "said_name": typed.get(person_id)}
            session.add(MentorshipMember(person_id=person_id, role=role, **seat))
        session.flush()
        watched = {"object_kind": mentorship.KIND, "object_id": made.id}
        privacy.record(session, actor=actor, verb="pair", **watched, kind=made.kind, members=len(seats))
        _guard(session, actor, made, seats)
        return made.id


def _seats(session: Session, actor: Actor, wanted: Wanted, typed: dict[str, str]) -> Seats:
    leading = [(wanted.leader_id, rules.leads(wanted.kind)), *([(wanted.co_mentor_id, CO_MENTOR)] if wanted.co_mentor_id else [])]
    people = {row.person_id: row for row in _members(session, actor.course_id)}
    if not {person for person, _ in leading} <= people.keys():
        raise NotFound("person")
    known = list(people.values()) if actor.is_any(*LEADS) else []
    lines = list(islice(pasting.read(wanted.proteges), MOST_IN_GROUP + 1))
    return [*leading, *((_protege(session, actor, one, typed), PROTEGE) for one in pasting.match(lines, known))]


def _members(session: Session, course_id: str) -> list[Known]:
    query = (
        select(Person.id, Person.name, Person.chosen_name, Person.email)
        .join(Membership, and_(Membership.org_id == Person.org_id, Membership.person_id == Person.id))
        .where(Membership.course_id == course_id)
    )
    return [Known(row.id, row.name or row.chosen_name or "", row.email or "") for row in session.execute(query)]


def _protege(session: Session, actor: Actor, one: Match, typed: dict[str, str]) -> str:
    """Who a line names; what it calls whoever is found by the address is added to ``typed``."""
    if one.person is not None:
        return one.person.person_id
    line = one.line.text[:LONGEST_NAME]
    if one.why_not == "twice":
        raise RuleBroken("member_twice")
    if one.why_not == "several":
        raise RuleBroken("protege_several", line=line)
    if not one.line.names:
        raise RuleBroken("protege_name", line=line)
    if mailable(one.line.email) is None:
        raise RuleBroken("protege_address", line=line)
    name = " ".join(one.line.names)
    person_id = naming.person(session, actor, name, one.line.email)
    typed[person_id] = naming.plain(name)
    return person_id


def _check_new(session: Session, actor: Actor, wanted: Wanted, seats: Seats) -> None:
    """The same mentor and protégé are one pair at a time."""
    if wanted.kind == GROUP:
        return
    led = select(MentorshipMember.mentorship_id).where(MentorshipMember.person_id == wanted.leader_id, MentorshipMember.role.in_(LEADING))
    with_them = select(MentorshipMember.mentorship_id).where(
        MentorshipMember.person_id.in_([person for person, role in seats if role == PROTEGE]), MentorshipMember.role == PROTEGE
    )
    here = (Mentorship.course_id == actor.course_id, Mentorship.kind == wanted.kind, Mentorship.state == "active")
    if session.scalar(select(Mentorship.id).where(*here, Mentorship.id.in_(led), Mentorship.id.in_(with_them))) is not None:
        raise RuleBroken("pair_there")


def _guard(session: Session, actor: Actor, row: Mentorship, seats: Seats) -> None:
    """What has no exception is not made; whatever else stands against it is kept with it, and holds it."""
    leading = tuple(person for person, role in seats if role in LEADING)
    proteges = tuple(person for person, role in seats if role == PROTEGE)
    question = Question(guard.GROUP if row.kind == GROUP else guard.PAIRING, leading, proteges)
    about = About(mentorship.KIND, row.id, row.course_id)
    version = intake.version_in(session.connection(), org_id=actor.org_id, course_id=actor.course_id)
    approvers = programme.load(version).policy.waiver_approvers if version is not None else MOST_APPROVERS
    found = conflict.decide(session, actor=actor, question=question, about=about, approvers=approvers, hold=True)
    if found.verdict == guard.CLOSED:
        raise RuleBroken("conflict_closed", findings=found.findings, names=naming.names(session, row.course_id, question.people))
    unknown = {one.one for one in found.findings if one.rule == "R0"} - {actor.person_id}
    attestation.want(session, unknown, org_id=actor.org_id, course_id=actor.course_id)


def end(*, actor: Actor, mentorship_id: str) -> None:
    """End a pair or group as of today, no reason asked. What is planned ahead is called off; a second time changes nothing.

    NotFound ``mentorship``.
    """
    with base.transactional() as session:
        meeting.hold_candidates(session, mentorship_id)
        row = mentorship.own(session, actor, mentorship_id, lock=True)
        if row.state == "ended":
            return
        today = max(base.now().date(), row.started_on)
        row.state, row.ended_on = "ended", today
        open_ones = select(MentorshipMember).where(MentorshipMember.mentorship_id == row.id, MentorshipMember.ended_on.is_(None))
        for member in session.scalars(open_ones):
            member.ended_on = max(today, member.started_on)
        conflict.end(session, About(mentorship.KIND, row.id, row.course_id))  # which was watched before any session of theirs was
        meeting.call_off(session, actor, row)
        privacy.record(session, actor=actor, verb="end", object_kind=mentorship.KIND, object_id=row.id)
