# SPDX-License-Identifier: Apache-2.0
"""The wiring: what stands behind the addresses in the settings."""

from __future__ import annotations

import socket
from collections.abc import Callable

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
