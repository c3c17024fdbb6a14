# SPDX-License-Identifier: Apache-2.0
"""Second and third opinions, a rater's list and observer capacity in Chromium at both widths: whole and readable."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import BrowserContext

from conftest import make_world
from lti_mentoring import app as wiring
from lti_mentoring.services import second
from lti_mentoring.settings import Settings
from lti_mentoring.store import base
from support import opinions
from support.closing import let_go
from support.driver import serving
from support.ports import free_port
from support.visitor import Visitor
from support.way_in import looked_at

Open = Callable[..., BrowserContext]


@pytest.fixture
def seen(database_url: str, make_settings: Callable[..., Settings]) -> Iterator[dict[str, str]]:
    """A course in which one session waits for a third opinion, one lies ahead, and one candidate hangs on one observer. -> addresses, and
    a cookie for each reader"""
    port = free_port()
    url = f"http://localhost:{port}"
    app = wiring.create_app(
        make_settings(database_url=database_url, sqlite_synchronous="NORMAL", allow_local_platforms="true", public_url=url)
    )
    with app.app_context():
        world = make_world("Northfield")
        with base.tenant(world.org_id):
            for name in ("F. Martins", "S. Haddad", "K. Novak"):
                world.person(name)
                world.mastered(name)
            first, other, third = (opinions.observer(world, name) for name in ("T. Lindqvist", "A. Moreno", "L. Brandt"))
            world.person("N. Untold", "observer", standing="instructor", told=False)
            lead = world.person("R. Okafor", "coordinator", standing="instructor")
            opinions.doubling(world)
            for boss in (other, third):
                opinions.manages(boss, world.actor("K. Novak"))
            made = opinions.planned(world, first)
            ahead = opinions.planned(world, first, "S. Haddad", on=base.now().date() + timedelta(days=3))
            opinions.rate(first, made, 2, note="“What would you like to leave here with?”")
            for rater, level in ((other, 3), (third, None)):
                second.assign(actor=lead, observation_id=made, person_id=rater.person_id)
                if level:
                    opinions.rate(rater, made, level)
            cookies = {}
            for name, who in (("lead", lead), ("rater", third)):
                cookie = Visitor(app, who).client.get_cookie("__Host-lti-mentoring")
                assert cookie is not None
                cookies[name] = cookie.value
    with serving(app, port):
        yield {"course": f"{url}/courses/{world.course_id}", "made": made, "ahead": ahead, **cookies}
    with app.app_context():
        let_go()


def test_pages_of_opinions_and_capacity_are_whole_at_both_widths(seen: dict[str, str], open_browser: Open):
    opinion = {"opinions": "opinions", "third": f"opinions/{seen['made']}", "ahead": f"opinions/{seen['ahead']}"}
    for who, places in (("lead", {**opinion, "audit": "opinions/audit", "capacity": "capacity"}), ("rater", {"queue": "observations"})):
        browser = open_browser()
        where = seen["course"].partition("/courses")[0].replace("http:", "https:")
        browser.add_cookies([{"name": "__Host-lti-mentoring", "value": seen[who], "url": where, "secure": True}])
        page = browser.new_page()
        for name, path in places.items():
            looked_at(page, f"{seen['course']}/{path}", name)
