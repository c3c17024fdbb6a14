# SPDX-License-Identifier: Apache-2.0
"""Mails to people without an account: put into the outbox without a link, which is made when the mail leaves."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, select, update
from sqlalchemy.orm import Session, aliased

from lti_mentoring.domain.delivery import REFUSED
from lti_mentoring.domain.guest import CONSENT, FIELD, LIVES, READS, without_address
from lti_mentoring.domain.mail import line, mailable
from lti_mentoring.domain.observation import NO_MORE, RATED, WAITING
from lti_mentoring.domain.people import Actor, display_name
from lti_mentoring.services import guest, lane, mail, privacy
from lti_mentoring.services.session import hashed
from lti_mentoring.store import base
from lti_mentoring.store.delivery import GuestLetter, Mail, mail_way
from lti_mentoring.store.field import GuestLink, Participant
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.people import Person
from lti_mentoring.store.platform import Organisation

READING, MOVED, FIELD_MOVED, OFF, SESSION_OFF = "reading", "moved", "field_moved", "off", "session_off"
KINDS = (CONSENT, READING, FIELD, MOVED, FIELD_MOVED, OFF, SESSION_OFF)
"""May it be observed; the lines can be read; an assignment; another day or place, for who is in the room and for who observes; it is not
observed, or does not take place at all. The last two lead nowhere, the others where the first or the third does."""

NO_LINK = (OFF, SESSION_OFF)

LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class ToGuest:
    """A mail that is still wanted. ``facts`` hold the secret of the link, so that they are never logged."""

    address: str
    name: str
    locale: str | None
    kind: str
    facts: Mapping[str, Any]


def post(session: Session, *, actor: Actor | str, row: Observation, person_id: str, kind: str) -> bool:
    """Put a mail with a link to somebody into the outbox, in the caller's transaction. -> whether one can go: a mail server is set, and
    an address is known."""
    way = mail_way()
    address = session.scalar(select(Person.email).where(Person.id == person_id))
    if way is None or mailable(address) is None:
        return False
    lane.ensure(session, {mail.lane_of(way)})
    made = Mail(id=base.new_id(), person_id=person_id, course_id=row.course_id, lane=way.lane, next_at=base.now())
    session.add(made)
    session.flush()
    by = actor.person_id if isinstance(actor, Actor) else actor
    session.add(GuestLetter(mail_id=made.id, observation_id=row.id, kind=kind, asked_by=by))
    return True


def follow(session: Session, *, actor: Actor | str, row: Observation, people: Collection[str], kind: str) -> None:
    """Mail what has become of an observation to those of these people for whom a link was made, in the caller's transaction. Nobody else
    has heard of it: a mail that is still to leave says how things stand then, or leaves no more. Whose link was taken back gets no new
    one."""
    linked = (GuestLink.org_id == row.org_id, GuestLink.about_id == row.id, GuestLink.person_id.in_(people))
    links = session.scalars(select(GuestLink).where(*linked).order_by(GuestLink.created_at).execution_options(populate_existing=True))
    revoked = {(one.person_id, one.purpose): one.revoked_at is not None for one in links}  # of each the newest
    for person_id in sorted({one for one, _ in revoked}):
        theirs = FIELD_MOVED if kind == MOVED and person_id == row.observer_id else kind
        if theirs in NO_LINK or not revoked.get((person_id, _purpose(theirs)), True):
            post(session, actor=actor, row=row, person_id=person_id, kind=theirs)


def letters(org_id: str, mail_ids: Collection[str], *, secret: Callable[[str], str]) -> dict[str, ToGuest]:
    """What those of these mails that bring a link say, where they are still wanted; by mail. The tenant is in scope.

    The link of each is made here, by ``secret``: the same mail, sent again, carries the same link, which lives from then on.
    """
    if not base.session().scalars(select(GuestLetter.id).where(GuestLetter.mail_id.in_(mail_ids)).limit(1)).first():
        return {}
    found = {}
    asker = aliased(Person)
    with base.transactional() as session:
        rows = session.execute(
            select(GuestLetter, Observation, Person, asker.id, asker.name, asker.chosen_name, Participant.id)
            .join(Mail, and_(Mail.org_id == GuestLetter.org_id, Mail.id == GuestLetter.mail_id))
            .join(Observation, and_(Observation.org_id == GuestLetter.org_id, Observation.id == GuestLetter.observation_id))
            .join(Person, and_(Person.org_id == Mail.org_id, Person.id == Mail.person_id))
            .outerjoin(Participant, and_(Participant.observation_id == Observation.id, Participant.person_id == Person.id))
            .outerjoin(asker, and_(asker.org_id == GuestLetter.org_id, asker.id == GuestLetter.asked_by))
            .where(GuestLetter.mail_id.in_(mail_ids))
        ).all()
        organisation = session.get_one(Organisation, org_id).name
        for letter, row, person, asker_id, asker_name, chosen, seat in rows:
            address, token = mailable(person.email), guest.new_token(org_id, secret(f"guest:{letter.id}"))
            if address is None or not _wanted(session, letter, row, person.id, seat) or not _linked(session, letter, row, person.id, token):
                continue
            name = _spoken(display_name(person.name or person.chosen_name, person.id)) or display_name(None, person.id)
            asked_by = _spoken(display_name(chosen or asker_name, asker_id)) if asker_id else ""
            said = {
                "name": name,
                "asker": asked_by or line(organisation),
                "organisation": line(organisation),
                "planned_for": row.planned_for,
            }
            said |= {} if letter.kind in NO_LINK else {"token": token}
            found[letter.mail_id] = ToGuest(address, name, person.locale, letter.kind, said)
    return found


def _spoken(name: str) -> str:
    """A name as it stands in a mail to a stranger: no mail program makes a link of it. Empty where nothing is left."""
    return without_address(line(name, LONGEST_NAME))


def _wanted(session: Session, letter: GuestLetter, row: Observation, person_id: str, seat: str | None) -> bool:
    """Nobody is asked about what was called off, nor who was taken off the room, nor given an assignment that is somebody else's by now, or
    over, nor one who may observe no more."""
    if letter.kind in NO_LINK:
        return row.state in NO_MORE
    if _purpose(letter.kind) == FIELD:
        return row.state in WAITING and row.observer_id == person_id and guest.observes(session, row)
    return seat is not None and row.state not in NO_MORE


def _purpose(kind: str) -> str:
    return FIELD if kind in (FIELD, FIELD_MOVED) else CONSENT


def _linked(session: Session, letter: GuestLetter, row: Observation, person_id: str, token: str) -> bool:
    """Make the link of a mail, or let the one that an earlier try made live on; False where it was opened or taken back since."""
    if letter.kind in NO_LINK:
        return True
    mine = (GuestLink.org_id == letter.org_id, GuestLink.token_hash == hashed(token))
    known, lives = session.scalar(select(GuestLink).where(*mine).with_for_update()), READS if letter.kind == READING else LIVES
    if known is None:
        purpose = _purpose(letter.kind)
        about: dict[str, Any] = {"person_id": person_id, "course_id": row.course_id, "observation_id": row.id}
        guest.issue(session, actor=letter.asked_by, purpose=purpose, token=token, lives=lives, **about)
        return True
    if known.spent_at is not None or known.revoked_at is not None:
        return False
    session.execute(update(GuestLink).where(*mine).values(expires_at=base.now() + lives).execution_options(synchronize_session=False))
    return True


def lately(session: Session, observation_id: str, person_id: str, *, since: datetime) -> bool:
    """Whether somebody was sent a mail of an observation since then by somebody who pressed for it."""
    query = (
        select(Mail.id)
        .join(GuestLetter, and_(GuestLetter.org_id == Mail.org_id, GuestLetter.mail_id == Mail.id))
        .where(GuestLetter.observation_id == observation_id, GuestLetter.asked_by != privacy.SYSTEM)
        .where(Mail.person_id == person_id, Mail.created_at > since, Mail.state != "refused")
    )
    return session.scalar(query.limit(1)) is not None


def mails(session: Session, row: Observation) -> list[tuple[str, Mail]]:
    """(kind, mail) of all mails of an observation that told everybody alike, the oldest first. That the lines can be read is told to who
    agreed alone: it is among them once it is rated, since everybody has agreed by then."""
    query = (
        select(GuestLetter.kind, Mail)
        .join(Mail, and_(Mail.org_id == GuestLetter.org_id, Mail.id == GuestLetter.mail_id))
        .where(GuestLetter.observation_id == row.id)
        .order_by(Mail.created_at, Mail.id)
    )
    return [(kind, sent) for kind, sent in session.execute(query) if kind != READING or row.state == RATED]


def newest(sent: Collection[tuple[str, Mail]]) -> dict[tuple[str, str], Mail]:
    """The newest of these ``mails`` for each (person, purpose)."""
    found: dict[tuple[str, str], Mail] = {}
    for kind, row in sent:
        purposes = (CONSENT, FIELD) if kind in NO_LINK else (_purpose(kind),)
        found |= {(row.person_id, one): row for one in purposes}
    return found


def dead(sent: Collection[tuple[str, Mail]]) -> set[str]:
    """Whom none of these ``mails`` has reached since one of theirs was refused."""
    found: set[str] = set()
    for _, row in sent:
        if row.state == REFUSED:
            found.add(row.person_id)
        elif row.sent_at is not None:
            found.discard(row.person_id)
    return found
