# SPDX-License-Identifier: Apache-2.0
"""Days and moments in the reader's language; the page's script puts moments into the reader's own time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime

from flask_babel import format_date, format_datetime, gettext


def day_words(day: date) -> str:
    """A day: with its weekday within a week of today, with its year in another year."""
    today = datetime.now(UTC).date()
    if isinstance(day, datetime):
        day = day.astimezone(UTC).date()
    away = (day - today).days
    if away in (-1, 0, 1):
        return {-1: gettext("yesterday"), 0: gettext("today"), 1: gettext("tomorrow")}[away]
    skeleton = "EEE d MMM" if abs(away) < 7 else "d MMM" if day.year == today.year else "d MMM yyyy"
    return str(format_date(day, skeleton))


def moment_words(at: datetime) -> str:
    """A moment in UTC, with the zone said."""
    return gettext("%(moment)s UTC", moment=format_datetime(at.astimezone(UTC), "d MMM yyyy HH:mm", rebase=False))
