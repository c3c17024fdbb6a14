# SPDX-License-Identifier: Apache-2.0
"""Knowledge checks: attempts and the answers given, each stored as soon as it is given."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lti_mentoring.store.base import Base, Id, TenantMixin, UtcDateTime, belongs_to, now


class CheckAttempt(TenantMixin, Base):
    """One attempt at a module's knowledge check: what was drawn, and how it ended."""

    __tablename__ = "check_attempt"
    __table_args__ = (
        UniqueConstraint("org_id", "candidacy_id", "module_version_id", "number"),
        belongs_to("candidacy", "candidacy_id"),
        belongs_to("module_version", "module_version_id"),
        Index("ix_check_attempt_candidacy", "org_id", "candidacy_id"),
        Index("ix_check_attempt_finished", "mastered", "finished_at"),
    )

    candidacy_id: Mapped[str] = mapped_column(Id)
    module_version_id: Mapped[str] = mapped_column(Id)
    module_key: Mapped[str] = mapped_column(String(40))
    number: Mapped[int]
    seed: Mapped[str] = mapped_column(String(64))
    item_keys: Mapped[list[str]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(20), default="open")
    started_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    mastered: Mapped[bool] = mapped_column(default=False)


class CheckAnswer(TenantMixin, Base):
    """One answer. The unique key makes a second submission harmless; a two-step item has a row for each step."""

    __tablename__ = "check_answer"
    __table_args__ = (
        UniqueConstraint("org_id", "attempt_id", "item_key", "step"),
        belongs_to("check_attempt", "attempt_id"),
    )

    attempt_id: Mapped[str] = mapped_column(Id)
    item_key: Mapped[str] = mapped_column(String(40))
    step: Mapped[int] = mapped_column(default=1)
    answer: Mapped[Any] = mapped_column(JSON)
    points: Mapped[int]
    answered_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
