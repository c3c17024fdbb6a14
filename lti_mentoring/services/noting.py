# SPDX-License-Identifier: Apache-2.0
"""How a line of evidence arrives, by whatever way: once, as long as lines are taken, and with its words only where they may be kept."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lti_mentoring.domain import field
from lti_mentoring.domain import observation as rules
from lti_mentoring.domain.consent import GRANTED
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.releasing import SELF
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.services import consent, privacy, reading_time
from lti_mentoring.services.seat import CANDIDATE, NoteRow, Seat
from lti_mentoring.store import base
from lti_mentoring.store.field import FieldDevice, Participant
from lti_mentoring.store.observation import EvidenceNote, Observation

LONGEST_NOTE = 4000

WAITS = "note_waits"
"""The code of what is not taken yet; whoever wrote it keeps it, and sends it again."""

UNCOUNTED = field.Counted()

MOST_NOTES = 500
"""Of one person at one observation: a line every ten seconds for more than an hour, which nobody writes."""


@dataclass(frozen=True, slots=True)
class Note:
    """Evidence as a client sends it. ``id`` is the client's own, 32 hex digits, so that sending it twice is harmless.

    ``noted_at`` and ``at_second`` are by the clocks of the device and of the session, where it came from the field."""

    id: str
    text: str
    noted_at: datetime | None = None
    at_second: int | None = None
    tag: str = ""


def takes(seat: Seat) -> bool:
    """Whether notes are still taken from a seat."""
    return not seat.closed and (seat.row.state, "note") in rules.TABLE


def append(session: Session, actor: Actor, seat: Seat, note: Note, device: str = "", counted: field.Counted = UNCOUNTED) -> NoteRow:
    """Keep a line of evidence in the caller's transaction, with the observation locked. ``device``: by which it came, if by any, and all
    that this one has ``counted``.

    A resend of what was struck comes back ``struck``, without its words. RuleBroken ``note_waits`` while not everybody who was asked has
    agreed; ``note_empty``, ``note_long``, ``notes_many``, ``off_the_record``, ``observation_closed``.
    """
    row, text = seat.row, note.text.strip()
    if not text:
        raise RuleBroken("note_empty")
    # Other words under a known id get an id of their own, the same each time, so that nothing is lost and a resend still is one.
    other = hashlib.sha256(f"{row.id}:{note.id}:{text}".encode()).hexdigest()[:32]
    known = {found.id: found for found in session.scalars(select(EvidenceNote).where(EvidenceNote.id.in_((note.id, other))))}
    for held in known.values():
        # What was struck stays struck, whichever phone sends it again.
        if held.observation_id == row.id and held.author_id == actor.person_id and (held.text == text or held.struck_at is not None):
            return NoteRow(held.id, held.text, held.noted_at, held.at_second, held.tag, held.struck_at is not None)
    made = EvidenceNote(
        id=other if note.id in known else note.id,
        observation_id=row.id,
        author_id=actor.person_id,
        text=text,
        noted_at=field.plausible(min(note.noted_at or base.now(), base.now()), base.now()),
        at_second=note.at_second,
        tag=note.tag[:40],
    )
    _check(session, seat, made, paused=_off_the_record(session, made, _begun(note, made, counted), device, counted))
    if consent.waits(session, row.id):
        raise RuleBroken(WAITS)
    # What a candidate writes of a session that they watch, or of their own part, does not begin the report on it.
    row.state = row.state if seat.purpose in (CANDIDATE, SELF) else rules.after(row.state, "note")
    session.add(made)
    session.flush()
    privacy.record(session, actor=actor, verb="note", object_kind="observation", object_id=row.id, note=made.id)
    if row.state == rules.RATED:
        read_again(session, row)
    return NoteRow(made.id, made.text, made.noted_at, made.at_second, made.tag)


def read_again(session: Session, row: Observation) -> None:
    """What comes after the rating, in the caller's transaction, is read like the rest before a result stands: who was done is not, and the
    time begins anew."""
    readers = session.scalars(select(Participant).where(Participant.observation_id == row.id, Participant.consent == GRANTED)).all()
    if not readers:
        return
    done = [one for one in readers if one.read_at is not None]
    for one in done:
        one.read_at = None
    session.flush()
    reading_time.anew(session, row, [one.person_id for one in done])


# --- inside ------------------------------------------------------------------------------------------------------------------------


def _check(session: Session, seat: Seat, made: EvidenceNote, *, paused: bool) -> None:
    if len(made.text) > LONGEST_NOTE:
        raise RuleBroken("note_long", most=LONGEST_NOTE)
    if not takes(seat):
        raise RuleBroken("observation_closed", state=seat.row.state, verb="note")
    if paused:
        raise RuleBroken("off_the_record")
    if _full(session, made):
        raise RuleBroken("notes_many", most=MOST_NOTES)


def _full(session: Session, made: EvidenceNote) -> bool:
    theirs = (EvidenceNote.observation_id == made.observation_id, EvidenceNote.author_id == made.author_id)
    return (session.scalar(select(func.count(EvidenceNote.id)).where(*theirs)) or 0) >= MOST_NOTES


def _begun(note: Note, made: EvidenceNote, counted: field.Counted) -> datetime | None:
    """When a note was begun, by its own device's start; else when it was written; None where only a second is told."""
    if note.at_second is not None and counted.started_at is not None:
        return counted.started_at + timedelta(seconds=note.at_second)
    return made.noted_at if note.noted_at is not None or note.at_second is None else None


def _off_the_record(session: Session, made: EvidenceNote, begun: datetime | None, device: str, counted: field.Counted) -> bool:
    """Whether it was begun while nothing might be kept, as its author's devices have told. Each counts from a start of its own, so that
    spans of another one are compared by moments."""
    if field.off_the_record(counted.pauses, made.at_second):
        return True
    others = (FieldDevice.observation_id == made.observation_id, FieldDevice.author_id == made.author_id, FieldDevice.device != device)
    for spans, started_at in session.execute(select(FieldDevice.pauses, FieldDevice.started_at).where(*others)):
        second = made.at_second if begun is None or started_at is None else int((begun - started_at).total_seconds())
        if field.off_the_record(spans, second):
            return True
    return False
