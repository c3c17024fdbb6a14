# SPDX-License-Identifier: Apache-2.0
"""Capture in the field in Chromium: a session written without a network, reloaded without one, and sent once it is back."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, FrameLocator, Page, Route, expect

from conftest import World, make_world
from lti_mentoring import app as wiring
from lti_mentoring.services import field, observation
from lti_mentoring.services.field import FieldPage
from lti_mentoring.settings import Settings
from lti_mentoring.store import base
from support import chromium, journey
from support.closing import let_go
from support.driver import serving
from support.live import Town
from support.ports import free_port
from support.visitor import Visitor

Open = Callable[..., BrowserContext]

PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True, "locale": "en"}
SHOTS = os.environ.get("LTI_MENTORING_SHOTS")
ENCRYPTED = """async () => {
  const db = await new Promise((done) => { const asked = indexedDB.open("field"); asked.onsuccess = () => done(asked.result); });
  const all = (name) => new Promise((done) => {
    const asked = db.transaction(name).objectStore(name).getAll(); asked.onsuccess = () => done(asked.result);
  });
  const [rows, keys] = [await all("rows"), await all("keys")];
  db.close();
  const text = (row) => Object.entries(row).filter(([name]) => name !== "box" && name !== "iv").map(String).join(" ");
  const boxes = rows.map((row) => new TextDecoder("latin1").decode(row.box));
  const kinds = rows.map(({ kind }) => kind);
  return { words: [...rows.map(text), ...boxes].join(" "), kinds, keys: keys.length, extractable: keys.some((one) => one.extractable) };
}"""


@dataclass
class Room:
    """A course with an observation that is planned, served on a port of its own."""

    app: Flask
    world: World
    url: str
    made: str
    cookies: dict[str, str]

    def enter(self, browser: BrowserContext, who: str = "observer") -> None:
        """Somebody is signed in in a browser."""
        where = self.url.replace("http:", "https:")  # as in test_observation: Chromium sends it to plain localhost all the same
        browser.add_cookies([{"name": "__Host-lti-mentoring", "value": self.cookies[who], "url": where, "secure": True}])

    @property
    def address(self) -> str:
        """The field page."""
        return f"{self.url}/courses/{self.world.course_id}/observations/{self.made}/field"

    def page(self, browser: BrowserContext, who: str = "observer") -> Page:
        """The field page of somebody."""
        self.enter(browser, who)
        page = browser.new_page()
        page.goto(self.address)
        return page

    def stored(self) -> FieldPage:
        """What the server has."""
        with self.app.app_context(), base.tenant(self.world.org_id):
            return field.page(actor=self.world.actor("T. Lindqvist"), observation_id=self.made)

    def texts(self) -> list[str]:
        """The words of the stored notes, in the order of time."""
        return [note.text for note in self.stored().notes]


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
            world.person("F. Martins")
            people = {
                "observer": world.person("T. Lindqvist", "observer", standing="instructor"),
                "coordinator": world.person("R. Okafor", "coordinator", standing="instructor"),
            }
            cookies = {}
            for name, actor in people.items():
                cookie = Visitor(app, actor).client.get_cookie("__Host-lti-mentoring")
                assert cookie is not None
                cookies[name] = cookie.value
            made = observation.plan(
                actor=people["coordinator"],
                candidacy_id=world.candidacy_id("F. Martins"),
                observer_id=people["observer"].person_id,
                planned_for=date(2026, 11, 24),
                protege_label="A new colleague",
                place="Room 2.14",
            )
    with serving(app, port):
        yield Room(app, world, url, made, cookies)
    with app.app_context():
        let_go()


def says(page: Page | FrameLocator, words: str | re.Pattern[str]) -> None:
    expect(page.locator("[data-net]")).to_contain_text(words)


def write(page: Page | FrameLocator, text: str) -> None:
    """A note, kept with the button under the thumb."""
    page.locator("#note").fill(text)
    page.get_by_role("button", name="Keep this note").click()
    expect(page.locator("#note")).to_have_value("")


def shot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"field-{name}.png", full_page=True)


def lose_answers(page: Page, times: int) -> list[str]:
    """So often what is sent arrives, and its answer is lost on the way back. -> fills with what was sent."""
    sent: list[str] = []

    def lose(route: Route) -> None:
        if route.request.method != "POST" or len(sent) == times:
            route.continue_()
            return
        sent.append(route.request.post_data or "")
        route.fetch()
        route.abort()

    page.context.route("**/api/v1/**", lose)
    return sent


def test_a_session_is_captured_with_the_network_gone_after_a_minute_and_every_word_arrives_once(room: Room, open_browser: Open):
    browser = open_browser(**PHONE)
    page = room.page(browser)
    complaints = chromium.console_errors(page)
    says(page, "Ready without network.")
    page.clock.install()
    page.get_by_role("button", name="Start").click()
    write(page, "Restates the agreement and asks whether it still holds.")
    says(page, "All notes are stored.")
    page.clock.fast_forward("01:00")
    assert complaints == []
    shot(page, "stored")

    browser.set_offline(True)
    lines = [f"Line {number}: asks one thing, waits, and says nothing." for number in range(1, 6)]
    for text in lines[:3]:
        write(page, text)
    says(page, re.compile(r"No network since .*3 notes wait for the network and go out by themselves"))
    page.fill("#note", "Half a sentence that was not kept")
    expect(page.locator("[data-kept] li")).to_have_count(4)
    page.wait_for_timeout(500)
    shot(page, "away")

    page.reload()  # the service worker opens the shell, and the device fills it
    expect(page.locator("#note")).to_have_value("Half a sentence that was not kept")
    expect(page.locator("[data-kept] li")).to_have_count(3)
    expect(page.locator("[data-name]")).to_have_text("F. Martins")
    expect(page.locator("[data-clock]")).not_to_have_text("00:00")
    says(page, "3 notes wait")
    shot(page, "reloaded")
    page.get_by_role("button", name="Keep this note").click()
    for text in lines[3:]:
        write(page, text)
    page.close()
    page = browser.new_page()
    page.goto(room.address)
    says(page, "6 notes wait")
    held = page.evaluate(ENCRYPTED)
    assert "asks one thing" not in held["words"]
    assert (held["keys"], held["extractable"]) == (1, False)

    lost = lose_answers(page, times=3)
    browser.set_offline(False)
    for _ in range(4):
        page.evaluate("dispatchEvent(new Event('online'))")
    says(page, "All notes are stored.")
    assert [text.count("at_second") for text in lost] == [6, 6, 6]
    expect(page.locator("[data-kept] li")).to_have_count(7)
    whole = ["Restates the agreement and asks whether it still holds.", *lines[:3], "Half a sentence that was not kept", *lines[3:]]
    assert sorted(room.texts()) == sorted(whole)
    assert "note" not in page.evaluate(ENCRYPTED)["kinds"]
    page.get_by_role("link", name="End and rate").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Rate what you saw: F. Martins")


def test_in_a_frame_with_third_party_cookies_blocked_all_works_but_an_offline_start_and_the_page_says_so(live: Town, open_browser: Open):
    course = journey.ready(live, "north")
    coordinator = live.browser()
    coordinator.launch("north", "coordinator", "programme")
    live.browser().launch("north", "candidate", "programme")
    journey.plan(coordinator, course, journey.CANDIDATE["north"], journey.OBSERVER["north"])
    browser = open_browser(third_party_cookies=False, **PHONE)
    page = browser.new_page()
    page.goto(f"{live.lms_url}/north/")
    page.click("button[value=observer]")
    page.goto(f"{live.lms_url}/north/activity/observation")
    complaints = chromium.console_errors(page)
    frame = page.frame_locator("iframe.tool")
    frame.get_by_role("link", name="Take notes in the room").first.click()
    says(frame, "This frame opens only with a network.")
    frame.get_by_role("button", name="Start").click()
    write(frame, "Asks what she has tried.")
    says(frame, "This frame opens only with a network.")
    assert complaints == []
    shot(page, "frame")
    browser.set_offline(True)
    write(frame, "Written in the frame while the network was away.")
    says(frame, "1 note waits for the network and goes out by itself.")
    browser.set_offline(False)
    expect(frame.locator("[data-kept] .state.ok")).to_have_count(2)
    with browser.expect_page() as opened:
        frame.get_by_role("button", name="Open in its own window").click()
        frame.get_by_role("button", name="Open the window").click()
    says(opened.value, re.compile("All notes are stored"))
    expect(opened.value.locator("[data-kept] li")).to_have_count(2)
    shot(opened.value, "own-window")
