# SPDX-License-Identifier: Apache-2.0
"""Signed-in browsers: what a launch opens, how a page finds it again, and how it ends."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import and_, bindparam, delete, insert, or_, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.lti.launch import Launch
from lti_mentoring.services import privacy
from lti_mentoring.store import base
from lti_mentoring.store.people import WebSession
from lti_mentoring.store.platform import Deployment, Registration, SpentNonce

TOUCH_EVERY = timedelta(minutes=5)
"""How stale a session's last-seen time may be; touching it on every request would be a write on every read."""

GRACE = timedelta(seconds=60)
"""How long a carried token that was replaced still counts, for what was sent before the new one came."""


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A live session as the web floor needs it; times are aware UTC."""

    id_hash: str
    org_id: str
    person_id: str
    registration_id: str
    return_url: str | None
    locale: str | None
    lms_administrator: bool
    frame_origins: tuple[str, ...]
    payload: dict[str, Any]
    by_door: bool = False


@dataclass(frozen=True, slots=True)
class Ticket:
    """How a request names its session: by the hash of a cookie's secret, or by a token that a page carries (``turn``, from 0)."""

    id_hash: str
    org_id: str | None
    turn: int | None = None


def ticket(token: str) -> Ticket:
    """The ticket of a cookie. Its organisation is None in one that an earlier release gave out."""
    return Ticket(hashed(token), token.partition(".")[0] if "." in token else None)


def hashed(token: str) -> str:
    """How secrets that browsers carry are kept."""
    return hashlib.sha256(token.encode()).hexdigest()


_END = delete(base.table(WebSession)).where(base.table(WebSession).c.id_hash == bindparam("ended"))
_BEGIN = insert(base.table(WebSession))


def begin(
    connection: Connection,
    launch: Launch,
    org_id: str,
    person_id: str,
    deployment: str,
    old_token: str | None,
    absolute: timedelta,
    held: Mapping[str, Any] | None = None,
) -> str:
    """Open a session in the caller's transaction, and end the one that this browser had. -> its token; only the hash is kept.

    The token names its organisation, so that a page can look within it at once; a token with another name in it is no token of ours.
    ``held`` is what pages of this launch find in the session.
    """
    if old_token:
        connection.execute(_END, {"ended": hashed(old_token)})
    token, now = f"{org_id}.{secrets.token_urlsafe(32)}", base.now()
    connection.execute(
        _BEGIN,
        {
            "id_hash": hashed(token),
            "org_id": org_id,
            "person_id": person_id,
            "registration_id": launch.registration.id,
            "deployment_id": deployment,
            "return_url": launch.return_url,
            "locale": launch.locale,
            "lms_administrator": launch.administrator,
            "payload": {"csrf_token": secrets.token_hex(20), **(held or {})},
            "created_at": now,
            "seen_at": now,
            "expires_at": now + absolute,
        },
    )
    return token


def begin_at_door(
    session: Session, *, org_id: str, person_id: str, locale: str | None, old_token: str | None, lasts: timedelta, held: Mapping[str, Any]
) -> str:
    """The same for whoever came by the door, in the caller's transaction: without a registration, and never in a frame. -> its token"""
    if old_token:
        session.execute(delete(WebSession).where(WebSession.id_hash == hashed(old_token)))
    token, now = f"{org_id}.{secrets.token_urlsafe(32)}", base.now()
    payload = {"csrf_token": secrets.token_hex(20), **held}
    kept = {"org_id": org_id, "person_id": person_id, "locale": locale, "payload": payload, "by_door": True}
    session.add(WebSession(id_hash=hashed(token), **kept, created_at=now, seen_at=now, expires_at=now + lasts))
    return token


_LIVE = (
    select(WebSession, Registration.frame_origins, Deployment.frame_origins)
    .outerjoin(Registration, Registration.id == WebSession.registration_id)
    .outerjoin(Deployment, Deployment.id == WebSession.deployment_id)
    .where(WebSession.id_hash == bindparam("id_hash"), or_(WebSession.by_door, and_(Registration.active, Deployment.state == "active")))
)


def resume(held: Ticket, *, idle: timedelta, now: datetime) -> SessionRow | None:
    """The live session of a ticket: not ended, not idle too long, its registration and deployment still on."""
    found = base.session().execute(_LIVE, {"id_hash": held.id_hash}).first()
    if found is None:
        return None
    row, origins, of_deployment = found
    if not lives(row, idle=idle, now=now) or not follows(row, held, now=now):
        return None
    touch(row, now=now)
    return SessionRow(
        id_hash=row.id_hash,
        org_id=row.org_id,
        person_id=row.person_id,
        registration_id=row.registration_id or "",
        return_url=row.return_url,
        locale=row.locale,
        lms_administrator=row.lms_administrator,
        frame_origins=() if row.by_door else frames(origins, of_deployment),
        payload=dict(row.payload),
        by_door=row.by_door,
    )


class Times(Protocol):
    """What of a session says whether it still lives."""

    id_hash: Any
    seen_at: Any
    expires_at: Any
    turn: Any
    turned_at: Any


def lives(row: Times, *, idle: timedelta, now: datetime) -> bool:
    """Not past its end, and not idle too long."""
    return bool(now < row.expires_at and now < row.seen_at + idle)


def follows(row: Times, held: Ticket, *, now: datetime) -> bool:
    """Whether a carried token is the newest that was used, its successor, or the one before within the grace for what was under way.

    A successor is given out without a word to the database; its first use makes it the newest, so that an answer that was lost costs
    nothing. A token that was replaced longer ago is a copy in other hands: it ends the session, for both.
    """
    if held.turn is None:
        return True
    if row.turn is None:
        return False
    if held.turn == row.turn + 1:
        with base.transactional() as session:
            newest = update(WebSession).where(WebSession.id_hash == row.id_hash, WebSession.turn == row.turn)
            session.execute(newest.values(turn=held.turn, turned_at=now))
        return True
    if held.turn == row.turn or (held.turn == row.turn - 1 and now - row.turned_at < GRACE):
        return True
    with base.transactional() as session:
        session.execute(delete(WebSession).where(WebSession.id_hash == row.id_hash))
    return False


def carry(*, token: str, now: datetime) -> Ticket:
    """Let the pages of a new session carry it, since its browser keeps no cookie. -> the ticket of the first token."""
    held = replace(ticket(token), turn=0)
    with base.transactional() as session:
        session.execute(update(WebSession).where(WebSession.id_hash == held.id_hash).values(turn=0, turned_at=now))
    return held


def copied(*, id_hash: str, nonce: str, until: datetime, now: datetime, idle: timedelta) -> tuple[str, SessionRow] | None:
    """A session of the same person for another window, once for each ``nonce``, as long as the first one lives. -> its token and itself"""
    try:
        with base.transactional() as session:
            session.add(SpentNonce(nonce=nonce, expires_at=until))
            session.flush()
            old = session.get(WebSession, id_hash)
            if old is None:
                return None
            token = f"{old.org_id}.{secrets.token_urlsafe(32)}"
            kept = ("org_id", "person_id", "registration_id", "deployment_id", "return_url", "locale", "lms_administrator", "expires_at")
            payload = {**old.payload, "csrf_token": secrets.token_hex(20)}
            made = {name: getattr(old, name) for name in kept} | {"payload": payload, "created_at": now, "seen_at": old.seen_at}
            session.add(WebSession(id_hash=hashed(token), **made))
    except IntegrityError:
        return None
    row = resume(ticket(token), idle=idle, now=now)
    return (token, row) if row is not None else None


def touch(row: Times, *, now: datetime) -> None:
    """Note that a browser is still there, now and then."""
    if now - row.seen_at > TOUCH_EVERY:
        with base.transactional() as session:
            session.execute(update(WebSession).where(WebSession.id_hash == row.id_hash).values(seen_at=now))


def frames(origins: Sequence[str], of_deployment: Sequence[str]) -> tuple[str, ...]:
    """The origins that may frame a page: those of the registration, then what launches of the deployment have told."""
    return (*origins, *(place for place in of_deployment if place not in origins))


def keep_payload(*, id_hash: str, payload: dict[str, Any]) -> None:
    """Keep what a page put into the browser's session."""
    with base.transactional() as session:
        session.execute(update(WebSession).where(WebSession.id_hash == id_hash).values(payload=payload))


def end(*, id_hash: str) -> None:
    """Sign one browser out."""
    with base.transactional() as session:
        session.execute(delete(WebSession).where(WebSession.id_hash == id_hash))


def end_sessions(*, person_id: str | None = None, registration_id: str | None = None) -> int:
    """Sign out one person, or everybody who came by one registration. -> how many sessions ended."""
    if not person_id and not registration_id:
        raise RuleBroken("session_whose")
    condition = WebSession.person_id == person_id if person_id else WebSession.registration_id == registration_id
    with base.transactional() as session:
        ended = session.scalars(delete(WebSession).where(condition).returning(WebSession.org_id)).all()
        for org_id in sorted(set(ended)):
            with base.tenant(org_id):
                kind, whose = ("person", person_id) if person_id else ("registration", registration_id or "")
                privacy.record(
                    session, actor=privacy.OPERATOR, verb="sign_out", object_kind=kind, object_id=whose, count=ended.count(org_id)
                )
                session.flush()
    return len(ended)


def forget_old_sessions(*, now: datetime) -> None:
    """Delete sessions that ended; the worker calls it."""
    with base.transactional() as session:
        session.execute(delete(WebSession).where(WebSession.expires_at < now))
