# SPDX-License-Identifier: Apache-2.0
"""R-01 to R-06: what an LMS's roles say of a person."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_mentoring.domain.people import GRANTED_ROLES, Actor, may, roles_in_course
from lti_mentoring.lti.roles import STANDINGS, administrator, is_test_user, of_the_course, standing
from lti_mentoring.services.registry import overrides

CONTEXT = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
SUB = "http://purl.imsglobal.org/vocab/lis/v2/membership/"
INSTITUTION = "http://purl.imsglobal.org/vocab/lis/v2/institution/person#"
SYSTEM = "http://purl.imsglobal.org/vocab/lis/v2/system/person#"


@pytest.mark.parametrize(
    ("roles", "wanted"),
    [
        ([CONTEXT + "Instructor"], "instructor"),
        ([CONTEXT + "Learner"], "learner"),
        ([CONTEXT + "Learner", CONTEXT + "Instructor"], "instructor"),
        (["Instructor"], "instructor"),
        (["Learner"], "learner"),
        (["urn:lti:role:ims/lis/Instructor"], "instructor"),
        (["urn:lti:role:ims/lis/Instructor/Lecturer"], "grader"),
        (["urn:lti:role:ims/lis/TeachingAssistant"], "grader"),
        (["urn:lti:role:ims/lis/Learner/GuestLearner"], "learner"),
        ([CONTEXT + "ContentDeveloper"], "none"),
        ([CONTEXT + "Administrator"], "none"),
        ([CONTEXT + "Manager"], "none"),
        (["instructor"], "none"),
        (["My Instructor"], "none"),
        ([CONTEXT + "instructor"], "none"),
        (["https://example.org/vocab/lis/v2/membership#Instructor"], "none"),
        ([], "none"),
    ],
)
def test_R_01_context_roles_in_every_vocabulary(roles, wanted):
    assert standing(roles) == wanted


@pytest.mark.parametrize("role", ["Instructor", "Faculty", "Staff", "Administrator", "Student"])
@pytest.mark.parametrize("vocabulary", [INSTITUTION, SYSTEM, "http://purl.imsglobal.org/vocab/lis/v2/person#", "urn:lti:instrole:ims/lis/"])
def test_R_02_roles_above_the_course_give_nothing_in_it(vocabulary, role):
    assert standing([vocabulary + role]) == "none"
    assert standing([vocabulary + role, CONTEXT + "Learner"]) == "learner"


@pytest.mark.parametrize(
    ("roles", "wanted"),
    [
        ([INSTITUTION + "Student"], "learner"),
        ([INSTITUTION + "Instructor"], "instructor"),
        ([SYSTEM + "Administrator", INSTITUTION + "Instructor"], "instructor"),
        ([INSTITUTION + "Instructor", CONTEXT + "Learner"], "learner"),
        ([INSTITUTION + "Instructor", CONTEXT + "Mentor"], "none"),
        ([INSTITUTION + "Instructor", f"{SUB}Instructor#TeachingAssistant"], "grader"),
        ([INSTITUTION + "Instructor", "Learner"], "learner"),
        ([SYSTEM + "None", INSTITUTION + "None"], "none"),
        ([INSTITUTION + "Staff"], "none"),
        ([], "none"),
    ],
)
def test_R_02_an_lms_without_context_roles_may_say_the_course_in_the_institutions_words(roles, wanted):
    assert standing(of_the_course(roles)) == wanted


def test_R_02_the_office_is_not_given_where_course_staff_are_called_the_systems_administrators():
    assert not administrator(of_the_course([SYSTEM + "Administrator", INSTITUTION + "Instructor"]))
    assert administrator(of_the_course([SYSTEM + "Administrator", CONTEXT + "Instructor"]))


@pytest.mark.parametrize("sub", ["TeachingAssistant", "Grader", "PrimaryInstructor", "GuestInstructor"])
def test_R_03_a_sub_role_without_its_principal_makes_a_grader(sub):
    assert standing([f"{SUB}Instructor#{sub}"]) == "grader"
    assert standing([f"{SUB}Instructor#{sub}", CONTEXT + "Instructor"]) == "instructor"
    assert standing([f"{SUB}Instructor#{sub}", CONTEXT + "Learner"]) == "grader"


def test_R_03_a_learners_sub_role_makes_a_learner():
    assert standing([f"{SUB}Learner#NonCreditLearner"]) == "learner"


def test_R_04_the_preview_person():
    assert is_test_user(["Learner", "http://purl.imsglobal.org/vocab/lti/system/person#TestUser"])
    assert not is_test_user(["TestUser", "Learner"])


@pytest.mark.parametrize("sub", ["", "Mentor", "Reviewer", "Advisor", "Tutor", "ExternalMentor"])
def test_R_06_the_lti_mentor_is_a_parent_or_auditor_and_gets_nothing(sub):
    assert standing([f"{SUB}Mentor#{sub}" if sub else CONTEXT + "Mentor", "Mentor"]) == "none"


def test_administrators_are_those_of_the_lms_or_its_institution():
    for role in (
        SYSTEM + "Administrator",
        SYSTEM + "SysAdmin",
        SYSTEM + "AccountAdmin",
        INSTITUTION + "Administrator",
        "urn:lti:sysrole:ims/lis/SysAdmin",
    ):
        assert administrator(["Learner", role])
    for role in (CONTEXT + "Administrator", "Administrator", SYSTEM + "User", INSTITUTION + "Staff", SYSTEM + "Administrators"):
        assert not administrator([role])


@given(
    roles=st.lists(st.sampled_from([CONTEXT + "Instructor", CONTEXT + "Learner", SYSTEM + "Administrator", "Observer", "coordinator"])),
    overrides=st.dictionaries(st.text(min_size=1) | st.just("Observer") | st.just("coordinator"), st.sampled_from(STANDINGS)),
)
def test_an_override_gives_a_standing_and_never_a_role_of_this_tool(roles, overrides):
    given_here = standing(roles, overrides)
    assert given_here in STANDINGS
    held = roles_in_course(standing=given_here, granted=frozenset(), is_candidate=False, coordinated=True)
    assert held.isdisjoint(GRANTED_ROLES)
    assert not any(may(Actor("o", "p", "c", "Ada", held, "r"), one) for one in ("people.manage", "office.read", "observation.rate"))


@given(st.dictionaries(st.text(), st.text() | st.sampled_from([*GRANTED_ROLES, *STANDINGS])))
def test_what_stands_in_the_database_can_give_nothing_else_either(kept):
    assert {said for _, said in overrides(kept)} <= set(STANDINGS)


def test_an_override_stands_in_place_of_the_usual_and_other_roles_keep_theirs():
    manager = CONTEXT + "Manager"
    assert standing([manager], {manager: "instructor"}) == "instructor"
    assert standing([CONTEXT + "Instructor"], {CONTEXT + "Instructor": "none"}) == "none"
    assert standing([CONTEXT + "Instructor", CONTEXT + "Learner"], {CONTEXT + "Instructor": "none"}) == "learner"
    assert standing([INSTITUTION + "Faculty"], {INSTITUTION + "Faculty": "grader"}) == "grader"
    assert administrator([SYSTEM + "Administrator"])
