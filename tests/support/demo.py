# SPDX-License-Identifier: Apache-2.0
"""The demo as a newcomer starts it: one command, four processes, on ports that are free."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.driver import Lms
from support.ports import free_port


@dataclass(frozen=True)
class Demo:
    """Where a running demo is."""

    tool_url: str
    lms_url: str

    def lms(self, site: str) -> Lms:
        """A handle on one site of its pocket LMS."""
        return Lms(self.lms_url, site)


@contextmanager
def running_demo(folder: Path) -> Iterator[Demo]:
    """Start it in an empty folder, wait until it says that it is there, and end it as Ctrl-C does."""
    tool, lms = free_port(), free_port()
    environ = {name: value for name, value in os.environ.items() if not name.startswith("LTI_MENTORING_")}
    environ |= {"DEMO_FOLDER": str(folder / "demo"), "DEMO_TOOL_PORT": str(tool), "DEMO_LMS_PORT": str(lms)}
    told = folder / "out"
    with told.open("wb") as out:
        running = subprocess.Popen([sys.executable, "-m", "lti_mentoring", "demo"], cwd=folder, env=environ, stdout=out, stderr=out)
    try:
        deadline = time.monotonic() + 80
        while "Ctrl-C" not in told.read_text("utf-8"):
            assert running.poll() is None, told.read_text("utf-8")
            assert time.monotonic() < deadline, told.read_text("utf-8")
            time.sleep(0.1)
        yield Demo(f"http://localhost:{tool}", f"http://127.0.0.1:{lms}")
    finally:
        running.send_signal(signal.SIGINT)
        running.wait(30)
