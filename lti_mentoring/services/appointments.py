# SPDX-License-Identifier: Apache-2.0
"""What lies ahead of somebody: sessions of their pairs, and sessions in which they observe, are observed, or are watched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session, aliased

from lti_mentoring.domain.joint_plan import end_of
from lti_mentoring.domain.mentorship import LEADING, PROTEGE
from lti_mentoring.domain.observation import WAITING
from lti_mentoring.domain.people import Actor, display_name
from lti_mentoring.domain.programme import CO
from lti_mentoring.services import joint_plan, meeting, mentorship
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.mentorship import MentoringSession, Mentorship, MentorshipMember, SessionPlan
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.people import Person

MOST_LISTED = 100
MOST_PAST = 20


@dataclass(frozen=True, slots=True)
class Row:
    """One session in the list of somebody. ``part`` is theirs: ``leads``, ``protege``, ``observes``, ``candidate`` or ``mentor``.

    ``starts_at`` is None where only the day is known. ``kind`` is the observation's, empty where nothing is observed. ``plan`` says how a
    joint plan stands for the reader: ``""`` none is asked, ``write``, ``agree``, ``waits``, ``agreed`` or ``late``.
    """

    session_id: str
    observation_id: str
    mentorship_id: str
    part: str
    day: date
    starts_at: datetime | None
    minutes: int
    mode: str
    place: str
    state: str
    kind: str = ""
    people: tuple[str, ...] = ()
    plan: str = ""

    @property
    def over(self) -> datetime:
        """When it is over."""
        if self.starts_at is None:
            return datetime.combine(self.day + timedelta(days=1), datetime.min.time(), UTC)
        return self.starts_at + timedelta(minutes=self.minutes)


@dataclass(frozen=True, slots=True)
class Appointments:
    """Somebody's sessions: what lies ahead, the next first; what is over, the newest first."""

    ahead: tuple[Row, ...]
    past: tuple[Row, ...]


def own(*, actor: Actor) -> Appointments:
    """All sessions of somebody in this course; a constant number of queries."""
    session, now = base.session(), base.now()
    observed = _observed(session, actor)
    taken = {row.session_id: row for row in observed if row.session_id}
    rows = [*observed]
    for row in _of_pairs(session, actor):
        held = taken.get(row.session_id)
        if held is None:
            rows.append(row)
        else:  # whoever leads what is observed reads of it once, with whom they meet
            rows[rows.index(held)] = replace(held, people=(*row.people, *held.people), mentorship_id=row.mentorship_id)
    ahead = sorted((row for row in rows if row.over > now and row.state == "planned"), key=lambda row: (row.over, row.day))
    past = sorted((row for row in rows if not (row.over > now and row.state == "planned")), key=lambda row: row.over, reverse=True)
    return Appointments(tuple(ahead), tuple(past[:MOST_PAST]))


def _of_pairs(session: Session, actor: Actor) -> list[Row]:
    mine = aliased(MentorshipMember)
    query = (
        select(MentoringSession, mine.role)
        .join(mine, and_(mine.org_id == MentoringSession.org_id, mine.mentorship_id == MentoringSession.mentorship_id))
        .join(Mentorship, and_(Mentorship.org_id == mine.org_id, Mentorship.id == mine.mentorship_id))
        .where(mine.person_id == actor.person_id, Mentorship.course_id == actor.course_id)
        .order_by(MentoringSession.starts_at.desc(), MentoringSession.id)
        .limit(MOST_LISTED)
    )
    found = session.execute(query).all()
    members = mentorship.members_of(session, {row.mentorship_id for row, _ in found})
    return [
        Row(
            session_id=row.id,
            observation_id="",
            mentorship_id=row.mentorship_id if role in LEADING else "",
            part="protege" if role == PROTEGE else "leads",
            day=meeting.day_of(row),
            starts_at=row.starts_at,
            minutes=row.minutes,
            mode=row.mode,
            place=row.place,
            state=row.state,
            people=tuple(one.name for one in members[row.mentorship_id] if one.person_id != actor.person_id),
        )
        for row, role in found
    ]


def _observed(session: Session, actor: Actor) -> list[Row]:
    candidate, observer = aliased(Person), aliased(Person)
    me = actor.person_id
    query = (
        select(
            *(Observation, MentoringSession, Candidacy.person_id, candidate.name, candidate.chosen_name),
            *(observer.name.label("observer"), observer.chosen_name.label("observer_chosen")),
        )
        .join(Candidacy, and_(Candidacy.org_id == Observation.org_id, Candidacy.id == Observation.candidacy_id))
        .join(candidate, and_(candidate.org_id == Observation.org_id, candidate.id == Candidacy.person_id))
        .join(observer, and_(observer.org_id == Observation.org_id, observer.id == Observation.observer_id))
        .outerjoin(MentoringSession, and_(MentoringSession.org_id == Observation.org_id, MentoringSession.id == Observation.session_id))
        .where(Observation.course_id == actor.course_id, Observation.state != "cancelled")
        .where(or_(Observation.observer_id == me, Observation.mentor_id == me, Candidacy.person_id == me))
        .order_by(Observation.planned_for.desc(), Observation.id)
        .limit(MOST_LISTED)
    )
    found = session.execute(query).all()
    plans = _plans(session, [row[0].id for row in found if row[0].kind == CO])
    return [_observation_row(row, me, plans) for row in found]


def _observation_row(found: Any, me: str, plans: Mapping[str, SessionPlan]) -> Row:
    row, held = found[0], found[1]
    candidate, observer = display_name(found[4] or found[3], found[2]), display_name(found[6] or found[5], row.observer_id)
    part = "candidate" if found[2] == me else "mentor" if row.mentor_id == me else "observes"
    state = "planned" if row.state in WAITING else "held"
    met = (candidate, observer) if part == "mentor" and row.observer_id != me else (candidate,)
    made = Row(
        session_id=held.id if held is not None else "",
        observation_id=row.id,
        mentorship_id="",
        part=part,
        day=row.planned_for,
        starts_at=held.starts_at if held is not None else None,
        minutes=held.minutes if held is not None else 0,
        mode=held.mode if held is not None else "",
        place=row.place,
        state=held.state if held is not None else state,
        kind=row.kind,
        people=(observer,) if part == "candidate" else met,
    )
    if row.kind != CO:
        return made
    writer = joint_plan.writer_of(row, candidate_id=found[2], person_id=me)
    closes = made.starts_at or end_of(row.planned_for)
    return replace(made, plan=joint_plan.standing(plans.get(row.id), writer, closes, now=base.now()))


def _plans(session: Session, ids: Sequence[str]) -> dict[str, SessionPlan]:
    if not ids:
        return {}
    return {row.observation_id: row for row in session.scalars(select(SessionPlan).where(SessionPlan.observation_id.in_(ids)))}
