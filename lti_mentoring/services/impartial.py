# SPDX-License-Identifier: Apache-2.0
"""Who may mark and recognise what a candidate hands in (R7): nobody in a reporting line with them. Who observes: ``assessor``."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, false, select, true
from sqlalchemy.orm import Session

from lti_mentoring.domain.assistance import assessor_conflict
from lti_mentoring.domain.participation import COMPLETED
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.programme import Programme, Rubric
from lti_mentoring.services import assistance, reporting_line
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.people import RoleGrant


def in_line_with(session: Session, person_id: str) -> frozenset[str]:
    """Everybody who stands in a reporting line with somebody, or has within the last year: none of them judges that person."""
    lines = reporting_line.of(session, person_id, on=base.now().date())
    return lines.managers | lines.above | lines.below


def barred(session: Session, actor: Actor, subject_id: str) -> str:
    """Why the actor may not judge what a candidate has handed in or claimed: ``self``, ``peer`` (they are a candidate in the course
    themself), ``line``; empty where they may."""
    if actor.person_id == subject_id:
        return "self"
    if on_the_way(session, actor.course_id, [actor.person_id]):
        return "peer"
    return "line" if actor.person_id in in_line_with(session, subject_id) else ""


def judged_by(session: Session, actor: Actor) -> ColumnElement[bool]:
    """The same for many, as a condition on candidacies: those of whom the actor may judge something."""
    if on_the_way(session, actor.course_id, [actor.person_id]):
        return false()
    return Candidacy.person_id.not_in(sorted(_never(session, actor.person_id)))


def judged_by_nobody(session: Session, course_id: str, roles: Collection[str]) -> ColumnElement[bool]:
    """Which candidacies nobody who holds one of these roles in a course may judge, as a condition; known after two of them, as a rule."""
    grants = select(RoleGrant.person_id).where(RoleGrant.course_id == course_id, RoleGrant.revoked_at.is_(None))
    people = frozenset(session.scalars(grants.where(RoleGrant.role.in_(roles))))
    left: frozenset[str] | None = None
    for person_id in sorted(people - on_the_way(session, course_id, people)):
        left = _never(session, person_id) if left is None else left & _never(session, person_id)
        if not left:
            break
    return true() if left is None else Candidacy.person_id.in_(sorted(left))


def _never(session: Session, person_id: str) -> frozenset[str]:
    """Themself, and everybody who stands in a line with them."""
    today = base.now().date()
    lines = reporting_line.of(session, person_id, on=today)
    return reporting_line.led_by(session, person_id, on=today) | lines.managers | {person_id}


def on_the_way(session: Session, course_id: str, people: Collection[str]) -> frozenset[str]:
    """Those of some people who are candidates in a course. Whoever has completed it is none any more: graduates may mark."""
    query = select(Candidacy.person_id).where(Candidacy.course_id == course_id, Candidacy.person_id.in_(people))
    return frozenset(session.scalars(query.where(Candidacy.participation != COMPLETED)))


def noted(session: Session, row: Observation, version: Programme, rubric: Rubric) -> tuple[str, ...]:
    """The competencies on this rubric with which an observer has helped the candidate within a year: what is let stand is noted."""
    helped = assistance.helped(session, row.candidacy_id)
    return assessor_conflict(version.policy, helped, row.observer_id, _rated(rubric), remaining_eligible=0).competencies


def _rated(rubric: Rubric) -> set[str]:
    return {key for criterion in rubric.criteria for key in criterion.competencies}
