# SPDX-License-Identifier: Apache-2.0
"""Observations as everybody else meets them: planned, waiting in a list, called off, and read once released."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import Session, aliased

from lti_mentoring.domain.observation import NO_MORE, RELEASED, WAITING
from lti_mentoring.domain.people import Actor, display_name
from lti_mentoring.domain.programme import INDEPENDENT
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
    waits for modules that its candidate has to meet before observing; ``before`` names them, never to its observer."""

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


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits for an observer, oldest first, what was called off that still lies ahead, and what they released last."""

    waiting: tuple[ListRow, ...]
    total: int
    called_off: tuple[ListRow, ...]
    done: tuple[ListRow, ...]


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
    """What waits for this observer, oldest first, with how far each has come, and what they released last."""
    session = base.session()
    mine = and_(Observation.observer_id == actor.person_id, Observation.course_id == actor.course_id)
    wait = and_(mine, Observation.state.in_(WAITING))
    rows = _rows(session, _oldest_first(_LISTED.where(wait)))
    total = session.scalar(select(func.count(Observation.id)).where(wait)) or 0
    done = _LISTED.where(mine, Observation.state == "released").order_by(Observation.released_at.desc(), Observation.id).limit(10)
    off = and_(mine, Observation.called_off_for != "", Observation.planned_for >= base.now().date())
    notes, rated = _counts(session, wait)
    counted = tuple(replace(row, notes=notes.get(row.id, 0), rated=rated.get(row.id, 0)) for row in rows)
    return Queue(counted, total, _rows(session, _oldest_first(_LISTED.where(off))), _rows(session, done))


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


def _counts(session: Session, wait: Any) -> tuple[dict[str, int], dict[str, int]]:
    """Notes and rated criteria of each waiting observation."""
    notes = (
        select(EvidenceNote.observation_id, func.count(EvidenceNote.id))
        .join(Observation, and_(Observation.org_id == EvidenceNote.org_id, Observation.id == EvidenceNote.observation_id))
        .where(wait)
        .group_by(EvidenceNote.observation_id)
    )
    rated = (
        select(Assessment.observation_id, func.count(CriterionRating.id))
        .join(Assessment, and_(Assessment.org_id == CriterionRating.org_id, Assessment.id == CriterionRating.assessment_id))
        .join(Observation, and_(Observation.org_id == Assessment.org_id, Observation.id == Assessment.observation_id))
        .where(wait, CriterionRating.level.is_not(None) | CriterionRating.not_observed)
        .group_by(Assessment.observation_id)
    )
    return {row[0]: row[1] for row in session.execute(notes)}, {row[0]: row[1] for row in session.execute(rated)}


# --- the released report --------------------------------------------------------------------------------------------------


def stands(*, actor: Actor, observation_id: str) -> bool:
    """Whether the result of an observation at which the actor has a seat is out."""
    return seats.seat(base.session(), actor, observation_id).row.state == RELEASED
