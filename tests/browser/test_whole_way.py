# SPDX-License-Identifier: Apache-2.0
"""The whole first half of the way in Chromium: from an application to a grade in the gradebook, with a module that is failed before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import time_machine
from playwright.sync_api import Page, expect

from support import journey
from support.checks import take_the_check
from support.live import Town
from support.way_in import APPLICANT, COORDINATOR, OBSERVER, SECOND, Open, apply, enter, held, review, staffed

NAME = "Amina Quillfeather"


def test_from_an_application_to_the_grade_of_a_module_that_was_failed_first_while_the_board_follows(
    running_town: Town, open_browser: Open
) -> None:
    people = staffed(running_town, open_browser)
    lead, candidate = people[COORDINATOR], people[APPLICANT]
    opened(lead)
    selected(lead, candidate, people, running_town)
    follows(lead, "Has not begun module M1")

    candidate.locator("main a[href*='/modules/M1']").first.click()
    for _ in range(2):
        take_the_check(candidate, running_town, "north", journey.wrong_answer)
        held(candidate, "failed")
    follows(lead, "Takes the check of module M1 again")
    candidate.get_by_role("link", name="Help is offered").click()
    candidate.get_by_role("link", name="Accept").click()
    candidate.get_by_role("button", name="Ask for help").click()
    answered(lead)
    candidate.reload()
    expect(candidate.get_by_text("We went through it once more.")).to_be_visible()

    with time_machine.travel(datetime.now(UTC) + timedelta(hours=25), tick=True):
        enter(candidate, running_town, APPLICANT, "module-m1")
        take_the_check(candidate, running_town, "north")
        running_town.deliver()
        assert journey.share(running_town, "north", "candidate", "module-m1") == 1
        enter(lead, running_town, COORDINATOR)
        follows(lead, "Ready to be observed")
        held(lead, "board-end")


def opened(lead: Page) -> None:
    """The coordinator runs the programme under the policy that asks for most, and takes applications."""
    lead.get_by_role("link", name="Programme", exact=True).click()
    lead.get_by_role("button", name="Run the programme under “Assured”").click()
    lead.get_by_role("link", name="Applications", exact=True).click()
    lead.get_by_label("They apply").check()
    lead.get_by_label("Places (may stay empty)").fill("1")
    lead.get_by_role("button", name="Keep").click()


def selected(lead: Page, applicant: Page, people: dict[str, Page], town: Town) -> None:
    """They apply, two review them blind to each other, a place is offered and taken."""
    enter(applicant, town, APPLICANT)
    apply(applicant)
    follows(lead, "Submitted")
    lead.get_by_role("link", name=NAME).click()
    for name in ("Grace Okonjo-Vale", "Bao Marigold"):
        lead.get_by_label("Ask for a review").select_option(label=name)
        lead.get_by_role("button", name="Ask", exact=True).click()
    expect(lead.get_by_text("until then nobody reads another’s")).to_be_visible()
    for persona in (OBSERVER, SECOND):
        people[persona].goto(people[persona].url)
        people[persona].get_by_role("link", name="Mentoring").first.click()
        review(people[persona], 3)
    lead.reload()
    dossier = lead.url
    follows(lead, "Under review")
    lead.goto(dossier)
    lead.get_by_role("button", name="Offer a place").click()
    follows(lead, "Place offered")
    applicant.reload()
    applicant.get_by_label("I keep in confidence").check()
    applicant.get_by_role("button", name="Accept").click()
    expect(applicant.get_by_role("heading", level=1)).to_have_text("My way to the credential")


def follows(lead: Page, next_thing: str) -> None:
    """The coordinator's board has them, with what comes next for them."""
    lead.get_by_role("link", name="Cohort", exact=True).click()
    expect(lead.get_by_role("row", name=NAME).locator("td").last).to_have_text(next_thing)


def answered(lead: Page) -> None:
    """The coordinator takes the request for help, and answers it."""
    lead.get_by_role("link", name="Help", exact=True).click()
    lead.get_by_role("button", name="Take it").click()
    lead.get_by_label("What came of it").fill("We went through it once more.")
    lead.get_by_role("button", name="Keep it: this answers the request").click()
    expect(lead.get_by_text("We went through it once more.")).to_be_visible()
