# SPDX-License-Identifier: Apache-2.0
"""The storage ladder in Chromium: a partitioned cookie, else the LMS's page holds the value and our pages carry the session."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Frame, Page, Request, expect
from sqlalchemy import select

from lti_mentoring.demo import site as sites
from lti_mentoring.settings import Settings
from lti_mentoring.store import base
from lti_mentoring.store.people import WebSession
from support import chromium, journey
from support.checks import take_the_check
from support.live import Town, town

Open = Callable[..., BrowserContext]

SAKAI_LIKE = replace(sites.NORTH, storage="_parent")
CANVAS_LIKE = replace(sites.SOUTH, storage="post_message_forwarding")


@pytest.fixture(scope="module")
def keepers(
    make_settings: Callable[..., Settings], empty_database: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Town]:
    """Two LMSs whose pages keep values: one itself, as Sakai, one in a frame of its own, as Canvas."""
    with town(make_settings, empty_database, tmp_path_factory.mktemp("keepers"), played=(SAKAI_LIKE, CANVAS_LIKE)) as made:
        yield made


def enter(page: Page, town: Town, site: str, persona: str, activity: str, manner: str = "") -> None:
    """Become somebody in the pocket LMS, and open an activity there."""
    page.goto(f"{town.lms_url}/{site}/")
    page.click(f"button[value={persona}]")
    page.goto(f"{town.lms_url}/{site}/activity/{activity}" + (f"?storage={manner}" if manner else ""))


def heading(page: Page, text: str | re.Pattern[str]) -> None:
    expect(page.frame_locator("iframe.tool").get_by_role("heading", level=1)).to_have_text(text)


def frame_of(page: Page) -> Frame:
    found = page.frame(name="tool")
    assert found is not None
    return found


@pytest.fixture
def blocked(keepers: Town, open_browser: Open) -> Page:
    """A page of a browser that keeps no cookie of the tool, in no partition."""
    return open_browser(no_cookies_for=[keepers.tool_url]).new_page()


@pytest.mark.checklist("LOG-11", "PM-01", "PM-02", "PM-03", "PM-04", "PM-07", "CK-03", "CK-04")
@pytest.mark.parametrize("site", ["north", "south"])
def test_with_every_cookie_blocked_the_lms_page_binds_the_launch_and_pages_carry_the_session(keepers: Town, blocked: Page, site: str):
    complaints = chromium.console_errors(blocked)
    enter(blocked, keepers, site, "candidate", "programme")
    heading(blocked, "My way to the credential" if site == "north" else re.compile("."))
    tool = frame_of(blocked)
    tool.locator('a[href*="/modules/"]').first.click()
    tool.wait_for_url("**/modules/**")
    assert blocked.context.cookies(keepers.tool_url) == []
    assert "?" not in tool.url
    assert complaints == []


@pytest.mark.checklist("CK-04")
def test_a_step_within_a_carried_page_fetches_nothing_and_keeps_what_was_typed(keepers: Town, blocked: Page):
    enter(blocked, keepers, "north", "candidate", "programme")
    heading(blocked, "My way to the credential")
    tool = blocked.frame_locator("iframe.tool")
    expect(tool.get_by_role("button", name="Open in its own window")).to_have_count(0)  # no cookie would carry it there
    tool.get_by_role("link", name="I have an invitation").click()
    field = tool.get_by_role("textbox").first
    field.fill("half a code")
    page = frame_of(blocked)
    asked: list[str] = []
    blocked.on("request", lambda one: asked.append(one.url))
    page.locator(".skip").focus()
    page.locator(".skip").press("Enter")
    page.wait_for_function("location.hash")
    page.evaluate("new Promise((done) => setTimeout(done, 300))")
    assert asked == []
    expect(field).to_have_value("half a code")


@pytest.mark.checklist("CK-04", "PM-08")
def test_a_check_is_taken_and_its_grade_arrives_without_a_single_cookie(keepers: Town, blocked: Page):
    journey.ready(keepers, "north")
    enter(blocked, keepers, "north", "second", "module-m1")
    tool = blocked.frame_locator("iframe.tool")
    expect(tool.get_by_role("heading", level=1)).to_be_visible()
    take_the_check(frame_of(blocked), keepers, "north")
    keepers.deliver()
    assert journey.share(keepers, "north", "second", "module-m1") == 1
    assert blocked.context.cookies(keepers.tool_url) == []
    assert blocked.evaluate("kept.size") == 0  # what was kept for the launch was taken away


@pytest.mark.checklist("PM-05", "PM-06", "PM-09")
@pytest.mark.parametrize("manner", ["silent", "full", "forgets", "foreign"])
def test_an_lms_page_that_keeps_nothing_leads_on_to_an_explained_refusal(keepers: Town, blocked: Page, manner: str):
    """Silent, out of room, forgetful, or answered for by a page of somebody else's: nothing hangs, nobody is let in unbound."""
    enter(blocked, keepers, "south", "candidate", "programme", manner)
    heading(blocked, "Your browser kept back a cookie")
    expect(blocked.frame_locator("iframe.tool").get_by_role("button", name="Open in its own window")).to_be_visible()


GRANTS = "document.hasStorageAccess = async () => false; document.requestStorageAccess = async () => {};"
REFUSES = "document.hasStorageAccess = async () => false; document.requestStorageAccess = async () => { throw new Error('no'); };"


@pytest.mark.checklist("CK-03", "CK-04")
def test_a_browser_that_can_be_asked_for_the_cookie_is_asked_and_the_login_begins_anew_in_the_frame(keepers: Town, blocked: Page):
    """Chromium gives frames a jar of their own and is never asked; here it says what Safari says."""
    blocked.add_init_script(GRANTS)
    enter(blocked, keepers, "south", "candidate", "programme", "full")
    heading(blocked, "Your browser kept back a cookie")
    with blocked.expect_request(lambda one: one.url == f"{keepers.tool_url}/lti/login" and one.frame.name == "tool"):
        blocked.frame_locator("iframe.tool").get_by_role("button", name="Ask my browser").click()


def test_a_browser_that_says_no_is_believed_and_the_other_ways_stay(keepers: Town, blocked: Page):
    blocked.add_init_script(REFUSES)
    enter(blocked, keepers, "south", "candidate", "programme", "full")
    tool = blocked.frame_locator("iframe.tool")
    tool.get_by_role("button", name="Ask my browser").click()
    expect(tool.get_by_text("Your browser did not allow it.")).to_be_visible()
    expect(tool.get_by_role("button", name="Open in its own window")).to_be_visible()


@pytest.mark.checklist("LOG-11")
def test_LOG_11_where_cookies_are_kept_storage_is_asked_and_not_needed(keepers: Town, open_browser: Open):
    browser = open_browser()
    page = browser.new_page()
    enter(page, keepers, "north", "candidate", "programme", "silent")
    heading(page, "My way to the credential")
    assert any(one["name"] == "__Host-lti-mentoring" for one in browser.cookies(keepers.tool_url))


@pytest.mark.checklist("CK-04")
def test_a_carried_token_that_was_replaced_long_ago_ends_the_session(keepers: Town, blocked: Page):
    """Whoever copied one out of a page cannot live on beside it."""
    enter(blocked, keepers, "north", "candidate", "programme")
    heading(blocked, "My way to the credential")
    asked: list[Request] = []
    blocked.on("request", lambda one: asked.append(one) if "x-mentoring-session" in one.headers else None)
    tool = frame_of(blocked)
    tool.locator('a[href*="/modules/"]').first.click()
    tool.wait_for_url("**/modules/**")
    copied = asked[0].headers["x-mentoring-session"]
    address = asked[0].url
    assert read(keepers, address, copied) == 200
    with keepers.app.app_context(), base.transactional() as session:
        carried = session.scalars(select(WebSession).where(WebSession.turn.is_not(None))).all()
        for row in carried:
            row.turn, row.turned_at = row.turn + 2, base.now() - timedelta(minutes=5)
        assert carried
    assert read(keepers, address, copied) == 401
    tool.locator("a.home").first.click()
    expect(blocked.frame_locator("iframe.tool").get_by_role("heading", level=1)).not_to_have_text("My way to the credential")


@pytest.mark.checklist("DL-07", "CK-04")
def test_a_teacher_adds_an_activity_without_a_single_cookie(keepers: Town, blocked: Page):
    blocked.goto(f"{keepers.lms_url}/north/?next=/north/course/2/add")
    blocked.locator("button[value=coordinator]").click()
    picker = blocked.frame_locator("iframe.tool")
    picker.locator("input[name=item]").first.check()
    picker.get_by_role("button", name="Add to the course").click()
    expect(picker.get_by_role("heading", name="Added to the course")).to_be_visible()


@pytest.mark.checklist("PM-11")
def test_PM_11_the_frame_is_made_as_high_as_the_page_in_it(keepers: Town, open_browser: Open):
    page = open_browser().new_page()
    enter(page, keepers, "north", "candidate", "module-m1")
    expect(page.frame_locator("iframe.tool").get_by_role("heading", level=2).first).to_be_visible()
    tool = frame_of(page)
    for _ in range(chromium.PATIENCE_MS // 100):
        if tool.evaluate("innerHeight >= document.documentElement.scrollHeight - 1 && innerHeight > 300"):
            return
        page.wait_for_timeout(100)
    raise AssertionError("the frame has a bar to scroll by")


def both(town: Town, open_browser: Open) -> tuple[Page, Page]:
    """One browser with the candidate's page in the LMS's frame, and once more in a window of its own."""
    browser = open_browser()
    inside, alone = browser.new_page(), browser.new_page()
    enter(inside, town, "north", "candidate", "programme")
    heading(inside, "My way to the credential")
    alone.goto(f"{town.lms_url}/north/launch/programme")
    expect(alone.get_by_role("heading", level=1)).to_have_text("My way to the credential")
    return inside, alone


@pytest.mark.checklist("CK-06")
def test_CK_06_signing_out_ends_this_partition_and_no_other(keepers: Town, open_browser: Open):
    inside, alone = both(keepers, open_browser)
    tool = inside.frame_locator("iframe.tool")
    tool.get_by_role("button", name="Sign out").press("Enter")
    expect(tool.get_by_role("heading", level=1)).to_have_text("You are signed out here")
    alone.reload()
    expect(alone.get_by_role("heading", level=1)).to_have_text("My way to the credential")


@pytest.mark.checklist("CK-06")
def test_CK_06_signing_out_of_an_own_window_leaves_the_sibling_host_of_the_lms_signed_in(keepers: Town, open_browser: Open):
    """Clear-Site-Data would clear the whole registrable domain, and with it an LMS at another host of the same university."""
    _, alone = both(keepers, open_browser)
    with alone.expect_response(lambda one: one.url.endswith("/sign-out")) as answered:
        alone.get_by_role("button", name="Sign out").click()
    expect(alone.get_by_role("heading", level=1)).to_have_text("You are signed out here")
    assert "clear-site-data" not in answered.value.all_headers()


@pytest.mark.checklist("CK-02")
@pytest.mark.parametrize("third_party_cookies", [True, False])
def test_CK_02_a_code_takes_the_session_into_a_window_of_its_own_once(keepers: Town, open_browser: Open, third_party_cookies: bool):
    browser = open_browser(third_party_cookies=third_party_cookies)
    page = browser.new_page()
    enter(page, keepers, "north", "candidate", "module-m1")
    chromium.tool_frame(page, keepers.tool_url)
    tool = page.frame_locator("iframe.tool")
    title = tool.get_by_role("heading", level=1).inner_text()
    tool.get_by_role("button", name="Open in its own window").click()
    expect(tool.get_by_role("heading", level=1)).to_have_text("Go on in a window of its own")
    with browser.expect_page() as opened:
        tool.get_by_role("button", name="Open the window").click()
    expect(opened.value.get_by_role("heading", level=1)).to_have_text(title)
    assert "code" not in opened.value.url
    with browser.expect_page() as again:
        tool.get_by_role("button", name="Open the window").click()
    expect(again.value.get_by_role("heading", level=1)).not_to_have_text(title)


def read(town: Town, address: str, token: str) -> int:
    """What a request with a carried token is answered."""
    asked = urllib.request.Request(address, headers={"X-Mentoring-Session": token, "Accept": "text/html"})
    try:
        with urllib.request.urlopen(asked) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code
