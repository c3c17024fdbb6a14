# SPDX-License-Identifier: Apache-2.0
"""Practice tasks: what candidates wrote, each time that they handed it in, and what a trainer marked."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, Text, UniqueConstraint, event, select
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.orm.attributes import get_history

from lti_mentoring.store.base import Base, FenceBroken, Id, TenantMixin, UtcDateTime, belongs_to, current_tenant, now

OVER = ("met", "once_more")


class PracticeSubmission(TenantMixin, Base):
    """One attempt at a module's practice task. Its text is its writer's own until it is handed in, and never changes afterwards."""

    __tablename__ = "practice_submission"
    __table_args__ = (
        UniqueConstraint("org_id", "candidacy_id", "module_key", "number"),
        belongs_to("candidacy", "candidacy_id"),
        belongs_to("course", "course_id"),
        belongs_to("module_version", "module_version_id"),
        Index("ix_practice_submission_course", "org_id", "course_id", "state"),
    )

    candidacy_id: Mapped[str] = mapped_column(Id)
    course_id: Mapped[str] = mapped_column(Id)
    module_version_id: Mapped[str] = mapped_column(Id)
    module_key: Mapped[str] = mapped_column(String(40))
    number: Mapped[int]
    text: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(String(20), default="draft")
    revision: Mapped[int] = mapped_column(default=0)
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    handed_in_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    marker_id: Mapped[str | None] = mapped_column(Id)
    feedback: Mapped[str] = mapped_column(Text, default="")
    marked_revision: Mapped[int] = mapped_column(default=0)
    returned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class PracticeMark(TenantMixin, Base):
    """One criterion's level 1 to 4, with the reason in what was written."""

    __tablename__ = "practice_mark"
    __table_args__ = (UniqueConstraint("org_id", "submission_id", "criterion"), belongs_to("practice_submission", "submission_id"))

    submission_id: Mapped[str] = mapped_column(Id)
    criterion: Mapped[str] = mapped_column(String(20))
    level: Mapped[int | None]
    reason: Mapped[str] = mapped_column(Text, default="")


# --- what was handed in, and what was returned, never changes (invariant I6) ----------------------------------------------------


@event.listens_for(PracticeSubmission, "before_update")
@event.listens_for(PracticeSubmission, "before_delete")
def _handed_in_stays(mapper: object, connection: Connection, target: PracticeSubmission) -> None:
    before = (get_history(target, "state").deleted or [target.state])[0]
    if before in OVER:
        raise FenceBroken("a practice task that was returned never changes")
    if before != "draft" and get_history(target, "text").deleted:
        raise FenceBroken("a practice task that was handed in never changes")


@event.listens_for(PracticeMark, "before_insert")
@event.listens_for(PracticeMark, "before_update")
@event.listens_for(PracticeMark, "before_delete")
def _returned_marks_stay(mapper: object, connection: Connection, target: PracticeMark) -> None:
    own = (PracticeSubmission.org_id == (target.org_id or current_tenant()), PracticeSubmission.id == target.submission_id)
    if connection.scalar(select(PracticeSubmission.state).where(*own)) in OVER:
        raise FenceBroken("marks that were returned never change")
