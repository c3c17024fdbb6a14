# SPDX-License-Identifier: Apache-2.0
"""Numbers to watch that only the database knows: what waits for which LMS, how old it is, how requests have ended, who rests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import case, func, select

from lti_mentoring.domain.lane import CLOSED, OPEN, PROBING
from lti_mentoring.services.delivery import due_at
from lti_mentoring.store import base
from lti_mentoring.store.delivery import DeliveryLane, ScorePublication

PREFIX = "lti_mentoring_delivery"

Figure = tuple[str, str, dict[str, str], float]
"""Name, help text, labels, value."""

KINDS = ("done", "later", "stale", "refused")

BREAKER = {CLOSED: 0.0, PROBING: 1.0, OPEN: 2.0}


def figures() -> list[Figure]:
    """All numbers about the outbox, by platform (the host of the LMS) and lane; two queries."""
    now = base.now()
    with base.across_organisations("delivery: metrics"):
        session = base.session()
        due = due_at(now)
        counts: Any = session.execute(
            select(
                ScorePublication.lane,
                ScorePublication.state,
                func.count(),
                func.sum(case((due, 1), else_=0)),
                func.min(case((due, ScorePublication.next_at))),
            ).group_by(ScorePublication.lane, ScorePublication.state)
        ).all()
        lanes = session.execute(select(DeliveryLane.__table__)).all()
    hosts = {row.key: row.host for row in lanes}
    made: list[Figure] = []
    due_now: dict[str, float] = {}
    oldest: dict[str, float] = {}
    for lane, state, count, ready, at in counts:
        told = {"lane": lane, "platform": hosts.get(lane, "")}
        made.append((f"{PREFIX}_scores", "Scores in the outbox, by state", {**told, "state": state}, float(count)))
        due_now[lane] = due_now.get(lane, 0.0) + float(ready or 0)
        age = max(0.0, (now - at).total_seconds()) if at is not None else 0.0
        oldest[lane] = max(oldest.get(lane, 0.0), age)
    for lane in sorted(due_now):
        told = {"lane": lane, "platform": hosts.get(lane, "")}
        made.append((f"{PREFIX}_due", "Scores that could be sent now", told, due_now[lane]))
        made.append((f"{PREFIX}_oldest_due_seconds", "How long the oldest of them has been due", told, oldest[lane]))
    return [*made, *(one for row in lanes for one in _of_lane(row))]


def _of_lane(row: Any) -> Iterator[Figure]:
    told = {"lane": row.key, "platform": row.host}
    for kind in KINDS:
        yield f"{PREFIX}_requests_total", "Requests to an LMS, by how they ended", {**told, "kind": kind}, float(getattr(row, kind))
    yield f"{PREFIX}_breaker", "0: closed, 1: one request tries, 2: open", told, BREAKER[row.breaker]
    yield f"{PREFIX}_paused", "1: an operator has paused this LMS", told, float(row.paused)
