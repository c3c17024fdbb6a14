# SPDX-License-Identifier: Apache-2.0
"""Who reports to whom in Chromium, at both widths: said by a candidate, told on the form of a plan, and listed for who leads the course."""

from __future__ import annotations

from playwright.sync_api import expect

from support.journey import ready
from support.live import Town
from support.way_in import Open, enter_course, looked_at


def test_who_manages_whom_is_said_and_stands_where_sessions_are_planned(live: Town, open_browser: Open) -> None:
    ready(live, "north")
    page, course = enter_course(live, open_browser(), "candidate")
    page.get_by_role("link", name="Who do you report to?").click()
    expect(page.locator(".lede")).to_contain_text("You have not told us yet.")
    page.locator("fieldset label.pick").last.click()
    page.get_by_role("button", name="Keep this").click()
    expect(page.locator(".lede")).to_contain_text("it holds for a year")
    looked_at(page, f"{course}/lines", "own")
    lead, course = enter_course(live, open_browser(), "coordinator")
    lead.goto(f"{course}/observations/plan")
    lead.get_by_role("button", name="Who can observe them?").click()
    expect(lead.locator("form details")).to_contain_text("manages")
    looked_at(lead, f"{course}/observations/plan", "plan")
    looked_at(lead, f"{course}/conflicts", "overview")
    looked_at(lead, f"{course}/lines/file", "file")
