# SPDX-License-Identifier: Apache-2.0
"""Cuts a connection when a request has taken too long in all: a timeout per read does not stop a slow drip."""

from __future__ import annotations

import contextlib
import math
import socket
import threading
import time


class Deadline:
    """How long one request may take in all. ``passed``: it was cut."""

    __slots__ = ("at", "passed", "sock")

    def __init__(self, seconds: float) -> None:
        self.at = time.monotonic() + seconds
        self.passed = False
        self.sock: socket.socket | None = None

    def left(self) -> float:
        """Seconds that remain, never quite nothing."""
        return max(0.01, self.at - time.monotonic())


class Watchdog:
    """One thread that watches every request of a client; a thread for each request would cost more than the request.

    It sleeps until the earliest deadline that it knows of. A request that ends in time only leaves the set, so that the thread is woken
    once in the length of a deadline, and not for each request.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.Lock())
        self._watched: set[Deadline] = set()
        self._wakes = math.inf
        self._thread: threading.Thread | None = None

    def watch(self, deadline: Deadline, sock: socket.socket) -> None:
        """Cut ``sock`` at the deadline, unless it is let go before."""
        with self._changed:
            deadline.sock = sock
            self._watched.add(deadline)
            if self._thread is None or not self._thread.is_alive():  # the first request, or the first one after a fork
                self._thread = threading.Thread(target=self._run, daemon=True, name="deadlines")
                self._wakes = deadline.at
                self._thread.start()
            elif deadline.at < self._wakes:
                self._changed.notify()

    def let_go(self, deadline: Deadline) -> None:
        """The request is over: its connection may be somebody else's from now on."""
        if deadline.sock is None:
            return
        with self._changed:
            self._watched.discard(deadline)
            deadline.sock = None

    def _run(self) -> None:
        with self._changed:
            while True:
                now = time.monotonic()
                for one in [one for one in self._watched if one.at <= now]:
                    self._cut(one)
                self._wakes = min((one.at for one in self._watched), default=math.inf)
                self._changed.wait(None if self._wakes == math.inf else self._wakes - now)

    def _cut(self, one: Deadline) -> None:
        self._watched.discard(one)
        one.passed = True
        if one.sock is not None:
            # The plain socket's shutdown: that of a TLS socket takes its state away under the reading thread.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(one.sock, socket.SHUT_RDWR)
