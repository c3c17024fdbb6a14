# SPDX-License-Identifier: Apache-2.0
"""From where somebody sees an observation: their seat, and what of notes and ratings is theirs to see. Never another rater's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from lti_mentoring.domain.observation import NO_MORE, RELEASED, WAITING, Rating
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.programme import STRUCTURED
from lti_mentoring.domain.releasing import FIRST, SELF
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.handing_in import HandingIn
from lti_mentoring.store.observation import Assessment, CriterionRating, EvidenceNote, Observation
from lti_mentoring.store.rating import Rater


@dataclass(frozen=True, slots=True)
class NoteRow:
    """A line of evidence as it is kept."""

    id: str
    text: str
    noted_at: datetime
    at_second: int | None = None
    tag: str = ""
    struck: bool = False


CANDIDATE = "candidate"
"""The seat of a candidate who watches a mentor: their notes are what is rated, and they rate nothing."""


@dataclass(frozen=True, slots=True)
class Seat:
    """From where somebody sees an observation: ``purpose`` as in ``domain.releasing``, or candidate. ``from_notes``: they were not in the
    room and rate from the raw notes of who was. ``closed``: what they had to do is done, or somebody else was asked instead."""

    row: Observation
    person_id: str
    purpose: str
    from_notes: bool = False
    closed: bool = False

    @property
    def rates(self) -> bool:
        """Whether a rating comes from here."""
        return self.purpose != CANDIDATE


def seat(session: Session, actor: Actor, observation_id: str, *, lock: bool = False) -> Seat:
    """One's own seat at an observation; NotFound for who has none. ``lock`` holds the observation for a verb that writes."""
    query = select(Observation).where(Observation.id == observation_id, Observation.course_id == actor.course_id)
    # SQLite has one writer at a time anyway; on PostgreSQL the row lock puts two windows in order.
    row = session.scalar(query.with_for_update().execution_options(populate_existing=True) if lock else query)
    found = _seat(session, actor, row) if row is not None else None
    if found is None:
        raise NotFound("observation")
    return found


def _seat(session: Session, actor: Actor, row: Observation) -> Seat | None:
    if row.observer_id == actor.person_id:
        return Seat(row, actor.person_id, FIRST)
    rater = session.scalar(select(Rater).where(Rater.observation_id == row.id, Rater.person_id == actor.person_id))
    if rater is not None and rater.state != "ended":
        return Seat(row, actor.person_id, rater.purpose, rater.from_notes)
    if row.kind == STRUCTURED:
        subject = session.scalar(select(Candidacy.person_id).where(Candidacy.id == row.candidacy_id))
        if subject == actor.person_id:
            return Seat(row, actor.person_id, CANDIDATE, closed=_is_in(handed_in(session, row.id)))
    return None


def handed_in(session: Session, observation_id: str) -> HandingIn | None:
    """What the candidate wrote of a session that they watched, handed in or not."""
    return session.scalar(select(HandingIn).where(HandingIn.observation_id == observation_id))


def _is_in(held: HandingIn | None) -> bool:
    return held is not None and held.handed_in_at is not None


def rating_seat(session: Session, actor: Actor, observation_id: str, *, lock: bool = False) -> Seat:
    """The same, for who rates; NotFound for everybody else."""
    found = seat(session, actor, observation_id, lock=lock)
    if not found.rates:
        raise NotFound("observation")
    return found


def draft_of(session: Session, found: Seat) -> Assessment | None:
    """The sheet of a seat, if anything was written on it yet."""
    mine = (Assessment.observation_id == found.row.id, Assessment.assessor_id == found.person_id)
    return session.scalar(select(Assessment).where(*mine))


def is_early(found: Seat) -> bool:
    """Whether somebody who rates from the notes has to wait: they are finished once the observer has submitted."""
    return found.from_notes and found.row.state in WAITING


def is_open(found: Seat, held: Assessment | None) -> bool:
    """Whether a sheet may be written on: until it is submitted, and again once its rater corrects it, as long as no result stands. Whoever
    rates in the room beside the observer need not wait for them, nor they for them."""
    if found.row.state in (RELEASED, *NO_MORE) or found.closed or is_early(found):
        return False
    return held is None or held.state == "draft"


def check_open(found: Seat, held: Assessment | None, verb: str) -> None:
    """RuleBroken ``notes_unfinished``; ``observation_closed`` where a sheet may not be written on any more."""
    if is_early(found):
        raise RuleBroken("notes_unfinished")
    if not is_open(found, held):
        raise RuleBroken("observation_closed", state=found.row.state, verb=verb)


def notes_of(session: Session, found: Seat) -> tuple[NoteRow, ...]:
    """The evidence that a seat may see, in the order of time: one's own; who rates from the notes sees those of the room as they were
    written, without a tag, once they are finished; who rates how a candidate observes sees what the candidate has handed in."""
    query = select(EvidenceNote).where(EvidenceNote.observation_id == found.row.id, EvidenceNote.struck_at.is_(None))
    rows = session.scalars(query.order_by(EvidenceNote.noted_at, EvidenceNote.id)).all()
    authors = _authors(session, found)
    return tuple(
        NoteRow(row.id, row.text, row.noted_at, row.at_second, row.tag if row.author_id == found.person_id else "")
        for row in rows
        if row.author_id in authors
    )


def _authors(session: Session, found: Seat) -> frozenset[str]:
    seen = {found.person_id}
    if found.from_notes and not is_early(found):
        in_the_room = select(Rater.person_id).where(Rater.observation_id == found.row.id, ~Rater.from_notes, Rater.purpose != SELF)
        seen |= {found.row.observer_id, *session.scalars(in_the_room)}
    if found.row.kind == STRUCTURED and found.rates and _is_in(handed_in(session, found.row.id)):
        seen.add(session.scalars(select(Candidacy.person_id).where(Candidacy.id == found.row.candidacy_id)).one())
    return frozenset(seen)


def all_notes_of(session: Session, observation_id: str) -> tuple[NoteRow, ...]:
    """All evidence of an observation whose result stands; of a line that was struck, only that it was."""
    query = select(EvidenceNote).where(EvidenceNote.observation_id == observation_id)
    rows = session.scalars(query.order_by(EvidenceNote.noted_at, EvidenceNote.id))
    return tuple(NoteRow(row.id, row.text, row.noted_at, row.at_second, row.tag, row.struck_at is not None) for row in rows)


def ratings_of(session: Session, observation_id: str, assessor_id: str) -> dict[str, Rating]:
    """What one assessor has said so far, by criterion."""
    query = (
        select(CriterionRating)
        .join(Assessment, and_(Assessment.org_id == CriterionRating.org_id, Assessment.id == CriterionRating.assessment_id))
        .where(Assessment.observation_id == observation_id, Assessment.assessor_id == assessor_id)
    )
    return {row.criterion: as_rating(row) for row in session.scalars(query)}


def as_rating(row: CriterionRating) -> Rating:
    """A row as what it says."""
    return Rating(row.criterion, row.level, row.not_observed, row.reason, tuple(row.note_ids))
