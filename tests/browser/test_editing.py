# SPDX-License-Identifier: Apache-2.0
"""A programme opened with five questions and edited in Chromium, without a script, at both widths."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, expect

from support.chromium import WIDTHS, hold_to_the_look
from support.journey import ready
from support.live import Town

Open = Callable[..., BrowserContext]
SHOTS = os.environ.get("LTI_MENTORING_TEST_EDITING_SHOTS")


def looked_at(page: Page, url: str, name: str) -> None:
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(url)
        hold_to_the_look(page, keyboard=width == WIDTHS[0])
        if SHOTS:
            page.screenshot(path=Path(SHOTS) / f"{name}-{width}.png", full_page=True)


def test_a_programme_is_opened_and_edited_without_a_script(live: Town, open_browser: Open) -> None:
    ready(live, "north")
    theirs = open_browser()
    page = theirs.new_page()
    page.goto(f"{live.lms_url}/north/")
    page.click("button[value=coordinator]")
    page.goto(f"{live.lms_url}/north/launch/programme")
    page.wait_for_url(f"{live.tool_url}/courses/**")
    course = re.match(r"(.*/courses/\w+)/", page.url)
    assert course
    home = f"{course[1]}/programme"
    plain = open_browser(java_script_enabled=False)
    plain.add_cookies(theirs.cookies())  # type: ignore[arg-type]
    window = plain.new_page()
    window.goto(home)
    window.get_by_role("link", name="Open it with five questions").click()
    looked_at(page, window.url, "start")
    window.get_by_label("People who can watch").fill("2")
    window.get_by_label("Places").fill("8")
    window.get_by_role("button", name="Open the programme").click()
    expect(window.locator("h1 ~ .lede")).to_contain_text("All eight components are there.")
    looked_at(page, home, "opened")
    window.get_by_role("link", name="Edit the programme").click()
    looked_at(page, window.url, "begin")
    window.get_by_label("Name of the new edition").fill("2032")
    window.get_by_role("button", name="Begin the draft").click()
    window.get_by_role("link", name="Numbers of the policy").click()
    award = window.locator("details", has=window.get_by_label("People who decide on the credential"))
    award.locator("summary").click()
    window.get_by_label("People who decide on the credential").fill("nine")
    window.get_by_role("button", name="Keep", exact=True).click()
    expect(window.locator(".lede")).to_contain_text("One thing has to be mended here.")
    looked_at(page, window.url, "numbers")
    looked_at(page, f"{home}/draft", "draft-faulty")
    window.get_by_label("People who decide on the credential").fill("3")
    window.get_by_role("button", name="Keep", exact=True).click()
    expect(window.locator(".lede")).not_to_contain_text("mended")
    for name in ("modules/M1", "modules/M1/reading", "modules/M1/check/O1", "modules", "rubrics/RU-C", "dates", "form"):
        looked_at(page, f"{home}/draft/pages/{name}", name.replace("/", "-"))
    window.goto(f"{home}/draft")
    window.get_by_role("link", name="See what changes").click()
    expect(window.locator(".lede")).to_contain_text("2 changes")
    looked_at(page, window.url, "changes")
    window.get_by_role("button", name="Publish this version").click()
    expect(window.locator("body")).to_contain_text("edition 2032")
