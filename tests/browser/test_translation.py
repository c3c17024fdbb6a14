# SPDX-License-Identifier: Apache-2.0
"""A programme that is read from right to left inside pages that are not, in Chromium at both widths."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from conftest import make_world
from lti_mentoring import app as wiring
from lti_mentoring.services import application, planning, training
from lti_mentoring.settings import Settings
from lti_mentoring.store import base
from support import two_languages
from support.applying import taking_applications
from support.chromium import WIDTHS, hold_to_the_look
from support.closing import let_go
from support.driver import serving
from support.ports import free_port
from support.visitor import Visitor

Open = Callable[..., BrowserContext]
SHOTS = os.environ.get("LTI_MENTORING_TEST_TRANSLATION_SHOTS")


@pytest.fixture
def pages(database_url: str, make_settings: Callable[..., Settings]) -> Iterator[dict[str, tuple[str, str]]]:
    """Pages that show words of the programme: the cookie of somebody who may read each, and its address."""
    port = free_port()
    url = f"http://localhost:{port}"
    made = {"sqlite_synchronous": "NORMAL", "allow_local_platforms": "true", "public_url": url}
    app = wiring.create_app(make_settings(database_url=database_url, **made))
    with app.app_context():
        world = make_world("Northfield")
        with base.tenant(world.org_id):
            two_languages.use(world.org_id)
            ada, observer = world.person("Ada"), world.person("T. Lindqvist", "observer", standing="instructor")
            attempt = training.start_check(actor=ada, key="G1")
            lead = taking_applications(world, "assured")
            bo = world.person("Bo", standing="none")
            application.begin(actor=bo)
            about = {"candidacy_id": world.candidacy_id("Ada"), "observer_id": observer.person_id, "protege_label": "A colleague"}
            sheet = planning.plan(actor=lead, planned_for=base.now().date(), **about)
            cookies = {name: cookie(Visitor(app, who)) for name, who in (("ada", ada), ("bo", bo), ("lead", lead), ("watch", observer))}
        course = f"{url}/courses/{world.course_id}"
    with serving(app, port):
        yield {
            "module": (cookies["ada"], f"{course}/modules/G1"),
            "table": (cookies["ada"], f"{course}/modules/G1/parts/1"),
            "talk": (cookies["ada"], f"{course}/modules/G1/parts/3"),
            "practice": (cookies["ada"], f"{course}/modules/G1/practice"),
            "question": (cookies["ada"], f"{course}/attempts/{attempt}/questions/1"),
            "form": (cookies["bo"], f"{course}/application"),
            "sheet": (cookies["watch"], f"{course}/observations/{sheet}"),
            "readiness": (cookies["lead"], f"{course}/programme"),
        }
    with app.app_context():
        let_go()


def cookie(visitor: Visitor) -> str:
    found = visitor.client.get_cookie("__Host-lti-mentoring")
    assert found is not None
    return found.value


def enter(browser: BrowserContext, told: tuple[str, str]) -> Page:
    value, url = told
    where = url.replace("http:", "https:").partition("/courses/")[0]
    browser.add_cookies([{"name": "__Host-lti-mentoring", "value": value, "url": where, "secure": True}])
    page = browser.new_page()
    page.goto(url)
    return page


def test_what_is_written_from_right_to_left_is_read_so_on_every_page(pages: dict[str, tuple[str, str]], open_browser: Open):
    browser = open_browser(locale="ar-EG")
    for name, told in pages.items():
        page = enter(browser, told)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            hold_to_the_look(page)
            if SHOTS:
                page.screenshot(path=Path(SHOTS) / f"{name}-{width}.png", full_page=True)
        if name != "readiness":
            words = page.locator("main [lang=ar]").first
            expect(words).to_have_css("direction", "rtl")
            expect(page.locator("html")).to_have_attribute("dir", "ltr")
        page.close()
