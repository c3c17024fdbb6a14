# SPDX-License-Identifier: Apache-2.0
"""Capture in the field: what a phone needs to go where no network is, and what it brings back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lti_mentoring.domain import discretion
from lti_mentoring.domain import field as rules
from lti_mentoring.domain.discretion import Finding
from lti_mentoring.domain.field import Counted
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.programme import Criterion
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import consent, noting, privacy, programme
from lti_mentoring.services import seat as seats
from lti_mentoring.services import sheet as sheets
from lti_mentoring.services.noting import LONGEST_NOTE, Note
from lti_mentoring.services.seat import NoteRow, Seat
from lti_mentoring.store import base
from lti_mentoring.store.field import FieldDevice
from lti_mentoring.store.mentorship import MentoringSession
from lti_mentoring.store.observation import EvidenceNote, Observation
from lti_mentoring.store.people import Person

MOST_DEVICES = 50
"""Of one person at one observation; nobody has so many, and a counter of one more is not kept. Notes always are."""


@dataclass(frozen=True, slots=True)
class Device:
    """What one device of the reader has counted so far."""

    id: str
    counted: Counted


@dataclass(frozen=True, slots=True)
class FieldPage:
    """All that somebody takes along to a session. ``names``: what a note had better not say, of what they can read anyway; ``open``:
    notes are still taken; ``can``: it can be observed, as far as those in the room have said; ``devices``: their own ones."""

    id: str
    person_id: str
    kind: str
    purpose: str
    candidate: str
    protege: str
    planned_for: date
    place: str
    minutes: int | None
    criteria: tuple[Criterion, ...]
    notes: tuple[NoteRow, ...]
    devices: tuple[Device, ...]
    names: tuple[str, ...]
    open: bool
    can: bool


@dataclass(frozen=True, slots=True)
class Batch:
    """What a device sends: whose it is, notes by their own ids, and all that it has counted."""

    person_id: str
    device: str
    notes: Sequence[Note] = ()
    counted: Counted = field(default_factory=Counted)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of it. ``stored``: the id that was sent -> the one that it is kept under, another one where other words had it;
    ``waits``: those that are not taken while not everybody who was asked has agreed; ``refused``: the id -> why. A device may forget the
    first, sends the second again, and shows the last. ``can`` as on the page."""

    stored: Mapping[str, str]
    waits: frozenset[str]
    refused: Mapping[str, RuleBroken]
    notes: tuple[NoteRow, ...]
    devices: tuple[Device, ...]
    open: bool
    can: bool


def page(*, actor: Actor, observation_id: str) -> FieldPage:
    """The page of one's own seat in the room. NotFound for who has none, or rates from the notes of others."""
    session = base.session()
    seat = _seat(session, actor, observation_id)
    row, subject = seat.row, sheets.subject_of(session, seat.row)
    minutes = session.scalar(select(MentoringSession.minutes).where(MentoringSession.id == row.session_id)) if row.session_id else None
    return FieldPage(
        id=row.id,
        person_id=actor.person_id,
        kind=row.kind,
        purpose=seat.purpose,
        candidate=subject.name,
        protege=row.protege_label,
        planned_for=row.planned_for,
        place=row.place,
        minutes=minutes,
        criteria=programme.rubric(row.rubric_version_id).criteria,
        notes=_own_notes(session, seat),
        devices=_devices(session, seat),
        names=_names(session, seat, subject.name),
        open=noting.takes(seat),
        can=_can(session, row),
    )


def keep(*, actor: Actor, observation_id: str, batch: Batch) -> Receipt:
    """Take what a device brings, however late and however often. Each note stands for itself: one that is refused keeps none back.

    RuleBroken ``field_other_person`` where somebody else is signed in than who wrote it; of single notes, as ``noting.append``.
    """
    if batch.person_id != actor.person_id:
        raise RuleBroken("field_other_person")
    stored: dict[str, str] = {}
    waits: set[str] = set()
    refused: dict[str, RuleBroken] = {}
    with base.transactional() as session:
        seat = _seat(session, actor, observation_id, lock=True)
        counted = _count(session, actor, seat, batch) if noting.takes(seat) else batch.counted
        for note in batch.notes:
            try:
                kept = noting.append(session, actor, seat, note, batch.device, counted)
            except RuleBroken as broken:
                if broken.code == noting.WAITS:
                    waits.add(note.id)
                else:
                    refused[note.id] = broken
                continue
            stored[note.id] = kept.id
        session.flush()
        state = (_own_notes(session, seat), _devices(session, seat), noting.takes(seat), _can(session, seat.row))
        return Receipt(stored, frozenset(waits), refused, *state)


def save(*, actor: Actor, observation_id: str, note: Note) -> NoteRow:
    """Keep one note by the page's own form. NotFound as ``page``; RuleBroken as ``noting.append``."""
    with base.transactional() as session:
        return noting.append(session, actor, _seat(session, actor, observation_id, lock=True), note)


def findings(*, actor: Actor, observation_id: str, texts: Iterable[str]) -> tuple[Finding, ...]:
    """What texts say that may tell who somebody is, each once. RuleBroken ``note_long`` before a text is searched that none can be."""
    texts = tuple(texts)
    if any(len(text) > LONGEST_NOTE for text in texts):
        raise RuleBroken("note_long", most=LONGEST_NOTE)
    session = base.session()
    seat = seats.seat(session, actor, observation_id)
    known = _names(session, seat, sheets.subject_of(session, seat.row).name)
    return tuple(dict.fromkeys(found for text in texts for found in discretion.findings(text, known)))


# --- inside -----------------------------------------------------------------------------------------------------------------------


def _seat(session: Session, actor: Actor, observation_id: str, *, lock: bool = False) -> Seat:
    found = seats.seat(session, actor, observation_id, lock=lock)
    if found.from_notes:
        raise NotFound("observation")
    return found


def _can(session: Session, row: Observation) -> bool:
    """Whether it can be observed, where anybody was asked themself; the observer's own word is given on the sheet, later."""
    return not consent.waits(session, row.id)


def _own_notes(session: Session, seat: Seat) -> tuple[NoteRow, ...]:
    """One's own alone: what somebody else wrote is read on the sheet, where it may be read at all."""
    mine = (EvidenceNote.observation_id == seat.row.id, EvidenceNote.author_id == seat.person_id, EvidenceNote.struck_at.is_(None))
    rows = session.scalars(select(EvidenceNote).where(*mine).order_by(EvidenceNote.noted_at, EvidenceNote.id))
    return tuple(NoteRow(row.id, row.text, row.noted_at, row.at_second, row.tag) for row in rows)


def _names(session: Session, seat: Seat, candidate: str) -> tuple[str, ...]:
    people = [candidate]
    if seat.row.mentor_id:
        mentor = session.execute(select(Person.chosen_name, Person.name).where(Person.id == seat.row.mentor_id)).one()
        people.append(mentor[0] or mentor[1] or "")
    return discretion.names(people, [seat.row.protege_label, seat.row.place])


def _devices(session: Session, seat: Seat) -> tuple[Device, ...]:
    mine = (FieldDevice.observation_id == seat.row.id, FieldDevice.author_id == seat.person_id)
    rows = session.scalars(select(FieldDevice).where(*mine).order_by(FieldDevice.device))
    return tuple(Device(row.device, _counted(row)) for row in rows)


def _counted(row: FieldDevice) -> Counted:
    return Counted(row.counts, tuple((start, end) for start, end in row.pauses), row.started_at, row.ended_at)


def _plausible(counted: Counted) -> Counted:
    """As far as the clock of its device can be so."""
    started, ended = (rules.plausible(at, base.now()) if at is not None else None for at in (counted.started_at, counted.ended_at))
    return replace(counted, started_at=started, ended_at=ended)


def _count(session: Session, actor: Actor, seat: Seat, batch: Batch) -> Counted:
    """Add what a device has counted to what it has reported before; the observation is locked, so that reports take turns. -> both"""
    mine = (FieldDevice.observation_id == seat.row.id, FieldDevice.author_id == seat.person_id)
    row = session.scalar(select(FieldDevice).where(*mine, FieldDevice.device == batch.device))
    if row is None:
        if (session.scalar(select(func.count(FieldDevice.id)).where(*mine)) or 0) >= MOST_DEVICES:
            return batch.counted
        row = FieldDevice(observation_id=seat.row.id, author_id=seat.person_id, device=batch.device, counts={}, pauses=[])
        session.add(row)
        privacy.record(session, actor=actor, verb="field", object_kind="observation", object_id=seat.row.id, device=batch.device)
    both = rules.merged(_counted(row), _plausible(batch.counted))
    row.counts, row.pauses = dict(both.counts), [list(span) for span in both.pauses]
    row.started_at, row.ended_at, row.seen_at = both.started_at, both.ended_at, base.now()
    return both
