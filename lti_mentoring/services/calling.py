# SPDX-License-Identifier: Apache-2.0
"""Who hears that help is asked for: never somebody who assesses the candidate, unless they coordinate the course."""

from __future__ import annotations

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from lti_mentoring.domain.assistance import HELPERS
from lti_mentoring.services import notification
from lti_mentoring.services.helping import theirs_to_see
from lti_mentoring.store.assistance import AssistanceRequest
from lti_mentoring.store.people import RoleGrant


def asked(session: Session, row: AssistanceRequest) -> None:
    """Tell those who may help, in the caller's transaction. The notice says that somebody has asked, and nothing of what."""
    session.flush()
    helpers = session.scalars(
        select(RoleGrant.person_id)
        .join(AssistanceRequest, and_(AssistanceRequest.org_id == RoleGrant.org_id, AssistanceRequest.course_id == RoleGrant.course_id))
        .where(AssistanceRequest.id == row.id, RoleGrant.revoked_at.is_(None), RoleGrant.role.in_(HELPERS))
        .where(theirs_to_see(RoleGrant.person_id, coordinates=RoleGrant.role == "coordinator"))
        .distinct()
    )
    for person_id in sorted(helpers):
        ids = {"course": row.course_id, "help_request": row.id}
        notification.tell(
            session, org_id=row.org_id, person_id=person_id, kind="help_asked", facts={}, endpoint="assistance.sheet", ids=ids
        )
