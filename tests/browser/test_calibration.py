# SPDX-License-Identifier: Apache-2.0
"""A transcript rated on a phone by keyboard, kept as one chooses, and compared with the master ratings, in Chromium."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from conftest import make_world
from lti_mentoring import app as wiring
from lti_mentoring.settings import Settings
from lti_mentoring.store import base
from support.chromium import WIDTHS, hold_to_the_look
from support.closing import let_go
from support.driver import serving
from support.ports import free_port
from support.rating import ALL
from support.visitor import Visitor

Open = Callable[..., BrowserContext]
SHOTS = os.environ.get("LTI_MENTORING_SHOTS")
COOKIE = "__Host-lti-mentoring"


@pytest.fixture
def place(database_url: str, make_settings: Callable[..., Settings]) -> Iterator[tuple[str, str]]:
    """A course with one observer. -> its address, and the observer's cookie"""
    port = free_port()
    url = f"http://localhost:{port}"
    app = wiring.create_app(
        make_settings(database_url=database_url, sqlite_synchronous="NORMAL", allow_local_platforms="true", public_url=url)
    )
    with app.app_context():
        world = make_world("Northfield")
        with base.tenant(world.org_id):
            rater = world.person("T. Lindqvist", "observer", standing="instructor")
            cookie = Visitor(app, rater).client.get_cookie(COOKIE)
    assert cookie is not None
    with serving(app, port):
        yield f"{url}/courses/{world.course_id}", str(cookie.value)
    with app.app_context():
        let_go()


def looked_at(page: Page, name: str) -> None:
    """The page as it is now, at both widths."""
    for width in (WIDTHS[1], WIDTHS[0]):
        page.set_viewport_size({"width": width, "height": 900})
        hold_to_the_look(page, keyboard=False)
        if SHOTS:
            page.screenshot(path=Path(SHOTS) / f"calibration-{name}-{width}.png", full_page=True)


def test_a_transcript_is_rated_by_keyboard_on_a_phone_and_compared(place: tuple[str, str], open_browser: Open) -> None:
    course, cookie = place
    https = course.partition("/courses/")[0].replace("http:", "https:")
    browser = open_browser(viewport={"width": WIDTHS[0], "height": 900})
    # Set as over https, which a cookie of this name asks for; Chromium sends it to plain localhost all the same.
    browser.add_cookies([{"name": COOKIE, "value": cookie, "url": https, "secure": True}])
    page = browser.new_page()
    page.goto(f"{course}/observations")
    page.get_by_role("link", name="Practise rating").click()
    expect(page.locator(".lede")).to_contain_text("You have rated 0 of 1 transcript.")
    looked_at(page, "list")
    page.get_by_role("link", name=re.compile("^Begin")).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="The transcript")).to_be_visible()
    page.locator("input[name=level-C1]").first.focus()
    for key, level in ALL.items():
        expect(page.locator(f"input[name=level-{key}][value='1']")).to_be_focused()
        page.keyboard.press("Space")
        for _ in range((level or 5) - 1):
            page.keyboard.press("ArrowDown")
        expect(page.locator(f"[data-jump={key}]")).to_have_class("ok")
        page.keyboard.press("Tab")
    expect(page.locator("[data-status]")).to_have_attribute("data-state", "kept")
    page.reload()
    expect(page.locator("#calibration input[type=radio]:checked")).to_have_count(len(ALL))
    looked_at(page, "sheet")
    page.get_by_role("button", name="Submit and compare").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".lede")).to_contain_text("8 of 12 the same.")
    looked_at(page, "result")
    page.get_by_role("link", name="01:56").first.click()
    expect(page.locator("#t-0156")).to_be_in_viewport()
