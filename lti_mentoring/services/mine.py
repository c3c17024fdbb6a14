# SPDX-License-Identifier: Apache-2.0
"""Somebody's own pairs, read by themself: the list, and one of them with its sessions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lti_mentoring.domain.people import Actor
from lti_mentoring.services import meeting, mentorship, talk_access
from lti_mentoring.services.meeting import SessionRow
from lti_mentoring.services.mentorship import PairRow
from lti_mentoring.store import base
from lti_mentoring.store.mentorship import MentoringSession, Mentorship, MentorshipMember


@dataclass(frozen=True, slots=True)
class MineRow:
    """A pair in the reader's own list. ``others`` are the names of whoever else is in it; ``next_at`` is its next session."""

    pair: PairRow
    role: str
    others: tuple[str, ...]
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class MinePage:
    """One pair for those inside: those ahead first, the next first; then what is over, the newest first."""

    pair: PairRow
    role: str
    others: tuple[str, ...]
    ahead: tuple[SessionRow, ...]
    past: tuple[SessionRow, ...]


def index(*, actor: Actor) -> tuple[MineRow, ...]:
    """The pairs of this course in which the reader is today, the newest first; a constant number of queries."""
    session = base.session()
    mine = select(MentorshipMember.mentorship_id).where(
        MentorshipMember.person_id == actor.person_id, talk_access.seated(base.now().date())
    )
    query = select(Mentorship).where(Mentorship.course_id == actor.course_id, Mentorship.id.in_(mine))
    newest = query.order_by(Mentorship.started_on.desc(), Mentorship.id).limit(mentorship.MOST_LISTED)
    found = mentorship.listed(session, session.scalars(newest).all())
    nexts = _nexts(session, [pair.id for pair in found])
    return tuple(MineRow(pair, _role(pair, actor), _others(pair, actor), nexts.get(pair.id)) for pair in found)


def _nexts(session: Session, ids: list[str]) -> dict[str, datetime]:
    ahead = (MentoringSession.mentorship_id.in_(ids), MentoringSession.state == "planned", MentoringSession.starts_at > base.now())
    query = select(MentoringSession.mentorship_id, func.min(MentoringSession.starts_at)).where(*ahead)
    return {row[0]: row[1] for row in session.execute(query.group_by(MentoringSession.mentorship_id))}


def _role(pair: PairRow, actor: Actor) -> str:
    roles = {one.role for one in pair.members if one.person_id == actor.person_id and one.ended_on is None}
    return "peer" if len(roles) > 1 else next(iter(roles), "protege")


def _others(pair: PairRow, actor: Actor) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.name for one in pair.members if one.person_id != actor.person_id and one.ended_on is None))


def page(*, actor: Actor, mentorship_id: str) -> MinePage:
    """One pair of the reader's. NotFound ``mentorship`` for whoever is not in it today."""
    session = base.session()
    held = talk_access.inside(session, person_id=actor.person_id, mentorship_id=mentorship_id, course_id=actor.course_id)
    (told,) = mentorship.listed(session, [held.mentorship])
    newest = select(MentoringSession).where(MentoringSession.mentorship_id == told.id).order_by(MentoringSession.starts_at.desc())
    rows = meeting.rows_of(session, session.scalars(newest.limit(meeting.MOST_LISTED)).all(), observed=False)
    ahead = tuple(row for row in reversed(rows) if row.state == "planned")
    return MinePage(told, held.role, _others(told, actor), ahead, tuple(row for row in rows if row.state != "planned"))
