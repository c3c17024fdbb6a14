# SPDX-License-Identifier: Apache-2.0
"""The outbox of mails: which notices go out by mail and to whom, which mails are stuck, and sending them again."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, literal, or_, select
from sqlalchemy.orm import Session

from lti_mentoring.domain import notification as rules
from lti_mentoring.domain.delivery import DONE, REFUSED, SENDING, SET_ASIDE, WAITING
from lti_mentoring.domain.mail import mailable
from lti_mentoring.domain.people import LEADS, Actor, display_name
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import lane, privacy
from lti_mentoring.store import base
from lti_mentoring.store.delivery import GuestLetter, Mail, MailWay, ReferenceLetter, mail_way
from lti_mentoring.store.notification import MailChoice, Notification
from lti_mentoring.store.people import Identity, Membership, Person, RoleGrant

MOST_ROWS = 200


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who may have a mail: ``address`` is None for whom we cannot or must not write to."""

    name: str
    address: str | None
    locale: str | None
    leads: bool
    chosen: Mapping[str, str]


def readers(session: Session, people: Collection[str]) -> dict[str, Reader]:
    """What is known of these persons as readers, by their ids; two queries."""
    leads = select(RoleGrant.id).where(
        RoleGrant.org_id == Person.org_id, RoleGrant.person_id == Person.id, RoleGrant.role.in_(LEADS), RoleGrant.revoked_at.is_(None)
    )
    tested = select(Identity.id).where(Identity.org_id == Person.org_id, Identity.person_id == Person.id, Identity.test_user)
    found = session.execute(
        select(
            Person.id,
            Person.name,
            Person.chosen_name,
            Person.email,
            Person.locale,
            leads.exists().label("leads"),
            tested.exists().label("tested"),
        ).where(Person.id.in_(people))
    ).all()
    chosen: dict[str, dict[str, str]] = {row.id: {} for row in found}
    choices = select(MailChoice.person_id, MailChoice.family, MailChoice.choice).where(MailChoice.person_id.in_(people))
    for person_id, family, choice in session.execute(choices):
        chosen[person_id][family] = choice
    return {
        row.id: Reader(
            name=display_name(row.name or row.chosen_name, row.id),
            address=mailable(row.email) if not row.tested else None,
            locale=row.locale,
            leads=row.leads,
            chosen=chosen[row.id],
        )
        for row in found
    }


# --- what is wanted --------------------------------------------------------------------------------------------------------------


def want(session: Session, notice: Notification) -> None:
    """Put the mail of a notice into the outbox, in the transaction that made it; nothing where no mail server is set, and for whom no
    mail is wanted or possible. Whether it is still wanted is asked again when it is sent."""
    way = mail_way()
    if way is None or not rules.KINDS[notice.kind].waits:
        return
    reader = readers(session, [notice.person_id]).get(notice.person_id)
    if reader is None or reader.address is None or not rules.mailed(notice.kind, reader.chosen, leads=reader.leads):
        return
    lane.ensure(session, {lane_of(way)})
    session.add(
        Mail(
            org_id=notice.org_id,
            person_id=notice.person_id,
            notification_id=notice.id,
            course_id=notice.course_id,
            lane=way.lane,
            next_at=base.now() + timedelta(seconds=way.wait_seconds),
        )
    )


def lane_of(way: MailWay) -> tuple[str, str, str]:
    """The lane of a mail server: key, issuer, host."""
    return way.lane, "mail", way.host[:300]


# --- what is stuck ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StuckMail:
    """A mail that needs a person. ``kind`` is its notice's, empty for a weekly digest; ``person`` is who gets it, or whom one to a referee
    is about."""

    id: str
    person: str
    kind: str
    tries: int
    tried_at: datetime | None


@dataclass(frozen=True, slots=True)
class MailCause:
    """Mails that the server refused for one reason, in its own words; ``key`` names the reason in a form."""

    key: str
    remedy: str
    status: int | None
    words: str
    since: datetime
    mails: tuple[StuckMail, ...]


@dataclass(frozen=True, slots=True)
class MailPage:
    """The mails of a course that are stuck, and how many are on their way; ``remedy`` is what holds those up, if anything does."""

    causes: tuple[MailCause, ...]
    need_person: int
    on_their_way: int
    remedy: str


def _of_course(actor: Actor) -> Any:
    """The mails of notices of a course, and the digests of people who are in it. That help was asked for or given is the coordinator's to
    see alone: whoever else leads may assess the candidate."""
    here = select(Membership.id).where(
        Membership.org_id == Mail.org_id, Membership.person_id == Mail.person_id, Membership.course_id == actor.course_id
    )
    theirs = or_(Mail.course_id == actor.course_id, and_(Mail.week.is_not(None), here.exists()))  # never who comes by the door
    if actor.is_any("coordinator"):
        return theirs
    of_help = [code for code, kind in rules.KINDS.items() if kind.family == "help"]
    about = select(Notification.id).where(Notification.org_id == Mail.org_id, Notification.id == Mail.notification_id)
    return and_(theirs, ~about.where(Notification.kind.in_(of_help)).correlate(Mail).exists())


_KIND = func.coalesce(Notification.kind, literal("reference_") + ReferenceLetter.kind, literal("guest_") + GuestLetter.kind)
"""What a mail is: its notice's kind, or that of one with a link."""


def stuck(*, actor: Actor) -> MailPage:
    """The mails of the actor's course that need a person, by cause; two queries."""
    session = base.session()
    counted = select(
        func.count().filter(Mail.state == REFUSED),
        func.count().filter(Mail.state.in_((WAITING, SENDING))),
        func.max(Mail.fault).filter(Mail.state == WAITING),
    )
    refused, waiting, remedy = session.execute(counted.where(_of_course(actor))).one()
    rows = session.execute(
        select(Mail, Person.name, Person.chosen_name, _KIND)
        .join(Person, and_(Person.org_id == Mail.org_id, Person.id == Mail.person_id))
        .outerjoin(ReferenceLetter, and_(ReferenceLetter.org_id == Mail.org_id, ReferenceLetter.mail_id == Mail.id))
        .outerjoin(GuestLetter, and_(GuestLetter.org_id == Mail.org_id, GuestLetter.mail_id == Mail.id))
        .outerjoin(Notification, and_(Notification.org_id == Mail.org_id, Notification.id == Mail.notification_id))
        .where(Mail.state == REFUSED, _of_course(actor))
        .order_by(Mail.stuck_at, Mail.id)
        .limit(MOST_ROWS)
    ).all()
    groups: dict[str, list[Any]] = {}
    for row in rows:
        groups.setdefault(_cause(row[0]), []).append(row)
    causes = tuple(_told(key, found) for key, found in groups.items())
    return MailPage(causes, refused, waiting, remedy or "")


def _cause(mail: Mail) -> str:
    return hashlib.sha256(repr((mail.fault, mail.status, mail.words)).encode()).hexdigest()[:32]


def _told(key: str, rows: list[Any]) -> MailCause:
    first: Mail = rows[0][0]
    return MailCause(
        key=key,
        remedy=first.fault,
        status=first.status,
        words=first.words,
        since=first.stuck_at or first.created_at,
        mails=tuple(
            StuckMail(mail.id, display_name(name or chosen, mail.person_id), kind or "", mail.tries, mail.tried_at)
            for mail, name, chosen, kind in rows
        ),
    )


def retry(*, actor: Actor, mail_id: str = "", cause: str = "") -> int:
    """Send a stuck mail again, or all that are stuck for one cause. -> how many. NotFound ``mail`` for what is none of this course's."""
    return _end(actor, mail_id, cause, WAITING, "retry")


def set_aside(*, actor: Actor, mail_id: str = "", cause: str = "") -> int:
    """Let a stuck mail rest, or all of one cause: its notice stands in the tool. -> how many."""
    return _end(actor, mail_id, cause, SET_ASIDE, "set_aside")


def _end(actor: Actor, mail_id: str, cause: str, state: str, verb: str) -> int:
    with base.transactional() as session:
        query = select(Mail).where(_of_course(actor), Mail.state == REFUSED)
        query = query.where(Mail.id == mail_id) if mail_id else query
        rows = [row for row in session.scalars(query.with_for_update()) if mail_id or _cause(row) == cause]
        if not rows and not (mail_id and session.scalar(select(Mail.id).where(Mail.id == mail_id, _of_course(actor)))):
            raise NotFound("mail")
        for row in rows:
            _put(session, actor, row, state, verb)
        return len(rows)


def _put(session: Session, actor: Actor | str, row: Mail, state: str, verb: str) -> None:
    privacy.record(session, actor=actor, verb=verb, object_kind="mail", object_id=row.id, reason=row.fault)
    row.state, row.next_at, row.tries, row.stuck_at = state, base.now(), 0, None
    row.fault, row.words, row.status = "", "", None


# --- the operator ----------------------------------------------------------------------------------------------------------------


def listing(*, org_id: str | None = None) -> list[dict[str, Any]]:
    """The mails that wait or are stuck, of one organisation or of all, for the command line: ids and the server's words, no names."""
    query = select(Mail).where(Mail.state.not_in((DONE, SET_ASIDE))).order_by(Mail.state, Mail.next_at, Mail.id)
    with base.tenant(org_id) if org_id is not None else base.across_organisations("mail: list"):
        return [
            {
                "mail": row.id,
                "organisation": row.org_id,
                "person": row.person_id,
                "lane": row.lane,
                "state": row.state,
                "tries": row.tries,
                "next_at": row.next_at.isoformat() if row.state == WAITING else None,
                "fault": row.fault,
                "status": row.status,
                "words": row.words,
            }
            for row in base.session().scalars(query)
        ]


def retry_by_operator(*, org_id: str, mail_id: str) -> dict[str, Any] | None:
    """Send a stuck mail again; None where it is no mail. RuleBroken ``mail_not_stuck``."""
    with base.tenant(org_id), base.transactional() as session:
        row = session.scalar(select(Mail).where(Mail.id == mail_id).with_for_update())
        if row is None:
            return None
        if row.state not in (REFUSED, SET_ASIDE):
            raise RuleBroken("mail_not_stuck")
        _put(session, privacy.OPERATOR, row, WAITING, "retry")
        return {"mail": row.id, "state": row.state}
