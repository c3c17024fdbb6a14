# SPDX-License-Identifier: Apache-2.0
"""Calibration: what raters chose for a transcript, each time that they rated it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, Index, String, UniqueConstraint, event
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.orm.attributes import get_history

from lti_mentoring.store.base import Base, FenceBroken, Id, TenantMixin, UtcDateTime, belongs_to, now


class CalibrationAttempt(TenantMixin, Base):
    """One rating of a transcript by one person. Its number follows the submitted ones, so that only one can be a draft."""

    __tablename__ = "calibration_attempt"
    __table_args__ = (
        UniqueConstraint("org_id", "course_id", "person_id", "transcript_key", "number"),
        belongs_to("course", "course_id"),
        belongs_to("person", "person_id"),
        belongs_to("programme_version", "programme_version_id"),
        belongs_to("rubric_version", "rubric_version_id"),
        Index("ix_calibration_attempt_person", "org_id", "person_id", "state"),
    )

    course_id: Mapped[str] = mapped_column(Id)
    person_id: Mapped[str] = mapped_column(Id)
    programme_version_id: Mapped[str] = mapped_column(Id)
    transcript_key: Mapped[str] = mapped_column(String(40))
    rubric_version_id: Mapped[str] = mapped_column(Id)
    number: Mapped[int]
    levels: Mapped[dict[str, int | None]] = mapped_column(JSON, default=dict)
    """Criterion -> level, null for "not observed"; what is not answered yet is not in it."""
    state: Mapped[str] = mapped_column(String(20), default="draft")
    revision: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    submitted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


@event.listens_for(CalibrationAttempt, "before_update")
@event.listens_for(CalibrationAttempt, "before_delete")
def _submitted_stays(mapper: object, connection: Connection, target: CalibrationAttempt) -> None:
    if (get_history(target, "state").deleted or [target.state])[0] == "submitted":
        raise FenceBroken("a calibration attempt that was submitted never changes")
