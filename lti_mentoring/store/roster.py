# SPDX-License-Identifier: Apache-2.0
"""How far each course's roster has been read from its LMS."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lti_mentoring.store.base import Base, Id, TenantMixin, UtcDateTime, belongs_to


class RosterSync(TenantMixin, Base):
    """The one roster sync of a course: the run that is under way or was the last, and where it goes on after a fault."""

    __tablename__ = "roster_sync"
    __table_args__ = (
        UniqueConstraint("org_id", "course_id"),
        belongs_to("course", "course_id"),
        Index("ix_roster_sync_due", "state", "next_at"),
    )

    course_id: Mapped[str] = mapped_column(Id)
    registration_id: Mapped[str] = mapped_column(Id, ForeignKey("registration.id"))
    deployment_id: Mapped[str] = mapped_column(Id, ForeignKey("deployment.id"))
    state: Mapped[str] = mapped_column(String(20))
    """waiting (for a worker), running, done or failed."""
    kind: Mapped[str] = mapped_column(String(20), default="full")
    """full, or differences."""
    run: Mapped[int] = mapped_column(default=1)
    """Counts the runs; members say which one has seen them."""
    next_url: Mapped[str | None] = mapped_column(Text)
    """The page that comes next, exactly as the LMS wrote it; None at the beginning of a run."""
    differences_url: Mapped[str | None] = mapped_column(Text)
    only_link: Mapped[str | None] = mapped_column(String(255))
    """The LMS's id of the activity whose people alone are read; None: the whole course; "": the LMS would not tell them apart."""
    pages: Mapped[int] = mapped_column(default=0)
    seen: Mapped[int] = mapped_column(default=0)
    added: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    gone: Mapped[int] = mapped_column(default=0)
    asked_by: Mapped[str] = mapped_column(String(40), default="")
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    begun_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When a run was last complete."""
    attempt: Mapped[int] = mapped_column(default=0)
    """The fence: a step must name the attempt that it began with."""
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    next_at: Mapped[datetime] = mapped_column(UtcDateTime)
    tries: Mapped[int] = mapped_column(default=0)
    fault: Mapped[str] = mapped_column(String(60), default="")
    status: Mapped[int | None]
    words: Mapped[str] = mapped_column(Text, default="")
    groups_fault: Mapped[str] = mapped_column(String(60), default="", server_default="")
    """Why the last run could not read the course's groups; "" if it could, or there are none."""


class CourseGroup(TenantMixin, Base):
    """A group of a course, as its LMS has it; members name it by its id there."""

    __tablename__ = "course_group"
    __table_args__ = (UniqueConstraint("org_id", "course_id", "lms_id"), belongs_to("course", "course_id"))

    course_id: Mapped[str] = mapped_column(Id)
    lms_id: Mapped[str] = mapped_column(String(255))
    name: Mapped[str] = mapped_column(String(400))
    hidden: Mapped[bool] = mapped_column(default=False)
