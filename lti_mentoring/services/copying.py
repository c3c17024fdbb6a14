# SPDX-License-Identifier: Apache-2.0
"""A copied course: what a coordinator chose for an activity holds for its copy, until somebody chooses again."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_mentoring.domain.placing import CONTEXT_HISTORY, LINK_HISTORY
from lti_mentoring.lti.launch import Launch
from lti_mentoring.store.people import Course, Placement
from lti_mentoring.store.platform import PlatformNotice

MOST_ANCESTORS = 20


def inherited(session: Session, launch: Launch, *, org_id: str, deployment: str) -> dict[str, Any]:
    """Item and grading that a coordinator chose for the activity that this new one is a copy of; empty where there is none.

    The LMS names the activity itself where it fills ``$ResourceLink.id.history``. Where it names only the course (by its history, or by a
    notice of the copy), the one activity there that has the same title is meant; if two have it, none.
    """
    for link_id in _listed(launch, LINK_HISTORY):
        found = session.scalars(_chosen(org_id, deployment).where(Placement.resource_link_id == link_id).limit(2)).all()
        if len(found) == 1:
            return _choice(found[0])
    title = (launch.resource_link_title or "")[:400]
    if not title or launch.context_id is None:
        return {}
    for context_id in _origins(session, launch):
        query = (
            _chosen(org_id, deployment)
            .join(Course, (Course.org_id == Placement.org_id) & (Course.id == Placement.course_id))
            .where(Course.context_id == f"c:{context_id}", Course.issuer == launch.issuer, Course.scope == launch.course_scope)
            .where(Placement.title == title)
        )
        found = session.scalars(query.limit(2)).all()
        if len(found) == 1:
            return _choice(found[0])
    return {}


def _chosen(org_id: str, deployment: str) -> Any:
    return select(Placement).where(
        Placement.org_id == org_id, Placement.deployment_id == deployment, Placement.item_source == "coordinator"
    )


def _choice(placement: Placement) -> dict[str, Any]:
    return {"item": placement.item, "grading": placement.grading, "item_source": "coordinator"}


def _listed(launch: Launch, name: str) -> list[str]:
    said = [one.strip() for one in launch.custom.get(name, "").split(",")]
    return [one for one in said if one][:MOST_ANCESTORS]


def _origins(session: Session, launch: Launch) -> list[str]:
    """The courses that this one was copied from, the nearest first: by its own history, else by the newest notice of its making."""
    told = _listed(launch, CONTEXT_HISTORY)
    if told:
        return told
    notices = session.scalars(
        select(PlatformNotice)
        .where(PlatformNotice.registration_id == launch.registration.id, PlatformNotice.kind == "LtiContextCopyNotice")
        .where(PlatformNotice.context_id == launch.context_id, PlatformNotice.deployment_id == launch.deployment_id)
        .order_by(PlatformNotice.received_at.desc())
        .limit(1)
    )
    return [origin for row in notices for origin in row.said["origins"]]
