# SPDX-License-Identifier: Apache-2.0
"""The rating sheet in Chromium: it keeps itself, two windows lose nothing, the keyboard is enough, and it fits a phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, Page, expect

from conftest import World, make_world
from lti_mentoring import app as wiring
from lti_mentoring.domain.observation import Rating
from lti_mentoring.services import observation
from lti_mentoring.services.observation import Note
from lti_mentoring.services.sheet import Sheet
from lti_mentoring.settings import Settings
from lti_mentoring.store import base
from support import chromium
from support.closing import let_go
from support.driver import serving
from support.ports import free_port
from support.visitor import Visitor

Open = Callable[..., BrowserContext]
NOTE = "0" * 31 + "1"


@dataclass
class Room:
    """A course with an observation that waits, served on a port of its own."""

    app: Flask
    world: World
    url: str
    made: str
    cookies: dict[str, str]

    def page(self, browser: BrowserContext, who: str = "observer", path: str | None = None) -> Page:
        """A window of somebody, at a page of the course."""
        # Set as over https, which a cookie of this name asks for; Chromium sends it to plain localhost all the same.
        where = self.url.replace("http:", "https:")
        browser.add_cookies([{"name": "__Host-lti-mentoring", "value": self.cookies[who], "url": where, "secure": True}])
        page = browser.new_page()
        page.goto(f"{self.url}/courses/{self.world.course_id}/{path or f'observations/{self.made}'}")
        return page

    def sheet(self) -> Sheet:
        """The sheet as it is kept now."""
        with self.app.app_context(), base.tenant(self.world.org_id):
            return observation.sheet(actor=self.world.actor("T. Lindqvist"), observation_id=self.made)

    def fill(self, level: int) -> None:
        """Everything that a release needs."""
        with self.app.app_context(), base.tenant(self.world.org_id):
            ratings = [Rating(row.criterion.key, level, note_ids=(NOTE,)) for row in self.sheet().criteria]
            actor = self.world.actor("T. Lindqvist")
            observation.save_draft(actor=actor, observation_id=self.made, revision=self.sheet().revision, ratings=ratings, consent=True)

    def release(self) -> None:
        """The observer's last press."""
        with self.app.app_context(), base.tenant(self.world.org_id):
            actor = self.world.actor("T. Lindqvist")
            observation.submit(actor=actor, observation_id=self.made, revision=self.sheet().revision)

    def levels(self) -> dict[str, Rating]:
        return {row.criterion.key: row.rating for row in self.sheet().criteria}


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
                "candidate": world.person("F. Martins"),
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
            note = Note(NOTE, "“What would you like to leave here with?”")
            observation.save_note(actor=people["observer"], observation_id=made, note=note)
    with serving(app, port):
        yield Room(app, world, url, made, cookies)
    with app.app_context():
        let_go()


def kept(page: Page) -> None:
    expect(page.locator("[data-status]")).to_contain_text("Draft kept")


def choose(page: Page, key: str, level: str) -> None:
    page.locator(f"#c-{key} label.level", has=page.locator(f"input[value='{level}']")).click()


def test_levels_links_and_notes_keep_themselves(room: Room, open_browser: Open):
    page = room.page(open_browser())
    complaints = chromium.console_errors(page)
    choose(page, "C3", "3")
    expect(page.locator("#c-C3 [data-gap]")).to_be_visible()
    expect(page.locator("[data-jump=C3]")).to_have_text("C3 !")
    page.locator("#c-C3 summary").click()
    page.locator("#c-C3 .pick").first.click()
    expect(page.locator("#c-C3 [data-gap]")).to_be_hidden()
    expect(page.locator("#c-C3 [data-linked] li")).to_have_text("“What would you like to leave here with?”")
    page.fill("#note", "Quiet for eight seconds.")
    page.get_by_role("button", name="Keep this note").click()
    expect(page.locator("[data-evidence] li")).to_have_count(2)
    expect(page.locator("#note")).to_have_value("")
    kept(page)
    assert room.levels()["C3"] == Rating("C3", 3, note_ids=(NOTE,))
    page.reload()
    expect(page.locator("#c-C3 input[value='3']")).to_be_checked()
    expect(page.locator("[data-evidence] li")).to_have_count(2)
    assert complaints == []


def test_a_note_written_while_the_network_was_away_is_kept_once_it_is_back(room: Room, open_browser: Open):
    browser = open_browser()
    page = room.page(browser)
    browser.set_offline(True)
    choose(page, "C1", "1")
    page.fill("#note", "Said while offline.")
    page.get_by_role("button", name="Keep this note").click()
    expect(page.locator("[data-note-status]")).to_contain_text("not kept yet")
    expect(page.locator("[data-status]")).to_contain_text("Not kept")
    browser.set_offline(False)
    for _ in range(2):
        page.get_by_role("button", name="Keep this note").click()
    kept(page)
    expect(page.locator("[data-evidence] li")).to_have_count(2)
    assert room.levels()["C1"].level == 1
    assert [line.text for line in room.sheet().notes].count("Said while offline.") == 1


@pytest.mark.parametrize(("button", "level"), [("Keep what is chosen here", 2), ("Take the other", 3)])
def test_two_windows_show_both_and_the_observer_chooses(room: Room, open_browser: Open, button: str, level: int):
    browser = open_browser()
    first, second = room.page(browser), room.page(browser)
    choose(first, "C1", "3")
    kept(first)
    choose(second, "C1", "2")
    clash = second.locator("#c-C1 [data-clash-note]")
    expect(clash).to_contain_text("level 3")
    choose(second, "C2", "1")
    expect(second.locator("[data-status]")).to_contain_text("Draft kept")
    assert (room.levels()["C1"].level, room.levels()["C2"].level) == (3, 1)
    clash.get_by_role("button", name=button).click()
    expect(clash).to_have_count(0)
    with second.expect_navigation():
        second.get_by_role("button", name="Keep the draft").last.click()
    expect(second.locator("#c-C1 input:checked")).to_have_value(str(level))
    assert room.levels()["C1"].level == level


def test_the_keyboard_is_enough(room: Room, open_browser: Open):
    page = room.page(open_browser())
    page.locator("#c-C1 input[type=radio]").first.focus()
    page.keyboard.press("Space")
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    expect(page.locator("#c-C1 input[value='3']")).to_be_checked()
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "level-C2":
            break
    assert page.evaluate("document.activeElement.name") == "level-C2"
    page.keyboard.press("ArrowDown")
    expect(page.locator("#c-C2 input:checked")).to_have_count(1)
    kept(page)


def test_from_an_empty_sheet_to_the_report_by_clicks(room: Room, open_browser: Open):
    page = room.page(open_browser())
    page.get_by_role("button", name="They have agreed").click()
    expect(page.get_by_text("The protégé has agreed")).to_be_visible()
    for number in range(1, 13):
        key = f"C{number}"
        if number == 12:
            choose(page, key, "NO")
            page.fill(f"#reason-{key}", "No earlier session to compare with.")
        else:
            choose(page, key, "3")
            page.locator(f"#c-{key} summary").click()
            page.locator(f"#c-{key} .pick").first.click()
    page.get_by_role("button", name="Go on to the release").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Release the report on F. Martins?")
    page.get_by_role("button", name="Release the report").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Report on F. Martins")
    report = room.page(page.context, "candidate", f"observations/{room.made}/report")
    expect(report.locator(".lede")).to_contain_text("Met.")
    expect(report.locator("#page")).to_contain_text("No earlier session to compare with.")


@pytest.mark.parametrize("width", chromium.WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_fit_and_can_be_read(room: Room, open_browser: Open, width: int, scheme: str, tmp_path: Path):
    browser = open_browser(viewport={"width": width, "height": 800}, color_scheme=scheme)

    def look(who: str, path: str, name: str) -> None:
        shown = room.page(browser, who, path)
        chromium.hold_to_the_look(shown, keyboard=scheme == "light")
        shown.screenshot(path=tmp_path / f"{name}-{width}-{scheme}.png", full_page=True)

    page = room.page(browser)
    choose(page, "C1", "3")
    choose(page, "C9", "NO")
    kept(page)
    sheet = f"observations/{room.made}"
    look("observer", f"{sheet}?check=1", "sheet")
    look("observer", "observations", "list")
    look("coordinator", "cohort", "cohort")
    look("coordinator", "observations/plan", "plan")
    room.fill(level=2)
    look("observer", f"{sheet}/release", "release")
    room.release()
    look("candidate", f"{sheet}/report", "report")
