# SPDX-License-Identifier: Apache-2.0
"""The audit line that every change writes in its own transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from lti_mentoring.domain.people import Actor
from lti_mentoring.store.privacy import AuditEvent

OPERATOR = "operator"
SYSTEM = "system"


def record(
    session: Session, *, actor: Actor | str, verb: str, object_kind: str, object_id: str, reason: str = "", **facts: str | int | bool | None
) -> None:
    """Write who did what to what, in the caller's transaction.

    ``actor`` is a person, OPERATOR (the command line) or SYSTEM (timers only). ``facts`` never hold a person's words.
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


def record_many(session: Session, lines: Sequence[dict[str, Any]]) -> None:
    """The same for many at once, each with the table's own names, in the organisation in scope."""
    if lines:
        session.execute(insert(AuditEvent), list(lines))
