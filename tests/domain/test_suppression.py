# SPDX-License-Identifier: Apache-2.0
"""No published figure is of fewer than five people, and no subtraction gives one back."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from lti_mentoring.domain import suppression
from lti_mentoring.domain.suppression import LEAST


@given(st.lists(st.integers(min_value=0, max_value=30), min_size=1, max_size=8))
def test_no_figure_and_no_subtraction_gives_fewer_than_five(counts: list[int]):
    told, total = suppression.parts(counts), suppression.total(counts)
    assert all(one is None or one >= LEAST for one in (*told, total))
    assert all(one is None or one == real for one, real in zip(told, counts, strict=True))
    hidden = [real for one, real in zip(told, counts, strict=True) if one is None]
    if total is None:
        assert len(hidden) == len(counts)
    elif hidden:
        assert len(hidden) > 1, "a single part that is held back is the total less the others"
        assert total - sum(one for one in told if one is not None) >= LEAST


def test_what_is_large_enough_is_told_and_no_more_is_held_back_than_must_be():
    assert suppression.parts((5, 9)) == (5, 9)
    assert suppression.parts((4, 9)) == (None, None)
    assert suppression.parts((4, 9, 20)) == (None, None, 20)
    assert suppression.parts((1, 1, 9, 20)) == (None, None, None, 20)
    assert suppression.parts((3, 3, 20)) == (None, None, 20)
    assert suppression.parts((2, 2)) == (None, None)


@given(st.lists(st.integers(min_value=0, max_value=40), min_size=1, max_size=12))
def test_two_months_that_differ_differ_by_five_people_at_least(months: list[int]):
    told, seen = 0, []
    for people in months:
        told = people if suppression.renewed(told, people) else told
        seen.append(told)
    assert all(after == before or after - before >= LEAST for before, after in pairwise(seen))
