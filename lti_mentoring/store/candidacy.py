# SPDX-License-Identifier: Apache-2.0
"""One person's way through a programme version, in one course."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lti_mentoring.store.base import Base, Id, TenantMixin, UtcDateTime, belongs_to, now

AT_ONCE = date(1970, 1, 1)


class Candidacy(TenantMixin, Base):
    """Pinned to the programme version that it began with. Progress is derived, never stored."""

    __tablename__ = "candidacy"
    __table_args__ = (
        UniqueConstraint("org_id", "course_id", "person_id"),
        belongs_to("person", "person_id"),
        belongs_to("course", "course_id"),
        belongs_to("programme_version", "programme_version_id"),
        Index("ix_candidacy_person", "org_id", "person_id"),
        Index("ix_candidacy_look", "participation", "look_on"),
    )

    person_id: Mapped[str] = mapped_column(Id)
    course_id: Mapped[str] = mapped_column(Id)
    programme_version_id: Mapped[str] = mapped_column(Id)
    participation: Mapped[str] = mapped_column(String(20), default="active")
    started_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    extensions: Mapped[int] = mapped_column(default=0, server_default="0")
    look_on: Mapped[date] = mapped_column(default=AT_ONCE, server_default=AT_ONCE.isoformat())
    """The day on which time alone changes something next; ``AT_ONCE``: nobody has worked it out since the last change."""
