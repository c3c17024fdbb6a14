# SPDX-License-Identifier: Apache-2.0
"""Who decides on an application that somebody who leads the course may not decide on: whoever has no part in it (R9)."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_mentoring.domain.people import LEADS, Actor
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.services import declaring
from lti_mentoring.store.people import RoleGrant


def somebody_else(session: Session, actor: Actor, barred: Collection[str]) -> RuleBroken:
    """What a coordinator is told who manages the applicant: ``deciders``, the names of those who lead the course and can decide, and
    ``free``, (id, name) of the staff who could be appointed; nobody who is ``barred``. No rule is softened where both are empty: then
    somebody is brought in."""
    leads = select(RoleGrant.person_id).where(
        RoleGrant.course_id == actor.course_id, RoleGrant.role.in_(LEADS), RoleGrant.revoked_at.is_(None)
    )
    leading = set(session.scalars(leads))
    open_to = [(person, name) for person, name in declaring.staff(session, actor) if person not in barred]
    return RuleBroken(
        "manager_decides",
        deciders=tuple(name for person, name in open_to if person in leading),
        free=tuple(one for one in open_to if one[0] not in leading),
    )
