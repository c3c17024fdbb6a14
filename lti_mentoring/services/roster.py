# SPDX-License-Identifier: Apache-2.0
"""A course's roster: asking for it to be read, and what there is to see of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Text, and_, case, cast, exists, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lti_mentoring.domain import roster as rules
from lti_mentoring.domain.people import Actor, display_name
from lti_mentoring.domain.roster import DONE, RUNNING, WAITING
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import privacy
from lti_mentoring.store import base
from lti_mentoring.store.people import NEVER, Course, Identity, Membership, Person, Placement
from lti_mentoring.store.platform import Deployment, Registration
from lti_mentoring.store.roster import CourseGroup, RosterSync

NIGHTLY = "the clock"
"""Who asked, where nobody did."""

PAGE = 50
"""People to a page."""

MOST_SEARCH = 100

SOON = timedelta(minutes=1)
"""What is read by then is worth waiting for on the page."""

_S = RosterSync


# --- asking -------------------------------------------------------------------------------------------------------------


def ask(*, actor: Actor, only: str | None = None) -> None:
    """Bring the course's roster up to date, as soon as a worker has time; everybody is read again. One that runs already goes on.
    ``only``: from now on those who may open the activity of that id alone, "" everybody in the course, None as it was.

    RuleBroken ``roster_unavailable`` where no activity's launch said where the roster is, ``roster_recent`` right after the last run.
    """
    now = base.now()
    with base.transactional() as session:
        # The course's row puts two who ask first in order; SQLite has one writer at a time anyway.
        session.execute(select(Course.id).where(Course.id == actor.course_id).with_for_update())
        row = session.scalar(select(_S).where(_S.course_id == actor.course_id).with_for_update())
        if row is None:
            row = new_sync(session, actor.course_id, now)
            if row is None:
                raise RuleBroken("roster_unavailable")
        wanted = (row.only_link if only is None else only) or ""
        same = wanted == (row.only_link or "")
        if same and row.state == RUNNING:
            return
        if same and row.state == DONE and row.finished_at is not None and now < row.finished_at + rules.AGAIN_AFTER:
            raise RuleBroken("roster_recent", minutes=1)
        if only == "" and same:
            row.only_link = None  # whoever chooses everybody need not be told that the LMS cannot tell them apart
        if not same:
            _narrow(session, row, wanted)
        elif row.state != WAITING:
            begin_anew(row)
        place_anew(session, row)  # here too, since a registration that is held back would never be claimed
        row.state, row.next_at, row.asked_by, row.asked_at, row.differences_url = WAITING, now, actor.person_id, now, None
        privacy.record(session, actor=actor, verb="ask_roster", object_kind="course", object_id=actor.course_id)


def _narrow(session: Session, row: RosterSync, only: str) -> None:
    """Another list than before: what was read of it counts no more, and a worker that is reading it finds that it may not write."""
    if only and not any(only == place for place, _ in _activities(session, row.course_id)):
        raise NotFound("placement")
    begin_anew(row)
    row.only_link, row.attempt, row.lease_until = only or None, row.attempt + 1, None


def _activities(session: Session, course_id: str) -> list[tuple[str, str]]:
    """The activities whose launches told where the roster is: the LMS's id and the title of each."""
    query = select(Placement.resource_link_id, Placement.title).where(
        Placement.course_id == course_id, Placement.memberships_url.is_not(None)
    )
    return [(link, title or link) for link, title in session.execute(query.order_by(Placement.title, Placement.id))]


def new_sync(session: Session, course_id: str, next_at: datetime) -> RosterSync | None:
    """A course's first; None where no activity's launch said where its roster is. In the caller's transaction."""
    place = _placement(session, course_id)
    if place is None:
        return None
    row = _S(
        course_id=course_id,
        registration_id=place.registration_id,
        deployment_id=place.deployment_id,
        state=WAITING,
        run=0,
        asked_by=NIGHTLY,
        asked_at=base.now(),
        next_at=next_at,
    )
    session.add(row)
    session.flush()
    return row


def place_anew(session: Session, row: RosterSync) -> None:
    """Where a run begins, it reads what the activities' launches told last: a course that came to another registration of its LMS is
    read there. In the caller's transaction; left as it was where no activity tells any more."""
    place = _placement(session, row.course_id, row.only_link)
    if place is None or (place.registration_id, place.deployment_id) == (row.registration_id, row.deployment_id):
        return
    row.registration_id, row.deployment_id = place.registration_id, place.deployment_id
    begin_anew(row)  # pages of the other one lead nowhere here
    row.differences_url = None


def _placement(session: Session, course_id: str, only: str | None = None) -> Any:
    """The activity of a course whose launch told last where its roster is; before all others the one of the LMS's id ``only``."""
    return session.execute(
        select(Placement.registration_id, Placement.deployment_id, Registration.name)
        .join(Registration, and_(Registration.id == Placement.registration_id, Registration.active))
        .join(Deployment, and_(Deployment.id == Placement.deployment_id, Deployment.state == "active"))
        .where(Placement.course_id == course_id, Placement.memberships_url.is_not(None))
        .order_by(Placement.resource_link_id != (only or ""), Placement.updated_at.desc(), Placement.id)
        .limit(1)
    ).first()


def begin_anew(row: RosterSync) -> None:
    """The next claim begins a new run; in the caller's transaction."""
    row.next_url, row.begun_at, row.tries = None, None, 0
    row.fault, row.status, row.words = "", None, ""


def plan_new(*, now: datetime) -> int:
    """Give a sync to courses whose first activity tells where their roster is; part of the sweep. -> how many"""
    with base.across_organisations("roster: new courses"):
        known = exists().where(_S.org_id == Placement.org_id, _S.course_id == Placement.course_id)
        query = select(Placement.org_id, Placement.course_id).where(Placement.memberships_url.is_not(None), ~known).distinct().limit(500)
        found = base.session().execute(query).all()
    for org_id, course_id in found:
        with base.tenant(org_id):
            try:
                with base.transactional() as session:
                    new_sync(session, course_id, now + rules.FIRST_AFTER)
            except IntegrityError:  # its coordinator has just asked, or another worker has
                continue
    return len(found)


# --- the page -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Listed:
    """One line: somebody in the course by the LMS. ``launched_at`` is None for those who never came."""

    person_id: str
    name: str
    standing: str
    status: str
    launched_at: datetime | None
    left_at: datetime | None
    on_roster: bool
    test_user: bool
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the course's sync stands. ``fault`` is a remedy's code, with what the LMS said."""

    state: str
    kind: str
    pages: int
    seen: int
    added: int
    changed: int
    gone: int
    begun_at: datetime | None
    finished_at: datetime | None
    next_at: datetime
    tries: int
    fault: str
    status: int | None
    words: str
    only_link: str | None
    groups_fault: str


@dataclass(frozen=True, slots=True)
class RosterPage:
    """Some of the course's people, by name. ``available``: an activity's launch has said where the LMS lists them."""

    people: tuple[Listed, ...]
    total: int
    here: int
    come: int
    left: int
    search: str
    number: int
    pages: int
    sync: Progress | None
    busy: bool
    """It is being read, or is about to be."""
    available: bool
    platform: str
    activities: tuple[tuple[str, str], ...]
    groups: tuple[tuple[str, str], ...] = ()
    group: str = ""


def page(*, actor: Actor, search: str = "", group: str = "", number: int = 1) -> RosterPage:
    """The course's people as its LMS has them, ``PAGE`` at a time; some whose name has ``search`` in it, or who are in ``group``."""
    session = base.session()
    search = search.strip()[:MOST_SEARCH]
    name = func.coalesce(Person.name, Person.chosen_name, "")
    found = and_(Membership.course_id == actor.course_id, func.lower(name).contains(search.lower(), autoescape=True))
    if group:  # ids stand in the column as JSON writes them
        found = and_(found, cast(Membership.lms_groups, Text).contains(json.dumps(group), autoescape=True))
    joined = and_(Person.org_id == Membership.org_id, Person.id == Membership.person_id)
    here, come, left = _counted(session, actor.course_id)
    total = session.scalar(select(func.count()).select_from(Membership).join(Person, joined).where(found)) or 0
    pages = max(1, -(-total // PAGE))
    number = min(max(1, number), pages)
    tested = exists().where(Identity.org_id == Membership.org_id, Identity.person_id == Membership.person_id, Identity.test_user)
    rows = session.execute(
        select(Membership, Person.name, Person.chosen_name, tested)
        .join(Person, joined)
        .where(found)
        .order_by(Membership.status == rules.LEFT, name == "", func.lower(name), Membership.person_id)
        .limit(PAGE)
        .offset((number - 1) * PAGE)
    )
    titles = _groups(session, actor.course_id)
    place = _placement(session, actor.course_id)
    sync = session.scalar(select(_S).where(_S.course_id == actor.course_id))
    return RosterPage(
        people=tuple(_listed(*row, titles) for row in rows),
        total=total,
        here=here,
        come=come,
        left=left,
        search=search,
        number=number,
        pages=pages,
        sync=_progress(sync) if sync is not None else None,
        busy=sync is not None and (sync.state == RUNNING or (sync.state == WAITING and sync.next_at <= base.now() + SOON)),
        available=place is not None,
        platform=place.name if place is not None else "",
        activities=tuple(_activities(session, actor.course_id)),
        groups=tuple(titles.items()),
        group=group if group in titles else "",
    )


def _counted(session: Session, course_id: str) -> tuple[int, int, int]:
    """How many are in the course, how many of them have come, and how many have left."""
    here = Membership.status == rules.ACTIVE
    sums = (func.coalesce(func.sum(case((one, 1), else_=0)), 0) for one in (here, and_(here, Membership.launched_at > NEVER)))
    left = func.coalesce(func.sum(case((Membership.status == rules.LEFT, 1), else_=0)), 0)
    found = session.execute(select(*sums, left).where(Membership.course_id == course_id)).one()
    return int(found[0]), int(found[1]), int(found[2])


def _groups(session: Session, course_id: str) -> dict[str, str]:
    """The groups that the LMS has in the course, by name: its id of each -> the name."""
    query = select(CourseGroup.lms_id, CourseGroup.name).where(CourseGroup.course_id == course_id)
    return {one.lms_id: one.name for one in session.execute(query.order_by(func.lower(CourseGroup.name), CourseGroup.lms_id))}


def _listed(member: Membership, name: str | None, chosen: str | None, tested: bool, titles: Mapping[str, str]) -> Listed:
    return Listed(
        person_id=member.person_id,
        name=display_name(name or chosen, member.person_id),
        standing=member.standing,
        status=member.status,
        launched_at=member.launched_at if member.launched_at > NEVER else None,
        left_at=member.left_at,
        on_roster=member.roster_run > 0,
        test_user=tested,
        groups=tuple(titles[one] for one in member.lms_groups or () if one in titles),
    )


def _progress(row: RosterSync) -> Progress:
    return Progress(**{name: getattr(row, name) for name in Progress.__dataclass_fields__})
