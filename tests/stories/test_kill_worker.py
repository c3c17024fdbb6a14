# SPDX-License-Identifier: Apache-2.0
"""The worker's process group is killed with -9 while a request is in flight, and restarted: every cell equals our state."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from lti_mentoring.settings import Settings
from lti_mentoring.store import base
from lti_mentoring.store.delivery import ScorePublication
from support.live import Town, town
from support.station import Station

PACE = {
    "outbound__connect_seconds": "1",
    "outbound__read_seconds": "2",
    "delivery__lease_seconds": "15",
    "delivery__base_seconds": "1",
    "delivery__cap_seconds": "2",
    "delivery__sweep_seconds": "1",
}
LEARNERS = ("candidate", "second", "nameless")
ACTIVITIES = ("module-m1", "programme", "observation", "window")


@pytest.fixture
def patient_town(make_settings: Callable[..., Settings], empty_database: Path, tmp_path: Path) -> Iterator[Town]:
    """A town whose worker gives work back after seconds instead of a minute."""
    with town(make_settings, empty_database, tmp_path, sqlite_synchronous="FULL", **PACE) as made:
        yield made


class Worker:
    """``lti-mentoring worker`` in a process group of its own."""

    def __init__(self, made: Town, secrets: dict[str, str], log: Path) -> None:
        settings = made.app.extensions["lti_mentoring"].settings
        told = {"database_url": settings.database_url, "public_url": made.tool_url, "allow_local_platforms": "true", **PACE}
        self.environ = {name: value for name, value in os.environ.items() if not name.startswith("LTI_MENTORING_")} | secrets
        self.environ |= {f"LTI_MENTORING_{name.upper()}": value for name, value in told.items()}
        self.log = log

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        """Start it; however the block ends, the whole group is killed with -9."""
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "lti_mentoring", "worker"]
            process = subprocess.Popen(command, env=self.environ, stdout=log, stderr=log, start_new_session=True)
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def unsettled(station: Station) -> int:
    """How many scores of the outbox have not arrived."""
    with station.inside() as session:
        return len(session.scalars(select(ScorePublication.id).where(ScorePublication.state != "done")).all())


def wait_until(done: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


@pytest.mark.parametrize("site", ["north", "south"])
def test_after_kill_nine_in_the_middle_of_a_request_every_cell_equals_our_state(
    patient_town: Town, secrets: dict[str, str], tmp_path: Path, site: str
) -> None:
    station, worker = Station(patient_town, site), Worker(patient_town, secrets, tmp_path / "worker.log")
    for learner in LEARNERS:
        station.launch(learner, *ACTIVITIES)
    for activity in ACTIVITIES:
        station.change(activity, item="module:M1")
    for learner in LEARNERS:
        station.attempt(station.person_id(learner))
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    lot, kills = random.Random(seed), 0

    # Killed while the LMS has done it and we have not heard; then before it has done it; then at any moment.
    for before in (False, True):
        station.lms.fault("hang", "scores", before=before)
        with worker.running():
            station.lms.wait(lambda state: state["held"], seconds=60)
        station.lms.release()
        station.lms.clear()
        kills += 1
        # A decision that comes while no worker lives: what arrives is what is true at the end, not what was asked for first.
        station.change("window" if before else "programme", grading="points")
    with worker.running():
        station.lms.wait(lambda state: not unsettled(station) or state["counts"].get("scores", 0) > lot.randrange(4, 9), seconds=60)
    kills += 1
    with worker.running():
        wait_until(lambda: not unsettled(station), 60, worker.log.read_text("utf-8")[-3000:])

    points = ("programme", "window")
    for activity in ACTIVITIES:
        for learner in LEARNERS:
            assert station.share(activity, learner) == pytest.approx(0.95 if activity in points else 1), (activity, learner)
    state = station.lms.state(log=False)
    wanted = len(ACTIVITIES) * len(LEARNERS)
    assert state["simultaneous"]["max_per_cell"] == 1
    assert wanted <= state["counts"]["scores"] <= wanted + len(points) * len(LEARNERS) + kills
    with station.inside():
        rows = base.session().scalars(select(ScorePublication)).all()
        assert len(rows) == wanted
        assert all(row.settled == row.wanted and row.lease_until is None for row in rows)
