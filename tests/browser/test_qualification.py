# SPDX-License-Identifier: Apache-2.0
"""An observer qualifies by two exercises of the pack, drifts and is suspended, comes back and lapses, as they read it in Chromium."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import select

from conftest import World, make_world
from lti_mentoring import app as wiring
from lti_mentoring.domain.transcript import script
from lti_mentoring.services import founding, programme, qualification
from lti_mentoring.settings import Settings
from lti_mentoring.store import base
from lti_mentoring.store.qualification import ObserverQualification
from support.chromium import WIDTHS, hold_to_the_look
from support.closing import let_go
from support.driver import serving
from support.ports import free_port
from support.qualifying import FOUNDATIONS, asks, both_rated, rated
from support.visitor import Visitor

Open = Callable[..., BrowserContext]
SHOTS = os.environ.get("LTI_MENTORING_SHOTS")
COOKIE = "__Host-lti-mentoring"


class Place(NamedTuple):
    """A course that asks for a qualification: its app, its address, and the cookies of who is there."""

    app: Flask
    world: World
    course: str
    cookies: dict[str, str]


@pytest.fixture
def place(database_url: str, make_settings: Callable[..., Settings]) -> Iterator[Place]:
    port = free_port()
    url = f"http://localhost:{port}"
    app = wiring.create_app(
        make_settings(database_url=database_url, sqlite_synchronous="NORMAL", allow_local_platforms="true", public_url=url)
    )
    cookies = {}
    with app.app_context():
        world = make_world("Northfield")
        with base.tenant(world.org_id):
            asks(world)
            world.person("F. Martins")
            for name, role in (("T. Lindqvist", "observer"), ("S. Haddad", "observer"), ("R. Okafor", "coordinator")):
                found = Visitor(app, world.person(name, role, standing="instructor")).client.get_cookie(COOKIE)
                assert found is not None
                cookies[name] = str(found.value)
    with serving(app, port):
        yield Place(app, world, f"{url}/courses/{world.course_id}", cookies)
    with app.app_context():
        let_go()


def window(place: Place, open_browser: Open, who: str) -> Page:
    https = place.course.partition("/courses/")[0].replace("http:", "https:")
    browser = open_browser(viewport={"width": WIDTHS[0], "height": 900})
    browser.add_cookies([{"name": COOKIE, "value": place.cookies[who], "url": https, "secure": True}])
    return browser.new_page()


def looked_at(page: Page, name: str) -> None:
    for width in (WIDTHS[1], WIDTHS[0]):
        page.set_viewport_size({"width": width, "height": 900})
        hold_to_the_look(page, keyboard=False)
        if SHOTS:
            page.screenshot(path=Path(SHOTS) / f"qualification-{name}-{width}.png", full_page=True)


def rates(page: Page, place: Place, key: str) -> None:
    """The exercise as its master rates it, chosen and submitted on its page."""
    pack, _ = programme.read(FOUNDATIONS)
    assert pack is not None
    page.goto(f"{place.course}/calibration/{key}")
    for one in script(next(one for one in pack.transcripts if one.key == key)).ratings:
        page.locator(f"input[name=level-{one.criterion}][value='{one.level or 'NO'}']").evaluate("one => one.click()")
    page.get_by_role("button", name="Submit and compare").click()
    expect(page.locator("h1")).to_have_text("Your levels and the master’s")


def on_paper(place: Place, act: Callable[[], None]) -> None:
    """What happens elsewhere meanwhile; then the worker looks."""
    with place.app.app_context():
        with base.tenant(place.world.org_id):
            act()
        qualification.sweep(now=base.now())


def test_two_exercises_qualify_and_drift_and_time_end_it(place: Place, open_browser: Open) -> None:
    page = window(place, open_browser, "T. Lindqvist")
    page.goto(f"{place.course}/observations")
    page.get_by_role("link", name="My standing").click()
    expect(page.locator(".lede")).to_contain_text("You are not qualified yet. What you rate today is kept and waits")
    looked_at(page, "none")
    rates(page, place, "T1")
    expect(page.locator(".note").first).to_contain_text("RU-C: You are not qualified yet. Exercises: 1 of 2.")
    rates(page, place, "T2")
    expect(page.locator(".note").first).to_contain_text("RU-C: You are qualified until")
    looked_at(page, "result")
    page.goto(f"{place.course}/standing")
    expect(page.locator(".lede")).to_contain_text("What you rate today counts.")
    looked_at(page, "current")

    def drifts() -> None:
        mine, other = (place.world.actor(name) for name in ("T. Lindqvist", "S. Haddad"))
        for number in range(2):
            both_rated(place.world, "F. Martins", mine, other, [(2, 4), (1, 3)] * 4 + [(3, 3 - number)] * 4)

    on_paper(place, drifts)
    page.reload()
    expect(page.locator(".lede")).to_contain_text("Your qualification is suspended")
    looked_at(page, "suspended")

    def comes_back_and_a_year_passes() -> None:
        for key in ("T3", "T4"):
            rated(place.world.actor("T. Lindqvist"), key)
        with base.transactional() as session:
            row = session.scalars(select(ObserverQualification).order_by(ObserverQualification.number.desc())).first()
            assert row is not None
            assert (row.number, row.state) == (2, "current")
            row.starts_on, row.ends_on = row.starts_on - timedelta(days=365), row.starts_on

    on_paper(place, comes_back_and_a_year_passes)
    page.reload()
    expect(page.locator(".lede")).to_contain_text("Your qualification has ended; its last day was")
    page.goto(f"{place.course}/notices")
    expect(page.locator("main")).to_contain_text("Your standing as an observer has changed.")
    with place.app.app_context(), base.tenant(place.world.org_id):
        lead, mentor = (place.world.actor(name) for name in ("R. Okafor", "S. Haddad"))
        founding.name(actor=lead, person_id=mentor.person_id, reason="Ten years as a mentor of newly appointed planners.")
    lead_page = window(place, open_browser, "R. Okafor")
    for path, said in (
        ("observers", "The ratings of 0 of 2 observers count today on RU-C."),
        ("agreement", "ratings are the same."),
        ("founding-mentors", "Nobody is a founding mentor yet."),
    ):
        lead_page.goto(f"{place.course}/{path}")
        expect(lead_page.locator(".lede")).to_contain_text(said)
        looked_at(lead_page, path)
