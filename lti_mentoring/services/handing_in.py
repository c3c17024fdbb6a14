# SPDX-License-Identifier: Apache-2.0
"""Structured observation from the candidate's side: their notes of an accomplished mentor's session, a short account, handing both in.

What is rated is how the candidate observes. The mentor whom they watch is never rated; like everybody in the room they may read and
strike what is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_mentoring.domain.observation import NO_MORE, RATED, RELEASED
from lti_mentoring.domain.people import Actor, display_name
from lti_mentoring.domain.programme import Protocol
from lti_mentoring.domain.reminder import NOTES_DAYS
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import consent, notification, noting, privacy, programme
from lti_mentoring.services import seat as seats
from lti_mentoring.services.noting import Note
from lti_mentoring.services.seat import CANDIDATE, NoteRow, Seat
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.handing_in import HandingIn
from lti_mentoring.store.people import Person

LONGEST_ACCOUNT = 6000


@dataclass(frozen=True, slots=True)
class HandingInPage:
    """A session that the candidate watches. ``mentor`` is empty where nobody is named. ``open``: notes may be written; ``ended``: it was
    called off or set aside, or its result stands."""

    id: str
    planned_for: date
    due_on: date
    place: str
    mentor: str
    rater: str
    protocol: Protocol | None
    notes: tuple[NoteRow, ...]
    account: str
    revision: int
    kept_at: datetime | None
    handed_in_at: datetime | None
    state: str
    late: bool

    @property
    def open(self) -> bool:
        """Whether something can still be written."""
        return self.handed_in_at is None and not self.ended

    @property
    def ended(self) -> bool:
        """Whether it is over without or with a result."""
        return self.state in (RELEASED, *NO_MORE)


def page(*, actor: Actor, observation_id: str) -> HandingInPage:
    """The candidate's own page of a session that they watch. NotFound for everybody else."""
    session = base.session()
    seat = _own(session, actor, observation_id)
    row, held = seat.row, seats.handed_in(session, observation_id)
    version_id = session.scalars(select(Candidacy.programme_version_id).where(Candidacy.id == row.candidacy_id)).one()
    people = (Person.id, Person.name, Person.chosen_name)
    known = {one.id: one for one in session.execute(select(*people).where(Person.id.in_([row.observer_id, row.mentor_id or ""])))}

    def name(person_id: str | None) -> str:
        found = known.get(person_id or "")
        return display_name(found.chosen_name or found.name, found.id) if found is not None else ""

    due_on = row.planned_for + NOTES_DAYS
    handed_in_at = held.handed_in_at if held is not None else None
    return HandingInPage(
        id=row.id,
        planned_for=row.planned_for,
        due_on=due_on,
        place=row.place,
        mentor=name(row.mentor_id),
        rater=name(row.observer_id),
        protocol=next((one for one in programme.load(version_id).protocols if one.kind == row.kind), None),
        notes=seats.notes_of(session, seat),
        account=held.account if held is not None else "",
        revision=held.revision if held is not None else 0,
        kept_at=held.kept_at if held is not None and held.account else None,
        handed_in_at=handed_in_at,
        state=row.state,
        late=(handed_in_at.date() if handed_in_at is not None else base.now().date()) > due_on,
    )


def keep(*, actor: Actor, observation_id: str, account: str, revision: int, note: Note | None = None) -> tuple[int, datetime]:
    """Keep the account as it is so far, and a further note. -> its revision, and when

    RuleBroken ``draft_conflict`` (revision) where another window has kept something else since, ``account_long``, ``handed_in_already``,
    ``observation_closed``, ``account_not_kept`` while not everybody who was asked has agreed, and as ``save_note``.
    """
    with base.transactional() as session:
        held = _keep(session, actor, _own(session, actor, observation_id, lock=True), account, revision, note)
        return held.revision, held.kept_at


def hand_in(*, actor: Actor, observation_id: str, account: str, revision: int, note: Note | None = None) -> None:
    """Hand in notes and account: from then on their rater reads both, and nothing of them changes. Twice is harmless.

    RuleBroken ``account_empty``, ``notes_missing``, and as ``keep``.
    """
    with base.transactional() as session:
        seat = _own(session, actor, observation_id, lock=True)
        if seat.closed:
            return
        held = _keep(session, actor, seat, account, revision, note)
        if not held.account:
            raise RuleBroken("account_empty")
        notes = seats.notes_of(session, seat)
        if not notes:
            raise RuleBroken("notes_missing")
        held.handed_in_at = base.now()
        session.flush()
        if seat.row.state == RATED:
            noting.read_again(session, seat.row)
        privacy.record(session, actor=actor, verb="hand_in", object_kind="observation", object_id=observation_id, notes=len(notes))
        notification.tell(
            session,
            org_id=actor.org_id,
            person_id=seat.row.observer_id,
            kind="notes_handed_in",
            facts={"planned_for": seat.row.planned_for},
            endpoint="observation.sheet",
            ids={"course": seat.row.course_id, "observation": observation_id},
        )


def _own(session: Session, actor: Actor, observation_id: str, *, lock: bool = False) -> Seat:
    seat = seats.seat(session, actor, observation_id, lock=lock)
    if seat.purpose != CANDIDATE:
        raise NotFound("observation")
    return seat


def _keep(session: Session, actor: Actor, seat: Seat, account: str, revision: int, note: Note | None) -> HandingIn:
    text = account.strip()
    if len(text) > LONGEST_ACCOUNT:
        raise RuleBroken("account_long", most=LONGEST_ACCOUNT)
    if seat.closed:
        raise RuleBroken("handed_in_already")
    if seat.row.state in (RELEASED, *NO_MORE):
        raise RuleBroken("observation_closed", state=seat.row.state, verb="note")
    if note is not None:
        if consent.waits(session, seat.row.id):
            raise RuleBroken("account_not_kept")
        noting.append(session, actor, seat, note)
    held = seats.handed_in(session, seat.row.id)
    if held is None:
        held = HandingIn(id=base.new_id(), observation_id=seat.row.id, account="", revision=0, kept_at=base.now())
        session.add(held)
    if held.account != text:
        if text and consent.waits(session, seat.row.id):
            raise RuleBroken("account_not_kept")
        if held.revision != revision:
            raise RuleBroken("draft_conflict", revision=held.revision)
        held.account, held.revision, held.kept_at = text, held.revision + 1, base.now()
    session.flush()
    return held
