# SPDX-License-Identifier: Apache-2.0
"""Observations that count together: the order of the steps, who and how long, what is too old, and bars over all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_mentoring.domain import counting
from lti_mentoring.domain.body import from_body, to_body
from lti_mentoring.domain.candidacy import ModuleRecord, ObservationRecord, Records, Requirement, counted, next_step, requirements, unmet
from lti_mentoring.domain.counting import UNDER_WAY, Step, steps, until
from lti_mentoring.domain.delivery import FINAL, standing
from lti_mentoring.domain.observation import held
from lti_mentoring.domain.programme import Competency, Criterion, Policy, Rubric
from lti_mentoring.domain.setting import Counting

DAY = date(2026, 1, 5)
ANCHORS = ("one", "two", "three", "four")
RUBRIC = Rubric(
    "RU-C",
    "Alone",
    (
        Criterion("C1", "Role", ("MC1",), True, ANCHORS),
        Criterion("C2", "Listening", ("MC3",), False, ANCHORS),
        Criterion("C3", "Questions", ("MC3", "MC5"), False, ANCHORS),
    ),
)
RATED = (Competency("MC1", "Role", True), Competency("MC3", "Listening", False), Competency("MC5", "Questions", False))
POLICY = Policy(
    modules_required=("M1",),
    observation_rubric="RU-C",
    structured_observations=2,
    structured_rubric="RU-C",
    co_mentoring_sessions=1,
    co_mentoring_rubric="RU-C",
    independent_observations=3,
    independent_observers=2,
    counting=Counting(
        independent_proteges=2,
        beyond_co_mentor=True,
        session_minutes=30,
        critical_mean=Fraction(3),
        least_seen=2,
        structured_mentors=2,
        structured_level=3,
        co_mentoring_level=3,
    ),
)


def seen(kind: str, day: int, *levels: int | None, state: str = "released", **more: object) -> ObservationRecord:
    """One that was held so many days after the first; three levels, or 3 for all."""
    given_levels = dict(zip(("C1", "C2", "C3"), levels or (3, 3, 3), strict=True))
    at = f"{kind}{day}"
    verdict = held(POLICY, RUBRIC, given_levels) if state == "released" else None
    made = ObservationRecord(at, kind, state, DAY + timedelta(days=day), "T. Lindqvist", verdict, "t", levels=given_levels, rubric=RUBRIC)
    return replace(made, **more)


WATCHED = (seen("structured", 0, mentor_id="m1"), seen("structured", 1, mentor_id="m2"))
TOGETHER = (seen("co", 2, mentor_id="m1", observer_id="m1"),)
ALONE = (
    seen("independent", 3, observer_id="m1", protege="p"),
    seen("independent", 4, observer_id="t", protege="q"),
    seen("independent", 5, observer_id="t", protege="q"),
)
WHOLE = (*WATCHED, *TOGETHER, *ALONE)
MASTERED = (ModuleRecord("M1", "Roles", mastered=True),)


def records(found: Iterable[ObservationRecord], on: date | None = None) -> Records:
    return Records(MASTERED, tuple(found), RATED, on)


def tree(found: Iterable[ObservationRecord], policy: Policy = POLICY, on: date | None = None) -> Requirement:
    return requirements(policy, records(found, on))


def alone(found: Iterable[ObservationRecord], policy: Policy = POLICY, on: date | None = None) -> Step:
    return steps(policy, found, RATED, on)["independent"]


def open_codes(found: Iterable[ObservationRecord], policy: Policy = POLICY, on: date | None = None) -> list[str]:
    return [leaf.code for leaf in unmet(tree(found, policy, on))]


def test_who_has_shown_everything_has_met_everything():
    assert tree(WHOLE).met
    assert next_step(POLICY, records(WHOLE)).code == "all_met"
    assert standing("programme", POLICY, records(WHOLE)).stage == FINAL


# --- the order of the steps ---------------------------------------------------------------------------------------------------------


def test_what_was_held_before_the_step_before_it_was_complete_is_kept_and_does_not_count():
    early = seen("independent", 1, observer_id="t", protege="q")
    found = (*WATCHED, *TOGETHER, early, *ALONE[:2])
    step = alone(found)
    assert [one.record.id for one in step.aside] == ["independent1"]
    assert step.aside[0].reasons[0].facts["step"] == "co_mentoring"
    assert not step.met
    assert "too_early" in open_codes(found)
    assert alone((*found, ALONE[2])).met


def test_on_the_day_on_which_a_step_is_completed_the_next_one_counts():
    assert tree((*WATCHED, seen("co", 1, observer_id="m1"), *ALONE)).met


def test_while_a_step_is_open_nothing_counts_in_the_next_and_the_plan_says_so():
    found = (WATCHED[0], *TOGETHER, seen("independent", 9, state="planned"))
    parts = {part.code: part for part in tree(found).children}
    assert [leaf.code for leaf in parts["co_mentoring"].children[0].children] == ["too_early"]
    assert parts["independent_mentoring"].children[0].facts["after"] == "co_mentoring"
    assert next_step(POLICY, records(found)).facts["kind"] == "structured"


def test_whoever_goes_on_watching_mentors_loses_nothing():
    assert tree((*WHOLE, seen("structured", 8, 1, 1, 1, mentor_id="m1"))).met


def test_groups_are_beside_the_way():
    policy = replace(POLICY, group_observations=1, group_rubric="RU-C")
    assert not tree(WHOLE, policy).met
    assert tree((seen("group", 0), *WHOLE), policy).met


def test_a_session_that_two_led_without_a_plan_agreed_in_time_is_kept_and_does_not_count():
    unplanned = replace(TOGETHER[0], planned=False)
    assert [one.code for one in steps(POLICY, (*WATCHED, unplanned), RATED)["co"].aside[0].reasons] == ["no_joint_plan"]
    found = (*WATCHED, unplanned, *ALONE)
    assert not tree(found).met
    assert "no_joint_plan" in open_codes(found)
    assert next_step(POLICY, records((*WATCHED, unplanned))).code == "await_more"
    assert tree((*WATCHED, unplanned, *TOGETHER, *ALONE)).met


# --- watching, and mentoring together ---------------------------------------------------------------------------------------------------


def test_by_the_last_time_of_watching_every_criterion_is_there():
    weak = seen("structured", 0, 3, 1, 3, mentor_id="m1")
    assert steps(POLICY, (weak, WATCHED[1]), RATED)["structured"].met
    found = steps(POLICY, (WATCHED[0], replace(weak, planned_for=WATCHED[1].planned_for, mentor_id="m2")), RATED)["structured"]
    assert not found.met
    assert [one.facts["criterion"] for demand in found.demands for one in demand.open] == ["C2"]


def test_watching_one_mentor_twice_is_not_watching_two():
    found = steps(POLICY, (WATCHED[0], replace(WATCHED[1], mentor_id="m1")), RATED)["structured"]
    assert {demand.code for demand in found.demands if not demand.met} == {"different_mentors"}


@pytest.mark.parametrize(("levels", "counts"), [((3, 3, 1), True), ((4, 2, 2), False), ((2, 4, None), True), ((None, None, None), False)])
def test_a_session_together_counts_by_the_middle_of_its_levels(levels, counts):
    step = steps(POLICY, (*WATCHED, seen("co", 2, *levels)), RATED)["co"]
    assert bool(step.counting) == counts


# --- alone ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"observer_id": "t"}, "different_observers"),
        ({"protege": "q"}, "different_proteges"),
        ({"observer_id": "m1"}, "different_observers"),
    ],
)
def test_different_people_are_asked_for(changed, code):
    found = [replace(one, **changed) for one in ALONE]
    assert code in [one.code for one in alone((*WATCHED, *TOGETHER, *found)).demands if not one.met]


def test_somebody_else_than_the_co_mentor_observes_at_least_once():
    policy = replace(POLICY, independent_observers=1)
    found = [replace(one, observer_id="m1") for one in ALONE]
    assert [one.code for one in alone((*WATCHED, *TOGETHER, *found), policy).demands if not one.met] == ["beyond_co_mentor"]


def test_a_short_session_does_not_count_and_one_whose_length_nobody_knows_does():
    assert not tree((*WHOLE[:-1], replace(ALONE[2], minutes=29))).met
    assert tree((*WHOLE[:-1], replace(ALONE[2], minutes=30))).met
    assert tree((*WHOLE[:-1], replace(ALONE[2], minutes=None))).met


def test_bars_hold_over_all_sessions_and_not_over_each():
    found = (*WATCHED, *TOGETHER, replace(ALONE[0], levels={"C1": 3, "C2": 2, "C3": 2}), *ALONE[1:])
    assert not held(POLICY, RUBRIC, found[3].levels).met
    assert tree(found).met, "by itself it would be below the bar; with the others it is not"


def test_a_weak_session_weighs_for_ever_and_the_best_ones_are_not_picked():
    weak = seen("independent", 3, 3, 1, 1, observer_id="m1", protege="p")
    found = (*WATCHED, *TOGETHER, weak, *ALONE[1:])
    assert not tree(found).met
    assert {"competency_open", "overall_together"} <= set(open_codes(found))
    assert counted(POLICY, records(found)) == ()
    more = (*found, seen("independent", 6, 3, 4, 4, observer_id="t", protege="q"))
    assert tree(more).met
    assert counted(POLICY, records(more))[0].overall == Fraction(3 + 1 + 1 + 9 + 9 + 11, 12)


def test_a_critical_competency_has_a_bar_of_its_own():
    found = (*WATCHED, *TOGETHER, *(replace(one, levels={"C1": 2 if one is ALONE[0] else 3, "C2": 3, "C3": 3}) for one in ALONE))
    (reason,) = next(one for one in alone(found).demands if one.code == "competencies_together").open
    assert (reason.facts["competency"], reason.facts["mean"], reason.facts["bar"]) == ("MC1", Fraction(8, 3), 3)


def test_a_critical_criterion_at_one_is_out_of_the_way_after_two_sessions():
    policy = replace(POLICY, counting=replace(POLICY.counting, critical_mean=Fraction(1)))
    low = replace(ALONE[1], levels={"C1": 1, "C2": 4, "C3": 4})
    found = (*WATCHED, *TOGETHER, ALONE[0], low, ALONE[2])
    assert "critical_at_one_on" in open_codes(found, policy)
    better = seen("independent", 6, 4, 3, 3, observer_id="t", protege="q")
    assert tree((*found, better), policy).met


def test_each_competency_is_seen_as_often_as_is_asked_for():
    found = (*WATCHED, *TOGETHER, *(replace(one, levels={"C1": 3, "C2": 3, "C3": 3 if one is ALONE[0] else None}) for one in ALONE))
    leaves = unmet(tree(found))
    assert [(leaf.code, leaf.facts["competency"], leaf.facts["times"]) for leaf in leaves] == [("competency_open", "MC5", 1)]
    step = next_step(POLICY, records(found))
    assert (step.code, step.yours) == ("await_again", False)
    planned = (*found, seen("independent", 9, state="planned"))
    assert next_step(POLICY, records(planned)).code == "await_session"


# --- age --------------------------------------------------------------------------------------------------------------------------------


def test_what_is_too_old_says_when_it_fell_out_and_the_rest_until_when_it_counts():
    on = until(POLICY, ALONE[0])
    found = WHOLE[:-1]
    step = alone(found, on=on)
    assert [one.record.id for one in step.aside] == ["independent3"]
    assert step.aside[0].reasons[0].facts["until"] == on
    assert alone(found, on=on - timedelta(days=1)).aside == ()
    leaf = tree(found, on=on).children[3].children[0]
    assert (leaf.facts["state"], leaf.facts["until"]) == ("met", until(POLICY, ALONE[1]))


def test_time_alone_takes_nothing_away_that_was_complete():
    later = DAY + timedelta(days=5000)
    assert tree(WHOLE, on=later).met
    assert "until" not in tree(WHOLE, on=later).children[3].children[0].facts
    assert standing("observation", POLICY, records(WHOLE, later)).stage == FINAL


# --- whatever there is -------------------------------------------------------------------------------------------------------------------

people, levels = st.sampled_from(["m1", "m2", "t", ""]), st.sampled_from([None, 1, 2, 3, 4])


@st.composite
def observations(draw: st.DrawFn) -> tuple[ObservationRecord, ...]:
    made = list(draw(st.sampled_from([(), WHOLE])))
    for number in range(draw(st.integers(0, 9))):
        kind = draw(st.sampled_from(["structured", "co", "independent"]))
        state = draw(st.sampled_from(["released", "released", "released", "planned", "rated", "cancelled", "void"]))
        one = seen(kind, draw(st.integers(0, 1200)), *(draw(levels) for _ in range(3)), state=state)
        who = {"observer_id": draw(people), "mentor_id": draw(people), "protege": draw(people)}
        made.append(replace(one, id=str(number), minutes=draw(st.sampled_from([None, 20, 45])), **who))
    return tuple(made)


days = st.none() | st.integers(0, 3000).map(lambda number: DAY + timedelta(days=number))


@given(observations(), days)
def test_met_is_nothing_open_and_nothing_to_wait_for(found, on):
    made = tree(found, on=on)
    assert made.met == (unmet(made) == ())
    assert made.met == (next_step(POLICY, records(found, on)).code == "all_met")
    if made.met:
        assert standing("observation", POLICY, records(found, on)).stage == FINAL


@given(observations(), days)
def test_each_observation_is_in_one_place_and_what_is_void_or_unresolved_nowhere_counts(found, on):
    for kind, step in steps(POLICY, found, RATED, on).items():
        own = [one for one in found if one.kind == kind]
        placed = [one.id for one in (*step.counting, *(aside.record for aside in step.aside), *step.under_way)]
        assert len(placed) == len(set(placed))
        assert {one.state for one in step.counting} <= {"released"}
        assert {one.id for one in step.under_way} == {one.id for one in own if one.state in UNDER_WAY}
        assert all(aside.reasons for aside in step.aside)


@given(observations(), days)
def test_nothing_counts_that_was_held_before_its_turn(found, on):
    made = steps(POLICY, found, RATED, on)
    for earlier, later in (("structured", "co"), ("co", "independent")):
        for one in made[later].counting:
            before = [each for each in found if each.kind == earlier and each.planned_for <= one.planned_for]
            others = [each for each in found if each.kind not in (earlier,) or each in before]
            assert steps(replace(POLICY, evidence_months=120), others, RATED)[earlier].met, "whatever has become too old since"


@given(observations(), st.integers(0, 3000), st.integers(0, 3000))
def test_what_is_met_stays_met_however_much_time_passes(found, days_on, more):
    on = DAY + timedelta(days=days_on)
    if tree(found, on=on).met and all(one.planned_for <= on for one in found):
        assert tree(found, on=on + timedelta(days=more)).met


@given(observations(), st.randoms())
def test_in_which_order_they_are_read_makes_no_difference(found, chance):
    one_a_day = {(one.kind, one.planned_for): one for one in found}
    found = tuple(one_a_day.values())
    mixed = list(found)
    chance.shuffle(mixed)
    assert counting.steps(POLICY, mixed, RATED) == counting.steps(POLICY, found, RATED)


def test_a_policy_without_it_keeps_its_body_and_its_hash():
    plain = replace(POLICY, counting=None)
    assert "counting" not in to_body(plain)
    assert "group_observations" not in to_body(plain)
    assert from_body(Policy, to_body(plain)) == plain
    assert from_body(Policy, to_body(POLICY)) == POLICY
    with pytest.raises(ValueError, match="by itself"):
        steps(plain, WHOLE, RATED)
