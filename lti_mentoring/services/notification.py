# SPDX-License-Identifier: Apache-2.0
"""Notices: telling somebody in the transaction that gives the reason, reading what one was told, and choosing what comes by mail."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, func, select, union, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from lti_mentoring.domain import notification as rules
from lti_mentoring.domain.notification import ALL, CHOICES, FAMILIES, OFF, WEEKLY
from lti_mentoring.domain.people import LEADS, Actor
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import lane, mail, privacy
from lti_mentoring.store import base
from lti_mentoring.store.delivery import Mail, mail_way
from lti_mentoring.store.notification import MailChoice, Notification
from lti_mentoring.store.people import Course, Person, RoleGrant

A_PAGE = 50
MOST_DIGESTS = 500
"""Digests that one transaction makes; the next step makes more."""


# --- telling ---------------------------------------------------------------------------------------------------------------------


def tell(
    session: Session,
    *,
    org_id: str,
    person_id: str,
    kind: str,
    facts: Mapping[str, Any],
    endpoint: str,
    ids: Mapping[str, str],
    once: str | None = None,
) -> str | None:
    """Tell somebody something, in the caller's transaction, with the mail of it in the outbox; the one way to make a notice. -> its id

    ``kind`` is a code of ``domain.notification.KINDS``, ``facts`` are those that it has. ``endpoint`` is the page that the notice leads
    to, ``ids`` what its address takes, ``course`` among them. Whoever has caused it tells others of it, and not themself. ``once`` names
    a reason that is found again and again: who was told of it is told nothing, whoever else tells them at this moment. -> None then
    """
    made: dict[str, Any] = {
        "org_id": org_id,
        "id": base.new_id(),
        "person_id": person_id,
        "course_id": ids["course"],
        "kind": kind,
        "facts": rules.checked(kind, facts),
        "endpoint": endpoint,
        "ids": {name: value for name, value in ids.items() if name != "course"},
        "once": once,
        "created_at": base.now(),
    }
    insert = postgresql.insert(Notification) if session.get_bind().dialect.name == "postgresql" else sqlite.insert(Notification)
    unique = insert.values(**made).on_conflict_do_nothing(index_elements=["org_id", "person_id", "once"]).returning(Notification.id)
    if session.scalar(unique) is None:
        return None
    privacy.record(session, actor=privacy.SYSTEM, verb="tell", object_kind="notification", object_id=made["id"], kind=kind)
    mail.want(session, Notification(**made))
    return str(made["id"])


def release(session: Session, once: Collection[str]) -> None:
    """These reasons are gone, in the caller's transaction: when they come back, people are told of them anew."""
    gone = update(Notification).where(Notification.once.in_(once)).values(once=None)
    session.execute(gone.execution_options(synchronize_session=False))


def told(org_id: Any, person_id: Any, once: Any) -> Any:
    """Whether somebody was told of a reason, as a part of a statement about them."""
    of = (Notification.org_id == org_id, Notification.person_id == person_id)
    return select(Notification.id).where(*of, Notification.once == once).exists()


def unread_of(org_id: Any, person_id: Any) -> Any:
    """How many notices of somebody are unread, as a part of a statement about them."""
    theirs = (Notification.org_id == org_id, Notification.person_id == person_id, Notification.read_at.is_(None))
    return select(func.count(Notification.id)).where(*theirs).scalar_subquery().label("unread")


# --- reading ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """A notice in the list; its words are made from its code and facts."""

    id: str
    kind: str
    facts: Mapping[str, Any]
    course: str
    created_at: datetime
    unread: bool


@dataclass(frozen=True, slots=True)
class NoticePage:
    """A person's notices, newest first. ``number`` counts from 1; ``beyond``: there are older ones."""

    notices: tuple[NoticeRow, ...]
    number: int
    total: int
    unread: int
    beyond: bool


@dataclass(frozen=True, slots=True)
class Target:
    """The page that a notice is about."""

    endpoint: str
    course_id: str
    ids: Mapping[str, str]


def page(*, actor: Actor, number: int = 1) -> NoticePage:
    """What this person was told, in whatever course of this organisation; two queries."""
    session = base.session()
    mine = Notification.person_id == actor.person_id
    total, unread = session.execute(
        select(func.count(), func.count().filter(Notification.read_at.is_(None))).select_from(Notification).where(mine)
    ).one()
    number = max(1, min(number, -(-total // A_PAGE)))
    rows = session.execute(
        select(Notification, Course.title, Course.label)
        .join(Course, and_(Course.org_id == Notification.org_id, Course.id == Notification.course_id))
        .where(mine)
        .order_by(Notification.created_at.desc(), Notification.id.desc())
        .limit(A_PAGE)
        .offset((number - 1) * A_PAGE)
    )
    notices = tuple(
        NoticeRow(row.id, row.kind, rules.as_said(row.facts), title or label, row.created_at, row.read_at is None)
        for row, title, label in rows
    )
    return NoticePage(notices, number, total, unread, total > number * A_PAGE)


def follow(*, actor: Actor, notice_id: str) -> Target:
    """The page that one of this person's notices is about; from then on the notice is read. NotFound ``notification``."""
    query = select(Notification).where(Notification.id == notice_id, Notification.person_id == actor.person_id)
    row = base.session().scalar(query)
    if row is None:
        raise NotFound("notification")
    target = Target(row.endpoint, row.course_id, dict(row.ids))
    if row.read_at is None:
        with base.transactional() as session:
            _read(session, actor, Notification.id == notice_id)
    return target


def read_all(*, actor: Actor) -> int:
    """Everything that this person was told is read. -> how much of it was not."""
    with base.transactional() as session:
        return _read(session, actor)


def _read(session: Session, actor: Actor, *which: Any) -> int:
    unread = (Notification.person_id == actor.person_id, Notification.read_at.is_(None), *which)
    ids = session.scalars(select(Notification.id).where(*unread)).all()
    if ids:
        session.execute(update(Notification).where(*unread).values(read_at=base.now()).execution_options(synchronize_session=False))
        one = ids[0] if len(ids) == 1 else actor.person_id
        kind = "notification" if len(ids) == 1 else "person"
        privacy.record(session, actor=actor, verb="read_notices", object_kind=kind, object_id=one, count=len(ids))
    return len(ids)


# --- choosing --------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Choices:
    """What somebody gets by mail of each family, chosen or by default. ``sends``: this installation sends mails; ``address`` is
    where, as the LMS said, None where it named none."""

    families: tuple[tuple[str, str], ...]
    sends: bool
    address: str | None


def choices(*, actor: Actor) -> Choices:
    """What this person gets by mail."""
    reader = mail.readers(base.session(), [actor.person_id])[actor.person_id]
    families = tuple((family, rules.choice(family, reader.chosen, leads=reader.leads)) for family in FAMILIES)
    return Choices(families, mail_way() is not None, reader.address)


def choose(*, actor: Actor, wanted: Mapping[str, str]) -> None:
    """What this person wants by mail, of each family. RuleBroken ``mail_choice_unknown`` for what is no choice."""
    if set(wanted) != set(FAMILIES) or not set(wanted.values()) <= set(CHOICES):
        raise RuleBroken("mail_choice_unknown")
    none = set(wanted.values()) == {OFF}
    with base.transactional() as session:
        _put(session, actor.org_id, actor.person_id, {**wanted, **({ALL: OFF} if none else {})})
        if not none:
            session.execute(delete(MailChoice).where(MailChoice.person_id == actor.person_id, MailChoice.family == ALL))
        privacy.record(session, actor=actor, verb="choose_mail", object_kind="person", object_id=actor.person_id, **wanted)


def unsubscribe(*, org_id: str, person_id: str) -> bool:
    """No mail of any family any more, for whom a signed link names; a second time changes nothing. -> whether the person is there"""
    with base.tenant(org_id), base.transactional() as session:
        if session.scalar(select(Person.id).where(Person.id == person_id)) is None:
            return False
        _put(session, org_id, person_id, dict.fromkeys((*FAMILIES, ALL), OFF))
        privacy.record(session, actor=person_id, verb="unsubscribe", object_kind="person", object_id=person_id)
        return True


def _put(session: Session, org_id: str, person_id: str, wanted: Mapping[str, str]) -> None:
    insert = postgresql.insert(MailChoice) if session.get_bind().dialect.name == "postgresql" else sqlite.insert(MailChoice)
    session.execute(
        insert.on_conflict_do_update(
            index_elements=["org_id", "person_id", "family"],
            set_={"choice": insert.excluded.choice, "chosen_at": insert.excluded.chosen_at},
        ),
        [
            {"org_id": org_id, "id": base.new_id(), "person_id": person_id, "family": family, "choice": one, "chosen_at": base.now()}
            for family, one in sorted(wanted.items())
        ],
    )


def erase(session: Session, *, person_id: str) -> None:
    """Forget a person's notices, mails and choices, in the caller's transaction; their address goes with the person's own row."""
    for kind in (Mail, Notification, MailChoice):
        session.execute(delete(kind).where(kind.person_id == person_id).execution_options(synchronize_session=False))


# --- the weekly digest -------------------------------------------------------------------------------------------------------------


def digest(now: datetime) -> int:
    """Put this week's digests into the outbox, one for each person and ISO week however often and by however many workers it is asked.

    For who leads a course, or has chosen a digest, and was told something in the week before. What it counts is counted when it is
    sent. -> how many were made
    """
    way = mail_way()
    if way is None:
        return 0
    week = rules.digest_week(now)
    with base.across_organisations("mail: digests"):
        owed = base.session().execute(_owed(week)).all()
    made = 0
    for org_id in sorted({row.org_id for row in owed}):
        with base.tenant(org_id), base.transactional() as session:
            lane.ensure(session, {mail.lane_of(way)})
            insert = postgresql.insert(Mail) if session.get_bind().dialect.name == "postgresql" else sqlite.insert(Mail)
            people = [row.id for row in owed if row.org_id == org_id]
            rows = [{"org_id": org_id, "id": base.new_id(), "person_id": one, "week": week.name, "lane": way.lane} for one in people]
            session.execute(insert.on_conflict_do_nothing(index_elements=["org_id", "person_id", "week"]), rows)
            for one in people:
                privacy.record(session, actor=privacy.SYSTEM, verb="digest", object_kind="person", object_id=one, week=week.name)
            made += len(rows)
    return made


def _owed(week: rules.Week) -> Any:
    """Who may want this week's digest and has none yet."""
    told = select(Notification.id).where(
        Notification.org_id == Person.org_id,
        Notification.person_id == Person.id,
        Notification.created_at >= week.since,
        Notification.created_at < week.until,
    )
    held = select(Mail.id).where(Mail.org_id == Person.org_id, Mail.person_id == Person.id, Mail.week == week.name)
    # Few lead a course or choose a digest, whatever the number of persons; this is asked once a minute.
    few = union(
        select(MailChoice.org_id, MailChoice.person_id).where(MailChoice.choice == WEEKLY),
        select(RoleGrant.org_id, RoleGrant.person_id).where(RoleGrant.role.in_(LEADS), RoleGrant.revoked_at.is_(None)),
    ).subquery()
    return (
        select(Person.org_id, Person.id)
        .join(few, and_(few.c.org_id == Person.org_id, few.c.person_id == Person.id))
        .where(Person.email.is_not(None), told.exists(), ~held.exists())
        .order_by(Person.org_id, Person.id)
        .limit(MOST_DIGESTS)
    )
