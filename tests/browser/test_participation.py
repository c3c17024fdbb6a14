# SPDX-License-Identifier: Apache-2.0
"""Pausing and leaving in Chromium, at both widths: read, filled in by keyboard and without a script, and seen by who leads the course."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from playwright.sync_api import expect

from support.journey import ready
from support.live import Town
from support.way_in import Open, enter_course, looked_at


def test_a_candidate_pauses_by_keyboard_without_a_script_and_leaves_and_is_taken_back(live: Town, open_browser: Open) -> None:
    ready(live, "north")
    theirs = open_browser()
    page, course = enter_course(live, theirs, "candidate")
    looked_at(page, f"{course}/participation", "own")
    looked_at(page, f"{course}/participation/leave", "leave")
    plain = open_browser(java_script_enabled=False)
    plain.add_cookies(theirs.cookies())
    window = plain.new_page()
    window.goto(f"{course}/way")
    window.get_by_role("link", name="How much time there is").click()
    window.get_by_label("Reason").select_option("workload")
    window.get_by_label("First day back").fill((datetime.now(UTC).date() + timedelta(days=40)).isoformat())
    window.get_by_role("button", name="Pause").focus()
    window.keyboard.press("Enter")
    expect(window.locator("h1 ~ .lede")).to_contain_text("The clock stands still meanwhile.")
    looked_at(page, f"{course}/participation", "paused")
    looked_at(page, f"{course}/way", "way-paused")
    window.get_by_role("link", name=re.compile("^Leave")).click()
    window.get_by_label("Reason").select_option("no_time")
    window.get_by_label("Yes, I want to leave the programme").check()
    window.get_by_role("button", name="Leave the programme").click()
    expect(window.locator("body")).to_contain_text("Coming back is possible until")
    lead, _ = enter_course(live, open_browser(), "coordinator")
    looked_at(lead, f"{course}/cohort?part=withdrawn", "cohort")
    lead.get_by_role("link", name="Amina Quillfeather").click()
    lead.get_by_role("link", name="Time, pauses and enrolment").click()
    expect(lead.locator(".lede")).to_contain_text("has left the programme.")
    looked_at(lead, lead.url, "left")
    lead.get_by_role("button", name="Take back").click()
    expect(lead.locator("body")).to_contain_text("Was taken back")
    looked_at(lead, lead.url, "candidate")
