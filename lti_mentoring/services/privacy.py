# SPDX-License-Identifier: Apache-2.0
"""The audit line that every change writes in its own transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from lti_mentoring.domain.people import Actor
from lti_mentoring.store import base
from lti_mentoring.store.privacy import AuditEvent

OPERATOR = "operator"
SYSTEM = "system"
REFEREE = "referee"
"""Whoever holds a referee's link."""
PARTICIPANT = "participant"
"""Somebody in the room of an observation: their answers and what they strike are in no record by name."""


def record(
    session: Session, *, actor: Actor | str, verb: str, object_kind: str, object_id: str, reason: str = "", **facts: str | int | bool | None
) -> None:
    """Write who did what to what, in the caller's transaction.

    ``actor`` is a person, OPERATOR (the command line), REFEREE (a link), PARTICIPANT or SYSTEM (timers only).
    ``facts`` never hold a person's words.
    """
    session.add(
        AuditEvent(
            actor_id=actor.person_id if isinstance(actor, Actor) else actor,
            verb=verb,
            object_kind=object_kind,
            object_id=object_id,
            reason=reason,
            facts=facts,
        )
    )


_NOTE = insert(base.table(AuditEvent))


def note(
    connection: Connection, *, org_id: str, actor: str, verb: str, object_kind: str, object_id: str, **facts: str | int | bool | None
) -> None:
    """The same line without the ORM, for a launch."""
    connection.execute(
        _NOTE,
        {
            "org_id": org_id,
            "id": base.new_id(),
            "at": base.now(),
            "actor_id": actor,
            "verb": verb,
            "object_kind": object_kind,
            "object_id": object_id,
            "reason": "",
            "facts": facts,
        },
    )


def note_many(connection: Connection, lines: Sequence[dict[str, Any]], *, org_id: str) -> None:
    """The same for many at once, each with the table's own names."""
    if lines:
        connection.execute(_NOTE, [{"org_id": org_id, "id": base.new_id(), "at": base.now(), **line} for line in lines])
