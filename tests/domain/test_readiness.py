# SPDX-License-Identifier: Apache-2.0
"""A programme opens with all eight components, and says beforehand how few people are enough."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lti_mentoring.domain import readiness as rules
from lti_mentoring.domain.programme import Policy, Programme
from lti_mentoring.services import programme as packs

PACK = Path(__file__).parents[2] / "config" / "programmes" / "foundations"


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
    assert [rules.offered(foundations, count) for count in (0, 3, 4, 9)] == ["starter", "starter", "assured", "assured"]
    assert rules.offered(replace(foundations, policies=()), 2) == ""
