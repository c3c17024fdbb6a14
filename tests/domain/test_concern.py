# SPDX-License-Identifier: Apache-2.0
"""A report goes forward by people alone: no step is skipped, the other side hears nothing unasked, and it can be taken back at any time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_mentoring.domain import concern as rules
from lti_mentoring.domain.concern import CLOSED, CONFIDANT, DAYS, HEARD, MOVES, REPORTED, REPORTER, WITHDRAWN
from lti_mentoring.domain.rule import RuleBroken

VERBS = sorted({one.verb for one in MOVES})


@given(st.lists(st.tuples(st.sampled_from(VERBS), st.sampled_from((REPORTER, CONFIDANT)))), st.booleans())
def test_whatever_is_tried_the_other_side_is_heard_only_once_the_reporter_agreed(tried, may_tell):
    state = REPORTED
    for verb, who in tried:
        before = state
        try:
            state = rules.after(state, verb, who, may_tell=may_tell)
        except RuleBroken:
            assert verb not in rules.verbs(state, who, may_tell=may_tell)
            continue
        assert verb in rules.verbs(before, who, may_tell=may_tell)
        assert before not in (CLOSED, WITHDRAWN)
        assert who == REPORTER if verb == "withdraw" else who == CONFIDANT
        assert may_tell or state != HEARD


def test_until_it_is_closed_it_can_be_taken_back_and_waits_for_somebody_by_a_day():
    for state in DAYS:
        assert rules.after(state, "withdraw", REPORTER, may_tell=False) == WITHDRAWN
        with pytest.raises(RuleBroken):
            rules.after(state, "withdraw", CONFIDANT, may_tell=True)


def test_a_confidant_is_outside_the_lines_of_both():
    found = rules.outside(["a", "boss", "under", "me", "them"], parties=("me", "them"), above={"boss"}, below={"under"})
    assert found == ("a",)


@pytest.mark.parametrize(("count", "told"), [(0, None), (4, None), (5, 5)])
def test_a_number_that_could_point_at_somebody_is_not_told(count, told):
    assert rules.shown(count) == told
