# SPDX-License-Identifier: Apache-2.0
"""A pair, its sessions and a joint plan in Chromium, at both widths: times in the reader's zone, two who write at once."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from playwright.sync_api import Page, Route, expect
from sqlalchemy import update

from lti_mentoring.store import base
from lti_mentoring.store.observation import Observation
from support import ics
from support.journey import ready
from support.live import Town
from support.way_in import Open, enter_course, looked_at

DAY = (datetime.now(UTC) + timedelta(days=5)).date().isoformat()


def test_a_pair_is_made_and_meets_in_the_zone_of_who_plans_it(live: Town, open_browser: Open) -> None:
    ready(live, "north")
    candidate, course = enter_course(live, open_browser(), "candidate")
    lead, _ = enter_course(live, open_browser(timezone_id="America/Lima"), "coordinator")
    looked_at(lead, f"{course}/pairs", "pairs-empty")
    looked_at(lead, f"{course}/pairs/new", "pair-form")
    lead.get_by_label("Mentor, or facilitator").select_option(label="Amina Quillfeather")
    lead.get_by_label("Protégés, one a line").fill("Bo Lind, bo@example.org")
    lead.get_by_role("button", name="Make it").click()
    expect(lead.get_by_role("heading", level=1)).to_contain_text("Bo Lind")
    expect(lead.get_by_text("In your time zone: America/Lima.")).to_be_visible()
    lead.get_by_label("Day", exact=True).fill(DAY)
    lead.get_by_label("Time", exact=True).fill("21:30")
    lead.get_by_role("button", name="Plan it", exact=True).click()
    expect(lead.locator(".lede")).to_contain_text("21:30")
    looked_at(lead, lead.url, "pair")
    lead.get_by_role("link", name="Move it, or say how it went").click()
    expect(lead.get_by_label("Time", exact=True)).to_have_value("21:30")
    expect(lead.get_by_label("Day", exact=True)).to_have_value(DAY)
    looked_at(lead, lead.url, "session")
    looked_at(lead, f"{course}/observations/plan", "observation-plan")
    option = lead.get_by_label("Session", exact=True).locator("option", has_text="21:30")
    lead.get_by_label("Session", exact=True).select_option(option.get_attribute("value"))
    for label in ("Candidate", "Observer"):
        if not lead.get_by_label(label, exact=True).input_value():
            lead.get_by_label(label, exact=True).select_option(index=1)
    lead.get_by_role("button", name="Plan it", exact=True).click()
    expect(lead.get_by_text("Planned. It stands in the observer’s list.")).to_be_visible()
    looked_at(candidate, f"{course}/sessions", "sessions")
    with candidate.expect_download() as file:
        candidate.get_by_role("link", name="For your calendar").first.click()
    assert ics.read(file.value.path().read_bytes()).inside[0]["DTSTART"].endswith("T023000Z")


def test_two_write_a_joint_plan_at_once_and_both_agree(live: Town, open_browser: Open) -> None:
    ready(live, "north")
    candidate, course = enter_course(live, open_browser(), "candidate")
    mentor, _ = enter_course(live, open_browser(), "observer")
    lead, _ = enter_course(live, open_browser(), "coordinator")
    lead.goto(f"{course}/observations/plan")
    for label in ("Candidate", "Observer"):
        if not lead.get_by_label(label, exact=True).input_value():
            lead.get_by_label(label, exact=True).select_option(index=1)
    lead.get_by_label("Day of the session").fill(DAY)
    lead.get_by_label("The protégé, in a few words").fill("A new colleague")
    lead.get_by_role("button", name="Plan it", exact=True).click()
    expect(lead.get_by_text("Planned. It stands in the observer’s list.")).to_be_visible()
    led_by_two(live)
    candidate.goto(f"{course}/way")
    candidate.get_by_role("link", name=re.compile("Joint plan for")).first.click()
    expect(candidate.get_by_label("Purpose")).to_be_visible()
    mentor.goto(candidate.url)
    nothing_glides(mentor)
    for page, part, text in ((candidate, "Purpose", "She finds her own next step."), (mentor, "How you open", "I say why we are two.")):
        page.get_by_label(part).fill(text)
        kept(page)
    candidate.get_by_label("Who leads what").fill("You ask first; I take over at a sign.")
    kept(candidate)
    expect(candidate.get_by_label("How you open")).to_have_value("I say why we are two.")
    presses_before_the_answer(mentor, "I lead all of it.")
    expect(mentor.get_by_text("You ask first; I take over at a sign.")).to_be_visible()
    mentor.wait_for_timeout(500)  # what must not happen would have begun
    expect(mentor.get_by_text("You ask first; I take over at a sign.")).to_be_visible()
    candidate.reload()
    expect(candidate.get_by_label("Who leads what")).to_have_value("You ask first; I take over at a sign.")
    looked_at(candidate, candidate.url, "joint-plan")
    mentor.reload()
    mentor.get_by_label("How you close").fill("One step, one day; we two talk at four.")
    mentor.get_by_role("button", name="Agree to it as it stands").click()
    expect(mentor.locator(".lede")).to_contain_text("You have agreed")
    candidate.reload()
    expect(candidate.locator(".lede")).to_contain_text("now it is your turn")
    candidate.get_by_role("button", name="Agree to it as it stands").click()
    expect(candidate.locator(".lede")).to_contain_text("Agreed by both, in time.")
    looked_at(candidate, candidate.url, "joint-plan-agreed")
    looked_at(candidate, f"{course}/sessions", "sessions-joint")


def presses_before_the_answer(page: Page, text: str) -> None:
    """Somebody agrees while the save of what they typed is on its way; that the other wrote there too is answered after the press."""
    held: list[Route] = []
    page.route("**/api/**", lambda route: held.append(route))
    with page.expect_request(lambda sent: sent.method == "PUT"):
        page.get_by_label("Who leads what").fill(text)
    page.get_by_role("button", name="Agree to it as it stands").click()
    for one in held:
        one.continue_()
    page.unroute("**/api/**")


GLIDES = """async () => {
  scrollTo({ top: 0, behavior: 'instant' });
  document.getElementById('closing').focus();
  const tops = [scrollY];
  for (let frame = 0; frame < 30; frame += 1) {
    await new Promise(requestAnimationFrame);
    tops.push(scrollY);
  }
  return tops;
}"""


def nothing_glides(page: Page) -> None:
    """A page that goes to a field is there at once: while it glides, what is pressed moves away from under the pointer."""
    page.set_viewport_size({"width": 1280, "height": 400})
    tops = page.evaluate(GLIDES)
    assert tops[0] > 0
    assert set(tops) == {tops[0]}
    page.set_viewport_size({"width": 1280, "height": 800})


def kept(page: Page) -> None:
    """What is typed was kept."""
    expect(page.locator("[data-status]")).to_contain_text("Draft kept", timeout=15_000)


def led_by_two(live: Town) -> None:
    """What is planned is a session of co-mentoring: the policy of the little town asks for none."""
    with live.app.app_context(), base.tenant(live.organisations["north"]), base.transactional() as session:
        session.execute(update(Observation).where(Observation.session_id.is_(None)).values(kind="co"))
