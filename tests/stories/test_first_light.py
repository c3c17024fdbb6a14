# SPDX-License-Identifier: Apache-2.0
"""From a course page to a grade in the gradebook, over HTTP, as the people of a course live it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from support.journey import CANDIDATE, OBSERVER, plan, rate, ready, share, take_the_check
from support.live import Town


def test_launch_leads_to_ones_own_page_which_says_the_one_next_thing(live: Town) -> None:
    page = live.browser().launch("north", "candidate", "programme")
    assert page.status == 200, page.text
    assert "Amina Quillfeather" in page.text
    assert "/modules/M1" in page.text


@pytest.mark.parametrize("site", ["north", "south"])
def test_from_a_course_page_to_a_grade_in_the_gradebook(live: Town, site: str) -> None:
    address = ready(live, site)
    candidate, observer, coordinator = live.browser(), live.browser(third_party_cookies=False), live.browser()
    candidate.launch(site, "candidate", "module-m1")
    candidate.launch(site, "candidate", "observation")
    candidate.launch(site, "candidate", "programme")
    take_the_check(live, site, candidate, address)
    live.deliver()
    assert share(live, site, "candidate", "module-m1") == 1
    assert share(live, site, "candidate", "programme") is None
    coordinator.launch(site, "coordinator", "programme")
    sheet = plan(coordinator, address, CANDIDATE[site], OBSERVER[site])
    observer.launch(site, "observer", "observation")
    rate(live, observer, address, sheet, level=3)
    live.deliver()
    for activity in ("module-m1", "observation", "programme"):
        assert share(live, site, "candidate", activity) == 1, activity
    assert "eleven seconds" in candidate.get(f"{sheet}/report").text


def test_the_grade_arrives_even_if_the_lms_was_down_when_the_button_was_pressed(live: Town) -> None:
    address = ready(live, "north")
    live.lms("north").fault("down", where="ags", times=100)
    candidate = live.browser()
    candidate.launch("north", "second", "module-m1")
    take_the_check(live, "north", candidate, address)
    live.deliver()
    assert share(live, "north", "second", "module-m1") is None
    live.lms("north").call("faults", {"clear": True})
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=2), tick=True):
        live.deliver()
    assert share(live, "north", "second", "module-m1") == 1


def test_not_yet_sends_nothing(live: Town) -> None:
    address = ready(live, "north")
    nameless = live.browser()
    page = nameless.launch("north", "nameless", "observation")
    page = nameless.submit(page.form("/name"), name="Kit Fenwick")
    coordinator, observer = live.browser(), live.browser()
    coordinator.launch("north", "coordinator", "programme")
    sheet = plan(coordinator, address, "Kit Fenwick", "Okonjo-Vale")
    observer.launch("north", "observer", "observation")
    rate(live, observer, address, sheet, level=2)
    live.deliver()
    assert share(live, "north", "nameless", "observation") is None
    assert "0 " not in str(live.lms("north").state(log=False)["gradebook"])
