# SPDX-License-Identifier: Apache-2.0
"""How a candidacy begins, once; the page with the one next thing; and the coordinator's list."""

from __future__ import annotations

import threading
from contextvars import copy_context

import pytest
from flask import Flask
from sqlalchemy import func, select

from conftest import World
from lti_mentoring.domain.rule import NotFound
from lti_mentoring.services import candidacy, programme
from lti_mentoring.store import base
from lti_mentoring.store.privacy import AuditEvent
from support.progress import master, observe


@pytest.fixture
def candidate(world: World):
    world.person("T. Lindqvist", "observer", standing="instructor")
    return world.person("A. Moreno")


# --- beginning ----------------------------------------------------------------------------------------------------------


def test_a_candidacy_begins_once_and_is_pinned_to_the_newest_version(world, candidate):
    with base.transactional() as session:
        again = candidacy.begin(session, org_id=world.org_id, person_id=candidate.person_id, course_id=world.course_id)
    own = candidacy.of(candidate)
    newest = programme.current(world.org_id)
    assert newest is not None
    assert (own.id, own.programme_version_id, own.participation) == (again, newest.id, "active")
    assert base.session().scalar(select(func.count()).select_from(AuditEvent).where(AuditEvent.verb == "begin")) == 1


def test_eight_first_launches_at_once_begin_one_candidacy(app: Flask, world):
    person = world.person("Teacher", standing="instructor")
    base.session().rollback()
    found: list[object] = []
    gate = threading.Barrier(8)

    def launch() -> None:
        gate.wait()
        with app.app_context(), base.transactional() as session:
            found.append(candidacy.begin(session, org_id=world.org_id, person_id=person.person_id, course_id=world.course_id))

    threads = [threading.Thread(target=copy_context().run, args=(launch,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_the_loser_of_a_race_finds_what_the_winner_made(world, monkeypatch):
    person = world.person("Teacher", standing="instructor")
    with base.transactional() as session:
        first = candidacy.begin(session, org_id=world.org_id, person_id=person.person_id, course_id=world.course_id)
    looked: list[int] = []
    held = candidacy._held

    def late(*args):
        looked.append(1)
        return None if len(looked) == 1 else held(*args)

    monkeypatch.setattr(candidacy, "_held", late)
    with base.transactional() as session:
        second = candidacy.begin(session, org_id=world.org_id, person_id=person.person_id, course_id=world.course_id)
    assert second == first


def test_who_is_no_candidate_has_no_way(world):
    with pytest.raises(NotFound):
        candidacy.way(actor=world.person("Teacher", standing="instructor"))


# --- the way ------------------------------------------------------------------------------------------------------------


def test_at_first_the_module_is_the_one_next_thing(world, candidate):
    page = candidacy.way(actor=candidate)
    assert (page.headline.code, page.lede.code) == ("way_open", "take_module")
    assert page.next is not None
    assert (page.next.endpoint, page.next.ids) == ("training.module", {"key": "M1"})
    assert [step.state for step in page.steps] == ["not_asked", "not_asked", "next", "not_asked", "not_asked", "open", "not_asked"]


@pytest.mark.parametrize(
    ("until", "lede", "state"), [("plan", "await_session", "wait"), ("draft", "await_rating", "wait"), ("release", "all_met", "met")]
)
def test_the_way_follows_the_observation_without_telling_what_a_draft_says(world, candidate, until, lede, state):
    master(world, "A. Moreno")
    observe(world, "A. Moreno", until=until)
    page = candidacy.way(actor=candidate)
    assert (page.lede.code, page.steps[5].state, page.next) == (lede, state, None)
    assert page.requirements.met == (until == "release")
    assert "Evidence." not in repr(page)


def test_not_yet_stands_on_the_way_with_its_reasons_by_name(world, candidate):
    master(world, "A. Moreno")
    made = observe(world, "A. Moreno", level=2)
    page = candidacy.way(actor=candidate)
    assert page.lede.code == "await_another"
    assert [(report.observation_id, report.met) for report in page.reports] == [(made, False)]
    reasons = page.requirements.children[1].children[0].children
    assert reasons[0].code == "overall_mean_below"
    assert {reason.facts.get("title") for reason in reasons[1:]} >= {"Trust and confidentiality"}


def test_a_second_observation_that_is_met_is_enough(world, candidate):
    master(world, "A. Moreno")
    observe(world, "A. Moreno", level=2)
    observe(world, "A. Moreno", level=4)
    assert candidacy.way(actor=candidate).requirements.met
