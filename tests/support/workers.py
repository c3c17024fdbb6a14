# SPDX-License-Identifier: Apache-2.0
"""``lti-mentoring worker`` as a process group of its own, to be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from support.live import Town


class Worker:
    """One worker over a town's database and queue. Whoever starts it kills it: ``with`` does so however its block ends."""

    command: Sequence[str] = (sys.executable, "-m", "lti_mentoring", "worker")

    def __init__(self, town: Town, secrets: Mapping[str, str], log: Path, **changes: str) -> None:
        settings = town.app.extensions["lti_mentoring"].settings
        told = {
            "database_url": settings.database_url,
            "queue_url": settings.queue_url,
            "public_url": town.tool_url,
            "allow_local_platforms": "true",
            **changes,
        }
        self.environ = {name: value for name, value in os.environ.items() if not name.startswith("LTI_MENTORING_")} | dict(secrets)
        self.environ |= {f"LTI_MENTORING_{name.upper()}": value for name, value in told.items()}
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(self.command, env=self.environ, stdout=log, stderr=log, start_new_session=True)

    def kill(self) -> None:
        """The whole group, with -9."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def stop(self) -> int:
        """As an operator would, with SIGTERM. -> the exit status"""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        status = self._process.wait(60)
        self._process = None
        return status

    @property
    def running(self) -> bool:
        """Whether it has been started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Its process id while it runs."""
        assert self._process is not None
        return self._process.pid

    def told(self) -> str:
        """The end of its log."""
        return self.log.read_text("utf-8")[-3000:]

    def __enter__(self) -> Worker:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


def wait_until(done: Callable[[], object], seconds: float, what: Callable[[], str]) -> None:
    """Until ``done``, or an AssertionError with ``what``."""
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, what()
        time.sleep(0.05)


def peak_mib(pid: int) -> float:
    """The most memory that a process has had resident so far, as the system tells it."""
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) / 1024
