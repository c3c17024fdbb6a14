# SPDX-License-Identifier: Apache-2.0
"""What mentors say of themselves, so that they are found; shown only while they list it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lti_mentoring.store.base import Base, Id, TenantMixin, UtcDateTime, belongs_to, now


class MentorEntry(TenantMixin, Base):
    """A mentor's own entry in the directory of a course; ``listed_at`` is empty while nobody else may see it."""

    __tablename__ = "mentor_entry"
    __table_args__ = (
        UniqueConstraint("org_id", "course_id", "person_id"),
        belongs_to("course", "course_id"),
        belongs_to("person", "person_id"),
        Index("ix_mentor_entry_listed", "org_id", "course_id", "listed_at"),
    )

    course_id: Mapped[str] = mapped_column(Id)
    person_id: Mapped[str] = mapped_column(Id)
    areas: Mapped[list[str]] = mapped_column(JSON, default=list)
    own: Mapped[str] = mapped_column(String(200), default="")
    languages: Mapped[list[str]] = mapped_column(JSON, default=list)
    capacity: Mapped[int]
    hours: Mapped[int]
    """A month."""
    meets: Mapped[list[str]] = mapped_column(JSON, default=list)
    about: Mapped[str] = mapped_column(Text, default="")
    paused: Mapped[bool] = mapped_column(default=False)
    marks: Mapped[str] = mapped_column(Text, default="")
    folded: Mapped[str] = mapped_column(Text, default="")
    listed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
