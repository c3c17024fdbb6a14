# SPDX-License-Identifier: Apache-2.0
"""Observations as everybody else meets them: planned, waiting in a list, called off, and read once released."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from lti_mentoring.domain.observation import NO_MORE, RATED, RELEASED, WAITING
from lti_mentoring.domain.people import Actor, display_name
from lti_mentoring.domain.programme import INDEPENDENT
from lti_mentoring.domain.releasing import FIRST
from lti_mentoring.services import consent, programme
from lti_mentoring.services import seat as seats
from lti_mentoring.services import sheet as sheets
from lti_mentoring.services.planning import cancel, candidates, plan
from lti_mentoring.services.rating import Clash, Draft, Note, record_consent, reopen, save_draft, save_note, submit
from lti_mentoring.services.releasing import void
from lti_mentoring.services.report import Report, report
from lti_mentoring.services.sheet import release_page, sheet
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.observation import Assessment, CriterionRating, EvidenceNote, Observation
from lti_mentoring.store.people import Person
from lti_mentoring.store.rating import Rater, SubmittedRating

__all__ = [
    "Clash",
    "Draft",
    "Note",
    "Report",
    "cancel",
    "candidates",
    "plan",
    "queue",
    "record_consent",
    "release_page",
    "reopen",
    "report",
    "save_draft",
    "save_note",
    "sheet",
    "stands",
    "submit",
    "void",
]

MOST_LISTED = 200


@dataclass(frozen=True, slots=True)
class ListRow:
    """An observation in a list. Counts of notes and ratings are there for its observer only; ``waits``: its release
    waits for modules that its candidate has to meet before observing; ``before`` names them, never to its observer.

    In a rater's own list ``purpose`` and ``from_notes`` are those of their seat, ``due_on`` is a reminder, ``ready`` says whether there is
    something to rate yet, ``correcting`` that they have taken up again what they had submitted."""

    id: str
    candidate: str
    observer: str
    protege: str
    planned_for: date
    place: str
    state: str
    consent: bool
    called_off_for: str
    notes: int = 0
    rated: int = 0
    of: int = 0
    before: tuple[str, ...] = ()
    waits: bool = False
    kind: str = INDEPENDENT
    purpose: str = FIRST
    from_notes: bool = False
    due_on: date | None = None
    ready: bool = True
    correcting: bool = False

    @property
    def begun(self) -> bool:
        """Whether the reader has begun with it."""
        return bool(self.notes or self.rated or self.correcting)


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits for somebody who observes or rates, from whichever seat, oldest first; what was called off that still lies ahead; what
    they have handed in whose result is not out, and what was released last."""

    waiting: tuple[ListRow, ...]
    total: int
    called_off: tuple[ListRow, ...]
    done: tuple[ListRow, ...]
    handed_in: tuple[ListRow, ...] = ()


# --- lists --------------------------------------------------------------------------------------------------------------

_Observer = aliased(Person)
_LISTED = (
    select(
        Observation,
        *(Person.id, Person.name, Person.chosen_name, _Observer.name, _Observer.chosen_name),
        Candidacy.programme_version_id,
    )
    .join(Candidacy, and_(Candidacy.org_id == Observation.org_id, Candidacy.id == Observation.candidacy_id))
    .join(Person, and_(Person.org_id == Observation.org_id, Person.id == Candidacy.person_id))
    .join(_Observer, and_(_Observer.org_id == Observation.org_id, _Observer.id == Observation.observer_id))
)


def queue(*, actor: Actor) -> Queue:
    """What waits for somebody, oldest first, with how far they have come: as observer, in the room beside them, from the notes, or of their
    own part. Of anybody else's seat nothing is told."""
    session, me = base.session(), actor.person_id
    here = Observation.course_id == actor.course_id
    first, seated = Observation.observer_id == me, _seated(me)
    submitted = select(SubmittedRating.id).where(
        SubmittedRating.org_id == Observation.org_id, SubmittedRating.observation_id == Observation.id, SubmittedRating.assessor_id == me
    )
    submitted = submitted.correlate(Observation)
    sheet_of = (Assessment.org_id == Observation.org_id, Assessment.observation_id == Observation.id, Assessment.assessor_id == me)
    taken_up = select(Assessment.id).where(*sheet_of, Assessment.state == "draft").correlate(Observation).exists()
    under_way = Observation.state.in_((*WAITING, RATED))
    opened = or_(
        and_(first, Observation.state.in_(WAITING)),
        and_(_seated(me, "asked"), under_way),
        and_(or_(first, seated), Observation.state == RATED, taken_up),
    )
    wait = and_(here, opened)
    total = session.scalar(select(func.count(Observation.id)).where(wait)) or 0
    off = and_(here, or_(first, seated), Observation.called_off_for != "", Observation.planned_for >= base.now().date())
    over = and_(here, or_(first, seated), Observation.state == RELEASED)
    out = _LISTED.where(here, or_(first, seated), under_way, submitted.exists(), ~taken_up)
    return Queue(
        waiting=_from_own_seat(session, actor, _rows(session, _oldest_first(_LISTED.where(wait))), wait),
        total=total,
        called_off=_rows(session, _oldest_first(_LISTED.where(off))),
        done=_rows(session, _LISTED.where(over).order_by(Observation.released_at.desc(), Observation.id).limit(10)),
        handed_in=_rows(session, _oldest_first(out)),
    )


def _seated(person_id: str, *states: str) -> ColumnElement[bool]:
    """Whether somebody has a seat beside the observer, and nobody took it from them."""
    of = (Rater.org_id == Observation.org_id, Rater.observation_id == Observation.id, Rater.person_id == person_id)
    return select(Rater.id).where(*of, Rater.state.in_(states or ("asked", "submitted"))).correlate(Observation).exists()


def _from_own_seat(session: Session, actor: Actor, rows: tuple[ListRow, ...], wait: Any) -> tuple[ListRow, ...]:
    notes, rated = _counts(session, wait, actor.person_id)
    ids = [row.id for row in rows]
    mine = select(Rater).where(Rater.person_id == actor.person_id, Rater.observation_id.in_(ids), Rater.state != "ended")
    seats_of = {row.observation_id: row for row in session.scalars(mine)}
    before = select(SubmittedRating.observation_id).where(SubmittedRating.assessor_id == actor.person_id)
    submitted = set(session.scalars(before.where(SubmittedRating.observation_id.in_(ids))))

    def own(row: ListRow) -> ListRow:
        told = replace(row, notes=notes.get(row.id, 0), rated=rated.get(row.id, 0), correcting=row.id in submitted)
        seat = seats_of.get(row.id)
        if seat is None:
            return told
        ready = not seat.from_notes or row.state == RATED
        return replace(told, purpose=seat.purpose, from_notes=seat.from_notes, due_on=seat.due_on, ready=ready)

    return tuple(own(row) for row in rows)


def of_candidacy(candidacy_id: str) -> tuple[ListRow, ...]:
    """All that were planned with a candidate and not called off, oldest first; never how full a draft is. Who may see which is for the
    caller to decide."""
    its_own = _LISTED.where(Observation.candidacy_id == candidacy_id, Observation.state.not_in(NO_MORE))
    return _rows(base.session(), _oldest_first(its_own), named=True)


def _oldest_first(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    return query.order_by(Observation.planned_for, Observation.created_at, Observation.id).limit(MOST_LISTED)


def _rows(session: Session, query: Select[*tuple[Any, ...]], *, named: bool = False) -> tuple[ListRow, ...]:
    found = session.execute(query).all()
    waiting = {row[0].candidacy_id: programme.load(row[6]) for row in found if row[0].state in WAITING}
    before = sheets.before_of_many(waiting, org_id=base.current_tenant())
    agreed = consent.standing(session, [row[0] for row in found])
    criteria = {version: len(programme.rubric(version).criteria) for version in {row[0].rubric_version_id for row in found}}
    return tuple(
        ListRow(
            id=row.id,
            candidate=display_name(name or chosen, person_id),
            observer=display_name(observer_chosen or observer_name, row.observer_id),
            protege=row.protege_label,
            planned_for=row.planned_for,
            place=row.place,
            state=row.state,
            consent=agreed[row.id],
            called_off_for=row.called_off_for,
            of=criteria[row.rubric_version_id],
            before=before.get(row.candidacy_id, ()) if named and row.state in WAITING else (),
            waits=bool(before.get(row.candidacy_id)) and row.state in WAITING,
            kind=row.kind,
        )
        for row, person_id, name, chosen, observer_name, observer_chosen, _ in found
    )


def _counts(session: Session, wait: Any, person_id: str) -> tuple[dict[str, int], dict[str, int]]:
    """How many notes somebody has written on each waiting observation, and how many criteria they have rated."""
    notes = (
        select(EvidenceNote.observation_id, func.count(EvidenceNote.id))
        .join(Observation, and_(Observation.org_id == EvidenceNote.org_id, Observation.id == EvidenceNote.observation_id))
        .where(wait, EvidenceNote.author_id == person_id)
        .group_by(EvidenceNote.observation_id)
    )
    rated = (
        select(Assessment.observation_id, func.count(CriterionRating.id))
        .join(Assessment, and_(Assessment.org_id == CriterionRating.org_id, Assessment.id == CriterionRating.assessment_id))
        .join(Observation, and_(Observation.org_id == Assessment.org_id, Observation.id == Assessment.observation_id))
        .where(wait, Assessment.assessor_id == person_id, CriterionRating.level.is_not(None) | CriterionRating.not_observed)
        .group_by(Assessment.observation_id)
    )
    return {row[0]: row[1] for row in session.execute(notes)}, {row[0]: row[1] for row in session.execute(rated)}


# --- the released report --------------------------------------------------------------------------------------------------


def stands(*, actor: Actor, observation_id: str) -> bool:
    """Whether the result of an observation at which the actor has a seat is out."""
    return seats.seat(base.session(), actor, observation_id).row.state == RELEASED
