# SPDX-License-Identifier: Apache-2.0
"""Platform notices: kept once each, and ordered once for each deployment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import structlog
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from lti_mentoring.lti import notices
from lti_mentoring.lti.connector import Connector
from lti_mentoring.lti.notices import Notice
from lti_mentoring.lti.registration import Registration as KnownRegistration
from lti_mentoring.lti.verdict import Ended
from lti_mentoring.services.registry import known
from lti_mentoring.store import base
from lti_mentoring.store.platform import Deployment, PlatformNotice, Registration

log = structlog.get_logger()

AGAIN_AFTER = timedelta(days=1)
"""How long an LMS that did not take our order is left alone."""

ConnectorFor = Callable[[KnownRegistration, str], Connector]


def keep(notice: Notice) -> bool:
    """Remember a notice. -> whether it is new; the same one again changes nothing."""
    row = PlatformNotice(
        registration_id=notice.registration.id,
        notice_id=notice.id,
        deployment_id=notice.deployment_id,
        kind=notice.kind,
        context_id=notice.context_id or "",
        said={"origins": list(notice.origins)},
    )
    try:
        with base.transactional() as session:
            session.add(row)
    except IntegrityError:
        return False
    log.info("notice", kind=notice.kind, registration=notice.registration.id)
    return True


def order_one(*, connector_for: ConnectorFor, handler: str) -> bool:
    """Order notices of one LMS that offers them and has not taken our order yet; a worker's errand. -> whether there was one."""
    taken = _take()
    if taken is None:
        return False
    row, deployment_id, url, kinds, registration = taken
    try:
        notices.order(connector_for(registration, deployment_id), url, handler=handler, kinds=kinds)
    except Ended as ended:
        log.warning("notices_not_ordered", registration=registration.id, remedy=ended.verdict.remedy, status=ended.verdict.status)
        return True
    with base.transactional() as session:
        session.execute(update(Deployment).where(Deployment.id == row, Deployment.notices_url == url).values(notices_due=None))
    return True


def _take() -> tuple[str, str, str, tuple[str, ...], KnownRegistration] | None:
    """The order that is due, for this worker alone; if it dies over it, or the LMS says no, it is due again tomorrow."""
    now = base.now()
    with base.transactional() as session:
        found = session.execute(
            select(Deployment, Registration)
            .join(Registration, Registration.id == Deployment.registration_id)
            .where(Registration.active, Deployment.state == "active", Deployment.notices_url.is_not(None), Deployment.notices_due <= now)
            .order_by(Deployment.notices_due)
            .limit(1)
            .with_for_update(of=Deployment, skip_locked=True)
        ).first()
        if found is None:
            return None
        one, registration = found
        one.notices_due = now + AGAIN_AFTER
        return one.id, one.deployment_id, str(one.notices_url), tuple(one.notice_kinds), known(registration)
