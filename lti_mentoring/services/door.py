# SPDX-License-Identifier: Apache-2.0
"""The door beside the LMS: asking for a link by mail, which tells nobody whether an address is known; inviting, leaving, forgetting."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from lti_mentoring.domain import door as rules
from lti_mentoring.domain.mail import mailable
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import door_letter, door_link, door_place, mentorship, privacy
from lti_mentoring.store import base
from lti_mentoring.store.delivery import mail_way
from lti_mentoring.store.door import DoorAsk, DoorChallenge, DoorLink, Passkey
from lti_mentoring.store.mentorship import MentorshipMember
from lti_mentoring.store.people import Person

KEEPS = timedelta(days=30)
"""How long a link that ended can still say when it was opened."""


def mails() -> bool:
    """Whether this installation can send a link at all."""
    return mail_way() is not None


def ask(*, address: str, client: str) -> None:
    """Somebody asks for a link. The same is done whether the address is known or not: one row, which a worker looks at later.

    RuleBroken ``door_address`` for what is no address. Too many within an hour leave nothing, and are answered all the same.
    """
    kept = mailable(address.strip()[:400])
    if kept is None:
        raise RuleBroken("door_address")
    address_hash, client_hash = door_letter.address_hash(kept), hashlib.sha256(f"client:{client}".encode()).hexdigest()
    since = base.now() - rules.AN_HOUR
    with base.transactional() as session:
        asked = select(func.count(DoorAsk.id)).where(DoorAsk.asked_at > since)
        of_address = session.scalar(asked.where(DoorAsk.address_hash == address_hash)) or 0
        of_client = session.scalar(asked.where(DoorAsk.client_hash == client_hash)) or 0
        if of_address < rules.MOST_LETTERS and of_client < rules.MOST_ASKED:
            session.add(DoorAsk(address=kept, address_hash=address_hash, client_hash=client_hash))


def step() -> bool:
    """Look at the oldest address that somebody asked for; a worker's errand. -> whether there was one.

    Claimed before anything is done: a worker that dies loses a mail, which can be asked for again, and never sends two.
    """
    oldest = select(DoorAsk.id).where(DoorAsk.settled_at.is_(None)).order_by(DoorAsk.asked_at).limit(1)
    found = base.session().scalar(oldest)
    if found is None:
        return False
    with base.transactional() as session:
        row = session.scalar(select(DoorAsk).where(DoorAsk.id == found, DoorAsk.settled_at.is_(None)).with_for_update())
        if row is None:
            return True
        address = row.address
        row.address, row.settled_at = "", base.now()
    with base.across_organisations("door: whose address this is"):
        same = select(Person.org_id, Person.id).where(func.lower(Person.email) == func.lower(address))
        people = base.session().execute(same.order_by(Person.org_id, Person.id)).all()
    for org_id, person_id in people:
        _send(org_id, person_id, address)
    return True


def _send(org_id: str, person_id: str, address: str) -> None:
    with base.across_organisations("door: letters to an address"):
        room = door_letter.room_for(base.session(), address)
    if room:
        with base.tenant(org_id):
            if door_place.has_place(person_id):
                with base.transactional() as session:
                    door_letter.post(session, actor=person_id, person_id=person_id, kind=rules.LINK)


def invite(*, actor: Actor, mentorship_id: str, person_id: str) -> None:
    """Send somebody of a pair a first link, by whoever sees to the pair. NotFound ``mentorship``, ``person``; RuleBroken ``door_no_mail``.

    Whether they use the door is told to nobody: the answer is the same, also where enough mails went there within the hour.
    """
    with base.transactional() as session:
        row = mentorship.own(session, actor, mentorship_id)
        if mail_way() is None:
            raise RuleBroken("door_no_mail")
        seat = (MentorshipMember.mentorship_id == row.id, MentorshipMember.person_id == person_id, MentorshipMember.ended_on.is_(None))
        if session.scalar(select(MentorshipMember.id).where(*seat)) is None:
            raise NotFound("person")
        address = mailable(session.scalar(select(Person.email).where(Person.id == person_id)))
        if address is None:
            raise RuleBroken("door_no_mail")
        if door_letter.room_for(session, address):
            door_letter.post(session, actor=actor.person_id, person_id=person_id, kind=rules.INVITED)
        privacy.record(session, actor=actor, verb="invite_to_door", object_kind="mentorship", object_id=row.id)


def disown(*, token: str) -> None:
    """Whoever holds a link that somebody else opened: what it opened ends, and a new one goes to their address. NotFound ``door_link``."""
    with base.transactional() as session:
        person_id = door_link.disown(session, token=token)
        address = session.scalar(select(Person.email).where(Person.id == person_id)) or ""
        if door_letter.room_for(session, address):
            door_letter.post(session, actor=person_id, person_id=person_id, kind=rules.LINK)


def leave_everywhere(*, person_id: str) -> None:
    """Sign somebody out of the door on every device, in the scope of their organisation; links that wait end too."""
    with base.transactional() as session:
        door_link.end_sessions(session, person_id)
        door_link.revoke(session, person_id)
        privacy.record(session, actor=person_id, verb="leave_door", object_kind="person", object_id=person_id)


def forget(session: Session, person_id: str) -> None:
    """Nothing of the door is left of somebody who is erased, in the caller's transaction and tenant: they are signed out at once."""
    org_id = base.current_tenant()
    door_link.end_sessions(session, person_id)
    for table in (DoorLink, Passkey):
        session.execute(delete(table).where(table.org_id == org_id, table.person_id == person_id))


def forget_old(*, now: datetime) -> None:
    """Delete what was asked, challenges and links that are past their use; the worker calls it."""
    with base.transactional() as session:
        session.execute(delete(DoorAsk).where(DoorAsk.asked_at < now - 2 * rules.AN_HOUR))
        unread = update(DoorAsk).where(DoorAsk.asked_at < now - rules.AN_HOUR, DoorAsk.settled_at.is_(None))
        session.execute(unread.values(address="", settled_at=now))
        session.execute(delete(DoorChallenge).where(DoorChallenge.expires_at < now))
        door_link.forget_old(session, keeps=KEEPS)


def link_by_operator(*, organisation_id: str, person_id: str) -> str:
    """``lti-mentoring door link``. -> the token, which is shown once. RuleBroken ``person_unknown``, ``door_nothing_there``."""
    with base.tenant(organisation_id), base.transactional() as session:
        if session.scalar(select(Person.id).where(Person.id == person_id)) is None:
            raise RuleBroken("person_unknown", id=person_id)
        if not door_place.has_place(person_id):
            raise RuleBroken("door_nothing_there")
        return door_link.issue(session, actor=privacy.OPERATOR, person_id=person_id, kind=rules.OPERATOR)
