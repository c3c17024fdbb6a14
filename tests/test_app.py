# SPDX-License-Identifier: Apache-2.0
"""The wiring: what stands behind the addresses in the settings."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from lti_mentoring import app as wiring
from lti_mentoring.settings import Settings


def test_a_redis_that_says_nothing_is_asked_twice_and_not_eleven_times(make_settings: Callable[..., Settings]) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=50) as silent:
        port = silent.getsockname()[1]
        queue = wiring.make_huey(make_settings(queue_url=f"redis://127.0.0.1:{port}/0?socket_timeout=0.1"))
        with pytest.raises(Exception, match="Timeout"):
            queue.pending_count()
        queue.storage.pool.disconnect()
        silent.setblocking(False)
        for _ in range(2):
            silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()


def test_a_redis_whose_address_says_nothing_of_it_is_waited_for_for_seconds(make_settings: Callable[..., Settings]) -> None:
    queue = wiring.make_huey(make_settings(queue_url="redis://127.0.0.1:6379/0"))
    patience = queue.storage.pool.connection_kwargs
    assert (patience["socket_connect_timeout"], patience["socket_timeout"]) == (2, 3)
    assert queue.storage.read_timeout < patience["socket_timeout"]


def test_a_line_of_the_log_is_an_object_whatever_stands_in_it() -> None:
    program = """
import structlog
from lti_mentoring import app
app.write_logs()
structlog.contextvars.bind_contextvars(request_id="4c1a")
log = structlog.get_logger()
log.info("request", status=200, odd={1}, text="\u00fc\\n")
log.debug("not written")
try:
    1 / 0
except ZeroDivisionError:
    log.exception("failed")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    said, failed = map(json.loads, done.stderr.splitlines())
    at = datetime.fromisoformat(said.pop("timestamp"))
    assert at.utcoffset() == timedelta(0)
    assert said == {"event": "request", "level": "info", "request_id": "4c1a", "status": 200, "odd": "{1}", "text": "\u00fc\n"}
    assert (failed["level"], failed["event"]) == ("error", "failed")
    assert "ZeroDivisionError" in failed["exception"]
