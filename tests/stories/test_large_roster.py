# SPDX-License-Identifier: Apache-2.0
"""A large course's roster: killed with a page in its hands the worker asks for that page again and for none before; none is held on to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lti_mentoring.demo.site import NORTH, SOUTH
from lti_mentoring.settings import Settings
from support.live import Town, town
from support.roster import Roster
from support.station import crowded
from support.workers import Worker, peak_mib, wait_until

PACE = {
    "outbound__connect_seconds": "1",
    "outbound__read_seconds": "2",
    "delivery__lease_seconds": "15",
    "delivery__base_seconds": "1",
    "delivery__sweep_seconds": "1",
}
FEW, MANY = 500, 5_000
PAGE = 100
MOST_GROWTH_MIB = 4.0
"""Ten times the members may cost a worker so much more at its peak. Holding them all would take about three times that."""


@pytest.fixture
def large_town(make_settings: Callable[..., Settings], empty_database: Path, tmp_path: Path) -> Iterator[Town]:
    """Five hundred people more at one LMS, five thousand more at the other; both page by a hundred, as they are asked to."""
    played = [crowded(NORTH, MANY), crowded(SOUTH, FEW)]
    with town(make_settings, empty_database, tmp_path, played=played, sqlite_synchronous="FULL", **PACE) as made:
        yield made


@dataclass(frozen=True)
class Course:
    """One of the two, with what it must be in the end."""

    roster: Roster
    enrolled: frozenset[str]

    @classmethod
    def of(cls, made: Town, site: str) -> Course:
        """That its coordinator has opened."""
        roster = Roster(made, site)
        roster.launch("coordinator", "programme")
        return cls(roster, frozenset(roster.site.sub(one) for one in roster.site.people if one.enrolled))

    @property
    def pages(self) -> int:
        """How many a run takes."""
        return -(-len(self.enrolled) // PAGE)

    def read(self, worker: Worker) -> None:
        """Have the worker read it, to its end."""
        self.roster.ask()
        self.wait(worker)

    def wait(self, worker: Worker) -> None:
        """Until it has been read."""
        wait_until(lambda: self.roster.row().state == "done", 120, lambda: f"{self.roster.row().pages} pages\n{worker.told()}")

    def check(self) -> None:
        """Everybody of the LMS's list is here, once."""
        run = self.roster.row().run
        held = Counter(one.sub for one in self.roster.members() if one.roster_run == run and one.status == "active")
        assert held.keys() == self.enrolled
        assert set(held.values()) == {1}

    def people(self) -> dict[str, str]:
        """Who is who."""
        return {one.sub: one.person_id for one in self.roster.members()}


@pytest.mark.checklist("NR-02", "NR-10")
def test_a_worker_killed_half_way_leaves_a_run_that_the_next_one_ends(large_town: Town, secrets: dict[str, str], tmp_path: Path) -> None:
    """With the LMS's answer in its hands, and with opaque cursors of mixed case; all are there, and nobody twice."""
    course = Course.of(large_town, NORTH.key)
    worker = Worker(large_town, secrets, tmp_path / "worker.log", **PACE)
    course.roster.ask()
    with worker:
        wait_until(lambda: course.roster.row().pages > 20, 60, worker.told)
        course.roster.lms.fault("hang", "memberships")
        course.roster.lms.wait(lambda state: state["held"], seconds=60)
    half = course.roster.row()
    assert half.state == "running"
    assert 20 < half.pages < course.pages
    assert "cursor=" in (half.next_url or "")
    assert half.next_url != (half.next_url or "").lower()
    course.roster.lms.release()
    some = course.people()
    asked = course.roster.lms.state(log=False)["counts"]["memberships"]
    with worker:
        course.wait(worker)
        after = course.roster.row()
        course.check()
        assert (after.run, after.pages, after.seen) == (half.run, course.pages, len(course.enrolled))
        assert after.attempt > half.attempt
        # It went on where the page was lost, not at the beginning.
        assert course.roster.lms.state(log=False)["counts"]["memberships"] - asked == course.pages - half.pages
        everybody = course.people()
        assert some.items() <= everybody.items()
        course.read(worker)
    again = course.roster.row()
    assert (again.run, again.seen, again.added, again.changed, again.gone) == (half.run + 1, len(course.enrolled), 0, 0, 0)
    course.check()
    assert course.people() == everybody


def test_NR_10_ten_times_the_members_take_no_more_memory(large_town: Town, secrets: dict[str, str], tmp_path: Path) -> None:
    """The worker's peak as the system tells it; each roster is read twice, so that what is new and what is known both count."""
    few, many = Course.of(large_town, SOUTH.key), Course.of(large_town, NORTH.key)
    with Worker(large_town, secrets, tmp_path / "worker.log", **PACE) as worker:
        peaks = []
        for course in (few, many):
            for _ in range(2):
                course.read(worker)
                course.check()
            assert course.roster.row().pages == course.pages
            peaks.append(peak_mib(worker.pid))
    print("peaks", peaks)
    assert peaks[1] - peaks[0] <= MOST_GROWTH_MIB, peaks
