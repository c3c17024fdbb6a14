# SPDX-License-Identifier: Apache-2.0
"""The record as a chain: each line is hashed together with the one before it, so that a change of any shows in all that follow."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

BEGINNING = "0" * 64
"""What the first line of an organisation follows."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the record as it was written."""

    org_id: str
    id: str
    at: datetime
    actor_id: str
    verb: str
    object_kind: str
    object_id: str
    reason: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Link:
    """Where a line stands in its chain."""

    position: int
    prev_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class Break:
    """The first place where a chain does not hold: ``missing`` (a position that no line has), ``changed`` (a line is not what was
    hashed), or ``unlinked`` (it follows another line than the one before it)."""

    position: int
    line_id: str
    why: str


def canonical(line: Line, *, position: int, prev_hash: str) -> bytes:
    """A line as it is hashed: JSON with sorted keys and no spaces, in UTF-8, its time in UTC to the microsecond."""
    said = {
        "org_id": line.org_id,
        "id": line.id,
        "at": line.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor_id": line.actor_id,
        "verb": line.verb,
        "object_kind": line.object_kind,
        "object_id": line.object_id,
        "reason": line.reason,
        "facts": line.facts,
        "position": position,
        "prev_hash": prev_hash,
    }
    return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def linked(line: Line, *, position: int, prev_hash: str) -> Link:
    """The place of a line that follows ``prev_hash``."""
    return Link(position, prev_hash, hashlib.sha256(canonical(line, position=position, prev_hash=prev_hash)).hexdigest())


def chain(lines: Iterable[Line], *, position: int = 0, prev_hash: str = BEGINNING) -> list[Link]:
    """The places of lines that follow the one at ``position`` (0: none yet), in their order."""
    made: list[Link] = []
    for line in lines:
        position += 1
        made.append(linked(line, position=position, prev_hash=prev_hash))
        prev_hash = made[-1].hash
    return made


def first_break(lines: Iterable[tuple[Line, Link]], *, position: int = 0, prev_hash: str = BEGINNING) -> Break | None:
    """The first place where lines, in the order of their positions, do not follow the one at ``position``; None where all hold."""
    for line, link in lines:
        position += 1
        if link.position != position:
            return Break(position, "", "missing")
        if link.prev_hash != prev_hash:
            return Break(position, line.id, "unlinked")
        if linked(line, position=position, prev_hash=prev_hash).hash != link.hash:
            return Break(position, line.id, "changed")
        prev_hash = link.hash
    return None
