# SPDX-License-Identifier: Apache-2.0
"""The page of compared grades and the ticked columns in Chromium, at both widths: read, asked, decided by keyboard and without a script."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import BrowserContext, expect

from support.chromium import WIDTHS, hold_to_the_look
from support.journey import ready
from support.live import Town
from support.station import Station

Open = Callable[..., BrowserContext]
SHOTS = os.environ.get("LTI_MENTORING_TEST_COMPARISON_SHOTS")


def differing(live: Town) -> Station:
    """Three people: a grade that a teacher changed and that ours waits for, one that was changed, and one whom the LMS grades no more."""
    station = Station(live, "north")
    for persona in ("candidate", "second"):
        station.launch(persona, "module-m1")
        station.attempt(station.person_id(persona))
    gone = station.stranger("module-m1")
    station.attempt(gone)
    station.deliver()
    station.lms.grade_by_hand("module-m1", "candidate", 6)
    station.lms.grade_by_hand("module-m1", "second", 7)
    station.compare()
    station.want_again(station.person_id("candidate"))
    return station


def test_a_coordinator_reads_why_grades_differ_and_decides_at_both_widths(live: Town, open_browser: Open) -> None:
    differing(live)
    ready(live, "north")
    browser = open_browser()
    page = browser.new_page()
    page.goto(f"{live.lms_url}/north/")
    page.click("button[value=coordinator]")
    page.goto(f"{live.lms_url}/north/launch/programme")
    page.wait_for_url(f"{live.tool_url}/courses/**")
    course = re.match(r"(.*/courses/\w+)/", page.url)
    assert course
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"{course[1]}/grades")
        page.get_by_role("link", name="Compare with the gradebook").click()
        expect(page.locator("h1")).to_have_text("The gradebook compared with ours")
        hold_to_the_look(page, keyboard=width == WIDTHS[0])
        if SHOTS:
            page.screenshot(path=Path(SHOTS) / f"compared-{width}.png", full_page=True)
        page.goto(f"{course[1]}/activities")
        hold_to_the_look(page, keyboard=False)
        if SHOTS:
            page.screenshot(path=Path(SHOTS) / f"activities-{width}.png", full_page=True)
    without_script = open_browser(java_script_enabled=False)
    without_script.add_cookies(browser.cookies())  # type: ignore[arg-type]
    page = without_script.new_page()
    page.goto(f"{course[1]}/grades/compared")
    before = page.locator(".todo > li").count()
    page.get_by_role("button", name=re.compile("^Keep theirs for ")).first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("body")).to_contain_text("What the LMS holds stands.")
    expect(page.locator("body")).to_contain_text("left as it is")
    assert page.locator(".todo > li").count() == before
