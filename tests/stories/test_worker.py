# SPDX-License-Identifier: Apache-2.0
"""A worker that is started too early waits, and then does its work."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lti_mentoring import app as wiring
from lti_mentoring.settings import Settings
from support.closing import let_go
from support.live import Town
from support.workers import Worker, wait_until

PACE = {"delivery__sweep_seconds": "1"}


def test_a_worker_waits_for_its_database(
    make_settings: Callable[..., Settings], live: Town, secrets: dict[str, str], tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'later.sqlite3'}"
    log = tmp_path / "worker.log"
    with Worker(live, secrets, log, database_url=url, **PACE) as worker:
        wait_until(lambda: log.read_text("utf-8").count("round_failed") > 1, 30, worker.told)
        assert worker.running
        app = wiring.create_app(make_settings(database_url=url))
        with app.app_context():
            wiring.migrate_database()
            let_go()
        failed = log.read_text("utf-8").count("round_failed")
        swept = log.read_text("utf-8").count("across_organisations")
        # One sweep may have begun before the tables were there.
        wait_until(lambda: log.read_text("utf-8").count("across_organisations") > swept + 2, 30, worker.told)
        assert log.read_text("utf-8").count("round_failed") <= failed + 1
        assert worker.stop() == 0
