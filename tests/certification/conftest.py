# SPDX-License-Identifier: Apache-2.0
"""What a refused launch may leave behind: nothing, but a line in the log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from sqlalchemy import func, select

from lti_mentoring.store import base
from lti_mentoring.web.telemetry import Sparing
from support.driver import Response
from support.live import Town


@pytest.fixture(autouse=True)
def reset_log(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every test begins with an unconfigured log, to which no refusal was written in this minute."""
    monkeypatch.setattr("lti_mentoring.web.lti.REFUSALS", Sparing(60))
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()


@pytest.fixture
def rows(live: Town) -> Callable[[], dict[str, int]]:
    """Count every row of every table, but for what a key fetch keeps."""

    def count() -> dict[str, int]:
        with live.app.app_context(), base.across_organisations("a test"):
            tables = {name: table for name, table in base.Base.metadata.tables.items() if name != "platform_key_set"}
            return {name: base.session().scalar(select(func.count()).select_from(table)) or 0 for name, table in tables.items()}

    return count


@pytest.fixture
def refused(live: Town, rows: Callable[[], dict[str, int]]) -> Callable[..., Response]:
    """Launch with twists and check that it is refused: status, reason on the page, one line in the log, no row, no session."""

    def check(reason: str, status: int, *, site: str = "north", persona: str = "candidate", **twists: Any) -> Response:
        browser = live.browser()
        before = rows()
        with structlog.testing.capture_logs() as lines:
            page = browser.launch(site, persona, "programme", **twists)
        assert page.status == status, (page.status, page.text)
        assert f">{reason}<" in page.text, page.text
        assert [line["reason"] for line in lines if line["event"] == "launch_refused"] == [reason]
        assert rows() == before
        assert not any("__Host-lti-mentoring" in cookie for cookie in page.cookies_set)
        assert "<h1>" in page.text
        return page

    return check
