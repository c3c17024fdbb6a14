# SPDX-License-Identifier: Apache-2.0
"""The first page says what of observing waits for somebody, and leads to where it is done."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from flask import Flask

from conftest import World
from lti_mentoring.services import opinion
from lti_mentoring.store import base
from lti_mentoring.store.field import Participant
from lti_mentoring.store.observation import Observation
from support import doubled
from support.visitor import Visitor


@pytest.fixture
def cast(world: World, app: Flask) -> dict[str, Any]:
    """People, and their browsers."""
    people = {
        "candidate": world.person("F. Martins"),
        "observer": world.person("T. Lindqvist", "observer", standing="instructor"),
        "lead": world.person("R. Okafor", "coordinator", standing="instructor"),
        "other": world.person("D. Eze", "deputy", "observer", standing="instructor"),
        "protege": world.person("P. Silva", standing="none"),
    }
    return people | {f"{name} reads": Visitor(app, who) for name, who in people.items()}


def first_page(cast: dict[str, Any], who: str) -> str:
    """The first page of somebody, its spaces evened out."""
    base.session().rollback()
    return re.sub(r"\s+", " ", cast[f"{who} reads"].get("").get_data(as_text=True))


def test_who_is_asked_about_a_session_finds_it_on_their_first_page_and_the_way_back_afterwards(world: World, cast: dict[str, Any]):
    assert "/consents" in first_page(cast, "protege")
    assert "You are asked about" not in first_page(cast, "protege")
    made = doubled.planned(world, cast["observer"], "F. Martins")
    with base.transactional() as session:
        session.add(Participant(observation_id=made, person_id=cast["protege"].person_id, role="protege"))
    assert "You are asked about one session" in first_page(cast, "protege")
    assert "One session waits for your answer." in cast["protege reads"].get("consents").get_data(as_text=True)
    with base.transactional() as session:
        session.query(Participant).update({"consent": "granted"})
        session.get_one(Observation, (world.org_id, made)).state = "rated"
    assert "You can read what was noted of one session" in first_page(cast, "protege")
    for who, path in (("protege", ""), ("observer", "sessions"), ("observer", ""), ("lead", ""), ("candidate", "way")):
        assert f"/courses/{world.course_id}/consents" in cast[f"{who} reads"].get(path).get_data(as_text=True), (who, path)


def test_an_opinion_that_nobody_is_asked_for_waits_for_who_leads_and_never_for_who_rates_there(world: World, cast: dict[str, Any]):
    made = doubled.planned(world, cast["other"], "F. Martins")
    doubled.asked(made, cast["observer"], from_notes=True)
    doubled.said(made, cast["other"], {"C3": 1})
    assert "another person" not in first_page(cast, "lead")
    doubled.said(made, cast["observer"], {"C3": 4})
    assert "One session wants another person’s opinion" in first_page(cast, "lead")
    again = doubled.planned(world, cast["observer"], "F. Martins")
    with base.transactional() as session:
        session.get_one(Observation, (world.org_id, again)).second_reasons = "drawn"
    assert "2 sessions want another person’s opinion" in first_page(cast, "lead")
    assert "One session wants another person’s opinion" in first_page(cast, "other")
    assert "opinion that" not in first_page(cast, "observer")
    assert "another person’s opinion" not in first_page(cast, "observer")


def test_who_leads_finds_what_is_held_and_every_page_about_observing(world: World, cast: dict[str, Any], app: Flask):
    quiet = world.person("Q. Untold", "observer", standing="instructor", told=False)
    assert "it is not known who manages whom" not in first_page(cast, "lead")
    doubled.planned(world, quiet, "F. Martins")
    assert "One thing waits: it is not known who manages whom" in first_page(cast, "lead")
    cast["quiet reads"] = Visitor(app, quiet)
    assert "Something that you have a part in waits for your answer" in first_page(cast, "quiet")
    assert "waits for your answer" not in first_page(cast, "observer")
    html = first_page(cast, "lead")
    for path in ("cohort/observations", "opinions", "observers", "pairs"):
        assert f"/{path}" in html, path


def test_what_is_held_for_anything_else_pushes_no_opinion_out_of_the_list(world: World, cast: dict[str, Any], monkeypatch: Any):
    monkeypatch.setattr(opinion, "MOST_LISTED", 1)
    older = [doubled.planned(world, cast["observer"], "F. Martins", day=date(2026, 11, day)) for day in range(1, 8)]
    wanted = doubled.planned(world, cast["observer"], "F. Martins")
    with base.transactional() as session:
        for one in older:
            session.get_one(Observation, (world.org_id, one)).state = "rated"
        session.get_one(Observation, (world.org_id, wanted)).second_reasons = "drawn"
    assert [one.id for one in opinion.waiting(actor=cast["lead"])] == [wanted]
    assert "These are the first" not in cast["lead reads"].get("opinions").get_data(as_text=True)
