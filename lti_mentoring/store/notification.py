# SPDX-License-Identifier: Apache-2.0
"""Notices of persons, and what of them each wants by mail."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lti_mentoring.store.base import Base, Id, TenantMixin, UtcDateTime, belongs_to, now


class Notification(TenantMixin, Base):
    """Something that a person is told: a code with facts, and the page that it is about. Never a person's words."""

    __tablename__ = "notification"
    __table_args__ = (
        belongs_to("person", "person_id"),
        belongs_to("course", "course_id"),
        Index("ix_notification_person", "org_id", "person_id", "created_at"),
        Index("ix_notification_unread", "org_id", "person_id", "read_at"),
        Index("ix_notification_created_at", "created_at"),
        Index("ix_notification_once", "org_id", "person_id", "once", unique=True),
    )

    person_id: Mapped[str] = mapped_column(Id)
    course_id: Mapped[str] = mapped_column(Id)
    kind: Mapped[str] = mapped_column(String(60))
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    endpoint: Mapped[str] = mapped_column(String(100))
    ids: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    """What the address of the page takes beside the course."""
    once: Mapped[str | None] = mapped_column(String(160))
    """Names the reason where it is looked for again and again, so that nobody is told of it twice."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class MailChoice(TenantMixin, Base):
    """What somebody wants by mail of one family of notices; without a row, what the rules say."""

    __tablename__ = "mail_choice"
    __table_args__ = (UniqueConstraint("org_id", "person_id", "family"), belongs_to("person", "person_id"))

    person_id: Mapped[str] = mapped_column(Id)
    family: Mapped[str] = mapped_column(String(40))
    choice: Mapped[str] = mapped_column(String(20))
    """at_once, weekly or off."""
    chosen_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
