# SPDX-License-Identifier: Apache-2.0
"""Everyone's first page: the one next thing for them, what waits on whom, and nothing that their course does not use."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask

from conftest import World
from lti_mentoring.domain.people import Actor
from lti_mentoring.services import intake, observation, opening, participation, selection
from lti_mentoring.store import base
from support.applying import reviewed, submitted, taking_applications
from support.visitor import Visitor


@pytest.fixture
def home(app: Flask):
    def open_(who: Actor) -> str:
        base.session().rollback()
        answer = Visitor(app, who).get("", follow_redirects=True)
        assert answer.status_code == 200
        return re.sub(r"\s+", " ", answer.get_data(as_text=True))

    return open_


def waits(page: str) -> list[str]:
    """What stands under "yours to do"."""
    listed = re.search(r'<ul class="todo pair">(.*?)</ul>', page, re.S)
    return re.findall(r"<h3>(.*?)</h3>", listed[1]) if listed else []


def taken_in_by(lead: Actor, mode: str) -> None:
    """Change how the course takes candidates in."""
    intake.change(actor=lead, mode=mode, places=None, opens_at=None, closes_at=None)


def test_a_candidate_finds_the_one_next_thing(world: World, home):
    page = home(world.person("Ada"))
    assert "Next, and yours to do" in page
    assert re.search(r'class="btn btn-primary" href="[^"]*/modules/M1"', page)


def test_whoever_has_paused_finds_the_way_back_and_nothing_to_do(world: World, home):
    ada = world.person("Ada")
    later = base.now().date() + timedelta(days=30)
    participation.defer(actor=ada, candidacy_id=world.candidacy_id("Ada"), reason="workload", until=later)
    page = home(ada)
    assert ("Next, and yours to do" in page, "End the pause, or see how long it goes on" in page) == (False, True)


def test_an_applicant_comes_straight_to_their_application(world: World, home):
    taking_applications(world)
    assert "Begin the application" in home(world.person("Ada", standing="none"))
    submitted(world, "Ben")
    assert "You have done your part." in home(world.actor("Ben"))


def test_an_observer_finds_observations_and_reviews_that_wait(world: World, home):
    lead = taking_applications(world)
    who = world.person("Olga", "observer", standing="none")
    assert "Nothing waits for you." in home(who)
    made = submitted(world, "Ada")
    selection.assign(actor=lead, application_id=made, reviewer_id=who.person_id)
    world.person("Cleo")
    plan = {"observer_id": who.person_id, "planned_for": base.now().date(), "protege_label": "P."}
    observation.plan(actor=lead, candidacy_id=world.candidacy_id("Cleo"), **plan)
    assert waits(home(who)) == ["One observation waits for you", "One application waits for your review"]


def test_a_coordinator_finds_what_waits_for_them_and_what_waits_for_reviewers(world: World, home):
    lead = taking_applications(world, places=1)
    reader = world.person("Reader", "observer", standing="none")
    made = submitted(world, "Ada")
    assert "One application waits for you" in waits(home(lead))
    selection.assign(actor=lead, application_id=made, reviewer_id=reader.person_id)
    assert waits(home(lead)) == [], "it waits for its reviewer now"
    other = submitted(world, "Ben")
    assert "One more waits for its reviewers." in home(lead)
    reviewed(world, lead, other, lead)
    assert waits(home(lead)) == ["One application waits for you"]
    selection.waitlist(actor=lead, application_id=other)
    assert waits(home(lead)) == ["A place is free, and one person waits for it"]
    selection.offer(actor=lead, application_id=other)
    assert waits(home(lead)) == []


def test_nobody_is_asked_to_plan_for_candidates_who_have_all_paused_or_left(world: World, home):
    lead = world.person("Coordinator", "coordinator", standing="instructor")
    world.person("Olga", "observer", standing="none")
    ada = world.person("Ada")
    assert waits(home(lead)) == ["Plan the first observation"]
    participation.withdraw(actor=ada, candidacy_id=world.candidacy_id("Ada"), reason="no_time")
    assert waits(home(lead)) == []


def test_the_first_page_speaks_of_the_way_in_that_the_course_has(world: World, home):
    lead = world.person("Coordinator", "coordinator", standing="instructor")
    opening.choose_policy(actor=lead, name="starter")
    assert "becomes one by that" in home(lead)
    assert "Lines and conflicts" in home(lead)
    taken_in_by(lead, "recorded")
    assert "You record who was selected." in home(lead)
    taken_in_by(lead, "apply")
    page = home(lead)
    assert "is asked to apply" in page


def test_a_teacher_without_a_role_is_shown_the_way_in_that_there_is(world: World, home):
    teacher = world.person("Teacher", standing="instructor")
    assert "Will you coordinate it?" in home(teacher)
    taking_applications(world)
    teacher = world.actor("Teacher")
    page = home(teacher)
    assert ("Three ways in" in page, "To the application" in page) == (True, True)


def test_whoever_observes_and_is_a_candidate_too_finds_both(world: World, home):
    both = world.person("Both", "observer")
    assert waits(home(both)) == ["Your own way to the credential"]
