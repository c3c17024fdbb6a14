# SPDX-License-Identifier: Apache-2.0
"""One Playwright for all browser tests of a process, and a fresh profile for each that asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Playwright, sync_playwright

from lti_mentoring.settings import Settings
from support import chromium
from support.live import Town, town

Open = Callable[..., BrowserContext]


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """The driver of the browsers."""
    with sync_playwright() as made:
        yield made


@pytest.fixture(scope="module")
def running_town(
    make_settings: Callable[..., Settings], empty_database: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Town]:
    """A town for each file: what people did elsewhere would show on the pages that are looked at here."""
    with town(make_settings, empty_database, tmp_path_factory.mktemp("town")) as made:
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
