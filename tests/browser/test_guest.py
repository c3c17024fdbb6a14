# SPDX-License-Identifier: Apache-2.0
"""Somebody from outside in Chromium: a link opened on a phone, with a script and without; a yes, a struck line, and what staff see."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, Page, expect

from conftest import World, make_world
from lti_mentoring import app as wiring
from lti_mentoring.domain.people import Actor
from lti_mentoring.services import observation
from lti_mentoring.services.rating import Note
from lti_mentoring.settings import Settings
from lti_mentoring.store import base
from support import chromium
from support.closing import let_go
from support.driver import serving
from support.ports import free_port
from support.visitor import Visitor

Open = Callable[..., BrowserContext]
SHOTS = os.environ.get("LTI_MENTORING_SHOTS")


@dataclass
class Place:
    """A course with an observation that is planned, served on a port of its own."""

    app: Flask
    world: World
    url: str
    made: str
    lead: Actor
    observer: Actor
    cookie: str

    def people_page(self, browser: BrowserContext) -> Page:
        """The coordinator's page of who is in the room."""
        where = self.url.replace("http:", "https:")
        browser.add_cookies([{"name": "__Host-lti-mentoring", "value": self.cookie, "url": where, "secure": True}])
        page = browser.new_page()
        page.goto(f"{self.url}/courses/{self.world.course_id}/observations/{self.made}/people")
        return page

    def note(self, text: str) -> None:
        """The observer writes a line."""
        with self.app.app_context(), base.tenant(self.world.org_id):
            observation.save_note(actor=self.observer, observation_id=self.made, note=Note(base.new_id(), text))


@pytest.fixture
def place(database_url: str, make_settings: Callable[..., Settings]) -> Iterator[Place]:
    port = free_port()
    url = f"http://localhost:{port}"
    told = {"database_url": database_url, "sqlite_synchronous": "NORMAL", "allow_local_platforms": "true", "public_url": url}
    app = wiring.create_app(make_settings(**told))
    with app.app_context():
        world = make_world("Northfield")
        with base.tenant(world.org_id):
            world.person("F. Martins")
            observer = world.person("T. Lindqvist", "observer", standing="instructor")
            lead = world.person("R. Okafor", "coordinator", standing="instructor")
            cookie = Visitor(app, lead).client.get_cookie("__Host-lti-mentoring")
            assert cookie is not None
            made = observation.plan(
                actor=lead,
                candidacy_id=world.candidacy_id("F. Martins"),
                observer_id=observer.person_id,
                planned_for=base.now().date(),
                protege_label="A new colleague",
                place="Room 2.14",
            )
    with serving(app, port):
        yield Place(app, world, url, made, lead, observer, cookie.value)
    with app.app_context():
        let_go()


def looked_at(page: Page, name: str, said: str) -> None:
    """The page as it stands, at both widths, held to the look."""
    for width in chromium.WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        expect(page.locator("body")).to_contain_text(said)
        chromium.hold_to_the_look(page, keyboard=width == chromium.WIDTHS[0])
        if SHOTS:
            page.screenshot(path=Path(SHOTS) / f"guest-{name}-{width}.png", full_page=True)


def handed_over(page: Page) -> str:
    """The coordinator makes a link for the protégé. -> it"""
    page.get_by_role("button", name="Make a link to hand over").first.click()
    expect(page.locator("body")).to_contain_text("it is shown only now, and works once")
    return page.locator("p.wire").inner_text()


def test_somebody_from_outside_says_yes_and_strikes_a_line(place: Place, open_browser: Open) -> None:
    staff = place.people_page(open_browser())
    looked_at(staff, "nobody", "It cannot be observed as things stand.")
    staff.get_by_label("Name").fill("Kim")
    staff.get_by_role("button", name="Ask them").click()
    expect(staff.locator("body")).to_contain_text("Asked, in private.")
    link = handed_over(staff)
    looked_at(staff, "people", "it is shown only now, and works once")

    phone: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True, "locale": "en"}
    page = open_browser(**phone).new_page()
    page.goto(link)
    expect(page.get_by_label("Your link")).to_be_hidden()
    assert "#" not in page.url
    looked_at(page, "door", "Your link works once.")
    page.get_by_role("button", name="Open my page").click()
    expect(page.locator(".lede")).to_contain_text("You have not answered yet.")
    looked_at(page, "asked", "Only you see what you say here.")
    page.get_by_role("button", name="Yes, it may be observed").click()
    expect(page.locator(".lede")).to_contain_text("You said yes.")
    place.note("“What have you tried so far?” She waits until he has finished.")
    place.note("She offers him her own way before he has found one.")
    page.reload()
    page.get_by_role("button", name="Strike this line").last.click()
    expect(page.locator("ul.todo")).to_contain_text("This line was struck")
    looked_at(page, "lines", "This line was struck")
    staff.reload()
    looked_at(staff, "agreed", "It can be observed.")

    second = open_browser(java_script_enabled=False, viewport={"width": 360, "height": 740}).new_page()
    second.goto(link)
    second.get_by_label("Your link").fill(link)
    second.get_by_role("button", name="Open my page").click()
    expect(second.locator(".lede")).to_contain_text("This link was opened before, and works once.")
    second.get_by_role("button", name="Ask for a new link").click()
    expect(second.locator("body")).to_contain_text("The coordinator is told.")
    newer = handed_over(staff)
    second.goto(newer)
    second.get_by_label("Your link").fill(newer)
    second.get_by_role("button", name="Open my page").click()
    expect(second.locator(".lede")).to_contain_text("You said yes.")
    second.get_by_label("Delete what was noted").check()
    second.get_by_role("button", name="Take my yes back").click()
    expect(second.locator(".lede")).to_contain_text("You said no.")
    staff.reload()
    looked_at(staff, "hindered", "It cannot be observed as things stand.")
