# SPDX-License-Identifier: Apache-2.0
"""What a list may tell of why a result waits."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lti_mentoring.domain import listing
from lti_mentoring.domain.listing import OPEN
from lti_mentoring.domain.releasing import AMENDING, CONFLICT, CONSENT, READS, Hold

UNTIL = Hold(READS, {"until": datetime(2026, 12, 1, tzinfo=UTC)})


@pytest.mark.parametrize("holds", [(Hold(CONSENT),), (Hold(CONFLICT),), (Hold(CONFLICT), Hold(CONSENT))])
def test_an_answer_from_the_room_looks_like_a_conflict_and_like_both(holds: tuple[Hold, ...]) -> None:
    assert listing.told((Hold(AMENDING), *holds), "who leads", ["observer"]) == (Hold(AMENDING), Hold(CONFLICT))


def test_what_stands_against_nothing_is_told_as_it_is_and_no_consent_can_be_looked_for() -> None:
    assert listing.told((UNTIL,), "who leads", ["observer"]) == (UNTIL,)
    assert listing.told((), "who leads", []) == ()
    assert CONSENT not in listing.HOLDS


def test_who_rates_it_learns_only_that_something_is_open() -> None:
    assert listing.told((UNTIL, Hold(CONSENT)), "observer", ["observer"]) == (Hold(OPEN),)
