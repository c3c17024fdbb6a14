# SPDX-License-Identifier: Apache-2.0
"""Our tool for the benchmarks: settings, a database of its own, and the platform of the load generator registered in it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = [sys.executable, "-m", "lti_mentoring"]
FIRST_PAGE = "<main"


def environment(folder: Path, tool_port: int, platform_port: int) -> dict[str, str]:
    """Settings as on one production host (SQLite, every commit durable), but for the platform's plain http."""
    made = subprocess.run([*HERE, "secrets", "new"], capture_output=True, text=True, check=True).stdout
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("LTI_MENTORING_")},
        **dict(line.split("=", 1) for line in made.split()),
        "LTI_MENTORING_PUBLIC_URL": f"http://localhost:{tool_port}",
        "LTI_MENTORING_DATABASE_URL": f"sqlite:///{folder / 'tool.sqlite3'}",
        "LTI_MENTORING_SQLITE_SYNCHRONOUS": "FULL",
        "LTI_MENTORING_ALLOW_LOCAL_PLATFORMS": "true",
        "LTI_MENTORING_PLATFORM_PORTS": f"443,{platform_port}",
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
        subprocess.run([*HERE, *command], env=environ, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
