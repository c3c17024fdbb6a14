# SPDX-License-Identifier: Apache-2.0
"""Workers are killed with -9 while requests are in flight, and restarted or not: every cell equals our state, and nobody is flooded."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import func, select

from lti_mentoring.demo.site import NORTH, SOUTH
from lti_mentoring.settings import Settings
from lti_mentoring.store.delivery import ScorePublication
from support.live import Town, town
from support.station import Station, crowded
from support.workers import Worker, wait_until

CAP = 8
KILLS = 4
PACE = {
    "outbound__connect_seconds": "1",
    "outbound__read_seconds": "1",
    "delivery__lease_seconds": "10",
    "delivery__base_seconds": "1",
    "delivery__cap_seconds": "2",
    "delivery__sweep_seconds": "1",
    "delivery__most_at_once": str(CAP),
    "delivery__per_second": "0",
    "delivery__breaker_failures": "5",
    "delivery__breaker_seconds": "0.5",
}
ACTIVITIES = ("module-m1", "programme", "observation", "window")
LEARNERS = 50


@dataclass(frozen=True)
class Setting:
    """Where it runs: database, what wakes, how many workers, and whether the one that is killed comes back."""

    site: str
    database: str = "sqlite"
    queue: str = ""
    workers: int = 1
    comes_back: bool = True


SETTINGS = {
    "sqlite, as Moodle": Setting("north"),
    "sqlite, as Open edX": Setting("south"),
    "postgresql and redis": Setting("north", "postgresql", "redis", 2),
    "postgresql alone": Setting("north", "postgresql", "postgresql", 2),
    "one of two dead for good": Setting("north", "postgresql", "redis", 2, comes_back=False),
}


@pytest.fixture(params=SETTINGS, ids=str)
def setting(request: pytest.FixtureRequest) -> Setting:
    return SETTINGS[request.param]


@pytest.fixture
def crowded_town(
    request: pytest.FixtureRequest, setting: Setting, make_settings: Callable[..., Settings], empty_database: Path, tmp_path: Path
) -> Iterator[Town]:
    """A town with fifty learners more, whose workers give work back after seconds."""
    where: dict[str, str] = {"sqlite_synchronous": "FULL"}
    if setting.database == "postgresql":
        where["database_url"] = request.getfixturevalue("fresh_postgres_url")
        where["queue_url"] = request.getfixturevalue("redis_url") if setting.queue == "redis" else ""
    played = [crowded(one, LEARNERS) if one.key == setting.site else one for one in (NORTH, SOUTH)]
    with town(make_settings, empty_database, tmp_path, played=played, **where, **PACE) as made:
        yield made


def in_state(station: Station, *states: str) -> int:
    """How many scores of the outbox are in one of these states."""
    with station.inside() as session:
        query = select(func.count()).select_from(ScorePublication).where(ScorePublication.state.in_(states))
        return int(session.scalar(query) or 0)


def kill_in_flight(station: Station, worker: Worker, lot: random.Random) -> int:
    """Let it work for a while, and kill it while the LMS has a request of it. -> how many requests were under way at the most"""
    counts = station.lms.state(log=False)["counts"]
    until = counts.get("scores", 0) + lot.randrange(1, 30)
    station.lms.wait(lambda state: state["counts"].get("scores", 0) >= until or in_state(station, "waiting") < 40, seconds=60)
    trouble = station.lms.fault("hang", "scores", before=lot.random() < 0.5)
    station.lms.wait(lambda state: state["held"], seconds=60)
    worker.kill()
    under_way = in_state(station, "sending")
    station.lms.clear(trouble["id"])
    station.lms.release()
    return under_way


def test_after_kill_nine_in_the_middle_of_requests_every_cell_equals_our_state(
    setting: Setting, crowded_town: Town, secrets: dict[str, str], tmp_path: Path
) -> None:
    station = Station(crowded_town, setting.site)
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    lot = random.Random(seed)
    station.launch("candidate", *ACTIVITIES)
    for activity in ACTIVITIES:
        station.change(activity, item="module:M1")
    station.enrol(*ACTIVITIES)
    wanted = LEARNERS * len(ACTIVITIES)
    assert in_state(station, "waiting") == wanted
    station.lms.fault("flaky", "scores", share=0.05, seed=seed, times=None)
    workers = [Worker(crowded_town, secrets, tmp_path / f"worker-{number}.log", **PACE) for number in range(setting.workers)]
    under_way = 0
    try:
        for one in workers:
            one.start()
        for number in range(KILLS if setting.comes_back else 1):
            under_way += kill_in_flight(station, workers[0], lot)
            if number == 1:
                # A decision that comes meanwhile: what arrives is what is true at the end, not what was asked for first.
                station.change("window", grading="points")
            if setting.comes_back:
                workers[0].start()
        wait_until(lambda: not in_state(station, "waiting", "sending"), 120, lambda: "\n".join(one.told() for one in workers))
    finally:
        for one in workers:
            one.kill()
    check(station, wanted, under_way, points={"window"} if setting.comes_back else set())


def check(station: Station, wanted: int, under_way: int, points: set[str]) -> None:
    """Every cell equals our state; no cell had two requests at once; what was sent twice was under way at a kill."""
    with station.inside() as session:
        rows = session.scalars(select(ScorePublication)).all()
        assert len(rows) == wanted
        assert {row.state for row in rows} == {"done"}
        assert all(row.settled == row.wanted and row.lease_until is None for row in rows)
    state = station.lms.state(log=False)
    book = {(row["activity"], row["persona"]): row for row in state["gradebook"]}
    assert len(book) == wanted
    for (activity, persona), row in book.items():
        assert row["score"] / row["maximum"] == pytest.approx(0.95 if activity in points else 1), (activity, persona)
    changed = LEARNERS if points else 0
    assert wanted <= sum(row["posts"] for row in book.values()) <= wanted + changed + under_way
    assert state["simultaneous"]["max_per_cell"] == 1
    assert state["simultaneous"]["max"] <= CAP
