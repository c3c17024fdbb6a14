# SPDX-License-Identifier: Apache-2.0
"""Which waits are over, by a policy's hours; held against the rule that lets the next attempt begin."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from lti_mentoring.domain.reminder import STALE, waits_over
from lti_mentoring.domain.training import retake_from

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)


@given(st.lists(st.integers(0, 72), max_size=4), st.integers(1, 6), st.integers(0, 14 * 24))
def test_somebody_is_told_exactly_when_a_wait_is_over_and_not_long_ago(hours: list[int], number: int, ended_ago: int) -> None:
    ended = NOW - timedelta(hours=ended_ago)
    found = [one for one in waits_over(hours, NOW) if (number == one.number or (one.or_later and number > one.number))]
    told = any(one.after < ended <= one.until for one in found)
    begins = retake_from(hours, [ended - timedelta(days=7 * back) for back in range(number)])
    assert told == (begins is not None and begins <= NOW and begins > NOW - STALE)
