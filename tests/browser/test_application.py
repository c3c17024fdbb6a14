# SPDX-License-Identifier: Apache-2.0
"""The way in, in Chromium: an application, two blind reviews, a reference, an offer and its acceptance; each page held to the look."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
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


@pytest.fixture
def people(running_town: Town, open_browser: Open) -> dict[str, Page]:
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


def apply(page: Page) -> None:
    """Fill the form in, half of it kept by itself, and submit it after its faults were shown."""
    page.get_by_role("button", name="Begin the application").click()
    page.get_by_label("What do you do, and where?").fill("Midwife at a teaching hospital")
    expect(page.locator("[data-status]")).to_contain_text("Draft kept")
    held(page, "form")
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("alert")).to_contain_text("missing before you can submit")
    held(page, "form-faults")
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


def review(page: Page, level: int) -> None:
    """Read the application and rate it, every criterion with its reason."""
    page.get_by_role("link", name=re.compile("Open the list")).first.click()
    page.get_by_role("link", name=re.compile("^Review")).first.click()
    assert "Your application" not in page.content()
    for row in page.locator("fieldset.crit").all():
        row.locator(f"input[value='{level}']").check(force=True)
        row.locator("textarea").fill("The third answer shows it.")
    held(page, "review")
    page.get_by_role("button", name="Submit the review").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Applications to review")


def test_from_an_application_over_two_blind_reviews_to_an_accepted_offer(running_town: Town, people: dict[str, Page], open_browser: Open):
    lead, applicant = people[COORDINATOR], people[APPLICANT]
    lead.get_by_role("link", name="Programme", exact=True).click()
    held(lead, "readiness")
    lead.get_by_role("button", name="Run the programme under “Assured”").click()
    lead.get_by_role("link", name="Applications", exact=True).click()
    held(lead, "queue-empty")
    lead.get_by_label("They apply").check()
    lead.get_by_label("Places (may stay empty)").fill("1")
    lead.get_by_role("button", name="Keep").click()

    enter(applicant, running_town, APPLICANT)
    expect(applicant.get_by_role("heading", level=1)).to_contain_text("Become a mentor")
    held(applicant, "door")
    apply(applicant)
    held(applicant, "status")

    lead.reload()
    held(lead, "queue")
    lead.get_by_role("link", name="Amina Quillfeather").click()
    for name in ("Grace Okonjo-Vale", "Bao Marigold"):
        lead.get_by_label("Ask for a review").select_option(label=name)
        lead.get_by_role("button", name="Ask", exact=True).click()
    lead.get_by_role("button", name="Make a link for R. Oakes").click()
    held(lead, "dossier-link")
    link = lead.locator("p.wire.lines").first.inner_text()
    here = re.sub(r"/references/.*", "", lead.url)
    referee = open_browser().new_page()
    referee.goto(link)
    held(referee, "referee")
    referee.get_by_label("I recommend this person as a mentor").check()
    referee.get_by_label("Something that you saw or heard").fill("She asked me three questions, and I had my own answer in the end.")
    referee.get_by_role("button", name="Send the reference").click()
    expect(referee.get_by_role("status").first).to_contain_text("Your reference has arrived")

    for persona, level in ((OBSERVER, 3), (SECOND, 4)):
        people[persona].goto(people[persona].url)
        people[persona].get_by_role("link", name="Mentoring").first.click()
        lead.goto(here)
        expect(lead.get_by_text("until then nobody reads another’s")).to_be_visible()
        review(people[persona], level)
    lead.reload()
    expect(lead.get_by_text("The bar is reached.")).to_be_visible()
    held(lead, "dossier")
    lead.get_by_label("What the applicant reads with it").fill("We look forward to you.")
    lead.get_by_role("button", name="Offer a place").click()

    applicant.reload()
    expect(applicant.get_by_text("A place is offered to you.")).to_be_visible()
    held(applicant, "offered")
    applicant.get_by_role("button", name="Accept").click()
    expect(applicant.get_by_text("Tick that you agree")).to_be_visible()
    plain = open_browser(java_script_enabled=False)
    plain.add_cookies(applicant.context.cookies())
    without_script = plain.new_page()
    without_script.goto(re.sub(r"/application.*", "/application", applicant.url))
    without_script.get_by_label("I keep in confidence").check()
    without_script.get_by_role("button", name="Accept").click()
    expect(without_script.get_by_role("heading", level=1)).to_have_text("My way to the credential")

    lead.get_by_role("link", name="Candidates", exact=True).click()
    expect(lead.get_by_text("Amina Quillfeather").first).to_be_visible()
    lead.get_by_role("link", name="Applications", exact=True).click()
    lead.get_by_role("link", name="Record a selection").click()
    lead.get_by_label("The people, one a line").fill("Amina Quillfeather\nNobody Known\nTomasz; Larkspur-Lind")
    lead.get_by_role("button", name="Look whom the list names").click()
    held(lead, "recorded")
