# SPDX-License-Identifier: Apache-2.0
"""Requests for help, offered or asked, and the contacts that came of them. What they say stays with candidate and helpers."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lti_mentoring.store.base import Base, Id, TenantMixin, UtcDateTime, belongs_to, now


class AssistanceRequest(TenantMixin, Base):
    """What a candidate wants help with, or is offered help with. Its id is the form's own, so that sending it twice asks once."""

    __tablename__ = "assistance_request"
    __table_args__ = (
        UniqueConstraint("org_id", "candidacy_id", "offer_key"),
        belongs_to("candidacy", "candidacy_id"),
        belongs_to("course", "course_id"),
        belongs_to("person", "helper_id"),
        Index("ix_assistance_request_course", "org_id", "course_id", "state"),
    )

    candidacy_id: Mapped[str] = mapped_column(Id)
    course_id: Mapped[str] = mapped_column(Id)
    topic_kind: Mapped[str] = mapped_column(String(20))
    topic_key: Mapped[str] = mapped_column(String(40), default="")
    urgency: Mapped[str] = mapped_column(String(20), default="can_wait")
    text: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(20), default="")
    """Why it was offered; empty where it was asked for."""
    offer_key: Mapped[str | None] = mapped_column(String(60))
    """What an open offer is for, and nothing once it is answered: the unique key keeps it to one."""
    helper_id: Mapped[str | None] = mapped_column(Id)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    asked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When it was asked for, or asked for again: what is due is counted from it."""
    taken_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class AssistanceContact(TenantMixin, Base):
    """One contact about a request: how long, by which way, what came of it, and when to look again."""

    __tablename__ = "assistance_contact"
    __table_args__ = (
        belongs_to("assistance_request", "request_id"),
        belongs_to("person", "helper_id"),
        Index("ix_assistance_contact_request", "org_id", "request_id"),
    )

    request_id: Mapped[str] = mapped_column(Id)
    helper_id: Mapped[str] = mapped_column(Id)
    minutes: Mapped[int]
    mode: Mapped[str] = mapped_column(String(20))
    outcome: Mapped[str] = mapped_column(Text)
    follow_up: Mapped[date | None]
    noted_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
