# SPDX-License-Identifier: Apache-2.0
"""What a look into the gradebook says, whatever was sent and whatever is there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_mentoring.domain import reconciliation as rules
from lti_mentoring.domain.delivery import DONE, HELD, REFUSED, SENDING, SET_ASIDE, WAITING
from lti_mentoring.domain.reconciliation import Ours, Theirs

states = st.sampled_from([WAITING, SENDING, DONE, REFUSED, HELD, SET_ASIDE])
maxima = st.floats(min_value=1, max_value=1000)
shares = st.floats(min_value=0, max_value=1)
decimals = st.integers(min_value=2, max_value=5)
theirs = st.none() | st.builds(Theirs, st.none() | st.floats(min_value=0, max_value=1000), maxima)
ours = st.none() | st.builds(Ours, states, st.none() | st.floats(min_value=0, max_value=1000), maxima)


@given(shares, maxima, maxima, decimals)
def test_a_score_that_the_gradebook_scaled_and_rounded_is_the_same(share: float, ours: float, column: float, kept: int) -> None:
    held = Theirs(round(share * column, kept), column)
    assert rules.verdict(Ours(DONE, share * ours, ours), held, decimals=kept) == rules.SAME


@given(st.floats(min_value=1.01, max_value=5), maxima, maxima, decimals)
def test_a_score_above_the_most_that_was_cut_off_is_the_same(share: float, ours: float, column: float, kept: int) -> None:
    assert rules.verdict(Ours(DONE, share * ours, ours), Theirs(column, column), decimals=kept) == rules.SAME


@given(shares, maxima, st.floats(min_value=0.02, max_value=0.5), decimals)
def test_a_grade_that_is_clearly_another_is_never_taken_for_ours(share: float, column: float, off: float, kept: int) -> None:
    other = share + off if share <= 0.5 else share - off
    held = Theirs(other * column, column)
    assert rules.verdict(Ours(DONE, share, 1), held, decimals=kept) == rules.LMS_DIFFERS
    assert rules.somebody_elses(((share, 1.0),), held, decimals=kept)


@given(ours, theirs, decimals)
def test_every_verdict_has_its_clicks_and_nothing_to_send_offers_no_sending(mine: Ours | None, held: Theirs | None, kept: int) -> None:
    code = rules.verdict(mine, held, decimals=kept)
    clicks = rules.CLICKS[code]
    if mine is None or (mine.given is None and mine.state not in (HELD, REFUSED)):
        assert rules.SEND_OURS not in clicks
    if code == rules.LMS_DIFFERS:
        assert held is not None
        assert held.score is not None
        assert rules.somebody_elses(((mine.given, mine.maximum),) if mine else (), held, decimals=kept)


@given(ours, decimals)
def test_an_empty_cell_is_nobodys(mine: Ours | None, kept: int) -> None:
    pairs = ((mine.given, mine.maximum),) if mine else ()
    for empty in (None, Theirs(None, 1)):
        assert not rules.somebody_elses(pairs, empty, decimals=kept)
        assert rules.verdict(mine, empty, decimals=kept) not in rules.SOMEBODY_ELSES


@pytest.mark.parametrize("state", [WAITING, SENDING])
@given(held=theirs)
def test_what_is_on_its_way_is_not_compared(state: str, held: Theirs | None) -> None:
    assert rules.verdict(Ours(state, 1, 1), held, decimals=2) == rules.ON_ITS_WAY


@pytest.mark.parametrize(
    ("mine", "held", "code"),
    [
        (Ours(HELD), Theirs(3, 5), rules.WAITS_FOR_STAFF),
        (Ours(DONE, 1, 1), None, rules.MISSING),
        (Ours(DONE, 1, 1), Theirs(None, 1), rules.MISSING),
        (Ours(DONE), Theirs(3, 5), rules.THEIRS_ONLY),
        (None, Theirs(3, 5), rules.THEIRS_ONLY),
        (Ours(DONE), None, rules.NOTHING),
        (Ours(HELD, 1, 1), Theirs(3, 5), rules.WAITS_FOR_STAFF),
        (Ours(REFUSED, 1, 1), Theirs(3, 5), rules.WAITS_FOR_STAFF),
        (Ours(SET_ASIDE, 1, 1), Theirs(3, 5), rules.RESTS),
        (Ours(SET_ASIDE, 1, 1), Theirs(5, 5), rules.SAME),
    ],
)
def test_each_verdict(mine: Ours | None, held: Theirs | None, code: str) -> None:
    assert rules.verdict(mine, held, decimals=5) == code


@given(st.integers(min_value=0, max_value=10_000_000), shares)
def test_the_next_look_is_at_night_and_within_a_day_and_a_half(minutes: int, chance: float) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    at = rules.tonight(now, chance)
    assert now < at <= now + timedelta(hours=24 + rules.HOURS)
    assert at.hour <= rules.FIRST_HOUR + rules.HOURS
