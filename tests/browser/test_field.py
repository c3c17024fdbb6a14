# SPDX-License-Identifier: Apache-2.0
"""Capture in the field in Chromium: a session written without a network, reloaded without one, and sent once it is back."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, FrameLocator, Locator, Page, Route, expect

from conftest import World, make_world
from lti_mentoring import app as wiring
from lti_mentoring.domain import discretion
from lti_mentoring.domain.people import Actor
from lti_mentoring.services import field, observation, participant
from lti_mentoring.services import room as asked
from lti_mentoring.services.field import FieldPage
from lti_mentoring.services.room import Named
from lti_mentoring.settings import Settings
from lti_mentoring.store import base
from support import chromium, journey
from support.closing import let_go
from support.discretion import EXAMPLES
from support.driver import serving
from support.live import Town
from support.ports import free_port
from support.visitor import Visitor
from support.workers import wait_until

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
DRAFT = """async () => {
  const db = await new Promise((done) => { const asked = indexedDB.open("field"); asked.onsuccess = () => done(asked.result); });
  const rows = await new Promise((done) => {
    const asked = db.transaction("rows").objectStore("rows").getAll(); asked.onsuccess = () => done(asked.result);
  });
  db.close();
  return rows.find(({ kind }) => kind === "draft")?.box.byteLength ?? 0;
}"""
"""How long the encrypted draft is."""
FORGET_KEYS = """async () => {
  const db = await new Promise((done) => { const asked = indexedDB.open("field"); asked.onsuccess = () => done(asked.result); });
  await new Promise((done) => { db.transaction("keys", "readwrite").objectStore("keys").clear().onsuccess = done; });
  db.close();
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
    keep = page.get_by_role("button", name="Keep this note")
    at_rest(keep)
    keep.click()
    expect(page.locator("#note")).to_have_value("")


def at_rest(button: Locator) -> None:
    """A finger comes to a page that has settled: what the page says of the network is there, and the button stays where it is."""
    where, since = button.bounding_box(), time.monotonic()
    while time.monotonic() - since < 0.4:
        now = button.bounding_box()
        if now != where:
            where, since = now, time.monotonic()
        button.page.wait_for_timeout(50)


def want(page: Page, *tools: str) -> None:
    """Counters and tags are off until they are wanted."""
    for tool in tools:
        page.locator(f"[data-tool={tool}]").check()


def shot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"field-{name}.png", full_page=True)


def lose_answers(page: Page, times: int, *, then: str = "continue_") -> list[str]:
    """So often what is sent arrives, and its answer is lost on the way back; ``then`` is what becomes of what is sent afterwards.
    -> fills with what was sent."""
    sent: list[str] = []

    def lose(route: Route) -> None:
        if route.request.method != "POST" or len(sent) == times:
            getattr(route, then)()
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
    expect(page.locator("[data-kept] li")).to_have_count(4)
    empty = page.evaluate(DRAFT)
    page.fill("#note", "Half a sentence that was not kept")
    wait_until(lambda: page.evaluate(DRAFT) > empty, 30, lambda: "the draft was not kept on the device")
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
    page.get_by_role("button", name="I am T. Lindqvist").click()
    says(page, "6 notes wait")
    held = page.evaluate(ENCRYPTED)
    assert "asks one thing" not in held["words"]
    assert (held["keys"], held["extractable"]) == (1, False)

    lost = lose_answers(page, times=3)
    browser.set_offline(False)
    for times in (1, 2, 3):
        while len(lost) < times:
            page.evaluate("dispatchEvent(new Event('online'))")
            page.wait_for_timeout(200)
    page.evaluate("dispatchEvent(new Event('online'))")
    says(page, "All notes are stored.")
    assert [text.count("at_second") for text in lost] == [6, 6, 6]
    expect(page.locator("[data-kept] li")).to_have_count(7)
    whole = ["Restates the agreement and asks whether it still holds.", *lines[:3], "Half a sentence that was not kept", *lines[3:]]
    assert sorted(room.texts()) == sorted(whole)
    assert "note" not in page.evaluate(ENCRYPTED)["kinds"]
    page.get_by_role("link", name="End and rate").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Rate what you saw: F. Martins")


def test_what_waits_on_a_phone_stays_there_until_everybody_agrees(room: Room, open_browser: Open):
    browser = open_browser(**PHONE)
    page = room.page(browser)
    says(page, "Ready without network.")
    expect(page.locator("[data-cannot]")).to_be_hidden()
    browser.set_offline(True)
    for text in ("She wept about her divorce.", "He waits."):
        write(page, text)
    with room.app.app_context(), base.tenant(room.world.org_id):
        asked.add(actor=room.world.actor("R. Okafor"), observation_id=room.made, named=Named("Kim", ""))
        people = asked.page(actor=room.world.actor("R. Okafor"), observation_id=room.made).people
        [kim] = [one.person_id for one in people if one.name == "Kim"]
        who = Actor(room.world.org_id, kim, room.world.course_id, "Kim", frozenset(), "")
        participant.answer(actor=who, observation_id=room.made, agrees=False)
    browser.set_offline(False)
    says(page, "2 notes wait on this device, since the session cannot be observed as things stand.")
    expect(page.locator("[data-cannot]")).to_be_visible()
    assert room.texts() == []
    shot(page, "held")
    page.set_viewport_size({"width": 1280, "height": 800})
    shot(page, "held-wide")
    with room.app.app_context(), base.tenant(room.world.org_id):
        participant.answer(actor=who, observation_id=room.made, agrees=True)
    page.evaluate("dispatchEvent(new Event('online'))")
    says(page, "All notes are stored.")
    assert sorted(room.texts()) == ["He waits.", "She wept about her divorce."]
    assert "note" not in page.evaluate(ENCRYPTED)["kinds"]


def test_a_note_that_the_server_takes_in_no_way_keeps_no_other_back(room: Room, open_browser: Open):
    page = room.page(open_browser(**PHONE))
    says(page, "Ready without network.")

    def refuse(route: Route) -> None:
        if route.request.method == "POST" and "Too much" in (route.request.post_data or ""):
            route.fulfill(status=413, content_type="application/problem+json", body='{"title": "This is too large."}')
        else:
            route.continue_()

    page.context.set_offline(True)
    for text in ("One.", "Too much."):
        write(page, text)
    typed = r"const box = document.querySelector('#note'); box.value = 'Three, half \ud83d a face.'; box.dispatchEvent(new Event('input'))"
    page.evaluate(f"() => {{ {typed} }}")
    page.get_by_role("button", name="Keep this note").click()
    expect(page.locator("[data-kept] li")).to_have_count(3)
    page.context.route("**/api/v1/**", refuse)
    page.context.set_offline(False)
    says(page, "1 note could not be stored.")
    expect(page.locator("[data-kept]")).to_contain_text("This is too large.")
    assert room.texts() == ["One.", "Three, half  a face."]


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


def test_off_the_record_stops_everything_at_once_and_survives_a_reload(room: Room, open_browser: Open):
    page = room.page(open_browser(**PHONE))
    page.get_by_role("button", name="Start").click()
    page.locator("#note").fill("Begun on the record")
    want(page, "speaking")
    page.get_by_role("button", name="Off the record").click()
    for _ in range(2):
        expect(page.locator("[data-silence]")).to_contain_text("Nothing is written or counted until you go on.")
        expect(page.locator("#note")).not_to_be_editable()
        expect(page.locator("#note")).to_have_value("Begun on the record")
        for name in ("Keep this note", "Mentor", "Protégé"):
            expect(page.get_by_role("button", name=name)).to_be_disabled()
        shot(page, "silence")
        page.wait_for_timeout(400)
        page.reload()
    page.wait_for_timeout(1500)  # a span has whole seconds
    page.get_by_role("button", name="Back on the record").click()
    page.get_by_role("button", name="Keep this note").click()
    says(page, "All notes are stored.")
    assert room.texts() == ["Begun on the record"]
    with page.expect_response("**/field"):
        page.evaluate("dispatchEvent(new Event('online'))")
    [device] = room.stored().devices
    [(start, end)] = device.counted.pauses
    assert start < end


def test_tags_talk_and_questions_come_when_wanted_and_only_the_newest_window_counts(room: Room, open_browser: Open):
    browser = open_browser(**PHONE)
    page = room.page(browser)
    for hidden in ("[data-tags]", "[data-speaking]", "[data-questions]"):
        expect(page.locator(hidden)).to_be_hidden()
    page.get_by_role("button", name="C3 Agenda").click()
    expect(page.locator("[data-anchor] dd")).to_have_count(4)
    want(page, "tags", "speaking", "questions")
    page.locator("[data-who=mentor]").click()
    for name in ("Open", "Open", "Leading"):
        page.locator("[data-questions]").get_by_role("button", name=name).click()
    page.get_by_role("button", name="Undo last").click()
    for tag in ("C3", "C5"):
        page.locator(f"[data-tags] input[value={tag}]").check()
    page.wait_for_timeout(1200)
    write(page, "Asks, then waits.")
    says(page, "All notes are stored.")
    shot(page, "tools")
    [note] = room.stored().notes
    assert note.tag == "C3 C5"
    [device] = room.stored().devices
    counts = dict(device.counted.counts)
    assert counts.pop("mentor") >= 1
    assert counts == {"protege": 0, "open": 2, "leading": 1, "leading_back": 1}
    second = browser.new_page()
    second.goto(room.address)
    expect(page.locator("[data-elsewhere]")).to_be_visible()
    expect(page.locator("#note")).not_to_be_editable()
    expect(second.locator("[data-question=open] b")).to_have_text("2")
    expect(second.locator("[data-tags]")).to_be_visible()


def test_a_name_is_asked_about_once_and_the_page_finds_what_the_server_finds(room: Room, open_browser: Open):
    page = room.page(open_browser(**PHONE))
    page.locator("#note").fill("Martins waits.")
    page.get_by_role("button", name="Keep this note").click()
    expect(page.get_by_role("alert")).to_contain_text("“Martins”")
    expect(page.locator("#note")).to_have_value("Martins waits.")
    shot(page, "name")
    page.get_by_role("button", name="Keep as it is").click()
    expect(page.locator("[data-kept] li")).to_have_count(1)
    expect(page.get_by_role("alert")).to_have_count(0)
    names = ["Brightwater", "Hollow", "Lee", "Martins", "Oak", "Will", "Núñez"]
    texts = [text for text, _ in EXAMPLES] + ["«Núñez» nods", "núñezes", "Tel. 020-7946-0000, or 555"]
    found = page.evaluate(
        """async ([texts, names, patterns]) => {
          const { findings } = await import("/static/discretion.js");
          return texts.map((text) => findings(text, names, patterns));
        }""",
        [texts, names, discretion.PATTERNS],
    )
    assert found == [[[one.kind, one.words] for one in discretion.findings(text, names)] for text in texts]


def test_signed_out_in_the_field_nothing_is_lost_and_the_next_page_of_the_tool_sends_it(room: Room, open_browser: Open):
    browser = open_browser(**PHONE)
    page = room.page(browser)
    says(page, "Ready without network.")
    browser.clear_cookies()
    page.locator("#note").fill("Written after the session had ended.")
    page.get_by_role("button", name="Keep this note").click()
    says(page, "1 note stays on this device, encrypted.")
    page.reload()
    page.get_by_role("button", name="I am T. Lindqvist").click()
    says(page, "You are not signed in here any more.")
    with page.expect_response(lambda answer: answer.request.method == "GET" and "/api/v1/" in answer.url) as refused:
        write(page, "And one more.")
    assert refused.value.status == 401
    expect(page.locator("[data-kept] li")).to_have_count(2)
    shot(page, "signed-out")
    assert room.texts() == []
    room.enter(browser)
    page.goto(room.address.replace(f"/{room.made}/field", ""))
    expect(page.get_by_text("2 notes from the field are stored now.")).to_be_visible()
    assert sorted(room.texts()) == ["And one more.", "Written after the session had ended."]


def test_signing_out_clears_the_device_after_a_word_where_something_would_be_lost(room: Room, open_browser: Open):
    browser = open_browser(**PHONE)
    page = room.page(browser)
    page.context.route("**/api/v1/**", lambda route: route.abort())
    write(page, "On this device alone.")
    page.goto(room.address.replace(f"/{room.made}/field", ""))
    expect(page.get_by_text("1 note from the field waits on this device.")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("1 note is on this device alone.")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are signed out here")
    held = page.evaluate(ENCRYPTED)
    assert (held["kinds"], held["keys"]) == ([], 0)


def test_another_person_on_the_same_phone_reads_nothing_before_saying_who_they_are(room: Room, open_browser: Open):
    browser = open_browser(**PHONE)
    page = room.page(browser)
    says(page, "Ready without network.")
    page.context.route("**/api/v1/**", lambda route: route.abort())
    write(page, "For one pair of eyes.")
    page.locator("#note").fill("And half a sentence")
    page.wait_for_timeout(500)
    page.close()
    browser.clear_cookies()
    page = browser.new_page()
    page.goto(room.address)
    expect(page.locator("[data-whose]")).to_contain_text("Who are you?")
    shot(page, "whose")
    assert (page.get_by_text("For one pair of eyes.").count(), page.locator("#note").input_value()) == (0, "")
    assert "F. Martins" not in page.locator("body").inner_text()
    page.get_by_role("button", name="I am T. Lindqvist").click()
    expect(page.get_by_text("For one pair of eyes.")).to_be_visible()
    expect(page.locator("#note")).to_have_value("And half a sentence")
    expect(page.locator("[data-whose]")).to_be_hidden()


def test_once_all_is_sent_and_nothing_more_is_taken_nothing_stays_on_the_device(room: Room, open_browser: Open):
    page = room.page(open_browser(**PHONE))
    says(page, "Ready without network.")
    write(page, "Asks one thing, and waits.")
    says(page, "All notes are stored.")
    assert "pack" in page.evaluate(ENCRYPTED)["kinds"]
    page.get_by_role("link", name="End and rate").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Rate what you saw: F. Martins")
    held = page.evaluate(ENCRYPTED)
    assert (held["kinds"], held["keys"]) == ([], 0)
    page.go_back()
    says(page, re.compile("All notes are stored|Ready without network"))
    with room.app.app_context(), base.tenant(room.world.org_id):
        observation.cancel(actor=room.world.actor("R. Okafor"), observation_id=room.made)
    page.goto(room.address)
    says(page, "No more notes are taken")
    page.wait_for_timeout(500)
    held = page.evaluate(ENCRYPTED)
    assert (held["kinds"], held["keys"]) == ([], 0)


def test_a_row_that_opens_no_more_keeps_no_other_back_and_is_counted(room: Room, open_browser: Open):
    page = room.page(open_browser(**PHONE))
    says(page, "Ready without network.")
    page.context.route("**/api/v1/**", lambda route: route.abort())
    write(page, "Written before the key was lost.")
    page.evaluate(FORGET_KEYS)
    write(page, "Written with the new one.")
    page.context.unroute("**/api/v1/**")
    page.evaluate("dispatchEvent(new Event('online'))")
    says(page, "All notes are stored.")
    assert room.texts() == ["Written with the new one."]
    page.reload()
    says(page, "1 note is gone from this device without having been sent")


def test_a_note_changed_after_it_had_arrived_is_kept_in_both_versions(room: Room, open_browser: Open):
    browser = open_browser(**PHONE)
    page = room.page(browser)
    lose_answers(page, times=1, then="abort")
    write(page, "As it was sent first.")
    page.get_by_role("button", name="Change").click()
    expect(page.locator("#note")).to_have_value("As it was sent first.")
    page.context.unroute_all(behavior="ignoreErrors")
    write(page, "As it was changed.")
    expect(page.get_by_text("two versions, both stored")).to_have_count(2)
    assert sorted(room.texts()) == ["As it was changed.", "As it was sent first."]


@pytest.mark.parametrize("width", chromium.WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_field_page_and_the_sheet_fit_and_can_be_read(room: Room, open_browser: Open, width: int, scheme: str):
    page = room.page(open_browser(viewport={"width": width, "height": 800}, color_scheme=scheme))
    says(page, "Ready without network.")
    page.get_by_role("button", name="Start").click()
    write(page, "Asks one open question and waits for eight seconds; the colleague names two things and picks the second.")
    says(page, "All notes are stored.")
    want(page, "tags", "speaking", "questions")
    page.get_by_role("button", name="C3 Agenda").click()
    chromium.hold_to_the_look(page, keyboard=scheme == "light")
    shot(page, f"{width}-{scheme}")
    page.goto(room.address.replace("/field", "/paper"))
    chromium.hold_to_the_look(page, keyboard=scheme == "light")
    shot(page, f"paper-{width}-{scheme}")
