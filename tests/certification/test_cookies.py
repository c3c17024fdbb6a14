# SPDX-License-Identifier: Apache-2.0
"""What the tool leaves in a browser (checklist CK)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from lti_mentoring.settings import Settings, SettingsError
from lti_mentoring.store import base
from lti_mentoring.store.people import WebSession
from lti_mentoring.web.session import COOKIE
from support.live import Town

CONTRIBUTING = Path(__file__).parents[2] / "CONTRIBUTING.md"


def test_CK_01_every_cookie_is_bound_to_this_host_secure_hidden_and_partitioned(live: Town) -> None:
    browser = live.browser()
    login = browser.login("north", "candidate", "programme")
    page = browser.submit(login.form())
    cookies = [line for answer in (*login.history, *page.history, page) for line in answer.cookies_set if live.tool_url in answer.url]
    assert len(cookies) >= 3
    for line in cookies:
        parts = {part.strip().lower() for part in line.split(";")}
        assert line.startswith("__Host-lti-")
        assert {"secure", "httponly", "path=/", "samesite=none", "partitioned"} <= parts
        assert not any(part.startswith("domain") for part in parts)
    assert len(browser.jar[live.tool_url]) <= 4


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:8000", "[::1]:8000"])
def test_CK_05_a_developer_may_use_http_on_this_machine(make_settings: Callable[..., Settings], host: str) -> None:
    assert make_settings(public_url=f"http://{host}").public_url == f"http://{host}"


def test_CK_05_and_nowhere_else_since_browsers_would_drop_the_cookies(make_settings: Callable[..., Settings]) -> None:
    for address in ("http://tool.example", "http://localhost.tool.example", "http://10.0.0.7:8000"):
        with pytest.raises(SettingsError, match="must be https"):
            make_settings(public_url=address)


def test_CK_05_the_guide_says_where_http_is_enough_and_what_to_do_where_it_is_not() -> None:
    guide = CONTRIBUTING.read_text()
    part = guide[guide.index("## Pages over http") :]
    for word in ("http://localhost", "Safari", "mkcert", "LTI_MENTORING_PUBLIC_URL"):
        assert word in part


def test_CK_07_the_cookie_is_a_secret_without_content_and_a_stolen_database_holds_only_its_hash(live: Town) -> None:
    browser = live.browser()
    browser.launch("north", "candidate", "programme")
    kept = browser.jar[live.tool_url][COOKIE].value
    with live.app.app_context(), base.across_organisations("a test"):
        rows = {one.id_hash: one for one in base.session().scalars(select(WebSession))}
    row = rows[hashlib.sha256(kept.encode()).hexdigest()]
    assert row.payload is not None
    told = (row.person_id, row.registration_id, row.deployment_id)
    assert not any(word in kept for word in told)
    assert not any(kept in str(vars(one)) for one in rows.values())
    assert len(kept) < 100
