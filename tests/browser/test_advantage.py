# SPDX-License-Identifier: Apache-2.0
"""The whole of LTI Advantage in one sitting: an LMS registers the tool, a teacher places activities, students work, a grade arrives, and
the teacher goes from it to the work. With cookies, without those of strangers, and without any, over the LMS's own storage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, FrameLocator, Page, expect

from lti_mentoring.demo.site import NORTH
from lti_mentoring.settings import Settings
from support import chromium
from support.checks import take_the_check
from support.installing import become, invited, paste
from support.live import Town, town

Open = Callable[..., BrowserContext]
STUDENT = "Amina Quillfeather"
PROGRAMME = "Mentor Foundations"
MODULE = "Mentoring, managing, coaching"


@dataclass(frozen=True)
class Setting:
    """Which cookies of the tool a browser keeps, and whether the LMS's page keeps values in their place."""

    cookies: str
    storage: str = ""

    def options(self, tool_url: str) -> dict[str, Any]:
        """For ``open_browser``."""
        if self.cookies == "none":
            return {"no_cookies_for": [tool_url]}
        return {"third_party_cookies": self.cookies == "all"}


SETTINGS = {
    "cookies as they come": Setting("all"),
    "third-party cookies blocked": Setting("partitioned"),
    "every cookie blocked, over platform storage": Setting("none", "_parent"),
}


@pytest.fixture(params=SETTINGS, ids=str)
def setting(request: pytest.FixtureRequest) -> Setting:
    return SETTINGS[request.param]


@pytest.fixture
def strangers(setting: Setting, make_settings: Callable[..., Settings], empty_database: Path, tmp_path: Path) -> Iterator[Town]:
    """An LMS and a tool that do not know each other yet."""
    played = (replace(NORTH, storage=setting.storage),)
    with town(make_settings, empty_database, tmp_path, played=played, registered=False) as made:
        yield made


def register(page: Page, town_: Town) -> None:
    """The administrator pastes the address, confirms, and activates the tool."""
    frame = paste(page, town_, invited(town_))
    frame.get_by_role("button", name="Connect this LMS").click()
    frame.get_by_role("button", name="Close and go back to the LMS").click()
    page.get_by_role("button", name="Activate").click()
    expect(page.get_by_text("Active", exact=False)).to_be_visible()


def place(page: Page, town_: Town) -> None:
    """The teacher adds whatever there is: programme, module, observations, application and cohort."""
    become(page, town_, "coordinator", "course/2/add")
    picker = page.frame_locator("iframe[name=tool]")
    expect(picker.locator("input[name=item]")).to_have_count(5)
    for box in picker.locator("input[name=item]").all():
        box.check()
    picker.get_by_role("button", name="Add to the course").click()
    expect(picker.get_by_role("heading", name="Added to the course")).to_be_visible()


def opened(page: Page, title: str) -> FrameLocator:
    """Open the activity that was added last under that title. -> the tool in its frame"""
    page.get_by_role("link", name=title, exact=True).last.click()
    return page.frame_locator("iframe.tool")


@pytest.mark.checklist("DR-01", "DL-07", "SC-01", "SR-02", "CK-04")
def test_registered_placed_learnt_graded_and_reviewed(strangers: Town, setting: Setting, open_browser: Open, tmp_path: Path) -> None:
    browser = open_browser(**setting.options(strangers.tool_url))
    page = browser.new_page()
    complaints = chromium.console_errors(page)
    register(page, strangers)
    place(page, strangers)

    become(page, strangers, "coordinator", "course/2")
    overview = opened(page, PROGRAMME)
    coordinate = overview.get_by_role("button", name="I coordinate this course")
    coordinate.click()
    expect(coordinate).to_have_count(0)
    become(page, strangers, "candidate", "course/2")
    tool = opened(page, MODULE)
    expect(tool.get_by_role("heading", level=1)).to_contain_text(MODULE)
    take_the_check(chromium.tool_frame(page, strangers.tool_url), strangers, "north")
    strangers.deliver()

    become(page, strangers, "coordinator", "gradebook")
    mine = page.locator("section", has=page.get_by_role("heading", name=STUDENT))
    row = mine.locator("tr", has=page.get_by_role("rowheader", name=MODULE))
    expect(row).to_contain_text("1 of 1")
    page.screenshot(path=tmp_path / "gradebook.png", full_page=True)
    row.get_by_role("link", name=f"Review {STUDENT}").click()
    work = page.frame_locator("iframe.tool")
    expect(work.get_by_role("heading", level=1)).to_have_text(STUDENT)
    for width in chromium.WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        chromium.no_horizontal_scroll(chromium.tool_frame(page, strangers.tool_url))
        page.screenshot(path=tmp_path / f"review-{width}.png", full_page=True)
    if setting.cookies == "none":
        assert browser.cookies(strangers.tool_url) == []
    assert complaints == []
