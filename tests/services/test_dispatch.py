# SPDX-License-Identifier: Apache-2.0
"""Decisions that are made at the very moment in which a worker looks at what it has claimed, on the database that lets both go on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text, update

from lti_mentoring.services import delivery, dispatch, lane
from lti_mentoring.settings import Settings
from lti_mentoring.store import base
from lti_mentoring.store.delivery import ScorePublication
from support.live import Town, town
from support.station import LIMITS, PACE, Station
from support.workers import wait_until


@pytest.fixture
def shared(make_settings: Callable[..., Settings], empty_database: Path, tmp_path: Path, fresh_postgres_url: str) -> Iterator[Town]:
    where = {"queue_url": f"sqlite:///{tmp_path / 'queue.sqlite3'}", "database_url": fresh_postgres_url}
    with town(make_settings, empty_database, tmp_path, **where) as made:
        yield made


def test_a_decision_made_while_a_worker_finds_nothing_to_say_is_not_counted_as_told(shared: Town) -> None:
    station = Station(shared, "north")
    station.launch("candidate", "programme")
    station.attempt(station.person_id("candidate"), activity="programme")  # M1 alone: of the programme there is nothing to say
    with shared.app.app_context():
        (key,) = delivery.sweep()
        due = lane.admit(key, most=1, pace=PACE, limits=LIMITS).due
        engine = base.db.engine
    assert len(due) == 1

    def look() -> None:
        with station.inside():
            assert dispatch.prepare(key, due, PACE) == []

    def waits() -> bool:
        with engine.connect() as looking:
            return bool(looking.scalar(text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")))

    worker = threading.Thread(target=look)
    with shared.app.app_context(), base.across_organisations("a test"), engine.begin() as deciding:
        deciding.execute(update(ScorePublication.__table__).values(wanted=ScorePublication.wanted + 1))
        worker.start()
        wait_until(waits, 20, lambda: "the worker does not wait for the decision")
    worker.join()
    row = station.row("programme")
    assert row is not None
    assert (row.state, row.settled) == ("done", row.wanted)
