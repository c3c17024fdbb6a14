# SPDX-License-Identifier: Apache-2.0
"""The audit record: who did what to what, chained after commit so that a change shows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String, UniqueConstraint, column, event
from sqlalchemy.orm import Mapped, mapped_column

from lti_mentoring.store.base import Base, FenceBroken, TenantMixin, UtcDateTime, now

_NOT_CHAINED = column("position").is_(None)


class AuditEvent(TenantMixin, Base):
    """One change. Position and hashes are filled in by the worker; facts never hold a person's words."""

    __tablename__ = "audit_event"
    __table_args__ = (
        UniqueConstraint("org_id", "position"),
        Index("ix_audit_event_at", "org_id", "at"),
        Index("ix_audit_event_tail", "org_id", "at", "id", sqlite_where=_NOT_CHAINED, postgresql_where=_NOT_CHAINED),
    )

    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    actor_id: Mapped[str] = mapped_column(String(40))
    verb: Mapped[str] = mapped_column(String(60))
    object_kind: Mapped[str] = mapped_column(String(40))
    object_id: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(String(200), default="")
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    position: Mapped[int | None]
    prev_hash: Mapped[str | None] = mapped_column(String(64))
    hash: Mapped[str | None] = mapped_column(String(64))


@event.listens_for(AuditEvent, "before_update")
@event.listens_for(AuditEvent, "before_delete")
def _lines_stay(mapper: object, connection: object, target: AuditEvent) -> None:
    """What was recorded stays; the worker's own statement chains it, and the database refuses to change what is chained."""
    raise FenceBroken("a line of the record never changes and never goes")
