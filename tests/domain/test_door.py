# SPDX-License-Identifier: Apache-2.0
"""Why a link of the door opens nothing, and what opens by it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lti_mentoring.domain import door
from lti_mentoring.domain.door import Link, refusal

NOW = datetime(2031, 1, 5, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("link", "why"),
    [
        (Link(NOW + timedelta(seconds=1)), ""),
        (Link(NOW), door.OLD),
        (Link(NOW + timedelta(1), revoked_at=NOW), door.REVOKED),
        (Link(NOW + timedelta(1), spent_at=NOW), door.SPENT),
        (Link(NOW - timedelta(1), spent_at=NOW - timedelta(2), revoked_at=NOW), door.SPENT),
    ],
)
def test_a_link_opens_in_its_time_and_once_and_that_it_was_used_is_always_said(link: Link, why: str):
    assert refusal(link, NOW) == why


def test_a_link_lives_half_an_hour_and_a_first_one_a_week():
    assert {door.LINK: timedelta(minutes=30), door.INVITED: timedelta(days=7), door.OPERATOR: timedelta(minutes=30)} == door.LIVES


def test_only_what_is_on_the_list_opens():
    assert door.opens("mine.index")
    assert not door.opens("people.index")
    assert not door.opens(None)
