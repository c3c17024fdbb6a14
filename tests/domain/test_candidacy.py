# SPDX-License-Identifier: Apache-2.0
"""What a programme version asks of a candidate, what is open, and the one next thing."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_mentoring.domain import candidacy
from lti_mentoring.domain.candidacy import ModuleRecord, ObservationRecord, Records
from lti_mentoring.domain.observation import Means, Reason, Verdict
from lti_mentoring.domain.programme import Policy

POLICY = Policy(modules_required=("M1",), observation_rubric="RU-C", independent_observations=1)
MET = Verdict(True, (), Means(Fraction(3), {}, 12))
NOT_YET = Verdict(False, (Reason("critical_at_one", {"criterion": "C1"}),), Means(Fraction(3), {}, 12))


def module(*, mastered=False, attempts=0, open_attempt=False):
    return ModuleRecord("M1", "Mentoring, managing, coaching", mastered, attempts, open_attempt)


def seen(state="released", verdict=None, number=1, kind="independent"):
    return ObservationRecord(f"{number:032x}", kind, state, date(2026, 11, number), "T. Lindqvist", verdict)


def test_at_the_start_everything_is_open_and_the_module_is_next():
    tree = candidacy.requirements(POLICY, Records((module(),)))
    assert not tree.met
    assert [leaf.code for leaf in candidacy.unmet(tree)] == ["module_mastered", "observation_met"]
    step = candidacy.next_step(POLICY, Records((module(),)))
    assert (step.code, step.facts["key"], step.yours) == ("take_module", "M1", True)


def test_module_mastered_and_observation_met_is_all():
    records = Records((module(mastered=True, attempts=1),), (seen(verdict=MET),))
    tree = candidacy.requirements(POLICY, records)
    assert tree.met
    assert candidacy.unmet(tree) == ()
    assert candidacy.next_step(POLICY, records).code == "all_met"


def test_not_yet_gives_its_reasons_as_open_leaves():
    records = Records((module(mastered=True),), (seen(verdict=NOT_YET),))
    leaves = candidacy.unmet(candidacy.requirements(POLICY, records))
    assert [(leaf.code, dict(leaf.facts)) for leaf in leaves] == [("critical_at_one", {"criterion": "C1"})]
    assert candidacy.next_step(POLICY, records).code == "await_another"


def test_a_later_not_yet_does_not_undo_what_was_met():
    records = Records((module(mastered=True),), (seen(verdict=MET), seen(verdict=NOT_YET, number=2)))
    assert candidacy.requirements(POLICY, records).met


@pytest.mark.parametrize(
    ("observations", "code"),
    [
        ((), "await_plan"),
        ((seen("planned"),), "await_session"),
        ((seen("drafting"),), "await_rating"),
        ((seen("cancelled"),), "await_plan"),
        ((seen(verdict=NOT_YET), seen("planned", number=2)), "await_session"),
    ],
)
def test_once_the_module_is_mastered_the_next_thing_waits_for_somebody(observations, code):
    step = candidacy.next_step(POLICY, Records((module(mastered=True),), observations))
    assert (step.code, step.yours) == (code, False)


@pytest.mark.parametrize(
    ("record", "code"),
    [(module(attempts=1), "retake_module"), (module(attempts=1, open_attempt=True), "go_on_module"), (module(), "take_module")],
)
def test_the_module_comes_first_even_where_an_observation_is_under_way(record, code):
    step = candidacy.next_step(POLICY, Records((record,), (seen("planned"),)))
    assert (step.code, step.yours) == (code, True)


def test_a_module_nobody_took_is_required_all_the_same():
    tree = candidacy.requirements(POLICY, Records())
    assert tree.children[0].children[0].facts["key"] == "M1"


def test_only_independent_observations_count():
    records = Records((module(mastered=True),), (seen(verdict=MET, kind="structured"),))
    assert not candidacy.requirements(POLICY, records).met


def test_two_are_asked_where_the_policy_asks_two():
    policy = Policy(modules_required=(), observation_rubric="RU-C", independent_observations=2)
    tree = candidacy.requirements(policy, Records((), (seen(verdict=MET), seen("planned", number=2))))
    assert tree.children[1].facts == {"done": 1, "of": 2}
    assert [leaf.facts["state"] for leaf in tree.children[1].children] == ["met", "planned"]


SMALL = Policy(
    modules_required=(),
    observation_rubric="RU-C",
    structured_observations=1,
    structured_rubric="RU-A",
    co_mentoring_sessions=1,
    co_mentoring_rubric="RU-B",
    independent_observations=2,
)


def test_each_kind_of_session_is_asked_for_as_often_as_the_policy_says_and_in_the_order_of_the_way():
    tree = candidacy.requirements(SMALL, Records())
    assert [(part.code, part.facts["of"]) for part in tree.children[1:]] == [
        ("structured_observation", 1),
        ("co_mentoring", 1),
        ("independent_mentoring", 2),
    ]
    watched = Records((), (seen(verdict=MET, kind="structured"),))
    assert [part.met for part in candidacy.requirements(SMALL, watched).children[1:]] == [True, False, False]
    assert candidacy.next_step(SMALL, watched).facts["kind"] == "co"


def in_order(found):
    return tuple(seen(state, verdict if state == "released" else None, number) for number, (state, verdict) in enumerate(found, 1))


states = st.sampled_from(["planned", "drafting", "released", "cancelled"])
observations = st.lists(st.tuples(states, st.sampled_from([MET, NOT_YET])), max_size=6).map(in_order)


@given(observations, st.booleans(), st.integers(0, 3))
def test_met_is_having_enough_and_nothing_open(found, mastered, wanted):
    policy = Policy(modules_required=("M1",), observation_rubric="RU-C", independent_observations=wanted)
    records = Records((module(mastered=mastered),), found)
    tree = candidacy.requirements(policy, records)
    enough = sum(1 for one in found if one.counts) >= wanted
    assert tree.met == (mastered and enough)
    assert tree.met == (candidacy.unmet(tree) == ())
    assert tree.met == (candidacy.next_step(policy, records).code == "all_met")


@given(observations, observations)
def test_more_records_never_take_away_what_was_met(first, more):
    before = candidacy.requirements(POLICY, Records((module(mastered=True),), first))
    after = candidacy.requirements(POLICY, Records((module(mastered=True),), first + more))
    assert after.met or not before.met


# --- practice tasks, recognition, and what comes before observing ------------------------------------------------------------------

TWO = Policy(modules_required=("M1", "M6", "M9"), before_observing=("M6",), observation_rubric="RU-C", independent_observations=1)


def of(key, **given):
    return ModuleRecord(key, f"Module {key}", **({"mastered": False} | given))


def test_a_module_whose_practice_is_marked_is_met_once_the_check_is_mastered_and_the_task_met():
    for practice in ("none", "draft", "handed_in", "once_more"):
        assert not of("M1", mastered=True, practice=practice).met
    assert of("M1", mastered=True, practice="met").met
    assert not of("M1", mastered=False, practice="met").met
    assert of("M1", mastered=True).met, "nobody marks it, so the check is all"


def test_what_was_recognised_is_met_and_says_so_and_what_is_only_asked_for_is_not():
    tree = candidacy.requirements(POLICY, Records((of("M1", recognition="recognised"),)))
    leaf = tree.children[0].children[0]
    assert leaf.met
    assert leaf.facts["recognised"]
    for state in ("asked", "refused", "taken_back", "withdrawn"):
        assert not candidacy.requirements(POLICY, Records((of("M1", recognition=state),))).children[0].met


def test_modules_that_come_before_observing_come_first():
    step = candidacy.next_step(TWO, Records((of("M1"), of("M6"), of("M9"))))
    assert step.facts["key"] == "M6"
    step = candidacy.next_step(TWO, Records((of("M1"), of("M6", recognition="recognised"), of("M9"))))
    assert step.facts["key"] == "M1"


def test_an_observation_names_the_modules_that_have_to_come_before_it():
    records = Records((of("M1", mastered=True), of("M6")), (seen("planned"),))
    leaf = candidacy.requirements(TWO, records).children[1].children[0]
    assert leaf.facts["missing"] == ("M6 Module M6",)
    ready = Records((of("M6", mastered=True),), (seen("planned"),))
    assert "missing" not in candidacy.requirements(TWO, ready).children[1].children[0].facts
    counted = Records((of("M6"),), (seen(verdict=MET),))
    assert "missing" not in candidacy.requirements(TWO, counted).children[1].children[0].facts


@pytest.mark.parametrize(
    ("practice", "code", "yours"),
    [
        ("none", "do_practice", True),
        ("draft", "go_on_practice", True),
        ("once_more", "redo_practice", True),
        ("handed_in", "await_practice", False),
    ],
)
def test_after_the_check_the_practice_task_is_next(practice, code, yours):
    policy = Policy(modules_required=("M6",), before_observing=("M6",), observation_rubric="RU-C")
    step = candidacy.next_step(policy, Records((of("M6", mastered=True, practice=practice),)))
    assert (step.code, step.yours) == (code, yours)


def test_while_a_trainer_reads_the_next_module_of_ones_own_comes_first():
    waiting = of("M6", mastered=True, practice="handed_in")
    assert candidacy.next_step(TWO, Records((of("M1"), waiting, of("M9")))).facts["key"] == "M1"
    done = Records((of("M1", mastered=True), waiting, of("M9", mastered=True)))
    assert candidacy.next_step(TWO, done).code == "await_practice"
    later = Records((of("M1", mastered=True, practice="handed_in"), of("M6", mastered=True), of("M9", mastered=True)))
    assert candidacy.next_step(TWO, later).code == "await_plan", "it does not come before observing"


@given(
    st.lists(st.tuples(st.booleans(), st.sampled_from(["", "none", "draft", "handed_in", "once_more", "met"])), min_size=3, max_size=3),
    st.lists(st.sampled_from(["", "asked", "recognised", "refused", "withdrawn"]), min_size=3, max_size=3),
)
def test_the_next_step_ends_exactly_where_everything_is_met(stands, recognised):
    modules = tuple(
        of(key, mastered=mastered, practice=practice, recognition=recognition)
        for key, (mastered, practice), recognition in zip(("M1", "M6", "M9"), stands, recognised, strict=True)
    )
    records = Records(modules, (seen(verdict=MET),))
    step = candidacy.next_step(TWO, records)
    assert (step.code == "all_met") == candidacy.requirements(TWO, records).met
    if step.yours:
        assert not next(one for one in modules if one.key == step.facts["key"]).met
