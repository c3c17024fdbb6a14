# SPDX-License-Identifier: AGPL-3.0-or-later
"""Access tokens that have expired when they are handed out: what a tool meets that keeps one for too long, without the wait."""

from __future__ import annotations

import threading
import time
from typing import Any

from lti_consumer.lti_1p3 import key_handlers

LONG_AGO_SECONDS = 24 * 3600

_lock = threading.Lock()
_left = 0
_old = threading.local()


def expire_next(count: int) -> None:
    """The next ``count`` tokens are signed as if a day ago. The consumer goes on saying that they last an hour."""
    global _left
    with _lock:
        _left = count


def begin(path: str) -> None:
    """A request begins in this thread; is it one for a token that shall be old?"""
    global _left
    _old.now = False
    if "/v1/token/" in path:
        with _lock:
            _old.now, _left = _left > 0, max(_left - 1, 0)


class _Clock:
    """The module ``time`` as the consumer's signing code uses it."""

    @staticmethod
    def time() -> float:
        return time.time() - (LONG_AGO_SECONDS if getattr(_old, "now", False) else 0)


def install() -> None:
    """Give the consumer's signing code this clock; its checking of tokens keeps the real one."""
    clock: Any = _Clock
    key_handlers.time = clock
