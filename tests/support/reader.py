# SPDX-License-Identifier: Apache-2.0
"""Somebody at a browser: the LMS's course page with the tool in its frame, the keyboard, and a second window to look closely."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Frame, Page, expect

from lti_mentoring.demo.site import SITES
from support import chromium
from support.demo import Demo

SCREENS = Path(__file__).parents[2] / "docs" / "screens"
HEIGHT = 740
SETTLES_MS = 250
"""How long a page of the demo may take to change after Enter, in milliseconds."""

RENEW = "LTI_MENTORING_TEST_SCREENS"
"""Set by ``make screens``. Without it only pictures that are missing are taken, so that a run of the tests leaves no trace."""


class Reader:
    """A persona of one site of the demo, in a browser."""

    def __init__(self, browser: BrowserContext, demo: Demo, site: str, persona: str) -> None:
        self.browser, self.demo, self.site = browser, demo, next(one for one in SITES if one.key == site)
        self.page = browser.new_page()
        self.complaints = chromium.console_errors(self.page)
        self.page.goto(f"{demo.lms_url}/{site}/")
        self.page.click(f"button[value={persona}]")
        self._close: Page | None = None

    # On the course page

    def open(self, activity: str) -> Frame:
        """Click an activity on the course page. -> the tool's frame in it."""
        known = self.site.activity(activity)
        assert known
        self.page.goto(f"{self.demo.lms_url}/{self.site.key}/course")
        self.page.get_by_role("link", name=known.title, exact=True).click()
        return chromium.tool_frame(self.page, self.demo.tool_url)

    @property
    def frame(self) -> Frame:
        """The tool's frame as it is now."""
        return chromium.tool_frame(self.page, self.demo.tool_url)

    def heading(self, text: str) -> None:
        """Wait for the page of that title in the frame."""
        expect(self.page.frame_locator("iframe.tool").get_by_role("heading", level=1)).to_contain_text(text)

    # By keyboard

    def take_the_frame(self) -> None:
        """Put the focus where the tool begins, as Tab from the course page does."""
        self.page.locator("iframe.tool").focus()

    def tab_to(self, selector: str) -> None:
        """Tab forwards until something of that kind has the focus, and see that it shows it."""
        for _ in range(150):
            self.page.keyboard.press("Tab")
            if self.frame.evaluate("what => document.activeElement?.matches(what) ?? false", selector):
                stop = self.frame.evaluate(chromium.FOCUS)
                assert stop["seen"], f"no visible focus on {stop['tag']}"
                return
        raise AssertionError(f"Tab never reaches {selector} on {self.frame.url}")

    def follow(self, selector: str) -> None:
        """Tab from the top of the page to a link or a button, and press Enter."""
        self.take_the_frame()
        self.tab_to(selector)
        self.press("Enter")

    def press(self, *keys: str) -> None:
        """One key after the other."""
        for key in keys:
            if key == "Enter":
                # Enter may open another page in the frame; a key that comes up in the middle of that change is never acknowledged by
                # Chromium, and Playwright would wait for it without end.
                self.page.keyboard.down(key)
                self.page.wait_for_timeout(SETTLES_MS)
                self.page.keyboard.up(key)
            else:
                self.page.keyboard.press(key)

    def pick_radio(self, name: str, value: str) -> None:
        """Tab into a group of radios and go to one by the arrows."""
        self.tab_to(f"input[name='{name}']")
        self.press("Space")
        for _ in range(12):
            if self.frame.evaluate("document.activeElement.value") == value:
                return
            self.press("ArrowDown")
        raise AssertionError(f"{name} has no {value}")

    def pick_option(self, name: str, value: str) -> None:
        """Tab to a select and go to an option by the arrows."""
        self.tab_to(f"select[name='{name}']")
        for _ in range(20):
            if self.frame.evaluate("document.activeElement.value") == value:
                return
            self.press("ArrowDown")
        raise AssertionError(f"{name} has no {value}")

    # Looking closely

    def window(self, activity: str = "programme") -> Page:
        """The tool in a window of its own, signed in as the same person."""
        if self._close is None:
            self._close = self.browser.new_page()
            self._close.goto(f"{self.demo.lms_url}/{self.site.key}/launch/{activity}")
            self._close.wait_for_url(f"{self.demo.tool_url}/courses/**")
        return self._close

    def look(self, path: str = "", *, picture: str = "", widths: tuple[int, ...] = ()) -> Page:
        """Hold a page to the look at every width; the one in the frame unless another path of the course is named."""
        page = self.window()
        page.bring_to_front()  # a page behind another is not painted
        here = urlsplit(self.frame.url if not path else page.url).path
        page.goto(f"{self.demo.tool_url}{here if not path else '/'.join(here.split('/')[:3]) + '/' + path}")
        for width in chromium.WIDTHS:
            page.set_viewport_size({"width": width, "height": HEIGHT})
            chromium.hold_to_the_look(page)
            if picture and width in (widths or chromium.WIDTHS):
                keep_picture(page, f"{picture}-{width}")
        self.page.bring_to_front()
        return page


def keep_picture(page: Page, name: str, *, at: str = "") -> None:
    """Renew a picture of the docs: what a reader sees first, or from ``at`` on, with nothing in focus."""
    target = SCREENS / f"{name}.png"
    if target.exists() and not os.environ.get(RENEW):
        return
    page.evaluate(
        """async what => {
          document.activeElement?.blur();
          document.documentElement.style.scrollBehavior = "auto";
          const top = what ? document.querySelector(what).getBoundingClientRect().top + scrollY : 0;
          scrollTo(0, top);
          for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame);
        }""",
        at,
    )
    SCREENS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=target)
