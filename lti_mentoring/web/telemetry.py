# SPDX-License-Identifier: Apache-2.0
"""What is written down about requests: a line each, without personal data, and numbers to watch."""

from __future__ import annotations

import functools
import os
import secrets
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from typing import Any

import structlog
from flask import Flask, Response, g
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, Metric, generate_latest, multiprocess
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from lti_mentoring.web.wiring import the_request

log = structlog.get_logger()

SECONDS = Histogram("lti_mentoring_request_seconds", "Time to answer, by endpoint", ["endpoint", "status"])

KEY_SETS = Counter("lti_mentoring_key_set_fetches", "Fetches of LMSs' public keys, by how they ended", ["outcome"])

Figure = tuple[str, str, dict[str, str], float]
"""Name, help text, labels, value."""


class Sparing:
    """Lets a kind of line through so many times a minute for each key, and counts the rest: a flood must not fill the log (LOG-13)."""

    MOST_KEYS = 10_000

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._minutes: dict[str, tuple[int, int]] = {}

    def lets(self, key: str, seconds: float) -> bool:
        """Whether the line of ``key`` at that time (seconds, any origin) is one of the first of its minute."""
        minute = int(seconds // 60)
        with self._lock:
            if len(self._minutes) >= self.MOST_KEYS:
                self._minutes.clear()
            held, count = self._minutes.get(key, (minute, 0))
            count = count + 1 if held == minute else 1
            self._minutes[key] = (minute, count)
        return count <= self._most


class _Held(Collector):
    """What the database counts, as numbers of this moment; names that end in ``_total`` only ever grow."""

    def __init__(self, told: Iterable[Figure]) -> None:
        self._families: dict[str, Metric] = {}
        for name, help_text, labels, value in told:
            kind = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
            family = self._families.setdefault(name, kind(name, help_text, labels=sorted(labels)))
            family.add_metric([labels[key] for key in sorted(labels)], value)  # type: ignore[attr-defined]

    def collect(self) -> Iterable[Metric]:
        return self._families.values()


def figures(delivery: Callable[[], Iterable[Figure]]) -> Callable[[], str]:
    """The text of /metrics: what the processes counted, and what the outbox holds at this moment."""

    def text() -> str:
        own = CollectorRegistry()
        if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
            multiprocess.MultiProcessCollector(own)
        counted = generate_latest(own if os.environ.get("PROMETHEUS_MULTIPROC_DIR") else REGISTRY)
        held = CollectorRegistry()
        held.register(_Held(delivery()))
        return (counted + generate_latest(held)).decode()

    return text


def key_set_fetched(outcome: str) -> None:
    """Count a fetch of an LMS's public keys."""
    KEY_SETS.labels(outcome).inc()


def request_id() -> str:
    """The id of this request, as every log line of it carries it: what a person can be asked to quote."""
    found: str = structlog.contextvars.get_contextvars().get("request_id", "")
    return found


def note_failure(to: Any, event: str, error: BaseException) -> None:
    """Write down where something failed, and not what: databases put people's words into the texts of their errors."""
    frames = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    to.error(event, error=type(error).__name__, frames=frames[-25:])


def _begin() -> None:
    g.began = time.perf_counter()
    structlog.contextvars.bind_contextvars(request_id=secrets.token_hex(8))


@functools.lru_cache(maxsize=1_000)
def _seconds(endpoint: str, status: int) -> Histogram:
    """The times of one kind of answer, at hand: the library looks them up under a lock."""
    return SECONDS.labels(endpoint, str(status))


def _end(response: Response) -> Response:
    # The endpoint and not the address: addresses carry ids, and a login's carries the LMS's hints about a person.
    asked, now = the_request(), time.perf_counter()
    endpoint, seconds = asked.endpoint or "none", now - g.get("began", now)
    _seconds(endpoint, response.status_code).observe(seconds)
    log.info("request", method=asked.method, endpoint=endpoint, status=response.status_code, ms=round(seconds * 1000, 1))
    response.headers.add("X-Request-Id", request_id())
    return response


def init_app(app: Flask) -> None:
    """Time and log every request."""
    app.before_request(_begin)
    app.after_request(_end)
