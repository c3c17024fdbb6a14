# SPDX-License-Identifier: Apache-2.0
"""The web server as the product starts it, in front of another app: floors and peers get the same program with the same options."""

from __future__ import annotations

import os
import sys
from unittest import mock

from click.testing import CliRunner

from lti_mentoring.cli import operate

OURS = "lti_mentoring.app"


def command(module: str, port: int, *, workers: int = 1, python: str = sys.executable) -> list[str]:
    """What ``lti-mentoring serve`` would become, with ``module`` in the place of ours; its app too is made by ``from_environment``."""
    asked: list[list[str]] = []
    environ = {"LTI_MENTORING_SECRET_KEY": "s" * 40, "LTI_MENTORING_ENCRYPTION_KEYS": "unused", "PROMETHEUS_MULTIPROC_DIR": "unused"}
    with mock.patch.object(os, "execv", lambda program, argv: asked.append(list(argv))):
        done = CliRunner(env=environ).invoke(
            operate.serve, ["--host", "127.0.0.1", "--port", str(port), "--workers", str(workers)], catch_exceptions=False
        )
    if not asked:
        raise SystemExit(f"serve did not say how it starts its server: {done.output}")
    return [python, *(part.replace(OURS, module) for part in asked[0][1:])]
