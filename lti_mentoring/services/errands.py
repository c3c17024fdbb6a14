# SPDX-License-Identifier: Apache-2.0
"""What a worker does beside deliveries, each in a thread of its own, so that none of it delays a grade or one another."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

import structlog

log = structlog.get_logger()

Step = Callable[[], bool]
"""One bounded piece of work in a context of its own. -> whether there was any; then there may be more at once."""

IDLE_SECONDS = 2.0
AFTER_A_FAULT_SECONDS = 5.0


class Errands:
    """Runs each errand step by step. A step claims its work under a lease, so it may be cut off at any moment, by ``kill -9`` too."""

    def __init__(self, context: Callable[[], AbstractContextManager[object]], steps: Mapping[str, Step]) -> None:
        self._context, self._steps = context, steps
        self._stopping = threading.Event()

    def start(self) -> None:
        """Begin; the threads end with the process."""
        for name, step in self._steps.items():
            threading.Thread(target=self._run, args=(name, step), name=name, daemon=True).start()

    def stop(self) -> None:
        """Begin no further step."""
        self._stopping.set()

    def step(self, name: str) -> bool:
        """One step of an errand, in this thread."""
        with self._context():
            return self._steps[name]()

    def _run(self, name: str, step: Step) -> None:
        rest = 0.0
        while not self._stopping.wait(rest):
            try:
                rest = 0.0 if self.step(name) else IDLE_SECONDS
            except Exception:
                log.exception("errand_failed", errand=name)
                rest = AFTER_A_FAULT_SECONDS
