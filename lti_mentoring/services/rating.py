# SPDX-License-Identifier: Apache-2.0
"""What a rater does with their sheet: notes, levels, consent, the submission that closes it, and its correction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lti_mentoring.domain import observation as rules
from lti_mentoring.domain import releasing as holding
from lti_mentoring.domain.counting import asks_length
from lti_mentoring.domain.mentorship import check_length
from lti_mentoring.domain.observation import Gap, Rating
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.programme import Policy
from lti_mentoring.domain.releasing import FIRST, RATERS
from lti_mentoring.domain.rule import NotAllowed, RuleBroken
from lti_mentoring.services import assessor, consent, noting, opinion, privacy, programme, releasing
from lti_mentoring.services import seat as seats
from lti_mentoring.services import sheet as sheets
from lti_mentoring.services.noting import Note
from lti_mentoring.services.seat import NoteRow, Seat
from lti_mentoring.store import base
from lti_mentoring.store.observation import Assessment, CriterionRating, EvidenceNote, Observation
from lti_mentoring.store.rating import Rater, SubmittedRating

LONGEST_REASON = 500

__all__ = ["LONGEST_REASON", "Clash", "Draft", "Note", "record_consent", "reopen", "save_draft", "save_note", "submit", "take_up"]


@dataclass(frozen=True, slots=True)
class Clash:
    """A criterion that another window changed meanwhile: what this one says, and what is kept."""

    criterion: str
    yours: Rating
    kept: Rating


@dataclass(frozen=True, slots=True)
class Draft:
    """What became of a save. What clashes was not written; everything else was, but a note and reasons where it ``waits``: words
    are not taken while not everybody who was asked has agreed."""

    revision: int
    state: str
    saved_at: datetime
    clashes: tuple[Clash, ...]
    gaps: tuple[Gap, ...]
    waits: bool = False


def save_note(*, actor: Actor, observation_id: str, note: Note) -> NoteRow:
    """Append a line of evidence. The same note again changes nothing; other words under the same id are kept beside it.

    RuleBroken as ``noting.append``.
    """
    with base.transactional() as session:
        return noting.append(session, actor, seats.seat(session, actor, observation_id, lock=True), note)


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
    ``save_note``; ``observation_closed`` once it is submitted.
    """
    with base.transactional() as session:
        seat = seats.rating_seat(session, actor, observation_id, lock=True)
        subject = sheets.subject_of(session, seat.row)
        waits = note is not None and _waits(session, actor, seat, note)
        if consent is not None:
            _consent(session, actor, seat, given=consent)
        clashes, without_reasons = _rate(session, actor, seat, revision, ratings)
        session.flush()
        gaps = rules.gaps(sheets.case_of(session, seat, subject))
        held = seats.draft_of(session, seat)
        return Draft(held.revision if held is not None else 0, seat.row.state, base.now(), clashes, gaps, waits or without_reasons)


def record_consent(*, actor: Actor, observation_id: str, given: bool = True) -> None:
    """The protégé has agreed to be observed, or has taken it back: said by the observer, who stands for it with name and time."""
    with base.transactional() as session:
        _consent(session, actor, seats.rating_seat(session, actor, observation_id, lock=True), given=given)


def submit(*, actor: Actor, observation_id: str, revision: int, minutes: int | None = None) -> None:
    """Make one's rating final. Once nothing holds it, the observation is released in the same moment. A second press changes nothing.

    RuleBroken: the code of the first gap, with ``criteria`` and ``gaps``; ``draft_changed`` if another window changed the sheet
    since ``revision``; ``observation_closed`` if it was called off; ``conflict_closed``, ``conflict_needs_override`` (findings, names).
    ``minutes`` is how long the session lasted, as its observer says: ``length_missing`` where it is asked for, ``session_minutes``.
    """
    with base.transactional() as session:
        seat = seats.rating_seat(session, actor, observation_id, lock=True)
        sheet = seats.draft_of(session, seat)
        if sheet is not None and sheet.state != "draft" and seat.row.state not in rules.NO_MORE:
            return
        seats.check_open(seat, sheet, "submit")
        if (sheet.revision if sheet is not None else 0) != revision:
            raise RuleBroken("draft_changed")
        subject = sheets.subject_of(session, seat.row)
        case = sheets.case_of(session, seat, subject)
        rules.check(case)
        _lasted(seat, subject.version.policy, minutes)
        if seat.purpose in RATERS:
            who = {"subject_id": subject.person_id, "person_id": seat.person_id}
            assessor.rate(session, actor=actor, row=seat.row, version=subject.version, **who)
        sheet = _sheet(session, seat)
        made = _submitted(session, seat, case, sheet)
        sheet.state, sheet.submitted_at, sheet.why = "submitted", made.submitted_at, ""
        if seat.purpose == FIRST:
            seat.row.state = rules.submit(seat.row.state, case)
            seat.row.rated_at = seat.row.rated_at or made.submitted_at
        else:
            _rater(session, seat).state = "submitted"
        session.flush()
        told = {"purpose": seat.purpose, "weight": made.weight}
        privacy.record(session, actor=actor, verb="submit", object_kind="observation", object_id=seat.row.id, number=made.number, **told)
        releasing.rated(session, seat, subject, made, actor=actor)


def reopen(*, actor: Actor, observation_id: str, why: str) -> None:
    """Take one's rating up again to correct it, with a reason, while no result stands; what was submitted stays beside the correction.

    RuleBroken ``correction_without_reason``, ``reason_long``, ``correction_late`` once it is released, ``correction_open`` where nothing
    was submitted; ``correction_seen`` where they led the course alone, and so could read on what the session waits (I9).
    """
    reason = why.strip()
    if not reason:
        raise RuleBroken("correction_without_reason")
    if len(reason) > LONGEST_REASON:
        raise RuleBroken("reason_long", most=LONGEST_REASON)
    with base.transactional() as session:
        seat = seats.rating_seat(session, actor, observation_id, lock=True)
        sheet = seats.draft_of(session, seat)
        if seat.row.state in (rules.RELEASED, *rules.NO_MORE):
            raise RuleBroken("correction_late")
        if sheet is None or sheet.state == "draft":
            raise RuleBroken("correction_open")
        if opinion.seen(session, seat.row, seat.person_id):
            raise RuleBroken("correction_seen")
        take_up(session, seat.row, sheet, reason, actor=actor)


def take_up(session: Session, row: Observation, sheet: Assessment, why: str, *, actor: Actor | str) -> None:
    """Open a submitted sheet again, in the caller's transaction, with the observation locked: its rater has to submit anew."""
    sheet.state, sheet.why = "draft", why
    session.flush()
    privacy.record(session, actor=actor, verb="reopen", object_kind="observation", object_id=row.id, revision=sheet.revision)


# --- inside -------------------------------------------------------------------------------------------------------------


def _submitted(session: Session, seat: Seat, case: rules.Case, sheet: Assessment) -> SubmittedRating:
    mine = (SubmittedRating.observation_id == seat.row.id, SubmittedRating.assessor_id == seat.person_id)
    before = session.scalar(select(func.max(SubmittedRating.number)).where(*mine)) or 0
    weight = sheets.weight_of(session, seat)
    made = SubmittedRating(
        id=base.new_id(),
        observation_id=seat.row.id,
        assessor_id=seat.person_id,
        rubric_version_id=seat.row.rubric_version_id,
        number=before + 1,
        purpose=seat.purpose,
        from_notes=seat.from_notes,
        said=holding.plain({one.criterion: one for one in case.said()}),
        weight=weight.weight,
        weight_reason=weight.reason,
        why=sheet.why,
        submitted_at=base.now(),
    )
    session.add(made)
    session.flush()
    return made


def _lasted(seat: Seat, policy: Policy, minutes: int | None) -> None:
    if seat.purpose != FIRST or not asks_length(policy, seat.row.kind):
        return
    if minutes is None and seat.row.minutes is None:
        raise RuleBroken("length_missing")
    seat.row.minutes = check_length(minutes) if minutes is not None else seat.row.minutes


def _rater(session: Session, seat: Seat) -> Rater:
    return session.scalars(select(Rater).where(Rater.observation_id == seat.row.id, Rater.person_id == seat.person_id)).one()


def _consent(session: Session, actor: Actor, seat: Seat, *, given: bool) -> None:
    row = seat.row
    if seat.purpose != FIRST:
        raise NotAllowed("consent_by_observer")
    if given == (row.consent_at is not None):
        return
    if given and consent.asked(session, row):
        raise RuleBroken("consent_is_theirs")
    verb = "consent" if given else "take_back_consent"
    row.state = rules.after(row.state, verb)
    row.consent_at, row.consent_by = (base.now(), actor.person_id) if given else (None, None)
    privacy.record(session, actor=actor, verb=verb, object_kind="observation", object_id=row.id)


def _rate(session: Session, actor: Actor, seat: Seat, revision: int, ratings: Sequence[Rating]) -> tuple[tuple[Clash, ...], bool]:
    """-> what clashes, and whether there are reasons that wait"""
    row, waits = seat.row, consent.waits(session, seat.row.id)
    if ratings:
        seats.check_open(seat, seats.draft_of(session, seat), "rate")
    # A second person's sheet moves nothing: when the observer begins is their own.
    state = rules.after(row.state, "rate") if ratings and seat.purpose == FIRST else row.state
    ratings = _unstruck(session, row, ratings)
    rules.check_draft(programme.rubric(row.rubric_version_id), ratings, [note.id for note in seats.notes_of(session, seat)])
    assessment = _sheet(session, seat)
    rows = {held.criterion: held for held in session.scalars(select(CriterionRating).where(CriterionRating.assessment_id == assessment.id))}
    clashes: list[Clash] = []
    changed: list[str] = []
    without_reasons = False
    for sent in map(_trimmed, ratings):
        rating, held = sent, rows.get(sent.criterion)
        kept = seats.as_rating(held) if held is not None else Rating(rating.criterion)
        if waits and rating.reason not in ("", kept.reason):
            rating, without_reasons = replace(rating, reason=kept.reason), True
        if kept == rating:
            continue
        if held is not None and held.revision > revision:
            clashes.append(Clash(sent.criterion, sent, kept))
            continue
        _write(session, assessment, held, rating)
        changed.append(rating.criterion)
    if changed:
        row.state = state
        assessment.revision += 1
        names = " ".join(changed)
        privacy.record(session, actor=actor, verb="rate", object_kind="observation", object_id=row.id, criteria=names)
    return tuple(clashes), without_reasons


def _waits(session: Session, actor: Actor, seat: Seat, note: Note) -> bool:
    """Keep a note; True where it is not taken yet, which keeps nothing else of the sheet back."""
    try:
        noting.append(session, actor, seat, note)
    except RuleBroken as broken:
        if broken.code != noting.WAITS:
            raise
        return True
    return False


def _unstruck(session: Session, row: Observation, ratings: Sequence[Rating]) -> Sequence[Rating]:
    """Without notes that were struck since the page was made: it could not know."""
    gone = (EvidenceNote.observation_id == row.id, EvidenceNote.struck_at.is_not(None))
    struck = set(session.scalars(select(EvidenceNote.id).where(*gone)))
    return [replace(one, note_ids=tuple(id for id in one.note_ids if id not in struck)) for one in ratings] if struck else ratings


def _sheet(session: Session, seat: Seat) -> Assessment:
    held = seats.draft_of(session, seat)
    if held is None:
        held = Assessment(
            id=base.new_id(),
            observation_id=seat.row.id,
            assessor_id=seat.person_id,
            rubric_version_id=seat.row.rubric_version_id,
            state="draft",
            revision=0,
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
