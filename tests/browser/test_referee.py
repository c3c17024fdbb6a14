# SPDX-License-Identifier: Apache-2.0
"""A referee asked by mail in Chromium: the coordinator's button, the mail, the page behind its link, and an address that was wrong."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, expect

from conftest import World
from lti_mentoring.services import application, intake, opening, placement
from lti_mentoring.services.application import Declared
from lti_mentoring.settings import Settings
from support.applying import REFEREES, answered
from support.chromium import WIDTHS, hold_to_the_look
from support.journey import ready
from support.live import town
from support.mail_server import mail_server
from support.station import Station

Open = Callable[..., BrowserContext]
SHOTS = os.environ.get("LTI_MENTORING_TEST_REFEREE_SHOTS")


def looked_at(page: Page, name: str, said: str) -> None:
    """The page at both widths, held to the look."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        expect(page.locator("body")).to_contain_text(said)
        hold_to_the_look(page, keyboard=width == WIDTHS[0])
        if SHOTS:
            page.screenshot(path=Path(SHOTS) / f"{name}-{width}.png", full_page=True)


def test_a_referee_is_asked_by_mail_and_a_wrong_address_is_shown(
    make_settings: Callable[..., Settings], empty_database: Path, tmp_path: Path, open_browser: Open
) -> None:
    with mail_server() as server:
        told = {"mail__host": "localhost", "mail__port": str(server.port), "mail__security": "none", "mail__wait_seconds": "0"}
        told |= {"mail__sender": "Mentoring <mentoring@example.edu>"}
        with town(make_settings, empty_database, tmp_path, **told) as live:
            station, course = Station(live, "north"), f"{live.tool_url}{ready(live, 'north')}"
            made = applied(station)
            page = open_browser().new_page()
            page.goto(f"{live.lms_url}/north/")
            page.click("button[value=coordinator]")
            page.goto(f"{live.lms_url}/north/launch/programme")
            page.wait_for_url(f"{live.tool_url}/courses/**")
            page.goto(f"{course}/open/application")
            expect(page.locator("h1")).to_contain_text("Applications")
            page.goto(f"{course}/applications/{made}")
            page.get_by_role("button", name="Ask R. Oakes by mail").click()
            expect(page.locator("body")).to_contain_text("is on its way to R. Oakes")
            live.app.extensions["errands"].step("mail")
            server.recipient = "550 5.1.1 No such user here"
            page.get_by_role("button", name="Ask T. Lind by mail").click()
            expect(page.locator("body")).to_contain_text("is on its way to T. Lind")
            live.app.extensions["errands"].step("mail")
            page.reload()
            looked_at(page, "dossier", "The mail to T. Lind did not arrive.")
            link = re.search(r"http://\S+/references/\S+", server.mails[0].get_content())
            assert link
            referee = open_browser().new_page()
            referee.goto(link[0])
            looked_at(referee, "referee", "I would rather not")
            referee.get_by_role("button", name="I would rather not").click()
            expect(referee.locator("body")).to_contain_text("You would rather not; that is noted.")
            pages = {"activities": "The application", "notices/mail": "Time for the whole way", "grades": "To a referee of theirs"}
            for path, said in pages.items():
                page.goto(f"{course}/{path}")
                looked_at(page, path.replace("/", "-"), said)


def applied(station: Station) -> str:
    """Somebody applies, by the verbs of their pages. -> the application"""
    lead = station.actor("coordinator")
    with station.inside():
        opening.choose_policy(actor=lead, name="starter")
        intake.change(actor=lead, mode="apply", places=None, opens_at=None, closes_at=None)
        one = placement.page(actor=lead).activities[0]
        placement.change(actor=lead, placement_id=one.id, item="application", grading="completion")
    station.launch("second", "programme")
    ada = station.actor("second")
    with station.inside():
        application.begin(actor=ada)
        said = answered(World(ada.org_id, ada.registration_id, "", ada.course_id), ada)
        application.submit(actor=ada, answers=said, declared=Declared(nobody=True, referees=REFEREES), revision=0)
        return application.page(actor=ada).id
