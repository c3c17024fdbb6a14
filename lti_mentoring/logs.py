# SPDX-License-Identifier: Apache-2.0
"""How the tool writes its log: one JSON object a line on standard error."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

import structlog
from structlog.typing import EventDict

_as_json = json.JSONEncoder(default=repr).encode


def _line(_: object, level: str, said: EventDict) -> str:
    """A line of the log, with its level and its time; in one step, since each step costs more than what it does."""
    said["level"] = level
    said["timestamp"] = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return _as_json(said)


def write() -> None:
    """One JSON object a line on standard error; libraries say only what is wrong."""
    lines = structlog.WriteLogger(sys.stderr)  # one for all: by itself, structlog would make one for each line
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, structlog.processors.format_exc_info, _line],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: lines,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
