# SPDX-License-Identifier: Apache-2.0
"""The tool inside an LMS's page: with third-party cookies allowed and blocked, and with every cookie blocked."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from support import chromium
from support.live import Town

Open = Callable[..., BrowserContext]


def sign_in(page: Page, town: Town, site: str, persona: str) -> None:
    """Become somebody in the pocket LMS."""
    page.goto(f"{town.lms_url}/{site}/")
    page.click(f"button[value={persona}]")


@pytest.mark.checklist("CK-01")
@pytest.mark.parametrize("third_party_cookies", [True, False])
def test_CK_01_a_launch_in_a_frame_ends_signed_in_with_third_party_cookies_allowed_and_blocked(
    live: Town, open_browser: Open, third_party_cookies: bool
):
    page = open_browser(third_party_cookies=third_party_cookies).new_page()
    complaints = chromium.console_errors(page)
    sign_in(page, live, "north", "candidate")
    page.goto(f"{live.lms_url}/north/activity/programme")
    frame = chromium.tool_frame(page, live.tool_url)
    expect(frame.get_by_role("heading", level=1)).to_have_text("My way to the credential")
    frame.get_by_role("link", name="Open the module").click()
    expect(frame.get_by_role("heading", level=1)).not_to_have_text("My way to the credential")
    assert complaints == []


@pytest.mark.checklist("V-08")
def test_V_08_with_every_cookie_blocked_the_refusal_says_why_and_offers_its_own_window(live: Town, open_browser: Open):
    browser = open_browser(no_cookies_for=[live.tool_url])
    page = browser.new_page()
    sign_in(page, live, "south", "candidate")
    page.goto(f"{live.lms_url}/south/activity/programme")
    refused = page.frame_locator("iframe.tool")
    expect(refused.get_by_role("heading", level=1)).to_have_text("Your browser kept back a cookie")
    with browser.expect_page() as opened:
        refused.get_by_role("button", name="Open in its own window").click()
    # Cookies are blocked there too, so that no further window is offered, but the setting that mends it.
    expect(opened.value.get_by_role("heading", level=1)).to_have_text("Your browser kept back a cookie")
    expect(opened.value.get_by_text("Allow cookies for this tool")).to_be_visible()
    expect(opened.value.get_by_role("button", name="Open in its own window")).to_have_count(0)


@pytest.mark.checklist("V-08")
def test_V_08_where_login_hints_work_once_the_refusal_sends_people_back_to_the_lms(live: Town, open_browser: Open):
    page = open_browser(no_cookies_for=[live.tool_url]).new_page()
    sign_in(page, live, "north", "candidate")
    page.goto(f"{live.lms_url}/north/activity/programme")
    refused = page.frame_locator("iframe.tool")
    expect(refused.get_by_text("open the activity in a new window or tab")).to_be_visible()
    expect(refused.get_by_role("button", name="Open in its own window")).to_have_count(0)


@pytest.mark.parametrize("width", chromium.WIDTHS)
def test_a_refusal_can_be_read_and_used_by_everybody(live: Town, open_browser: Open, width: int):
    page = open_browser(no_cookies_for=[live.tool_url], viewport={"width": width, "height": 800}).new_page()
    sign_in(page, live, "south", "candidate")
    page.goto(f"{live.lms_url}/south/launch/programme")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your browser kept back a cookie")
    chromium.hold_to_the_look(page)


def test_dark_follows_the_system_and_can_be_switched_off(live: Town, open_browser: Open):
    page = open_browser(color_scheme="dark").new_page()
    sign_in(page, live, "north", "candidate")
    page.goto(f"{live.lms_url}/north/launch/programme")
    ground = "getComputedStyle(document.body).backgroundColor"
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert page.evaluate(ground) == "rgb(16, 25, 28)"
    page.get_by_role("button", name="Keep this tool light").click()
    assert page.evaluate(ground) == "rgb(255, 255, 255)"
    page.reload()
    assert page.evaluate(ground) == "rgb(255, 255, 255)"
