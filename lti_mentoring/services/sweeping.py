# SPDX-License-Identifier: Apache-2.0
"""What a worker does every minute or so: look what is due by the clock, and forget what is old."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from lti_mentoring.services import (
    bulkhead,
    chaining,
    conflict,
    delivery,
    door,
    notification,
    participation,
    platform,
    qualification,
    reconciliation,
    referee,
    releasing,
    reminder,
    roster,
    selection,
    session,
    upholding,
)

MOST_OFFERS = 100
"""Offers that one sweep ends; what is left waits for the next."""


def sweep(*, now: datetime) -> list[str]:
    """One round, each part of it apart from the others. -> the lanes that have work"""
    lanes: list[str] = []
    parts: dict[str, Callable[[], object]] = {
        "delivery": lambda: lanes.extend(delivery.sweep()),
        "reconciliation": reconciliation.enlist,
        "nonces": lambda: platform.forget_spent_nonces(now=now),
        "sessions": lambda: session.forget_old_sessions(now=now),
        "door": lambda: door.forget_old(now=now),
        "roster": lambda: roster.plan_new(now=now),
        "participation": lambda: participation.sweep(now=now),
        "qualification": lambda: qualification.sweep(now=now),
        "conflict": lambda: conflict.sweep(now=now, acts=upholding),
        "reminder": lambda: reminder.sweep(now=now),
        "referee": lambda: referee.remind(now=now),
        "adopt": releasing.adopt,
        "settle": lambda: releasing.settle_due(now=now),
        "digest": lambda: notification.digest(now),
        "offers": _lapse,
        "record": chaining.sweep,
    }
    for part, work in parts.items():
        with bulkhead.apart(part):
            work()
    return lanes


def _lapse() -> None:
    for _ in range(MOST_OFFERS):
        if not selection.lapse():
            break
