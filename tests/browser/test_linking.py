# SPDX-License-Identifier: Apache-2.0
"""A teacher adds three activities from inside the LMS, in Chromium, cookies of strangers blocked or not, on a phone and on a desk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from support import chromium
from support.live import Town

Open = Callable[..., BrowserContext]
WIDTHS = (360, 1280)


def teacher_at(page: Page, town: Town, path: str) -> None:
    """Be the coordinator of the north site, at an address of it."""
    page.goto(f"{town.lms_url}/north/?next=/north/{path}")
    page.locator("button[value=coordinator]").click()


@pytest.mark.parametrize("blocked", [False, True], ids=["cookies as they come", "third-party cookies blocked"])
@pytest.mark.checklist("DL-07", "CK-01")
def test_a_teacher_adds_what_there_is_and_comes_back_to_the_course(
    live: Town, open_browser: Open, tmp_path: Path, blocked: bool
) -> None:
    context = open_browser(third_party_cookies=not blocked)
    page = context.pages[0] if context.pages else context.new_page()
    teacher_at(page, live, "course/2/add")
    picker = chromium.tool_frame(page, live.tool_url)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        chromium.no_horizontal_scroll(picker)
        page.screenshot(path=tmp_path / f"picker-{width}.png", full_page=True)
    boxes = picker.locator("input[name=item]").all()
    assert len(boxes) == 5
    for box in boxes:
        box.check()
    picker.get_by_role("button", name="Add to the course").click()
    added = page.frame_locator("iframe[name=tool]")
    expect(added.get_by_role("heading", name="Added to the course")).to_be_visible()
    added.get_by_role("link", name="Back to the course").click()
    expect(page.get_by_role("heading", name="Activities")).to_be_visible()
    expect(page.get_by_role("link", name="Observed mentoring conversation")).to_have_count(2)
