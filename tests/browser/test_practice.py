# SPDX-License-Identifier: Apache-2.0
"""A practice task written, marked and read again, and prior learning recognised, in Chromium at both widths."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, Page, expect

from conftest import World, make_world
from lti_mentoring import app as wiring
from lti_mentoring.domain.people import Actor
from lti_mentoring.settings import Settings
from lti_mentoring.store import base
from support import marked
from support.chromium import WIDTHS, hold_to_the_look
from support.closing import let_go
from support.driver import serving
from support.ports import free_port
from support.visitor import Visitor

Open = Callable[..., BrowserContext]
SHOTS = os.environ.get("LTI_MENTORING_TEST_PRACTICE_SHOTS")


@dataclass
class Room:
    """A course whose module asks for a marked practice task, served on a port of its own."""

    app: Flask
    world: World
    url: str
    cookies: dict[str, str]

    def window(self, browser: BrowserContext, name: str) -> Page:
        """Somebody's window, on their first page."""
        # Set as over https, which a cookie of this name asks for; Chromium sends it to plain localhost all the same.
        where = self.url.replace("http:", "https:")
        browser.add_cookies([{"name": "__Host-lti-mentoring", "value": self.cookies[name], "url": where, "secure": True}])
        page = browser.new_page()
        page.goto(f"{self.url}/courses/{self.world.course_id}/")
        return page


@pytest.fixture
def room(database_url: str, make_settings: Callable[..., Settings]) -> Iterator[Room]:
    port = free_port()
    url = f"http://localhost:{port}"
    app = wiring.create_app(
        make_settings(database_url=database_url, sqlite_synchronous="NORMAL", allow_local_platforms="true", public_url=url)
    )
    with app.app_context():
        world = make_world("Northfield")
        with base.tenant(world.org_id):
            people = {
                "candidate": marked.writer(world, "F. Martins"),
                "trainer": world.person("T. Lindqvist", "trainer", standing="instructor"),
                "coordinator": world.person("R. Okafor", "coordinator", standing="instructor"),
            }
            world.mastered("F. Martins")
            people["other"] = marked.writer(world, "S. Haddad")
            cookies = {name: cookie_of(app, who) for name, who in people.items()}
    with serving(app, port):
        yield Room(app, world, url, cookies)
    with app.app_context():
        let_go()


def cookie_of(app: Flask, who: Actor) -> str:
    cookie = Visitor(app, who).client.get_cookie("__Host-lti-mentoring")
    assert cookie is not None
    return str(cookie.value)


def looked_at(page: Page, name: str) -> None:
    """The page as it is now, at both widths."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(page.url)
        hold_to_the_look(page, keyboard=width == WIDTHS[0])
        if SHOTS:
            page.screenshot(path=Path(SHOTS) / f"{name}-{width}.png", full_page=True)


def test_a_practice_task_is_written_marked_and_read_again(room: Room, open_browser: Open) -> None:
    page = room.window(open_browser(), "candidate")
    page.get_by_role("link", name="Open the practice task").click()
    expect(page.get_by_role("heading", name="Your text")).to_be_visible()
    page.get_by_label("Practice task", exact=True).fill("What would you like to happen on Monday?")
    expect(page.locator("[data-status]")).to_have_attribute("data-state", "kept")
    page.reload()
    expect(page.get_by_label("Practice task", exact=True)).to_have_value("What would you like to happen on Monday?")
    looked_at(page, "write")
    page.get_by_role("button", name="Hand it in").click()
    expect(page.locator(".lede")).to_contain_text("a trainer writes back by")
    looked_at(page, "handed-in")
    trainer = room.window(open_browser(), "trainer")
    trainer.get_by_role("link", name="Open the list").click()
    expect(trainer.get_by_role("heading", name="Practice tasks to mark")).to_be_visible()
    looked_at(trainer, "queue")
    trainer.get_by_role("button", name="Take it").click()
    expect(trainer.locator(".lede")).to_contain_text("Yours to mark")
    trainer.wait_for_load_state()
    for box in trainer.get_by_label(re.compile("^Why, from what is written")).all():
        box.fill("The first line asks, and does not tell.")
    for key in ("P1", "P2", "P3", "P4"):
        trainer.locator(f"input[name=level-{key}][value='3']").check()
    trainer.locator("input[name=level-P3][value='2']").check()
    trainer.get_by_role("button", name="Return it: met").click()
    expect(trainer.get_by_role("alert")).to_contain_text("These do not reach the level")
    looked_at(trainer, "sheet")
    trainer.get_by_label("Feedback to the candidate").fill("Say where confidence ends.")
    trainer.get_by_role("button", name="Return it: once more").click()
    expect(trainer.locator("body")).to_contain_text("Returned. The candidate can read it now.")
    page.reload()
    expect(page.locator(".lede")).to_contain_text("Once more, please")
    expect(page.get_by_label("Practice task", exact=True)).to_have_value("What would you like to happen on Monday?")
    looked_at(page, "once-more")


def test_prior_learning_is_asked_for_and_recognised(room: Room, open_browser: Open) -> None:
    page = room.window(open_browser(), "other")
    page.get_by_role("link", name="Open the module").click()
    page.get_by_role("link", name="Ask for it to be recognised").click()
    page.get_by_label("What was learned").fill("I rewrite instructions as questions, every day.")
    page.get_by_label("Where").fill("A college")
    page.get_by_label("When").fill("2021 to 2023")
    page.get_by_label("What shows it").fill("A certificate, and two recordings.")
    looked_at_typed(page)
    page.get_by_role("button", name="Ask for it").click()
    expect(page.locator("body")).to_contain_text("0 of 2 have agreed")
    looked_at(page, "asked")
    for name in ("trainer", "coordinator"):
        approver = room.window(open_browser(), name)
        approver.get_by_role("link", name="Open the list").last.click()
        expect(approver.get_by_role("heading", name="Recognition of prior learning")).to_be_visible()
        looked_at(approver, f"recognitions-{name}")
        approver.get_by_role("link", name=re.compile("^Open")).first.click()
        expect(approver.get_by_role("heading", name="Your word")).to_be_visible()
        looked_at(approver, f"word-{name}")
        approver.get_by_label("Reason").fill("The recordings show it.")
        approver.get_by_role("button", name="Agree").click()
        expect(approver.locator("body")).to_contain_text("You have agreed.")
    page.goto(f"{room.url}/courses/{room.world.course_id}/way")
    expect(page.locator("body")).to_contain_text("What you learned before stands for this module.")
    looked_at(page, "way-recognised")


def looked_at_typed(page: Page) -> None:
    """The form with what is typed in it, which going there again would lose."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        if SHOTS:
            page.screenshot(path=Path(SHOTS) / f"ask-{width}.png", full_page=True)
