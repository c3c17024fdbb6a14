# SPDX-License-Identifier: Apache-2.0
"""Logins and launches to the first page: ours, the floors and the peers in turns, people known and people new apart, medians compared.

Servers share one core, the client has the other. Where the database is a server of its own, its CPU time counts as the tool's.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import tools
from bars import Bar
from machine import on_core, say
from tools import Bench, Tool

FOLDER = Path(__file__).parent
DATABASES = ("sqlite", "postgresql")
PARTS = ("login", "launch", "alone")
MEASURED = ("per_s", "p50_ms", "p95_ms", "cpu_ms")
PLATFORMS = 10_000
Results = dict[str, dict[str, list[dict[str, Any]]]]


def measure(
    bench: Bench, tool: Tool, *, n: int, first_user: int, warm_up: int = 0, c: int = 4, more: tuple[str, ...] = ()
) -> dict[str, Any]:
    """One tool, once."""
    command = [sys.executable, str(FOLDER / "loadgen.py"), "--tool", tool.url, "--login-path", tool.login_path]
    command += ["--launch-path", tool.launch_path, "--expect", tool.expect, *(f"--server-pid={pid}" for pid in tool.pids)]
    command += ["--platform-port", str(bench.platform_port), "--key-file", str(bench.key_file), "--c", str(c)]
    command += ["--n", str(n), "--first-user", str(first_user), "--warm-up", str(warm_up), *more]
    done = subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=on_core(1))
    if done.returncode:
        raise SystemExit(f"{tool.name}: {done.stderr[-3000:]}")
    result: dict[str, Any] = json.loads(done.stdout)
    return result | {"said": done.stderr[:2000]}


def without_errors(tool: Tool, result: dict[str, Any]) -> dict[str, Any]:
    """The result, which must hold no failed login or launch."""
    failed = {part: result[part]["errors"] for part in ("login", "launch") if result[part]["errors"]}
    if failed:
        raise SystemExit(f"{tool.name}: {failed}\n{result['said']}")
    return result


def one_round(bench: Bench, tool: Tool, *, who: str, number: int, n: int) -> dict[str, Any]:
    """Logins and launches to the first page; then, for a tool that answers in two requests, the launch request by itself."""
    known = who == "known"
    first = 1 if known else 20_000 * (number + 1)
    warm_up = (n if number == 0 else 20) if known else 0
    result = without_errors(tool, measure(bench, tool, n=n, first_user=first, warm_up=warm_up, more=("--verbose",)))
    result["alone"] = result["launch"]
    if tool.two_requests:
        again = measure(bench, tool, n=n, first_user=first if known else first + 10_000, more=("--alone", "--verbose"))
        result["alone"] = without_errors(tool, again)["launch"]
    return result


def all_tools(bench: Bench, stack: ExitStack, crowd: int) -> Iterator[Tool]:
    """Everything that is measured, started one after the other."""
    for kind in DATABASES:
        yield stack.enter_context(tools.own(bench, kind))[0]
        yield stack.enter_context(tools.own(bench, kind, platforms=crowd, name=f"ours {kind} {crowd} platforms"))[0]
    for kind in ("none", *DATABASES):
        yield stack.enter_context(tools.floor(bench, kind))
    for variant in ("default", "cached"):
        yield stack.enter_context(tools.stock(bench, variant))
    for kind in DATABASES:
        yield stack.enter_context(tools.django_lti(bench, kind))


def run(bench: Bench, *, rounds: int, n: int, crowd: int = PLATFORMS, slow_n: int = 100) -> dict[str, Any]:
    """Measure everything. django-lti takes part with fewer launches a round: it is slow, and the time is limited."""
    with ExitStack() as stack:
        running = []
        for tool in all_tools(bench, stack, crowd):
            say(f"started {tool.name}")
            running.append(tool)
        results: Results = {who: {tool.name: [] for tool in running} for who in ("known", "new")}
        for number in range(rounds):
            for who, by_tool in results.items():
                for tool in running:
                    size = min(n, slow_n) if tool.name.startswith("django") else n
                    by_tool[tool.name].append(one_round(bench, tool, who=who, number=number, n=size))
                    launch = by_tool[tool.name][-1]["launch"]
                    say(f"round {number + 1}, people {who}: {tool.name}: {launch['per_s']} launches/s, {launch['cpu_ms']} ms CPU each")
    medians = {who: {name: middle(found) for name, found in by_tool.items()} for who, by_tool in results.items()}
    return {"medians": medians, "bars": [bar.said() for bar in bars(medians, crowd)]}


def middle(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """The median of each figure over the rounds; ``alone`` is the launch request without the page that it leads to."""
    made: dict[str, Any] = {
        part: {name: round(statistics.median(one[part][name] for one in rounds), 3) for name in MEASURED} for part in PARTS
    }
    fetches = round(statistics.median(one["launch"]["key_set_fetches"] / one["launch"]["ok"] for one in rounds), 3)
    return made | {"key_set_fetches_a_launch": fetches}


def bars(medians: dict[str, dict[str, Any]], crowd: int) -> Iterator[Bar]:
    """What was asked for, and what became of it. A rate's ratio is ours to theirs: more is better; of CPU time, less."""
    known, new = medians["known"], medians["new"]

    def rate(who: dict[str, Any], peer: str, mine: str) -> float:
        return float(who[mine]["launch"]["per_s"] / who[peer]["launch"]["per_s"])

    yield Bar(
        "SQLite, known people: launches/s to the first page, to stock pylti1p3 default", rate(known, "stock default", "ours sqlite"), 1.0
    )
    yield Bar("SQLite, new people: the same", rate(new, "stock default", "ours sqlite"), 0.7)
    for kind in DATABASES:
        for who, found in medians.items():
            yield Bar(f"{kind}, {who} people: launches/s to django-lti", rate(found, f"django-lti {kind}", f"ours {kind}"), 6.0)
    for kind in DATABASES:
        for who, found in medians.items():
            mine, least = found[f"ours {kind}"], found[f"floor {kind}"]
            yield Bar(
                f"{kind}, {who} people: CPU of the launch request to the floor",
                mine["alone"]["cpu_ms"] / max(least["alone"]["cpu_ms"], 0.001),
                2,
                "most",
            )
            login = mine["login"]["cpu_ms"] / max(found["floor none"]["login"]["cpu_ms"], 0.001)
            yield Bar(f"{kind}, {who} people: CPU of a login to the floor without a database", login, 1.0, "most")
            many = found[f"ours {kind} {crowd} platforms"]["launch"]["cpu_ms"] / max(mine["launch"]["cpu_ms"], 0.001)
            yield Bar(f"{kind}, {who} people: CPU of a launch with {crowd} platforms to one", many, 1.1, "most")
    yield Bar(
        "stretch: SQLite, known people, to stock pylti1p3 with its cache", rate(known, "stock cached", "ours sqlite"), 1.0, stretch=True
    )
    yield Bar("stretch: SQLite, new people, to the same", rate(new, "stock cached", "ours sqlite"), 1.0, stretch=True)


# --- a burst --------------------------------------------------------------------------------------------------------------------


def burst(bench: Bench, *, n: int = 1000, workers: int = 4) -> dict[str, Any]:
    """So many logins at once, then as many launches at once, over several web processes."""
    made: dict[str, Any] = {}
    held: list[Bar] = []
    for kind in DATABASES:
        with tools.own(bench, kind, workers=workers, name=f"burst {kind}", core=None) as (tool, _):
            measure(bench, tool, n=20, first_user=1)
            result = measure(bench, tool, n=n, first_user=100_000, c=n, more=("--patience", "60", "--verbose"))
        errors = {part: result[part]["errors"] for part in ("login", "launch")}
        lost = sum(count for why, count in errors["launch"].items() if why.startswith("launch 4"))
        say(f"burst on {kind}: {n} at once, {result['launch']['per_s']} launches/s, errors {errors}")
        made[kind] = {"errors": errors, "lost_states": lost} | {
            part: {name: result[part][name] for name in ("ok", "per_s", "p50_ms", "p99_ms", "cpu_ms") if name in result[part]}
            for part in ("login", "launch")
        }
        failed = sum(sum(part.values()) for part in errors.values())
        held.append(Bar(f"{kind}: errors in a burst of {n} over {workers} processes", failed, 0, "most"))
        held.append(Bar(f"{kind}: lost states in it", lost, 0, "most"))
    return made | {"bars": [bar.said() for bar in held]}
