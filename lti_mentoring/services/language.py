# SPDX-License-Identifier: Apache-2.0
"""The languages of whom something is read by, for as long as it is made: a request's reader, a mail's recipient.

Where nobody reads, as in a command or in a check of an answer at night, texts are those of the source.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

Wanted = Callable[[], tuple[str, ...]]

_reader: ContextVar[Wanted | None] = ContextVar("reader", default=None)


@contextmanager
def read_in(wanted: Wanted) -> Iterator[None]:
    """Within it, programmes are read by somebody who wants these languages, the best first; asked for only where one is read, and
    once."""
    token = _reader.set(cache(wanted))
    try:
        yield
    finally:
        _reader.reset(token)


def wanted() -> tuple[str, ...]:
    """What the reader wants; nothing where nobody reads."""
    asked = _reader.get()
    return asked() if asked is not None else ()
