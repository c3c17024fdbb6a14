# SPDX-License-Identifier: Apache-2.0
"""What an observation holds, read: its notes and ratings, and the sheet that its observer alone sees while it is a draft."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from lti_mentoring.domain import observation as rules
from lti_mentoring.domain.candidacy import before_observing
from lti_mentoring.domain.observation import WAITING, Case, Gap, Rating, Verdict
from lti_mentoring.domain.people import Actor, display_name
from lti_mentoring.domain.programme import INDEPENDENT, Criterion, Programme, Protocol, Rubric
from lti_mentoring.domain.rule import NotFound
from lti_mentoring.services import candidacy, programme, records
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.observation import Assessment, CriterionRating, EvidenceNote, Observation
from lti_mentoring.store.people import Person


@dataclass(frozen=True, slots=True)
class NoteRow:
    """A line of evidence as it is kept."""

    id: str
    text: str
    noted_at: datetime


@dataclass(frozen=True, slots=True)
class RatedCriterion:
    """A criterion with what was said of it, the notes that carry it, and what a release still lacks there."""

    criterion: Criterion
    rating: Rating
    notes: tuple[NoteRow, ...]
    gap: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """An observation as its observer sees it. ``previous`` and ``next`` are neighbours among what waits, oldest first;
    ``waits``: its release waits for modules that come before observing. Which, the candidate and the coordinator read.
    ``protocol`` is what the programme asks to watch for in observations of this kind, where it says so."""

    id: str
    state: str
    candidate: str
    protege: str
    planned_for: date
    place: str
    revision: int
    consent_at: datetime | None
    criteria: tuple[RatedCriterion, ...]
    notes: tuple[NoteRow, ...]
    gaps: tuple[Gap, ...]
    position: int
    waiting: int
    previous: str | None
    next: str | None
    called_off_for: str = ""
    waits: bool = False
    kind: str = INDEPENDENT
    protocol: Protocol | None = None

    @property
    def rated(self) -> int:
        """How many criteria have something said of them."""
        return sum(not row.rating.open for row in self.criteria)


@dataclass(frozen=True, slots=True)
class ReleasePage:
    """What stands before a release: the sheet, and what its levels amount to."""

    sheet: Sheet
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom an observation is about."""

    person_id: str
    name: str
    version: Programme


@dataclass(frozen=True, slots=True)
class _Neighbours:
    position: int
    waiting: int
    previous: str | None
    next: str | None


# --- pages --------------------------------------------------------------------------------------------------------------


def sheet(*, actor: Actor, observation_id: str) -> Sheet:
    """The rating page. NotFound for everybody but the observer."""
    session = base.session()
    row = own(session, actor, observation_id)
    subject = subject_of(session, row)
    case = case_of(session, row, subject)
    notes = notes_of(session, row.id)
    gaps = rules.gaps(case) if row.state in WAITING else ()
    neighbours = _neighbours(session, actor, row.id)
    return Sheet(
        id=row.id,
        state=row.state,
        candidate=subject.name,
        protege=row.protege_label,
        planned_for=row.planned_for,
        place=row.place,
        revision=revision_of(session, row),
        consent_at=row.consent_at,
        criteria=rated(programme.rubric(row.rubric_version_id), case.ratings, notes, gaps),
        notes=notes,
        gaps=gaps,
        position=neighbours.position,
        waiting=neighbours.waiting,
        previous=neighbours.previous,
        next=neighbours.next,
        called_off_for=row.called_off_for,
        waits=bool(case.before) and row.state in WAITING,
        kind=row.kind,
        protocol=next((one for one in subject.version.protocols if one.kind == row.kind), None),
    )


def release_page(*, actor: Actor, observation_id: str) -> ReleasePage:
    """What the observer confirms. RuleBroken as ``release`` gives it while something is missing."""
    session = base.session()
    row = own(session, actor, observation_id)
    subject = subject_of(session, row)
    case = case_of(session, row, subject)
    rules.release(row.state, case)
    return ReleasePage(sheet(actor=actor, observation_id=observation_id), verdict_of(subject.version, row, case.ratings))


def rated(
    rubric: Rubric, ratings: Mapping[str, Rating], notes: Iterable[NoteRow], gaps: Iterable[Gap] = ()
) -> tuple[RatedCriterion, ...]:
    """The rubric's criteria in order, each with its rating and linked notes."""
    missing = {gap.criterion: gap.code for gap in gaps if gap.criterion}
    rows = []
    for criterion in rubric.criteria:
        rating = ratings.get(criterion.key, Rating(criterion.key))
        linked = tuple(note for note in notes if note.id in rating.note_ids)
        rows.append(RatedCriterion(criterion, rating, linked, missing.get(criterion.key, "")))
    return tuple(rows)


def notes_of(session: Session, observation_id: str) -> tuple[NoteRow, ...]:
    """All evidence of an observation, in the order of time."""
    query = (
        select(EvidenceNote.id, EvidenceNote.text, EvidenceNote.noted_at)
        .where(EvidenceNote.observation_id == observation_id)
        .order_by(EvidenceNote.noted_at, EvidenceNote.id)
    )
    return tuple(NoteRow(*row) for row in session.execute(query))


def ratings_of(session: Session, observation_id: str) -> dict[str, Rating]:
    """What has been said so far, by criterion."""
    query = (
        select(CriterionRating)
        .join(Assessment, and_(Assessment.org_id == CriterionRating.org_id, Assessment.id == CriterionRating.assessment_id))
        .where(Assessment.observation_id == observation_id)
    )
    return {row.criterion: as_rating(row) for row in session.scalars(query)}


def verdict_of(version: Programme, row: Observation, ratings: Mapping[str, Rating]) -> Verdict:
    """What the levels amount to under the policy that the candidate is pinned to; reasons carry titles."""
    found = rules.met(version.policy, programme.rubric(row.rubric_version_id), ratings)
    reasons = tuple(rules.Reason(reason.code, candidacy.named(reason.facts, version)) for reason in found.reasons)
    return Verdict(found.met, reasons, found.means)


# --- for the verbs that write --------------------------------------------------------------------------------------------


def own(session: Session, actor: Actor, observation_id: str, *, lock: bool = False) -> Observation:
    """The observation, for its observer alone; NotFound for everybody else. ``lock`` holds it for a verb that writes."""
    query = select(Observation).where(
        Observation.id == observation_id, Observation.course_id == actor.course_id, Observation.observer_id == actor.person_id
    )
    # SQLite has one writer at a time anyway; on PostgreSQL the row lock puts two windows in order.
    row = session.scalar(query.with_for_update().execution_options(populate_existing=True) if lock else query)
    if row is None:
        raise NotFound("observation")
    return row


def subject_of(session: Session, row: Observation) -> Subject:
    """Whom an observation is about, and the programme that they are pinned to."""
    query = (
        select(Person.id, Person.name, Person.chosen_name, Candidacy.programme_version_id)
        .join(Candidacy, and_(Candidacy.org_id == Person.org_id, Candidacy.person_id == Person.id))
        .where(Candidacy.id == row.candidacy_id)
    )
    found = session.execute(query).one()
    return Subject(found.id, display_name(found.chosen_name or found.name, found.id), programme.load(found.programme_version_id))


def before_of(row: Observation, subject: Subject) -> tuple[str, ...]:
    """The modules that have to come before and are open, by name; one query, and none where the policy names no modules."""
    return before_of_many({row.candidacy_id: subject.version}, org_id=row.org_id)[row.candidacy_id]


def before_of_many(versions: Mapping[str, Programme], *, org_id: str) -> dict[str, tuple[str, ...]]:
    """The same for many candidacies, by their ids; one query for them all."""
    asked = {candidacy_id: version for candidacy_id, version in versions.items() if version.policy.before_observing}
    modules = records.modules_of(asked, org_id=org_id)
    found = {key: before_observing(version.policy, modules[key]) for key, version in asked.items()}
    return {key: tuple(f"{one.key} {one.title}" for one in found.get(key, ())) for key in versions}


def case_of(session: Session, row: Observation, subject: Subject) -> Case:
    """What the guards of the state machine look at."""
    return Case(
        subject_id=subject.person_id,
        assessor_id=row.observer_id,
        consent=row.consent_at is not None,
        rubric=programme.rubric(row.rubric_version_id),
        ratings=ratings_of(session, row.id),
        note_ids=note_ids_of(session, row.id),
        before=before_of(row, subject),
    )


def note_ids_of(session: Session, observation_id: str) -> tuple[str, ...]:
    """The ids of an observation's evidence."""
    return tuple(session.scalars(select(EvidenceNote.id).where(EvidenceNote.observation_id == observation_id)))


def revision_of(session: Session, row: Observation) -> int:
    """How often the ratings of an observation have changed."""
    return session.scalar(select(Assessment.revision).where(Assessment.observation_id == row.id)) or 0


def _neighbours(session: Session, actor: Actor, observation_id: str) -> _Neighbours:
    query = (
        select(Observation.id)
        .where(Observation.observer_id == actor.person_id, Observation.course_id == actor.course_id, Observation.state.in_(WAITING))
        .order_by(Observation.planned_for, Observation.created_at, Observation.id)
    )
    ids = list(session.scalars(query))
    if observation_id not in ids:
        return _Neighbours(0, len(ids), None, ids[0] if ids else None)
    at = ids.index(observation_id)
    return _Neighbours(at + 1, len(ids), ids[at - 1] if at else None, ids[at + 1] if at + 1 < len(ids) else None)


def as_rating(row: CriterionRating) -> Rating:
    """A row as what it says."""
    return Rating(row.criterion, row.level, row.not_observed, row.reason, tuple(row.note_ids))
