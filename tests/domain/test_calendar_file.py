# SPDX-License-Identifier: Apache-2.0
"""A calendar file is read by another reader as it was meant: whatever people have typed, and wherever its lines are folded."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from lti_mentoring.domain.calendar_file import Appointment, write
from support import ics

AT = datetime(2026, 12, 1, 14, 30, tzinfo=UTC)
MADE = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)


def event(**changes: object) -> ics.Component:
    given_ = {"uid": "a@tool.example", "sequence": 0, "starts": AT, "minutes": 45, "title": "Session"}
    one = Appointment(**(given_ | changes))  # type: ignore[arg-type]
    calendar = ics.read(write(one, made_at=MADE).encode())
    assert (calendar.name, calendar["VERSION"]) == ("VCALENDAR", "2.0")
    (found,) = calendar.inside
    assert found.name == "VEVENT"
    return found


def test_a_session_stands_at_its_moment_whatever_zone_it_was_planned_in():
    kyiv = AT.astimezone(timezone(timedelta(hours=2)))
    for starts in (AT, kyiv):
        found = event(starts=starts)
        assert (found["DTSTART"], found["DTEND"]) == ("20261201T143000Z", "20261201T151500Z")
    assert (found["DTSTAMP"], found["UID"], found["SEQUENCE"], found["STATUS"]) == (
        *("20261130T080000Z", "a@tool.example"),
        *("0", "CONFIRMED"),
    )


def test_a_day_without_a_time_is_a_whole_day():
    found = event(starts=date(2026, 12, 31))
    assert found.properties["DTSTART"] == ("20261231", {"VALUE": "DATE"})
    assert found["DTEND"] == "20270101"


def test_what_was_called_off_says_so_and_takes_no_time():
    found = event(cancelled=True, sequence=3)
    assert (found["STATUS"], found["TRANSP"], found["SEQUENCE"]) == ("CANCELLED", "TRANSPARENT", "3")


def test_nobody_writes_a_line_of_their_own_into_it():
    found = event(title="Tea\r\nATTENDEE:mailto:x@example.org", place="Room; 2, left\\right")
    assert "ATTENDEE" not in found.properties
    assert found["SUMMARY"] == "Tea\nATTENDEE:mailto:x@example.org"
    assert found["LOCATION"] == "Room; 2, left\\right"


@given(st.text(max_size=300), st.text(st.sampled_from("é日\U0001f600,;\\ \n\rx"), max_size=200))
def test_whatever_is_typed_comes_out_as_it_went_in(title, place):
    found = event(title=title, place=place)

    def kept(text: str) -> str:
        return re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", "", re.sub(r"\r\n?", "\n", text))

    assert found["SUMMARY"] == kept(title)
    assert found.properties.get("LOCATION", ("",))[0] == kept(place)
