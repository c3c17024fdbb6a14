# SPDX-License-Identifier: Apache-2.0
"""Days and times as people type them: in their own zone, which a page's script tells; without a script in UTC, as the page says."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Any

from marshmallow import EXCLUDE, Schema, fields, validate

from lti_mentoring.domain.mentorship import IN_PERSON, LEAST_MINUTES, MODES, MOST_MINUTES
from lti_mentoring.services.meeting import LONGEST_PLACE, When

FARTHEST = 14 * 60
"""Minutes by which a clock on earth is ahead of UTC, or behind it, at most."""


SOME_DAY = validate.Range(date(2000, 1, 1), date(2199, 12, 31), error="Not a valid date")
"""What anybody plans; with days at the ends of the calendar no clock can count."""


class WhenForm(Schema):
    """When and where. ``offset``: minutes by which the typist's clock is ahead of UTC at that time."""

    class Meta:
        unknown = EXCLUDE

    day = fields.Date(required=True, validate=SOME_DAY)
    time = fields.Time(required=True)
    offset = fields.Integer(load_default=0, validate=validate.Range(-FARTHEST, FARTHEST))
    minutes = fields.Integer(load_default=60, validate=validate.Range(LEAST_MINUTES, MOST_MINUTES))
    mode = fields.String(load_default=IN_PERSON, validate=validate.OneOf(MODES))
    place = fields.String(load_default="", validate=validate.Length(max=LONGEST_PLACE))


def when(form: dict[str, Any]) -> When:
    """What a ``WhenForm`` says."""
    zone = timezone(timedelta(minutes=form["offset"]))
    starts_at = datetime.combine(form["day"], form["time"].replace(second=0, microsecond=0, tzinfo=None), zone)
    return When(starts_at, form["minutes"], form["mode"], form["place"])


def typed(starts_at: datetime, minutes: int, mode: str, place: str) -> dict[str, str]:
    """A kept time as a form shows it: in UTC, until the page's script puts it into the reader's zone."""
    said = {"day": f"{starts_at:%Y-%m-%d}", "time": f"{starts_at:%H:%M}", "offset": "0"}
    return {**said, "minutes": str(minutes), "mode": mode, "place": place}
