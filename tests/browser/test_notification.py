# SPDX-License-Identifier: Apache-2.0
"""Notices and what comes by mail in Chromium: at both widths, by keyboard, and without a script."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import BrowserContext, expect

from lti_mentoring.services import notification
from lti_mentoring.store import base
from support.chromium import WIDTHS, hold_to_the_look
from support.journey import ready
from support.live import Town
from support.station import Station

Open = Callable[..., BrowserContext]


def test_somebody_finds_what_waits_follows_it_and_chooses_mails_without_a_script(live: Town, open_browser: Open) -> None:
    station, course = Station(live, "north"), ready(live, "north")
    reader = station.person_id("observer")
    with live.app.app_context(), base.tenant(station.org_id), base.transactional() as session:
        for kind in ("help_answered", "help_asked"):
            notification.tell(
                session,
                org_id=station.org_id,
                person_id=reader,
                kind=kind,
                facts={},
                endpoint="observation.index",
                ids={"course": course.rpartition("/")[2]},
            )
    browser = open_browser()
    page = browser.new_page()
    page.goto(f"{live.lms_url}/north/")
    page.click("button[value=observer]")
    page.goto(f"{live.lms_url}/north/launch/programme")
    page.wait_for_url(f"{live.tool_url}/courses/**")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"{live.tool_url}{course}/notices")
        expect(page.locator("h1")).to_have_text("Notices")
        hold_to_the_look(page, keyboard=width == WIDTHS[0])
        page.get_by_role("link", name="Choose what comes by mail").click()
        expect(page.locator("h1")).to_have_text("Notices by mail")
        hold_to_the_look(page, keyboard=width == WIDTHS[0])
    without_script = open_browser(java_script_enabled=False)
    without_script.add_cookies(browser.cookies())  # type: ignore[arg-type]
    page = without_script.new_page()
    page.goto(f"{live.tool_url}{course}/notices")
    expect(page.get_by_role("link", name=re.compile("^Notices"))).to_have_text(re.compile(r"2\s*unread"))
    page.get_by_role("link", name="Somebody has asked for help.").click()
    page.wait_for_url("**/observations")
    page.get_by_role("link", name=re.compile("^Notices.*1")).click()
    page.get_by_role("button", name="Mark all as read").click()
    expect(page.locator("body")).to_contain_text("One notice is marked as read.")
    page.goto(f"{live.tool_url}{course}/notices/mail")
    page.get_by_label("Help").select_option("off")
    page.get_by_role("button", name="Keep this").click()
    expect(page.locator("body")).to_contain_text("Your choice is kept.")
    expect(page.get_by_label("Help")).to_have_value("off")
