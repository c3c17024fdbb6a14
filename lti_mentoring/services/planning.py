# SPDX-License-Identifier: Apache-2.0
"""Planning a session to be observed: who, by whom, of what kind; and calling it off."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session

from lti_mentoring.domain import observation as rules
from lti_mentoring.domain.conflict import CLEAR, VERDICTS, Finding
from lti_mentoring.domain.observation import Case
from lti_mentoring.domain.participation import PARTICIPATION, Part, calls_off
from lti_mentoring.domain.people import LEADS, Actor, display_name
from lti_mentoring.domain.programme import INDEPENDENT, KINDS
from lti_mentoring.domain.rule import NotAllowed, NotFound, RuleBroken
from lti_mentoring.services import assessor, delivery, drawing, dropping, focus, notification, occasion, privacy, programme, room, sheet
from lti_mentoring.services.occasion import NOTHING_ASKED, Asked, Occasions
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.people import Identity, Membership, Person, RoleGrant


@dataclass(frozen=True, slots=True)
class PersonRow:
    """Somebody to choose: for candidates the id is their candidacy's, and ``waits``: modules that come before observing are open for them,
    so that a session can be planned and noted, and counts once they are met; ``before`` names them for who leads the course. For
    observers ``verdict`` is the guard's on this observer of the candidate who was chosen, with what it found."""

    id: str
    name: str
    before: tuple[str, ...] = ()
    waits: bool = False
    verdict: str = CLEAR
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """Who can be observed, by whom, and in what kinds of session, as some candidate's policy asks for them. An observer who does not
    lead plans their own observations only. ``looked``: of whom of them the guard was asked; ``names`` are those in its findings."""

    candidates: tuple[PersonRow, ...]
    observers: tuple[PersonRow, ...]
    kinds: tuple[str, ...] = (INDEPENDENT,)
    looked: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    occasions: Occasions = field(default_factory=Occasions)


def candidates(*, actor: Actor, chosen: str = "", kind: str = INDEPENDENT) -> PlanOptions:
    """Whom this person may plan to have observed, and by whom, by name; with ``chosen``, the guard is asked of every observer of them."""
    page = _options(actor)
    row = base.session().scalar(select(Candidacy).where(Candidacy.id == chosen, Candidacy.course_id == actor.course_id)) if chosen else None
    if row is None or not programme.load(row.programme_version_id).policy.asks(kind):
        return page
    found = assessor.standing(base.session(), row, kind, [one.id for one in page.observers])
    observers = (replace(one, verdict=found.checks[one.id].verdict, findings=found.checks[one.id].findings) for one in page.observers)
    ranked = sorted(observers, key=lambda one: VERDICTS.index(one.verdict))  # who can come first, each by name
    return replace(page, observers=tuple(ranked), looked=chosen, names=found.names)


def _options(actor: Actor) -> PlanOptions:
    session = base.session()
    tested = select(Identity.id).where(Identity.person_id == Candidacy.person_id, Identity.test_user).exists()
    going_on = [state for state, goes_on in PARTICIPATION.items() if goes_on]
    query = (
        select(Candidacy.id, Person.id, Person.name, Person.chosen_name, Candidacy.programme_version_id)
        .join(Person, and_(Person.org_id == Candidacy.org_id, Person.id == Candidacy.person_id))
        .where(Candidacy.course_id == actor.course_id, Candidacy.participation.in_(going_on), ~tested)
    )
    observers = _observers(actor)
    leads = actor.is_any(*LEADS)
    if not leads:
        observers = observers.where(Person.id == actor.person_id)
    found = session.execute(query).all()
    versions = {row[0]: programme.load(row[4]) for row in found}
    policies = [version.policy for version in versions.values()]
    before = sheet.before_of_many(versions, org_id=actor.org_id)
    return PlanOptions(
        candidates=_by_name(
            PersonRow(row[0], display_name(row[3] or row[2], row[1]), before[row[0]] if leads else (), bool(before[row[0]]))
            for row in found
        ),
        kinds=tuple(kind for kind in KINDS if any(policy.asks(kind) for policy in policies)) or (INDEPENDENT,),
        observers=_by_name(PersonRow(row[0], display_name(row[2] or row[1], row[0])) for row in session.execute(observers)),
        occasions=occasion.options(actor=actor),
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
    planned_for: date | None = None,
    protege_label: str = "",
    place: str = "",
    kind: str = INDEPENDENT,
    observation_id: str | None = None,
    exception: bool = False,
    asked: Asked = NOTHING_ASKED,
) -> str:
    """Plan an observation: of the session that is asked for, or on a plain day. -> its id, the form's own, so that twice plans once.

    Where it is not known yet who manages its people, it is held; with ``exception`` so is what needs one. NotAllowed
    ``observer_plans_own``; RuleBroken as ``occasion.of``, ``assessor.decide``, ``_chosen`` and ``_rubric_for``.
    """
    if not actor.is_any(*LEADS) and observer_id != actor.person_id:
        raise NotAllowed("observer_plans_own")
    with base.transactional() as session:
        subject = _chosen(session, actor, candidacy_id, observer_id)
        if observation_id is not None and _planned_before(session, actor, observation_id):
            return observation_id
        state = rules.after("new", "plan", Case(subject_id=subject.person_id, assessor_id=observer_id))
        rubric = _rubric_for(subject, kind)
        asked = replace(asked, day=planned_for, label=protege_label, place=place)
        when = occasion.of(session, actor, asked, kind=kind, candidate_id=subject.person_id, observer_id=observer_id)
        made = Observation(
            id=observation_id or base.new_id(),
            candidacy_id=subject.id,
            course_id=actor.course_id,
            kind=kind,
            observer_id=observer_id,
            protege_label=when.label,
            planned_for=when.planned_for,
            place=when.place,
            session_id=when.session_id,
            mentor_id=when.mentor_id,
            rubric_version_id=programme.rubric_version_id(subject.programme_version_id, rubric),
            state=state,
            created_by=actor.person_id,
        )
        _planned(session, actor, made, subject, exception=exception and actor.is_any(*LEADS))
        return made.id


def _planned_before(session: Session, actor: Actor, observation_id: str) -> bool:
    """Whether this plan was sent before, asked with the candidacy locked, so that of two presses one sees the other; NotFound
    ``observation`` where it is somebody else's, or of another course."""
    query = select(Observation.course_id, Observation.created_by).where(Observation.id == observation_id)
    known = session.execute(query).one_or_none()
    if known is not None and tuple(known) != (actor.course_id, actor.person_id):
        raise NotFound("observation")
    return known is not None


def _planned(session: Session, actor: Actor, made: Observation, subject: Candidacy, *, exception: bool) -> None:
    """What comes with a plan: the guard's answer, the audit line, the observer's notice, the candidate's grade."""
    version = programme.load(subject.programme_version_id)
    focus.keep(session, made, subject)
    drawing.decide_beforehand(session, made)
    room.ask(session, actor=actor, row=made)  # first, since the guard looks at who is in the room
    assessor.decide(session, actor=actor, row=made, subject_id=subject.person_id, version=version, exception=exception)
    privacy.record(session, actor=actor, verb="plan", object_kind="observation", object_id=made.id, observer=made.observer_id)
    _tell_observer(session, made, actor)
    delivery.want(session, org_id=actor.org_id, course_id=actor.course_id, person_id=subject.person_id, items=("observation",))


def _rubric_for(subject: Candidacy, kind: str) -> str:
    """The rubric of a kind of session, if the candidate's policy asks for such."""
    policy = programme.load(subject.programme_version_id).policy
    if kind not in KINDS or not policy.asks(kind):
        raise RuleBroken("kind_not_asked")
    return policy.rubric_of(kind)


def _chosen(session: Session, actor: Actor, candidacy_id: str, observer_id: str) -> Candidacy:
    """The candidacy to observe, if it goes on, and if the observer is one in this course."""
    query = select(Candidacy).where(Candidacy.id == candidacy_id, Candidacy.course_id == actor.course_id)
    subject = session.scalar(query.with_for_update(key_share=True))  # so that nobody leaves while it is being planned
    if subject is None:
        raise NotFound("candidacy")
    if not PARTICIPATION[subject.participation]:
        raise RuleBroken("candidacy_paused", participation=subject.participation)
    if session.execute(_observers(actor).where(Person.id == observer_id)).first() is None:
        here = select(Membership.id).where(Membership.course_id == actor.course_id, Membership.person_id == observer_id)
        # Somebody of the course who observes no more is worth a sentence; anybody else does not exist here.
        raise RuleBroken("observer_unknown") if session.scalar(here) else NotFound("person")
    return subject


def _tell_observer(session: Session, row: Observation, actor: Actor) -> None:
    if row.observer_id == actor.person_id:
        return
    whom = {"org_id": row.org_id, "person_id": row.observer_id, "kind": "observation_planned", "endpoint": "observation.sheet"}
    ids = {"course": row.course_id, "observation": row.id}
    notification.tell(session, facts={"planned_for": row.planned_for}, ids=ids, **whom)


def cancel(*, actor: Actor, observation_id: str) -> None:
    """Call an observation off: its observer or who leads the course. What was written stays with its observer, unread by others.

    RuleBroken ``observation_closed`` once it is released. Calling it off twice is harmless.
    """
    with base.transactional() as session:
        here = (Observation.id == observation_id, Observation.course_id == actor.course_id)
        dropping.hold_candidates(session, *here)
        row = session.scalar(select(Observation).where(*here).with_for_update())
        if row is None or not (row.observer_id == actor.person_id or actor.is_any(*LEADS)):
            raise NotFound("observation")
        if row.state in rules.NO_MORE:
            return
        dropping.drop(session, [row], actor=actor)


def call_off(session: Session, *, candidacy_id: str, part: Part, actor: Actor | str, today: date) -> int:
    """Call off what is planned ahead of somebody whose part is so now, in the caller's transaction, with their candidacy locked. What
    somebody has begun to write goes on. -> how many."""
    planned = select(Observation).where(Observation.candidacy_id == candidacy_id, Observation.state == "planned").order_by(Observation.id)
    ahead = [row for row in session.scalars(planned.with_for_update()) if calls_off(part, today, row.planned_for)]
    dropping.drop(session, ahead, actor=actor, why=part.state)
    return len(ahead)
