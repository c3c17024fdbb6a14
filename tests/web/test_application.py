# SPDX-License-Identifier: Apache-2.0
"""What somebody typed into an application is kept whatever the answer is, and odd days are told apart from days."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from conftest import World, make_world
from lti_mentoring.domain.people import Actor
from lti_mentoring.services import application, intake, reviewing, selection
from lti_mentoring.services.application import Declared
from lti_mentoring.store import base
from lti_mentoring.store.reporting_line import LineAttestation
from support.applying import REFEREES, reviewed, submitted, taking_applications
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


# --- those who select


def page(app: Flask, lead: Actor, made: str) -> str:
    return Visitor(app, lead).get(f"applications/{made}").get_data(as_text=True)


@pytest.fixture
def northfield(app: Flask) -> World:
    return make_world("Northfield")


def test_why_no_place_can_be_offered_yet_stands_where_the_button_would(app: Flask, northfield: World) -> None:
    with base.tenant(northfield.org_id):
        lead = taking_applications(northfield, places=1)
        made = submitted(northfield, "Ada")
        selection.assign(actor=lead, application_id=made, reviewer_id=lead.person_id)
    waits = page(app, lead, made)
    assert ("Offer a place" in waits, "still missing: 1" in waits) == (False, True)
    assert "Not yet: the reviews say" not in waits, "a reason that follows the reviews is not offered before them"
    assert "A condition of the programme is not fulfilled" in waits
    with base.tenant(northfield.org_id):
        reviewed(northfield, lead, made, lead)
        other = submitted(northfield, "Ben")
        reviewed(northfield, lead, other, lead)
    assert "Offer a place" in page(app, lead, made)
    with base.tenant(northfield.org_id):
        selection.offer(actor=lead, application_id=made)
    full = page(app, lead, other)
    assert ("Offer a place" in full, "No place is left" in full, "Put on the waiting list" in full) == (False, True, True)


def test_a_coordinator_who_is_named_finds_the_way_out_and_goes_it(app: Flask, northfield: World) -> None:
    with base.tenant(northfield.org_id):
        lead = taking_applications(northfield)
        free = northfield.person("Freya", "observer", standing="none")
        made = submitted(northfield, "Ada", declared=Declared(staff=(lead.person_id,), referees=REFEREES))
    told = Visitor(app, lead).get(f"applications/{made}")
    assert told.status_code == 409
    assert "Appoint as deputy" in told.get_data(as_text=True)
    Visitor(app, lead).post(f"people/{free.person_id}/roles", {"role": "deputy"})
    assert "Ask Freya" in page(app, lead, made)
    with base.tenant(northfield.org_id):
        freya = northfield.actor("Freya")
    assert Visitor(app, freya).get(f"applications/{made}").status_code == 200


def test_where_everybody_is_named_the_page_makes_the_invitation(app: Flask, northfield: World) -> None:
    with base.tenant(northfield.org_id):
        lead = taking_applications(northfield)
        made = submitted(northfield, "Ada", declared=Declared(staff=(lead.person_id,), referees=REFEREES))
    told = page(app, lead, made)
    assert "has named everybody" in told
    assert re.search(r'action="[^"]*/people/invitations".*?name="role" value="deputy"', told, re.S)


def test_no_link_for_a_referee_is_offered_once_a_reference_helps_no_more(app: Flask, northfield: World) -> None:
    with base.tenant(northfield.org_id):
        lead = taking_applications(northfield)
        made = submitted(northfield, "Ada", declared=Declared(nobody=True, referees=REFEREES))
    assert "Make a link for R. Oakes" in page(app, lead, made)
    with base.tenant(northfield.org_id):
        reviewed(northfield, lead, made, lead)
        selection.waitlist(actor=lead, application_id=made)
    assert "Make a link for" not in page(app, lead, made)


# --- a review that keeps itself


def test_a_review_is_kept_as_it_is_written_and_two_windows_do_not_overwrite_each_other(app: Flask, northfield: World) -> None:
    with base.tenant(northfield.org_id):
        lead = taking_applications(northfield)
        made = submitted(northfield, "Ada")
        selection.assign(actor=lead, application_id=made, reviewer_id=lead.person_id)
        (own,) = reviewing.waiting(actor=lead)
    reader = Visitor(app, lead)
    at = f"/api/v1/courses/{northfield.course_id}/reviews/{own.id}"
    marks = [{"criterion": "E1", "level": 3, "ground": "The second answer."}, {"criterion": "E2", "level": None, "ground": ""}]
    kept = reader.send("PUT", at, {"revision": 0, "marks": marks})
    assert (kept.status_code, kept.json) == (200, {"revision": 1})
    assert reader.send("PUT", at, {"revision": 1, "marks": marks}).json == {"revision": 1}, "what has not changed makes no new revision"
    stale = reader.send("PUT", at, {"revision": 0, "marks": [{**marks[0], "level": 1}]})
    assert (stale.status_code, stale.json["code"]) == (409, "draft_conflict")
    assert reader.send("PUT", at, {"revision": 1, "marks": [{"criterion": "E1", "level": 9}]}).status_code == 409
    html = reader.get(f"reviews/{own.id}").get_data(as_text=True)
    assert "The second answer." in html
    assert f'data-draft="{at}"' in html


def test_an_applicant_whose_managers_are_known_no_more_says_it_again(app: Flask, northfield: World) -> None:
    with base.tenant(northfield.org_id):
        taking_applications(northfield)
        submitted(northfield, "Ada")
        ada = northfield.actor("Ada")
    assert "more than a year ago" not in Visitor(app, ada).get("application").get_data(as_text=True)
    with base.tenant(northfield.org_id), base.transactional() as session:
        session.execute(update(LineAttestation).values(attested_at=datetime.now(UTC) - timedelta(days=400)))
    ada_at = Visitor(app, ada)
    assert "more than a year ago" in ada_at.get("application").get_data(as_text=True)
    assert ada_at.post("application/lines", {}).status_code == 400
    assert ada_at.post("application/lines", {"nobody": "yes"}).status_code == 303
    assert "more than a year ago" not in ada_at.get("application").get_data(as_text=True)
