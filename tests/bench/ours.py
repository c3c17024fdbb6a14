# SPDX-License-Identifier: Apache-2.0
"""Our tool for the benchmarks: its settings, and the platform of the load generator registered in it; ten thousand others if need be."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import environments

HERE = [environments.python("product"), "-m", "lti_mentoring"]
ROOT = environments.ROOT
FIRST_PAGE = "<main"
FOLDER = Path(__file__).parent


def environment(database_url: str, tool_port: int, *platform_ports: int) -> dict[str, str]:
    """Settings as in production (every commit durable), but for the platforms' plain http."""
    made = subprocess.run([*HERE, "secrets", "new"], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("LTI_MENTORING_")},
        "PYTHONPATH": str(ROOT),
        **dict(line.split("=", 1) for line in made.split()),
        "LTI_MENTORING_PUBLIC_URL": f"http://localhost:{tool_port}",
        "LTI_MENTORING_DATABASE_URL": database_url,
        "LTI_MENTORING_SQLITE_SYNCHRONOUS": "FULL",
        "LTI_MENTORING_ALLOW_LOCAL_PLATFORMS": "true",
        "LTI_MENTORING_PLATFORM_PORTS": ",".join(map(str, (443, *platform_ports))),
    }


def prepare(environ: dict[str, str], platform_port: int) -> None:
    """Tables, an organisation, and the platform."""
    issuer = f"http://127.0.0.1:{platform_port}/p/0"
    platform = {
        "organisation": "Bench",
        "name": "Load generator",
        "issuer": issuer,
        "client-id": "client-0",
        "deployment-id": "1",
        "auth-url": f"{issuer}/auth",
        "token-url": f"{issuer}/token",
        "jwks-url": f"{issuer}/jwks",
        "family": "moodle",
    }
    add = [part for name, value in platform.items() for part in (f"--{name}", value)]
    for command in (["db", "upgrade"], ["organisation", "add", "Bench"], ["platform", "add", *add]):
        command_line(environ, *command)


def command_line(environ: dict[str, str], *words: str) -> str:
    """``lti-mentoring`` with these words. -> what it said"""
    done = subprocess.run([*HERE, *words], env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"lti-mentoring {' '.join(words)}: {done.stderr[-2000:]}")
    return done.stdout


def crowd(environ: dict[str, str], platforms: int) -> None:
    """Register so many other platforms, each with a deployment; by the tables, since ten thousand commands would take hours."""
    done = subprocess.run(
        [sys.executable, FOLDER / "filling.py", "crowd", str(platforms)], env=environ, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
