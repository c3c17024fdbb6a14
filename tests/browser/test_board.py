# SPDX-License-Identifier: Apache-2.0
"""The cohort board in Chromium: thirty people in mixed states, at both widths, light and dark; filtered by keyboard without a script."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import update

from conftest import World, make_world
from lti_mentoring import app as wiring
from lti_mentoring.services import participation, programme
from lti_mentoring.settings import Settings
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.people import Membership
from lti_mentoring.store.training import CheckAttempt
from support import applying, chromium
from support.closing import let_go
from support.driver import serving
from support.ports import free_port
from support.progress import observe
from support.visitor import Visitor

Open = Callable[..., BrowserContext]
SHOTS = os.environ.get("LTI_MENTORING_SHOTS")
MODULES = [f"M{number}" for number in range(8)]
LEFT, FIRST = "Wilhelmina Cartwright-Osei", "Person 07"


@dataclass
class Room:
    """A served course with its coordinator's cookie, and the candidacy of one person."""

    world: World
    url: str
    cookie: str
    person: str

    def page(self, browser: BrowserContext, path: str) -> Page:
        """The coordinator's window at a page of the course."""
        where = self.url.replace("http:", "https:")
        browser.add_cookies([{"name": "__Host-lti-mentoring", "value": self.cookie, "url": where, "secure": True}])
        page = browser.new_page()
        page.goto(f"{self.url}/courses/{self.world.course_id}/{path}")
        return page


def filled(world: World) -> None:
    """Thirty people, of whom ten are in a version that asks for more; two applicants; somebody who has left, and one who is late."""
    lead = applying.taking_applications(world)
    world.person("T. Lindqvist", "observer", standing="instructor")
    first = programme.current(world.org_id)
    assert first is not None
    version = programme.load(first.id)
    module, policy = version.modules[0], next(one for one in version.policies if one.name == "starter")
    modules = tuple(replace(module, key=key, title=f"Module {key}") for key in MODULES)
    wide = replace(version, modules=modules, policy=replace(policy, modules_required=tuple(MODULES), before_observing=("M0", "M1")))
    with base.transactional() as session:
        other = programme.publish(session, org_id=world.org_id, programme=wide, actor="operator", derived_from=first.id).id
    for number in range(30):
        name = LEFT if number == 3 else f"Person {number:02}"
        world.person(name)
        held, late = world.candidacy_id(name), base.now() - timedelta(days=30 * number)
        with base.transactional() as session:
            if number % 3 == 0:
                session.execute(update(Candidacy).where(Candidacy.id == held).values(programme_version_id=other))
            session.execute(update(Candidacy).where(Candidacy.id == held).values(started_at=late))
            session.execute(update(Membership).where(Membership.person_id == world.people[name]).values(launched_at=late))
        _train(held, other if number % 3 == 0 else first.id, MODULES[: number % 9] if number % 3 == 0 else ["M1"][: number % 2])
        if number % 6 == 1:
            observe(world, name, level=2 + number % 3, until=("release", "plan", "draft")[number % 5 % 3])
    participation.withdraw(actor=lead, candidacy_id=world.candidacy_id(LEFT), reason="no_time")
    for name in ("Amina Quillfeather", "Tomasz Larkspur-Lind"):
        applying.submitted(world, name)


def _train(held: str, version: str, keys: list[str]) -> None:
    tried = {"candidacy_id": held, "seed": "s", "item_keys": [], "number": 1, "state": "finished", "finished_at": base.now()}
    with base.transactional() as session:
        for key in keys:
            module = programme.module_version_id(version, key)
            mastered = key != keys[-1] or len(keys) % 2 == 1
            session.add(CheckAttempt(**tried, module_version_id=module, module_key=key, mastered=mastered))


@pytest.fixture
def room(database_url: str, make_settings: Callable[..., Settings]) -> Iterator[Room]:
    port = free_port()
    url = f"http://localhost:{port}"
    app: Flask = wiring.create_app(
        make_settings(database_url=database_url, sqlite_synchronous="NORMAL", allow_local_platforms="true", public_url=url)
    )
    with app.app_context():
        world = make_world("Northfield")
        with base.tenant(world.org_id):
            filled(world)
            cookie = Visitor(app, world.actor("Coordinator")).client.get_cookie("__Host-lti-mentoring")
            assert cookie is not None
            person = world.candidacy_id(FIRST)
    with serving(app, port):
        yield Room(world, url, cookie.value, person)
    with app.app_context():
        let_go()


def test_the_board_is_filtered_by_keyboard_without_a_script_and_leads_to_one_person(room: Room, open_browser: Open) -> None:
    page = room.page(open_browser(java_script_enabled=False), "cohort")
    page.get_by_text("Choose more closely").click()
    page.get_by_label("Taking part").select_option("withdrawn")
    page.get_by_role("button", name="Show").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("One person of 32 is shown.")).to_be_visible()
    page.get_by_role("link", name=LEFT).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(LEFT)
    expect(page.get_by_role("heading", name="Why not yet")).to_be_visible()
    page.get_by_role("link", name="Cohort board").click()
    page.get_by_role("row", name="Selection").get_by_role("link").first.click()
    expect(page.get_by_text("2 people of 32 are shown.")).to_be_visible()
    expect(page.get_by_role("link", name="Amina Quillfeather")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_board_and_one_persons_page_fit_and_can_be_read(room: Room, open_browser: Open, scheme: str) -> None:
    browser = open_browser(color_scheme=scheme)
    for width in chromium.WIDTHS:
        for name, path in (("board", "cohort"), ("person", f"cohort/{room.person}")):
            page = room.page(browser, path)
            page.set_viewport_size({"width": width, "height": 900})
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            if SHOTS:
                page.screenshot(path=Path(SHOTS) / f"{name}-{width}-{scheme}.png", full_page=True)
            chromium.hold_to_the_look(page, keyboard=scheme == "light")
            page.close()
