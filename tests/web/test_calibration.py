# SPDX-License-Identifier: Apache-2.0
"""The pages of calibration: nothing of the master ratings before one's own, everything after, and nothing chosen is lost."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from conftest import PACK, World, make_world
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.transcript import script
from lti_mentoring.services import handout, programme
from lti_mentoring.store import base
from support.rating import ALL, KEY, submitted
from support.visitor import Visitor

LIST, SHEET = "calibration", f"calibration/{KEY}"


@pytest.fixture
def world(app: Flask) -> World:
    return make_world("Northfield")


@pytest.fixture
def rater(world: World) -> Actor:
    with base.tenant(world.org_id):
        return world.person("Rater", "observer", standing="instructor")


@pytest.fixture
def visitor(app: Flask, rater: Actor) -> Visitor:
    return Visitor(app, rater)


def form(number: int = 1, revision: int = 0, action: str = "submit", **levels: int | None) -> dict[str, object]:
    """The page's form as a browser sends it."""
    chosen = {**ALL, **levels} if action == "submit" else levels
    rows = {f"level-{key}": "NO" if level is None else str(level) for key, level in chosen.items()}
    return {"number": str(number), "revision": str(revision), "action": action, "criterion": list(ALL), **rows}


def text(visitor: Visitor, path: str) -> str:
    answer = visitor.get(path)
    assert answer.status_code == 200, path
    return answer.get_data(as_text=True)


def master_texts(world: World, rater: Actor) -> list[str]:
    """What only the master ratings say: pieces of evidence, of contrasts and of traps that stand neither in the text nor in an anchor."""
    with base.tenant(world.org_id):
        made = handout.read_by(rater)
    read = script(made.transcripts[0])
    told = [one.evidence for one in read.ratings] + [one.contrast for one in read.ratings] + [one.text for one in read.traps]
    known = [read.before, *(one.text for one in read.spoken), *(text for one in made.rubric(read.rubric).criteria for text in one.anchors)]
    pieces = [piece.strip() for said in told for piece in re.split(r"[^A-Za-z ]", said) if len(piece.split()) >= 4]
    return [piece for piece in pieces if piece not in " ".join(known)]


def test_the_master_ratings_are_in_no_page_before_ones_own_submission_and_on_the_result_after(world: World, rater: Actor, visitor: Visitor):
    secret = master_texts(world, rater)
    assert len(secret) > 40
    first = form(action="draft", C1=3)
    pages = [text(visitor, LIST), text(visitor, SHEET), visitor.post(SHEET, first, follow_redirects=True).get_data(as_text=True)]
    refused = visitor.post(SHEET, form(action="submit", revision=1) | {"level-C3": ""})
    assert refused.status_code == 400
    answered = visitor.send("PUT", f"/api/v1/courses/{world.course_id}/{SHEET}", {"number": 1, "revision": 2, "answers": []})
    pages += [refused.get_data(as_text=True), answered.get_data(as_text=True)]
    assert [piece for piece in secret for page in pages if piece in page] == []
    shown = visitor.post(SHEET, form(revision=3), follow_redirects=True).get_data(as_text=True)
    found = [piece for piece in secret if piece in shown]
    assert len(found) > 0.9 * len(secret), set(secret) - set(found)


def test_somebody_elses_submission_opens_nothing_for_oneself(app: Flask, world: World, rater: Actor, visitor: Visitor):
    with base.tenant(world.org_id):
        made = submitted(rater)
        lead = world.person("Lead", "coordinator", standing="instructor")
    other = Visitor(app, lead)
    assert other.get(f"{SHEET}/results/{made}").status_code == 404
    secret = master_texts(world, lead)
    assert [piece for piece in secret for path in (LIST, SHEET) if piece in text(other, path)] == []
    assert "not rated yet" in text(other, LIST)
    assert "not rated yet" not in text(visitor, LIST)


def test_what_is_open_is_told_with_a_way_there_and_what_was_chosen_stays(visitor: Visitor):
    sent = form()
    del sent["level-C4"], sent["level-C9"]
    answer = visitor.post(SHEET, sent)
    told = answer.get_data(as_text=True)
    assert answer.status_code == 400
    assert "Not answered yet: C4, C9." in told
    assert told.count("Not answered yet.") == 2
    assert re.search(r'name="level-C2" value="4"[^>]* checked', told)
    kept = re.findall(r'name="level-C\d+" value="\w+"[^>]* checked>', text(visitor, SHEET))
    assert len(kept) == 10, "kept although it could not be submitted"


def test_a_second_window_reads_both_and_decides(visitor: Visitor):
    visitor.post(SHEET, form(action="draft", C1=3))
    answer = visitor.post(SHEET, form(action="draft", C1=1))
    told = answer.get_data(as_text=True)
    assert answer.status_code == 400
    assert "Kept there: 3 Competent." in told
    assert re.search(r'name="level-C1" value="1"[^>]* checked', told)
    revision = re.search(r'name="revision" value="(\d+)"', told)
    assert revision
    assert visitor.post(SHEET, form(action="draft", revision=int(revision[1]), C1=1)).status_code == 303


def test_pressing_submit_twice_leads_to_the_same_comparison(visitor: Visitor):
    first, second = visitor.post(SHEET, form()), visitor.post(SHEET, form())
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.location == second.location
    assert "stays as it was then" in text(visitor, second.location.removeprefix("https://localhost:8000"))


def test_the_comparison_begins_with_its_sentence_and_names_every_verdict(visitor: Visitor):
    page = visitor.post(SHEET, form(), follow_redirects=True).get_data(as_text=True)
    lede = page.partition('<p class="lede">')[2].partition("</p>")[0]
    assert lede.startswith("<strong>8 of 12 the same.</strong>")
    assert "On the whole you rate higher" in lede
    assert "Author-scored, not validated." in page
    for words in ("one level lower, and defensible", "one level higher, and defensible", "2 levels higher", "only you saw it", "the same"):
        assert words in page, words


def test_every_time_in_the_evidence_leads_to_a_turn_that_is_there(visitor: Visitor):
    page = visitor.post(SHEET, form(), follow_redirects=True).get_data(as_text=True)
    linked, turns = set(re.findall(r'href="#(t-\d{4})"', page)), re.findall(r'id="(t-\d{4})"', page)
    assert len(linked) > 20
    assert linked <= set(turns)
    assert len(turns) == len(set(turns))


def test_a_programme_without_transcripts_says_why_there_is_nothing(world: World, visitor: Visitor):
    with base.tenant(world.org_id):
        programme.import_pack(org_id=world.org_id, path=PACK.parent / "every-item", actor="operator")
    assert "has no calibration transcripts" in text(visitor, LIST)
    assert visitor.get(SHEET).status_code == 404


def test_what_was_chosen_on_another_text_is_shown_and_not_submitted(visitor: Visitor):
    answer = visitor.post(SHEET, form() | {"text": "another"})
    told = answer.get_data(as_text=True)
    assert answer.status_code == 400
    assert "The text has changed since you began." in told
    assert re.search(r'name="level-C2" value="4"[^>]* checked', told)


def test_what_was_rated_stays_in_the_list_when_its_transcript_is_taken_out(world: World, rater: Actor, visitor: Visitor):
    with base.tenant(world.org_id):
        made = submitted(rater)
        programme.import_pack(org_id=world.org_id, path=PACK.parent / "every-item", actor="operator")
    assert "no longer in the programme" in text(visitor, LIST)
    assert "Try again" not in text(visitor, f"{SHEET}/results/{made}")
