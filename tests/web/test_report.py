# SPDX-License-Identifier: Apache-2.0
"""The report as a page and as a PDF, competencies drawn, and the list of observations, as their readers find them."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from conftest import World
from lti_mentoring.domain.setting import Counting
from lti_mentoring.services import programme
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.observation import EvidenceNote, Observation
from lti_mentoring.web import paper
from lti_mentoring.web.paper import SAID, TEXT, TITLE, Block
from support import doubled
from support.visitor import Visitor

ARABIC = "تسأل ثم تنتظر"


@pytest.fixture
def cast(world: World, app: Flask) -> dict[str, Any]:
    """People, and their browsers."""
    people = {
        "candidate": world.person("F. Martins"),
        "first": world.person("T. Lindqvist", "observer", standing="instructor"),
        "second": world.person("A. Brandt", "observer", standing="instructor"),
        "lead": world.person("R. Okafor", "coordinator", standing="instructor"),
    }
    return people | {f"{name} reads": Visitor(app, who) for name, who in people.items()}


def by_two(world: World, cast: dict[str, Any]) -> str:
    """Released: one criterion is a mean, one was observed by nobody. -> its id"""
    made = doubled.planned(world, cast["first"], "F. Martins")
    doubled.asked(made, cast["second"], from_notes=True)
    doubled.said(made, cast["first"], {"C4": None, "C5": 1}, note=f"She asks, and waits. {ARABIC}")
    doubled.said(made, cast["second"], {"C3": 4, "C4": None, "C5": 1})
    return made


def page(cast: dict[str, Any], who: str, path: str) -> str:
    """A page, its spaces evened out."""
    answer = cast[f"{who} reads"].get(path)
    assert answer.status_code == 200, answer.get_data(as_text=True)[-500:]
    return re.sub(r"\s+", " ", answer.get_data(as_text=True))


def test_a_candidate_reads_in_plain_words_how_each_level_came_about(world: World, cast: dict[str, Any]):
    made = by_two(world, cast)
    html = page(cast, "candidate", f"observations/{made}/report")
    assert "3.5, between Competent and Accomplished" in html
    assert "Two people were one level apart; this is the mean of the two." in html
    assert "Level 2, Emerging, would look like this:" in html
    assert "Consent rests on the observer’s word" in html
    assert "A second person, from the observer’s notes" in html
    assert "A. Brandt" not in html
    assert html.index("What you did well") < html.index("What the next level would look like") < html.index(">Not observed<")
    assert "A. Brandt, who rated second" in page(cast, "lead", f"observations/{made}/report")


def test_the_list_and_its_file_say_what_a_result_waits_for(world: World, cast: dict[str, Any]):
    made = doubled.planned(world, cast["first"], "F. Martins")
    doubled.asked(made, cast["second"])
    doubled.said(made, cast["first"])
    html = page(cast, "lead", "cohort/observations?hold=second&state=nonsense")
    assert "Waits for the rating of a second person." in html
    rows = list(csv.reader(io.StringIO(cast["lead reads"].get("cohort/observations.csv").get_data(as_text=True).lstrip("\ufeff"))))
    assert rows[1] == [
        "2026-11-24", "F. Martins", "Independent mentoring", "T. Lindqvist", "Rated, not released yet", "the rating of a second person", ""
    ]  # fmt: skip
    assert cast["first reads"].get("cohort/observations").status_code == 403


def test_competencies_are_drawn_with_every_number_in_a_table(world: World, cast: dict[str, Any]):
    for level in (2, 3):
        doubled.said(doubled.planned(world, cast["first"], "F. Martins"), cast["first"], level=level)
    html = page(cast, "candidate", "way/competencies")
    drawn = re.findall(r'<svg class="plot" height.*?</svg>', html)
    assert drawn
    for one in drawn:
        assert (one.count('class="pt"'), one.count('class="ci"'), one.count('class="under"')) == (2, 1, 1)
        assert ": 2 (below the bar)" in one
    assert html.count("</svg><span>below</span>") == len(drawn)
    heat = page(cast, "lead", "cohort/competencies")
    assert "MC1 is where most are below the bar" not in heat
    assert heat.count("<bdi>2.5</bdi>") == len(drawn)
    rows = list(csv.reader(io.StringIO(cast["lead reads"].get("cohort/competencies.csv").get_data(as_text=True).lstrip("\ufeff"))))
    assert rows[1][:2] == ["F. Martins", "2.5"]
    person = re.search(r'href="(/courses/\w+/cohort/\w+/competencies)"', heat)
    assert person
    assert "Competencies of F. Martins" in page(cast, "lead", person[1])
    assert cast["first reads"].get(person[1]).status_code == 403


# --- on paper ---------------------------------------------------------------------------------------------------------------------


def read(data: bytes) -> Any:
    """A PDF, parsed by another library than the one that made it."""
    pypdf = pytest.importorskip("pypdf", reason="make setup installs it")
    return pypdf.PdfReader(io.BytesIO(data))


def text_of(data: bytes) -> str:
    """All its text, spaces evened out."""
    return re.sub(r"\s+", " ", " ".join(one.extract_text() for one in read(data).pages))


@pytest.mark.skipif(not paper.available(), reason="make setup installs the libraries of the extra pdf")
def test_the_pdf_says_what_the_page_says_and_not_with_whom_the_session_was(world: World, cast: dict[str, Any]):
    made = by_two(world, cast)
    answer = cast["candidate reads"].get(f"observations/{made}/report.pdf")
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    told = text_of(answer.data)
    for sentence in (
        "Report on F. Martins",
        "3.5, between Competent and Accomplished",
        "Two people were one level apart; this is the mean of the two.",
        "Level 2, Emerging, would look like this:",
        "She asks, and waits.",
        "No occasion for C4.",
        "A second person, from the observer’s notes",
        "Consent rests on the observer’s word: nobody in the room was asked themself.",
    ):
        assert sentence in told, sentence
    assert "A new colleague" not in told
    assert "A. Brandt" not in told
    document = read(answer.data)
    assert (document.trailer["/Root"]["/Lang"], document.metadata.title) == ("en", "Report on F. Martins")
    assert [one["/Title"] for one in document.outline if isinstance(one, dict)] == ["Report on F. Martins"]


@pytest.mark.skipif(not paper.available(), reason="make setup installs the libraries of the extra pdf")
def test_words_in_any_script_are_on_the_paper_and_none_is_lost_at_the_end_of_a_page():
    said = [f"Line {number}: {ARABIC}, Žižka, ¿qué más?" for number in range(120)]
    blocks = [Block(TITLE, "T"), *(Block(SAID, one) for one in said), Block(TEXT, " ")]
    made = paper.pdf(title="T", language="ar", blocks=blocks, foot="F", rest="R")
    told = text_of(made)
    assert len(read(made).pages) > 2
    assert all(f"Line {number}:" in told for number in range(120))
    assert told.count("Žižka, ¿qué más?") == 120
    assert told.count("ثم") == 120


@pytest.mark.skipif(not paper.available(), reason="make setup installs the libraries of the extra pdf")
def test_a_note_is_printed_once_and_who_had_a_line_taken_out_is_not_told(world: World, cast: dict[str, Any]):
    made = doubled.planned(world, cast["first"], "F. Martins")
    doubled.said(made, cast["first"], note="She asks, and waits.")
    told = text_of(cast["candidate reads"].get(f"observations/{made}/report.pdf").data)
    assert told.count("She asks, and waits.") == 1
    assert told.count("Note 1, above.") > 5
    with base.transactional() as session:
        row = session.scalars(select(EvidenceNote)).one()
        row.text, row.struck_at = "", base.now()
    struck = text_of(cast["candidate reads"].get(f"observations/{made}/report.pdf").data)
    html = page(cast, "candidate", f"observations/{made}/report")
    assert all("A line was taken out." in one and "by somebody" not in one for one in (struck, html))


@pytest.mark.skipif(not paper.available(), reason="make setup installs the libraries of the extra pdf")
def test_a_file_ends_somewhere_and_nobody_waits_for_another_without_end(world: World, cast: dict[str, Any], monkeypatch: Any):
    monkeypatch.setattr(paper, "MOST_PAGES", 1)
    monkeypatch.setattr(paper, "LONGEST_WAIT", 0.01)
    made = by_two(world, cast)
    path = f"observations/{made}/report.pdf"
    document = cast["candidate reads"].get(path).data
    assert len(read(document).pages) == 2
    assert "All of it stands on its page." in text_of(document)
    with paper._one_at_a_time:
        assert cast["candidate reads"].get(path).headers["Location"].endswith(f"observations/{made}/report")
    assert "Another file is being made just now." in page(cast, "candidate", f"observations/{made}/report")


def test_a_session_that_counts_beside_others_is_not_called_not_yet_by_itself(world: World, cast: dict[str, Any]):
    made = by_two(world, cast)
    assert "<strong>Not yet.</strong>" in page(cast, "candidate", f"observations/{made}/report")
    with base.transactional() as session:
        row = session.get_one(Candidacy, (world.org_id, world.candidacy_id("F. Martins")))
        source = programme.source(row.programme_version_id)
        policy = replace(source.policy, counting=Counting())
        changed = {"programme": replace(source, policy=policy), "derived_from": row.programme_version_id}
        row.programme_version_id = programme.publish(session, org_id=world.org_id, actor="operator", **changed).id
    html = page(cast, "candidate", f"observations/{made}/report")
    assert "This session counts." in html
    assert "Not yet." not in html
    assert "gradebook" not in html.partition("In short")[0].partition("lede")[2]
    assert "Counts" in page(cast, "candidate", "way")
    if paper.available():
        told = text_of(cast["candidate reads"].get(f"observations/{made}/report.pdf").data)
        assert "This session counts." in told
        assert "Not yet." not in told
    with base.transactional() as session:
        session.get_one(Observation, (world.org_id, made)).planned_for = date(2020, 1, 1)
    html = page(cast, "candidate", f"observations/{made}/report")
    assert "It is kept, and does not count." in html
    assert "Too long ago" in html


def test_without_the_libraries_the_reader_is_led_to_the_page_that_prints(world: World, cast: dict[str, Any], monkeypatch: Any):
    made = by_two(world, cast)
    monkeypatch.setattr(paper, "NEEDED", ("no_such_library",))
    answer = cast["candidate reads"].get(f"observations/{made}/report.pdf")
    assert answer.headers["Location"].endswith(f"observations/{made}/report")
    assert "This installation makes no PDF files." in page(cast, "candidate", f"observations/{made}/report")
    assert cast["second reads"].get("observations/" + "0" * 32 + "/report.pdf").status_code == 404
