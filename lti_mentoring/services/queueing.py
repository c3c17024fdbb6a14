# SPDX-License-Identifier: Apache-2.0
"""The waiting list of a course: in what order it stands, and who hears that a place has become free; a person gives it."""

from __future__ import annotations

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from lti_mentoring.domain.people import LEADS
from lti_mentoring.services import notification
from lti_mentoring.store.application import Application, ApplicationEvent
from lti_mentoring.store.people import RoleGrant


def waiting(session: Session, course_id: str) -> tuple[str, ...]:
    """The applications on the waiting list, by the moment at which each was put there."""
    rows = session.execute(
        select(Application.id, func.max(ApplicationEvent.at).label("since"))
        .join(ApplicationEvent, and_(ApplicationEvent.org_id == Application.org_id, ApplicationEvent.application_id == Application.id))
        .where(Application.course_id == course_id, Application.state == "waitlisted", ApplicationEvent.verb == "waitlist")
        .group_by(Application.id)
        .order_by("since", Application.id)
    )
    return tuple(row.id for row in rows)


def place_freed(session: Session, course_id: str, *, by: str) -> None:
    """Tell those who lead a course that a place was given back while somebody waits for one, in the caller's transaction; whoever has
    done it knows it."""
    session.flush()
    waits = select(Application.org_id).where(Application.course_id == course_id, Application.state == "waitlisted").limit(1)
    org_id = session.scalar(waits)
    if org_id is None:
        return
    leads = select(RoleGrant.person_id).where(RoleGrant.course_id == course_id, RoleGrant.revoked_at.is_(None), RoleGrant.role.in_(LEADS))
    for person_id in sorted(set(session.scalars(leads)) - {by}):
        whom = {"org_id": org_id, "person_id": person_id, "kind": "place_free", "endpoint": "selection.queue"}
        notification.tell(session, facts={}, ids={"course": course_id}, **whom)
