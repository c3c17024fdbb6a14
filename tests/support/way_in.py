# SPDX-License-Identifier: Apache-2.0
"""The way in, in Chromium: people enter from the pocket LMS, one applies, others review; each page held to the look."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, expect

from support import chromium, journey
from support.live import Town

Open = Callable[..., BrowserContext]

SHOTS = os.environ.get("LTI_MENTORING_SHOTS")

COORDINATOR, OBSERVER, SECOND, APPLICANT = "coordinator", "observer", "second_observer", "candidate"


def held(page: Page, name: str) -> None:
    """A page at both widths, without a scroll bar to the side, small targets or a grave fault of accessibility."""
    for width in chromium.WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        chromium.hold_to_the_look(page, keyboard=width == chromium.WIDTHS[0])
        if SHOTS:
            page.screenshot(path=Path(SHOTS) / f"application-{name}-{width}.png", full_page=True)


def enter(page: Page, town: Town, persona: str, activity: str = "programme") -> None:
    """Become somebody in the pocket LMS, and open an activity in a window of its own."""
    page.goto(f"{town.lms_url}/north/")
    page.click(f"button[value={persona}]")
    page.goto(f"{town.lms_url}/north/launch/{activity}")


def enter_course(town: Town, browser: BrowserContext, persona: str) -> tuple[Page, str]:
    """Somebody opens the programme from the course page. -> their window, and the course's address."""
    page = browser.new_page()
    enter(page, town, persona)
    page.wait_for_url(f"{town.tool_url}/courses/**")
    course = re.match(r"(.*/courses/\w+)/", page.url)
    assert course
    return page, course[1]


def looked_at(page: Page, url: str, name: str) -> None:
    """A page, opened anew at both widths and held to the look."""
    for width in chromium.WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(url)
        chromium.hold_to_the_look(page, keyboard=width == chromium.WIDTHS[0])
        if SHOTS:
            page.screenshot(path=Path(SHOTS) / f"{name}-{width}.png", full_page=True)


def staffed(running_town: Town, open_browser: Open) -> dict[str, Page]:
    """A course with a coordinator and two observers, each in a browser of their own; the applicant has not come yet."""
    journey.ready(running_town, "north")
    found = {persona: open_browser().new_page() for persona in (COORDINATOR, OBSERVER, SECOND, APPLICANT)}
    for persona in (OBSERVER, SECOND, COORDINATOR):
        enter(found[persona], running_town, persona)
    lead = found[COORDINATOR]
    lead.get_by_role("link", name="People", exact=True).click()
    line = lead.locator("li", has=lead.get_by_role("heading", name="Bao Marigold"))
    line.locator("select").select_option("observer")
    line.get_by_role("button").first.click()
    return found


Look = Callable[[Page, str], None]


def unlooked(page: Page, name: str) -> None:
    """For whoever goes the same way without looking at each page."""


def apply(page: Page, look: Look = unlooked) -> None:
    """Fill the form in, half of it kept by itself, and submit it after its faults were shown."""
    page.get_by_role("button", name="Begin the application").click()
    page.get_by_label("What do you do, and where?").fill("Midwife at a teaching hospital")
    expect(page.locator("[data-status]")).to_contain_text("Draft kept")
    look(page, "form")
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("alert")).to_contain_text("missing before you can submit")
    page.wait_for_load_state()
    look(page, "form-faults")
    for box in page.locator("textarea").all():
        box.fill("A colleague asked me what to do. I asked her what she had tried, and waited. She found it herself.")
    for box in page.locator("input[type=checkbox][name^=a-]").all():
        if not box.is_checked():
            box.check()
    page.get_by_label("Nobody manages or appraises me").check()
    for number, name in ((1, "R. Oakes"), (2, "T. Lind")):
        page.locator(f"#r{number}-name").fill(name)
        page.locator(f"#r{number}-email").fill(f"{name[-3:].lower()}@example.org")
        page.locator(f"#r{number}-relation").fill("A colleague")
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("My application")


def review(page: Page, level: int, look: Look = unlooked) -> None:
    """Read the application and rate it, every criterion with its reason."""
    page.get_by_role("link", name=re.compile("Open the list")).first.click()
    page.get_by_role("link", name=re.compile("^Review")).first.click()
    # The rows are counted once all are there: a browser shows the first of them while the others are on their way.
    expect(page.get_by_role("button", name="Submit the review")).to_be_visible()
    page.wait_for_load_state()
    assert "Your application" not in page.content()
    for row in page.locator("fieldset.crit").all():
        row.locator(f"input[value='{level}']").check()
        row.locator("textarea").fill("The third answer shows it.")
    look(page, "review")
    page.get_by_role("button", name="Submit the review").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Applications to review")
