# SPDX-License-Identifier: Apache-2.0
"""Rosters of fifty thousand: all there, nobody twice, killed half-way, and what they cost a worker in time and memory."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from bars import Bar
from machine import memory, say, wait_for
from outbox import Outbox, filled
from sqlalchemy import text
from tools import Bench

MOST_MIB = 60
PATIENCE = 1_800
FEW, WHOLE, KILLED = range(3)
"""The platforms: a small course, a large one read by one worker, a large one whose worker dies half-way."""

_STANDS = (
    "SELECT r.state, r.run, r.pages, r.seen, r.added, r.changed, r.gone, r.fault FROM roster_sync r"
    " JOIN course c ON c.org_id = r.org_id AND c.id = r.course_id WHERE c.issuer = :issuer"
)
_HELD = (
    "SELECT count(*), count(DISTINCT i.sub) FROM membership m JOIN identity i ON i.org_id = m.org_id AND i.person_id = m.person_id"
    " JOIN course c ON c.org_id = m.org_id AND c.id = m.course_id"
    " WHERE c.issuer = :issuer AND i.issuer = :issuer AND m.status = 'active' AND m.roster_run > 0"
)


@dataclass(frozen=True)
class Course:
    """The one course of a platform."""

    outbox: Outbox
    number: int
    members: int

    @property
    def issuer(self) -> str:
        """Its platform's."""
        return self.outbox.plan.issuers[self.number]

    def stands(self) -> Any:
        """The row of its sync."""
        with self.outbox.engine.connect() as connection:
            return connection.execute(text(_STANDS), {"issuer": self.issuer}).one()

    def read(self, *, kill_at: int = 0) -> dict[str, Any]:
        """Ask, and wait for a worker of this run's own; it dies after ``kill_at`` pages, and another one ends it."""
        self.outbox.ask_roster(self.issuer)
        begun, peaks = time.monotonic(), []
        if kill_at:
            worker = self.outbox.start_worker()
            self._wait(lambda: self.stands().pages >= kill_at)
            peaks.append(memory([worker.pid])["peak"])
            self.outbox.kill_worker(worker)
            say(f"killed after {self.stands().pages} pages")
        worker = self.outbox.start_worker()
        self._wait(lambda: self.stands().state in ("done", "failed"))
        peaks.append(memory([worker.pid])["peak"])
        self.outbox.stop_workers()
        row = self.stands()
        made: dict[str, Any] = {"seconds": round(time.monotonic() - begun, 1), "peak_mib": max(peaks), **row._mapping}
        made |= {"asked": self.outbox.fleet()["platforms"][self.number]["statuses"].get("memberships 200", 0), **self.wrong()}
        say(f"{self.members} members: {made}")
        return made

    def _wait(self, done: Any) -> None:
        if not wait_for(done, PATIENCE):
            raise SystemExit(f"the roster has not been read: {self.stands()}")

    def wrong(self) -> dict[str, int]:
        """How many of the LMS's members are missing, and how many are here more than once."""
        with self.outbox.engine.connect() as connection:
            rows, people = connection.execute(text(_HELD), {"issuer": self.issuer}).one()
        return {"missing": self.members - people, "twice": rows - people}


def one(bench: Bench, kind: str, few: int, many: int) -> dict[str, Any]:
    """Both sizes on one database; each twice, the second time with nothing new."""
    with filled(bench, f"rosters-{kind}", platforms=3, people=0, columns=1, kind=kind) as outbox:
        sizes = {FEW: few, WHOLE: many, KILLED: many}
        outbox.fleet(set={number: {"members": size} for number, size in sizes.items()})
        small, whole, killed = (Course(outbox, number, size) for number, size in sizes.items())
        made = {"small": small.read(), "small again": small.read(), "large": whole.read(), "large again": whole.read()}
        return made | {"killed": killed.read(kill_at=many // 200), "killed, again": killed.read()}


def run(bench: Bench, *, few: int = 1_000, many: int = 50_000) -> dict[str, Any]:
    """On both databases."""
    found: dict[str, Any] = {}
    held: list[Bar] = []
    for kind in ("sqlite", "postgresql"):
        found[kind] = made = one(bench, kind, few, many)
        small = max(made["small"]["peak_mib"], made["small again"]["peak_mib"])
        large = max(run["peak_mib"] for name, run in made.items() if not name.startswith("small"))
        again = [run for name, run in made.items() if name.endswith("again")]
        pages = -(-many // 100)
        held += [
            Bar(f"{kind}: MiB that {many:,} members cost a worker at its peak, more than {few:,}", large - small, MOST_MIB, "most"),
            Bar(f"{kind}: members missing after any run", sum(run["missing"] for run in made.values()), 0, "most"),
            Bar(f"{kind}: members held twice after any run", sum(run["twice"] for run in made.values()), 0, "most"),
            Bar(f"{kind}: changes by a second run", sum(run["added"] + run["changed"] + run["gone"] for run in again), 0, "most"),
            Bar(f"{kind}: pages asked for again after the kill", made["killed"]["asked"] - pages, 1, "most"),
        ]
    return found | {"bars": [bar.said() for bar in held]}
