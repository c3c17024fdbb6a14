# SPDX-License-Identifier: Apache-2.0
"""Getting mails across: claim some, write each from its notice as it is now, hand them over outside any transaction, settle them.

SMTP knows no fence: a worker that is killed after the server has taken a mail and before that is written down sends it again once its
lease has ended. Nothing can rule that out; both are one mail to whoever sorts them, since their Message-ID is the same.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.orm import Session

from lti_mentoring.domain import lane as lane_rules
from lti_mentoring.domain import mail as rules
from lti_mentoring.domain import notification
from lti_mentoring.domain.delivery import DONE, REFUSED, SENDING, WAITING, Pace, backoff
from lti_mentoring.domain.lane import Limits
from lti_mentoring.domain.mail import OF_THE_SERVER, WORTH_A_WAIT, Verdict, Written
from lti_mentoring.outbound.mail import Door, MailFault
from lti_mentoring.services import door_letter, guest_letter, intake, lane, language, mail, privacy, programme, reading_time, referee
from lti_mentoring.services.mail import Reader
from lti_mentoring.store import base
from lti_mentoring.store.delivery import Mail, MailWay
from lti_mentoring.store.notification import Notification
from lti_mentoring.store.people import Course, Membership, Placement

TOGETHER = 20
"""Mails that one connection takes at the most."""

ACTIVE = "active"


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail is about: a notice by its code and facts, or with ``counts`` a week by code. ``course`` and ``activity`` are the
    titles of where to look, "" where none is known; ``told`` is what the programme adds, as its reader reads it. The edge puts the rest
    into the reader's language."""

    locale: str | None
    kind: str = ""
    facts: Mapping[str, Any] | None = None
    course: str = ""
    activity: str = ""
    told: str = ""
    counts: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Post:
    """How this installation writes and sends: ``unsubscribe`` makes the signed address for (organisation, person, time), ``secret`` what
    only we can make from a text."""

    way: MailWay
    door: Door
    sender: tuple[str, str]
    host: str
    write: Callable[[Letter], Written]
    unsubscribe: Callable[[str, str, datetime], str]
    secret: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Ready:
    """A claimed mail that is still wanted."""

    id: str
    address: str
    name: str
    letter: Letter
    unsubscribe: str


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of a claimed mail: without a ``verdict`` it was not begun and is due again, unless nobody wants it any more.
    ``asked``: the server was asked because of this one."""

    org_id: str
    id: str
    attempt: int
    verdict: Verdict | None = None
    wanted: bool = True
    asked: bool = True


def step(made: Callable[[], Post], *, pace: Pace, limits: Limits, chance: Callable[[], float] = random.random) -> bool:
    """Send the mails that are due, as many as one connection takes; a worker's errand. -> whether there were any.

    ``made`` gives the post, and is asked once there is a mail: what writes mails takes memory.
    """
    begun = time.monotonic()
    if not _any_due():
        return False
    post = made()
    claimed = _claim(post.way, pace, limits)
    if not claimed:
        return False
    ready: dict[str, Ready] = {}
    for org_id, dues in groupby(claimed, key=lambda due: due.org_id):
        with base.tenant(org_id):
            ready |= _written(org_id, list(dues), post)
    ended = [Ended(due.org_id, due.id, due.attempt, wanted=False) for due in claimed if due.id not in ready]
    ended += _carried([due for due in claimed if due.id in ready], ready, post, until=begun + pace.lease_seconds / 2)
    for org_id, some in groupby(sorted(ended, key=lambda one: one.org_id), key=lambda one: one.org_id):
        with base.tenant(org_id):
            _settle(list(some), post.way.lane, pace=pace, limits=limits, chance=chance)
    if any(one.verdict is not None and one.verdict.kind == rules.DONE for one in ended):
        _revive()
    return True


# --- claim -------------------------------------------------------------------------------------------------------------------------


def _due(now: datetime) -> Any:
    return or_(and_(Mail.state == WAITING, Mail.next_at <= now), and_(Mail.state == SENDING, Mail.lease_until <= now))


def _any_due() -> bool:
    with base.across_organisations("mail: due"):
        return base.session().scalar(select(Mail.id).where(_due(base.now())).limit(1)) is not None


def _claim(way: MailWay, pace: Pace, limits: Limits) -> list[Any]:
    """Some mails that are due, ours for a lease: (org_id, id, attempt), by organisation. Those of a server of earlier settings too."""
    now = base.now()
    with base.across_organisations("mail: claim"), base.transactional(durable=False) as session:
        due = _due(now)
        found = session.execute(
            select(Mail.org_id, Mail.id, Mail.attempt).where(due).order_by(Mail.next_at).limit(min(TOGETHER, pace.batch))
        ).all()
        if not found:
            return []
        lane.ensure(session, {mail.lane_of(way)})
        row = lane.lock(session, way.lane)
        busy = session.scalar(select(func.count()).where(Mail.lane == way.lane, Mail.state == SENDING, Mail.lease_until > now)) or 0
        lease = timedelta(seconds=pace.lease_seconds)
        count = lane.let_through(session, row, limits, most=len(found), in_flight=busy, lease=lease)
        taken = [one for one in found[:count] if _take(session, one, due, way.lane, now, now + lease)]
    return sorted((Ended(one.org_id, one.id, one.attempt + 1) for one in taken), key=lambda one: (one.org_id, one.id))


def _take(session: Session, one: Any, due: Any, lane_key: str, now: datetime, until: datetime) -> bool:
    values = {"state": SENDING, "attempt": one.attempt + 1, "lease_until": until, "tried_at": now, "lane": lane_key}
    query = update(Mail).where(Mail.org_id == one.org_id, Mail.id == one.id, Mail.attempt == one.attempt, due).values(**values)
    return bool(session.execute(query.execution_options(synchronize_session=False).returning(Mail.id)).first())


# --- write -------------------------------------------------------------------------------------------------------------------------


def _written(org_id: str, dues: Sequence[Any], post: Post) -> dict[str, Ready]:
    """What is still wanted of these mails of one organisation, with all that they say; by id."""
    asked = referee.letters(org_id, [due.id for due in dues], secret=post.secret)
    found = {one: Ready(one, to.address, to.name, Letter(to.locale, f"reference_{to.kind}", to.facts), "") for one, to in asked.items()}
    for one, guest in guest_letter.letters(org_id, [due.id for due in dues], secret=post.secret).items():
        found[one] = Ready(one, guest.address, guest.name, Letter(guest.locale, f"guest_{guest.kind}", guest.facts), "")
    for one, to_door in door_letter.letters(org_id, [due.id for due in dues], secret=post.secret).items():
        said = Letter(to_door.locale, f"door_{to_door.kind}", to_door.facts)
        found[one] = Ready(one, to_door.address, to_door.name, said, "")
    session = base.session()
    rows = session.execute(
        select(Mail, Notification, Course.title, Course.label, Membership.status)
        .outerjoin(Notification, and_(Notification.org_id == Mail.org_id, Notification.id == Mail.notification_id))
        .outerjoin(Course, and_(Course.org_id == Notification.org_id, Course.id == Notification.course_id))
        .outerjoin(
            Membership,
            and_(
                Membership.org_id == Mail.org_id,
                Membership.person_id == Mail.person_id,
                Membership.course_id == Notification.course_id,
            ),
        )
        .where(Mail.id.in_([due.id for due in dues]))
    ).all()
    known = mail.readers(session, {row[0].person_id for row in rows})
    courses = {row[1].course_id for row in rows if row[1] is not None}
    activities = _activities(session, courses)
    versions = {course: intake.version_in(base.connection(), org_id=org_id, course_id=course) for course in courses}
    for row, notice, title, label, status in rows:
        reader = known[row.person_id]
        if notice is None and row.week is None:
            continue  # with a link, and among those above if it is wanted
        if notice is None:
            letter = _weekly(session, row, reader)
        else:
            where = rules.line(title or label or ""), rules.line(activities.get(notice.course_id, ""))
            letter = _of_notice(notice, reader, *where, versions.get(notice.course_id)) if status == ACTIVE else None
        if letter is not None and reader.address is not None:
            signed = post.unsubscribe(org_id, row.person_id, row.created_at)
            found[row.id] = Ready(row.id, reader.address, reader.name, letter, signed)
    return found


def _of_notice(notice: Notification, reader: Reader, course: str, activity: str, version_id: str | None) -> Letter | None:
    """The letter of a notice; None once it is read, or its reader wants no mail of its kind any more. ``version_id`` is the programme
    version that its course works with: it may have words of its own for mails of this kind."""
    if notice.read_at is not None or notice.kind not in notification.KINDS:
        return None
    if not notification.mailed(notice.kind, reader.chosen, leads=reader.leads):
        return None
    told = _told(version_id, notice.kind, reader.locale) if version_id is not None else ""
    return Letter(reader.locale, notice.kind, notification.as_said(notice.facts), course, activity, told)


def _told(version_id: str, kind: str, locale: str | None) -> str:
    """What a programme adds to a mail of this kind, in its reader's language; empty where it adds nothing."""
    with language.read_in(lambda: (locale,) if locale else ()):
        return next((one.text for one in programme.load(version_id).mails if one.key == kind), "")


def _weekly(session: Session, row: Mail, reader: Reader) -> Letter | None:
    """The digest of a week: how many notices of each kind, and nothing of who or what; None for a week without any."""
    week = notification.week_named(row.week or "")
    counted = (
        select(Notification.kind, func.count())
        .where(
            Notification.person_id == row.person_id,
            Notification.created_at >= week.since,
            Notification.created_at < week.until,
            Notification.kind.in_(notification.weekly(reader.chosen, leads=reader.leads)),
        )
        .group_by(Notification.kind)
        .order_by(Notification.kind)
    )
    counts = tuple((kind, count) for kind, count in session.execute(counted))
    return Letter(reader.locale, counts=counts) if counts else None


def _activities(session: Session, courses: set[str]) -> dict[str, str]:
    """The title of an activity by which each course is entered: the oldest one that opens the programme, else the oldest."""
    rows = session.execute(
        select(Placement.course_id, Placement.title)
        .where(Placement.course_id.in_(courses), Placement.part_of.is_(None), Placement.title != "")
        .order_by((Placement.item == "programme").desc(), Placement.created_at)
    )
    found: dict[str, str] = {}
    for course_id, title in rows:
        found.setdefault(course_id, title)
    return found


# --- hand over ---------------------------------------------------------------------------------------------------------------------


def _carried(dues: Sequence[Any], ready: Mapping[str, Ready], post: Post, *, until: float) -> list[Ended]:
    """Hand these mails over one after the other. No transaction is open. What is not begun by ``until`` (monotonic) is left for the
    next connection: its lease would not outlast the server's slowest answers."""
    ended: list[Ended] = []
    if not dues:
        return ended
    try:
        with post.door() as carry:
            for due in dues:
                if time.monotonic() >= until:
                    break
                one = ready[due.id]
                written = rules.compose(
                    post.write(one.letter),
                    sender=post.sender,
                    name=one.name,
                    address=one.address,
                    message_id=rules.message_id(one.id, post.host),
                    unsubscribe=one.unsubscribe,
                    at=base.now(),
                )
                try:
                    verdict = carry(written, post.sender[1], one.address)
                except MailFault as fault:
                    ended.append(Ended(due.org_id, due.id, due.attempt, fault.verdict))
                    break
                ended.append(Ended(due.org_id, due.id, due.attempt, verdict))
    except MailFault as fault:
        # The door did not open: that holds for all of them, and tells as much of the server as one request.
        return [Ended(due.org_id, due.id, due.attempt, fault.verdict, asked=not number) for number, due in enumerate(dues)]
    return ended + [Ended(due.org_id, due.id, due.attempt) for due in dues[len(ended) :]]


# --- settle ------------------------------------------------------------------------------------------------------------------------


def _settle(ended: Sequence[Ended], lane_key: str, *, pace: Pace, limits: Limits, chance: Callable[[], float]) -> None:
    """Write down what became of mails of one organisation, those that are still ours by their attempt."""
    now = base.now()
    with base.transactional() as session:
        gate = lane.lock(session, lane_key)
        query = select(Mail).where(Mail.id.in_([one.id for one in ended]), Mail.state == SENDING).order_by(Mail.id).with_for_update()
        rows = {row.id: row for row in session.scalars(query)}
        news = [one for one in ended if one.id in rows and rows[one.id].attempt == one.attempt]
        told = [_heard(one.verdict) for one in news if one.verdict is not None and one.asked]
        if gate is not None and told:
            lane.heard(session, gate, told, limits=limits, now=now, chance=chance)
        elif news:
            lane.unasked(session, lane_key, ())
        for one in news:
            _put(session, rows[one.id], one, pace, chance, now)
        session.flush()
        reading_time.mailed(session, [one.id for one in news if rows[one.id].state in (DONE, REFUSED) and one.verdict is not None])


def _heard(verdict: Verdict) -> tuple[str, str, lane_rules.Event]:
    event = lane_rules.event_of(kind=verdict.kind, status=verdict.status, remedy=verdict.remedy, retry_after=None)
    return verdict.kind, verdict.remedy, event


def _put(session: Session, row: Mail, one: Ended, pace: Pace, chance: Callable[[], float], now: datetime) -> None:
    """What a row says from now on, with the line of the record where something has ended."""
    row.lease_until, verdict = None, one.verdict
    if verdict is None:
        row.state, row.next_at = (WAITING if one.wanted else DONE), now
        return
    row.fault, row.status, row.words = verdict.remedy, verdict.status, verdict.words
    if verdict.kind == rules.DONE:
        row.state, row.sent_at, row.tries, row.stuck_at = DONE, now, 0, None
        privacy.record(session, actor=privacy.SYSTEM, verb="deliver", object_kind="mail", object_id=row.id)
    elif verdict.kind == rules.LATER and now - row.created_at < WORTH_A_WAIT:
        row.state, row.tries, row.next_at = WAITING, row.tries + 1, now + backoff(row.tries + 1, pace, chance)
    else:
        row.state, row.tries, row.stuck_at = REFUSED, row.tries + 1, now
        privacy.record(session, actor=privacy.SYSTEM, verb="refuse", object_kind="mail", object_id=row.id, reason=row.fault)


def _revive() -> None:
    """The server takes our mails: those that were turned away for what all of them met are due again, while they are worth it."""
    now = base.now()
    turned_away = and_(Mail.state == REFUSED, Mail.fault.in_(sorted(OF_THE_SERVER)), Mail.created_at > now - WORTH_A_WAIT)
    with base.across_organisations("mail: revive"):
        if base.session().scalar(select(Mail.id).where(turned_away).limit(1)) is None:
            return
    with base.across_organisations("mail: revive"), base.transactional() as session:
        again = update(Mail).where(turned_away).values(state=WAITING, next_at=now, stuck_at=None)
        session.execute(again.execution_options(synchronize_session=False))
