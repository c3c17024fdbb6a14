# SPDX-License-Identifier: Apache-2.0
"""Confidants of a course, and private reports to one of them. Words are sealed; in clear stand states, days and who."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lti_mentoring.store.base import Base, Id, TenantMixin, UtcDateTime, belongs_to, now


class Confidant(TenantMixin, Base):
    """Somebody whom a course has named to be told what got out; one once they have agreed, until it ends."""

    __tablename__ = "confidant"
    __table_args__ = (
        belongs_to("course", "course_id"),
        belongs_to("person", "person_id"),
        UniqueConstraint("org_id", "course_id", "person_id"),
    )

    course_id: Mapped[str] = mapped_column(Id)
    person_id: Mapped[str] = mapped_column(Id)
    named_by: Mapped[str] = mapped_column(Id)
    named_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    agreed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Concern(TenantMixin, Base):
    """One report: its reporter, whom it concerns, and the confidant who alone reads it."""

    __tablename__ = "concern"
    __table_args__ = (
        belongs_to("course", "course_id"),
        belongs_to("person", "reporter_id"),
        belongs_to("person", "about_id"),
        belongs_to("person", "confidant_id"),
        Index("ix_concern_reporter", "org_id", "reporter_id"),
        Index("ix_concern_confidant", "org_id", "confidant_id"),
    )

    course_id: Mapped[str] = mapped_column(Id)
    reporter_id: Mapped[str] = mapped_column(Id)
    about_id: Mapped[str] = mapped_column(Id)
    confidant_id: Mapped[str] = mapped_column(Id)
    state: Mapped[str] = mapped_column(String(30), default="reported")
    words_sealed: Mapped[str] = mapped_column(Text)
    may_tell: Mapped[bool] = mapped_column(default=False)
    """Whether the reporter agreed that the other side is heard."""
    made_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class ConcernStep(TenantMixin, Base):
    """A step that was taken, with its moment."""

    __tablename__ = "concern_step"
    __table_args__ = (belongs_to("concern", "concern_id"), Index("ix_concern_step_concern", "org_id", "concern_id"))

    concern_id: Mapped[str] = mapped_column(Id)
    state: Mapped[str] = mapped_column(String(30))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
