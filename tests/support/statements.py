# SPDX-License-Identifier: Apache-2.0
"""What a piece of work asks of the database, counted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from lti_mentoring.store import base


@contextmanager
def statements() -> Iterator[list[str]]:
    """What is sent to the database meanwhile."""
    seen: list[str] = []

    def note(conn: object, cursor: object, statement: str, *more: object) -> None:
        seen.append(statement)

    event.listen(base.db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(base.db.engine, "before_cursor_execute", note)
