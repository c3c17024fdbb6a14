# SPDX-License-Identifier: Apache-2.0
"""A column of a gradebook as its LMS describes it, and what is put back when something of it changes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

FIELDS = frozenset({"label", "scoreMaximum", "resourceId", "tag", "startDateTime", "endDateTime"})
"""What may be changed of a column. Its id and its link never are, and whether grades are released is the platform's to say (LI-09)."""

_DATES = ("startDateTime", "endDateTime")


@dataclass(frozen=True, slots=True)
class LineItem:
    """A column. Null, empty and absent are one (LI-07, LI-08); ``released`` is None where the platform does not say (LI-09)."""

    label: str
    maximum: float | None
    resource_id: str
    tag: str
    link: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    released: bool | None
    whole: Mapping[str, Any]

    def changed(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """The whole item with ``changes``: what a PUT leaves out is gone (LI-06), so all that the platform said goes back as it is, its
        own extra data too; an empty date is none and stays out (LI-08).

        :raises ValueError: for what is not ours to change; data of our own goes under full addresses only (LI-11)
        """
        foreign = [name for name in changes if name not in FIELDS and not name.startswith("https://")]
        if foreign:
            raise ValueError(f"not ours to change: {', '.join(foreign)}")
        said = {**self.whole, **changes}
        return {name: value for name, value in said.items() if name not in _DATES or value not in (None, "")}


def read(found: Mapping[str, Any]) -> LineItem:
    """A column from what the platform said of it."""
    maximum, released = found.get("scoreMaximum"), found.get("gradesReleased")
    return LineItem(
        label=_text(found.get("label")),
        maximum=float(maximum) if isinstance(maximum, int | float) and _finite(maximum) else None,
        resource_id=_text(found.get("resourceId")),
        tag=_text(found.get("tag")),
        link=_text(found.get("resourceLinkId")) or None,
        starts_at=_moment(found.get("startDateTime")),
        ends_at=_moment(found.get("endDateTime")),
        released=released if isinstance(released, bool) else None,
        whole=dict(found),
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _finite(value: float) -> bool:
    try:
        return not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # a whole number of hundreds of digits
        return False


def _moment(value: Any) -> datetime | None:
    """An aware moment; anything else is none."""
    try:
        found = datetime.fromisoformat(_text(value))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
