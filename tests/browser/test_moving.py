# SPDX-License-Identifier: Apache-2.0
"""A policy tried, and a candidate moved to it, in Chromium at both widths: read, ticked by name, told."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from support.journey import ready
from support.live import Town
from support.way_in import Open, enter_course, looked_at


def test_a_policy_is_tried_and_chosen_and_a_candidate_is_moved_to_it_and_reads_why(live: Town, open_browser: Open) -> None:
    ready(live, "north")
    theirs, course = enter_course(live, open_browser(), "candidate")
    lead, _ = enter_course(live, open_browser(), "coordinator")
    looked_at(lead, f"{course}/programme/trial?policy=assured", "trial")
    lead.goto(f"{course}/programme")
    lead.get_by_role("button", name=re.compile("^Run the programme under “Assured”")).click()
    expect(lead.locator("body")).to_contain_text("Chosen.")
    looked_at(lead, f"{course}/programme/moving", "moving")
    lead.get_by_role("button", name="Move them").click()
    lead.get_by_label("Why").fill("The second edition: more of you is seen.")
    boxes = lead.get_by_role("checkbox", name=re.compile("Move although the way gets longer"))
    expect(boxes.first).not_to_be_checked()
    lead.wait_for_load_state()
    for box in boxes.all():
        box.check()
    lead.get_by_role("button", name="Move them").click()
    expect(lead.locator("body")).to_contain_text("Moved lately")
    looked_at(lead, f"{course}/programme/moving", "moved")
    looked_at(theirs, f"{course}/way", "way")
    theirs.get_by_role("link", name="See what changed for you").click()
    expect(theirs.locator("h1")).to_have_text("Versions of my programme")
    expect(theirs.locator("body")).to_contain_text("The second edition: more of you is seen.")
    looked_at(theirs, theirs.url, "own")
