# SPDX-License-Identifier: Apache-2.0
"""What the conflict guard has found, what it goes on looking at, declared relations, and exceptions with those who agreed to them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lti_mentoring.store.base import Base, Frozen, Id, TenantMixin, UtcDateTime, belongs_to, now


class ConflictCheck(TenantMixin, Frozen, Base):
    """One answer that decided something, with the question, what it found and the facts that it found it in. It never changes."""

    __tablename__ = "conflict_check"
    __table_args__ = (Index("ix_conflict_check_about", "org_id", "about_kind", "about_id", "checked_at"),)

    purpose: Mapped[str] = mapped_column(String(20))
    about_kind: Mapped[str] = mapped_column(String(40))
    about_id: Mapped[str] = mapped_column(Id)
    as_of: Mapped[date]
    """The day whose facts were looked at; a rating's own day, however much later it is looked at again."""
    question: Mapped[dict[str, Any]] = mapped_column(JSON)
    verdict: Mapped[str] = mapped_column(String(20))
    findings: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    edition: Mapped[int]
    """Of the rules."""
    actor_id: Mapped[str] = mapped_column(String(40))
    checked_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class ConflictWatch(TenantMixin, Base):
    """A matter that was let through or held, and is looked at again whenever a line changes, and nightly, until it ends."""

    __tablename__ = "conflict_watch"
    __table_args__ = (
        UniqueConstraint("org_id", "purpose", "about_kind", "about_id"),
        belongs_to("conflict_check", "check_id"),
        belongs_to("course", "course_id"),
        Index("ix_conflict_watch_about", "org_id", "about_kind", "about_id"),
        Index("ix_conflict_watch_look", "ended_at", "look_on"),
    )

    purpose: Mapped[str] = mapped_column(String(20))
    about_kind: Mapped[str] = mapped_column(String(40))
    about_id: Mapped[str] = mapped_column(Id)
    course_id: Mapped[str] = mapped_column(Id)
    question: Mapped[dict[str, Any]] = mapped_column(JSON)
    fixed_on: Mapped[date | None]
    """The day of what is done, such as a rating; None for what goes on, such as a pair: that is looked at as of today."""
    approvers: Mapped[int]
    """How many people have to approve an exception, as the policy said."""
    verdict: Mapped[str] = mapped_column(String(20))
    check_id: Mapped[str] = mapped_column(Id)
    look_on: Mapped[date]
    """The day of the next look; long ago: a line has changed since the last one."""
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ConflictParty(TenantMixin, Base):
    """Somebody whom a watched matter is about."""

    __tablename__ = "conflict_party"
    __table_args__ = (
        UniqueConstraint("org_id", "watch_id", "person_id"),
        belongs_to("conflict_watch", "watch_id", ondelete="CASCADE"),
        belongs_to("person", "person_id"),
        Index("ix_conflict_party_person", "org_id", "person_id"),
    )

    watch_id: Mapped[str] = mapped_column(Id)
    person_id: Mapped[str] = mapped_column(Id)


class DeclaredRelation(TenantMixin, Base):
    """A personal or financial relation that somebody has declared, as a period. What it is, nobody asks."""

    __tablename__ = "declared_relation"
    __table_args__ = (
        belongs_to("person", "one_id"),
        belongs_to("person", "other_id"),
        Index("ix_declared_relation_one", "org_id", "one_id"),
        Index("ix_declared_relation_other", "org_id", "other_id"),
    )

    one_id: Mapped[str] = mapped_column(Id)
    other_id: Mapped[str] = mapped_column(Id)
    started_on: Mapped[date]
    ended_on: Mapped[date | None]
    said_by: Mapped[str] = mapped_column(Id)
    said_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class ConflictOverride(TenantMixin, Base):
    """An exception that somebody has asked for; it holds once those who must have agreed and approved, until before ``ends_on``."""

    __tablename__ = "conflict_override"
    __table_args__ = (
        belongs_to("conflict_watch", "watch_id"),
        belongs_to("person", "asked_by"),
        Index("ix_conflict_override_watch", "org_id", "watch_id"),
    )

    watch_id: Mapped[str] = mapped_column(Id)
    rules: Mapped[list[str]] = mapped_column(JSON)
    reason: Mapped[str] = mapped_column(Text)
    safeguards: Mapped[str] = mapped_column(Text)
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    asked_by: Mapped[str] = mapped_column(Id)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Taken back before its day."""


class OverrideVoice(TenantMixin, Frozen, Base):
    """Somebody concerned has agreed to an exception, or somebody outside has approved it."""

    __tablename__ = "override_voice"
    __table_args__ = (
        UniqueConstraint("org_id", "override_id", "person_id", "verb"),
        belongs_to("conflict_override", "override_id"),
        belongs_to("person", "person_id"),
    )

    override_id: Mapped[str] = mapped_column(Id)
    person_id: Mapped[str] = mapped_column(Id)
    verb: Mapped[str] = mapped_column(String(20))
    said_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
