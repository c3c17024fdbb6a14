# SPDX-License-Identifier: Apache-2.0
"""What a placed activity opens for whom, once their roles are known."""

from __future__ import annotations

import pytest
from flask import Flask

from conftest import World
from support.applying import submitted, taking_applications
from support.visitor import Visitor


def opened(app: Flask, visitor: Visitor, item: str) -> str:
    """The page that the activity leads to, within the course."""
    answer = visitor.get(f"open/{item}")
    assert answer.status_code == 302, answer.get_data(as_text=True)[-500:]
    return str(answer.headers["Location"]).partition(f"/courses/{visitor.actor.course_id}/")[2]


def test_the_application_opens_the_form_for_applicants_and_the_queue_for_who_selects(app: Flask, world: World) -> None:
    candidate = world.person("Ada")
    lead = taking_applications(world)
    submitted(world, "Applicant")
    people = {
        "": candidate,
        "applications": lead,
        "reviews": world.person("Reviewer", "observer", standing="none"),
        "application": world.actor("Applicant"),
    }
    assert {opened(app, Visitor(app, actor), "application"): actor for actor in people.values()} == people
    assert opened(app, Visitor(app, world.person("New", standing="none")), "application") == "application"
    assert opened(app, Visitor(app, world.person("Colleague", standing="instructor")), "application") == "application"


def test_where_nobody_applies_the_activity_opens_the_first_page(app: Flask, world: World) -> None:
    assert opened(app, Visitor(app, world.person("New", standing="none")), "application") == ""
    assert opened(app, Visitor(app, world.person("Teacher", standing="instructor")), "application") == ""


@pytest.mark.parametrize("role", ["observer", "trainer", ""])
def test_only_who_leads_sees_the_cohort_and_everybody_else_comes_to_their_own_page(app: Flask, world: World, role: str) -> None:
    assert opened(app, Visitor(app, world.person("Lead", "coordinator", standing="instructor")), "cohort") == "cohort"
    assert opened(app, Visitor(app, world.person("Somebody", *[role] if role else [])), "cohort") == ""


def test_nothing_else_can_be_opened_by_that_address(app: Flask, world: World) -> None:
    assert Visitor(app, world.person("Ada")).get("open/elsewhere").status_code == 404


def test_what_the_coordinator_can_place_names_the_application_and_the_cohort(app: Flask, world: World) -> None:
    lead = Visitor(app, world.person("Lead", "coordinator", standing="instructor"))
    place = world.placement("programme")
    assert lead.post(f"activities/{place}", {"item": "cohort", "grading": "completion"}).status_code == 303
    page = lead.get("activities").get_data(as_text=True)
    assert "The application" in page
    assert 'value="cohort" selected' in page
