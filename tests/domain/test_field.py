# SPDX-License-Identifier: Apache-2.0
"""Counters of devices that report late, twice and in any order; spans off the record."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_mentoring.domain.field import COUNTERS, FIRST_DAY, MOST_SPANS, Counted, joined, merged, off_the_record, plausible, totals

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)

moments = st.none() | st.integers(0, 7200).map(lambda seconds: NOON + timedelta(seconds=seconds))
spans = st.lists(st.tuples(st.integers(0, 90), st.integers(0, 90)), max_size=5).map(tuple)
counts = st.dictionaries(st.sampled_from(COUNTERS), st.integers(0, 5000))
reports = st.builds(Counted, counts, spans.map(joined), moments, moments)


@given(reports, reports, reports)
def test_reports_of_a_device_make_the_same_in_any_order_and_however_often(one: Counted, two: Counted, three: Counted):
    every = {repr(merged(merged(a, b), c)) for a, b, c in permutations((one, two, three))}
    every |= {repr(merged(merged(merged(one, two), merged(two, three)), one))}
    assert len(every) == 1


@given(reports, reports)
def test_nothing_that_was_counted_is_ever_lost(kept: Counted, sent: Counted):
    both = merged(kept, sent)
    for one in (kept, sent):
        assert all(both.counts[name] >= count for name, count in one.counts.items())
        seconds = {second for start, end in one.pauses for second in range(start, end)}
        assert seconds <= {second for start, end in both.pauses for second in range(start, end)}
    assert merged(both, sent) == both


@given(st.lists(reports, max_size=4))
def test_devices_add_up_whichever_reports_first(devices: list[Counted]):
    found = totals(devices)
    assert found == totals(reversed(devices))
    assert found.talk["mentor"] == sum(one.counts.get("mentor", 0) for one in devices)
    assert all(count >= 0 for count in found.questions.values())


@given(spans)
def test_spans_stand_in_order_and_apart(made: tuple[tuple[int, int], ...]):
    found = joined(made)
    assert joined(found) == found
    assert all(start < end for start, end in found)
    assert all(before[1] < after[0] for before, after in pairwise(found))


def test_of_too_many_spans_the_newest_stand():
    assert joined((start, start + 1) for start in range(0, 2000, 2)) == tuple((start, start + 1) for start in range(1000, 2000, 2))
    assert MOST_SPANS == 500


@given(
    st.datetimes(timezones=st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))),
    moments.filter(bool),
)
def test_whatever_a_clock_says_becomes_a_time_that_can_be_kept(at: datetime, now: datetime):
    found = plausible(at, now)
    assert found.tzinfo is UTC
    assert FIRST_DAY <= found <= now + timedelta(days=1)
    assert found == at or not FIRST_DAY <= at <= now + timedelta(days=1)


def test_a_tap_that_was_taken_back_counts_no_more_on_either_device():
    devices = [Counted({"open": 3, "open_back": 1}), Counted({"open": 2}), Counted({"leading_back": 4})]
    assert totals(devices).questions == {"open": 4, "closed": 0, "leading": 0, "stacked": 0}


def test_the_share_of_the_mentor_is_of_all_devices_and_undefined_without_talk():
    assert totals([Counted({"mentor": 30}), Counted({"mentor": 8, "protege": 62})]).share == 38
    assert totals([Counted({"open": 3})]).share is None
    assert totals([]).empty


@pytest.mark.parametrize(("second", "off"), [(59, False), (60, False), (61, True), (89, True), (90, False), (None, False)])
def test_a_note_begun_in_the_second_in_which_recording_stops_is_on_the_record(second: int | None, off: bool):
    assert off_the_record([(60, 90)], second) is off
