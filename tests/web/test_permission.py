# SPDX-License-Identifier: Apache-2.0
"""The page that explains a verdict: for oneself, and for those who lead about everybody in the course."""

from __future__ import annotations

from flask import Flask

from conftest import World, make_world
from lti_mentoring.services import roles
from lti_mentoring.store import base
from support.visitor import Visitor


def test_a_closed_page_leads_to_why_and_that_says_what_would_open_it(world: World, app: Flask) -> None:
    learner = Visitor(app, world.person("Ada"))
    closed = learner.get("people")
    assert closed.status_code == 403
    there = f"/courses/{world.course_id}/why?permission=people.read"
    assert there in closed.get_data(as_text=True)
    page = learner.get(there).get_data(as_text=True)
    for told in ("You may not.", "Coordinator", "a teacher takes it up", "Candidate", "follows from the candidacy"):
        assert told in page
    assert 'name="person"' not in page, "only about oneself"


def test_a_coordinator_sees_where_somebodys_role_came_from(world: World, app: Flask) -> None:
    coordinator = Visitor(app, world.person("Coordinator", "coordinator", standing="instructor"))
    ada = world.person("Ada").person_id
    assert coordinator.post(f"people/{ada}/roles", {"role": "observer"}).status_code == 303
    page = coordinator.get(f"why?person={ada}&permission=observation.rate").get_data(as_text=True)
    assert "Ada may." in page
    assert "given by Coordinator" in page
    page = coordinator.get(f"why?person={ada}&permission=delivery.retry").get_data(as_text=True)
    assert "Ada may not." in page


def test_nobody_else_asks_about_others(world: World, app: Flask) -> None:
    world.person("Grace", "observer", standing="instructor")
    ada = Visitor(app, world.person("Ada"))
    assert ada.get(f"why?person={world.people['Grace']}&permission=observation.rate").status_code == 403


def test_what_there_is_not_is_not_found(world: World, app: Flask) -> None:
    coordinator = Visitor(app, world.person("Coordinator", "coordinator", standing="instructor"))
    assert coordinator.get("why?permission=made.up").status_code == 404
    assert coordinator.get(f"why?person={'0' * 32}").status_code == 404


def test_the_office_sees_why_in_the_courses_of_its_lms_and_not_elsewhere(app: Flask) -> None:
    north, south = make_world("Northfield"), make_world("Southgate")
    with base.tenant(south.org_id):
        stranger = Visitor(app, south.person("Elsewhere", "coordinator", standing="instructor"))
    with base.tenant(north.org_id):
        ada = north.person("Ada").person_id
        officer = north.person("Officer", standing="none")
        roles.grant_by_operator(
            organisation_id=north.org_id,
            person_id=officer.person_id,
            role="administrator",
            course_id=None,
            registration_id=north.registration_id,
        )
        assert Visitor(app, officer).get(f"why?person={ada}&permission=training.learn").status_code == 200
    assert stranger.get(f"why?person={ada}&permission=training.learn").status_code == 404
    assert stranger.get(f"/courses/{north.course_id}/why").status_code == 404
