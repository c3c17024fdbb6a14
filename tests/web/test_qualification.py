# SPDX-License-Identifier: Apache-2.0
"""The pages of who may rate: one's own standing with what is missing, and the observers of a course for who leads it."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from conftest import World, make_world
from lti_mentoring.domain.people import Actor
from lti_mentoring.store import base
from support.qualifying import asks, rated, two_off
from support.visitor import Visitor


@pytest.fixture
def world(app: Flask) -> World:
    made = make_world("Northfield")
    with base.tenant(made.org_id):
        asks(made)
        made.person("Observer", "observer", standing="instructor")
        made.person("Lead", "coordinator", standing="instructor")
    return made


def actor(world: World, name: str = "Observer") -> Actor:
    with base.tenant(world.org_id):
        return world.actor(name)


def read(app: Flask, who: Actor, path: str) -> str:
    answer = Visitor(app, who).get(path)
    assert answer.status_code == 200, path
    return " ".join(re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)).split())


def rate(world: World, key: str, how: object = None) -> str:
    with base.tenant(world.org_id):
        return rated(world.actor("Observer"), key, *([how] if how else []))  # type: ignore[list-item]


def test_the_first_sentence_says_how_one_stands_and_the_page_what_is_missing(app: Flask, world: World):
    page = read(app, actor(world), "standing")
    assert "You are not qualified yet." in page
    assert "is kept and waits" in page
    assert "Exercises: 0 of 2." in page
    assert "The door" in page
    rate(world, "T1", two_off)
    page = read(app, actor(world), "standing")
    assert "Exercises: 1 of 2." in page
    assert "Within one level of the master: 0 of 11; 95 % are needed." in page


def test_the_result_of_the_exercise_that_qualifies_says_so(app: Flask, world: World):
    first, second = rate(world, "T1"), ""
    assert "RU-C: You are not qualified yet. Exercises: 1 of 2." in read(app, actor(world), f"calibration/T1/results/{first}")
    second = rate(world, "T2")
    assert "RU-C: You are qualified until" in read(app, actor(world), f"calibration/T2/results/{second}")
    assert "RU-C: You are qualified until" in read(app, actor(world), "calibration")
    assert "RU-D: You are not qualified yet." in read(app, actor(world), "calibration")


def test_who_leads_sees_how_everybody_stands_and_no_exercise(app: Flask, world: World):
    assert "The ratings of 0 of 1 observer count today on RU-C." in read(app, actor(world, "Lead"), "observers")
    rate(world, "T1")
    rate(world, "T2")
    page = read(app, actor(world, "Lead"), "observers")
    assert "The ratings of 1 of 1 observer count today on RU-C." in page
    assert "Observer qualified until" in page
    assert "The door" not in page


def test_an_observer_does_not_see_how_the_others_stand(app: Flask, world: World):
    assert Visitor(app, actor(world)).get("observers").status_code == 403


def test_where_nothing_is_asked_for_the_page_says_that_ratings_count(app: Flask):
    world = make_world("Southfield")
    with base.tenant(world.org_id):
        who = world.person("Observer", "observer", standing="instructor")
        lead = world.person("Lead", "coordinator", standing="instructor")
    assert "This programme asks for no qualification." in read(app, who, "standing")
    assert "This programme asks observers for no qualification." in read(app, lead, "observers")
    assert "My standing" not in read(app, who, "calibration").replace("My standing as an observer", "")
