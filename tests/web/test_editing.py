# SPDX-License-Identifier: Apache-2.0
"""The programme opened and edited by plain forms: five questions, a draft, what changes, and the programme taken away."""

from __future__ import annotations

import io
import json
import re
import zipfile
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from conftest import World
from lti_mentoring.domain.readiness import MANY_OBSERVERS, shortfalls
from lti_mentoring.services import draft, intake, opening, programme
from lti_mentoring.web.wording.editing import LABELS
from support.visitor import Visitor

QUESTIONS = {"title": "Mentors of the north", "observers": "2", "mode": "apply", "places": "8", "support": "Write to the office."}


def text(answer: Any) -> str:
    return unescape(re.sub(r"\s+", " ", str(answer.get_data(as_text=True))))


@pytest.fixture
def lead(app: Flask, world: World) -> Visitor:
    return Visitor(app, world.person("R. Okafor", "coordinator", standing="instructor"))


@pytest.fixture
def opened(lead: Visitor) -> Visitor:
    """The coordinator of a course whose programme is open, with a draft."""
    opening.choose_policy(actor=lead.actor, name="starter")
    assert lead.post("programme/draft", {"edition": "2032"}).status_code == 303
    return lead


def course_programme(lead: Visitor) -> Any:
    entry = intake.of(org_id=lead.actor.org_id, course_id=lead.actor.course_id)
    return programme.load(intake.version_of(lead.actor, entry)), entry


def seen(answer: Any, name: str = "seen") -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', answer.get_data(as_text=True))
    assert found
    return found[1]


@pytest.mark.parametrize(("observers", "policy"), [(MANY_OBSERVERS - 1, "starter"), (MANY_OBSERVERS, "assured")])
def test_five_answers_open_a_programme_with_all_eight_components(lead: Visitor, observers: int, policy: str) -> None:
    assert "Open it with five questions" in text(lead.get("programme"))
    assert f"With fewer than {MANY_OBSERVERS}" in text(lead.get("programme/start"))
    days = {"opens_on": "2031-01-10", "closes_on": "2031-02-10"}
    assert lead.post("programme/start", {**QUESTIONS, **days, "observers": str(observers)}).status_code == 303
    made, entry = course_programme(lead)
    assert (made.title, made.support, made.policy.name) == ("Mentors of the north", "Write to the office.", policy)
    assert list(shortfalls(made)) == []
    assert (entry.mode, entry.places, entry.opens_at.date().isoformat()) == ("apply", 8, "2031-01-10")
    page = text(lead.get("programme"))
    assert "All eight components are there." in page
    assert "Open it with five questions" not in page


def test_what_was_answered_is_given_back_with_what_is_wrong(lead: Visitor) -> None:
    days = {"opens_on": "2031-03-01", "closes_on": "2031-02-01"}
    answer = lead.post("programme/start", {**QUESTIONS, **days, "observers": "many", "support": " "})
    assert answer.status_code == 400
    assert 'value="Mentors of the north"' in text(answer)
    assert 'value="many"' in text(answer)
    answer = lead.post("programme/start", {**QUESTIONS, **days})
    assert (answer.status_code, "closes_on-error" in text(answer)) == (400, True)
    assert course_programme(lead)[1].programme_version_id is None


def test_a_programme_is_opened_once(lead: Visitor) -> None:
    lead.post("programme/start", QUESTIONS)
    first = course_programme(lead)[1].programme_version_id
    assert lead.get("programme/start").status_code == 303
    assert lead.post("programme/start", {**QUESTIONS, "title": "Another"}).status_code == 303
    assert "is open already" in text(lead.get("programme"))
    assert course_programme(lead)[1].programme_version_id == first


def test_each_page_of_the_draft_is_a_form_that_sends_back_what_it_shows(opened: Visitor) -> None:
    pages = [page.key for page, _, _ in draft.overview(actor=opened.actor).pages]
    assert len(pages) > 15
    for key in pages:
        shown = draft.sheet(actor=opened.actor, page=key)
        answer = opened.get(f"programme/draft/pages/{key}")
        sent = dict.fromkeys((), "") | {field.path: field.value for field in shown.fields}
        ticked = {field.path: field.value.split(", ") for field in shown.fields if field.kind == "ticks"}
        assert opened.post(f"programme/draft/pages/{key}", {**sent, **ticked, "seen": seen(answer)}).status_code == 303
        for field in shown.fields:
            assert f'name="{field.path}"' in answer.get_data(as_text=True), field.path
            assert field.label in LABELS, field.label
    assert [one.field.path for _, found in draft.changes(actor=opened.actor).pages for one in found] == ["edition"]


def test_a_fault_is_told_at_its_field_and_what_was_typed_stays(opened: Visitor) -> None:
    page = "programme/draft/pages/numbers"
    opened.post(page, {"policy/award/deciders": "nine <b>", "seen": seen(opened.get(page))})
    told = text(opened.get(page))
    assert 'value="nine <b>"' in told
    assert "This must be a whole number from 1 to 5. Write such a number." in told
    assert "One thing has to be mended before it can be published." in text(opened.get("programme/draft"))
    told = text(opened.get("programme/draft/changes"))
    assert "It cannot be published yet." in told
    assert "Publish this version" not in told


def test_an_edit_is_compared_published_and_read_by_whoever_begins_then(opened: Visitor) -> None:
    page = "programme/draft/pages/modules/M1/check/O1"
    typed = {"modules/M1/items/O1-04/choices/A/why": "Topic is the weakest test.", "action": "next"}
    opened.post(page, {**typed, "seen": seen(opened.get(page))})
    answer = opened.get("programme/draft/changes")
    assert "Topic is the weakest test." in text(answer)
    assert "The topic test is the weakest of the three." in text(answer)
    form = {"revision": seen(answer, "revision"), "version": seen(answer, "version")}
    assert opened.post("programme/draft/publish", form).status_code == 303
    made = course_programme(opened)[0]
    assert (made.edition, made.module("M1").item("O1-04").choices[0].why) == ("2032", "Topic is the weakest test.")
    assert opened.post("programme/draft/publish", form).status_code == 404
    assert "You edit a draft of the next version." in text(opened.get("programme/draft"))


def test_of_two_who_edit_one_page_the_second_sees_both_texts_and_decides(app: Flask, world: World, opened: Visitor) -> None:
    deputy = Visitor(app, world.person("D. Eze", "deputy", standing="instructor"))
    page = "programme/draft/pages/about"
    mine, theirs = seen(opened.get(page)), seen(deputy.get(page))
    assert deputy.post(page, {"title": "Theirs", "seen": theirs}).status_code == 303
    answer = opened.post(page, {"title": "Mine", "seen": mine})
    assert answer.status_code == 409
    assert 'value="Mine"' in text(answer)
    assert "Kept meanwhile:</strong> <span class=\"said\" dir=\"auto\">Theirs</span>" in text(answer)
    assert opened.post(page, {"title": "Mine", "seen": seen(answer)}).status_code == 303
    assert draft.overview(actor=deputy.actor).title == "Mine"


def test_a_draft_is_discarded_by_who_has_seen_it(opened: Visitor) -> None:
    assert opened.post("programme/draft/discard", {"revision": "5"}).status_code == 409
    assert opened.post("programme/draft/discard", {"revision": seen(opened.get("programme/draft"), "revision")}).status_code == 303
    assert not draft.has_draft(actor=opened.actor)


def test_only_who_leads_the_course_edits(app: Flask, world: World, opened: Visitor) -> None:
    for role in ("observer", "trainer"):
        visitor = Visitor(app, world.person(role, role, standing="instructor"))
        for path in ("programme/draft", "programme/start", "programme/pack.zip", "programme/draft/pages/about"):
            assert visitor.get(path).status_code == 403, path
        assert visitor.post("programme/draft/publish", {"revision": "0", "version": "x"}).status_code == 403
    assert opened.get("programme/draft/pages/nowhere").status_code == 404


def test_the_programme_is_taken_away_and_imported_as_the_same_version(opened: Visitor, tmp_path: Path) -> None:
    made, entry = course_programme(opened)
    answer = opened.get("programme/pack.zip")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="foundations.zip"'
    zipfile.ZipFile(io.BytesIO(answer.data)).extractall(tmp_path)
    again, faults = programme.read(tmp_path)
    assert (faults, again) == ([], made)
    row = programme.import_pack(org_id=opened.actor.org_id, path=tmp_path, actor="operator")
    assert (row.id, row.created) == (entry.programme_version_id, False)


def test_the_framework_is_taken_away_as_a_case_package(opened: Visitor) -> None:
    package = json.loads(opened.get("programme/case.json").data)
    assert package["CFDocument"]["title"] == "Mentor Foundations"
    assert len(package["CFRubrics"]) == 4


def test_a_policy_is_chosen_by_who_has_seen_the_programme_as_it_is(opened: Visitor) -> None:
    version = seen(opened.get("programme"), "version")
    opening.choose_policy(actor=opened.actor, name="assured")
    answer = opened.post("programme/policy", {"policy": "starter", "version": version})
    assert answer.status_code == 409
    assert "choose again if you still want to" in text(answer)
    assert opened.post("programme/policy", {"policy": "starter", "version": seen(answer, "version")}).status_code == 303
    assert course_programme(opened)[0].policy.name == "starter"


def test_a_policy_that_was_edited_is_called_changed_where_it_is_shown(opened: Visitor) -> None:
    page = "programme/draft/pages/numbers"
    opened.post(page, {"policy/time/months": "18", "seen": seen(opened.get(page))})
    answer = opened.get("programme/draft/changes")
    opened.post("programme/draft/publish", {"revision": seen(answer, "revision"), "version": seen(answer, "version")})
    told = text(opened.get("programme"))
    assert "Starter, changed" in told
    assert "it asks for other things than “Starter” as it was imported" in told
    assert "Run the programme under “Starter”" in told
