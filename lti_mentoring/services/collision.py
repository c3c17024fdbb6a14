# SPDX-License-Identifier: Apache-2.0
"""Two transactions in each other's way: how that is told, and doing once more what the database has undone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import DBAPIError, IntegrityError

from lti_mentoring.store import base

Result = TypeVar("Result")


def collided(error: DBAPIError) -> bool:
    """Something that somebody else has just made, or PostgreSQL's deadlock and serialization faults (40P01, 40001)."""
    return isinstance(error, IntegrityError) or str(getattr(error.orig, "sqlstate", "")).startswith("40")


def once_more(act: Callable[[], Result], again: Callable[[], Result]) -> Result:
    """Do something, and once more (``again``) where another transaction was in its way; not where a part of it is committed by then."""
    before = base.commits()
    try:
        return act()
    except DBAPIError as error:
        if not collided(error) or base.commits() != before:
            raise
    return again()
