# SPDX-License-Identifier: Apache-2.0
"""What a worker does every minute or so: look what is due by the clock, and forget what is old."""

from __future__ import annotations

from datetime import datetime

from lti_mentoring.services import (
    conflict,
    delivery,
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
    """One round. -> the lanes that have work"""
    lanes = delivery.sweep()
    reconciliation.enlist()
    platform.forget_spent_nonces(now=now)
    session.forget_old_sessions(now=now)
    roster.plan_new(now=now)
    participation.sweep(now=now)
    qualification.sweep(now=now)
    conflict.sweep(now=now, acts=upholding)
    reminder.sweep(now=now)
    referee.remind(now=now)
    releasing.adopt()
    releasing.settle_due(now=now)
    notification.digest(now)
    for _ in range(MOST_OFFERS):
        if not selection.lapse():
            break
    return lanes
