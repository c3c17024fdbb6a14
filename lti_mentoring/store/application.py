# SPDX-License-Identifier: Apache-2.0
"""How a course takes candidates in: its intake, applications, references, reviews, decisions, and what happened when."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lti_mentoring.store.base import Base, Frozen, Id, TenantMixin, UtcDateTime, belongs_to, now


class Intake(TenantMixin, Base):
    """How people become candidates in a course. Without a row it is ``open``: whoever launches as a learner becomes one.

    Places are counted from who holds one, with this row locked, so that the last one is given once. ``given`` is what the first tables
    counted by; nothing reads it.
    """

    __tablename__ = "intake"
    __table_args__ = (
        UniqueConstraint("org_id", "course_id"),
        belongs_to("course", "course_id"),
        belongs_to("programme_version", "programme_version_id"),
    )

    course_id: Mapped[str] = mapped_column(Id)
    mode: Mapped[str] = mapped_column(String(20), default="open")
    programme_version_id: Mapped[str | None] = mapped_column(Id)
    """The version that this course works with; the newest import where it is empty."""
    places: Mapped[int | None]
    given: Mapped[int] = mapped_column(default=0)
    opens_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closes_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    updated_by: Mapped[str] = mapped_column(Id)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class Application(TenantMixin, Base):
    """One person's application in one course. ``slot`` is the person's id while it lives and its own id afterwards: one lives at a time."""

    __tablename__ = "application"
    __table_args__ = (
        UniqueConstraint("org_id", "course_id", "slot"),
        belongs_to("course", "course_id"),
        belongs_to("person", "person_id"),
        belongs_to("programme_version", "programme_version_id"),
        Index("ix_application_course", "org_id", "course_id", "state"),
        Index("ix_application_person", "org_id", "person_id"),
    )

    course_id: Mapped[str] = mapped_column(Id)
    person_id: Mapped[str] = mapped_column(Id)
    slot: Mapped[str] = mapped_column(Id)
    programme_version_id: Mapped[str] = mapped_column(Id)
    state: Mapped[str] = mapped_column(String(20), default="draft")
    answers: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    declared: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Line managers and referees as the draft names them."""
    revision: Mapped[int] = mapped_column(default=0)
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    submitted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    declined_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    offer_until: Mapped[date | None]
    asked: Mapped[str] = mapped_column(Text, default="")
    """What the coordinator has asked the applicant for."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class ApplicationSnapshot(TenantMixin, Frozen, Base):
    """What was submitted, as it was, with what was given later as further rows. Reviewed by, so never changed."""

    __tablename__ = "application_snapshot"
    __table_args__ = (belongs_to("application", "application_id"), Index("ix_application_snapshot", "org_id", "application_id"))

    application_id: Mapped[str] = mapped_column(Id)
    kind: Mapped[str] = mapped_column(String(20))
    content_hash: Mapped[str] = mapped_column(String(64))
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class Reference(TenantMixin, Base):
    """What somebody says for an applicant, by a link that works once. Found by the hash of its token before any tenant is known."""

    __tablename__ = "reference"
    __table_args__ = (
        UniqueConstraint("token_hash"),
        belongs_to("application", "application_id"),
        Index("ix_reference_application", "org_id", "application_id"),
    )

    application_id: Mapped[str] = mapped_column(Id)
    number: Mapped[int]
    name: Mapped[str] = mapped_column(String(200))
    email: Mapped[str] = mapped_column(String(400), default="")
    relation: Mapped[str] = mapped_column(String(300), default="")
    state: Mapped[str] = mapped_column(String(20), default="named")
    token_hash: Mapped[str | None] = mapped_column(String(64))
    salt: Mapped[str | None] = mapped_column(String(32))
    """Of a link that goes by mail: with the tool's secret it makes the token, at the moment of sending; alone it is worth nothing."""
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    supports: Mapped[str] = mapped_column(String(20), default="")
    text: Mapped[str] = mapped_column(Text, default="")
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ApplicationReview(TenantMixin, Base):
    """One reviewer's reading of one application; blind to the others' until all are in."""

    __tablename__ = "application_review"
    __table_args__ = (
        UniqueConstraint("org_id", "application_id", "reviewer_id"),
        belongs_to("application", "application_id"),
        belongs_to("person", "reviewer_id"),
        belongs_to("rubric_version", "rubric_version_id"),
        Index("ix_application_review_reviewer", "org_id", "reviewer_id", "state"),
    )

    application_id: Mapped[str] = mapped_column(Id)
    reviewer_id: Mapped[str] = mapped_column(Id)
    rubric_version_id: Mapped[str] = mapped_column(Id)
    state: Mapped[str] = mapped_column(String(20), default="assigned")
    marks: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    revision: Mapped[int] = mapped_column(default=0)
    assigned_by: Mapped[str] = mapped_column(Id)
    assigned_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    submitted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ApplicationEvent(TenantMixin, Frozen, Base):
    """A step of an application: who did what, when, with which reason. The applicant reads these as a timeline."""

    __tablename__ = "application_event"
    __table_args__ = (belongs_to("application", "application_id"), Index("ix_application_event", "org_id", "application_id", "at"))

    application_id: Mapped[str] = mapped_column(Id)
    verb: Mapped[str] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(20))
    actor_id: Mapped[str] = mapped_column(Id)
    reason: Mapped[str] = mapped_column(String(40), default="")
    words: Mapped[str] = mapped_column(Text, default="")
    """What the applicant is told with it: a request for information, or feedback."""
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class RecordedSelection(TenantMixin, Frozen, Base):
    """A selection that was made elsewhere: who decided, when, and why. The candidacy began with it."""

    __tablename__ = "recorded_selection"
    __table_args__ = (
        UniqueConstraint("org_id", "candidacy_id"),
        belongs_to("candidacy", "candidacy_id"),
        Index("ix_recorded_selection_course", "org_id", "course_id"),
    )

    course_id: Mapped[str] = mapped_column(Id)
    candidacy_id: Mapped[str] = mapped_column(Id)
    decided_by: Mapped[str] = mapped_column(String(300))
    decided_on: Mapped[date]
    why: Mapped[str] = mapped_column(String(1000))
    recorded_by: Mapped[str] = mapped_column(Id)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
