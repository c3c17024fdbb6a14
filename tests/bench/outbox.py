# SPDX-License-Identifier: Apache-2.0
"""One delivery benchmark's surroundings: a fleet of LMSs, our database filled with work, and our workers."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ours
from filling import Plan
from machine import ended, free_port, free_ports, killed, say, served, started
from sqlalchemy import Engine, create_engine, text
from tools import Bench, sqlalchemy_url

from lti_mentoring import settings

FOLDER = Path(__file__).parent
QUICK = {
    "OUTBOUND__CONNECT_SECONDS": "1",
    "OUTBOUND__READ_SECONDS": "2",
    "DELIVERY__LEASE_SECONDS": "15",
    "DELIVERY__BASE_SECONDS": "1",
    "DELIVERY__CAP_SECONDS": "5",
    "DELIVERY__SWEEP_SECONDS": "1",
    "DELIVERY__BREAKER_SECONDS": "3",
}
"""Less patience than in production, so that nobody waits for minutes; the rules are the same."""


@dataclass
class Outbox:
    """A filled installation, the LMSs around it, and the workers that run."""

    folder: Path
    environ: dict[str, str]
    engine: Engine
    plan: Plan
    control_port: int
    fleet_pid: int
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    # --- the LMSs ---------------------------------------------------------------------------------------------------------

    def fleet(self, **told: Any) -> dict[str, Any]:
        """Tell the fleet, and ask it."""
        data = json.dumps(told).encode()
        with urllib.request.urlopen(f"http://127.0.0.1:{self.control_port}/control", data, timeout=60) as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    def faults(self, numbers: list[int], **said: Any) -> None:
        """Give platforms faults."""
        self.fleet(set=dict.fromkeys(numbers, said))

    def wrong_cells(self, plan: Plan | None = None) -> dict[str, int]:
        """How many cells do not hold what we hold, and how many were written more than once or out of order."""
        cells, found = self.fleet(cells=True)["cells"], Counter({"missing": 0, "wrong": 0, "extra_posts": 0, "older_came": 0})
        for line_item, user, share in (plan or self.plan).cells():
            cell = cells.get(f"{line_item} {user}")
            if cell is None:
                found["missing"] += 1
                continue
            found["wrong"] += cell[0] is None or abs(cell[0] - share) > 0.0001
            found["extra_posts"] += cell[2] - 1
            found["older_came"] += cell[3]
        return dict(found)

    def tokens(self) -> int:
        """The most tokens that one platform gave for one set of scopes."""
        return max((max(one["tokens"].values(), default=0) for one in self.fleet()["platforms"]), default=0)

    # --- our side ---------------------------------------------------------------------------------------------------------

    def states(self) -> Counter[str]:
        """How many scores are in which state."""
        with self.engine.connect() as connection:
            return Counter(dict(connection.execute(text("SELECT state, count(*) FROM score_publication GROUP BY state")).tuples().all()))

    def left(self) -> int:
        """How many have not arrived."""
        states = self.states()
        return states.total() - states["done"]

    def by_platform(self) -> dict[str, Counter[str]]:
        """The same for each issuer."""
        query = (
            "SELECT c.issuer, s.state, count(*) FROM score_publication s JOIN placement p ON p.org_id = s.org_id AND p.id = s.placement_id"
            " JOIN course c ON c.org_id = p.org_id AND c.id = p.course_id GROUP BY c.issuer, s.state"
        )
        found: dict[str, Counter[str]] = {}
        with self.engine.connect() as connection:
            for issuer, state, count in connection.execute(text(query)):
                found.setdefault(issuer, Counter())[state] = count
        return found

    def retry(self) -> int:
        """What staff do once a platform is mended: everything that is stuck is sent again."""
        return int(_filling(self.environ, "retry").split()[-1])

    def ask_roster(self, issuer: str) -> None:
        """Have the roster of a platform's course read from the beginning."""
        _filling(self.environ, "roster", issuer)

    # --- workers ----------------------------------------------------------------------------------------------------------

    def start_worker(self, threads: int = 32) -> subprocess.Popen[bytes]:
        """One more."""
        command = [*ours.HERE, "worker", "--threads", str(threads)]
        self.workers.append(started(command, self.environ, self.folder / f"worker-{len(self.workers)}.log"))
        return self.workers[-1]

    def kill_worker(self, process: subprocess.Popen[bytes]) -> None:
        """Its whole group with -9, and nobody starts it again."""
        killed(process)
        self.workers.remove(process)

    def stop_workers(self) -> None:
        """Those that still run."""
        while self.workers:
            ended(self.workers.pop(), 5)


def _filling(environ: dict[str, str], *words: str) -> str:
    done = subprocess.run([sys.executable, FOLDER / "filling.py", *words], env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    return done.stdout


def known_settings(wanted: dict[str, str]) -> dict[str, str]:
    """Those of the settings that this release has."""
    known = set(settings.variables())
    return {f"LTI_MENTORING_{name}": value for name, value in wanted.items() if f"LTI_MENTORING_{name}" in known}


def know_the_sizes(url: str) -> None:
    """What PostgreSQL does by itself within a minute of such a change: tables filled a moment ago would be read row by row till then."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("ANALYZE"))
    engine.dispose()


@contextmanager
def filled(
    bench: Bench, name: str, *, platforms: int, people: int, columns: int, kind: str, seed: int = 1, **more: str
) -> Iterator[Outbox]:
    """A fleet of so many platforms, with work for each of them in our outbox on sqlite or postgresql; no worker runs yet."""
    folder = bench.folder / name
    folder.mkdir()
    *ports, control = free_ports(platforms + 1)
    plan = Plan([f"http://127.0.0.1:{port}/p/{number}" for number, port in enumerate(ports)], people, columns)
    if kind == "postgresql":
        assert bench.postgres is not None
        url = sqlalchemy_url(bench.postgres.new_database())
    else:
        url = f"sqlite:///{folder / 'tool.sqlite3'}"
    environ = ours.environment(url, free_port(), *ports) | known_settings(QUICK | more)
    ours.command_line(environ, "db", "upgrade")
    plan.write(folder / "plan.json")
    say(f"filling: {plan.deliveries} scores for {platforms} platforms, {kind}")
    _filling(environ, "deliveries", str(folder / "plan.json"))
    know_the_sizes(url)
    command = [sys.executable, str(FOLDER / "fleet.py"), "--control", str(control), "--seed", str(seed), "--ports", *map(str, ports)]
    with served(command, environ, control, folder / "fleet.log", core=None) as pid:
        made = Outbox(folder, environ, create_engine(url), plan, control, pid)
        try:
            yield made
        finally:
            made.stop_workers()
            made.engine.dispose()
