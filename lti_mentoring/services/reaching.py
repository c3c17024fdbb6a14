# SPDX-License-Identifier: Apache-2.0
"""How whoever is to do with an observation is reached: by a notice in the course, by mail, or by nothing, so that who leads is told."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_mentoring.domain.delivery import SENDING, WAITING
from lti_mentoring.domain.people import Actor
from lti_mentoring.services import consent, guest, guest_letter, notification, reminder
from lti_mentoring.store.field import Participant
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.people import NEVER, Identity, Membership


def reach(session: Session, actor: Actor | str, row: Observation, person_id: str, kind: str) -> bool:
    """By a notice who has come to this course; by mail whoever has an address. -> whether either goes; else a link has to be handed to
    them. That the lines can be read is mailed to no mailbox that has refused the last mail."""
    reads = kind == guest_letter.READING
    if person_id in insiders(session, row, [person_id]):
        ids = {"course": row.course_id, "observation": row.id}
        code, facts = "lines_to_read" if reads else "consent_asked", {"planned_for": row.planned_for}
        notification.tell(session, org_id=row.org_id, person_id=person_id, kind=code, facts=facts, endpoint="consent.one", ids=ids)
        return True
    if reads and person_id in guest_letter.dead(guest_letter.mails(session, row)):
        return False
    return guest_letter.post(session, actor=actor, row=row, person_id=person_id, kind=kind)


def everybody(session: Session, row: Observation) -> tuple[set[str], set[str]]:
    """The candidate, the observer, and who was asked to be in the room, whatever they have said to it: those who have come to the course,
    and those outside of it."""
    asked = session.scalars(select(Participant.person_id).where(Participant.observation_id == row.id))
    people = {consent.candidate_of(session, row)[0], row.observer_id, *asked}
    inside = insiders(session, row, people)
    return inside, people - inside


def insiders(session: Session, row: Observation, people: Collection[str]) -> set[str]:
    """Who of these can open pages of the course, since they came to it by the LMS."""
    here = (Membership.course_id == row.course_id, Membership.person_id.in_(people), Membership.launched_at > NEVER)
    return set(session.scalars(select(Membership.person_id).where(*here, Membership.status == "active")))


def sign_in(session: Session, people: Collection[str]) -> set[str]:
    """Who of these signs in at this organisation, wherever that is."""
    return set(session.scalars(select(Identity.person_id).where(Identity.person_id.in_(people))))


# --- who leads is told --------------------------------------------------------------------------------------------------------------


def concerned(session: Session, row: Observation) -> set[str]:
    """Who observes and who is observed: neither speaks for who is in the room."""
    return {row.observer_id, consent.candidate_of(session, row)[0]}


def tell_unheard(session: Session, row: Observation) -> None:
    """It has another day or place, or is called off, in the caller's transaction: whom no notice and no mail tells so, who leads is told
    to ring."""
    _, outside = everybody(session, row)
    outside.discard(consent.candidate_of(session, row)[0])
    if not guest.observes(session, row):
        outside.discard(row.observer_id)
    sent = guest_letter.mails(session, row)
    on_their_way = {mail.person_id for _, mail in sent if mail.state in (WAITING, SENDING)}
    if outside - (on_their_way - guest_letter.dead(sent)):
        _tell(session, row, reminder.leads(session, row.course_id), "somebody_to_ring")


def tell_link_wanted(session: Session, row: Observation) -> None:
    """Who leads, and neither observes nor is observed where anybody else leads, is told to hand a link over, in the caller's
    transaction."""
    leads = reminder.leads(session, row.course_id)
    _tell(session, row, sorted(set(leads) - concerned(session, row)) or leads, "link_wanted")


def _tell(session: Session, row: Observation, people: Collection[str], kind: str) -> None:
    ids, facts = {"course": row.course_id, "observation": row.id}, {"planned_for": row.planned_for}
    for person_id in people:
        whom = {"org_id": row.org_id, "person_id": person_id, "kind": kind, "endpoint": "consent.people"}
        notification.tell(session, facts=facts, ids=ids, **whom)
