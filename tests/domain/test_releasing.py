# SPDX-License-Identifier: Apache-2.0
"""What holds a result back, and what its ratings make together once nothing does (I12, I15)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_mentoring.domain import releasing
from lti_mentoring.domain.observation import Rating
from lti_mentoring.domain.programme import Criterion, Policy, Rubric
from lti_mentoring.domain.qualification import COUNTS, PROVISIONAL, SET_ASIDE
from lti_mentoring.domain.releasing import FIRST, SECOND, SELF, THIRD, State, Submitted

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
ANCHORS = ("never", "sometimes", "mostly", "always")
RUBRIC = Rubric("RU-C", "Mentoring", (Criterion("C1", "One", ("MC1",), True, ANCHORS), Criterion("C2", "Two", ("MC2",), False, ANCHORS)))
POLICY = Policy(modules_required=("M1",), observation_rubric="RU-C")


def rating(purpose: str, *levels: int | None, weight: str = COUNTS) -> Submitted:
    both = zip(("C1", "C2"), levels, strict=True)
    said = {key: Rating(key, level, level is None, "Why." if level is None else "") for key, level in both}
    return Submitted(f"rating of {purpose}", purpose, purpose, said, weight, NOW)


def codes(state: State, now: datetime = NOW) -> list[str]:
    return [one.code for one in releasing.holds(POLICY, RUBRIC, state, now)]


def test_one_rating_that_counts_is_released_at_once_where_nothing_else_is_asked():
    assert codes(State((rating(FIRST, 3, 3),))) == []


@pytest.mark.parametrize(
    ("state", "held"),
    [
        (State((rating(FIRST, 3, 3),), reasons=frozenset({"drawn"})), ["second"]),
        (State((rating(FIRST, 3, 3),), reasons=frozenset({"drawn"}), spared=True), []),
        (State((rating(FIRST, 3, 3), rating(SECOND, 3, 4)), reasons=frozenset({"drawn"})), []),
        (State((rating(FIRST, 2, 3), rating(SECOND, 3, 3)), reasons=frozenset({"drawn"})), ["third"]),
        (State((rating(FIRST, 2, 3), rating(SECOND, 3, 3), rating(THIRD, 3, 3)), reasons=frozenset({"drawn"})), []),
        (State((rating(FIRST, 2, 3), rating(SECOND, 3, 3)), reasons=frozenset({"drawn"}), spared=True), []),
        (State((rating(FIRST, 3, 3),), own_part=True), ["self"]),
        (State((rating(FIRST, 3, 3), rating(SELF, 1, 1)), own_part=True), []),
        (State((rating(FIRST, 3, 3),), amending=True), ["amending"]),
        (State((rating(FIRST, 3, 3),), clear=False), ["conflict"]),
        (State((rating(FIRST, 3, 3),), consent=False), ["consent"]),
        (State((rating(FIRST, 3, 3),), readers=1, rated_at=NOW), ["reading"]),
    ],
)
def test_each_thing_that_is_open_holds_the_result(state: State, held: list[str]):
    assert codes(state) == held


def test_lines_may_be_struck_for_two_days_and_no_longer():
    state = State((rating(FIRST, 3, 3),), readers=2, rated_at=NOW)
    assert codes(state, NOW + timedelta(hours=47, minutes=59)) == ["reading"]
    assert codes(state, NOW + timedelta(hours=48)) == []


def test_a_provisional_rating_waits_for_one_that_counts_whatever_the_policy_spares():
    alone = rating(FIRST, 3, 3, weight=PROVISIONAL)
    assert codes(State((alone,), reasons=frozenset({PROVISIONAL}), spared=True)) == ["second"]
    assert codes(State((alone, rating(SECOND, 3, 3, weight=PROVISIONAL)), reasons=frozenset({PROVISIONAL}), spared=True)) == ["second"]
    assert codes(State((alone, rating(SECOND, 3, 3)), reasons=frozenset({PROVISIONAL}), spared=True)) == []


def test_what_is_set_aside_never_makes_a_result():
    aside = rating(FIRST, 4, 4, weight=SET_ASIDE)
    assert codes(State((aside,), reasons=frozenset({SET_ASIDE}))) == ["second"]
    state = State((aside, rating(SECOND, 2, 2)), reasons=frozenset({SET_ASIDE}))
    assert codes(state) == []
    assert releasing.resolution(POLICY, RUBRIC, state.ratings).levels == {"C1": 2, "C2": 2}


def test_where_nothing_counts_there_is_no_result():
    with pytest.raises(ValueError, match="no rating counts"):
        releasing.resolution(POLICY, RUBRIC, (rating(FIRST, 3, 3, weight=PROVISIONAL),))


def test_the_candidates_own_rating_is_no_part_of_the_result():
    assert releasing.resolution(POLICY, RUBRIC, (rating(FIRST, 2, 3), rating(SELF, 4, 4))).levels == {"C1": 2, "C2": 3}


# --- somebody not qualified, and who confirms them ---------------------------------------------------------------------------------------


def weak(purpose: str, *levels: int | None, who: str = "") -> Submitted:
    return replace(rating(purpose, *levels, weight=PROVISIONAL), assessor_id=who or purpose)


def test_where_somebody_qualified_confirms_a_rating_their_level_stands_and_no_mean_of_the_two():
    found = releasing.resolution(POLICY, RUBRIC, (weak(FIRST, 4, 3), rating(SECOND, 3, 3)))
    assert [(one.level, one.how) for one in found.results] == [(3, "confirmed"), (3, "exact")]
    assert found.method == "confirmed"


def test_what_only_somebody_not_qualified_has_seen_is_seen_by_nobody():
    found = releasing.resolution(POLICY, RUBRIC, (weak(FIRST, 4, None), rating(SECOND, None, 3)))
    assert found.levels == {"C1": None, "C2": 3}


def test_whoever_lapsed_between_being_asked_and_rating_second_weighs_no_more_than_an_observer_not_qualified():
    found = releasing.resolution(POLICY, RUBRIC, (rating(FIRST, 3, 3), weak(SECOND, 4, 4)))
    assert found.levels == {"C1": 3, "C2": 3}


def test_a_third_person_decides_where_it_is_confirmed_across_a_bar_and_the_result_lies_between_those_who_are_qualified():
    two = (weak(FIRST, 2, 3), rating(SECOND, 3, 3))
    assert codes(State(two, reasons=frozenset({PROVISIONAL}))) == ["third"]
    assert releasing.resolution(POLICY, RUBRIC, (*two, rating(THIRD, 4, 1))).levels == {"C1": 3, "C2": 3}


def test_nobody_who_is_not_qualified_decides_as_the_third():
    state = State((rating(FIRST, 2, 3), rating(SECOND, 3, 3), weak(THIRD, 4, 4)), reasons=frozenset({"drawn"}))
    assert codes(state) == ["third"]


def test_four_who_rated_make_a_result_of_three():
    lapsed, later = weak(SECOND, 1, 1, who="lapsed"), rating(SECOND, 3, 3)
    ratings = (weak(FIRST, 2, 3), lapsed, later, rating(THIRD, 3, 3))
    assert [one.assessor_id for one in releasing.counting(ratings)] == [FIRST, SECOND, THIRD]
    assert releasing.resolution(POLICY, RUBRIC, ratings).levels == {"C1": 3, "C2": 3}


def test_a_second_rating_that_counts_takes_the_place_of_one_that_does_not():
    ratings = (rating(FIRST, 3, 3), weak(SECOND, 1, 1, who="lapsed"), rating(SECOND, 4, 3))
    assert releasing.resolution(POLICY, RUBRIC, ratings).levels == {"C1": Fraction(7, 2), "C2": 3}, "the later one is no third opinion"


weights = st.sampled_from((COUNTS, PROVISIONAL, SET_ASIDE))


@given(st.lists(st.tuples(st.sampled_from((FIRST, SECOND, SECOND, THIRD)), st.sampled_from((1, 2, 3, 4, None)), weights), max_size=6))
def test_whoever_has_rated_in_whatever_standing_a_result_comes_of_it_or_none_and_lies_where_the_qualified_are(made):
    ratings = [replace(rating(purpose, level, level, weight=weight), assessor_id=str(n)) for n, (purpose, level, weight) in enumerate(made)]
    chosen = releasing.counting(ratings)
    assert releasing.counting(chosen) == chosen, "a result can be made again from what it was made of (I12)"
    assert len(chosen) <= 3
    if not chosen:
        assert all(one.weight != COUNTS for one in ratings)
        return
    found = releasing.resolution(POLICY, RUBRIC, ratings)
    sure = [level for one in chosen if one.weight == COUNTS and (level := one.levels["C1"]) is not None]
    assert all(one.level is None or min(sure) <= one.level <= max(sure) for one in found.results)


levels = st.tuples(*[st.sampled_from((1, 2, 3, 4, None))] * 2)


@given(levels, levels, levels, st.booleans())
def test_a_result_is_never_released_while_two_disagree_across_a_bar(one, other, third, decided):
    ratings = (rating(FIRST, *one), rating(SECOND, *other), *((rating(THIRD, *third),) if decided else ()))
    state = State(ratings, reasons=frozenset({"drawn"}))
    found = releasing.resolution(POLICY, RUBRIC, ratings)
    assert (codes(state) == []) == found.resolved
    if found.resolved:
        assert all(level is None or 1 <= level <= 4 for level in found.levels.values())


@given(levels)
def test_what_a_rating_said_is_read_back_as_it_was_and_its_hash_is_the_same(given_levels):
    made = rating(FIRST, *given_levels)
    again = Submitted("another id", "somebody", FIRST, releasing.read(releasing.plain(made.said)))
    assert again.said == made.said
    assert releasing.digest([made]) == releasing.digest([again])


def test_the_hash_changes_with_a_level_and_a_note_and_not_with_words_that_may_go():
    base = releasing.digest([rating(FIRST, 3, None)])
    changed = Submitted("", "", FIRST, {**rating(FIRST, 3, None).said, "C2": Rating("C2", None, True, "Another.")})
    noted = Submitted("", "", FIRST, {**rating(FIRST, 3, None).said, "C1": Rating("C1", 3, note_ids=("n",))})
    assert releasing.digest([changed]) == base
    assert len({base, releasing.digest([noted]), releasing.digest([rating(FIRST, 2, None)])}) == 3


def test_the_mean_of_two_neighbours_keeps_its_half():
    found = releasing.resolution(POLICY, RUBRIC, (rating(FIRST, 3, 3), rating(SECOND, 4, 3)))
    assert found.levels["C1"] == Fraction(7, 2)
