# SPDX-License-Identifier: Apache-2.0
"""When time alone is a reason to tell somebody something."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

CLOSES_SOON = timedelta(days=3)
"""How long before applications close whoever has a draft is told."""

OPENED_LATELY = timedelta(days=7)
"""How long after applications have opened somebody is still told so: no worker may have looked for a while."""

ANSWER_SOON = timedelta(days=2)
"""How long before the last day of an offer its reader is told that an answer is due."""

REVIEW_DAYS = timedelta(days=10)
"""After how long a review that is not in is late."""

RATING_DAYS = timedelta(days=3)
"""How long after the session a rating is due: 72 hours. It reminds and refuses nothing; a later one is taken all the same."""

RATING_STALE = timedelta(days=30)
"""How long a rating is late before nobody is reminded of it any more: that is a matter for people."""

REFEREE_SOON = timedelta(days=5)
"""How long before their link ends a referee who has not answered is asked once more."""

QUALIFICATION_SOON = timedelta(days=30)
"""How long before an observer's qualification ends they are told: time for two exercises."""

NOTES_DAYS = timedelta(days=7)
"""In which notes of a session that a candidate has watched are handed in; later ones are late, and not refused."""

STALE = timedelta(days=7)
"""How long after a module's wait is over somebody is still told."""


@dataclass(frozen=True, slots=True)
class Wait:
    """The wait after the ``number``-th attempt at a check (``or_later``: after every later one too) ended within these moments is over."""

    number: int
    or_later: bool
    after: datetime
    until: datetime


def waits_over(wait_hours: Sequence[int], now: datetime) -> tuple[Wait, ...]:
    """Which attempts have their wait behind them, and not for long, by a policy's waits (see ``training.retake_from``). Who need not wait
    at all is told nothing: they read it on the page of their result."""
    made = []
    for number, hours in enumerate(wait_hours, 1):
        if hours:
            until = now - timedelta(hours=hours)
            made.append(Wait(number, number == len(wait_hours), until - STALE, until))
    return tuple(made)
