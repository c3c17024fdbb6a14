# SPDX-License-Identifier: Apache-2.0
"""Reading rosters from their LMSs, page by page, in a worker; after a fault it goes on where it was."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import and_, or_, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from lti_mentoring.domain import roster as rules
from lti_mentoring.domain.delivery import Pace, backoff
from lti_mentoring.domain.roster import DIFFERENCES, DONE, FAILED, FULL, RUNNING, WAITING
from lti_mentoring.lti import memberships
from lti_mentoring.lti.connector import Connector
from lti_mentoring.lti.memberships import Page
from lti_mentoring.lti.registration import Registration as KnownRegistration
from lti_mentoring.lti.verdict import Ended, Verdict
from lti_mentoring.services import course_group, enrolment
from lti_mentoring.services.arrival import TOUCH_EVERY
from lti_mentoring.services.collision import collided
from lti_mentoring.services.connection import Service, services_of
from lti_mentoring.services.enrolment import Written
from lti_mentoring.services.roster import begin_anew, place_anew
from lti_mentoring.store import base
from lti_mentoring.store.people import Placement
from lti_mentoring.store.platform import Registration
from lti_mentoring.store.roster import RosterSync

log = structlog.get_logger()

ConnectorFor = Callable[[KnownRegistration, str | None], Connector]

MOST_COLLISIONS = 8
"""How often a page may find that a launch or another course's roster has just made the person whom it was making."""

PAGES_TOGETHER = 50
"""Pages that a course gets before the next one has its turn."""

_S = RosterSync


@dataclass(frozen=True, slots=True)
class Step:
    """A sync that this worker holds: where it reads next, and what it needs to read there."""

    org_id: str
    id: str
    attempt: int
    place: enrolment.Place
    service: Service
    home: str
    url: str
    resumed: bool
    kind: str
    begun_at: datetime
    pages: int
    seen: int
    tries: int
    groups: str | None
    """Where the course's groups are read first; None where they are not, or have been in this run."""


def run(*, connector_for: ConnectorFor, pace: Pace, chance: Callable[[], float] = random.random) -> bool:
    """Read some pages of the roster that has waited longest, if one is due; a worker's errand. -> whether one was.

    Holds no transaction itself (decision 18): each page is fetched outside, and written in one with the place of the next.
    """
    step = claim(pace=pace)
    if step is None:
        return False
    for _ in range(PAGES_TOGETHER):
        with base.tenant(step.org_id):
            following = read(step, connector_for=connector_for, pace=pace, chance=chance)
        if following is None:
            return True
        step = following
    with base.tenant(step.org_id):
        _yield_turn(step)
    return True


def read(step: Step, *, connector_for: ConnectorFor, pace: Pace, chance: Callable[[], float]) -> Step | None:
    """Fetch one page and write it down. -> the step after it; None if the run has ended, waits, or is another worker's by now."""
    try:
        connector = connector_for(step.service.registration, step.service.deployment_id)
        if step.groups is not None:
            course_group.refresh(step.place, step.id, connector, step.groups)
            step = replace(step, groups=None)
        page = memberships.read(connector, step.url, home=step.home)
        _check_size(step, page)
        return _written(step, page, pace=pace, chance=chance)
    except Ended as ended:
        _failed(step, ended.verdict, pace=pace, chance=chance)
        return None


def _check_size(step: Step, page: Page) -> None:
    if step.pages + 1 > rules.MOST_PAGES or step.seen + len(page.members) > rules.MOST_MEMBERS:
        raise Ended(Verdict("refused", None, "", "roster_too_large"))


def claim(*, pace: Pace) -> Step | None:
    """Take the sync that has been due longest, for a lease: one that waits, one whose day has come, one whose worker died."""
    now = base.now()
    due = or_(and_(_S.state != RUNNING, _S.next_at <= now), and_(_S.state == RUNNING, _S.lease_until <= now))
    with base.across_organisations("roster: claim"), base.transactional() as session:
        row = session.scalar(
            select(_S)
            .join(Registration, Registration.id == _S.registration_id)
            .where(due, or_(Registration.held_until.is_(None), Registration.held_until <= now))
            .order_by(_S.next_at)
            .limit(1)
            .with_for_update(of=_S, skip_locked=True)
        )
        if row is None:
            return None
        if row.state in (DONE, FAILED):
            begin_anew(row)
        if row.begun_at is None:
            place_anew(session, row)
        found = _place(session, row)
        if found is None:
            row.state, row.fault, row.next_at, row.lease_until = FAILED, "roster_unavailable", now + rules.EVERY, None
            return None
        if row.begun_at is None:
            row.run += 1
            row.kind = rules.next_kind(run=row.run, differences=row.differences_url is not None)
            row.begun_at, row.pages, row.seen, row.added, row.changed, row.gone = now, 0, 0, 0, 0, 0
        row.state, row.attempt, row.lease_until = RUNNING, row.attempt + 1, now + timedelta(seconds=pace.lease_seconds)
        return _step(row, *found)


def _place(session: Session, row: RosterSync) -> tuple[Any, Registration, Service] | None:
    """Where the roster is and who gives it; None where no activity tells any more, or the LMS is switched off."""
    place = session.execute(
        select(Placement.memberships_url, Placement.groups_url)
        .where(
            Placement.org_id == row.org_id,
            Placement.course_id == row.course_id,
            Placement.deployment_id == row.deployment_id,
            Placement.memberships_url.is_not(None),
        )
        .order_by(Placement.resource_link_id != (row.only_link or ""), Placement.updated_at.desc(), Placement.id)
        .limit(1)
    ).first()
    registration = session.get_one(Registration, row.registration_id)
    services = services_of(session.connection(), [row.deployment_id])
    if place is None or row.deployment_id not in services:
        return None
    return place, registration, services[row.deployment_id]


def _step(row: RosterSync, told: Any, registration: Registration, service: Service) -> Step:
    home = told.memberships_url
    first = row.differences_url if row.kind == DIFFERENCES and row.differences_url else memberships.first_page(home, link=row.only_link)
    place = enrolment.Place(
        org_id=row.org_id,
        course_id=row.course_id,
        issuer=registration.issuer,
        registration_id=registration.id,
        run=row.run,
        keep_names=registration.keep_names,
        keep_email=registration.keep_email,
    )
    assert row.begun_at is not None  # nosec B101 - for the type checker
    return Step(
        org_id=row.org_id,
        id=row.id,
        attempt=row.attempt,
        place=place,
        service=service,
        home=home,
        url=row.next_url or first,
        resumed=row.next_url is not None,
        kind=row.kind,
        begun_at=row.begun_at,
        pages=row.pages,
        seen=row.seen,
        tries=row.tries,
        groups=told.groups_url if row.next_url is None else None,
    )


def _ours(session: Session, step: Step) -> RosterSync | None:
    query = select(_S).where(_S.id == step.id, _S.attempt == step.attempt, _S.state == RUNNING)
    return session.scalar(query.with_for_update())


def _written(step: Step, page: Page, *, pace: Pace, chance: Callable[[], float]) -> Step | None:
    for number in range(MOST_COLLISIONS):
        try:
            with base.transactional() as session:
                row = _ours(session, step)
                return _write(session, row, step, page, pace, chance) if row is not None else None
        except DBAPIError as error:
            if number + 1 == MOST_COLLISIONS or not collided(error):
                raise
    return None


def _write(session: Session, row: RosterSync, step: Step, page: Page, pace: Pace, chance: Callable[[], float]) -> Step | None:
    now, connection = base.now(), session.connection()
    written = enrolment.write(connection, step.place, page.members, now)
    if page.next_url is not None and page.members and not written.new_to_run:
        raise Ended(Verdict("refused", None, "", "roster_loop"))
    _count(row, written)
    if row.kind == FULL and page.next_url is None and not row.seen:
        raise Ended(Verdict("refused", None, "", "roster_empty"))  # more likely a fault there than that everybody left
    row.next_url, row.tries, row.fault, row.status, row.words = page.next_url, 0, "", None, ""
    row.differences_url = page.differences_url or row.differences_url
    if page.next_url is not None:
        row.lease_until = now + timedelta(seconds=pace.lease_seconds)
        return replace(step, url=page.next_url, resumed=True, pages=row.pages, seen=row.seen, tries=0)
    if row.kind == FULL:
        row.gone += enrolment.leave(connection, step.place, begun_at=step.begun_at - TOUCH_EVERY, now=now)
    row.state, row.lease_until, row.finished_at, row.next_at = DONE, None, now, rules.due_again(now, chance())
    log.info("roster_done", course=row.course_id, pages=row.pages, seen=row.seen, added=row.added, changed=row.changed, gone=row.gone)
    return None


def _count(row: RosterSync, written: Written) -> None:
    row.pages += 1
    row.seen += written.seen
    row.added += written.added
    row.changed += written.changed
    row.gone += written.gone


def _yield_turn(step: Step) -> None:
    with base.transactional() as session:
        session.execute(
            update(_S)
            .where(_S.id == step.id, _S.attempt == step.attempt, _S.state == RUNNING)
            .values(state=WAITING, lease_until=None, next_at=base.now())
            .execution_options(synchronize_session=False)
        )


def _failed(step: Step, verdict: Verdict, *, pace: Pace, chance: Callable[[], float]) -> None:
    """A fault: wait and go on at this page; or begin again where its address is good no more; or show it to people."""
    now = base.now()
    with base.transactional() as session:
        row = _ours(session, step)
        if row is None:
            return
        row.tries += 1
        row.fault, row.status, row.words, row.lease_until = verdict.remedy, verdict.status, verdict.words[:500], None
        spent = verdict.kind == "refused" and not verdict.everywhere and verdict.status is not None and verdict.status < 500
        if spent and row.only_link and not step.resumed and step.kind == FULL:
            # It will not tell one activity's people apart (NR-08): then everybody in the course is read, and staff see that.
            begin_anew(row)
            row.only_link, row.state, row.next_at = "", WAITING, now
        elif spent and (step.resumed or step.kind == DIFFERENCES) and row.tries <= 2:
            # Cursors and differences grow old; everybody is read again, from the start.
            tries = row.tries
            begin_anew(row)
            row.differences_url, row.tries, row.state, row.next_at = None, tries, WAITING, now
        elif verdict.kind == "later" and row.tries < rules.MOST_TRIES:
            asked = verdict.retry_after - now if verdict.retry_after is not None else None
            row.state, row.next_at = WAITING, now + backoff(row.tries, pace, chance, retry_after=asked)
        else:
            row.state, row.differences_url, row.next_at = FAILED, None, rules.due_again(now, chance())
        log.warning("roster_fault", course=row.course_id, state=row.state, fault=verdict.remedy, status=verdict.status, pages=row.pages)
