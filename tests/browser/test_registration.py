# SPDX-License-Identifier: Apache-2.0
"""An administrator pastes one address into their LMS, in Chromium: confirm, complete, close, and a launch works."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from lti_mentoring.demo.site import NORTH
from lti_mentoring.settings import Settings
from support import chromium
from support.installing import become, invited, paste
from support.live import Town, town

Open = Callable[..., BrowserContext]


@pytest.fixture
def strangers(make_settings: Callable[..., Settings], empty_database: Path, tmp_path: Path) -> Iterator[Town]:
    """An LMS and a tool that do not know each other yet."""
    with town(make_settings, empty_database, tmp_path, played=(NORTH,), registered=False) as made:
        yield made


@pytest.mark.parametrize("blocked", [False, True], ids=["cookies as they come", "third-party cookies blocked"])
@pytest.mark.checklist("DR-01", "DR-06")
def test_one_address_is_pasted_and_the_first_launch_works(strangers: Town, open_browser: Open, blocked: bool) -> None:
    context = open_browser(third_party_cookies=not blocked)
    page = context.pages[0]
    errors = chromium.console_errors(page)
    frame = paste(page, strangers, invited(strangers))
    expect(frame.get_by_role("heading", name="Connect this LMS?")).to_be_visible()
    frame.get_by_role("button", name="Connect this LMS").click()
    expect(frame.get_by_role("heading", name="This LMS is connected")).to_be_visible()
    expect(frame.get_by_text("press Activate")).to_be_visible()
    frame.get_by_role("button", name="Close and go back to the LMS").click()
    expect(page.get_by_text("Pending")).to_be_visible()
    page.get_by_role("button", name="Activate").click()
    expect(page.get_by_text("Active", exact=False)).to_be_visible()
    assert errors == []
    become(page, strangers, "coordinator", "activity/programme")
    chromium.tool_frame(page, strangers.tool_url)


@pytest.mark.checklist("DR-06")
def test_the_window_closes_by_itself_unless_the_reader_stays(strangers: Town, open_browser: Open) -> None:
    page = open_browser().pages[0]
    page.clock.install()
    address = invited(strangers)
    for stays in (True, False):
        frame = paste(page, strangers, address)
        frame.get_by_role("button", name="Connect this LMS").click()
        expect(frame.get_by_text("closes by itself in a minute")).to_be_visible()
        if stays:
            frame.get_by_role("button", name="Keep this open").click()
        page.clock.fast_forward("02:00")
        if stays:
            expect(frame.get_by_text("stays open until you close it")).to_be_visible()
        else:
            expect(page.get_by_text("Pending")).to_be_visible()


@pytest.mark.checklist("DR-06")
def test_a_window_of_a_stranger_hears_nothing(strangers: Town, open_browser: Open) -> None:
    """Opened by a page that is not the LMS's: the message is addressed to the LMS, and the browser does not deliver it."""
    context = open_browser()
    lms = context.pages[0]
    frame = paste(lms, strangers, invited(strangers))
    expect(frame.get_by_role("heading", name="Connect this LMS?")).to_be_visible()
    source = next(one.url for one in lms.frames if one.url.startswith(f"{strangers.tool_url}/lti/register/"))
    stranger = context.new_page()
    stranger.goto(f"{strangers.tool_url}/healthz")
    stranger.evaluate("window.heard = []; addEventListener('message', event => heard.push(event.data))")
    with context.expect_page() as opened:
        stranger.evaluate("url => { window.open(url) }", source)
    window = opened.value
    window.get_by_role("button", name="Connect this LMS").click()
    window.get_by_role("button", name="Close and go back to the LMS").click()
    expect(window.get_by_text("Your LMS has been told")).to_be_visible()
    assert stranger.evaluate("heard") == []


@pytest.mark.parametrize("width", chromium.WIDTHS)
def test_the_pages_hold_to_the_look(strangers: Town, open_browser: Open, tmp_path: Path, width: int) -> None:
    context = open_browser(viewport={"width": width, "height": 900})
    lms, address = context.pages[0], invited(strangers)
    paste(lms, strangers, address)
    lms.frame_locator("iframe[name=tool]").get_by_role("button").first.wait_for()
    source = next(one.url for one in lms.frames if one.url.startswith(address))
    page = context.new_page()
    for name, url in (
        ("manual", address),
        ("openedx", f"{address}?family=openedx&site=https://courses.example.org"),
        ("moodle", f"{address}?family=moodle&site=https://moodle.example.org"),
        ("failed", f"{address}?openid_configuration=javascript:1"),
        ("confirm", source),
    ):
        page.goto(url)
        page.screenshot(path=tmp_path / f"{name}-{width}.png", full_page=True)
        chromium.hold_to_the_look(page)
    page.get_by_role("button", name="Connect this LMS").click()
    expect(page.get_by_role("heading", name="This LMS is connected")).to_be_visible()
    page.screenshot(path=tmp_path / f"done-{width}.png", full_page=True)
    chromium.hold_to_the_look(page)


@pytest.mark.checklist("DR-09")
def test_an_address_is_copied_by_a_button_or_selected_without_a_script(strangers: Town, open_browser: Open) -> None:
    address = invited(strangers)
    page = open_browser(permissions=["clipboard-read", "clipboard-write"]).pages[0]
    page.goto(address)
    page.get_by_role("button", name="Copy").first.click()
    expect(page.get_by_text("Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").strip() == f"{strangers.tool_url}/lti/login"
    plain = open_browser(java_script_enabled=False).pages[0]
    plain.goto(address)
    expect(plain.get_by_text(f"{strangers.tool_url}/lti/launch")).to_be_visible()
    plain.get_by_label("Which LMS is it?").select_option("moodle")
    plain.get_by_label("Address of its home page").fill(strangers.lms_url)
    plain.get_by_role("button", name="Fill in what follows from it").click()
    expect(plain.get_by_label("Public key set address")).to_have_value(f"{strangers.lms_url}/mod/lti/certs.php")
