# SPDX-License-Identifier: Apache-2.0
"""The wiring: what stands behind the addresses in the settings."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

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
from lti_mentoring import logs
logs.write()
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


def test_a_worker_has_no_pages_and_loads_none_of_what_they_need(secrets: dict[str, str], tmp_path: Path) -> None:
    """Their libraries would be a tenth of its memory."""
    lines = (
        "import os, sys",
        "from lti_mentoring import app",
        "made = app.from_environment(pages=False)",
        "assert 'make_courier' in made.extensions",
        "assert {rule.endpoint for rule in made.url_map.iter_rules()} <= {'static'}",
        "print(*sorted({'flask_wtf', 'flask_babel', 'flask_bootstrap', 'alembic', 'lti_mentoring.web.site'} & set(sys.modules)))",
    )
    environ = os.environ | secrets | {"LTI_MENTORING_DATABASE_URL": f"sqlite:///{tmp_path / 'tool.sqlite3'}"}
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr
