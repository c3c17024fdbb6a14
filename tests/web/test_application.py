# SPDX-License-Identifier: Apache-2.0
"""What somebody typed into an application is kept whatever the answer is, and odd days are told apart from days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flask import Flask

from conftest import make_world
from lti_mentoring.services import application, intake
from lti_mentoring.store import base
from support.applying import taking_applications
from support.visitor import Visitor


def test_a_window_that_has_just_closed_costs_nobody_what_they_typed(app: Flask) -> None:
    world = make_world("Northfield")
    with base.tenant(world.org_id):
        lead = taking_applications(world)
        ada = world.person("Ada", standing="none")
        application.begin(actor=ada)
        intake.change(actor=lead, mode="apply", places=None, opens_at=None, closes_at=datetime.now(UTC) - timedelta(seconds=1))
    sent = {"revision": "0", "a-position": "Midwife", "nobody": "yes", "action": "submit"}
    answer = Visitor(app, ada).post(f"/courses/{world.course_id}/application", sent)
    assert answer.status_code == 409
    with base.tenant(world.org_id):
        assert application.page(actor=ada).answers["position"] == "Midwife"


def test_a_day_beyond_the_calendar_is_a_mistake_in_the_form(app: Flask) -> None:
    world = make_world("Northfield")
    with base.tenant(world.org_id):
        lead = taking_applications(world)
    answer = Visitor(app, lead).post(f"/courses/{world.course_id}/applications/intake", {"mode": "apply", "closes_on": "9999-12-31"})
    assert answer.status_code == 400


def test_all_that_is_missing_is_told_at_once(app: Flask) -> None:
    world = make_world("Northfield")
    with base.tenant(world.org_id):
        taking_applications(world, "assured")
        ada = world.person("Ada", standing="none")
        application.begin(actor=ada)
    answer = Visitor(app, ada).post(f"/courses/{world.course_id}/application", {"revision": "0", "action": "submit"})
    told = answer.get_data(as_text=True)
    assert answer.status_code == 400
    missing = ("This needs an answer.", "Tick this to submit.", "Name 2 people, each with an e-mail", "Say who manages and appraises you")
    assert [words for words in missing if words not in told] == []
