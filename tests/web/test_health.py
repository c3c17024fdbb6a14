# SPDX-License-Identifier: Apache-2.0
"""What an operator's machines ask: alive, able to work, and the numbers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from lti_mentoring import app as wiring
from lti_mentoring import settings
from support.closing import let_go


def test_alive_and_ready(app: Flask) -> None:
    client = app.test_client()
    assert client.get("/healthz").get_json() == {"status": "ok"}
    assert client.get("/readyz").get_json() == {"status": "ok"}


@pytest.mark.filterwarnings("default")
def test_an_unmigrated_database_is_not_ready_and_no_address_is_told(
    make_settings: Callable[..., settings.Settings], tmp_path: Path
) -> None:
    made = wiring.create_app(make_settings(database_url=f"sqlite:///{tmp_path / 'empty.sqlite3'}"))
    answer = made.test_client().get("/readyz")
    assert answer.status_code == 503
    assert answer.get_json() == {"parts": ["database"], "status": "not ready"}
    with made.app_context():
        let_go()


def test_metrics_are_absent_without_a_token_and_closed_without_the_right_one(
    app: Flask, make_settings: Callable[..., settings.Settings], database_url: str
) -> None:
    assert app.test_client().get("/metrics").status_code == 404
    made = wiring.create_app(make_settings(database_url=database_url, metrics_token="letmein"))
    client = made.test_client()
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 404
    text = client.get("/metrics", headers={"Authorization": "Bearer letmein"}).get_data(as_text=True)
    assert "lti_mentoring_request_seconds" in text
    with made.app_context():
        let_go()
