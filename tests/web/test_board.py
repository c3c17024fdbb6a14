# SPDX-License-Identifier: Apache-2.0
"""The cohort board as a page and as a file: the address says all, nothing needs a script, and nobody else gets in."""

from __future__ import annotations

import csv
import io
from html import unescape

import pytest
from flask import Flask

from conftest import World
from support import applying
from support.progress import master, observe
from support.visitor import Visitor


@pytest.fixture
def lead(app: Flask, world: World) -> Visitor:
    world.person("T. Lindqvist", "observer", standing="instructor")
    return Visitor(app, world.person("R. Okafor", "coordinator", standing="instructor"))


def text(answer) -> str:
    return unescape(answer.get_data(as_text=True))


def lines(answer) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.get_data(as_text=True).removeprefix("\ufeff"))))


def test_an_empty_board_says_why_and_that_this_is_normal(lead: Visitor):
    page = text(lead.get("cohort"))
    assert "There are no candidates yet." in page
    assert "Nobody is on the way yet" in page


def test_the_address_says_which_people_are_shown_and_in_which_order(world: World, lead: Visitor):
    for name in ("A. Moreno", "B. Late"):
        world.person(name)
    master(world, "B. Late")
    page = text(lead.get("cohort?sort=-progress"))
    assert page.index("B. Late</bdi>") < page.index("A. Moreno</bdi>")
    assert "One person waits for you" in page
    page = text(lead.get("cohort?req=training&state=met"))
    assert "B. Late</bdi>" in page
    assert "A. Moreno</bdi>" not in page
    assert "One person of 2 is shown." in page
    assert "Nobody is like that at present." in text(lead.get("cohort?q=nobody"))


def test_an_old_bookmark_still_opens(world: World, lead: Visitor):
    world.person("A. Moreno")
    assert "A. Moreno</bdi>" in text(lead.get("cohort?state=gone&sort=height&page=-3&step=training"))
    answer = lead.get("candidates")
    assert (answer.status_code, answer.headers["Location"].endswith("/cohort")) == (302, True)


def test_fifty_people_are_a_page(world: World, lead: Visitor):
    for number in range(51):
        world.person(f"Person {number:02}")
    assert "Person 50" not in text(lead.get("cohort"))
    page = text(lead.get("cohort?page=2"))
    assert "Person 50" in page
    assert "Page 2 of 2" in page


def test_an_applicant_leads_to_their_application(world: World, lead: Visitor):
    applying.taking_applications(world)
    made = applying.submitted(world, "Amina Quillfeather")
    page = text(lead.get("cohort"))
    assert f"/applications/{made}" in page
    assert "Has applied" in page


def test_one_person_why_not_yet_and_where_to_go_on(world: World, lead: Visitor):
    world.person("A. Moreno")
    held = world.candidacy_id("A. Moreno")
    page = text(lead.get(f"cohort/{held}"))
    assert "Why not yet" in page
    assert f"observations/plan?candidate={held}" in page
    assert f"candidates/{held}/participation" in page
    master(world, "A. Moreno")
    made = observe(world, "A. Moreno", level=4)
    page = text(lead.get(f"cohort/{held}"))
    assert "All that is asked for is met" in page
    assert f"observations/{made}/report" in page


def test_the_file_has_as_many_lines_as_the_filter_shows_and_no_formula(world: World, lead: Visitor):
    for name in ("=HYPERLINK(1)", "A. Moreno", "B. Late"):
        world.person(name)
    answer = lead.get("cohort/export.csv")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.get_data().startswith(b"\xef\xbb\xbf")
    head, *rows = lines(answer)
    assert (head[0], head[-1]) == ("Name", "Independent mentoring")
    assert head[-2].startswith("Training: M1 ")
    assert [row[0] for row in rows] == ["'=HYPERLINK(1)", "A. Moreno", "B. Late"]
    assert [row[0] for row in lines(lead.get("cohort/export.csv?q=late"))[1:]] == ["B. Late"]


def test_only_who_leads_the_course_gets_in(app: Flask, world: World, lead: Visitor):
    held = Visitor(app, world.person("A. Moreno")), Visitor(app, world.actor("T. Lindqvist"))
    own = world.candidacy_id("A. Moreno")
    for visitor in held:
        assert [visitor.get(path).status_code for path in ("cohort", f"cohort/{own}", "cohort/export.csv")] == [403, 403, 403]
