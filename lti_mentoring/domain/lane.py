# SPDX-License-Identifier: Apache-2.0
"""How hard one LMS may be worked: so many requests at once, so many a second, and while it is down none but a probe."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from lti_mentoring.domain.delivery import LONGEST_RETRY_AFTER

# --- the breaker -----------------------------------------------------------------------------------------------------------------

CLOSED, OPEN, PROBING = "closed", "open", "probing"
ANSWERED, TROUBLE, THROTTLED, FULL, PROBE = "answered", "trouble", "throttled", "too many troubles", "probe"

BREAKER: Mapping[tuple[str, str], str] = {
    (CLOSED, ANSWERED): CLOSED,
    (CLOSED, TROUBLE): CLOSED,
    (CLOSED, FULL): OPEN,
    (CLOSED, THROTTLED): CLOSED,
    (OPEN, ANSWERED): CLOSED,
    (OPEN, TROUBLE): OPEN,
    (OPEN, FULL): OPEN,
    (OPEN, THROTTLED): CLOSED,
    (OPEN, PROBE): PROBING,
    (PROBING, ANSWERED): CLOSED,
    (PROBING, TROUBLE): OPEN,
    (PROBING, FULL): OPEN,
    (PROBING, THROTTLED): CLOSED,
    (PROBING, PROBE): PROBING,
}
"""(state, event) -> state. An LMS that says anything of its own is alive, also if it says no, or asks us to slow down. ``FULL`` is the
trouble that is one too many. A probe whose worker died is followed by another one once its lease has ended."""

TROUBLE_STATUSES = frozenset({408, 425, 502, 503, 504})

PARCEL_SECONDS = 0.4
"""How much of a rate is let through together where a bucket is empty."""
"""With no answer at all, these say that the whole LMS is in trouble. 500 does not: Moodle says it of one locked grade."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What an LMS is spared: requests at once over all workers; requests a second (0: as many as there are) with a ``burst`` after
    a quiet time; troubles in a row that open the breaker; seconds of its first rest and of the longest."""

    most_at_once: int
    per_second: float
    burst: int
    breaker_failures: int
    breaker_seconds: float
    cap_seconds: float


@dataclass(frozen=True, slots=True)
class Gate:
    """Where a lane stands, the same for all workers. ``openings`` counts how often in a row the breaker has opened."""

    tokens: float
    refilled_at: datetime
    breaker: str = CLOSED
    troubles: int = 0
    openings: int = 0
    rests_until: datetime | None = None
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """What one request told of the whole LMS: ANSWERED, TROUBLE or THROTTLED, and when it asks us to come back."""

    kind: str
    retry_after: datetime | None = None


def event_of(*, kind: str, status: int | None, remedy: str, retry_after: datetime | None) -> Event:
    """The event behind a verdict on a request."""
    if kind == "later" and remedy == "busy" and status is not None:
        return Event(THROTTLED, retry_after)
    if kind == "later" and (status is None or status < 300 or status in TROUBLE_STATUSES):
        return Event(TROUBLE, retry_after)
    return Event(ANSWERED)


def lane_key(issuer: str, url: str) -> str:
    """Names the LMS that answers at ``url``: one issuer may be a cloud of many, and one server may hold several issuers."""
    parts = urlsplit(url)
    return hashlib.sha256(f"{issuer}\n{parts.scheme}://{parts.netloc}".lower().encode()).hexdigest()[:32]


# --- letting requests through ----------------------------------------------------------------------------------------------------


def admits(gate: Gate, limits: Limits, *, in_flight: int, now: datetime) -> int:
    """How many requests may begin now, with ``in_flight`` under way. While the breaker is not closed, one: the probe."""
    if gate.paused or (gate.rests_until is not None and now < gate.rests_until):
        return 0
    room = max(0, limits.most_at_once - in_flight)
    if gate.breaker != CLOSED:
        return min(room, 1)
    return min(room, math.floor(tokens(gate, limits, now))) if limits.per_second else room


def tokens(gate: Gate, limits: Limits, now: datetime) -> float:
    """What is in the bucket; a clock that was set back takes nothing out."""
    passed = max(0.0, (now - gate.refilled_at).total_seconds())
    return min(float(limits.burst), gate.tokens + passed * limits.per_second)


def let_through(gate: Gate, limits: Limits, *, count: int, now: datetime, lease: timedelta) -> Gate:
    """The gate after ``count`` requests have begun."""
    if not count:
        return gate
    if limits.per_second:
        gate = replace(gate, tokens=max(0.0, tokens(gate, limits, now) - count), refilled_at=now)
    if gate.breaker == CLOSED:
        return gate
    return replace(gate, breaker=BREAKER[gate.breaker, PROBE], rests_until=now + lease)


def unasked(gate: Gate, now: datetime) -> Gate:
    """The gate after a probe that had nothing to ask: it tells nothing of the LMS, and the next one may begin."""
    return replace(gate, rests_until=now) if gate.breaker == PROBING else gate


def opens_at(gate: Gate, limits: Limits, now: datetime) -> datetime | None:
    """When a gate that admits nobody now is worth asking again; None if only an end of a request or of a pause can open it.

    An empty bucket fills to a parcel first: who asked for each score as its turn comes would ask ten times a second for each LMS.
    """
    if gate.paused:
        return None
    if gate.rests_until is not None and now < gate.rests_until:
        return gate.rests_until
    if gate.breaker == CLOSED and limits.per_second and (held := tokens(gate, limits, now)) < 1:
        parcel = max(1.0, min(limits.burst / 2, limits.per_second * PARCEL_SECONDS))
        # Nothing flows before a clock that was set back is there again.
        return max(now, gate.refilled_at) + timedelta(seconds=(parcel - held) / limits.per_second)
    return None


# --- what requests tell ----------------------------------------------------------------------------------------------------------


def quiet(gate: Gate, events: Iterable[Event]) -> bool:
    """Whether these events leave the gate as it is: all is well, and was before."""
    return gate.breaker == CLOSED and not gate.troubles and all(one.kind == ANSWERED for one in events)


def after(gate: Gate, limits: Limits, events: Iterable[Event], *, now: datetime, chance: Callable[[], float]) -> Gate:
    """The gate after requests have ended, in their order. ``chance`` draws from 0 to 1."""
    for one in events:
        gate = _after(gate, limits, one, now, chance)
    return gate


def _after(gate: Gate, limits: Limits, event: Event, now: datetime, chance: Callable[[], float]) -> Gate:
    kind = event.kind
    troubles = gate.troubles + 1 if kind == TROUBLE else 0
    if kind == TROUBLE and troubles >= limits.breaker_failures:
        kind = FULL
    state = BREAKER[gate.breaker, kind]
    gate = replace(gate, troubles=troubles)
    if state == OPEN and gate.breaker != OPEN:
        openings = gate.openings + 1
        rests_until = rest(limits, openings, now, chance, event.retry_after)
        return replace(gate, breaker=OPEN, openings=openings, rests_until=rests_until)
    if kind == THROTTLED:
        until = rest(limits, 1, now, chance, event.retry_after)
        return replace(gate, breaker=CLOSED, openings=0, rests_until=max(until, gate.rests_until or until))
    if gate.breaker != CLOSED and state == CLOSED:
        return replace(gate, breaker=CLOSED, openings=0, rests_until=None)
    return replace(gate, breaker=state)


def rest(limits: Limits, times: int, now: datetime, chance: Callable[[], float], retry_after: datetime | None = None) -> datetime:
    """Until when to leave an LMS alone after trouble came ``times`` times in a row: half of a bound that doubles, and up to the other
    half by chance, so that workers and installations do not come back together; what it asks for comes on top, a day at the most."""
    bound = min(limits.cap_seconds, limits.breaker_seconds * 2 ** min(max(times - 1, 0), 32))
    asked = min(max(retry_after - now, timedelta(0)), LONGEST_RETRY_AFTER) if retry_after is not None else timedelta(0)
    return now + asked + timedelta(seconds=bound * (0.5 + 0.5 * chance()))
