# SPDX-License-Identifier: Apache-2.0
"""Twenty thousand people in one course, read by a worker that is killed half-way: all there, nobody twice, and no more memory for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import func, select

from lti_mentoring.demo.site import NORTH, SOUTH
from lti_mentoring.settings import Settings
from lti_mentoring.store.people import Identity, Membership, Person
from support.databases import Postgres
from support.live import town
from support.roster import Roster
from support.station import crowded
from support.workers import Worker, wait_until

FEW, MANY = 1_000, 20_000
MOST_MORE_KIB = 60 * 1024
PACE = {
    "outbound__connect_seconds": "1",
    "outbound__read_seconds": "3",
    "delivery__lease_seconds": "20",
    "delivery__base_seconds": "1",
    "delivery__cap_seconds": "2",
    "delivery__sweep_seconds": "1",
}


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[Callable[[], dict[str, str]]]:
    """Settings of an empty database, of another one each time it is called."""
    if request.param == "sqlite":
        yield dict
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    made: list[str] = []

    def fresh() -> dict[str, str]:
        made.append(postgres.create())
        return {"database_url": postgres.url(made[-1])}

    yield fresh
    for name in made:
        postgres.drop(name)


def peak(pid: int) -> int:
    """The most memory that a process ever had resident, in KiB, as the system counts it."""
    found = re.search(r"^VmHWM:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text("ascii"), re.MULTILINE)
    assert found
    return int(found.group(1))


def held(roster: Roster) -> dict[str, int]:
    """How many of each we hold."""
    with roster.inside() as session:
        tables = (Identity, Person, Membership)
        return {table.__tablename__: session.scalar(select(func.count()).select_from(table)) or 0 for table in tables}


def read(roster: Roster, worker: Worker, run: int) -> None:
    """Wait for the end of that run."""
    wait_until(lambda: (roster.row().state, roster.row().run) == ("done", run), 240, lambda: f"{vars(roster.row())}\n{worker.told()}")


@contextmanager
def course(
    make_settings: Callable[..., Settings], empty_database: Path, folder: Path, many: int, where: dict[str, str]
) -> Iterator[Roster]:
    """A Moodle course with so many people, that its coordinator has opened."""
    folder.mkdir()
    with town(make_settings, empty_database, folder, played=[crowded(NORTH, many), SOUTH], **where, **PACE) as made:
        roster = Roster(made, "north")
        roster.launch("coordinator", "programme")
        roster.ask()
        yield roster


@pytest.mark.checklist("NR-10", "NR-02", "NR-09")
def test_twenty_thousand_members_survive_kill_nine_and_cost_no_more_memory_than_a_thousand(
    make_settings: Callable[..., Settings],
    empty_database: Path,
    secrets: dict[str, str],
    tmp_path: Path,
    database: Callable[[], dict[str, str]],
) -> None:
    with (
        course(make_settings, empty_database, tmp_path / "few", FEW, database()) as roster,
        Worker(roster.town, secrets, tmp_path / "few.log", **PACE) as worker,
    ):
        read(roster, worker, 1)
        small = peak(worker.pid)
    with course(make_settings, empty_database, tmp_path / "many", MANY, database()) as roster:
        worker = Worker(roster.town, secrets, tmp_path / "many.log", **PACE)
        with worker:
            wait_until(lambda: roster.row().pages >= 60, 120, worker.told)
        cut = roster.row()
        assert cut.state != "done"
        everybody = sum(one.enrolled for one in roster.site.people)
        assert 0 < held(roster)["membership"] < everybody
        with worker:
            read(roster, worker, 1)
            row, first = roster.row(), held(roster)
            assert cut.pages <= row.pages <= -(-everybody // 100) + 1  # it went on where it was; at most the page in flight came twice
            assert set(first.values()) == {everybody}
            assert row.gone == 0
            roster.ask()
            read(roster, worker, 2)
            large = peak(worker.pid)
            assert held(roster) == first
            assert (roster.row().added, roster.row().changed, roster.row().gone) == (0, 0, 0)
    print(f"peak resident memory: {small} KiB after {FEW} members, {large} KiB after {MANY}, twice")
    assert large - small < MOST_MORE_KIB
