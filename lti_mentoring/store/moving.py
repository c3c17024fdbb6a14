# SPDX-License-Identifier: Apache-2.0
"""Who was moved from one version of a programme to another, when, by whom and why, with the difference as it was shown."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKeyConstraint, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from lti_mentoring.store.base import Base, Frozen, Id, TenantMixin, UtcDateTime, belongs_to, now


def _version(column: str, name: str) -> ForeignKeyConstraint:
    """Two to one table need names of their own."""
    return ForeignKeyConstraint(["org_id", column], ["programme_version.org_id", "programme_version.id"], name=name)


class CandidacyMove(TenantMixin, Frozen, Base):
    """One move of one candidacy. Going back is another one; none is ever changed."""

    __tablename__ = "candidacy_move"
    __table_args__ = (
        belongs_to("candidacy", "candidacy_id"),
        belongs_to("person", "moved_by"),
        _version("from_version_id", "fk_candidacy_move_from"),
        _version("to_version_id", "fk_candidacy_move_to"),
        Index("ix_candidacy_move_candidacy", "org_id", "candidacy_id", "moved_at"),
    )

    candidacy_id: Mapped[str] = mapped_column(Id)
    from_version_id: Mapped[str] = mapped_column(Id)
    to_version_id: Mapped[str] = mapped_column(Id)
    moved_by: Mapped[str] = mapped_column(Id)
    moved_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    reason: Mapped[str] = mapped_column(Text)
    longer: Mapped[bool]
    """Whether the way got longer by it, which the mover had to mark."""
    difference: Mapped[dict[str, Any]] = mapped_column(JSON)
