# SPDX-License-Identifier: Apache-2.0
"""Strengths first, then what was short; every criterion once; nothing is rounded up."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from lti_mentoring.domain.observation import Rating
from lti_mentoring.domain.programme import Criterion, Policy
from lti_mentoring.domain.report import in_order, seen

POLICY = Policy(modules_required=(), observation_rubric="R")
CRITERIA = tuple(Criterion(f"C{number}", f"Title {number}", ("MC1",), number == 1, ("a", "b", "c", "d")) for number in range(1, 9))
EXACT = st.one_of(st.none(), st.sampled_from([Fraction(half, 2) for half in range(2, 9)]))


@given(st.fixed_dictionaries({one.key: EXACT for one in CRITERIA}))
def test_every_level_of_a_resolution_appears_once_and_in_the_part_where_it_belongs(levels):
    rows = seen(CRITERIA, {key: (level, "exact") for key, level in levels.items()}, [], {})
    parts = in_order(POLICY, rows)
    assert sorted(one.criterion.key for part in (parts.strengths, parts.short, parts.unseen) for one in part) == sorted(levels)
    assert {one.criterion.key: one.level for one in rows} == levels
    assert all(one.level is None for one in parts.unseen)
    assert all(one.level >= POLICY.competency_mean for one in parts.strengths)
    assert all(one.level < POLICY.competency_mean for one in parts.short)
    for part in (parts.strengths, parts.short):
        given_levels = [one.level for one in part]
        assert given_levels == sorted(given_levels, reverse=True)


@given(EXACT)
def test_the_next_level_is_the_one_above_what_was_wholly_reached(level):
    (one,) = seen(CRITERIA[:1], {"C1": (level, "mean")}, [], {})
    if level is None or level >= 4:
        assert one.next == 0
    else:
        assert one.reached <= level < one.next == one.reached + 1


def test_notes_of_all_raters_stand_behind_a_level_once_and_reasons_only_where_nobody_saw_it():
    first = {"C1": Rating("C1", 3, note_ids=("a", "b")), "C2": Rating("C2", None, True, "No occasion.")}
    second = {"C1": Rating("C1", 3, note_ids=("b", "c")), "C2": Rating("C2", None, True, " No occasion. ")}
    one, other = seen(CRITERIA[:2], {"C1": (Fraction(3), "exact"), "C2": (None, "unobserved")}, [first, second], {"C1": Rating("C1", 4)})
    assert (one.note_ids, one.reasons, one.own.level) == (("a", "b", "c"), (), 4)
    assert (other.note_ids, other.reasons, other.own) == ((), ("No occasion.",), None)
    (half,) = seen(CRITERIA[1:2], {"C2": (Fraction(2), "one_sided")}, [second], {})
    assert half.reasons == ()
