# SPDX-License-Identifier: Apache-2.0
"""Several people who press at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextvars import copy_context

from flask import Flask

from lti_mentoring.domain.rule import RuleBroken


def at_once(app: Flask, acts: Sequence[Callable[[], object]]) -> list[RuleBroken | None]:
    """Do all of it at the same moment, each in a context of its own. -> the rule that each broke, None where none"""
    found: list[RuleBroken | None] = [None] * len(acts)
    gate = threading.Barrier(len(acts))

    def press(number: int) -> None:
        with app.app_context():
            gate.wait()
            try:
                acts[number]()
            except RuleBroken as error:
                found[number] = error

    threads = [threading.Thread(target=copy_context().run, args=(press, number)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found
