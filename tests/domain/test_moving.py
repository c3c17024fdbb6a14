# SPDX-License-Identifier: Apache-2.0
"""What changes for somebody who is moved to another version: complete, the same both ways, and nothing out of nothing."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lti_mentoring.domain import moving
from lti_mentoring.domain.candidacy import ModuleRecord, ObservationRecord, Records, Requirement, requirements
from lti_mentoring.domain.module import Draw, Module, Outcome, Task, Times
from lti_mentoring.domain.moving import KINDS, Change, Difference, Prospect, UnderWay
from lti_mentoring.domain.observation import Means, Reason, Verdict
from lti_mentoring.domain.programme import Policy, Programme
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.domain.training import unproven

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A machine that others use too may be slow, and is not wrong."""

TODAY = date(2026, 11, 29)
keys = st.sampled_from(["M0", "M1", "M2", "M3"])
POLICY = Policy(("M1", "M2"), "R", structured_observations=1, structured_rubric="S", independent_observations=2)


@st.composite
def trees(draw: st.DrawFn) -> Requirement:
    """What some policy makes of some records."""
    policy = replace(
        POLICY,
        modules_required=tuple(draw(st.lists(keys, min_size=1, unique=True))),
        structured_observations=draw(st.integers(0, 2)),
        co_mentoring_sessions=draw(st.integers(0, 1)),
        independent_observations=draw(st.integers(1, 3)),
    )
    modules = tuple(ModuleRecord(key, f"Module {key}", draw(st.booleans())) for key in draw(st.lists(keys, unique=True)))
    reasons = (Reason("overall_mean_below", {"mean": Fraction(2), "bar": Fraction(5, 2)}),)
    observations = tuple(
        ObservationRecord(
            str(number), kind, "released", TODAY, "T. Lindqvist", Verdict(met, () if met else reasons, Means(Fraction(2), {}, 1))
        )
        for number, (kind, met) in enumerate(draw(st.lists(st.tuples(st.sampled_from(["structured", "co", "independent"]), st.booleans()))))
    )
    return requirements(policy, Records(modules, observations))


def leaves(tree: Requirement) -> list[Requirement]:
    return [leaf for part in tree.children for leaf in part.children]


@PATIENT
@given(trees())
def test_where_nothing_changes_there_is_no_difference(tree: Requirement):
    assert moving.difference(tree, tree) == Difference((), len(leaves(tree)))


@PATIENT
@given(trees(), trees())
def test_the_way_back_undoes_the_way_there(first: Requirement, second: Requirement):
    there, back = moving.difference(first, second), moving.difference(second, first)
    mirrored = {change.name: (KINDS[change.kind], change.after, change.before) for change in there.changes}
    assert {change.name: (change.kind, change.before, change.after) for change in back.changes} == mirrored
    assert there.same == back.same


@PATIENT
@given(trees(), trees())
def test_each_requirement_of_either_version_is_accounted_for_exactly_once(first: Requirement, second: Requirement):
    found = moving.difference(first, second)
    assert len({change.name for change in found.changes}) == len(found.changes)
    assert sum(change.before is not None for change in found.changes) + found.same == len(leaves(first))
    assert sum(change.after is not None for change in found.changes) + found.same == len(leaves(second))
    gained = Counter(change.kind for change in found.changes)
    met_before, met_after = (sum(leaf.met for leaf in leaves(tree)) for tree in (first, second))
    assert met_after - met_before == gained["met"] + gained["asked_met"] - gained["unmet"] - gained["dropped_met"]


@PATIENT
@given(trees(), trees())
def test_a_way_is_longer_exactly_where_something_is_open_that_was_not(first: Requirement, second: Requirement):
    found = moving.difference(first, second)
    opened = {change.name for change in found.changes if change.after is not None and not change.after.met}
    assert found.longer == bool(opened)


@PATIENT
@given(st.lists(st.tuples(trees(), trees())))
def test_the_bars_of_a_cohort_add_up_to_its_people(cohort: list[tuple[Requirement, Requirement]]):
    bars = moving.bars(cohort)
    assert sum(one.of_now for one in bars) == sum(len(leaves(before)) for before, _ in cohort)
    assert sum(one.met_then for one in bars) == sum(sum(leaf.met for leaf in leaves(after)) for _, after in cohort)
    for one in bars:
        assert one.met_then - one.met_now == one.gain - one.lose
        assert one.met_now <= one.of_now <= len(cohort)
        assert one.met_then <= one.of_then <= len(cohort)


def test_what_is_asked_for_twice_is_two_requirements():
    leaf = Requirement("module_mastered", {"key": "M1"}, met=True)
    twice = Requirement("programme", children=(Requirement("training", children=(leaf, leaf)),))
    once = Requirement("programme", children=(Requirement("training", children=(leaf,)),))
    assert [change.kind for change in moving.difference(once, twice).changes] == ["asked_met"]


# --- modules ----------------------------------------------------------------------------------------------------------------


def module(key: str, *outcomes: str, words: str = "") -> Module:
    return Module(
        key=key,
        title=key,
        competencies=(),
        times=Times(1, 0, 0, 0),
        intro="",
        outcomes=tuple(Outcome(one, f"{one} {words}", one) for one in outcomes),
        sections=(),
        check_intro="",
        items=(),
        draw=Draw(),
        practice=Task("", "", "", (), ()),
    )


def test_what_was_mastered_counts_where_the_outcomes_are_the_same_in_whatever_words():
    assert unproven(module("M1", "o1", "o2", words="anew"), [module("M1", "o2", "o1", "o3")]) == ()


def test_an_outcome_that_was_never_checked_is_named():
    assert [one.key for one in unproven(module("M1", "o1", "o4"), [module("M1", "o1"), module("M1", "o2")])] == ["o4"]


def test_what_could_not_count_is_finished_before_somebody_is_moved():
    target = Programme("p", "2", "en", "P", (), POLICY, (module("M1", "o1", "o2"),), ())
    assert not moving.open_attempt(module("M1", "o1", "o2", words="old"), target).in_vain
    assert moving.open_attempt(module("M1", "o1"), target).in_vain
    assert moving.open_attempt(module("M9", "o1"), target).in_vain
    assert not moving.open_observation("structured", TODAY, "T.", target).in_vain
    assert moving.open_observation("co", TODAY, "T.", target).in_vain


# --- one person's prospect --------------------------------------------------------------------------------------------------

ASKED = Requirement("observation_met", {"kind": "co", "number": 1, "of": 1, "planned_for": TODAY}, children=(
    Requirement("overall_mean_below", {"mean": Fraction(9, 4), "bar": Fraction(5, 2)}),
))  # fmt: skip


def prospect(*changes: Change, **more: object) -> Prospect:
    given: dict[str, object] = {"under_way": (), "deadlines": (TODAY, TODAY), "today": TODAY}
    return Prospect(source_id="a", target_id="b", difference=Difference(changes, 3), **(given | more))


def test_the_difference_that_is_kept_reads_as_it_was_shown():
    change = Change("asked", "co_mentoring", None, ASKED, "n")
    kept = json.loads(json.dumps(moving.to_record(prospect(change))))
    (read,) = moving.from_record(kept)
    assert (read.kind, read.part, read.after) == (change.kind, change.part, change.after)


def test_the_mark_is_another_one_as_soon_as_anything_that_was_read_is():
    plain = prospect(Change("asked", "co_mentoring", None, ASKED))
    others = [
        prospect(),
        prospect(Change("met", "co_mentoring", ASKED, ASKED)),
        replace(plain, source_id="c"),
        replace(plain, under_way=(UnderWay("attempt", {"key": "M1"}),)),
        replace(plain, deadlines=(TODAY, date(2027, 1, 1))),
    ]
    assert len({plain.mark, *(one.mark for one in others)}) == 6
    assert plain.mark == replace(plain, today=date(2026, 11, 28)).mark


def test_nobody_is_moved_out_of_time_or_away_from_what_they_have_begun():
    past = date(2026, 11, 1)
    assert prospect(deadlines=(TODAY, past)).blocks == ("time_over",)
    assert prospect(deadlines=(past, past)).blocks == ()
    assert prospect(under_way=(UnderWay("attempt", {}, in_vain=True),)).blocks == ("in_vain",)
    assert prospect(deadlines=(date(2027, 1, 2), date(2027, 1, 1))).longer


def test_a_policy_is_tried_within_the_ranges_of_policies():
    numbers = {"independent_observations": 3, "overall_mean": Fraction(3), "modules_required": ("M2", "M9")}
    found = moving.tried(POLICY, numbers, ["M1", "M2"])
    assert (found.independent_observations, found.overall_mean, found.modules_required) == (3, 3, ("M2",))
    for field, value in [("independent_observations", 0), ("overall_mean", Fraction(5)), ("co_mentoring_sessions", 21)]:
        with pytest.raises(RuleBroken) as broken:
            moving.tried(POLICY, {field: value}, ["M1"])
        assert (broken.value.code, broken.value.facts["field"]) == ("trial_number", field)
    with pytest.raises(RuleBroken, match="trial_modules"):
        moving.tried(POLICY, {"modules_required": ()}, ["M1"])
