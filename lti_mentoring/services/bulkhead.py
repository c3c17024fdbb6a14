# SPDX-License-Identifier: Apache-2.0
"""Walls in a worker's round: what fails is logged and done again in the next round, and what comes after it is done all the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

log = structlog.get_logger()


@contextmanager
def apart(part: str, **ids: str) -> Iterator[None]:
    """Do a part of a round, or one row of it (``ids``), apart from the others. Outside of any transaction, which ends with the fault."""
    try:
        yield
    except Exception:
        log.exception("round_failed", part=part, **ids)
