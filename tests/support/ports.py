# SPDX-License-Identifier: Apache-2.0
"""Ports for servers of the tests."""

from __future__ import annotations

import os
import random
import re
import socket

FIRST, LAST, WORKERS = 20_000, 32_000, 8
"""Below the ports that systems give to connections that go out: one of those may be taken between the look and the bind."""


def free_port() -> int:
    """A loopback port that nobody listens on, and that no other worker of this run is told."""
    worker = int(re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "")) or 0) % WORKERS
    mine = list(range(FIRST + worker, LAST, WORKERS))
    for port in random.sample(mine, len(mine)):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("every port is taken")
