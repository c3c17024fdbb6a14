# SPDX-License-Identifier: Apache-2.0
"""Who is in the room of an observation, for who plans it: whom to ask, how they are reached, and whether it can be observed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from lti_mentoring.domain.consent import ASKED, MENTOR, PROTEGE
from lti_mentoring.domain.guest import CONSENT, FIELD, LIVES, READS
from lti_mentoring.domain.mail import mailable
from lti_mentoring.domain.observation import WAITING
from lti_mentoring.domain.people import LEADS, Actor
from lti_mentoring.domain.rule import NotAllowed, NotFound, RuleBroken
from lti_mentoring.services import assessor, consent, guest, guest_letter, naming, privacy, reaching, reading_time, reminder
from lti_mentoring.services.guest import LinkRow
from lti_mentoring.store import base
from lti_mentoring.store.delivery import mail_way
from lti_mentoring.store.field import Participant
from lti_mentoring.store.mentorship import MentoringSession
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.people import NEVER, Membership, Person

ROLES = (PROTEGE, MENTOR)

MOST_IN_ROOM = 20
ONE_MAIL_IN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody in the room who was named by hand."""

    name: str
    email: str
    role: str = PROTEGE


@dataclass(frozen=True, slots=True)
class PersonRow:
    """Somebody in the room, or the observer, and how they are reached. ``inside``: they meet it in their course, by a notice. ``mail`` is
    the state of the newest mail that told everybody alike, "" where none was sent; ``mailable``: one can be sent; ``dead``: the last that
    was tried was refused; ``by_hand``: a link can be handed to them. Never what they said."""

    person_id: str
    name: str
    role: str
    inside: bool
    mailable: bool
    dead: bool
    by_hand: bool
    mail: str
    link: LinkRow | None


@dataclass(frozen=True, slots=True)
class RoomPage:
    """The room of an observation. ``can``: it can be observed as far as is known; where it cannot, nobody here learns why, nor by what way
    a yes came. ``hands``: the reader makes links to hand over; ``moved``: its session was changed since it was planned."""

    id: str
    state: str
    candidate: str
    planned_for: date
    kind: str
    people: tuple[PersonRow, ...]
    observer: PersonRow
    can: bool
    by_word: datetime | None
    whose: consent.Whose
    leads: bool
    hands: bool
    open: bool
    moved: bool

    @property
    def unheard(self) -> tuple[str, ...]:
        """Whom nothing tells what becomes of it: outside of the course, and no mail reaches them."""
        people = (*self.people, self.observer)
        return tuple(one.name for one in people if not one.inside and (not one.mailable or one.dead))


# --- asking ------------------------------------------------------------------------------------------------------------------------


def ask(session: Session, *, actor: Actor, row: Observation, named: Collection[Named] = ()) -> None:
    """Ask whoever was ``named`` to be in the room, in the caller's transaction; else, as it is planned, everybody who is known: who takes
    part in its session besides the candidate and the observer, and the mentor whom the candidate meets. Nobody is asked twice.

    RuleBroken ``guest_name_empty``, ``guest_address``, ``name_is_address``.
    """
    candidate_id, _ = consent.candidate_of(session, row)
    wanted, typed = dict(() if named else consent.taking_part(session, row)), dict[str, str]()
    if row.mentor_id is not None and not named:
        wanted[row.mentor_id] = MENTOR
    for one in named:
        person_id = naming.typed(session, actor, one.name, one.email)
        wanted[person_id], typed[person_id] = one.role if one.role in ROLES else PROTEGE, naming.plain(one.name)
    known = set(session.scalars(select(Participant.person_id).where(Participant.observation_id == row.id)))
    for person_id, role in sorted(wanted.items()):
        if person_id not in {*known, candidate_id, row.observer_id}:
            said = {"role": role, "said_name": typed.get(person_id)}
            session.add(Participant(id=base.new_id(), observation_id=row.id, person_id=person_id, **said))
            session.flush()
            privacy.record(session, actor=actor, verb="ask_consent", object_kind="observation", object_id=row.id, role=role)
            reaching.reach(session, actor, row, person_id, guest_letter.CONSENT)
    if set(wanted) - {*known, candidate_id, row.observer_id}:
        assessor.again(session, actor=actor, row=row)


def leave_out(session: Session, *, actor: Actor, row: Observation) -> None:
    """Who belongs to its pair no more on the day that it has by now is asked no longer, whatever they said; in the caller's transaction."""
    gone = consent.left(session, row)
    if gone:
        guest.revoke(session, actor=actor, observation_id=row.id, people=gone, purpose=CONSENT)
        session.execute(delete(Participant).where(Participant.observation_id == row.id, Participant.person_id.in_(gone)))
        privacy.record(session, actor=actor, verb="leave_out", object_kind="observation", object_id=row.id, count=len(gone))
        assessor.again(session, actor=actor, row=row)


# --- the page and its buttons ----------------------------------------------------------------------------------------------------


def page(*, actor: Actor, observation_id: str) -> RoomPage:
    """Who is asked, how each is reached, and whether it can be observed: for the observer and who leads. NotFound ``observation``."""
    session = base.session()
    row = _row(session, actor, observation_id)
    present = session.scalars(select(Participant).where(Participant.observation_id == row.id).order_by(Participant.id)).all()
    roles = {one.person_id: one.role for one in present}
    people, can = _people(session, row, roles), consent.stands(session, row)
    return RoomPage(
        id=row.id,
        state=row.state,
        candidate=consent.candidate_of(session, row)[1],
        planned_for=row.planned_for,
        kind=row.kind,
        people=tuple(sorted((people[one] for one in roles if one in people), key=lambda one: (one.name.casefold(), one.person_id))),
        observer=people[row.observer_id],
        can=can,
        by_word=None if present else row.consent_at,
        whose=consent.whose(session, row) if can else consent.Whose(),
        leads=actor.is_any(*LEADS),
        hands=_hands(session, actor, row),
        open=row.state in WAITING,
        moved=bool(session.scalar(select(MentoringSession.sequence).where(MentoringSession.id == row.session_id))),
    )


def _people(session: Session, row: Observation, roles: dict[str, str]) -> dict[str, PersonRow]:
    ids = {*roles, row.observer_id}
    inside, sent = reaching.insiders(session, row, ids), guest_letter.mails(session, row)
    mails, dead = guest_letter.newest(sent), guest_letter.dead(sent)
    links = {purpose: guest.links(session, row.id, purpose) for purpose in (CONSENT, FIELD)}
    sends, names = mail_way() is not None, naming.names(session, row.course_id, ids)
    signs_in = reaching.sign_in(session, ids)
    found = {}
    for one in session.execute(select(Person.id, Person.email).where(Person.id.in_(ids))):
        purpose = CONSENT if one.id in roles else FIELD
        mail, reached = mails.get((one.id, purpose)), sends and mailable(one.email) is not None
        found[one.id] = PersonRow(
            person_id=one.id,
            name=names[one.id],
            role=roles.get(one.id, "observer"),
            inside=one.id in inside,
            mailable=reached,
            by_hand=one.id not in signs_in and (not reached or one.id in dead),
            dead=one.id in dead,
            mail=("sent" if mail.sent_at is not None else mail.state) if mail is not None else "",
            link=links[purpose].get(one.id),
        )
    return found


def add(*, actor: Actor, observation_id: str, named: Named) -> None:
    """Name somebody in the room, who is asked at once. NotFound ``observation``; RuleBroken as ``ask``, ``observation_closed``,
    ``guest_room_full``, ``guest_is_there`` where nobody new was named."""
    with base.transactional() as session:
        row = _row(session, actor, observation_id, lock=True)
        if row.state not in WAITING:
            raise RuleBroken("observation_closed", state=row.state, verb="ask")
        count = select(func.count(Participant.id)).where(Participant.observation_id == row.id)
        before = session.scalar(count) or 0
        if before >= MOST_IN_ROOM:
            raise RuleBroken("guest_room_full", most=MOST_IN_ROOM)
        ask(session, actor=actor, row=row, named=[named])
        if session.scalar(count) == before:
            raise RuleBroken("guest_is_there")


def send(*, actor: Actor, observation_id: str, person_id: str) -> None:
    """Send somebody a mail with a new link. NotFound; NotAllowed ``guest_field_lead``; RuleBroken ``guest_no_mail``, ``guest_inside``,
    ``guest_mail_lately``: one an hour."""
    with base.transactional() as session:
        row, purpose = _whom(session, actor, observation_id, person_id)
        if guest_letter.lately(session, row.id, person_id, since=base.now() - ONE_MAIL_IN):
            raise RuleBroken("guest_mail_lately")
        kind = guest_letter.READING if purpose == CONSENT and row.state not in WAITING else purpose
        if not guest_letter.post(session, actor=actor, row=row, person_id=person_id, kind=kind):
            raise RuleBroken("guest_no_mail")
        reading_time.begin(session, row, person_id)
        privacy.record(session, actor=actor, verb="send_link", object_kind="observation", object_id=row.id, person=person_id)


def link(*, actor: Actor, observation_id: str, person_id: str) -> str:
    """A new link for somebody, shown once to who leads the course, to hand over. -> its token.

    NotAllowed ``guest_lead_hands_over``; RuleBroken ``guest_observer_hands``, and ``guest_not_by_hand`` for whoever signs in at this
    organisation, or has a mailbox: a link in other hands speaks in their name.
    """
    with base.transactional() as session:
        row, purpose = _whom(session, actor, observation_id, person_id)
        if not actor.is_any(*LEADS):
            raise NotAllowed("guest_lead_hands_over")
        if not _hands(session, actor, row):
            raise RuleBroken("guest_observer_hands")
        if not _people(session, row, {person_id: PROTEGE} if purpose == CONSENT else {})[person_id].by_hand:
            raise RuleBroken("guest_not_by_hand")
        reading_time.begin(session, row, person_id)
        lives = LIVES if purpose == FIELD or row.state in WAITING else READS
        about: dict[str, Any] = {"person_id": person_id, "course_id": row.course_id, "observation_id": row.id}
        return guest.issue(session, actor=actor, purpose=purpose, handed=True, lives=lives, **about)


def revoke(*, actor: Actor, observation_id: str, person_id: str) -> None:
    """Take back every link of somebody to this observation, and what they opened. What an observer has written can still arrive.

    NotAllowed ``guest_lead_takes_back``; RuleBroken ``guest_reads``: who may strike lines is not shut out from them by who rates.
    """
    with base.transactional() as session:
        row, purpose = _whom(session, actor, observation_id, person_id)
        if not actor.is_any(*LEADS):
            raise NotAllowed("guest_lead_takes_back")
        if purpose == CONSENT and row.state == "rated":
            raise RuleBroken("guest_reads")
        guest.revoke(session, actor=actor, observation_id=row.id, people=[person_id], purpose=purpose)


def take_off(*, actor: Actor, observation_id: str, person_id: str) -> None:
    """Take somebody off the room who was named by mistake, or by a wrong address, and their links with them. Whoever may have answered
    stays: nobody is left out for what they said, nor does anybody learn by this whether they said something. So does whoever belongs to
    the session, and the last one: what was asked of somebody themself is never the observer's word again.

    NotAllowed ``guest_lead_takes_off``; RuleBroken ``guest_observer_takes_off``, ``guest_of_session``, ``guest_last``, ``guest_inside``,
    ``guest_opened``, ``observation_closed``.
    """
    with base.transactional() as session:
        row, purpose = _whom(session, actor, observation_id, person_id)
        if not actor.is_any(*LEADS):
            raise NotAllowed("guest_lead_takes_off")
        if not _hands(session, actor, row):
            raise RuleBroken("guest_observer_takes_off")
        if row.state not in WAITING:
            raise RuleBroken("observation_closed", state=row.state, verb="ask")
        if person_id == row.mentor_id or person_id in dict(consent.taking_part(session, row)):
            raise RuleBroken("guest_of_session")
        guest.revoke(session, actor=actor, observation_id=row.id, people=[person_id], purpose=purpose)  # first: nobody opens one now
        theirs = (Participant.observation_id == row.id, Participant.person_id == person_id)
        mine = session.scalar(select(Participant).where(*theirs))
        here = (Membership.course_id == row.course_id, Membership.person_id == person_id, Membership.launched_at > NEVER)
        came = session.scalar(select(Membership.id).where(*here)) is not None
        if mine is None or came or mine.consent != ASKED or guest.opened(session, row.id, person_id, purpose):
            raise RuleBroken("guest_opened")
        session.delete(mine)
        session.flush()
        if not consent.asked(session, row):
            raise RuleBroken("guest_last")
        privacy.record(session, actor=actor, verb="take_off", object_kind="observation", object_id=row.id, person=person_id)
        assessor.again(session, actor=actor, row=row)


def _hands(session: Session, actor: Actor, row: Observation) -> bool:
    """Who leads makes links to hand over, but not who observes or is observed, where somebody else who leads could."""
    concerned = reaching.concerned(session, row)
    return actor.is_any(*LEADS) and (actor.person_id not in concerned or concerned.issuperset(reminder.leads(session, row.course_id)))


def _row(session: Session, actor: Actor, observation_id: str, *, lock: bool = False) -> Observation:
    query = select(Observation).where(Observation.id == observation_id, Observation.course_id == actor.course_id)
    row = session.scalar(query.with_for_update().execution_options(populate_existing=True) if lock else query)
    if row is None or not (row.observer_id == actor.person_id or actor.is_any(*LEADS)):
        raise NotFound("observation")
    return row


def _whom(session: Session, actor: Actor, observation_id: str, person_id: str) -> tuple[Observation, str]:
    """The observation, locked, and what a link for this person is for: they are in its room, or its observer."""
    row = _row(session, actor, observation_id, lock=True)
    in_room = select(Participant.id).where(Participant.observation_id == row.id, Participant.person_id == person_id)
    present = session.scalar(in_room) is not None
    if not present and person_id != row.observer_id:
        raise NotFound("person")
    if not present and not actor.is_any(*LEADS):
        raise NotAllowed("guest_field_lead")
    if person_id in reaching.insiders(session, row, [person_id]):
        raise RuleBroken("guest_inside")  # they have a way in of their own; a link in other hands would speak in their name
    if not present and not guest.observes(session, row):
        raise RuleBroken("guest_dismissed")
    return row, CONSENT if present else FIELD
