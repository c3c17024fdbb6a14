# SPDX-License-Identifier: Apache-2.0
"""Pausing and leaving by plain forms: what the pages say beforehand, what they ask, and what each reader can do."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from conftest import World
from lti_mentoring.domain.participation import PARTICIPATION
from lti_mentoring.services import participation
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from support.visitor import Visitor


def text(answer: Any) -> str:
    return re.sub(r"\s+", " ", str(answer.get_data(as_text=True)))


def ahead(days: int) -> str:
    return (base.now().date() + timedelta(days=days)).isoformat()


class Course:
    """People of one course with a browser each."""

    def __init__(self, app: Flask, world: World) -> None:
        people = {
            "candidate": world.person("F. Martins"),
            "other": world.person("S. Haddad"),
            "observer": world.person("T. Lindqvist", "observer", standing="instructor"),
            "coordinator": world.person("R. Okafor", "coordinator", standing="instructor"),
            "deputy": world.person("D. Eze", "deputy", standing="instructor"),
        }
        self.world = world
        self.held = world.candidacy_id("F. Martins")
        self.browsers = {name: Visitor(app, actor) for name, actor in people.items()}

    def __getattr__(self, name: str) -> Visitor:
        return self.browsers[name]

    @property
    def theirs(self) -> str:
        """The page of who leads the course on the candidate."""
        return f"candidates/{self.held}/participation"

    @property
    def state(self) -> str:
        base.session().rollback()
        return str(base.session().scalar(select(Candidacy.participation).where(Candidacy.id == self.held)))


@pytest.fixture
def course(app: Flask, world: World) -> Course:
    return Course(app, world)


PAUSE = {"verb": "defer", "reason": "parental_leave"}
LEAVE = {"verb": "withdraw", "reason": "no_time", "sure": "1"}


def test_the_way_leads_to_the_page_that_says_how_long_there_is_and_what_stops_the_clock(course: Course):
    assert "/participation" in text(course.candidate.get(""))
    page = text(course.candidate.get("participation"))
    assert "<strong>There is time until" in page
    assert "A pause stops the clock" in page
    assert "All pauses together may last 24 months" in page
    assert "Nothing new begins meanwhile" in page
    assert "Everything that you have done is kept" in page
    assert "You and those who coordinate this course see the reason" in page


def test_a_candidate_pauses_and_comes_back_by_forms_alone(course: Course):
    answer = course.candidate.post("participation", {**PAUSE, "until": ahead(60)})
    assert answer.status_code == 303
    page = text(course.candidate.get("participation"))
    assert "<strong>A pause goes on" in page
    assert "stands still" in page
    assert "Parental leave" in page
    assert "You have paused." in text(course.candidate.get(""))
    assert "Has paused" in text(course.coordinator.get("cohort"))
    assert course.candidate.post("participation", {"verb": "return"}).status_code == 303
    assert course.state == "active"
    assert "Came back from the pause" in text(course.candidate.get("participation"))


@pytest.mark.parametrize(
    ("change", "field", "says"),
    [
        ({"until": ""}, "until", ""),
        ({"until": "soon"}, "until", ""),
        ({"until": "2020-01-01"}, "until", "later than today"),
        ({"until": "2999-01-01"}, "until", "at the latest"),
        ({"reason": ""}, "reason", "Choose a reason from the list."),
        ({"reason": "words of my own"}, "reason", "Choose a reason from the list."),
    ],
)
def test_a_form_that_does_not_fit_says_what_to_do_and_keeps_what_was_typed(course: Course, change: dict[str, str], field: str, says: str):
    for browser, where in ((course.candidate, "participation"), (course.coordinator, course.theirs)):
        answer = browser.post(where, {**PAUSE, "until": ahead(60), **change})
        assert answer.status_code == 400
        page = text(answer)
        assert f'id="{field}-error"' in page
        assert says in page
        if field != "reason":
            assert '<option value="parental_leave" selected>' in page
    assert course.state == "active"


def test_who_leaves_reads_what_happens_says_why_and_that_they_are_sure(course: Course):
    page = text(course.candidate.get("participation/leave"))
    assert "a pause stops the clock and leaving does not" in page
    assert "You can be taken back for 12 months" in page
    unsure = course.candidate.post("participation", {"verb": "withdraw", "reason": "no_time"})
    assert unsure.status_code == 400
    assert "nothing has changed yet" in text(unsure)
    assert '<option value="no_time" selected>' in text(unsure)
    assert course.state == "active"
    assert course.candidate.post("participation", LEAVE).status_code == 303
    page = text(course.candidate.get("participation"))
    assert "<strong>You have left the programme.</strong> Coming back is possible until" in page
    assert "Write to your coordinator" in page
    assert course.candidate.get("participation/leave").status_code == 302
    assert course.candidate.post("participation", LEAVE).status_code == 409, "twice is once"


def test_who_has_left_still_reads_their_pages_and_begins_nothing(course: Course):
    course.candidate.post("participation", LEAVE)
    assert "You have left the programme." in text(course.candidate.get(""))
    assert course.candidate.get("modules/M1").status_code == 200
    refused = course.candidate.post("modules/M1/check")
    assert refused.status_code == 409
    assert "You are not taking part at the moment" in text(refused)


def test_a_coordinator_reaches_the_page_from_the_cohort_and_takes_somebody_back(course: Course):
    person = course.theirs.replace("candidates/", "cohort/").removesuffix("/participation")
    assert person in text(course.coordinator.get("cohort"))
    assert course.theirs in text(course.coordinator.get(person))
    course.candidate.post("participation", LEAVE)
    page = text(course.coordinator.get(course.theirs))
    assert "F. Martins has left the programme." in page
    assert "No time for it" in page
    assert course.coordinator.post(course.theirs, {"verb": "reinstate"}).status_code == 303
    assert course.state == "active"
    assert "Was taken back" in text(course.candidate.get("participation"))


def test_a_deputy_pauses_gives_time_and_writes_down_that_somebody_has_left(course: Course):
    assert course.deputy.post(course.theirs, {"verb": "extend", "reason": "illness"}).status_code == 303
    page = text(course.deputy.get(course.theirs))
    assert "Got more time" in page
    assert "Give more time" not in page, "once is all that the programme gives"
    refused = course.deputy.post(course.theirs, {"verb": "extend", "reason": "illness"})
    assert refused.status_code == 409
    assert "More time was given as often as the programme allows (1)." in text(refused)
    assert course.deputy.post(course.theirs, {**PAUSE, "until": ahead(9)}).status_code == 303
    assert course.deputy.post(course.theirs, {**LEAVE, "sure": ""}).status_code == 400
    assert course.deputy.post(course.theirs, LEAVE).status_code == 303
    assert course.state == "withdrawn"


@pytest.mark.parametrize("verb", ["reinstate", "extend"])
def test_what_is_a_coordinators_to_do_a_candidate_is_told(course: Course, verb: str):
    if verb == "reinstate":
        course.candidate.post("participation", LEAVE)
    answer = course.candidate.post("participation", {"verb": verb, "reason": "illness"})
    assert answer.status_code == 403
    assert "This is for a coordinator of the course to do" in text(answer)


@pytest.mark.parametrize("verb", ["complete", "exclude", "time_out", "resume", ""])
def test_no_form_does_what_a_timer_or_a_decision_does(course: Course, verb: str):
    for browser, where in ((course.candidate, "participation"), (course.coordinator, course.theirs)):
        assert browser.post(where, {"verb": verb}).status_code == 400
    assert course.state == "active"


def test_nobody_else_reads_or_changes_a_candidates_part(course: Course):
    for name in ("other", "observer", "candidate"):
        assert course.browsers[name].get(course.theirs).status_code == 403
        assert course.browsers[name].post(course.theirs, LEAVE).status_code == 403
    assert course.observer.get("participation").status_code == 403
    assert course.state == "active"


def test_enrolment_is_written_beside_it_and_says_nothing_about_taking_part(course: Course):
    where = f"candidates/{course.held}/enrolment"
    assert course.coordinator.post(where, {"state": "active", "day": "2026-02-01"}).status_code == 303
    early = course.coordinator.post(where, {"state": "left", "day": "2026-01-01"})
    assert early.status_code == 400
    assert 'id="day-error"' in text(early)
    assert course.coordinator.post(where, {"state": "gone", "day": "2026-03-01"}).status_code == 400
    assert course.coordinator.post(where, {"state": "left", "day": "2026-09-01"}).status_code == 303
    page = text(course.coordinator.get(course.theirs))
    assert "At the institution from 1 Sept: Gone" in page or "At the institution from 1 Sep: Gone" in page
    assert course.state == "active"


def test_the_page_says_when_the_end_is_near(course: Course):
    with base.transactional() as session:
        session.execute(update(Candidacy).where(Candidacy.id == course.held).values(started_at=base.now() - timedelta(days=720)))
    page = text(course.candidate.get("participation"))
    left = participation.own(actor=course.candidate.actor).days_left
    assert f"The time ends in {left} days." in page


@pytest.mark.parametrize("state", sorted(PARTICIPATION))
def test_every_state_has_a_page_for_both(course: Course, state: str):
    with base.transactional() as session:
        session.execute(update(Candidacy).where(Candidacy.id == course.held).values(participation=state))
    for browser, where in ((course.candidate, "participation"), (course.candidate, ""), (course.coordinator, course.theirs)):
        answer = browser.get(where)
        assert answer.status_code == 200, (state, where)
        assert "(" + state + ")" not in text(answer)
    assert course.coordinator.get("cohort").status_code == 200
