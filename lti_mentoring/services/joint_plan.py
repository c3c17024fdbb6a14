# SPDX-License-Identifier: Apache-2.0
"""The joint plan of a session of co-mentoring: written by the candidate and the accomplished mentor, agreed by both before it begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from lti_mentoring.domain import joint_plan as rules
from lti_mentoring.domain.joint_plan import CANDIDATE, MENTOR, PARTS, Plan, Said
from lti_mentoring.domain.observation import WAITING
from lti_mentoring.domain.people import Actor, display_name
from lti_mentoring.domain.programme import CO
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import notification, privacy, programme
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.mentorship import MentoringSession, SessionPlan
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.people import Person

OTHER = {CANDIDATE: MENTOR, MENTOR: CANDIDATE}


@dataclass(frozen=True, slots=True)
class PlanPage:
    """A joint plan as one of its two writers sees it, or (``writer`` empty) whoever observes the session.

    ``begins`` is the moment at which it closes, ``starts_at`` that of the session where its time is known. ``counts``: both had agreed to
    it as it stands before it began. ``needed``: without that the session does not count.
    """

    observation_id: str
    plan: Plan
    writer: str
    partner: str
    names: Mapping[str, str]
    planned_for: date
    starts_at: datetime | None
    begins: datetime
    place: str
    open: bool
    counts: bool
    needed: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a save: the plan as it is kept, the revision ``before`` it, and the parts that clash, which were not written."""

    plan: Plan
    before: int
    clashes: tuple[str, ...]
    saved_at: datetime

    def read(self, revision: int) -> int:
        """The revision that somebody has read who typed this on a page made from ``revision``: their own words they know."""
        return self.plan.revision if self.before == revision else revision


def agreed(session: Session, row: Observation) -> bool:
    """Whether the two who lead an observed session had agreed on their plan before it began. Other kinds ask for no such plan."""
    if row.kind != CO:
        return True
    held = session.scalar(select(SessionPlan).where(SessionPlan.observation_id == row.id))
    return held is not None and rules.in_time(_plan(held), begins(session, row))


def begins(session: Session, row: Observation) -> datetime:
    """When a session begins; where only its day is known, at that day's end (UTC)."""
    return _starts_at(session, row) or rules.end_of(row.planned_for)


def writer_of(row: Observation, *, candidate_id: str, person_id: str) -> str:
    """Which of the two who write the plan somebody is; empty for everybody else."""
    return CANDIDATE if person_id == candidate_id else MENTOR if person_id == mentor_of(row) else ""


def standing(held: SessionPlan | None, writer: str, closes: datetime, *, now: datetime) -> str:
    """How a plan stands for somebody in a list: ``agreed``; ``late`` where it was not agreed in time; and before that ``write`` while a
    part is empty, ``agree`` where they have not agreed yet, ``waits`` for somebody else."""
    plan = _plan(held)
    if rules.in_time(plan, closes):
        return "agreed"
    if now >= closes:
        return "late"
    if plan.empty:
        return "write" if writer else "waits"
    return "agree" if writer and not plan.stands_for(writer) else "waits"


def _starts_at(session: Session, row: Observation) -> datetime | None:
    if row.session_id is None:
        return None
    return session.scalar(select(MentoringSession.starts_at).where(MentoringSession.id == row.session_id))


# --- pages ---------------------------------------------------------------------------------------------------------------------


def page(*, actor: Actor, observation_id: str) -> PlanPage:
    """The plan of a session, for the two who lead it and for its observer. NotFound ``joint_plan`` for everybody else."""
    session = base.session()
    row, writer, people = _seen(session, actor, observation_id)
    held = session.scalar(select(SessionPlan).where(SessionPlan.observation_id == row.id))
    plan, start = _plan(held), _starts_at(session, row)
    closes = begins(session, row)
    version = session.scalars(select(Candidacy.programme_version_id).where(Candidacy.id == row.candidacy_id)).one()
    names = {writer: name for writer, (_, name) in people.items()}
    return PlanPage(
        observation_id=row.id,
        plan=plan,
        writer=writer,
        partner=names[OTHER[writer]] if writer else "",
        names=names,
        planned_for=row.planned_for,
        starts_at=start,
        begins=closes,
        place=row.place,
        open=row.state in WAITING and base.now() < closes,
        counts=rules.in_time(plan, closes),
        needed=programme.load(version).policy.counting is not None,
    )


def _seen(session: Session, actor: Actor, observation_id: str) -> tuple[Observation, str, dict[str, tuple[str, str]]]:
    """The observation, which of the two the reader is (empty for the observer who is neither), and both as (id, name)."""
    here = (Observation.id == observation_id, Observation.course_id == actor.course_id, Observation.kind == CO)
    row = session.scalar(select(Observation).where(*here, Observation.state != "cancelled"))
    if row is None:
        raise NotFound("joint_plan")
    candidate = session.scalar(select(Candidacy.person_id).where(Candidacy.id == row.candidacy_id)) or ""
    whom = {CANDIDATE: candidate, MENTOR: mentor_of(row)}
    writer = writer_of(row, candidate_id=candidate, person_id=actor.person_id)
    if not writer and row.observer_id != actor.person_id:
        raise NotFound("joint_plan")
    found = session.execute(select(Person.id, Person.name, Person.chosen_name).where(Person.id.in_(whom.values()))).all()
    names = {one.id: display_name(one.name or one.chosen_name, one.id) for one in found}
    return row, writer, {name: (person, names[person]) for name, person in whom.items()}


def mentor_of(row: Observation) -> str:
    """With whom the candidate leads the session: the accomplished mentor who is named, else its observer, who then co-mentors."""
    return row.mentor_id or row.observer_id


# --- writing and agreeing ------------------------------------------------------------------------------------------------------


def save(*, actor: Actor, observation_id: str, said: Mapping[str, Said]) -> Kept:
    """Keep what one of the two has typed. What the other has changed meanwhile to something else clashes: it is not overwritten.

    NotFound ``joint_plan``; RuleBroken ``plan_closed``, ``plan_long`` (part, most), ``plan_part``. A change ends both agreements.
    """
    with base.transactional() as session:
        row, writer, people = _locked(session, actor, observation_id)
        held = session.scalar(_of(row))
        before = _plan(held)
        after, clashes = rules.written(before, said)
        if after != before:
            if held is None:
                held = SessionPlan(id=base.new_id(), observation_id=row.id)
                session.add(held)
            for part in PARTS:
                setattr(held, part, after.words[part])
            held.revision, held.agreed_at, held.drafted_by = after.revision, after.agreed_at, actor.person_id
            session.flush()
            privacy.record(session, actor=actor, verb="draft_plan", object_kind="observation", object_id=row.id, revision=after.revision)
            if before.stands_for(OTHER[writer]):  # their agreement has just ended; while nobody agrees, the next change tells nothing
                _tell(session, row, people[OTHER[writer]][0], "joint_plan_changed")
        return Kept(after, before.revision, clashes, base.now())


def agree(*, actor: Actor, observation_id: str, revision: int) -> Plan:
    """One of the two agrees to the revision that they have read; again is harmless. The other is told, unless they have agreed too.

    NotFound ``joint_plan``; RuleBroken ``plan_closed``, ``plan_changed``, ``plan_open`` (parts).
    """
    with base.transactional() as session:
        row, writer, people = _locked(session, actor, observation_id)
        held = session.scalar(_of(row))
        before = _plan(held)
        after = rules.agreed(before, writer, revision, now=base.now())
        if after != before and held is not None:
            held.candidate_agreed, held.mentor_agreed = after.agreed.get(CANDIDATE), after.agreed.get(MENTOR)
            held.agreed_at = after.agreed_at
            privacy.record(session, actor=actor, verb="agree_plan", object_kind="observation", object_id=row.id, revision=revision)
            if not after.stands:
                _tell(session, row, people[OTHER[writer]][0], "joint_plan_waits")
        return after


def _locked(session: Session, actor: Actor, observation_id: str) -> tuple[Observation, str, dict[str, tuple[str, str]]]:
    """The observation, locked, so that of two who write and agree at once one comes after the other; for its two writers alone, while it
    is open. The session is locked before, as whoever moves it does."""
    row, writer, people = _seen(session, actor, observation_id)
    if not writer:
        raise NotFound("joint_plan")
    if row.session_id is not None:
        session.scalar(select(MentoringSession.id).where(MentoringSession.id == row.session_id).with_for_update())
    again = select(Observation).where(Observation.id == row.id).with_for_update()
    row = session.scalars(again.execution_options(populate_existing=True)).one()
    if row.state not in WAITING:
        raise RuleBroken("plan_closed")
    rules.check_open(begins(session, row), now=base.now())
    return row, writer, people


def _of(row: Observation) -> Select[SessionPlan]:
    return select(SessionPlan).where(SessionPlan.observation_id == row.id).execution_options(populate_existing=True)


def _plan(held: SessionPlan | None) -> Plan:
    if held is None:
        return Plan()
    said = {CANDIDATE: held.candidate_agreed, MENTOR: held.mentor_agreed}
    agreed_to = {writer: revision for writer, revision in said.items() if revision is not None}
    return Plan({part: getattr(held, part) for part in PARTS}, held.revision, agreed_to, held.agreed_at)


def _tell(session: Session, row: Observation, person_id: str, kind: str) -> None:
    ids = {"course": row.course_id, "observation": row.id}
    whom = {"org_id": row.org_id, "person_id": person_id, "kind": kind, "endpoint": "joint_plan.sheet"}
    notification.tell(session, facts={"planned_for": row.planned_for}, ids=ids, **whom)
