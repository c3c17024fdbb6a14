# SPDX-License-Identifier: Apache-2.0
"""From a cell of the gradebook to the observation behind it, in Chromium, on a phone and on a desk."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from support import chromium
from support.journey import plan, ready
from support.live import Town

Open = Callable[..., BrowserContext]
WIDTHS = (360, 1280)


def cell_of(page: Page, town: Town, persona: str) -> None:
    """Be somebody of the north site, and press Review in Tomasz' cell of the observation."""
    page.goto(f"{town.lms_url}/north/?next=/north/gradebook")
    page.locator(f"button[value={persona}]").click()
    page.get_by_role("link", name="Review Tomasz Larkspur-Lind, Observed mentoring conversation").first.click()


@pytest.mark.checklist("SR-02", "SR-03")
def test_from_the_gradebook_to_the_observation(live: Town, open_browser: Open, tmp_path: Path) -> None:
    course = ready(live, "north")
    live.browser().launch("north", "second", "observation")
    live.browser().launch("north", "second_observer", "observation")
    coordinator = live.browser()
    coordinator.launch("north", "coordinator", "programme")
    sheet = plan(coordinator, course, "Tomasz", "Okonjo-Vale")
    context = open_browser()
    page = context.pages[0] if context.pages else context.new_page()
    for persona, words in (("coordinator", "Okonjo-Vale"), ("second_observer", "not open to you"), ("observer", "")):
        cell_of(page, live, persona)
        frame = chromium.tool_frame(page, live.tool_url)
        if words:
            expect(frame.get_by_text(re.compile(words)).first).to_be_visible()
        else:
            expect(frame.locator("form").first).to_be_attached()
            assert frame.url.endswith(sheet)  # straight to it
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            chromium.hold_to_the_look(page, keyboard=False)
            chromium.no_horizontal_scroll(frame)
            page.screenshot(path=tmp_path / f"review-{persona}-{width}.png", full_page=True)
