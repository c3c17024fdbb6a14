# SPDX-License-Identifier: Apache-2.0
"""The machine under the benchmarks: ports, cores, processes, CPU time and memory."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def say(text: str) -> None:
    """Tell the person who waits."""
    print(text, file=sys.stderr, flush=True)


def free_ports(count: int) -> list[int]:
    """Loopback ports that nobody listens on just now."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def free_port() -> int:
    """One of them."""
    return free_ports(1)[0]


def on_core(number: int | None) -> Any:
    """Pin a process that is about to start, where there is more than one core; None leaves it free."""
    cores = sorted(os.sched_getaffinity(0))
    return (lambda: os.sched_setaffinity(0, {cores[number % len(cores)]})) if number is not None else None


def started(command: list[str], environ: dict[str, str], log: Path, *, core: int | None = None) -> subprocess.Popen[bytes]:
    """A process in a group of its own."""
    with log.open("ab") as out:
        return subprocess.Popen(command, env=environ, stdout=out, stderr=out, preexec_fn=on_core(core), start_new_session=True)


def killed(process: subprocess.Popen[bytes]) -> None:
    """The whole group, with -9."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def ended(process: subprocess.Popen[bytes], seconds: float = 20) -> None:
    """Asked to end; killed if it does not."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            killed(process)


@contextmanager
def served(command: list[str], environ: dict[str, str], port: int, log: Path, *, core: int | None = 0) -> Iterator[int]:
    """A server on a port. -> its process id"""
    server = started(command, environ, log, core=core)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if server.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"{command} did not start:\n{log.read_text()[-3000:]}") from None
                time.sleep(0.05)
        yield server.pid
    finally:
        ended(server)


def tree(roots: list[int]) -> dict[int, list[str]]:
    """Process id -> fields of /proc/<pid>/stat after the name, for the processes named and all below them."""
    found: dict[int, list[str]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                found[int(entry.name)] = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
    wanted = set(roots)
    while more := {pid for pid, fields in found.items() if int(fields[1]) in wanted} - wanted:
        wanted |= more
    return {pid: found[pid] for pid in wanted if pid in found}


def cpu_seconds(roots: list[int]) -> float:
    """CPU seconds so far of the process trees, children that have ended included."""
    return sum(sum(map(int, fields[11:15])) for fields in tree(roots).values()) / os.sysconf("SC_CLK_TCK")


def memory(roots: list[int]) -> dict[str, float]:
    """The largest process of the trees in MiB: resident now, and at its peak."""
    most = {"now": 0.0, "peak": 0.0}
    for pid in tree(roots):
        try:
            lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        except OSError:
            continue
        for name, field in (("now", "VmRSS"), ("peak", "VmHWM")):
            most[name] = max(most[name], round(int(lines.get(field, "0 kB").split()[0]) / 1024, 1))
    return most


def wait_for(done: Any, seconds: float, *, every: float = 0.1) -> bool:
    """Whether ``done()`` came true in time."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True
