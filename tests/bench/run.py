# SPDX-License-Identifier: Apache-2.0
"""The benchmarks: launches, servers, a burst, memory, deliveries, rosters, the cohort board, observations and growth, as one JSON object
on standard output; what is done is told on standard error.

``--only launches`` (servers, burst, memory, deliveries, platforms, kills, rosters, board, observing, growth, profile; several may be named)
runs a part; ``--tiny`` shows that they start.
"""

from __future__ import annotations

import argparse
import json
import os
import platform as machine_facts
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import cohorts
import deliveries
import durable
import environments
import growth
import launches
import memory
import observing
import rosters
import server
import servers
import tools
from issuer import kept_key
from machine import free_port, say
from tools import Bench

FOLDER = Path(__file__).parent


def profile(bench: Bench, told: argparse.Namespace) -> dict[str, Any]:
    """Where the time of our launches goes."""
    with tools.own(bench, "sqlite", name="profiled") as (_, environ):
        command = [sys.executable, str(FOLDER / "hotspots.py"), "--platform-port", str(bench.platform_port), "--first-user", "900000"]
        command += ["--key-file", str(bench.key_file), "--n", "5" if told.tiny else "150"]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def launch(bench: Bench, told: argparse.Namespace) -> dict[str, Any]:
    """The comparison."""
    if told.tiny:
        return launches.run(bench, rounds=1, n=3, crowd=20)
    return launches.run(bench, rounds=told.rounds, n=told.n)


PARTS = {
    "launches": launch,
    "servers": lambda bench, told: servers.run(bench, rounds=1 if told.tiny else told.rounds, n=3 if told.tiny else told.n),
    "profile": profile,
    "burst": lambda bench, told: launches.burst(bench, n=20 if told.tiny else 1000, workers=2 if told.tiny else 4),
    "memory": lambda bench, told: (
        memory.run(bench, launches_of=[5, 5], deliveries_of=[10, 10])
        if told.tiny
        else memory.run(bench, launches_of=[5_000, 5_000], deliveries_of=[10_000, 10_000])
    ),
    "deliveries": lambda bench, told: deliveries.throughput(bench, n=20, stock_n=2) if told.tiny else deliveries.throughput(bench),
    "kills": lambda bench, told: deliveries.kills(bench, n=24, seed=told.seed) if told.tiny else deliveries.kills(bench, seed=told.seed),
    "platforms": lambda bench, told: (
        deliveries.term(bench, platforms=8, each=5, seed=told.seed) if told.tiny else deliveries.term(bench, seed=told.seed)
    ),
    "rosters": lambda bench, told: rosters.run(bench, few=100, many=400) if told.tiny else rosters.run(bench),
    "board": lambda bench, told: cohorts.run(bench, sizes=[5, 10] if told.tiny else [100, 1_000, 10_000]),
    "observing": lambda bench, told: observing.run(bench, sizes=[(50, 10), (100, 20)] if told.tiny else [(1_000, 200), (10_000, 2_000)]),
    "growth": lambda bench, told: growth.run(bench, warm=2, more=3) if told.tiny else growth.run(bench, warm=50, more=450),
}


def about(told: argparse.Namespace, seconds: float) -> dict[str, Any]:
    """What was run, and where."""
    facts = {"python": machine_facts.python_version(), "machine": machine_facts.machine(), "cores": os.cpu_count()}
    command = server.command("APP", 0)
    return facts | {"rounds": told.rounds, "launches_a_measurement": told.n, "server": command[1:], "seconds": round(seconds)}


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", choices=sorted(PARTS), help="a part; several may be named")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--n", type=int, default=300, help="launches in one measurement")
    parser.add_argument("--seed", type=int, default=None, help="of the faults and the moments of the kills")
    parser.add_argument("--tiny", action="store_true", help="so small that it measures nothing")
    parser.add_argument("--here", action="store_true", help="the product runs in the environment of this interpreter")
    told = parser.parse_args()
    if told.here:
        environments.USED["product"] = sys.executable
    begun, found = time.monotonic(), {}
    with tempfile.TemporaryDirectory(prefix="lti-mentoring-bench-") as name, durable.postgres() as postgres:
        bench = Bench(Path(name), free_port(), postgres)
        kept_key(bench.key_file)
        for part in told.only or PARTS:
            say(f"--- {part}")
            found[part] = PARTS[part](bench, told)
    bars = [bar for part in found.values() for bar in part.pop("bars", [])]
    for bar in bars:
        say(f"{'met   ' if bar['met'] else 'MISSED'} {bar['bar']}: {bar['value']}")
    print(json.dumps({"about": about(told, time.monotonic() - begun), "bars": bars, **found}, indent=1))


if __name__ == "__main__":
    main()
