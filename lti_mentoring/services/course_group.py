# SPDX-License-Identifier: Apache-2.0
"""The groups into which an LMS has divided a course: read with the roster, for finding people."""

from __future__ import annotations

import structlog
from sqlalchemy import delete, insert, update

from lti_mentoring.lti import groups
from lti_mentoring.lti.connector import Connector
from lti_mentoring.lti.groups import Group
from lti_mentoring.lti.verdict import Ended
from lti_mentoring.services.enrolment import Place
from lti_mentoring.store import base
from lti_mentoring.store.roster import CourseGroup, RosterSync

log = structlog.get_logger()


def refresh(place: Place, sync_id: str, connector: Connector, url: str) -> None:
    """Read the course's groups and hold these instead of the last ones. A fault is noted and keeps nobody from the roster."""
    try:
        found = groups.read(connector, url)
    except Ended as ended:
        log.warning("groups_fault", course=place.course_id, fault=ended.verdict.remedy, status=ended.verdict.status)
        _keep(place, sync_id, None, ended.verdict.remedy)
    else:
        _keep(place, sync_id, found, "")


def _keep(place: Place, sync_id: str, found: tuple[Group, ...] | None, fault: str) -> None:
    with base.transactional() as session:
        session.execute(update(RosterSync).where(RosterSync.id == sync_id).values(groups_fault=fault))
        if found is None:
            return
        session.execute(delete(CourseGroup).where(CourseGroup.course_id == place.course_id))
        if found:
            own = {"org_id": place.org_id, "course_id": place.course_id}
            rows = [{**own, "id": base.new_id(), "lms_id": one.id, "name": one.name, "hidden": one.hidden} for one in found]
            session.execute(insert(CourseGroup), rows)
