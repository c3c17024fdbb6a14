# SPDX-License-Identifier: Apache-2.0
"""Walls in a worker's round: what fails is logged and done again in a later round, and what comes after it is done all the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Select

from lti_mentoring.store import base

log = structlog.get_logger()

LONGEST_REST = timedelta(hours=1)
"""Of a row that fails again and again. What a moment without a database has made fail rests for minutes."""

FORGOTTEN = timedelta(days=1)
"""After its rest; a row may have ended meanwhile, by another way than its turn."""

_failed: dict[tuple[str, ...], tuple[int, datetime]] = {}
"""(part, row) -> how often it has failed in a row, and until when it rests. Each worker has its own, and forgets it when it ends."""


@contextmanager
def apart(part: str, **ids: str) -> Iterator[None]:
    """Do a part of a round, or one row of it (``ids``), apart from the others. Outside of any transaction, which ends with the fault."""
    key = (part, *ids.values())
    try:
        yield
    except Exception:
        log.exception("round_failed", part=part, **ids)
        now = base.now()
        for old in [one for one, (_, until) in _failed.items() if until < now - FORGOTTEN]:
            del _failed[old]
        often = _failed[key][0] + 1 if key in _failed else 1
        _failed[key] = often, now + min(timedelta(minutes=2 ** min(often, 6)), LONGEST_REST)
    else:
        _failed.pop(key, None)


def due(part: str, query: Select[*tuple[Any, ...]], most: int) -> list[Any]:
    """The first rows of what is due, each with its ``id``. Those that have failed of late are left out, since as many of them as fit into
    a round would keep all others from their turn."""
    now = base.now()
    resting = {key[1] for key, (_, until) in _failed.items() if key[0] == part and len(key) > 1 and until > now}
    rows = base.session().execute(query.limit(most + len(resting))).all()
    return [row for row in rows if row.id not in resting][:most]
