# SPDX-License-Identifier: Apache-2.0
"""The gate before each LMS, shared by all workers: what it lets through now, what it learns, and what an operator says of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from urllib.parse import urlsplit

import structlog
from sqlalchemy import CursorResult, and_, bindparam, func, or_, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from lti_mentoring.domain import lane as rules
from lti_mentoring.domain.delivery import REFUSED, SENDING, WAITING, Pace
from lti_mentoring.domain.lane import Event, Gate, Limits
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.lti.grades import ATTENTION
from lti_mentoring.services import connection
from lti_mentoring.store import base
from lti_mentoring.store.delivery import DeliveryLane, Mail, ScorePublication
from lti_mentoring.store.people import Placement
from lti_mentoring.store.platform import Registration

log = structlog.get_logger()

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
"""A bucket that was last filled then is full."""

_SCORE: Any = ScorePublication.__table__
_LANE: Any = DeliveryLane.__table__
_REGISTRATION: Any = Registration.__table__
_GATE = tuple(field for field in Gate.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Due:
    """A score with the attempt that it is at: whoever names an earlier one has come too late. ``probe``: it was let through to ask
    whether the LMS, or our sign-in there, is well again, and the others wait for it."""

    org_id: str
    id: str
    attempt: int
    probe: bool = False


@dataclass(frozen=True, slots=True)
class Admission:
    """The scores that a gate has let through, theirs now to send, and when to ask again (None: when one of them has ended)."""

    due: tuple[Due, ...] = ()
    again: datetime | None = None


# --- which lane ------------------------------------------------------------------------------------------------------------------


def of_placement(placement: Placement, issuer: str) -> tuple[str, str]:
    """The lane of a placement's grades, and the host that people know it by."""
    url = placement.lineitem_url or placement.own_lineitem_url or placement.lineitems_url or issuer
    return rules.lane_key(issuer, url), (urlsplit(url).hostname or issuer)[:300]


def ensure(session: Session, lanes: Collection[tuple[str, str, str]]) -> None:
    """Make the rows of lanes that are new: (key, issuer, host) of each. In the caller's transaction."""
    rows = [
        {"key": key, "issuer": issuer[:500], "host": host, "tokens": 0.0, "refilled_at": LONG_AGO}
        for key, issuer, host in sorted(lanes)
    ]
    insert = postgresql.insert(DeliveryLane) if session.get_bind().dialect.name == "postgresql" else sqlite.insert(DeliveryLane)
    known = set(session.scalars(select(DeliveryLane.key).where(DeliveryLane.key.in_([row["key"] for row in rows]))))
    if missing := [row for row in rows if row["key"] not in known]:
        session.execute(insert.on_conflict_do_nothing(), missing)


# --- letting through -------------------------------------------------------------------------------------------------------------


def admit(lane: str, *, most: int, pace: Pace, limits: Limits) -> Admission:
    """Take up to ``most`` scores of a lane that are due, as far as its gate lets them through; they are the caller's for a lease.

    The gate's row is locked meanwhile, so that all workers together never pass a cap. Nothing is sent of what is claimed before
    ``dispatch.prepare`` has committed.
    """
    now = base.now()
    with base.across_organisations("delivery: claim"), base.transactional(durable=False) as session:
        row = lock(session, lane)
        if row is None:
            return Admission()
        gate, limits = _gate(row), _own(row, limits)
        count = min(most, rules.admits(gate, limits, in_flight=_in_flight(session, lane, now), now=now))
        taken = _take(session, _due(session, lane, now, count), now, pace, probing=gate.breaker != rules.CLOSED) if count else ()
        gate = rules.let_through(gate, limits, count=len(taken), now=now, lease=timedelta(seconds=pace.lease_seconds))
        _keep(session, row, gate)
        if not count:
            return Admission((), rules.opens_at(gate, limits, now))
        return Admission(taken, _again(session, lane, gate, limits, now, full=len(taken) == count))


def let_through(session: Session, row: Any, limits: Limits, *, most: int, in_flight: int, lease: timedelta) -> int:
    """How many of ``most`` a locked gate lets through now, written down; for what is no score and is claimed by its own room."""
    gate, limits, now = _gate(row), _own(row, limits), base.now()
    count = min(most, rules.admits(gate, limits, in_flight=in_flight, now=now))
    _keep(session, row, rules.let_through(gate, limits, count=count, now=now, lease=lease))
    return count


_LOCKED = select(_LANE).where(_LANE.c.key == bindparam("key")).with_for_update()


def lock(session: Session, lane: str) -> Any:
    """Put the caller's transaction in order with the others of a lane. -> its row, None if there is none"""
    return session.connection().execute(_LOCKED, {"key": lane}).first()


def _gate(row: Any) -> Gate:
    return Gate(**{name: getattr(row, name) for name in _GATE})


def _own(row: Any, limits: Limits) -> Limits:
    """The limits with what an operator has said of this LMS."""
    said = {name: getattr(row, name) for name in ("most_at_once", "per_second") if getattr(row, name) is not None}
    return replace(limits, **said) if said else limits


_KINDS = ("done", "later", "stale", "refused")
_SAID: dict[str, Any] = {name: bindparam(name) for name in (*_GATE, "rests_for")}
_ADDED: dict[str, Any] = {kind: _LANE.c[kind] + bindparam(f"{kind}_more") for kind in _KINDS}
_KEEP = update(_LANE).where(_LANE.c.key == bindparam("its_key")).values(_SAID | _ADDED)


def _keep(session: Session, row: Any, gate: Gate, *, counts: Mapping[str, int] | None = None, rests_for: str | None = None) -> None:
    """Write down the gate of a locked row if anything has changed; ``counts`` is added to what has ended in each way."""
    counts, rests_for = counts or {}, row.rests_for if rests_for is None else rests_for
    if gate == _gate(row) and not counts and rests_for == row.rests_for:
        return
    values = {name: getattr(gate, name) for name in _GATE} | {f"{kind}_more": counts.get(kind, 0) for kind in _KINDS}
    session.connection().execute(_KEEP, {"its_key": row.key, "rests_for": rests_for, **values})


_now: Any = bindparam("now")
_lane: Any = bindparam("lane")
_IN_FLIGHT = select(func.count()).select_from(_SCORE).where(_SCORE.c.lane == _lane, _SCORE.c.state == SENDING, _SCORE.c.lease_until > _now)


def _in_flight(session: Session, lane: str, now: datetime) -> int:
    return session.connection().scalar(_IN_FLIGHT, {"lane": lane, "now": now}) or 0


_WAITING = and_(_SCORE.c.state == WAITING, _SCORE.c.next_at <= _now)

_ABANDONED = and_(_SCORE.c.state == SENDING, _SCORE.c.lease_until <= _now)
"""Those whose worker has died."""

_TURNED_AWAY = and_(_SCORE.c.state == REFUSED, _SCORE.c.fault.in_(sorted(ATTENTION)), _REGISTRATION.c.held_until <= _now)
"""Those that were refused for what concerned the registration as a whole: once its rest is over, one of them tries."""

_USABLE = and_(_REGISTRATION.c.active, or_(_REGISTRATION.c.held_until.is_(None), _REGISTRATION.c.held_until <= _now))

_DUE = tuple(
    select(_SCORE.c.org_id, _SCORE.c.id, _SCORE.c.attempt, _SCORE.c.registration_id, _REGISTRATION.c.held_until)
    .join(_REGISTRATION, _REGISTRATION.c.id == _SCORE.c.registration_id)
    .where(_SCORE.c.lane == _lane, which, _USABLE)
    .order_by(_SCORE.c.next_at)
    .limit(bindparam("most"))
    for which in (_ABANDONED, _WAITING, _TURNED_AWAY)
)


def _due(session: Session, lane: str, now: datetime, most: int) -> list[Any]:
    """What may be claimed, the oldest first; of a registration whose sign-in is refused, one."""
    chosen: list[Any] = []
    probed: set[str] = set()
    for query in _DUE:
        if len(chosen) >= most:
            break
        for row in session.connection().execute(query, {"lane": lane, "now": now, "most": most}):
            if row.held_until is None or row.registration_id not in probed:
                chosen.append(row)
            if row.held_until is not None:
                probed.add(row.registration_id)
    return chosen[:most]


_TAKE = (
    update(_SCORE)
    .where(
        tuple_(_SCORE.c.org_id, _SCORE.c.id, _SCORE.c.attempt).in_(bindparam("theirs", expanding=True)),
        or_(_WAITING, _ABANDONED, and_(_SCORE.c.state == REFUSED, _SCORE.c.fault.in_(sorted(ATTENTION)))),
    )
    .values(state=SENDING, attempt=_SCORE.c.attempt + 1, lease_until=bindparam("until"), tried_at=_now)
    .returning(_SCORE.c.org_id, _SCORE.c.id, _SCORE.c.attempt)
)


def _take(session: Session, rows: Sequence[Any], now: datetime, pace: Pace, *, probing: bool) -> tuple[Due, ...]:
    """One conditional update decides between workers, also of the release before this one, which knows no gate."""
    if not rows:
        return ()
    until = now + timedelta(seconds=pace.lease_seconds)
    theirs = [(row.org_id, row.id, row.attempt) for row in rows]
    taken = session.connection().execute(_TAKE, {"theirs": theirs, "now": now, "until": until}).all()
    held = {row.id: row.registration_id for row in rows if row.held_until is not None}
    if held:
        session.execute(update(Registration).where(Registration.id.in_(set(held.values()))).values(held_until=until))
    return tuple(Due(row.org_id, row.id, row.attempt, probing or row.id in held) for row in taken)


def unasked(session: Session, lane: str, registrations: Collection[str]) -> None:
    """Probes of a lane had nothing to ask after all: others may, at once. In the caller's transaction, which has locked the lane."""
    now = base.now()
    if (row := lock(session, lane)) is not None:
        _keep(session, row, rules.unasked(_gate(row), now))
    connection.try_again(session, registrations)


_NEXT = (
    select(func.min(_SCORE.c.next_at))
    .join(_REGISTRATION, _REGISTRATION.c.id == _SCORE.c.registration_id)
    .where(_SCORE.c.lane == _lane, _SCORE.c.state == WAITING, _REGISTRATION.c.active, _REGISTRATION.c.held_until.is_(None)),
    select(func.min(_REGISTRATION.c.held_until))
    .join(_SCORE, _SCORE.c.registration_id == _REGISTRATION.c.id)
    .where(_SCORE.c.lane == _lane, _SCORE.c.state.in_((WAITING, REFUSED)), _REGISTRATION.c.active),
)


def _again(session: Session, lane: str, gate: Gate, limits: Limits, now: datetime, *, full: bool) -> datetime | None:
    """When the lane may have something for us that it has not now."""
    opens = rules.opens_at(gate, limits, now)
    if full:
        return opens or now
    waits = [at for at in (session.connection().scalar(query, {"lane": lane}) for query in _NEXT) if at is not None]
    return max(min(waits), opens or now) if waits else None


# --- learning --------------------------------------------------------------------------------------------------------------------


def heard(
    session: Session, row: Any, ended: Sequence[tuple[str, str, Event]], *, limits: Limits, now: datetime, chance: Callable[[], float]
) -> None:
    """Count how scores of a lane have ended, (kind of verdict or "", remedy, event) of each, and let its gate learn from them.

    In the transaction that settles them; ``row`` is what ``lock`` gave it.
    """
    counts = Counter(kind for kind, _, _ in ended if kind)
    before, events = _gate(row), [event for _, _, event in ended]
    if rules.quiet(before, events):
        _keep(session, row, before, counts=counts)
        return
    gate = rules.after(before, _own(row, limits), events, now=now, chance=chance)
    troubles = [remedy for _, remedy, event in ended if event.kind != rules.ANSWERED]
    rests_for = "" if gate.rests_until is None else (troubles[-1] if troubles else row.rests_for)
    _keep(session, row, gate, counts=counts, rests_for=rests_for)


# --- what an operator says -------------------------------------------------------------------------------------------------------


_MAILS = (
    select(
        Mail.lane,
        func.count().filter(Mail.state == WAITING),
        func.count().filter(Mail.state == SENDING),
        func.min(Mail.next_at).filter(Mail.state == WAITING, Mail.next_at <= _now),
    )
    .where(Mail.state.in_((WAITING, SENDING)))
    .group_by(Mail.lane)
)


def listing() -> list[dict[str, Any]]:
    """Every lane: where it stands, how much waits in it, and who is registered behind it; for the command line and the numbers."""
    now = base.now()
    with base.across_organisations("delivery: lanes"):
        session = base.session()
        waits = {
            row[0]: row[1:]
            for row in session.execute(
                select(
                    _SCORE.c.lane,
                    func.count().filter(_SCORE.c.state == WAITING),
                    func.count().filter(_SCORE.c.state == SENDING),
                    func.min(_SCORE.c.next_at).filter(or_(_WAITING, _ABANDONED)),
                )
                .where(_SCORE.c.state.in_((WAITING, SENDING)))
                .group_by(_SCORE.c.lane),
                {"now": now},
            )
        }
        waits |= {row[0]: row[1:] for row in session.execute(_MAILS, {"now": now})}
        rows = session.execute(select(_LANE).order_by(_LANE.c.host, _LANE.c.key)).all()
    return [_told(row, *waits.get(row.key, (0, 0, None))) for row in rows]


def _told(row: Any, waiting: int, sending: int, oldest_due: datetime | None) -> dict[str, Any]:
    return {
        "lane": row.key,
        "host": row.host,
        "issuer": row.issuer,
        "breaker": row.breaker,
        "paused": row.paused,
        "rests_until": row.rests_until.isoformat() if row.rests_until is not None else None,
        "rests_for": row.rests_for,
        "waiting": waiting,
        "sending": sending,
        "oldest_due": oldest_due.isoformat() if oldest_due is not None else None,
        "most_at_once": row.most_at_once,
        "per_second": row.per_second,
        **{kind: getattr(row, kind) for kind in ("done", "later", "stale", "refused")},
    }


def pause(*, lane: str, paused: bool) -> dict[str, Any]:
    """Send nothing to an LMS until it is resumed, such as while it is upgraded; or resume it, and forget what it and those who are
    registered there rested for."""
    values: dict[str, Any] = {"paused": paused}
    if not paused:
        values |= {"breaker": rules.CLOSED, "troubles": 0, "openings": 0, "rests_until": None, "rests_for": ""}
    _change(lane, values)
    if not paused:
        with base.across_organisations("delivery: resume"), base.transactional() as session:
            query = select(_SCORE.c.registration_id).where(_SCORE.c.lane == lane, _SCORE.c.state.in_((WAITING, REFUSED))).distinct()
            connection.try_again(session, session.scalars(query).all())
    return {"lane": lane, "paused": paused}


def limit(*, lane: str, most_at_once: int | None, per_second: float | None) -> dict[str, Any]:
    """Give one LMS limits of its own; None gives it back to the settings. RuleBroken ``lane_limit`` for what is no limit."""
    if (most_at_once is not None and not 1 <= most_at_once <= 1000) or (per_second is not None and not 0 <= per_second <= 10_000):
        raise RuleBroken("lane_limit")
    _change(lane, {"most_at_once": most_at_once, "per_second": per_second})
    return {"lane": lane, "most_at_once": most_at_once, "per_second": per_second}


def _change(lane: str, values: dict[str, Any]) -> None:
    with base.transactional() as session:
        done = cast(CursorResult[Any], session.execute(update(_LANE).where(_LANE.c.key == lane).values(**values)))
        if not done.rowcount:
            raise RuleBroken("lane_unknown", lane=lane)
        base.wake_after_commit(lane)
    log.info("lane_changed", lane=lane, changed=sorted(values), paused=values.get("paused"))  # no organisation's own, so no audit has it
