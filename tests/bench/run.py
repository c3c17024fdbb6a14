# SPDX-License-Identifier: Apache-2.0
"""Logins and launches to the first page: ours against the tool that pylti1p3's README describes, in one run and in turns.

Ours runs as on one production host: gunicorn with one process and two threads, SQLite with every commit durable. The peer runs under the
same server and stores nothing durable: *default* fetches the platform's keys in each launch, *cached* keeps them. Each round measures
the three after one another, people known to the tool and people new to it apart; medians of the rounds are compared. Servers
share one core, the client has the other. Prints JSON; what is done is told on standard error.
"""

from __future__ import annotations

import argparse
import json
import os
import platform as machine
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ours

FOLDER = Path(__file__).parent
TOOLS = ("ours", "stock default", "stock cached")
PARTS = ("login", "launch")
MEASURED = ("per_s", "p50_ms", "p95_ms", "cpu_ms")


@dataclass(frozen=True)
class Tool:
    """A running tool and how to reach it."""

    name: str
    url: str
    login_path: str
    launch_path: str
    expect: str
    pid: int


def free_port() -> int:
    """A loopback port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def on_core(number: int) -> Any:
    """Pin a process that is about to start, where there is more than one core."""
    cores = sorted(os.sched_getaffinity(0))
    return lambda: os.sched_setaffinity(0, {cores[number % len(cores)]})


def say(text: str) -> None:
    """Tell the person who waits."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def served(command: list[str], environ: dict[str, str], port: int, log: Path) -> Iterator[int]:
    """A server on a port. -> its process id"""
    with log.open("wb") as out:
        server = subprocess.Popen(command, env=environ, stdout=out, stderr=out, preexec_fn=on_core(0), start_new_session=True)
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if server.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"{command} did not start:\n{log.read_text()}") from None
                time.sleep(0.05)
        yield server.pid
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(20)


@contextmanager
def stock(folder: Path, variant: str, platform_port: int) -> Iterator[Tool]:
    """The peer."""
    port = free_port()
    environ = os.environ | {"VARIANT": variant, "PORT_LMS": str(platform_port), "PYTHONPATH": str(FOLDER)}
    options = ["--workers", "1", "--worker-class", "gthread", "--threads", "2", "--keep-alive", "15", "--no-control-socket"]
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", *options, "--log-level", "warning"]
    with served([*command, "stock_pylti1p3_tool:app"], environ, port, folder / f"{variant}.log") as pid:
        yield Tool(f"stock {variant}", f"http://127.0.0.1:{port}", "/login/", "/launch/", "LAUNCH OK", pid)


@contextmanager
def own(folder: Path, environ: dict[str, str], platform_port: int) -> Iterator[Tool]:
    """Ours."""
    url = environ["LTI_MENTORING_PUBLIC_URL"]
    port = int(url.rpartition(":")[2])
    ours.prepare(environ, platform_port)
    command = [*ours.HERE, "serve", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    with served(command, environ, port, folder / "ours.log") as pid:
        yield Tool("ours", url, "/lti/login", "/lti/launch", ours.FIRST_PAGE, pid)


def measure(tool: Tool, folder: Path, platform_port: int, *, n: int, first_user: int, warm_up: int) -> dict[str, Any]:
    """One tool, once."""
    command = [sys.executable, str(FOLDER / "loadgen.py"), "--tool", tool.url, "--login-path", tool.login_path]
    command += ["--launch-path", tool.launch_path, "--expect", tool.expect, "--server-pid", str(tool.pid)]
    command += ["--platform-port", str(platform_port), "--key-file", str(folder / "key.pem")]
    command += ["--n", str(n), "--first-user", str(first_user), "--warm-up", str(warm_up), "--verbose"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, preexec_fn=on_core(1))
    result: dict[str, Any] = json.loads(done.stdout)
    failed = {part: result[part]["errors"] for part in PARTS if result[part]["errors"]}
    if failed:
        raise SystemExit(f"{tool.name}: {failed}\n{done.stderr[:3000]}")
    return result


def middle(rounds: list[dict[str, Any]], part: str) -> dict[str, float]:
    """The median of each figure over the rounds."""
    return {name: round(statistics.median(one[part][name] for one in rounds), 3) for name in MEASURED}


def fetches(rounds: list[dict[str, Any]]) -> float:
    """How often the tool asked for the platform's keys, a launch."""
    return round(statistics.median(one["launch"]["key_set_fetches"] / one["launch"]["ok"] for one in rounds), 3)


def compare(results: dict[str, dict[str, list[dict[str, Any]]]]) -> dict[str, Any]:
    """Medians for each tool, and what ours is to each peer: above 1 in ``per_s`` and below 1 in ``cpu_ms`` is better."""
    out: dict[str, Any] = {"medians": {}, "ours_to": {}}
    for who, by_tool in results.items():
        out["medians"][who] = {
            tool: {part: middle(rounds, part) for part in ("login", "launch")}
            | {
                "key_set_fetches_a_launch": round(
                    statistics.median(one["launch"]["key_set_fetches"] / one["launch"]["ok"] for one in rounds), 3
                )
            }
            for tool, rounds in by_tool.items()
        }
        for peer in TOOLS[1:]:
            mine, theirs = out["medians"][who]["ours"], out["medians"][who][peer]
            out["ours_to"].setdefault(peer, {})[who] = {
                part: {name: round(mine[part][name] / theirs[part][name], 2) for name in ("per_s", "cpu_ms")}
                for part in ("login", "launch")
            }
    return out


def profile(environ: dict[str, str], folder: Path, platform_port: int, first_user: int) -> dict[str, Any]:
    """Where the time of ours goes."""
    command = [sys.executable, str(FOLDER / "hotspots.py"), "--platform-port", str(platform_port), "--key-file", str(folder / "key.pem")]
    done = subprocess.run([*command, "--first-user", str(first_user)], env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Run all of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--n", type=int, default=400, help="launches in one measurement")
    told = parser.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="lti-mentoring-bench-") as name, ExitStack() as stack:
        folder, platform_port = Path(name), free_port()
        environ = ours.environment(folder, free_port(), platform_port)
        tools = [stack.enter_context(own(folder, environ, platform_port))]
        tools += [stack.enter_context(stock(folder, variant, platform_port)) for variant in ("default", "cached")]
        results: dict[str, dict[str, list[dict[str, Any]]]] = {who: {tool.name: [] for tool in tools} for who in ("known", "new")}
        for number in range(told.rounds):
            for who in ("known", "new"):
                for tool in tools:
                    first, warm_up = (1, told.n if number == 0 else 20) if who == "known" else (10_000 * (number + 1), 0)
                    result = measure(tool, folder, platform_port, n=told.n, first_user=first, warm_up=warm_up)
                    results[who][tool.name].append(result)
                    launch = result["launch"]
                    say(f"round {number + 1}, people {who}: {tool.name}: {launch['per_s']} launches/s, {launch['cpu_ms']} ms CPU each")
        found = compare(results)
        found["profile_of_ours"] = profile(environ, folder, platform_port, 900_000)
    about = {"python": machine.python_version(), "machine": machine.machine(), "cores": os.cpu_count(), "rounds": told.rounds}
    about |= {"launches_a_measurement": told.n, "seconds": round(time.monotonic() - begun)}
    print(json.dumps({"about": about, **found}, indent=1))


if __name__ == "__main__":
    main()
