# SPDX-License-Identifier: Apache-2.0
"""Roles (checklist R)."""

from __future__ import annotations

import pytest

from support.driver import Response
from support.live import Town

VOCABULARY = "http://purl.imsglobal.org/vocab/lis/v2"
M = f"{VOCABULARY}/membership"
STAFF_ONLY = "/coordinator"


def opened(live: Town, roles: list[str], who: str) -> Response:
    """The first page of somebody with these roles, in a course that nobody coordinates."""
    page = live.browser().launch("north", "candidate", "programme", roles=roles, sub=f"r-{who}", context={"id": f"r-{who}"})
    assert page.status == 200
    return page


def offers_to_coordinate(page: Response) -> bool:
    """Whether the page asks its reader to coordinate, which only a context instructor is asked."""
    return any(form.action.endswith(STAFF_ONLY) for form in page.forms)


@pytest.mark.parametrize(
    "role",
    [
        f"{M}#Instructor",
        "Instructor",
        "urn:lti:role:ims/lis/Instructor",
    ],
)
def test_R_01_instructors_in_every_spelling(live: Town, role: str) -> None:
    assert offers_to_coordinate(opened(live, [role], f"1-{role[-12:]}"))


@pytest.mark.parametrize(
    "role",
    [
        f"{VOCABULARY}/institution/person#Instructor",
        f"{VOCABULARY}/institution/person#Staff",
        f"{VOCABULARY}/institution/person#Faculty",
        f"{VOCABULARY}/institution/person#Administrator",
        f"{VOCABULARY}/system/person#User",
        f"{VOCABULARY}/person#Instructor",
    ],
)
def test_R_02_roles_outside_the_course_give_no_power_in_it(live: Town, role: str) -> None:
    page = opened(live, [role], f"2-{role[-24:]}")
    assert not offers_to_coordinate(page)
    assert live.browser() is not None


def test_R_02_an_lms_administrator_sees_only_how_to_ask_for_the_office(live: Town) -> None:
    page = opened(live, [f"{VOCABULARY}/system/person#Administrator"], "2-admin")
    assert page.path.endswith("/office")


def test_R_03_an_assistant_without_the_principal_role_is_no_instructor(live: Town) -> None:
    assert not offers_to_coordinate(opened(live, [f"{M}/Instructor#TeachingAssistant"], "3"))


def test_R_04_a_test_user_is_never_listed_and_never_graded(live: Town) -> None:
    coordinator = live.browser()
    page = coordinator.launch("south", "coordinator", "elsewhere")
    if offers_to_coordinate(page):
        coordinator.submit(page.form(STAFF_ONLY))
    live.browser().launch("south", "testuser", "elsewhere")
    course = "/".join(page.path.split("/")[:3])
    for path in ("people", "cohort"):
        assert "Test Learner" not in coordinator.get(f"{course}/{path}").text


@pytest.mark.parametrize("role", [f"{M}#Mentor", f"{M}#Learner", f"{M}#Instructor"])
def test_R_05_a_list_of_mentees_opens_nothing_of_theirs_beside_whatever_role(live: Town, role: str) -> None:
    """The standard lets an auditor see summaries at the most; this tool shows them none, whatever role the claim stands beside."""
    child = live.sites["north"].persona("candidate")
    assert child
    live.browser().launch("north", "candidate", "programme")
    seen = []
    for scope in ([live.sites["north"].sub(child)], []):
        browser = live.browser()
        told = {"roles": [role], "sub": f"r-5-{role[-7:]}", "context": {"id": "r-5"}, "role_scope_mentor": scope}
        page = browser.launch("north", "candidate", "programme", **told)
        assert page.status == 200
        course = "/".join(page.path.split("/")[:3])
        seen.append([browser.get(f"{course}/{path}").status for path in ("way", "cohort", "people", "observations", "grades")])
    assert seen[0] == seen[1]


def test_R_06_the_lti_mentor_role_gives_nothing(live: Town) -> None:
    for role in (f"{M}#Mentor", f"{M}/Mentor#Mentor", f"{M}/Mentor#Reviewer", "Mentor"):
        page = opened(live, [role], f"6-{role[-12:]}")
        assert not offers_to_coordinate(page)
        course = "/".join(page.path.split("/")[:3])
        browser = live.browser()
        browser.launch("north", "candidate", "programme", roles=[role], sub="r-6", context={"id": "r-6"})
        assert browser.get(f"{course}/people").status in (403, 404)


def test_R_07_roles_are_read_anew_at_each_launch(live: Town) -> None:
    assert offers_to_coordinate(opened(live, [f"{M}#Instructor"], "7"))
    assert not offers_to_coordinate(opened(live, [f"{M}#Learner"], "7"))
