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
