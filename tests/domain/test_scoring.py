# SPDX-License-Identifier: Apache-2.0
"""When a second person rates, how two ratings become one result, and when a third decides; nothing is rounded up on the way."""

from __future__ import annotations

import statistics
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lti_mentoring.domain import observation
from lti_mentoring.domain.programme import CO, INDEPENDENT, STRUCTURED, Criterion, Policy, Rubric
from lti_mentoring.domain.reliability import ASSURED_DOUBLING, Doubling
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.domain.scoring import (
    ADJUDICATED,
    AGREEMENT,
    CRITICAL,
    DRAWN,
    EXACT,
    FIRST,
    GAP,
    LOWER,
    LOWERED,
    MEAN,
    MEDIAN,
    NEAR,
    NEW,
    ONE_SIDED,
    SINGLE,
    STRADDLE,
    UNOBSERVED,
    Levels,
    Planned,
    Result,
    afterwards,
    beforehand,
    check_rater,
    drawn,
    median,
    resolve,
)

PATIENT = settings(deadline=None)


def criterion(key: str, *competencies: str, critical: bool = False) -> Criterion:
    return Criterion(key, f"Criterion {key}", competencies, critical, ("a", "b", "c", "d"))


CRITERIA = (criterion("C1", "MC1", critical=True), criterion("C2", "MC3"), criterion("C3", "MC3"), criterion("C4", "MC4"))
RUBRIC = Rubric("RU-C", "Alone", CRITERIA)
KEYS = tuple(one.key for one in CRITERIA)
POLICY = Policy(("M1",), "RU-C")
LEVEL = st.none() | st.integers(1, 4)
LEVELS = st.fixed_dictionaries(dict.fromkeys(KEYS, LEVEL))


def levels(*given_levels: int | None) -> Levels:
    return dict(zip(KEYS, given_levels, strict=True))


def only(one: int | None, other: int | None, *third: int | None, key: str = "C2", policy: Policy = POLICY) -> Result:
    """What becomes of one criterion."""
    rubric = Rubric("R", "R", (RUBRIC.criterion(key),))
    return resolve(policy, rubric, {key: one}, {key: other}, {key: third[0]} if third else None).results[0]


# --- when a second rating is asked for -----------------------------------------------------------------------------------------


TAKEN = next(str(number) for number in range(100) if drawn("seed", str(number), 20))
PASSED_OVER = next(str(number) for number in range(100) if not drawn("seed", str(number), 20))


def reasons(
    rules: Doubling | None = ASSURED_DOUBLING, kind: str = INDEPENDENT, first: bool = False, ratings: int = 40, key: str = PASSED_OVER
) -> set[str]:
    """Why somebody rates second, as far as it is known beforehand."""
    return set(beforehand(rules, "seed", Planned(key, kind, first, ratings)))


def test_the_first_summative_observation_and_a_new_observer_s_first_five_are_rated_twice():
    assert reasons() == set()
    assert reasons(first=True) == {FIRST}
    assert [reasons(ratings=number) for number in (0, 4, 5)] == [{NEW}, {NEW}, set()]
    assert reasons(first=True, ratings=0) == {FIRST, NEW}
    assert reasons(key=TAKEN) == {DRAWN}


def test_what_is_for_learning_and_what_the_policy_does_not_ask_for_is_rated_once():
    low, means = levels(1, 2, 3, 3), {"MC3": Fraction(5, 2)}
    for kind in (STRUCTURED, CO):
        assert reasons(kind=kind, first=True, ratings=0) == set()
        assert afterwards(ASSURED_DOUBLING, POLICY, RUBRIC, kind, low, means) == ()
    assert reasons(rules=None, first=True, ratings=0) == set()
    assert afterwards(None, POLICY, RUBRIC, INDEPENDENT, low, means) == ()
    none_of_it = Doubling(first=False, percent=0, critical=False, near_hundredths=0, new_ratings=0)
    assert reasons(rules=none_of_it, first=True, ratings=0) == set()
    assert afterwards(none_of_it, POLICY, RUBRIC, INDEPENDENT, low, means) == ()


@pytest.mark.parametrize(
    ("given_levels", "mean", "found"),
    [
        (levels(3, 3, 3, 3), Fraction(3), ()),
        (levels(1, 3, 3, 3), Fraction(3), (CRITICAL,)),
        (levels(3, 1, 1, 1), Fraction(3), ()),  # at 1, and not critical
        (levels(None, 3, 3, 3), Fraction(3), ()),
        (levels(3, 3, 3, 3), Fraction(11, 4), (NEAR,)),
        (levels(3, 3, 3, 3), Fraction(9, 4), (NEAR,)),
        (levels(3, 3, 3, 3), Fraction(275001, 100000), ()),
        (levels(3, 3, 3, 3), Fraction(224999, 100000), ()),
        (levels(3, None, None, 3), Fraction(5, 2), ()),  # nothing was seen here of what is near
        (levels(1, 2, 3, 3), Fraction(5, 2), (CRITICAL, NEAR)),
    ],
)
def test_a_critical_criterion_at_one_and_a_mean_near_the_bar_are_rated_again(given_levels: Levels, mean: Fraction, found: tuple[str, ...]):
    assert afterwards(ASSURED_DOUBLING, POLICY, RUBRIC, INDEPENDENT, given_levels, {"MC3": mean}) == found


def test_about_one_in_five_is_drawn_and_nobody_can_tell_which_without_the_seed():
    keys = [f"observation-{number}" for number in range(10_000)]
    one, other = ({key for key in keys if drawn(seed, key, 20)} for seed in ("first", "second"))
    assert 1_900 < len(one) < 2_100
    assert 1_900 < len(other) < 2_100
    assert 300 < len(one & other) < 500, "two seeds draw apart"


@given(st.text(max_size=20), st.text(max_size=20), st.integers(0, 100))
def test_the_same_is_drawn_again_and_a_larger_share_draws_no_other(seed: str, key: str, percent: int):
    assert drawn(seed, key, percent) == drawn(seed, key, percent)
    assert not drawn(seed, key, percent) or all(drawn(seed, key, more) for more in range(percent, 101))
    assert not drawn(seed, key, 0)
    assert drawn(seed, key, 100)


# --- who rates --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rater", "code"), [("candidate", "observation_of_oneself"), ("protege", "rater_present"), ("first", "rater_twice")]
)
def test_a_further_rater_is_somebody_else(rater: str, code: str):
    check_rater("second", subject="candidate", present=("protege",), others=("first",))
    with pytest.raises(RuleBroken, match=code):
        check_rater(rater, subject="candidate", present=("protege",), others=("first",))


# --- resolution ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "result"),
    [
        (3, 3, Result("C2", Fraction(3), EXACT)),
        (1, 2, Result("C2", Fraction(3, 2), MEAN)),
        (3, 4, Result("C2", Fraction(7, 2), MEAN)),
        (2, 3, Result("C2", None, open=STRADDLE)),
        (1, 3, Result("C2", None, open=GAP)),
        (2, 4, Result("C2", None, open=GAP)),
        (1, 4, Result("C2", None, open=GAP)),
        (2, None, Result("C2", Fraction(2), ONE_SIDED)),
        (None, None, Result("C2", None, UNOBSERVED)),
    ],
)
def test_two_ratings_of_a_criterion_become_one_or_wait_for_a_third(one: int | None, other: int | None, result: Result):
    assert only(one, other) == only(other, one) == result


@pytest.mark.parametrize(
    ("one", "other", "third", "level"),
    [(2, 3, 3, "3"), (2, 3, 2, "2"), (2, 3, 4, "3"), (2, 3, 1, "2"), (1, 4, 2, "2"), (1, 4, 4, "4"), (1, 3, 3, "3"), (2, 3, None, "5/2")],
)
def test_the_median_of_three_decides(one: int, other: int, third: int | None, level: str):
    assert only(one, other, third) == Result("C2", Fraction(level), MEDIAN)


def test_the_bar_is_the_policy_s():
    high = Policy(("M1",), "RU-C", competency_mean=Fraction(7, 2))
    assert only(2, 3, policy=high).how == MEAN
    assert only(3, 4, policy=high).open == STRADDLE
    assert only(2, 3, policy=Policy(("M1",), "RU-C", competency_mean=Fraction(3))).open == STRADDLE


def test_a_critical_criterion_at_one_for_one_rater_only_waits_for_a_third():
    assert only(1, 2, key="C1").open == STRADDLE
    assert only(1, 2, 2, key="C1").level == 2
    assert only(1, 2, key="C1", policy=Policy(("M1",), "RU-C", no_critical_at_one=False)).level == Fraction(3, 2)
    undecided = only(1, 2, None, key="C1").level
    verdict = observation.held(POLICY, RUBRIC, {"C1": undecided, "C2": Fraction(4), "C3": Fraction(4), "C4": Fraction(4)})
    assert "critical_at_one" in {reason.code for reason in verdict.reasons}, "one and a half is not rounded up to two"


def test_a_resolution_says_how_it_came_about():
    first = levels(3, 3, 2, 4)
    assert resolve(POLICY, RUBRIC, first).method == SINGLE
    assert resolve(POLICY, RUBRIC, first, first).method == AGREEMENT
    assert resolve(POLICY, RUBRIC, first, levels(3, 4, 2, None)).method == MEAN
    open_one = resolve(POLICY, RUBRIC, first, levels(3, 3, 3, 2))
    assert (open_one.disputed, open_one.resolved, open_one.method) == (("C3", "C4"), False, "")
    with pytest.raises(ValueError, match="disputed"):
        _ = open_one.levels
    closed = resolve(POLICY, RUBRIC, first, levels(3, 3, 3, 2), {"C3": 2, "C4": 3})
    assert (closed.method, closed.levels) == (ADJUDICATED, {"C1": 3, "C2": 3, "C3": 2, "C4": 3})


def test_where_nobody_may_give_a_third_the_lower_of_two_stands_on_what_is_disputed_alone():
    first, other = levels(3, 4, 2, 4), levels(3, 3, 3, 2)
    found = resolve(POLICY, RUBRIC, first, other, spared=True)
    assert [(one.level, one.how) for one in found.results] == [(3, EXACT), (Fraction(7, 2), MEAN), (2, LOWER), (2, LOWER)]
    assert (found.resolved, found.method) == (True, LOWERED)
    weak = resolve(POLICY, RUBRIC, first, other, confirms=True, spared=True)
    assert [(one.level, one.how) for one in weak.results[2:]] == [(2, LOWER), (2, LOWER)]


@PATIENT
@given(LEVELS, LEVELS, st.none() | LEVELS, st.booleans())
def test_to_be_spared_a_third_changes_only_what_two_left_open_and_its_method_says_so(
    first: Levels, other: Levels, third: Levels | None, confirms: bool
):
    plain = resolve(POLICY, RUBRIC, first, other, third, confirms=confirms)
    found = resolve(POLICY, RUBRIC, first, other, third, confirms=confirms, spared=True)
    assert (found.method == LOWERED) == bool(plain.disputed)
    assert found == resolve(POLICY, RUBRIC, first, other, third, confirms=confirms, spared=found.method == LOWERED), "I12"
    for old, new in zip(plain.results, found.results, strict=True):
        lower = Result(old.criterion, Fraction(min(first[old.criterion] or 0, other[old.criterion] or 0)), LOWER)
        assert new == (lower if old.open else old)


def test_a_rating_that_is_not_complete_is_not_resolved():
    whole = levels(3, 3, 2, 3)
    part, disputing = {"C1": 3}, levels(3, 3, 3, 3)
    for first, other, third in ((part, None, None), (part, whole, None), (whole, part, None), (whole, disputing, {})):
        with pytest.raises(KeyError):
            resolve(POLICY, RUBRIC, first, other, third)


@PATIENT
@given(LEVELS, LEVELS, st.none() | LEVELS)
def test_swapping_the_first_two_changes_nothing(first: Levels, other: Levels, third: Levels | None):
    assert resolve(POLICY, RUBRIC, first, other, third) == resolve(POLICY, RUBRIC, other, first, third)


@PATIENT
@given(LEVELS)
def test_identical_raters_resolve_to_what_they_say_and_to_the_same_verdict(first: Levels):
    found = resolve(POLICY, RUBRIC, first, first)
    assert found.resolved
    assert found.method == AGREEMENT
    assert found.levels == first == resolve(POLICY, RUBRIC, first).levels
    ratings = {key: observation.Rating(key, level, not_observed=level is None) for key, level in first.items()}
    assert observation.held(POLICY, RUBRIC, found.levels) == observation.met(POLICY, RUBRIC, ratings)


@PATIENT
@given(LEVELS, LEVELS, LEVELS)
def test_a_third_settles_everything_and_touches_only_what_was_disputed(first: Levels, other: Levels, third: Levels):
    before, found = resolve(POLICY, RUBRIC, first, other), resolve(POLICY, RUBRIC, first, other, third)
    assert found.resolved
    for key, old, new in zip(KEYS, before.results, found.results, strict=True):
        assert (new == old) != (key in before.disputed)
    asked = {key: third[key] for key in before.disputed}
    assert resolve(POLICY, RUBRIC, first, other, asked) == found, "no more than the disputed criteria is needed of the third"


@PATIENT
@given(LEVELS, LEVELS, LEVELS)
def test_a_result_lies_between_the_ratings_and_is_exact(first: Levels, other: Levels, third: Levels):
    found = resolve(POLICY, RUBRIC, first, other, third)
    for one in found.results:
        said = sorted(level for level in (first[one.criterion], other[one.criterion]) if level is not None)
        assert (one.level is None) == (not said)
        if one.level is not None:
            assert said[0] <= one.level <= said[-1]
            assert one.level.denominator in (1, 2)
            if one.how == MEDIAN and third[one.criterion] is not None:
                assert one.level.denominator == 1


@PATIENT
@given(LEVELS, LEVELS)
def test_what_is_settled_by_two_lies_on_one_side_of_the_bar_with_both(first: Levels, other: Levels):
    bar = POLICY.competency_mean
    for one in resolve(POLICY, RUBRIC, first, other).results:
        said = [level for level in (first[one.criterion], other[one.criterion]) if level is not None]
        sides = {level >= bar for level in said}
        if one.open:
            assert len(sides) == 2 or max(said) - min(said) >= 2 or (one.criterion == "C1" and sorted(said) == [1, 2])
        elif one.level is not None:
            assert sides == {one.level >= bar}


def test_of_every_pair_of_levels_the_open_ones_are_those_that_decide():
    found = {(one, other): only(one, other).open for one, other in product(range(1, 5), repeat=2)}
    assert {pair for pair, why in found.items() if why == STRADDLE} == {(2, 3), (3, 2)}
    assert {pair for pair, why in found.items() if why == GAP} == {pair for pair in found if abs(pair[0] - pair[1]) >= 2}


@PATIENT
@given(st.lists(st.integers(1, 4), min_size=1, max_size=9))
def test_a_median_keeps_its_half(given_levels: list[int]):
    found = median(given_levels)
    assert isinstance(found, Fraction)
    assert found == Fraction(statistics.median(given_levels))
    assert median(given_levels[::-1]) == found


def test_a_median_of_an_even_number_is_never_rounded_up():
    assert (median([2, 3]), median([1, 2, 3, 4]), median([2, 2, 3, 4])) == (Fraction(5, 2), Fraction(5, 2), Fraction(5, 2))
    assert median([Fraction(5, 2), 3]) == Fraction(11, 4)
    with pytest.raises(ValueError, match="no levels"):
        median([])
