# SPDX-License-Identifier: Apache-2.0
"""The sheet of a rater, and what stands before a submission: what is written there, what is missing, and what it amounts to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from lti_mentoring.domain import observation as rules
from lti_mentoring.domain.candidacy import before_observing
from lti_mentoring.domain.counting import asks_length
from lti_mentoring.domain.observation import WAITING, Case, Gap, Rating, Verdict
from lti_mentoring.domain.people import Actor, display_name
from lti_mentoring.domain.programme import INDEPENDENT, STRUCTURED, Criterion, Programme, Protocol, Rubric
from lti_mentoring.domain.qualification import COUNTS, Standing
from lti_mentoring.domain.releasing import FIRST, SELF
from lti_mentoring.services import candidacy, consent, joint_plan, programme, qualification, records
from lti_mentoring.services import seat as seats
from lti_mentoring.services.seat import NoteRow, Seat
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.mentorship import MentoringSession
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.people import Person
from lti_mentoring.store.rating import ResolvedLevel


@dataclass(frozen=True, slots=True)
class RatedCriterion:
    """A criterion with what was said of it, the notes that carry it, and what a release still lacks there. ``asked``: it is among
    what this session looks at."""

    criterion: Criterion
    rating: Rating
    notes: tuple[NoteRow, ...]
    gap: str = ""
    asked: bool = True


@dataclass(frozen=True, slots=True)
class Sheet:
    """An observation as its observer sees it. ``previous`` and ``next`` are neighbours among what waits, oldest first;
    ``waits``: its release waits for modules that come before observing. Which, the candidate and the coordinator read.
    ``protocol`` is what the programme asks to watch for in observations of this kind, where it says so. ``open``: it may be written on;
    ``why``: of a rating that is being corrected, the reason. ``asked``: who is in the room is asked themself; ``agreed``: it can be
    observed as far as consent goes. ``focus``: competencies that it looks at alone, where those are all that is open; ``account``: what the
    candidate wrote of a session that they watched, None before they have handed it in. ``together``: its levels count beside those of other
    sessions, and it is not judged by itself. ``unplanned``: the two who lead it have not agreed on their plan, without which it does not
    count. ``weight``: what a rating from this seat counts for, by who rates."""

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
    purpose: str = FIRST
    from_notes: bool = False
    open: bool = True
    early: bool = False
    why: str = ""
    focus: tuple[str, ...] = ()
    asked: bool = False
    agreed: bool = False
    account: str | None = None
    together: bool = False
    unplanned: bool = False
    weight: str = COUNTS

    @property
    def rated(self) -> int:
        """How many criteria have something said of them."""
        return sum(not row.rating.open for row in self.criteria)


@dataclass(frozen=True, slots=True)
class ReleasePage:
    """What stands before a release: the sheet, and what its levels amount to. ``asks_length``: its observer says how long the session
    lasted; ``minutes`` is what they said before, else what its plan says."""

    sheet: Sheet
    verdict: Verdict
    asks_length: bool = False
    minutes: int | None = None

    @property
    def texts(self) -> tuple[str, ...]:
        """What goes out with it: the reasons, and the notes behind the levels."""
        reasons = (one.rating.reason for one in self.sheet.criteria if one.rating.not_observed)
        return (*reasons, *(note.text for one in self.sheet.criteria for note in one.notes))


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
    """The rating page of one's own seat. NotFound for who has none."""
    session = base.session()
    found = seats.rating_seat(session, actor, observation_id)
    row = found.row
    subject = subject_of(session, row)
    case = case_of(session, found, subject)
    notes = seats.notes_of(session, found)
    held = seats.draft_of(session, found)
    opened = seats.is_open(found, held)
    gaps = rules.gaps(case) if opened else ()
    neighbours = _neighbours(session, actor, row.id)
    return Sheet(
        id=row.id,
        state=row.state,
        candidate=subject.name,
        protege=row.protege_label,
        planned_for=row.planned_for,
        place=row.place,
        revision=held.revision if held is not None else 0,
        consent_at=row.consent_at,
        criteria=tuple(
            replace(one, asked=rules.in_focus(one.criterion, row.focus))
            for one in rated(programme.rubric(row.rubric_version_id), case.ratings, notes, gaps)
        ),
        notes=notes,
        gaps=gaps,
        position=neighbours.position,
        waiting=neighbours.waiting,
        previous=neighbours.previous,
        next=neighbours.next,
        called_off_for=row.called_off_for,
        waits=bool(case.before) and opened,
        kind=row.kind,
        protocol=next((one for one in subject.version.protocols if one.kind == row.kind), None),
        purpose=found.purpose,
        from_notes=found.from_notes,
        open=opened,
        early=seats.is_early(found),
        why=held.why if held is not None else "",
        asked=consent.asked(session, row),
        agreed=case.consent,
        weight=weight_of(session, found).weight if opened else COUNTS,
        **_of_kind(session, row, subject.version),
    )


def _of_kind(session: Session, row: Observation, version: Programme) -> dict[str, Any]:
    """What a sheet has by the kind of its session and by how the programme counts it."""
    held = seats.handed_in(session, row.id) if row.kind == STRUCTURED else None
    return {
        "focus": tuple(f"{one.key} {one.title}" for one in version.competencies if one.key in row.focus),
        "account": held.account if held is not None and held.handed_in_at is not None else None,
        "together": version.policy.counting is not None,
        "unplanned": version.policy.counting is not None and not joint_plan.agreed(session, row),
    }


def release_page(*, actor: Actor, observation_id: str) -> ReleasePage:
    """What a rater confirms. RuleBroken as ``submit`` gives it while something is missing."""
    session = base.session()
    found = seats.rating_seat(session, actor, observation_id)
    subject = subject_of(session, found.row)
    case = case_of(session, found, subject)
    seats.check_open(found, seats.draft_of(session, found), "submit")
    rules.check(case)
    levels = {one.criterion: one.level for one in case.said()}
    whole, verdict = sheet(actor=actor, observation_id=observation_id), verdict_of(subject.version, found.row, levels)
    if found.purpose != FIRST or not asks_length(subject.version.policy, found.row.kind):
        return ReleasePage(whole, verdict)
    planned = select(MentoringSession.minutes).where(MentoringSession.id == found.row.session_id)
    return ReleasePage(whole, verdict, True, found.row.minutes or session.scalar(planned))


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


def levels_of(session: Session, row: Observation) -> dict[str, Fraction | None]:
    """The levels of the resolution that stands, exact, by criterion; None where nobody observed it, nothing before there is one."""
    query = select(ResolvedLevel).where(ResolvedLevel.resolution_id == row.resolution_id)
    return {one.criterion: None if one.numerator is None else Fraction(one.numerator, one.denominator) for one in session.scalars(query)}


def verdict_of(version: Programme, row: Observation, levels: Mapping[str, rules.Level | None]) -> Verdict:
    """What the levels amount to under the policy that the candidate is pinned to; reasons carry titles."""
    found = rules.held(version.policy, programme.rubric(row.rubric_version_id), levels)
    reasons = tuple(rules.Reason(reason.code, candidacy.named(reason.facts, version)) for reason in found.reasons)
    return Verdict(found.met, reasons, found.means)


# --- for the verbs that write --------------------------------------------------------------------------------------------


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


def case_of(session: Session, found: Seat, subject: Subject) -> Case:
    """What the guards of the state machine look at."""
    row = found.row
    return Case(
        subject_id="" if found.purpose == SELF else subject.person_id,  # whoever led a session with a mentor rates their own part
        assessor_id=found.person_id,
        consent=found.purpose == SELF or consents(session, row),  # theirs to ask is the mentor; a result waits for it anyway
        rubric=programme.rubric(row.rubric_version_id),
        ratings=seats.ratings_of(session, row.id, found.person_id),
        note_ids=tuple(note.id for note in seats.notes_of(session, found)),
        before=before_of(row, subject) if found.purpose == FIRST else (),
        focus=tuple(row.focus),
    )


def weight_of(session: Session, seat: Seat) -> Standing:
    """What a rating from this seat counts for, by who rates: as they stood on the day of the session (I8)."""
    row = seat.row
    if seat.purpose == SELF:
        return Standing(COUNTS)
    return qualification.standing_of(
        session,
        course_id=row.course_id,
        person_id=seat.person_id,
        rubric=programme.rubric(row.rubric_version_id).key,
        policy=subject_of(session, row).version.policy,
        # Who rates from the notes does so today, and confirms what somebody not qualified has rated: they have to be qualified now.
        day=base.now().date() if seat.from_notes else min(row.planned_for, base.now().date()),
        apart_from=row.id,
    )


def consents(session: Session, row: Observation) -> bool:
    """Whether everybody in the room has agreed to be observed."""
    return consent.stands(session, row)


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
