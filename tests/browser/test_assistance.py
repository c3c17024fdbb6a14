# SPDX-License-Identifier: Apache-2.0
"""Help in Chromium: from “Get help” to the answer with two windows, on a phone and at a desk, with nothing that axe finds grave."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, Page, expect

from conftest import World, make_world
from lti_mentoring import app as wiring
from lti_mentoring.services import assistance
from lti_mentoring.settings import Settings
from lti_mentoring.store import base
from lti_mentoring.store.assistance import AssistanceRequest
from support import chromium
from support.closing import let_go
from support.driver import serving
from support.ports import free_port
from support.visitor import Visitor

Open = Callable[..., BrowserContext]
WORDS = "I lose the thread when the protégé goes silent."


@dataclass
class Room:
    """A course with a candidate and a trainer, served on a port of its own."""

    app: Flask
    world: World
    url: str
    cookies: dict[str, str]

    def page(self, browser: BrowserContext, who: str, path: str) -> Page:
        """A window of somebody, at a page of the course."""
        # Set as over https, which a cookie of this name asks for; Chromium sends it to plain localhost all the same.
        where = self.url.replace("http:", "https:")
        browser.add_cookies([{"name": "__Host-lti-mentoring", "value": self.cookies[who], "url": where, "secure": True}])
        page = browser.new_page()
        page.goto(f"{self.url}/courses/{self.world.course_id}/{path}")
        return page

    def fill(self) -> str:
        """An offer, and a request in each open state. -> the id of the one that is taken"""
        made = {}
        with self.app.app_context(), base.tenant(self.world.org_id):
            candidate, trainer = self.world.actor("F. Martins"), self.world.actor("L. Brandt")
            with base.transactional() as session:
                facts = {"candidacy_id": self.world.candidacy_id("F. Martins"), "course_id": self.world.course_id, "topic_kind": "other"}
                session.add(AssistanceRequest(id=base.new_id(), state="offered", reason="inactive", offer_key="inactive:", **facts))
            for state in ("requested", "taken", "answered"):
                made[state] = base.new_id()
                assistance.ask(actor=candidate, request_id=made[state], topic="module:M1", urgency="blocked", text=WORDS)
                if state != "requested":
                    assistance.take(actor=trainer, request_id=made[state])
                    contact = {"contact_id": base.new_id(), "minutes": 20, "mode": "call", "outcome": "We went through it once more."}
                    contact |= {"follow_up": base.now().date(), "answers": state == "answered"}
                    assistance.add_contact(actor=trainer, request_id=made[state], **contact)
        return made["taken"]


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
            people = {"candidate": world.person("F. Martins"), "trainer": world.person("L. Brandt", "trainer", standing="instructor")}
            cookies = {}
            for name, actor in people.items():
                cookie = Visitor(app, actor).client.get_cookie("__Host-lti-mentoring")
                assert cookie is not None
                cookies[name] = cookie.value
    with serving(app, port):
        yield Room(app, world, url, cookies)
    with app.app_context():
        let_go()


def test_from_get_help_to_an_answer_that_the_candidate_closes(room: Room, open_browser: Open) -> None:
    candidate = room.page(open_browser(viewport={"width": 360, "height": 740}), "candidate", "modules/M1")
    heard = chromium.console_errors(candidate)
    candidate.get_by_role("link", name="Get help").click()
    expect(candidate.get_by_label("What is it about?")).to_have_value("module:M1")
    candidate.get_by_label("What holds you up?").fill(WORDS)
    candidate.get_by_role("button", name="Ask for help").click()
    expect(candidate.get_by_text("Waits for somebody to take it")).to_be_visible()
    trainer = room.page(open_browser(), "trainer", "help/board")
    trainer.get_by_role("button", name="Take it").click()
    expect(trainer.get_by_text(WORDS)).to_be_visible()
    trainer.get_by_label("What came of it").fill("We went through it once more.")
    trainer.get_by_role("button", name="Keep it: this answers the request").click()
    candidate.reload()
    expect(candidate.get_by_text("We went through it once more.")).to_be_visible()
    candidate.get_by_role("button", name="Close it").click()
    expect(candidate.get_by_text("Closed", exact=True)).to_be_visible()
    assert heard == []


@pytest.mark.parametrize("width", chromium.WIDTHS)
def test_the_pages_of_help_fit_are_reached_by_keyboard_and_have_no_grave_fault(room: Room, open_browser: Open, width: int) -> None:
    taken = room.fill()
    browser = open_browser(viewport={"width": width, "height": 800})
    for who, path in (("candidate", "help/"), ("candidate", "help/ask"), ("trainer", "help/board"), ("trainer", f"help/board/{taken}")):
        page = room.page(browser, who, path)
        expect(page.locator("h1")).to_be_visible()
        chromium.no_horizontal_scroll(page)
        chromium.axe_serious(page)
        chromium.small_targets(page)
        assert chromium.visible_focus(page) > 4, path
        page.close()
