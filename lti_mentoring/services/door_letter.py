# SPDX-License-Identifier: Apache-2.0
"""Mails of the door: put into the outbox without a link, which is made when the mail leaves; at most five an hour to one address."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from lti_mentoring.domain import door as rules
from lti_mentoring.domain.guest import without_address
from lti_mentoring.domain.mail import line, mailable
from lti_mentoring.domain.people import display_name
from lti_mentoring.services import door_link, door_place, lane, mail
from lti_mentoring.store import base
from lti_mentoring.store.delivery import Mail, mail_way
from lti_mentoring.store.door import DoorLetter
from lti_mentoring.store.people import Person
from lti_mentoring.store.platform import Organisation

LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class ToDoor:
    """A mail that is still wanted. ``facts`` hold the secret of the link, so that they are never logged."""

    address: str
    name: str
    locale: str | None
    kind: str
    facts: Mapping[str, Any]


def address_hash(address: str) -> str:
    """What an address is counted by."""
    return hashlib.sha256(f"door:{address.strip().lower()}".encode()).hexdigest()


def room_for(session: Session, address: str) -> bool:
    """Whether another mail may go to an address; counted over all organisations, which the caller has in scope."""
    recent = (DoorLetter.address_hash == address_hash(address), DoorLetter.created_at > base.now() - rules.AN_HOUR)
    return (session.scalar(select(func.count(DoorLetter.id)).where(*recent)) or 0) < rules.MOST_LETTERS


def post(session: Session, *, actor: str, person_id: str, kind: str) -> bool:
    """Put a mail of the door to somebody into the outbox, in the caller's transaction. -> whether one can go: a mail server is set, and
    an address is known."""
    way = mail_way()
    address = mailable(session.scalar(select(Person.email).where(Person.id == person_id)))
    if way is None or address is None:
        return False
    lane.ensure(session, {mail.lane_of(way)})
    made = Mail(id=base.new_id(), person_id=person_id, lane=way.lane, next_at=base.now())
    session.add(made)
    session.flush()
    session.add(DoorLetter(mail_id=made.id, kind=kind, asked_by=actor, address_hash=address_hash(address)))
    session.flush()
    return True


def letters(org_id: str, mail_ids: Collection[str], *, secret: Callable[[str], str]) -> dict[str, ToDoor]:
    """What those of these mails that are the door's say, where they are still wanted; by mail. The tenant is in scope.

    The link of each is made here, by ``secret``: the same mail, sent again, carries the same link, which lives from then on.
    """
    if not base.session().scalars(select(DoorLetter.id).where(DoorLetter.mail_id.in_(mail_ids)).limit(1)).first():
        return {}
    found = {}
    with base.transactional() as session:
        rows = session.execute(
            select(DoorLetter, Person)
            .join(Mail, and_(Mail.org_id == DoorLetter.org_id, Mail.id == DoorLetter.mail_id))
            .join(Person, and_(Person.org_id == Mail.org_id, Person.id == Mail.person_id))
            .where(DoorLetter.mail_id.in_(mail_ids))
        ).all()
        organisation = session.get_one(Organisation, org_id).name
        for letter, person in rows:
            address, token = mailable(person.email), door_link.new_token(org_id, secret(f"door:{letter.id}"))
            if address is None or not door_place.has_place(person.id) or not _linked(session, letter, person.id, token):
                continue
            name = without_address(line(display_name(person.name or person.chosen_name, person.id), LONGEST_NAME))
            name = name or display_name(None, person.id)
            said: dict[str, Any] = {"name": name, "organisation": line(organisation), "at": letter.created_at}
            said |= {} if letter.kind == rules.TOLD else {"token": token}
            found[letter.mail_id] = ToDoor(address, name, person.locale, letter.kind, said)
    return found


def _linked(session: Session, letter: DoorLetter, person_id: str, token: str) -> bool:
    """Make the link of a mail, or let the one that an earlier try made live on; False where it opens nothing any more."""
    if letter.kind == rules.TOLD:
        return True
    known = door_link.again(session, token, letter.kind)
    if known is None:
        door_link.issue(session, actor=letter.asked_by, person_id=person_id, kind=letter.kind, token=token)
        return True
    return known
