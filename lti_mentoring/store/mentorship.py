# SPDX-License-Identifier: Apache-2.0
"""Pairs and their sessions, as far as observing needs them: who meets whom, when, and what two mentors plan together. Never the talk."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lti_mentoring.store.base import Base, Id, TenantMixin, UtcDateTime, belongs_to, now


class Mentorship(TenantMixin, Base):
    """A pair or a group that meets in a course."""

    __tablename__ = "mentorship"
    __table_args__ = (belongs_to("course", "course_id"), Index("ix_mentorship_course", "org_id", "course_id", "state"))

    course_id: Mapped[str] = mapped_column(Id)
    kind: Mapped[str] = mapped_column(String(20), default="one_to_one")
    """``one_to_one`` or ``group``; more kinds come with mentoring itself."""
    label: Mapped[str] = mapped_column(String(120), default="")
    """What it is called in lists; a protégé need not be named."""
    state: Mapped[str] = mapped_column(String(20), default="active")
    started_on: Mapped[date]
    ended_on: Mapped[date | None]
    created_by: Mapped[str] = mapped_column(Id)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class MentorshipMember(TenantMixin, Base):
    """Somebody in a pair or group, for a period: ``mentor``, ``co_mentor``, ``facilitator`` or ``protege``."""

    __tablename__ = "mentorship_member"
    __table_args__ = (
        UniqueConstraint("org_id", "mentorship_id", "person_id", "role"),
        belongs_to("mentorship", "mentorship_id"),
        belongs_to("person", "person_id"),
        Index("ix_mentorship_member_person", "org_id", "person_id"),
    )

    mentorship_id: Mapped[str] = mapped_column(Id)
    person_id: Mapped[str] = mapped_column(Id)
    role: Mapped[str] = mapped_column(String(20))
    said_name: Mapped[str | None] = mapped_column(String(120))
    """What they were called by whoever named them by an address; shown as long as they have not come to the course."""
    started_on: Mapped[date]
    ended_on: Mapped[date | None]


class MentoringSession(TenantMixin, Base):
    """One meeting: facts alone. What is said in it is never here."""

    __tablename__ = "mentoring_session"
    __table_args__ = (
        belongs_to("mentorship", "mentorship_id"),
        Index("ix_mentoring_session_mentorship", "org_id", "mentorship_id", "starts_at"),
    )

    mentorship_id: Mapped[str] = mapped_column(Id)
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    utc_offset: Mapped[int] = mapped_column(default=0, server_default="0")
    """Minutes by which the clock of whoever planned it is ahead of UTC, so that its day is the one on their calendar."""
    minutes: Mapped[int]
    """As planned; after the session as it was."""
    mode: Mapped[str] = mapped_column(String(20), default="in_person")
    """``in_person``, ``video`` or ``phone``."""
    place: Mapped[str] = mapped_column(String(200), default="")
    state: Mapped[str] = mapped_column(String(20), default="planned")
    """``planned``, ``held``, ``cancelled`` or ``no_show``."""
    sequence: Mapped[int] = mapped_column(default=0)
    """How often its time or place changed; calendars need it (RFC 5545)."""
    created_by: Mapped[str] = mapped_column(Id)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class SessionPlan(TenantMixin, Base):
    """What two mentors plan together before they lead a session; it stands once both have agreed to the same revision."""

    __tablename__ = "session_plan"
    __table_args__ = (
        UniqueConstraint("org_id", "observation_id"),
        belongs_to("observation", "observation_id"),
    )

    observation_id: Mapped[str] = mapped_column(Id)
    purpose: Mapped[str] = mapped_column(Text, default="")
    opening: Mapped[str] = mapped_column(Text, default="")
    roles: Mapped[str] = mapped_column(Text, default="")
    """Who leads what."""
    closing: Mapped[str] = mapped_column(Text, default="")
    revision: Mapped[int] = mapped_column(default=0)
    drafted_by: Mapped[str] = mapped_column(Id)
    candidate_agreed: Mapped[int | None]
    """The revision to which the candidate agreed."""
    mentor_agreed: Mapped[int | None]
    agreed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When both had agreed to one revision."""
