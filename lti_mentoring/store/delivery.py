# SPDX-License-Identifier: Apache-2.0
"""The outbox: which grades must reach an LMS, and whether they did."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lti_mentoring.store.base import Base, Id, TenantMixin, UtcDateTime, belongs_to, now


class ScorePublication(TenantMixin, Base):
    """The one pending score of a person in a placement: what is wanted, what was settled, and what the LMS said last."""

    __tablename__ = "score_publication"
    __table_args__ = (
        UniqueConstraint("org_id", "placement_id", "person_id"),
        belongs_to("placement", "placement_id"),
        belongs_to("person", "person_id"),
        Index("ix_score_publication_due", "registration_id", "state", "next_at"),
    )

    placement_id: Mapped[str] = mapped_column(Id)
    person_id: Mapped[str] = mapped_column(Id)
    registration_id: Mapped[str] = mapped_column(Id, ForeignKey("registration.id"))
    wanted: Mapped[int] = mapped_column(default=1)
    settled: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(String(20), default="waiting")
    attempt: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_timestamp: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_payload_hash: Mapped[str] = mapped_column(String(64), default="")
    fault: Mapped[str] = mapped_column(String(60), default="")
    status: Mapped[int | None]
    words: Mapped[str] = mapped_column(Text, default="")
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
