# SPDX-License-Identifier: Apache-2.0
"""Our tool behind each server that could stand in front of it, with more and fewer threads: the choice of ``lti-mentoring serve``."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import environments
import launches
import ours
from machine import free_port, say, served
from tools import Bench, Tool

THREADS = (1, 2, 4)
APP = "lti_mentoring.app"


def granian(port: int, threads: int) -> list[str]:
    """As ``serve`` has it, but for the threads."""
    options = ["--interface", "wsgi", "--factory", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    options += ["--blocking-threads", str(threads), "--runtime-mode", "st", "--http", "1", "--no-ws", "--log-level", "warning"]
    return ["-m", "granian", *options, f"{APP}:from_environment"]


def gunicorn(port: int, threads: int) -> list[str]:
    """Its threaded worker, the only one of its own that keeps connections open."""
    options = ["--bind", f"127.0.0.1:{port}", "--workers", "1", "--worker-class", "gthread", "--threads", str(threads)]
    options += ["--no-control-socket", "--keep-alive", "15", "--log-level", "warning"]
    return ["-m", "gunicorn", *options, f"{APP}:from_environment()"]


SERVERS: dict[str, Callable[[int, int], list[str]]] = {"granian": granian, "gunicorn": gunicorn}


def start(bench: Bench, stack: ExitStack, server: str, threads: int) -> Tool:
    """Our tool on SQLite behind one server, pinned to the servers' core."""
    name, port = f"{server} {threads}", free_port()
    environ = ours.environment(f"sqlite:///{bench.folder / name.replace(' ', '-')}.sqlite3", port, bench.platform_port)
    ours.prepare(environ, bench.platform_port)
    environ["PROMETHEUS_MULTIPROC_DIR"] = stack.enter_context(tempfile.TemporaryDirectory())
    command = [environments.python("servers"), *SERVERS[server](port, threads)]
    pid = stack.enter_context(served(command, environ, port, bench.folder / f"{name.replace(' ', '-')}.log"))
    return Tool(name, f"http://localhost:{port}", "/lti/login", "/lti/launch", ours.FIRST_PAGE, (pid,), two_requests=True)


def run(bench: Bench, *, rounds: int, n: int) -> dict[str, Any]:
    """Known people, in turns: medians of launches to the first page a second, of their times, and of the CPU of each request."""
    found: dict[str, list[dict[str, Any]]] = {}
    with ExitStack() as stack:
        running = [start(bench, stack, server, threads) for server in SERVERS for threads in THREADS]
        for number in range(rounds):
            for tool in running:
                found.setdefault(tool.name, []).append(launches.one_round(bench, tool, who="known", number=number, n=n))
                launch = found[tool.name][-1]["launch"]
                say(f"round {number + 1}, {tool.name} threads: {launch['per_s']} launches/s, {launch['cpu_ms']} ms CPU each")
    return {name: launches.middle(rounds) for name, rounds in found.items()}
