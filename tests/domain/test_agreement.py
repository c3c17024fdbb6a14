# SPDX-License-Identifier: Apache-2.0
"""How far two raters agree: the golden figures, what must hold of any two raters, and where there is no figure to give."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lti_mentoring.domain.agreement import (
    COEFFICIENTS_FROM,
    Bias,
    Interval,
    Share,
    agreement,
    bias,
    further,
    further_on_page,
    on_page,
    student,
    wilson,
)
from lti_mentoring.domain.coefficient import (
    INTERVAL,
    NO_PAIRS,
    NO_SPREAD,
    NOMINAL,
    ONE_LEVEL,
    ORDINAL,
    TOO_FEW,
    Undefined,
    ac2,
    alpha,
    icc_absolute,
    icc_consistency,
    kappa,
    linear,
    nominal,
)

# --- golden vectors ------------------------------------------------------------------------------------------------------
# Levels of two raters and the figures of them, as two other programs gave them (scikit-learn for kappa, irrCAC for AC1 and AC2, to five
# places; alpha and ICC by formulas of their own, to six). Each stands for something that a coordinator meets.

GOLDEN = {
    # An ordinary pair of raters: two thirds the same, never more than one apart.
    "A": ((3, 2, 4, 3, 3, 2, 1, 4, 3, 2, 3, 4), (3, 3, 4, 3, 2, 2, 1, 4, 3, 3, 3, 3)),
    # The kappa paradox: 18 of 20 the same, nearly all at one level. Kappa is below zero, AC2 is not.
    "B": ((3,) * 18 + (2, 3), (3,) * 19 + (2,)),
    # The same in everything, over the whole scale.
    "C": ((1, 2, 3, 4, 2, 3), (1, 2, 3, 4, 2, 3)),
    # One level only: nothing can be said beyond chance, though they agree.
    "D": ((3,) * 5, (3,) * 5),
    # Opposite in everything.
    "E": ((1, 4, 1, 4), (4, 1, 4, 1)),
    # The second rater is always exactly one level higher.
    "F": ((2, 2, 3, 3, 1, 2, 3, 2, 1, 2), (3, 3, 4, 4, 2, 3, 4, 3, 2, 3)),
}

FIGURES = ("exact", "adjacent", "bias", "kappa", "linear", "quadratic", "nominal", "ordinal", "interval", "ac1", "ac2", "icc_a", "icc_c")
EXPECTED: dict[str, tuple[float | None, ...]] = {
    "A": (2 / 3, 1, 0, 0.5, 0.630769, 0.769231, 0.513228, 0.719252, 0.778846, 0.57333, 0.89937, 0.784314, 0.769231),
    "B": (0.9, 1, 0, -0.052632, -0.052632, -0.052632, -0.026316, -0.026316, -0.026316, 0.89673, 0.98777, -0.055556, -0.052632),
    "C": (1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1),
    "D": (1, 1, 0, None, None, None, None, None, None, 1, 1, None, None),
    "E": (0, 0, 0, -1, -1, -1, -0.75, -0.75, -0.75, -0.2, -0.92857, -2, -1),
    "F": (0, 1, 1, -0.333333, 0.107143, 0.494949, -0.386861, 0.338608, 0.358108, -0.2959, 0.67356, 0.521277, 1),
}

THREE_RATERS = (
    (1, 2, 3, 3, 2, 1, 4, 1, 2, None),
    (1, 2, 3, 3, 2, 2, 4, 1, 2, 4),
    (None, 3, 3, 3, 2, 3, 4, 2, 2, 4),
)
"""Three raters with gaps: one missed the first thing, another the last."""


def figures(pairs: list[tuple[int, int]]) -> dict[str, object]:
    """Every figure of two raters, by its name above."""
    found, more = agreement(pairs), further(pairs)
    plain = (found.exact.value, found.adjacent.value, found.bias.mean, found.kappa, kappa(pairs, linear), found.weighted)
    rest = (more.alpha_nominal, more.alpha_ordinal, more.alpha_interval, ac2(pairs, nominal), found.ac2)
    return dict(zip(FIGURES, (*plain, *rest, more.icc_absolute, more.icc_consistency), strict=True))


@pytest.mark.parametrize("name", GOLDEN)
@pytest.mark.parametrize("figure", FIGURES)
def test_figures_equal_those_of_other_programs(name: str, figure: str):
    value = figures(list(zip(*GOLDEN[name], strict=True)))[figure]
    expected = EXPECTED[name][FIGURES.index(figure)]
    if expected is None:
        assert value in (Undefined(ONE_LEVEL), Undefined(NO_SPREAD))
    else:
        assert isinstance(value, Fraction)
        assert float(value) == pytest.approx(expected, abs=2e-5 if figure.startswith("ac") else 2e-6)


@pytest.mark.parametrize(("metric", "expected"), [(NOMINAL, 0.668421), (ORDINAL, 0.803991), (INTERVAL, 0.821192)])
def test_alpha_takes_more_than_two_raters_and_gaps(metric: str, expected: float):
    assert float(alpha(THREE_RATERS, metric)) == pytest.approx(expected, abs=2e-6)  # type: ignore[arg-type]


def test_alpha_leaves_out_what_only_one_rater_rated():
    for metric in (NOMINAL, ORDINAL, INTERVAL):
        assert alpha(((1, 3, 4), (1, 2, None)), metric) == alpha(((1, 3), (1, 2)), metric)


def test_a_share_reaches_a_bar_that_it_lies_on():
    assert [Share(count, 20).reaches(70) for count in (13, 14, 15)] == [False, True, True]
    assert [Share(count, 16).reaches(70) for count in (11, 12)] == [False, True]


def test_exact_figures_are_fractions():
    found = agreement(zip(*GOLDEN["A"], strict=True))
    assert (found.exact, found.exact.value, found.weighted) == (Share(8, 12), Fraction(2, 3), Fraction(10, 13))


# --- what holds of any two raters --------------------------------------------------------------------------------------------

LEVEL = st.integers(1, 4)
PATIENT = settings(deadline=None)
BOTH = st.lists(st.tuples(LEVEL, LEVEL), min_size=1, max_size=25)
ANY = st.lists(st.tuples(st.none() | LEVEL, st.none() | LEVEL), max_size=25)


@PATIENT
@given(ANY)
def test_swapping_the_raters_changes_no_agreement_and_turns_the_bias_around(pairs: list[tuple[int | None, int | None]]):
    here, there = agreement(pairs), agreement([(second, first) for first, second in pairs])
    for name in ("pairs", "neither", "exact", "adjacent", "kappa", "weighted", "ac2"):
        assert getattr(here, name) == getattr(there, name), name
    assert (here.first_only, here.second_only) == (there.second_only, there.first_only)
    assert further(pairs) == further([(second, first) for first, second in pairs])
    if here.pairs:
        assert here.bias.mean == -there.bias.mean  # type: ignore[operator]
    if isinstance(here.bias.interval, Interval):
        assert isinstance(there.bias.interval, Interval)
        assert (here.bias.interval.low, here.bias.interval.high) == pytest.approx((-there.bias.interval.high, -there.bias.interval.low))
    assert here.bias.sure == there.bias.sure


@PATIENT
@given(st.lists(LEVEL, min_size=1, max_size=25))
def test_identical_raters_give_one_wherever_there_is_a_figure(levels: list[int]):
    pairs = [(level, level) for level in levels]
    found = figures(pairs)
    assert (found["exact"], found["adjacent"], found["bias"], found["ac1"], found["ac2"]) == (1, 1, 0, 1, 1)
    rest = {name: found[name] for name in ("kappa", "linear", "quadratic", "nominal", "ordinal", "interval", "icc_a", "icc_c")}
    if len(set(levels)) > 1:
        assert set(rest.values()) == {1}
    else:
        assert {type(value) for value in rest.values()} == {Undefined}


@PATIENT
@given(BOTH, st.sampled_from(list(permutations((1, 2, 3, 4)))))
def test_calling_the_levels_otherwise_changes_nothing_where_only_the_same_counts(pairs: list[tuple[int, int]], names: tuple[int, ...]):
    renamed = [(names[first - 1], names[second - 1]) for first, second in pairs]
    here, there = figures(pairs), figures(renamed)
    assert {name: here[name] for name in ("exact", "kappa", "nominal", "ac1")} == {
        name: there[name] for name in ("exact", "kappa", "nominal", "ac1")
    }


@PATIENT
@given(BOTH)
def test_turning_the_scale_around_turns_only_the_bias(pairs: list[tuple[int, int]]):
    here, there = figures(pairs), figures([(5 - first, 5 - second) for first, second in pairs])
    assert here.pop("bias") == -there.pop("bias")  # type: ignore[operator]
    assert here == there


@PATIENT
@given(BOTH, st.randoms())
def test_the_order_of_the_pairs_does_not_matter(pairs: list[tuple[int, int]], chance: object):
    shuffled = list(pairs)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert figures(pairs) == figures(shuffled)


@PATIENT
@given(BOTH, st.integers(2, 4))
def test_the_same_again_makes_the_intervals_narrower_and_moves_no_share(pairs: list[tuple[int, int]], times: int):
    once, more = agreement(pairs), agreement(pairs * times)
    for name in ("kappa", "weighted", "ac2"):
        assert getattr(once, name) == getattr(more, name), name
    assert (once.exact.value, once.adjacent.value, once.bias.mean) == (more.exact.value, more.adjacent.value, more.bias.mean)
    few, many = once.exact.interval, more.exact.interval
    assert isinstance(few, Interval)
    assert isinstance(many, Interval)
    assert many.high - many.low < few.high - few.low


@PATIENT
@given(BOTH)
def test_figures_keep_their_bounds_and_their_order(pairs: list[tuple[int, int]]):
    found = figures(pairs)
    assert 0 <= found["exact"] <= found["adjacent"] <= 1  # type: ignore[operator]
    assert -3 <= found["bias"] <= 3  # type: ignore[operator]
    for name in ("kappa", "linear", "quadratic", "nominal", "ordinal", "interval", "ac1", "ac2", "icc_c"):
        value = found[name]
        assert isinstance(value, Undefined) or value <= 1, name  # type: ignore[operator]
    for share in (agreement(pairs).exact, agreement(pairs).adjacent):
        assert isinstance(share.interval, Interval)
        assert 0 <= share.interval.low <= share.count / share.of <= share.interval.high <= 1


@PATIENT
@given(st.lists(st.integers(1, 3), min_size=2, max_size=25))
def test_who_is_always_one_higher_is_consistent_and_not_in_agreement(levels: list[int]):
    pairs = [(level, level + 1) for level in levels]
    found = figures(pairs)
    assert (found["exact"], found["adjacent"], found["bias"]) == (0, 1, 1)
    assert agreement(pairs).bias == Bias(Fraction(1), Undefined(NO_SPREAD))
    assert agreement(pairs).bias.sure
    if len(set(levels)) > 1:
        assert found["icc_c"] == 1
        assert found["icc_a"] < 1  # type: ignore[operator]


@PATIENT
@given(ANY)
def test_what_only_one_or_neither_saw_counts_apart(pairs: list[tuple[int | None, int | None]]):
    found, both = agreement(pairs), agreement([pair for pair in pairs if None not in pair])
    assert found.pairs + found.first_only + found.second_only + found.neither == len(pairs)
    assert (found.exact, found.adjacent, found.bias, found.kappa, found.weighted, found.ac2) == (
        both.exact, both.adjacent, both.bias, both.kappa, both.weighted, both.ac2,
    )  # fmt: skip


# --- no figure -----------------------------------------------------------------------------------------------------------------


def test_of_nothing_there_is_no_figure_and_it_says_so():
    for pairs in ([], [(None, 3), (2, None), (None, None)]):
        assert set(figures_or_why(pairs)) == {Undefined(NO_PAIRS)}
    found = agreement([(None, 3), (2, None), (None, None), (None, 1)])
    assert (found.pairs, found.first_only, found.second_only, found.neither) == (0, 1, 2, 1)
    assert found.exact.interval == Undefined(NO_PAIRS)
    assert not found.exact.reaches(0)


def figures_or_why(pairs: list[tuple[int | None, int | None]]) -> list[object]:
    found, more = agreement(pairs), further(pairs)
    shown = [found.exact.value, found.adjacent.value, found.bias.mean, found.kappa, found.weighted, found.ac2]
    return [*shown, more.alpha_nominal, more.alpha_ordinal, more.alpha_interval, more.icc_absolute, more.icc_consistency]


def test_each_missing_figure_says_why():
    assert kappa([(3, 3), (3, 3)]) == alpha(((3, 3), (3, 3)), ORDINAL) == Undefined(ONE_LEVEL)
    assert icc_absolute([(3, 3), (3, 3)]) == icc_consistency([(3, 3), (3, 3)]) == Undefined(NO_SPREAD)
    assert icc_absolute([(3, 4)]) == icc_consistency([(3,), (4,)]) == Undefined(TOO_FEW, 1, 2)
    assert bias([1]) == Bias(Fraction(1), Undefined(TOO_FEW, 1, 2))
    assert not bias([1]).sure, "one pair shows no leaning"
    assert kappa([(2, 3), (2, 3)]) == 0, "each keeps to a level of their own, so there is a distance by chance"
    with pytest.raises(ValueError, match="ratio"):
        alpha(((1, 2), (1, 3)), "ratio")


@pytest.mark.parametrize("level", [0, 5, -1])
def test_a_level_that_is_not_on_the_scale_is_refused(level: int):
    for pair in ((level, 3), (3, level), (None, level)):
        with pytest.raises(ValueError, match="not on the scale"):
            agreement([pair])


def test_a_page_shows_no_coefficient_below_thirty_pairs_and_says_how_many_it_takes():
    pairs: list[tuple[int | None, int | None]] = [(1, 1), (3, 3), (4, 3)] * 10
    assert on_page(agreement(pairs)) == agreement(pairs)
    assert further_on_page(pairs) == further(pairs)
    few = [*pairs[:-1], (None, 3), (None, None)]
    shown, why = on_page(agreement(few)), Undefined(TOO_FEW, 29, COEFFICIENTS_FROM)
    assert (shown.kappa, shown.weighted, shown.ac2) == (why, why, why)
    assert (shown.exact, shown.adjacent, shown.bias) == (agreement(few).exact, agreement(few).adjacent, agreement(few).bias)
    assert set(vars_of(further_on_page(few))) == {why}


def vars_of(found: object) -> list[object]:
    return [getattr(found, name) for name in found.__slots__]  # type: ignore[attr-defined]


# --- intervals -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("of", "low", "high"), [(10, 0.49, 0.94), (20, 0.58, 0.92), (50, 0.67, 0.89)])
def test_wilson_s_interval_of_four_fifths(of: int, low: float, high: float):
    found = wilson(of * 4 // 5, of)
    assert (round(found.low, 2), round(found.high, 2)) == (low, high)


def test_wilson_s_interval_of_none_and_of_all_is_open_to_one_side_only():
    assert (wilson(0, 10).low, wilson(10, 10).high) == (0.0, 1.0)
    assert wilson(0, 10).high == pytest.approx(0.2775, abs=1e-4)
    assert wilson(10, 10).low == pytest.approx(1 - wilson(0, 10).high)


@pytest.mark.parametrize(("count", "of"), [(0, 0), (3, 2), (-1, 2)])
def test_there_is_no_interval_of_more_than_all(count: int, of: int):
    with pytest.raises(ValueError):
        wilson(count, of)


TABLE = [(1, 12.7062), (2, 4.3027), (3, 3.1824), (4, 2.7764), (19, 2.0930), (30, 2.0423), (120, 1.9799)]


@pytest.mark.parametrize(("freedom", "value"), TABLE)
def test_student_s_values_are_those_of_the_tables(freedom: int, value: float):
    assert student(freedom) == pytest.approx(value, abs=5e-5)


def test_the_interval_of_a_bias_is_student_s():
    found = bias([1, 0, 1, 1, 0, 1, 0, 1, 1, 1])
    assert found.mean == Fraction(7, 10)
    assert isinstance(found.interval, Interval)
    assert (found.interval.low, found.interval.high) == pytest.approx((0.3544, 1.0456), abs=1e-4)
    assert found.sure
    assert not bias([1, -1, 1, 0]).sure
