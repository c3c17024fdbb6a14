# SPDX-License-Identifier: Apache-2.0
"""Who is inside a pair today. Whoever is not finds nothing of it, those who lead the course included."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from lti_mentoring.domain.mentorship import LEADING, PROTEGE
from lti_mentoring.domain.rule import NotFound
from lti_mentoring.store import base
from lti_mentoring.store.mentorship import Mentorship, MentorshipMember


@dataclass(frozen=True, slots=True)
class Inside:
    """Somebody's seat in a pair today. ``role`` is theirs, ``peer`` where they hold both; ``others`` are whoever else is in it today."""

    mentorship: Mentorship
    role: str
    others: tuple[str, ...]

    @property
    def leads(self) -> bool:
        """Whether they lead, by themself or with others."""
        return self.role in (*LEADING, "peer")

    @property
    def learns(self) -> bool:
        """Whether they are a protégé, whose the agenda is."""
        return self.role in (PROTEGE, "peer")


def seated(day: date) -> Any:
    """Whether a seat is held on a day. One that has no end is held before its first day too, so that the pair can prepare; one that has
    ended is empty from that very day."""
    member = MentorshipMember
    return or_(member.ended_on.is_(None), and_(member.started_on <= day, day < member.ended_on))


def inside(session: Session, *, person_id: str, mentorship_id: str, course_id: str | None = None, lock: bool = False) -> Inside:
    """The seat that somebody holds in a pair today; with ``lock`` the pair's row is locked. NotFound ``mentorship`` for everybody else."""
    query = select(Mentorship).where(Mentorship.id == mentorship_id)
    if course_id is not None:
        query = query.where(Mentorship.course_id == course_id)
    if lock:
        query = query.with_for_update(of=Mentorship).execution_options(populate_existing=True)
    row = session.scalar(query)
    if row is None:
        raise NotFound("mentorship")
    seats = (MentorshipMember.mentorship_id == mentorship_id, seated(base.now().date()))
    members = session.execute(select(MentorshipMember.person_id, MentorshipMember.role).where(*seats)).all()
    roles = {one.role for one in members if one.person_id == person_id}
    if not roles:
        raise NotFound("mentorship")
    others = tuple(sorted({one.person_id for one in members} - {person_id}))
    return Inside(row, "peer" if PROTEGE in roles and len(roles) > 1 else roles.pop(), others)
