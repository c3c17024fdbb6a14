# SPDX-License-Identifier: Apache-2.0
"""Counts the tool's requests: how many, how many at once, and how many at once for one cell of the gradebook."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Meter:
    """The counts of one site, since the start or the last reset."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now: Counter[str] = Counter()
        self._cells: Counter[str] = Counter()
        self.reset()

    def reset(self) -> None:
        """Begin again; requests that are still running stay counted as running."""
        with self._lock:
            self._total: Counter[str] = Counter()
            self._most: Counter[str] = Counter()
            self._most_per_cell = 0

    @contextmanager
    def request(self, place: str, cell: str | None = None) -> Iterator[None]:
        """One request of the tool, for as long as it runs."""
        keys = ("all", place)
        with self._lock:
            self._total.update(keys)
            self._now.update(keys)
            for key in keys:
                self._most[key] = max(self._most[key], self._now[key])
            if cell is not None:
                self._cells[cell] += 1
                self._most_per_cell = max(self._most_per_cell, self._cells[cell])
        try:
            yield
        finally:
            with self._lock:
                self._now.subtract(keys)
                if cell is not None:
                    self._cells[cell] -= 1
                    if not self._cells[cell]:
                        del self._cells[cell]

    def report(self) -> dict[str, Any]:
        """Counts by endpoint, and the most that ran at once."""
        with self._lock:
            return {
                "counts": dict(self._total),
                "simultaneous": {
                    "now": self._now["all"],
                    "max": self._most["all"],
                    "per_endpoint": {key: most for key, most in self._most.items() if key != "all"},
                    "max_per_cell": self._most_per_cell,
                },
            }
