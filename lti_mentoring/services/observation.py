# SPDX-License-Identifier: Apache-2.0
"""Observations as everybody else meets them: planned, waiting in a list, called off, and read once released."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import Session, aliased

from lti_mentoring.domain import observation as rules
from lti_mentoring.domain.observation import WAITING, Case, Verdict
from lti_mentoring.domain.participation import PARTICIPATION
from lti_mentoring.domain.people import LEADS, Actor, display_name
from lti_mentoring.domain.programme import INDEPENDENT, KINDS
from lti_mentoring.domain.rule import NotAllowed, NotFound, RuleBroken
from lti_mentoring.services import delivery, impartial, notification, privacy, programme
from lti_mentoring.services import sheet as sheets
from lti_mentoring.services.rating import Clash, Draft, Note, record_consent, release, save_draft, save_note
from lti_mentoring.services.sheet import RatedCriterion, release_page, sheet
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.observation import Assessment, CriterionRating, EvidenceNote, Observation
from lti_mentoring.store.people import Identity, Membership, Person, RoleGrant

__all__ = [
    "Clash",
    "Draft",
    "Note",
    "cancel",
    "candidates",
    "plan",
    "queue",
    "record_consent",
    "release",
    "release_page",
    "report",
    "save_draft",
    "save_note",
    "sheet",
    "waiting",
]

MOST_LISTED = 200


@dataclass(frozen=True, slots=True)
class PersonRow:
    """Somebody to choose: for candidates the id is their candidacy's."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """Who can be observed, by whom, and in what kinds of session, as some candidate's policy asks for them. An observer who does not
    lead plans their own observations only."""

    candidates: tuple[PersonRow, ...]
    observers: tuple[PersonRow, ...]
    kinds: tuple[str, ...] = (INDEPENDENT,)


@dataclass(frozen=True, slots=True)
class ListRow:
    """An observation in a list. Counts of notes and ratings are there for its observer only."""

    id: str
    candidate: str
    observer: str
    protege: str
    planned_for: date
    place: str
    state: str
    consent: bool
    notes: int = 0
    rated: int = 0
    of: int = 0


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits for an observer, oldest first, and what they released last."""

    waiting: tuple[ListRow, ...]
    total: int
    done: tuple[ListRow, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """A released observation. ``bar`` is the policy's for the mean of all levels; ``mine`` says that the reader is its subject."""

    id: str
    candidate: str
    observer: str
    protege: str
    planned_for: date
    released_at: datetime
    criteria: tuple[RatedCriterion, ...]
    verdict: Verdict
    bar: Fraction
    mine: bool


# --- planning -----------------------------------------------------------------------------------------------------------


def candidates(*, actor: Actor) -> PlanOptions:
    """Whom this person may plan to have observed, and by whom; by name."""
    session = base.session()
    tested = select(Identity.id).where(Identity.person_id == Candidacy.person_id, Identity.test_user).exists()
    going_on = [state for state, goes_on in PARTICIPATION.items() if goes_on]
    chosen = (
        select(Candidacy.id, Person.id, Person.name, Person.chosen_name, Candidacy.programme_version_id)
        .join(Person, and_(Person.org_id == Candidacy.org_id, Person.id == Candidacy.person_id))
        .where(Candidacy.course_id == actor.course_id, Candidacy.participation.in_(going_on), ~tested)
    )
    observers = _observers(actor)
    if not actor.is_any(*LEADS):
        observers = observers.where(Person.id == actor.person_id)
    found = session.execute(chosen).all()
    policies = [programme.load(version).policy for version in {row[4] for row in found}]
    return PlanOptions(
        candidates=_by_name(PersonRow(row[0], display_name(row[3] or row[2], row[1])) for row in found),
        kinds=tuple(kind for kind in KINDS if any(policy.asks(kind) for policy in policies)) or (INDEPENDENT,),
        observers=_by_name(PersonRow(row[0], display_name(row[2] or row[1], row[0])) for row in session.execute(observers)),
    )


def _observers(actor: Actor) -> Select[str, str | None, str | None]:
    return (
        select(Person.id, Person.name, Person.chosen_name)
        .join(RoleGrant, and_(RoleGrant.org_id == Person.org_id, RoleGrant.person_id == Person.id))
        .where(RoleGrant.course_id == actor.course_id, RoleGrant.role == "observer", RoleGrant.revoked_at.is_(None))
        .distinct()
    )


def _by_name(rows: Iterable[PersonRow]) -> tuple[PersonRow, ...]:
    return tuple(sorted(rows, key=lambda row: (row.name.casefold(), row.id)))


def plan(
    *,
    actor: Actor,
    candidacy_id: str,
    observer_id: str,
    planned_for: date,
    protege_label: str,
    place: str = "",
    kind: str = INDEPENDENT,
    observation_id: str | None = None,
) -> str:
    """Plan an observation of one of the kinds. -> its id. ``observation_id`` is the form's own, so that sending it twice plans once.

    NotFound ``candidacy``; NotAllowed ``observer_plans_own``; RuleBroken ``candidacy_paused``, ``observer_unknown``,
    ``protege_label_empty``, ``observation_of_oneself``, ``kind_not_asked`` by the candidate's policy, ``observer_helped``,
    ``observer_line`` (R7).
    """
    label = " ".join(protege_label.split())
    if not label:
        raise RuleBroken("protege_label_empty")
    if not actor.is_any(*LEADS) and observer_id != actor.person_id:
        raise NotAllowed("observer_plans_own")
    with base.transactional() as session:
        if observation_id is not None and session.scalar(select(Observation.id).where(Observation.id == observation_id)):
            return observation_id
        subject = _chosen(session, actor, candidacy_id, observer_id)
        state = rules.after("new", "plan", Case(subject_id=subject.person_id, assessor_id=observer_id))
        policy = programme.load(subject.programme_version_id).policy
        if kind not in KINDS or not policy.asks(kind):
            raise RuleBroken("kind_not_asked")
        impartial.check(session, subject, observer_id, policy.rubric_of(kind), [row[0] for row in session.execute(_observers(actor))])
        made = Observation(
            id=observation_id or base.new_id(),
            candidacy_id=subject.id,
            course_id=actor.course_id,
            kind=kind,
            observer_id=observer_id,
            protege_label=label[:120],
            planned_for=planned_for,
            place=" ".join(place.split())[:200],
            rubric_version_id=programme.rubric_version_id(subject.programme_version_id, policy.rubric_of(kind)),
            state=state,
            created_by=actor.person_id,
        )
        session.add(made)
        session.flush()
        privacy.record(session, actor=actor, verb="plan", object_kind="observation", object_id=made.id, observer=observer_id)
        if observer_id != actor.person_id:
            _tell_observer(session, made)
        delivery.want(session, org_id=actor.org_id, course_id=actor.course_id, person_id=subject.person_id, items=("observation",))
        return made.id


def _chosen(session: Session, actor: Actor, candidacy_id: str, observer_id: str) -> Candidacy:
    """The candidacy to observe, if it goes on, and if the observer is one in this course."""
    query = select(Candidacy).where(Candidacy.id == candidacy_id, Candidacy.course_id == actor.course_id)
    subject = session.scalar(query.with_for_update(read=True))  # so that nobody leaves while it is being planned
    if subject is None:
        raise NotFound("candidacy")
    if not PARTICIPATION[subject.participation]:
        raise RuleBroken("candidacy_paused", participation=subject.participation)
    if session.execute(_observers(actor).where(Person.id == observer_id)).first() is None:
        here = select(Membership.id).where(Membership.course_id == actor.course_id, Membership.person_id == observer_id)
        # Somebody of the course who observes no more is worth a sentence; anybody else does not exist here.
        raise RuleBroken("observer_unknown") if session.scalar(here) else NotFound("person")
    return subject


def _tell_observer(session: Session, row: Observation) -> None:
    whom = {"org_id": row.org_id, "person_id": row.observer_id, "kind": "observation_planned", "endpoint": "observation.sheet"}
    ids = {"course": row.course_id, "observation": row.id}
    notification.tell(session, facts={"planned_for": row.planned_for}, ids=ids, **whom)


def cancel(*, actor: Actor, observation_id: str) -> None:
    """Call an observation off: its observer or who leads the course. What was written stays with its observer, unread by others.

    RuleBroken ``observation_closed`` once it is released. Calling it off twice is harmless.
    """
    with base.transactional() as session:
        query = select(Observation).where(Observation.id == observation_id, Observation.course_id == actor.course_id)
        row = session.scalar(query.with_for_update())
        if row is None or not (row.observer_id == actor.person_id or actor.is_any(*LEADS)):
            raise NotFound("observation")
        if row.state == "cancelled":
            return
        row.state = rules.after(row.state, "cancel")
        privacy.record(session, actor=actor, verb="cancel", object_kind="observation", object_id=row.id)


# --- lists --------------------------------------------------------------------------------------------------------------

_Observer = aliased(Person)
_LISTED = (
    select(Observation, Person.id, Person.name, Person.chosen_name, _Observer.name, _Observer.chosen_name)
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
    notes, rated = _counts(session, wait)
    counted = tuple(replace(row, notes=notes.get(row.id, 0), rated=rated.get(row.id, 0)) for row in rows)
    return Queue(counted, total, _rows(session, done))


def waiting(*, actor: Actor) -> tuple[ListRow, ...]:
    """Everything in the course that waits for an observer, oldest first, for who leads it. Never what a draft says, nor how full it is."""
    query = _LISTED.where(Observation.course_id == actor.course_id, Observation.state.in_(WAITING))
    return _rows(base.session(), _oldest_first(query))


def of_candidacy(candidacy_id: str) -> tuple[ListRow, ...]:
    """All that were planned with a candidate and not called off, oldest first. Who may see which is for the caller to decide."""
    return _rows(base.session(), _oldest_first(_LISTED.where(Observation.candidacy_id == candidacy_id, Observation.state != "cancelled")))


def _oldest_first(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    return query.order_by(Observation.planned_for, Observation.created_at, Observation.id).limit(MOST_LISTED)


def _rows(session: Session, query: Select[*tuple[Any, ...]]) -> tuple[ListRow, ...]:
    found = session.execute(query).all()
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
            consent=row.consent_at is not None,
            of=criteria[row.rubric_version_id],
        )
        for row, person_id, name, chosen, observer_name, observer_chosen in found
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


def report(*, actor: Actor, observation_id: str) -> Report:
    """A released observation, for its subject, its observer and who leads the course.

    NotFound ``observation`` for everybody else, and for the subject of one that was called off; NotFound
    ``observation_not_released`` for those three while it is under way.
    """
    session = base.session()
    query = _LISTED.add_columns(Candidacy.programme_version_id)
    found = session.execute(query.where(Observation.id == observation_id, Observation.course_id == actor.course_id)).first()
    if found is None:
        raise NotFound("observation")
    row, subject_id = found[0], found[1]
    if not (actor.person_id in (subject_id, row.observer_id) or actor.is_any(*LEADS)):
        raise NotFound("observation")
    if row.state != "released":
        raise NotFound("observation_not_released" if row.state in WAITING else "observation")
    version = programme.load(found[-1])
    ratings = sheets.ratings_of(session, row.id)
    rubric = programme.rubric(row.rubric_version_id)
    return Report(
        id=row.id,
        candidate=display_name(found[3] or found[2], subject_id),
        observer=display_name(found[5] or found[4], row.observer_id),
        protege=row.protege_label,
        planned_for=row.planned_for,
        released_at=row.released_at,
        criteria=sheets.rated(rubric, ratings, sheets.notes_of(session, row.id)),
        verdict=sheets.verdict_of(version, row, ratings),
        bar=version.policy.overall_mean,
        mine=actor.person_id == subject_id,
    )
