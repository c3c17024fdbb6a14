# SPDX-License-Identifier: Apache-2.0
"""One appointment as an iCalendar file (RFC 5545): times in UTC, text escaped, lines folded at 75 octets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

MAKER = "-//lti-mentoring//sessions//EN"
LONGEST_LINE = 75
"""Octets of a line, without its end (RFC 5545, 3.1)."""

CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
"""What a text may not hold (3.1, CONTROL), but for tabs and line breaks."""


@dataclass(frozen=True, slots=True)
class Appointment:
    """What a calendar shows of a session. ``starts`` is a moment, or a day where no time is known; ``sequence`` grows with each change,
    so that a calendar that has an earlier one takes this one instead."""

    uid: str
    sequence: int
    starts: datetime | date
    minutes: int
    title: str
    place: str = ""
    cancelled: bool = False


def write(one: Appointment, *, made_at: datetime) -> str:
    """The file, with lines ending in CR LF."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:{MAKER}",
        "CALSCALE:GREGORIAN",
        "BEGIN:VEVENT",
        f"UID:{text(one.uid)}",
        f"DTSTAMP:{moment(made_at)}",
        f"SEQUENCE:{one.sequence}",
        *_times(one),
        f"SUMMARY:{text(one.title)}",
        *([f"LOCATION:{text(one.place)}"] if one.place else []),
        f"STATUS:{'CANCELLED' if one.cancelled else 'CONFIRMED'}",
        *(["TRANSP:TRANSPARENT"] if one.cancelled else []),
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(f"{part}\r\n" for line in lines for part in folded(line))


def _times(one: Appointment) -> list[str]:
    if isinstance(one.starts, datetime):
        ends = one.starts + timedelta(minutes=one.minutes)
        return [f"DTSTART:{moment(one.starts)}", f"DTEND:{moment(ends)}"]
    return [f"DTSTART;VALUE=DATE:{one.starts:%Y%m%d}", f"DTEND;VALUE=DATE:{one.starts + timedelta(days=1):%Y%m%d}"]


def moment(at: datetime) -> str:
    """A moment in UTC (3.3.5, form 2)."""
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def text(value: str) -> str:
    """A text, escaped (3.3.11)."""
    plain = CONTROLS.sub("", value.replace("\r\n", "\n").replace("\r", "\n"))
    return plain.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def folded(line: str) -> Iterator[str]:
    """A line in pieces of at most 75 octets, each after the first beginning with a blank; no character is torn apart."""
    piece, size = "", 0
    for character in line:
        octets = len(character.encode())
        if size + octets > LONGEST_LINE:
            yield piece
            piece, size = " ", 1
        piece, size = piece + character, size + octets
    yield piece
