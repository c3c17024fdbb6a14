# SPDX-License-Identifier: Apache-2.0
"""The way in, in Chromium: an application, two blind reviews, a reference, an offer and its acceptance; each page held to the look."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from support.live import Town
from support.way_in import APPLICANT, COORDINATOR, OBSERVER, SECOND, Open, apply, enter, held, review, staffed


@pytest.fixture
def people(running_town: Town, open_browser: Open) -> dict[str, Page]:
    return staffed(running_town, open_browser)


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
    apply(applicant, held)
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
        expect(lead.get_by_text("No place can be offered yet.")).to_be_visible()
        expect(lead.get_by_role("button", name="Offer a place")).to_have_count(0)
        review(people[persona], level, held)
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

    lead.get_by_role("link", name="Cohort", exact=True).click()
    expect(lead.get_by_text("Amina Quillfeather").first).to_be_visible()
    lead.get_by_role("link", name="Applications", exact=True).click()
    lead.get_by_role("link", name="Record a selection").click()
    lead.get_by_label("The people, one a line").fill("Amina Quillfeather\nNobody Known\nTomasz; Larkspur-Lind")
    lead.get_by_role("button", name="Look whom the list names").click()
    held(lead, "recorded")
