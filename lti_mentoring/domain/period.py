# SPDX-License-Identifier: Apache-2.0
"""Periods of days, and months counted exactly: what lasts is a period with a start and an end, and those of one thing do not overlap."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from functools import lru_cache


@lru_cache(maxsize=4096)
def add_months(day: date, months: int) -> date:
    """The same day of the month so many months later; the month's last day where it is shorter (31 January and a month: 28 February)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def holds(start: date, end: date | None, day: date) -> bool:
    """Whether a day lies in ``[start, end)``."""
    return start <= day and (end is None or day < end)


def lately(start: date, end: date | None, day: date, months: int) -> bool:
    """Whether a day lies in ``[start, end)``, or less than so many months after it."""
    return start <= day and (end is None or add_months(end, months) > day)


@dataclass(frozen=True, slots=True)
class Period:
    """From ``start`` to the day before ``end``; without an end it goes on. One that ends where it starts holds no day."""

    start: date
    end: date | None = None

    @property
    def days(self) -> int:
        """How many days it holds; ValueError for one that goes on."""
        if self.end is None:
            raise ValueError("a period that goes on has no length")
        return (self.end - self.start).days


def overlaps(one: Period, other: Period) -> bool:
    """Whether some day lies in both (I1)."""
    if one.end == one.start or other.end == other.start:
        return False
    return (other.end is None or one.start < other.end) and (one.end is None or other.start < one.end)
