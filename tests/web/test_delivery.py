# SPDX-License-Identifier: Apache-2.0
"""The page of grades: in the LMS's own words, with what to do and one button for each cause."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from conftest import World
from lti_mentoring.store import base
from lti_mentoring.store.delivery import DeliveryLane, ScorePublication
from lti_mentoring.store.platform import Registration
from support.visitor import Visitor

GONE = {"state": "refused", "fault": "user_not_gradable", "status": 400, "words": "Incorrect score received for <b>7</b>"}


@pytest.fixture
def staff(app: Flask, world: World) -> Visitor:
    return Visitor(app, world.person("Coordinator", "coordinator", standing="instructor"))


def publish(world: World, name: str, place: str, **values: Any) -> str:
    made, known = base.new_id(), {"stuck_at": base.now(), "tried_at": base.now(), "tries": 2, "given": 1.0, "maximum": 1.0}
    person_id = world.people.get(name) or world.person(name).person_id
    with base.transactional() as session:
        row = {"id": made, "placement_id": place, "person_id": person_id, "registration_id": world.registration_id}
        session.add(ScorePublication(**row, **(known | values)))
    return made


def states() -> list[str]:
    base.session().rollback()
    base.session().expire_all()
    return sorted(base.session().scalars(select(ScorePublication.state)))


def test_each_cause_is_one_panel_with_the_lmss_words_what_to_do_and_one_button(world: World, staff: Visitor) -> None:
    place = world.placement("module:M1")
    for name in ("Ada", "Ben"):
        publish(world, name, place, **GONE)
    text = staff.get("grades").get_data(as_text=True)
    assert "Two grades are stuck, for one reason." in text
    assert text.count("400 · Incorrect score received for &lt;b&gt;7&lt;/b&gt;") == 1
    assert "The LMS does not grade these people" in text
    assert "Send these 2 again" in text
    assert len(re.findall(r"btn-primary", text)) == 1
    for name in ("Ada", "Ben"):
        assert name in text


def test_the_button_of_a_cause_sends_its_grades_again(world: World, staff: Visitor) -> None:
    place = world.placement("module:M1")
    for name in ("Ada", "Ben"):
        publish(world, name, place, **GONE)
    text = staff.get("grades").get_data(as_text=True)
    cause = re.search(r'name="cause" value="(\w+)"', text)
    assert cause
    answer = staff.post("grades/retry", {"cause": cause[1]})
    assert answer.status_code == 303
    assert "2 grades are on their way again." in staff.get("grades").get_data(as_text=True)
    assert states() == ["waiting", "waiting"]


def test_one_grade_can_be_sent_alone(world: World, staff: Visitor) -> None:
    place = world.placement("module:M1")
    first, _ = (publish(world, name, place, **GONE) for name in ("Ada", "Ben"))
    assert staff.post("grades/retry", {"grade": first}).status_code == 303
    assert states() == ["refused", "waiting"]


def test_a_newer_grade_in_the_lms_stays_until_staff_decide(world: World, staff: Visitor) -> None:
    held = {"state": "held", "fault": "newer_grade", "status": 409, "words": "earlier timestamp", "lms_given": 6.0, "lms_maximum": 10.0}
    publish(world, "Ada", world.placement("module:M1"), **held)
    text = staff.get("grades").get_data(as_text=True)
    assert "6 of 10" in text
    assert "Send ours" in text
    cause = re.search(r'name="cause" value="(\w+)"', text)
    assert cause
    assert staff.post("grades/set-aside", {"cause": cause[1]}).status_code == 303
    assert states() == ["set_aside"]


def test_what_goes_out_by_itself_says_when_and_why(world: World, staff: Visitor) -> None:
    place = world.placement("module:M1")
    later = base.now() + timedelta(minutes=5)
    publish(world, "Ada", place, state="waiting", fault="busy", status=429, words="Too Many Requests", next_at=later, stuck_at=None)
    publish(world, "Ben", place, state="done", sent_at=base.now(), stuck_at=None)
    text = staff.get("grades").get_data(as_text=True)
    assert "Nothing needs you." in text
    assert "429 · Too Many Requests" in text
    assert "try 3" in text
    assert "Sent lately" in text
    assert "Ben" in text


def rest(world: World, **values: Any) -> str:
    """A grade that nobody has tried yet, behind a gate that stands so. -> its lane"""
    publish(world, "Ada", world.placement("module:M1"), lane="lane", state="waiting", tries=0, stuck_at=None, next_at=base.now())
    with base.transactional() as session:
        told = {"key": "lane", "issuer": "https://lms.example", "host": "lms.example", "tokens": 0.0, "refilled_at": base.now()}
        session.add(DeliveryLane(**told, **values))
    return "lane"


def test_grades_behind_an_lms_that_is_left_alone_say_why_and_until_when(world: World, staff: Visitor) -> None:
    rest(world, breaker="open", rests_until=base.now() + timedelta(minutes=20), rests_for="unreachable")
    text = staff.get("grades").get_data(as_text=True)
    assert "The LMS does not answer" in text
    assert "next try" in text
    assert "at once" not in text


def test_grades_of_a_paused_lms_say_that_they_wait_for_whoever_runs_the_tool(world: World, staff: Visitor) -> None:
    rest(world, paused=True)
    text = staff.get("grades").get_data(as_text=True)
    assert "Whoever runs this tool has paused deliveries to this LMS" in text
    assert "Nothing needs you." in text


def test_grades_of_a_registration_whose_sign_in_is_refused_say_so(world: World, staff: Visitor) -> None:
    rest(world)
    with base.transactional() as session:
        held = {"held_until": base.now() + timedelta(minutes=9), "attention": "keys_unreachable"}
        session.execute(update(Registration).where(Registration.id == world.registration_id).values(**held))
    assert "The LMS cannot check our signature" in staff.get("grades").get_data(as_text=True)


def test_an_empty_page_says_that_this_is_normal(staff: Visitor) -> None:
    text = staff.get("grades").get_data(as_text=True)
    assert "No grade has been sent from this course yet" in text
    assert "That is normal" in text


@pytest.mark.parametrize("roles", [(), ("observer",), ("trainer",)])
def test_only_who_leads_the_course_sees_it_or_sends_again(app: Flask, world: World, roles: tuple[str, ...]) -> None:
    stuck = publish(world, "Ada", world.placement("module:M1"), **GONE)
    other = Visitor(app, world.person("Other", *roles, standing="instructor"))
    assert other.get("grades").status_code == 403
    assert other.post("grades/retry", {"grade": stuck}).status_code == 403
    assert other.post("grades/set-aside", {"grade": stuck}).status_code == 403
    assert states() == ["refused"]


@pytest.mark.parametrize("form", [{}, {"grade": "a", "cause": "b"}])
def test_a_form_that_names_nothing_or_two_things_is_refused(world: World, staff: Visitor, form: dict[str, str]) -> None:
    assert staff.post("grades/retry", form).status_code == 400


def test_an_unknown_grade_is_not_found(world: World, staff: Visitor) -> None:
    assert staff.post("grades/retry", {"grade": base.new_id()}).status_code == 404
    assert staff.post("grades/retry", {"cause": "0" * 16}).status_code in (400, 409)
