# SPDX-License-Identifier: Apache-2.0
"""Every type of item in Chromium on a phone's width: answered by the keyboard alone, with and without scripts, and lost by nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import select

from conftest import World, make_world
from lti_mentoring import app as wiring
from lti_mentoring.demo.story import right_answer
from lti_mentoring.domain.answer import form, steps
from lti_mentoring.domain.module import Item
from lti_mentoring.domain.people import Actor
from lti_mentoring.settings import Settings
from lti_mentoring.store import base
from lti_mentoring.store.training import CheckAnswer
from support import chromium, every_item
from support.closing import let_go
from support.driver import serving
from support.ports import free_port
from support.visitor import Visitor

Open = Callable[..., BrowserContext]
PHONE = {"width": 360, "height": 740}
T1 = every_item.read()
KEYS = every_item.one_of_each()
TEXT = next(item for item in T1.items if item.kind == "short_text")


@dataclass
class Room:
    """A course on the pack with every type of item, and a candidate in it, served on a port of its own."""

    app: Flask
    world: World
    url: str
    ada: Actor
    cookie: str

    def attempt(self, browser: BrowserContext, keys: Sequence[str] = KEYS) -> Page:
        """The candidate's window at an attempt that asks these items."""
        with self.app.app_context(), base.tenant(self.world.org_id):
            attempt = every_item.begin(self.ada, keys)
        # Set as over https, which a cookie of this name asks for; Chromium sends it to plain localhost all the same.
        where = self.url.replace("http:", "https:")
        browser.add_cookies([{"name": "__Host-lti-mentoring", "value": self.cookie, "url": where, "secure": True}])
        page = browser.new_page()
        page.set_viewport_size(PHONE)
        page.goto(f"{self.url}/courses/{self.world.course_id}/attempts/{attempt}")
        return page

    def kept(self) -> dict[tuple[str, int], object]:
        """The answers that are stored, by item and step."""
        with self.app.app_context(), base.tenant(self.world.org_id):
            return {(row.item_key, row.step): row.answer for row in base.session().scalars(select(CheckAnswer))}


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
            every_item.use(world.org_id)
            ada = world.person("Ada")
            cookie = Visitor(app, ada).client.get_cookie("__Host-lti-mentoring")
            assert cookie is not None
    with serving(app, port):
        yield Room(app, world, url, ada, cookie.value)
    with app.app_context():
        let_go()


# --- by keyboard


def tab_to(page: Page, selector: str) -> None:
    """Tab forwards until something of that kind has the focus, and see that it shows it."""
    for _ in range(120):
        page.keyboard.press("Tab")
        if page.evaluate("what => document.activeElement?.matches(what) ?? false", selector):
            stop = page.evaluate(chromium.FOCUS)
            assert stop["seen"], f"no visible focus on {stop['tag']}"
            return
    raise AssertionError(f"Tab never reaches {selector} on {page.url}")


def arrow_to(page: Page, value: str) -> None:
    """Go on by arrows to the radio or the option of this value."""
    for _ in range(12):
        if page.evaluate("document.activeElement.value") == value:
            return
        page.keyboard.press("ArrowDown")
    raise AssertionError(f"the arrows never reach {value}")


def select_by_keyboard(page: Page, places: dict[str, object]) -> None:
    for name in page.eval_on_selector_all("select[name^=card-]", "all => all.map(one => one.name)"):
        tab_to(page, f"select[name='{name}']")
        arrow_to(page, str(places[name.removeprefix("card-")]))


def radio_by_keyboard(page: Page, name: str, value: str) -> None:
    tab_to(page, f"input[name='{name}']")
    page.keyboard.press("Space")
    arrow_to(page, value)


def tick_by_keyboard(page: Page, name: str, values: Sequence[str]) -> None:
    for value in page.eval_on_selector_all(f"input[name={name}]", "all => all.map(one => one.value)"):
        tab_to(page, f"input[name={name}][value='{value}']")
        if value in values:
            page.keyboard.press("Space")


def write_by_keyboard(page: Page, text: str) -> None:
    tab_to(page, "textarea")
    page.keyboard.type(text)


def rate_by_keyboard(page: Page, levels: dict[str, int]) -> None:
    for key, level in levels.items():
        radio_by_keyboard(page, f"level-{key}", str(level))


HANDS: dict[str, Callable[[Page, Any], None]] = {
    "choice": lambda page, told: radio_by_keyboard(page, "choice", told),
    "choices": lambda page, told: tick_by_keyboard(page, "choices", told),
    "cards": lambda page, told: select_by_keyboard(page, told),
    "order": lambda page, told: select_by_keyboard(page, {key: place for place, key in enumerate(told, 1)}),
    "levels": lambda page, told: rate_by_keyboard(page, told),
    "text": lambda page, told: write_by_keyboard(page, told),
    "ticks": lambda page, told: tick_by_keyboard(page, "ticks", told),
}


def answer_by_keyboard(page: Page, item: Item, step: int) -> None:
    """Fill in the right answer and send it, touching nothing but keys."""
    name = form(item, step)
    page.evaluate("document.activeElement?.blur()")
    HANDS[name](page, right_answer(item, step)[name])
    tab_to(page, "form[data-question] button[type=submit]")
    page.keyboard.press("Enter")


def go_through(page: Page, *, scripted: bool) -> None:
    """Answer the whole attempt, from question to question by its links."""
    for number, key in enumerate(KEYS, 1):
        item = T1.item(key)
        expect(page).to_have_url(re.compile(rf"/questions/{number}$"))
        assert page.get_attribute("form[data-question]", "data-question") == key
        for step in range(1, steps(item) + 1):
            chromium.no_horizontal_scroll(page)
            answer_by_keyboard(page, item, step)
            expect(page).to_have_url(re.compile(rf"\?kept={step}#answer$" if scripted else r"#answer$"))
            expect(page.locator("[role=status]")).to_have_count(step)
        chromium.no_horizontal_scroll(page)
        tab_to(page, "main a.btn-primary")
        page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/result$"))
    expect(page.locator("main")).to_contain_text("Practice, not counted")


@pytest.mark.parametrize("scripted", [True, False], ids=["with scripts", "without scripts"])
def test_an_item_of_every_type_is_answered_by_keyboard_at_360_px(room: Room, open_browser: Open, scripted: bool):
    page = room.attempt(open_browser(java_script_enabled=scripted))
    complaints = chromium.console_errors(page)
    go_through(page, scripted=scripted)
    wanted = {(key, step): right_answer(T1.item(key), step) for key in KEYS for step in range(1, steps(T1.item(key)) + 1)}
    assert room.kept() == wanted
    assert complaints == []


def test_every_type_holds_to_the_look_before_and_after_its_answer(room: Room, open_browser: Open):
    page = room.attempt(open_browser())
    for key in KEYS:
        item = T1.item(key)
        for step in range(1, steps(item) + 1):
            for width in chromium.WIDTHS:
                page.set_viewport_size({"width": width, "height": PHONE["height"]})
                chromium.hold_to_the_look(page)
            page.set_viewport_size(PHONE)
            page.reload()
            answer_by_keyboard(page, item, step)
            page.wait_for_url(re.compile(rf"\?kept={step}#answer$"))
        for width in chromium.WIDTHS:
            page.set_viewport_size({"width": width, "height": PHONE["height"]})
            chromium.hold_to_the_look(page)
        page.click("main a.btn-primary")
    chromium.hold_to_the_look(page)


def test_a_text_waits_for_the_connection_and_a_reload_shows_what_was_kept(room: Room, open_browser: Open):
    browser = open_browser()
    page = room.attempt(browser, [TEXT.key, "O1-06"])
    write_by_keyboard(page, "Which one\nwould you miss?")
    expect(page.locator("[data-count]")).to_have_text("Words so far: 5")
    browser.set_offline(True)
    tab_to(page, "form[data-question] button[type=submit]")
    page.keyboard.press("Enter")
    expect(page.locator("[data-waiting]")).to_be_visible()
    expect(page.locator("textarea")).to_have_value("Which one\nwould you miss?")
    assert room.kept() == {}
    browser.set_offline(False)
    page.wait_for_url(re.compile(r"\?kept=1#answer$"))
    assert room.kept() == {(TEXT.key, 1): {"text": "Which one\nwould you miss?"}}
    page.reload()
    expect(page.locator("#answer .said")).to_have_text("Which one\nwould you miss?")
    expect(page.get_by_text("A model answer")).to_be_visible()


def test_a_text_that_is_too_long_comes_back_whole_with_what_is_wrong(room: Room, open_browser: Open):
    page = room.attempt(open_browser(), [TEXT.key, "O1-06"])
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    long = "word " * 45
    write_by_keyboard(page, long)
    tab_to(page, "form[data-question] button[type=submit]")
    page.keyboard.press("Enter")
    expect(page.locator("#answer-error")).to_contain_text("45 words; 40 are the most")
    expect(page.locator("textarea")).to_have_value(long)
    assert asked == [], "sending a text is no leaving"
    assert room.kept() == {}


def test_leaving_a_text_that_is_not_kept_asks_first(room: Room, open_browser: Open):
    page = room.attempt(open_browser(), [TEXT.key, "O1-06"])
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.reload()
    assert asked == []
    write_by_keyboard(page, "Half a")
    page.reload()
    assert asked == ["beforeunload"]
