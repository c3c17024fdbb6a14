# SPDX-License-Identifier: Apache-2.0
"""One Playwright for all browser tests of a process, and a fresh profile for each that asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Playwright, sync_playwright

from support import chromium

Open = Callable[..., BrowserContext]


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """The driver of the browsers."""
    with sync_playwright() as made:
        yield made


@pytest.fixture
def open_browser(playwright: Playwright, tmp_path: Path) -> Iterator[Open]:
    """Opens browsers with ``support.chromium.browser``'s options, and closes them after the test."""
    with ExitStack() as stack:
        count = 0

        def opened(**options: Any) -> BrowserContext:
            nonlocal count
            count += 1
            return stack.enter_context(chromium.browser(playwright, tmp_path / f"profile-{count}", **options))

        yield opened
