# SPDX-License-Identifier: Apache-2.0
"""A programme opens with all eight components, and says beforehand how few people are enough."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import combinations, count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_mentoring.domain import readiness as rules
from lti_mentoring.domain.programme import Assistance, Award, Policy, Programme, Selection
from lti_mentoring.services import programme as packs

PACK = Path(__file__).parents[1] / "support" / "packs" / "one-module"


@pytest.fixture(scope="module")
def foundations() -> Programme:
    programme, _ = packs.read(PACK)
    assert programme is not None
    return replace(programme, policy=programme.policies[0])


def policy(programme: Programme, name: str) -> Policy:
    return next(one for one in programme.policies if one.name == name)


def test_the_default_pack_has_all_eight_components(foundations):
    assert [one.key for one in rules.components(foundations)] == list(rules.COMPONENTS)
    assert list(rules.shortfalls(foundations)) == []


@pytest.mark.parametrize(
    ("component", "taken"),
    [
        ("application", {"form": None}),
        ("outcomes", {"purpose": ()}),
        ("selection", {"rubrics": ()}),
        ("support", {"support": ""}),
        ("credential", {"certificate": ""}),
    ],
)
def test_a_component_that_is_missing_is_named(foundations, component, taken):
    assert component in rules.shortfalls(replace(foundations, **taken))


def test_one_coordinator_two_mentors_are_enough_under_starter(foundations):
    made = rules.staffing(policy(foundations, "starter"), coordinators=1, mentors=2)
    assert made.enough
    assert (made.coordinators, made.mentors, made.outside) == (1, 2, 0)
    assert rules.staffing(policy(foundations, "starter"), coordinators=1, mentors=1).missing == {"mentor": 1}


def test_assured_takes_four_mentors_a_coordinator_and_a_decider_from_outside(foundations):
    made = rules.staffing(policy(foundations, "assured"), coordinators=1, mentors=2)
    assert (made.coordinators, made.mentors, made.outside) == (1, 4, 1)
    assert made.missing == {"mentor": 2, "outside": 1}


def test_fewer_than_four_observers_are_offered_starter(foundations):
    assert [rules.offered(foundations, many) for many in (0, 3, 4, 9)] == ["starter", "starter", "assured", "assured"]
    assert rules.offered(replace(foundations, policies=()), 2) == ""


def brute(asked: Policy) -> int:
    """The fewest mentors by trying everybody for everything."""
    tasks = {need.code: need for need in rules.needs(asked)}
    for mentors in count(1 if "observe" in tasks or "model" in tasks else 0):
        everybody = ["c", *(f"m{number}" for number in range(mentors))]
        able = {code: [one for one in everybody if one[0] in {kind[0] for kind in need.of}] for code, need in tasks.items()}
        watched = combinations(able["model"], tasks["model"].people) if "model" in tasks else [()]
        for models in watched:
            left = {code: [one for one in able[code] if not (need.not_those_of and one in models)] for code, need in tasks.items()}
            if all(len(left[code]) >= need.people for code, need in tasks.items() if code != "model"):
                return mentors
    raise AssertionError("somebody is always enough")


small = st.integers(0, 3)


@given(small, small, small, st.integers(1, 4), st.integers(1, 4), st.booleans())
def test_the_fewest_people_are_the_fewest_whatever_a_policy_asks(watched, together, alone, observers, deciders, lenient):
    asked = Policy(
        ("M1",),
        "RU-C",
        independent_observations=alone,
        structured_observations=watched,
        co_mentoring_sessions=together,
        independent_observers=observers,
        selection=Selection(rubric="RU-E"),
        assistance=Assistance(helper_may_assess=lenient),
        award=Award(deciders=deciders),
    )
    assert rules.staffing(asked, coordinators=1, mentors=0).mentors == brute(asked)


def test_the_largest_policy_that_a_pack_may_have_is_counted_at_once(foundations):
    large = replace(policy(foundations, "assured"), structured_observations=20, co_mentoring_sessions=20, independent_observers=10)
    began = time.process_time()
    assert rules.staffing(large, coordinators=1, mentors=0).mentors == 30
    assert time.process_time() - began < 1
