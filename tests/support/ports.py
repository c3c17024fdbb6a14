# SPDX-License-Identifier: Apache-2.0
"""Ports for servers of the tests."""

from __future__ import annotations

import os
import random
import re
import socket
from collections import deque

FIRST, LAST, WORKERS = 20_000, 32_000, 8
"""Below the ports that systems give to connections that go out: one of those may be taken between the look and the bind."""


_told: deque[int] = deque(maxlen=200)
"""Those of late: each was bound soon after, or never will be."""


def free_port() -> int:
    """A loopback port that nobody listens on, and that nobody else in this run is told: no other worker, and none of this one's servers,
    which bind theirs only later."""
    worker = int(re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "")) or 0) % WORKERS
    mine = [port for port in range(FIRST + worker, LAST, WORKERS) if port not in _told]
    for port in random.sample(mine, len(mine)):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _told.append(port)
        return port
    raise AssertionError("every port is taken")
