# SPDX-License-Identifier: Apache-2.0
"""A candidate takes every module of the default programme by keyboard, on a phone: reads each part, masters each check."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.sync_api import Page, expect

from lti_mentoring.demo.story import right_answer
from lti_mentoring.domain.answer import steps
from lti_mentoring.domain.module import Module
from lti_mentoring.domain.programme import Programme
from lti_mentoring.services import programme
from lti_mentoring.store import base
from support import chromium, journey
from support.live import Town
from support.way_in import APPLICANT, COORDINATOR, Open, enter_course, held

PACK = Path(__file__).parents[2] / "config" / "programmes" / "foundations"
WHOLE = "LTI_MENTORING_TEST_WHOLE_PROGRAMME"
"""Set, every module is taken, which lasts some minutes (``make programme``); else those that have every type of question among them."""

SOME = ("M0", "M7")
WIDTH = 360
STOPS = 120
"""Presses of Tab within which something is reached."""


def test_the_whole_programme_is_taken_by_keyboard_at_360_px(running_town: Town, open_browser: Open) -> None:
    made = asked_for(running_town, open_browser)
    page, course = enter_course(running_town, open_browser(), APPLICANT)
    page.set_viewport_size({"width": WIDTH, "height": 740})
    heard = chromium.console_errors(page)
    every = made.policies[0].modules_required
    for key in every if os.environ.get(WHOLE) else SOME:
        take(page, course, made.module(key))
    assert heard == []
    page.goto(f"{course}/way")
    expect(page.locator("main a[href*='/modules/']")).to_have_count(0 if os.environ.get(WHOLE) else 1)


def asked_for(town: Town, open_browser: Open) -> Programme:
    """The course works with the default programme under the policy that asks for every module. -> the programme"""
    journey.ready(town, "north")
    with town.app.app_context(), base.tenant(town.organisations["north"]):
        version = programme.import_pack(org_id=town.organisations["north"], path=PACK, actor="operator")
        made = programme.load(version.id)
    lead, _ = enter_course(town, open_browser(), COORDINATOR)
    lead.get_by_role("link", name="Programme", exact=True).click()
    lead.get_by_role("button", name="Run the programme under “Starter”").click()
    expect(lead.get_by_role("button", name="Run the programme under “Assured”")).to_be_visible()
    return made


def take(page: Page, course: str, module: Module) -> None:
    """Read a module from its first part to its last, and master its check."""
    page.goto(f"{course}/modules/{module.key}")
    expect(page.locator("dl.facts")).to_contain_text(f"{module.times.reading} minutes")
    if module.key == "M0":
        held(page, "module")
        page.set_viewport_size({"width": WIDTH, "height": 740})
    for section in module.sections:
        go(page, "main a.btn-primary", f"**/parts/{section.key}")
        chromium.no_horizontal_scroll(page)
    go(page, f".rail a[href$='/modules/{module.key}/practice']", "**/practice")
    chromium.no_horizontal_scroll(page)
    go(page, f".rail a[href$='/modules/{module.key}/check']", "**/check")
    go(page, "main button[type=submit]", "**/questions/*")
    for _ in range(60):
        chromium.no_horizontal_scroll(page)
        item = module.item(page.get_attribute("form[data-question]", "data-question") or "")
        for step in range(1, steps(item) + 1):
            for name, value in journey.answers(right_answer(item, step)).items():
                give(page, name, value)
            go(page, "form[data-question] button[type=submit]", f"**?kept={step}#answer")
        chromium.no_horizontal_scroll(page)
        last = page.get_by_role("link", name="See your result").count()
        go(page, "main a.btn-primary", "**/result" if last else "**/questions/*")
        if last:
            expect(page.locator(".lede")).to_contain_text("Mastered")
            return
    raise AssertionError("the check does not end")


# --- keys ----------------------------------------------------------------------------------------------------------------------


def tab_to(page: Page, selector: str) -> None:
    """Tab forwards until it has the focus."""
    for _ in range(STOPS):
        page.keyboard.press("Tab")
        if page.evaluate("what => document.activeElement?.matches(what) ?? false", selector):
            return
    raise AssertionError(f"Tab never reaches {selector} on {page.url}")


def go(page: Page, selector: str, url: str) -> None:
    """Tab to a link or a button, press Enter, and be where it leads."""
    tab_to(page, selector)
    page.keyboard.press("Enter")
    page.wait_for_url(url)


def give(page: Page, name: str, value: object) -> None:
    """Fill in one field of a question by keys alone: a list of places by arrows, a box by Space, a level by arrows within its group."""
    if name.startswith("card-"):
        tab_to(page, f"select[name='{name}']")
        reach(page, str(value))
    elif isinstance(value, list | tuple):
        for one in sorted(value, key=lambda one: place(page, f"input[name='{name}'][value='{one}']")):
            tab_to(page, f"input[name='{name}'][value='{one}']")
            page.keyboard.press("Space")
    else:
        tab_to(page, f"input[name='{name}']")
        page.keyboard.press("Space")
        reach(page, str(value))


def place(page: Page, selector: str) -> int:
    """Where an element stands among all of the page."""
    return int(page.evaluate("what => [...document.querySelectorAll('*')].indexOf(document.querySelector(what))", selector))


def reach(page: Page, value: str) -> None:
    """Go on by the arrow until what has the focus has this value."""
    for _ in range(20):
        if page.evaluate("document.activeElement.value") == value:
            return
        page.keyboard.press("ArrowDown")
    raise AssertionError(f"no arrow reaches {value} on {page.url}")
