# SPDX-License-Identifier: Apache-2.0
"""The two days in which whoever was in a room can read the lines and strike some: whom they begin for, when, and what opens until then."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from lti_mentoring.domain.consent import GRANTED
from lti_mentoring.domain.delivery import DONE, SENDING, WAITING
from lti_mentoring.domain.guest import READS
from lti_mentoring.domain.observation import RATED
from lti_mentoring.services import guest, guest_letter, privacy, reaching
from lti_mentoring.store import base
from lti_mentoring.store.delivery import GuestLetter, Mail
from lti_mentoring.store.field import Participant
from lti_mentoring.store.observation import Observation


def tell(session: Session, row: Observation) -> None:
    """The observer has submitted, in the caller's transaction: who is in the room can read the lines, and strike some, for two days. Those
    of somebody whom nothing reaches begin with a link, which who leads is told to hand over."""
    _tell(session, row, session.scalars(select(Participant).where(*_unread(row)).order_by(Participant.id)).all())


def anew(session: Session, row: Observation, done: Collection[str]) -> None:
    """The two days begin anew, in the caller's transaction. Who was ``done`` is told so; whatever opens to the others opens for longer, and
    where nothing does any more, they are told too."""
    sent = [mail for kind, mail in guest_letter.mails(session, row) if kind == guest_letter.READING]
    on_their_way = {mail.person_id for mail in sent if mail.state in (WAITING, SENDING)}
    readers = session.scalars(select(Participant).where(*_unread(row)).order_by(Participant.id)).all()
    inside = reaching.insiders(session, row, [one.person_id for one in readers])
    row.rated_at = base.now()
    lost = []
    for one in readers:
        longer = guest.lengthen(session, observation_id=row.id, person_id=one.person_id, until=row.rated_at + READS)
        if one.person_id in done or not (longer or one.waits_for_link or one.person_id in inside | on_their_way):
            lost.append(one)
    _tell(session, row, lost)


def begin(session: Session, row: Observation, person_id: str) -> None:
    """A link is on its way to somebody who waits for it, so that their two days begin; with them everybody's who is not done."""
    mine = session.scalar(select(Participant).where(*_unread(row), Participant.person_id == person_id, Participant.waits_for_link))
    if mine is None or row.state != RATED:
        return
    anew(session, row, ())
    mine.waits_for_link = False


def mailed(session: Session, mails: Collection[str]) -> None:
    """These mails have arrived or were refused, in the caller's transaction. Whoever should read lines by one that was refused waits for a
    link from then on, which who leads is told; the two days of whoever waits begin with one that arrives after all."""
    query = (
        select(GuestLetter.observation_id, Mail.person_id, Mail.state)
        .join(Mail, and_(Mail.org_id == GuestLetter.org_id, Mail.id == GuestLetter.mail_id))
        .where(Mail.id.in_(mails), GuestLetter.kind == guest_letter.READING)
        .order_by(GuestLetter.observation_id, Mail.person_id)
    )
    for observation_id, person_id, state in session.execute(query).all():
        held = select(Observation).where(Observation.id == observation_id).with_for_update().execution_options(populate_existing=True)
        row = session.scalars(held).one()
        mine = session.scalar(select(Participant).where(*_unread(row), Participant.person_id == person_id))
        if state == DONE:
            begin(session, row, person_id)
        elif row.state == RATED and mine is not None and not mine.waits_for_link and not reaching.sign_in(session, [person_id]):
            mine.waits_for_link = True
            reaching.tell_link_wanted(session, row)


# --- inside ------------------------------------------------------------------------------------------------------------------------


def _tell(session: Session, row: Observation, readers: Collection[Participant]) -> None:
    signs_in = reaching.sign_in(session, [one.person_id for one in readers])
    for one in readers:
        reached = reaching.reach(session, privacy.SYSTEM, row, one.person_id, guest_letter.READING)
        one.waits_for_link = not reached and one.person_id not in signs_in  # a link to hand over is made for nobody who signs in
    if any(one.waits_for_link for one in readers):
        reaching.tell_link_wanted(session, row)
    session.flush()


def _unread(row: Observation) -> tuple[ColumnElement[bool], ...]:
    return Participant.observation_id == row.id, Participant.consent == GRANTED, Participant.read_at.is_(None)
