# SPDX-License-Identifier: Apache-2.0
"""The one lawful exception to rows that never change: an erasure takes a person's words out of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_lifted: ContextVar[bool] = ContextVar("lifted", default=False)


@contextmanager
def words_may_go() -> Iterator[None]:
    """Within this, statements may take words out of frozen rows. For ``services.erasure`` alone; a test holds that nobody else asks."""
    token = _lifted.set(True)
    try:
        yield
    finally:
        _lifted.reset(token)


def lifted() -> bool:
    """Whether words may go now."""
    return _lifted.get()
