# SPDX-License-Identifier: Apache-2.0
"""The demo in one go: a database with its story, the tool, its worker and the pocket LMS, each in a process of its own."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess  # nosec B404 - our own commands only
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lti_mentoring.demo.lms import create_lms, server
from lti_mentoring.keys import new_secrets

READY_WITHIN = 60
"""Seconds that a part may take to answer for the first time."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Where everything of a demo is. ``environ`` are the settings of the tool in it."""

    folder: Path
    tool_port: int
    lms_port: int
    environ: dict[str, str]
    lms_secret: str

    @property
    def tool_url(self) -> str:
        """The tool: another site than the LMS, so that browsers treat its frame as they would in life."""
        return f"http://localhost:{self.tool_port}"

    @property
    def mail_folder(self) -> Path:
        """Where the tool writes its mails, for the pocket LMS to show."""
        return self.folder / "mails"

    @property
    def lms_url(self) -> str:
        """The pocket LMS."""
        return f"http://127.0.0.1:{self.lms_port}"


def plan(folder: Path, environ: Mapping[str, str]) -> Plan:
    """Lay out a demo in ``folder``; its secrets are made once and kept there."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / "secrets.json"
    if not kept.exists():
        kept.touch(mode=0o600)
        kept.write_text(json.dumps({**new_secrets(), "lms": secrets.token_urlsafe(32)}), "utf-8")
    told: dict[str, str] = json.loads(kept.read_text("utf-8"))
    lms_secret = told.pop("lms")
    tool_port = int(environ.get("DEMO_TOOL_PORT", "8000"))
    lms_port = int(environ.get("DEMO_LMS_PORT", "8001"))
    settings = told | {
        "LTI_MENTORING_PUBLIC_URL": f"http://localhost:{tool_port}",
        "LTI_MENTORING_DATABASE_URL": f"sqlite:///{folder / 'tool.sqlite3'}",
        "LTI_MENTORING_SQLITE_SYNCHRONOUS": "NORMAL",
        "LTI_MENTORING_ALLOW_LOCAL_PLATFORMS": "true",
        "LTI_MENTORING_PLATFORM_PORTS": f"443,{lms_port}",
        "LTI_MENTORING_DELIVERY__BASE_SECONDS": "2",
        "LTI_MENTORING_DELIVERY__CAP_SECONDS": "30",
        "LTI_MENTORING_DELIVERY__SWEEP_SECONDS": "5",
        "LTI_MENTORING_MAIL__FOLDER": str(folder / "mails"),
        "LTI_MENTORING_MAIL__SENDER": "Mentoring <mentoring@tool.example>",
        "LTI_MENTORING_MAIL__WAIT_SECONDS": "0",
    }
    return Plan(folder, tool_port, lms_port, settings, lms_secret)


def serve_lms(plan: Plan) -> None:
    """Play the LMS until told to stop."""
    lms = create_lms(
        state_path=plan.folder / "lms.sqlite3",
        base_url=plan.lms_url,
        tool_url=plan.tool_url,
        secret=plan.lms_secret,
        mail_folder=plan.mail_folder,
    )
    server(lms, "127.0.0.1", plan.lms_port).serve_forever()


def run(plan: Plan, *, tell: Callable[[Plan], str]) -> None:
    """Start the three parts, say where everything is, and end all of it on Ctrl-C or when one of them ends."""
    for port in (plan.tool_port, plan.lms_port):
        _require_free(port)
    environ = os.environ | plan.environ
    log = (plan.folder / "demo.log").open("ab")
    commands = (["demo", "--part", "lms"], ["serve", "--host", "127.0.0.1", "--port", str(plan.tool_port)], ["worker"])
    parts = [
        # Our own three commands, each in a session of its own, so that one signal ends it with all that it started.
        subprocess.Popen([sys.executable, "-m", "lti_mentoring", *command], env=environ, stdout=log, stderr=log, start_new_session=True)  # noqa: S603  # nosec B603
        for command in commands
    ]
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        for url in (f"{plan.lms_url}/", f"{plan.tool_url}/readyz"):
            _wait_for(url, parts, stop)
        if not stop.is_set():
            print(tell(plan), flush=True)
        while not stop.wait(0.5):
            if any(part.poll() is not None for part in parts):
                print(f"A part of the demo has ended; {plan.folder / 'demo.log'} says why.", file=sys.stderr)
                sys.exit(1)
    finally:
        _end(parts)
        log.close()


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            print(f"Port {port} is in use. DEMO_TOOL_PORT and DEMO_LMS_PORT choose others.", file=sys.stderr)
            sys.exit(1)


def _wait_for(url: str, parts: list[subprocess.Popen[bytes]], stop: threading.Event) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline and not stop.is_set():
        if any(part.poll() is not None for part in parts):
            return
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310  # nosec B310 - our own loopback addresses
                return
        except (urllib.error.URLError, OSError):
            stop.wait(0.2)


def _end(parts: list[subprocess.Popen[bytes]]) -> None:
    for part in parts:
        if part.poll() is None:
            os.killpg(part.pid, signal.SIGTERM)
    for part in parts:
        try:
            part.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(part.pid, signal.SIGKILL)
            part.wait()
