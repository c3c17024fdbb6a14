# SPDX-License-Identifier: Apache-2.0
"""Which roles hold in a course, and what each of them may: for every mixture of what an LMS says and what people granted."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_mentoring.domain.people import (
    COURSE_ROLES,
    EVERYONE,
    GRANTED_ROLES,
    LEADS,
    PERMISSIONS,
    STAFF_ROLES,
    Actor,
    display_name,
    led_alone,
    may,
    roles_in_course,
)

STANDINGS = ("instructor", "grader", "learner", "none")
GRANTS = st.frozensets(st.sampled_from(GRANTED_ROLES))
DERIVED = {"member", "candidate", "mentor", "protege", "teacher", "colleague", "lms_administrator"}


def actor(roles: frozenset[str]) -> Actor:
    return Actor("org", "person", "course", "Ada", roles, "registration")


def allowed(roles: frozenset[str]) -> set[str]:
    """Everything that somebody with these roles may do."""
    return {permission for permission in PERMISSIONS if may(actor(roles), permission)}


@st.composite
def standings(draw: st.DrawFn) -> dict[str, object]:
    """What an LMS says and what was granted, in any mixture."""
    return {
        "standing": draw(st.sampled_from(STANDINGS)),
        "granted": draw(GRANTS),
        "is_candidate": draw(st.booleans()),
        "coordinated": draw(st.booleans()),
        "lms_administrator": draw(st.booleans()),
        "mentors": draw(st.booleans()),
        "mentored": draw(st.booleans()),
    }


# --- roles --------------------------------------------------------------------------------------------------------------


@given(standings())
def test_what_was_granted_holds_and_everybody_is_a_member(facts):
    roles = roles_in_course(**facts)
    assert facts["granted"] <= roles
    assert roles >= EVERYONE
    assert roles <= facts["granted"] | DERIVED


@given(standings(), st.sampled_from(STANDINGS), st.booleans())
def test_no_word_of_an_lms_grants_a_role_of_ours(facts, standing, administrator):
    ours = set(GRANTED_ROLES) | {"candidate", "mentor", "protege"}
    told = roles_in_course(**facts | {"standing": standing, "lms_administrator": administrator})
    assert told & ours == roles_in_course(**facts) & ours


@given(standings())
def test_a_teacher_is_one_only_while_nobody_coordinates(facts):
    roles = roles_in_course(**facts)
    teaches = facts["standing"] == "instructor" and not facts["lms_administrator"]
    assert ("teacher" in roles) == (teaches and not facts["coordinated"])
    assert ("colleague" in roles) == (teaches and facts["coordinated"])
    assert may(actor(roles), "people.coordinate") == ("teacher" in roles)


@given(standings())
def test_an_administrator_of_the_lms_asks_for_the_office_and_places_activities_and_nothing_else(facts):
    nothing = dict.fromkeys(("is_candidate", "mentors", "mentored"), False)
    bare = roles_in_course(**facts | nothing | {"granted": frozenset(), "lms_administrator": True})
    assert allowed(bare) == allowed(EVERYONE) | {"platform.ask_office", "linking.author"}
    assert may(actor(roles_in_course(**facts)), "platform.ask_office") == facts["lms_administrator"]


# --- permissions --------------------------------------------------------------------------------------------------------


@given(GRANTS, GRANTS)
def test_a_further_role_never_takes_a_permission_away(some, more):
    assert allowed(some) <= allowed(some | more)


@given(GRANTS, GRANTS)
def test_two_roles_together_allow_what_either_allows(some, more):
    assert allowed(some | more) == allowed(some) | allowed(more)


@given(st.frozensets(st.sampled_from(sorted(DERIVED - {"teacher", "colleague"}))))
def test_only_granted_roles_see_other_people(roles):
    others = {"people.read", "people.manage", "candidacy.cohort", "delivery.read", "placement.read", "observation.plan"}
    others |= {"assistance.help"}
    assert not allowed(roles) & others


def test_a_candidate_only_learns_and_reads_what_is_theirs():
    own = {"training.learn", "training.read", "candidacy.way", "participation.own", "observation.read", "assistance.ask", "recognition.ask"}
    own |= {"directory.own"}  # a candidate may be found as somebody in training
    own |= {"session.own", "session.calendar", "observation.plan_together", "observation.rate"}  # their own part, where two lead a session
    assert allowed(frozenset({"member", "candidate"})) == allowed(EVERYONE) | own


def test_a_mentor_sees_to_pairs_and_a_protege_to_nothing_but_their_own_days():
    assert allowed(frozenset({"protege"})) == {"session.own", "session.calendar"}
    mine = {"mentorship.manage", "directory.own", "session.own", "session.calendar", "observation.plan_together"}
    assert allowed(frozenset({"mentor"})) == mine


@pytest.mark.parametrize("role", ["coordinator", "deputy", "trainer", "teacher", "colleague"])
def test_nobody_rates_but_observers_and_candidates_their_own_part(role):
    assert not may(actor(frozenset({"member", role})), "observation.rate")


def test_whoever_leads_a_course_leads_all_of_it():
    one, other = (allowed(frozenset({"member", role})) for role in sorted(LEADS))
    assert one == other


def test_every_role_that_carries_something_is_a_role():
    known = set(GRANTED_ROLES) | DERIVED
    assert {role for roles in PERMISSIONS.values() for role in roles} <= known
    assert set(COURSE_ROLES) == STAFF_ROLES
    assert set(COURSE_ROLES) < set(GRANTED_ROLES)
    assert all(not set(first) & set(second) for first, second in combinations((GRANTED_ROLES, tuple(DERIVED)), 2))


def test_an_unknown_permission_is_a_mistake_and_not_a_no():
    with pytest.raises(KeyError):
        may(actor(EVERYONE), "people.mange")


# --- names --------------------------------------------------------------------------------------------------------------


@given(st.one_of(st.none(), st.text()), st.text("0123456789abcdef", min_size=32, max_size=32))
def test_everybody_can_be_called_something(name, person_id):
    shown = display_name(name, person_id)
    assert shown
    assert shown == shown.strip()
    assert shown == ((name or "").strip() or f"Participant {person_id[-4:].upper()}")


# --- who led alone ---------------------------------------------------------------------------------------------------------------


def at(hour: int) -> datetime:
    return datetime(2026, 11, 24, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("others", "alone"),
    [
        ([], True),
        ([("B", 8, None)], False),
        ([("B", 8, 12)], True),
        ([("B", 12, None)], True),
        ([("B", 8, 12), ("D", 12, None)], False),
        ([("B", 8, 12), ("D", 13, None)], True),
        ([("B", 8, 9)], True),
    ],
)
def test_whoever_led_alone_for_a_moment_since_then_could_read_what_only_they_read(others, alone):
    leading = [("A", at(7), None), *((who, at(start), end and at(end)) for who, start, end in others)]
    assert led_alone("A", leading, at(10)) is alone
    assert led_alone("B", leading, at(10)) is False


def test_whoever_leads_no_more_led_alone_for_as_long_as_they_did():
    assert led_alone("A", [("A", at(7), at(11)), ("B", at(11), None)], at(10))
    assert not led_alone("A", [("A", at(7), at(9)), ("B", at(9), None)], at(10))
