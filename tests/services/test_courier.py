# SPDX-License-Identifier: Apache-2.0
"""The worker's loop in one process: an LMS that does not answer holds up nobody else, and what was sent is written down before it ends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event, func, select

from lti_mentoring.demo.site import NORTH, SOUTH
from lti_mentoring.services.courier import Courier
from lti_mentoring.settings import Settings
from lti_mentoring.store import base
from lti_mentoring.store.delivery import ScorePublication
from support.live import Town, town
from support.station import Station, crowded
from support.workers import wait_until

MANY = 30
PATIENT = {"outbound__connect_seconds": "2", "outbound__read_seconds": "8", "delivery__lease_seconds": "60"}


@pytest.fixture
def two_lmss(make_settings: Callable[..., Settings], empty_database: Path, tmp_path: Path) -> Iterator[Town]:
    """Two LMSs with thirty finished learners each."""
    played = [crowded(one, MANY) for one in (NORTH, SOUTH)]
    with town(make_settings, empty_database, tmp_path, played=played, **PATIENT) as made:
        for site in ("north", "south"):
            station = Station(made, site)
            station.launch("candidate", "module-m1")
            station.enrol("module-m1")
        yield made


@contextmanager
def serving(made: Town, threads: int) -> Iterator[Courier]:
    """A courier at work; at the end it is stopped as an operator would."""
    courier: Courier = made.app.extensions["make_courier"](threads)
    loop = threading.Thread(target=courier.serve)
    loop.start()
    try:
        yield courier
    finally:
        courier.stop()
        loop.join(60)
        assert not loop.is_alive()


def count(station: Station, *states: str) -> int:
    with station.inside() as session:
        found = session.scalar(select(func.count()).select_from(ScorePublication).where(ScorePublication.state.in_(states)))
        return int(found or 0)


def test_an_lms_that_does_not_answer_holds_up_nobody_else(two_lmss: Town) -> None:
    north, south = Station(two_lmss, "north"), Station(two_lmss, "south")
    north.lms.fault("hang", "scores", times=100)
    with serving(two_lmss, threads=4) as courier:
        courier.wake(north.lane())
        north.lms.wait(lambda state: state["held"])
        courier.wake(south.lane())
        wait_until(lambda: count(south, "done") == MANY, 30, lambda: f"{count(south, 'done')} of {MANY} arrived")
        assert count(north, "done") == 0
        assert north.lms.state(log=False)["simultaneous"]["now"] <= 2, "who has not answered yet gets no more at once"
        north.lms.clear()
        north.lms.release()
        wait_until(lambda: count(north, "done") == MANY, 60, lambda: f"{count(north, 'done')} of {MANY} arrived")


def test_a_courier_that_is_stopped_writes_down_what_it_has_sent(two_lmss: Town) -> None:
    north = Station(two_lmss, "north")
    north.lms.fault("hang", "scores", times=1)
    with serving(two_lmss, threads=4) as courier:
        courier.wake(north.lane())
        north.lms.wait(lambda state: state["held"])
        courier.stop()
        north.lms.release()
    sent = north.lms.state(log=False)["counts"]["scores"]
    assert count(north, "sending") == 0
    assert count(north, "done") == sent
    assert count(north, "waiting") == MANY - sent


def test_scores_share_transactions_and_a_doubled_wake_up_sends_nothing_twice(two_lmss: Town) -> None:
    north, commits = Station(two_lmss, "north"), []
    with two_lmss.app.app_context():
        event.listen(base.db.engine, "commit", commits.append)
    with serving(two_lmss, threads=16) as courier:
        for _ in range(20):
            courier.wake(north.lane())
        wait_until(lambda: count(north, "done") == MANY, 30, lambda: f"{count(north, 'done')} of {MANY} arrived")
    assert north.lms.state(log=False)["counts"]["scores"] == MANY
    assert north.lms.state(log=False)["counts"]["token"] == 1
    assert len(commits) < 3 * MANY


def test_a_fault_of_the_database_is_waited_out(two_lmss: Town) -> None:
    north, faults = Station(two_lmss, "north"), [3]

    def fail(*_: object) -> None:
        if threading.current_thread().name == "at work" and faults[0]:
            faults[0] -= 1
            raise OSError("the disk is gone for a moment")

    with two_lmss.app.app_context():
        event.listen(base.db.engine, "before_cursor_execute", fail)
    courier: Courier = two_lmss.app.extensions["make_courier"](4)
    loop = threading.Thread(target=courier.serve, name="at work")
    loop.start()
    try:
        courier.wake(north.lane())
        wait_until(lambda: not faults[0], 30, lambda: f"{faults[0]} faults are left")
        courier.wake(north.lane())
        wait_until(lambda: count(north, "done") == MANY, 40, lambda: f"{count(north, 'done')} of {MANY} arrived")
    finally:
        courier.stop()
        loop.join(60)
    assert not loop.is_alive()
