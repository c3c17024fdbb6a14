# SPDX-License-Identifier: Apache-2.0
"""What a measure may be, and when it has moved."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_mentoring.domain import outcome
from lti_mentoring.domain.rule import RuleBroken

NUMBERS = st.floats(min_value=-outcome.MOST, max_value=outcome.MOST, allow_nan=False)


@given(NUMBERS, NUMBERS)
def test_the_target_itself_has_moved_and_the_baseline_has_not(baseline: float, target: float):
    if baseline == target:
        with pytest.raises(RuleBroken, match="outcome_target"):
            outcome.check("time", baseline, target, 6)
        return
    direction = outcome.check("time", baseline, target, 6)
    assert outcome.moved(direction, baseline, target)
    assert not outcome.moved(direction, baseline, baseline)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (("mood", 1, 2, 6), "outcome_kind"),
        (("time", float("nan"), 2, 6), "outcome_number"),
        (("time", 1, float("inf"), 6), "outcome_number"),
        (("time", 1, 2, 5), "outcome_horizon"),
    ],
)
def test_what_is_no_measure_is_refused(given: tuple[str, float, float, int], code: str):
    with pytest.raises(RuleBroken, match=code):
        outcome.check(*given)


def test_months_are_whole_ones():
    assert [outcome.months(date(2026, 1, 31), day) for day in (date(2026, 2, 28), date(2026, 3, 31), date(2027, 1, 31))] == [0, 2, 12]


@given(st.lists(NUMBERS, min_size=1, max_size=20), NUMBERS)
def test_every_point_and_the_target_stand_inside_the_picture(values: list[float], target: float):
    places, aim = outcome.spots(values, target)
    assert all(0 <= x <= 100 and 0 <= y <= outcome.HIGH for x, y in places)
    assert 0 <= aim <= outcome.HIGH
