# SPDX-License-Identifier: Apache-2.0
"""What an observer does with their sheet: notes, levels, consent, and the release that ends it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_mentoring.domain import observation as rules
from lti_mentoring.domain.observation import WAITING, Gap, Rating
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.services import delivery, impartial, notification, privacy, programme
from lti_mentoring.services import sheet as sheets
from lti_mentoring.services.sheet import NoteRow
from lti_mentoring.store import base
from lti_mentoring.store.observation import Assessment, CriterionRating, EvidenceNote, Observation

LONGEST_NOTE = 4000
LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Note:
    """Evidence as a client sends it. ``id`` is the client's own, 32 hex digits, so that sending it twice is harmless."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Clash:
    """A criterion that another window changed meanwhile: what this one says, and what is kept."""

    criterion: str
    yours: Rating
    kept: Rating


@dataclass(frozen=True, slots=True)
class Draft:
    """What became of a save. What clashes was not written; everything else was."""

    revision: int
    state: str
    saved_at: datetime
    clashes: tuple[Clash, ...]
    gaps: tuple[Gap, ...]


def save_note(*, actor: Actor, observation_id: str, note: Note) -> NoteRow:
    """Append a line of evidence. The same note again changes nothing; other words under the same id are kept beside it.

    RuleBroken ``note_empty``, ``note_long``, ``observation_closed``.
    """
    with base.transactional() as session:
        row = sheets.own(session, actor, observation_id, lock=True)
        return _append(session, actor, row, note)


def save_draft(
    *,
    actor: Actor,
    observation_id: str,
    revision: int,
    ratings: Sequence[Rating] = (),
    note: Note | None = None,
    consent: bool | None = None,
) -> Draft:
    """Keep what the sheet says; evidence may still be missing.

    ``revision`` is the one that the sender's page was made from. A criterion that somebody changed since, to something else, is
    not overwritten but given back as a clash; a note is always kept. RuleBroken as ``domain.observation.check_draft`` and
    ``save_note``; ``observation_closed`` once it is released.
    """
    with base.transactional() as session:
        row = sheets.own(session, actor, observation_id, lock=True)
        subject = sheets.subject_of(session, row)
        if note is not None:
            _append(session, actor, row, note)
        if consent is not None:
            _consent(session, actor, row, given=consent)
        clashes = _rate(session, actor, row, revision, ratings)
        session.flush()
        gaps = rules.gaps(sheets.case_of(session, row, subject))
        return Draft(sheets.revision_of(session, row), row.state, base.now(), clashes, gaps)


def record_consent(*, actor: Actor, observation_id: str, given: bool = True) -> None:
    """The protégé has agreed to be observed, or has taken it back: said by the observer, who stands for it with name and time."""
    with base.transactional() as session:
        _consent(session, actor, sheets.own(session, actor, observation_id, lock=True), given=given)


def release(*, actor: Actor, observation_id: str, revision: int) -> None:
    """Make the rating final and show it to the candidate; the gradebook follows from it. A second press changes nothing.

    RuleBroken: the code of the first gap, with ``criteria`` and ``gaps``; ``draft_changed`` if another window changed the sheet
    since ``revision``; ``observation_closed`` if it was called off.
    """
    with base.transactional() as session:
        row = sheets.own(session, actor, observation_id, lock=True)
        if row.state == "released":
            return
        subject = sheets.subject_of(session, row)
        if row.state in WAITING and sheets.revision_of(session, row) != revision:
            raise RuleBroken("draft_changed")
        case = sheets.case_of(session, row, subject)
        row.state = rules.release(row.state, case)
        row.released_at = base.now()
        noted = impartial.noted(session, row, subject.version, programme.rubric(row.rubric_version_id))
        row.helped_with = " ".join(noted)[:200]
        assessment = _assessment(session, row)
        assessment.state = "released"
        assessment.submitted_at = assessment.released_at = row.released_at
        session.flush()
        met = sheets.verdict_of(subject.version, row, case.ratings).met
        privacy.record(
            session, actor=actor, verb="release", object_kind="observation", object_id=row.id, met=met, revision=assessment.revision
        )
        delivery.want(session, org_id=actor.org_id, course_id=row.course_id, person_id=subject.person_id, items=("observation",))
        notification.tell(
            session,
            org_id=actor.org_id,
            person_id=subject.person_id,
            kind="observation_released",
            facts={"planned_for": row.planned_for},
            endpoint="observation.report",
            ids={"course": row.course_id, "observation": row.id},
        )


# --- inside -------------------------------------------------------------------------------------------------------------


def _append(session: Session, actor: Actor, row: Observation, note: Note) -> NoteRow:
    text = note.text.strip()
    if not text:
        raise RuleBroken("note_empty")
    if len(text) > LONGEST_NOTE:
        raise RuleBroken("note_long", most=LONGEST_NOTE)
    # Other words under a known id get an id of their own, the same each time, so that nothing is lost and a resend still is one.
    other = hashlib.sha256(f"{row.id}:{note.id}:{text}".encode()).hexdigest()[:32]
    known = {found.id: found for found in session.scalars(select(EvidenceNote).where(EvidenceNote.id.in_((note.id, other))))}
    for held in known.values():
        if held.observation_id == row.id and held.text == text:
            return NoteRow(held.id, held.text, held.noted_at)
    row.state = rules.after(row.state, "note")
    made = EvidenceNote(id=other if note.id in known else note.id, observation_id=row.id, author_id=actor.person_id, text=text)
    session.add(made)
    session.flush()
    privacy.record(session, actor=actor, verb="note", object_kind="observation", object_id=row.id, note=made.id)
    return NoteRow(made.id, made.text, made.noted_at)


def _consent(session: Session, actor: Actor, row: Observation, *, given: bool) -> None:
    if given == (row.consent_at is not None):
        return
    verb = "consent" if given else "take_back_consent"
    row.state = rules.after(row.state, verb)
    row.consent_at, row.consent_by = (base.now(), actor.person_id) if given else (None, None)
    privacy.record(session, actor=actor, verb=verb, object_kind="observation", object_id=row.id)


def _rate(session: Session, actor: Actor, row: Observation, revision: int, ratings: Sequence[Rating]) -> tuple[Clash, ...]:
    state = rules.after(row.state, "rate") if ratings else row.state
    rules.check_draft(programme.rubric(row.rubric_version_id), ratings, sheets.note_ids_of(session, row.id))
    assessment = _assessment(session, row)
    rows = {held.criterion: held for held in session.scalars(select(CriterionRating).where(CriterionRating.assessment_id == assessment.id))}
    clashes: list[Clash] = []
    changed: list[str] = []
    for rating in map(_trimmed, ratings):
        held = rows.get(rating.criterion)
        kept = sheets.as_rating(held) if held is not None else Rating(rating.criterion)
        if kept == rating:
            continue
        if held is not None and held.revision > revision:
            clashes.append(Clash(rating.criterion, rating, kept))
            continue
        _write(session, assessment, held, rating)
        changed.append(rating.criterion)
    if changed:
        row.state = state
        assessment.revision += 1
        names = " ".join(changed)
        privacy.record(session, actor=actor, verb="rate", object_kind="observation", object_id=row.id, criteria=names)
    return tuple(clashes)


def _assessment(session: Session, row: Observation) -> Assessment:
    held = session.scalar(select(Assessment).where(Assessment.observation_id == row.id, Assessment.assessor_id == row.observer_id))
    if held is None:
        held = Assessment(
            id=base.new_id(), observation_id=row.id, assessor_id=row.observer_id, rubric_version_id=row.rubric_version_id, revision=0
        )
        session.add(held)
        session.flush()
    return held


def _write(session: Session, assessment: Assessment, held: CriterionRating | None, rating: Rating) -> None:
    if held is None:
        held = CriterionRating(assessment_id=assessment.id, criterion=rating.criterion)
        session.add(held)
    held.level, held.not_observed, held.reason = rating.level, rating.not_observed, rating.reason
    held.note_ids = list(rating.note_ids)
    held.revision = assessment.revision + 1


def _trimmed(rating: Rating) -> Rating:
    """As it is kept: notes in one order, each once. A reason stays where a level was chosen after all; reports do not show it then."""
    reason = rating.reason.strip()
    if len(reason) > LONGEST_REASON:
        raise RuleBroken("reason_long", most=LONGEST_REASON)
    return Rating(rating.criterion, rating.level, rating.not_observed, reason, tuple(sorted(set(rating.note_ids))))
