# SPDX-License-Identifier: Apache-2.0
"""A rater's levels beside the master's: what counts as the same, as within one, and which way they lean."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_mentoring.domain.calibration import DEFENSIBLE, FAR, NEAR, ONE_SIDED, SAME, check, compared, differing, missing
from lti_mentoring.domain.programme import Criterion
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.domain.transcript import MasterRating, Script, Transcript, script

TEXT = (Path(__file__).parents[2] / "config" / "programmes" / "foundations" / "en" / "transcripts" / "T1.md").read_text("utf-8")
FIRST = script(Transcript("T1", TEXT))
KEYS = tuple(one.criterion for one in FIRST.ratings)
CRITERIA = tuple(Criterion(key, key, (), False, ("a", "b", "c", "d")) for key in KEYS)
ANSWERS = st.fixed_dictionaries({key: st.sampled_from((1, 2, 3, 4, None)) for key in KEYS})


def rated(levels: dict[str, int | None], open_to: dict[str, int] | None = None) -> Script:
    """The first transcript with other master ratings."""
    ratings = tuple(MasterRating(key, key, level, (open_to or {}).get(key), "firm", "e", "c", 1) for key, level in levels.items())
    return replace(FIRST, ratings=ratings)


def only(own: int | None, master: int | None, open_to: int | None = None) -> str:
    """The verdict on one criterion."""
    made = replace(FIRST, ratings=(MasterRating("C1", "C1", master, open_to, "firm", "e", "c", 1),))
    return compared(made, CRITERIA[:1], {"C1": own}).rows[0].verdict


@pytest.mark.parametrize(
    ("own", "master", "open_to", "verdict"),
    [
        (3, 3, None, SAME),
        (None, None, None, SAME),
        (2, 3, 2, DEFENSIBLE),
        (4, 3, 2, NEAR),
        (2, 3, None, NEAR),
        (1, 3, 2, FAR),
        (4, 1, None, FAR),
        (None, 3, 2, ONE_SIDED),
        (1, None, None, ONE_SIDED),
    ],
)
def test_each_answer_has_its_verdict(own: int | None, master: int | None, open_to: int | None, verdict: str):
    assert only(own, master, open_to) == verdict


def test_the_first_transcript_is_compared_with_all_its_facts():
    own = {one.criterion: one.level for one in FIRST.ratings} | {"C1": 2, "C2": 4, "C12": 1}
    found = compared(FIRST, CRITERIA, own)
    assert (found.same, len(found.rows), found.both, found.exact, found.within_one) == (9, 12, 11, 9, 10)
    assert found.bias == Fraction(1, 11)
    assert [row.verdict for row in found.rows if row.verdict != SAME] == [DEFENSIBLE, FAR, ONE_SIDED]


@given(ANSWERS)
def test_whoever_says_the_same_agrees_in_all_and_leans_nowhere(levels: dict[str, int | None]):
    found = compared(rated(levels), CRITERIA, levels)
    assert {row.verdict for row in found.rows} == {SAME}
    assert (found.same, found.exact, found.within_one) == (len(KEYS), found.both, found.both)
    assert found.bias == (0 if found.both else None)


@given(ANSWERS, ANSWERS, st.dictionaries(st.sampled_from(KEYS), st.sampled_from((1, 2, 3, 4))))
def test_swapping_the_two_turns_the_bias_around_and_changes_no_count(
    one: dict[str, int | None], other: dict[str, int | None], open_to: dict[str, int]
):
    here, there = compared(rated(one, open_to), CRITERIA, other), compared(rated(other), CRITERIA, one)
    counts = [(found.same, found.both, found.exact, found.within_one) for found in (here, there)]
    assert counts[0] == counts[1]
    assert here.bias == (None if there.bias is None else -there.bias)
    plain = compared(rated(one), CRITERIA, other)
    assert [row.verdict for row in plain.rows] == [row.verdict for row in there.rows]


@given(ANSWERS, ANSWERS)
def test_counts_keep_their_order_and_the_bias_its_bounds(one: dict[str, int | None], other: dict[str, int | None]):
    found = compared(rated(one), CRITERIA, other)
    assert 0 <= found.exact <= found.within_one <= found.both <= len(KEYS)
    assert found.exact <= found.same
    assert found.bias is None if not found.both else -3 <= found.bias <= 3


@given(ANSWERS, st.sets(st.sampled_from(KEYS)))
def test_what_is_missing_is_what_was_left_out(levels: dict[str, int | None], left_out: set[str]):
    chosen = {key: level for key, level in levels.items() if key not in left_out}
    assert set(missing(CRITERIA, chosen)) == left_out
    assert set(differing(CRITERIA, chosen, levels)) == left_out


@pytest.mark.parametrize(("chosen", "code"), [({"X1": 3}, "criterion_unknown"), ({"C1": 5}, "level_unknown"), ({"C1": 0}, "level_unknown")])
def test_what_the_rubric_does_not_have_is_refused(chosen: dict[str, int], code: str):
    with pytest.raises(RuleBroken) as refused:
        check(CRITERIA, chosen)
    assert refused.value.code == code


def test_a_criterion_without_an_answer_is_never_counted_as_anything():
    found = compared(FIRST, CRITERIA, {"C1": 3})
    assert [row.criterion.key for row in found.rows] == ["C1"]
