# SPDX-License-Identifier: Apache-2.0
"""The office in Chromium, inside the LMS's frame: found, read, a fault of the LMS named by a button, at both widths."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import BrowserContext, expect

from lti_mentoring.services import roles
from support.chromium import WIDTHS, hold_to_the_look, tool_frame
from support.live import Town
from support.station import Station

Open = Callable[..., BrowserContext]
SHOTS = os.environ.get("LTI_MENTORING_TEST_OFFICE_SHOTS")


def test_an_administrator_has_the_fault_named_by_a_button(live: Town, open_browser: Open) -> None:
    station = Station(live, "north")
    station.launch("administrator", "programme")
    station.launch("candidate", "module-m1")
    with live.app.app_context():
        roles.grant_by_operator(
            organisation_id=station.org_id,
            person_id=station.person_id("administrator"),
            role="administrator",
            course_id=None,
            registration_id=station.registration(),
        )
    station.lms.call("faults", {"name": "no_keys", "where": "all", "times": None})
    page = open_browser().new_page()
    page.goto(f"{live.lms_url}/north/")
    page.click("button[value=administrator]")
    page.goto(f"{live.lms_url}/north/course")
    page.get_by_role("link", name="Mentor foundations", exact=True).click()
    frame = tool_frame(page, live.tool_url)
    expect(frame.locator("h1")).to_have_text("Northgate Lyceum")
    frame.get_by_role("button", name=re.compile("^Check")).click()
    expect(frame.locator(".panel.lead-on h2")).to_have_text("The LMS cannot fetch our keys")
    expect(frame.locator(".panel.lead-on .steps")).to_contain_text("HTTP security")
    page.goto(f"{live.lms_url}/north/launch/programme")
    page.wait_for_url(f"{live.tool_url}/courses/**")
    address = page.url
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(address)
        expect(page.locator("h1")).to_have_text("Northgate Lyceum")
        hold_to_the_look(page, keyboard=width == WIDTHS[0])
        page.locator("details.more summary").click()
        hold_to_the_look(page, keyboard=False)
        if SHOTS:
            page.screenshot(path=Path(SHOTS) / f"office-{width}.png", full_page=True)
        page.goto(address.replace("/office/lms", "/why?permission=people.manage"))
        expect(page.locator(".lede")).to_contain_text("You may not.")
        hold_to_the_look(page)
        if SHOTS:
            page.screenshot(path=Path(SHOTS) / f"why-{width}.png", full_page=True)
