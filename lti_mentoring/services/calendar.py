# SPDX-License-Identifier: Apache-2.0
"""A planned session, or one that is observed, as a calendar takes it: when and where. Nobody's name is in it, and nothing that is said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import and_, select

from lti_mentoring.domain.people import LEADS, Actor
from lti_mentoring.domain.rule import NotFound
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.mentorship import MentoringSession, Mentorship, MentorshipMember
from lti_mentoring.store.observation import Observation


@dataclass(frozen=True, slots=True)
class Entry:
    """What a calendar needs. ``kind`` is the observation's, empty for a session as such; ``observes``: the reader does."""

    id: str
    sequence: int
    starts: datetime | date
    minutes: int
    place: str
    cancelled: bool
    made_at: datetime
    kind: str = ""
    observes: bool = False


OFF = ("cancelled", "no_show")


def of_session(*, actor: Actor, session_id: str) -> Entry:
    """A session, for who takes part in it or sees to its pair. NotFound ``session`` for everybody else."""
    session = base.session()
    found = session.execute(
        select(MentoringSession, Mentorship)
        .join(Mentorship, and_(Mentorship.org_id == MentoringSession.org_id, Mentorship.id == MentoringSession.mentorship_id))
        .where(MentoringSession.id == session_id, Mentorship.course_id == actor.course_id)
    ).first()
    if found is None:
        raise NotFound("session")
    row, pair = found
    takes_part = select(MentorshipMember.id).where(
        MentorshipMember.mentorship_id == pair.id, MentorshipMember.person_id == actor.person_id
    )
    if not actor.is_any(*LEADS) and session.scalar(takes_part.limit(1)) is None:
        raise NotFound("session")
    return Entry(row.id, row.sequence, row.starts_at, row.minutes, row.place, row.state in OFF, base.now())


def of_observation(*, actor: Actor, observation_id: str) -> Entry:
    """An observed session, for its observer, its candidate, the accomplished mentor and who leads the course. NotFound ``observation`` for
    everybody else. Where only the day is known, it is a whole day."""
    session = base.session()
    found = session.execute(
        select(Observation, MentoringSession, Candidacy.person_id)
        .join(Candidacy, and_(Candidacy.org_id == Observation.org_id, Candidacy.id == Observation.candidacy_id))
        .outerjoin(MentoringSession, and_(MentoringSession.org_id == Observation.org_id, MentoringSession.id == Observation.session_id))
        .where(Observation.id == observation_id, Observation.course_id == actor.course_id)
    ).first()
    if found is None or not (actor.is_any(*LEADS) or actor.person_id in (found[0].observer_id, found[0].mentor_id, found[2])):
        raise NotFound("observation")
    row, held, _ = found
    off = row.state == "cancelled"
    starts, minutes = (held.starts_at, held.minutes) if held is not None else (row.planned_for, 0)
    # Called off on its own, it changes without its session, and a calendar has to take that as news.
    sequence = (held.sequence if held is not None else 0) + off
    return Entry(row.id, sequence, starts, minutes, row.place, off, base.now(), row.kind, observes=row.observer_id == actor.person_id)
