# SPDX-License-Identifier: Apache-2.0
"""How large a web process and a worker are after so much work, and after as much again."""

from __future__ import annotations

from typing import Any

import launches
import tools
from bars import Bar
from deliveries import OPEN
from machine import memory, say, wait_for
from outbox import filled
from tools import Bench

WEB_MIB, WORKER_MIB = 150, 120
FLAT_MIB = 4.0
"""Growth from the first measurement to the second that is called flat: the allocator's noise."""


def web(bench: Bench, launches_of: list[int]) -> list[dict[str, Any]]:
    """The largest process of the server after each lot of launches."""
    made, done = [], 0
    with tools.own(bench, "sqlite", name="memory") as (tool, _):
        for count in launches_of:
            launches.without_errors(tool, launches.measure(bench, tool, n=count, first_user=1 + done, c=8, more=("--verbose",)))
            done += count
            made.append({"launches": done} | memory([tool.pids[0]]))
            say(f"web process: {made[-1]}")
    return made


def worker(bench: Bench, deliveries_of: list[int]) -> list[dict[str, Any]]:
    """The largest process of the worker after each lot of deliveries, to ten platforms."""
    made: list[dict[str, Any]] = []
    platforms = min(10, max(1, sum(deliveries_of) // 4))
    each = sum(deliveries_of) // 4 // platforms
    with filled(bench, "memory-worker", platforms=platforms, people=each, columns=4, kind="sqlite", **OPEN) as outbox:
        running, goal = outbox.start_worker(), 0
        for count in deliveries_of:
            goal = min(goal + count, outbox.plan.deliveries)
            if not wait_for(lambda goal=goal: outbox.states()["done"] >= goal, 900):
                raise SystemExit(f"the worker has not delivered {goal}: {outbox.states()}")
            made.append({"deliveries": goal} | memory([running.pid]))
            say(f"worker: {made[-1]}")
    return made


def run(bench: Bench, *, launches_of: list[int], deliveries_of: list[int]) -> dict[str, Any]:
    """Both."""
    found = {"web": web(bench, launches_of), "worker": worker(bench, deliveries_of)}
    held = []
    for name, limit in (("web", WEB_MIB), ("worker", WORKER_MIB)):
        first, second = found[name]
        held.append(Bar(f"{name} process, MiB after the first lot", first["now"], limit, "most"))
        held.append(Bar(f"{name} process, MiB after the second lot", second["now"], limit, "most"))
        held.append(Bar(f"{name} process, MiB of growth between them", second["now"] - first["now"], FLAT_MIB, "most"))
    return {**found, "bars": [bar.said() for bar in held]}
