# SPDX-License-Identifier: Apache-2.0
"""The report, competencies over time, the cohort's and the list of observations in Chromium at both widths: drawn, whole, and readable."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

import pytest
from playwright.sync_api import BrowserContext, expect

from conftest import make_world
from lti_mentoring import app as wiring
from lti_mentoring.settings import Settings
from lti_mentoring.store import base
from support import doubled
from support.closing import let_go
from support.driver import serving
from support.ports import free_port
from support.visitor import Visitor
from support.way_in import looked_at

Open = Callable[..., BrowserContext]
LOW = {"C1": 2, "C3": 1, "C9": None}


@pytest.fixture
def seen(database_url: str, make_settings: Callable[..., Settings]) -> Iterator[dict[str, str]]:
    """A course in which one candidate was observed three times, once by two people. -> addresses, and a cookie for each reader"""
    port = free_port()
    url = f"http://localhost:{port}"
    app = wiring.create_app(
        make_settings(database_url=database_url, sqlite_synchronous="NORMAL", allow_local_platforms="true", public_url=url)
    )
    with app.app_context():
        world = make_world("Northfield")
        with base.tenant(world.org_id):
            people = {
                "candidate": world.person("F. Martins"),
                "lead": world.person("R. Okafor", "coordinator", standing="instructor"),
            }
            first, second = (world.person(name, "observer", standing="instructor") for name in ("T. Lindqvist", "A. Brandt"))
            world.person("S. Haddad")
            for day, levels, level in ((date(2026, 9, 1), LOW, 2), (date(2026, 10, 1), {"C3": 3, "C9": None}, 3)):
                doubled.said(doubled.planned(world, first, "F. Martins", day=day), first, levels, level=level)
            made = doubled.planned(world, first, "F. Martins")
            doubled.asked(made, second, from_notes=True)
            doubled.said(made, first, {"C3": 2, "C9": None}, note="“What would you like to leave here with?” She waits.")
            doubled.said(made, second, {"C2": 4, "C3": 2, "C9": None})
            held = doubled.planned(world, second, "S. Haddad")
            doubled.asked(held, first)
            doubled.said(held, second)
            cookies = {}
            for name, who in people.items():
                cookie = Visitor(app, who).client.get_cookie("__Host-lti-mentoring")
                assert cookie is not None
                cookies[name] = cookie.value
    with serving(app, port):
        yield {"course": f"{url}/courses/{world.course_id}", "made": made, **cookies}
    with app.app_context():
        let_go()


def test_pictures_reports_and_lists_are_whole_at_both_widths(seen: dict[str, str], open_browser: Open):
    for who, places in (
        ("candidate", {"report": f"observations/{seen['made']}/report", "own-competencies": "way/competencies"}),
        ("lead", {"competencies": "cohort/competencies", "list": "cohort/observations"}),
    ):
        browser = open_browser()
        where = seen["course"].partition("/courses")[0].replace("http:", "https:")
        browser.add_cookies([{"name": "__Host-lti-mentoring", "value": seen[who], "url": where, "secure": True}])
        page = browser.new_page()
        for name, path in places.items():
            looked_at(page, f"{seen['course']}/{path}", name)
            if name == "own-competencies":
                under = page.locator("svg.plot[role=img] .under .pt").first
                expect(under).to_be_visible()
                assert under.evaluate("one => getComputedStyle(one).fill") != page.locator("svg.plot[role=img] .pt").last.evaluate(
                    "one => getComputedStyle(one).fill"
                )
                page.emulate_media(color_scheme="dark")
                looked_at(page, f"{seen['course']}/{path}", f"{name}-dark")
                page.emulate_media(color_scheme="light")
    page.emulate_media(media="print")
    expect(page.locator(".bar")).to_be_hidden()
