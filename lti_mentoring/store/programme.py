# SPDX-License-Identifier: Apache-2.0
"""Programme, module and rubric versions: hash-addressed, and never changed once written."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lti_mentoring.store.base import Base, Frozen, Id, TenantMixin, UtcDateTime, belongs_to, now


class ProgrammeVersion(TenantMixin, Frozen, Base):
    """One published version of a programme, whole, as its canonical body."""

    __tablename__ = "programme_version"
    __table_args__ = (
        UniqueConstraint("org_id", "content_hash"),
        Index("ix_programme_version_slug", "org_id", "slug", "imported_at"),
    )

    slug: Mapped[str] = mapped_column(String(100))
    edition: Mapped[str] = mapped_column(String(40))
    content_hash: Mapped[str] = mapped_column(String(64))
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    imported_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    derived_from: Mapped[str | None] = mapped_column(Id)
    """The version that this one was made from in the browser, for courses that choose it; new courses begin with imports."""


class ModuleVersion(TenantMixin, Frozen, Base):
    """One version of a module; attempts point at it."""

    __tablename__ = "module_version"
    __table_args__ = (UniqueConstraint("org_id", "content_hash"),)

    key: Mapped[str] = mapped_column(String(40))
    content_hash: Mapped[str] = mapped_column(String(64))
    body: Mapped[dict[str, Any]] = mapped_column(JSON)


class RubricVersion(TenantMixin, Frozen, Base):
    """One version of a rubric; observations and assessments point at it."""

    __tablename__ = "rubric_version"
    __table_args__ = (UniqueConstraint("org_id", "content_hash"),)

    key: Mapped[str] = mapped_column(String(40))
    content_hash: Mapped[str] = mapped_column(String(64))
    body: Mapped[dict[str, Any]] = mapped_column(JSON)


class ProgrammePart(TenantMixin, Frozen, Base):
    """Which module and rubric versions a programme version is made of."""

    __tablename__ = "programme_part"
    __table_args__ = (
        UniqueConstraint("org_id", "programme_version_id", "key"),
        belongs_to("programme_version", "programme_version_id"),
        belongs_to("module_version", "module_version_id"),
        belongs_to("rubric_version", "rubric_version_id"),
    )

    programme_version_id: Mapped[str] = mapped_column(Id)
    key: Mapped[str] = mapped_column(String(40))
    module_version_id: Mapped[str | None] = mapped_column(Id)
    rubric_version_id: Mapped[str | None] = mapped_column(Id)


class ProgrammeDraft(TenantMixin, Base):
    """What a course's next version is to be: fields that differ from the version it is edited from, as they were typed. One per course;
    ``revision`` counts its changes, so that nobody publishes or discards what they have not seen."""

    __tablename__ = "programme_draft"
    __table_args__ = (
        UniqueConstraint("org_id", "course_id"),
        belongs_to("course", "course_id"),
        belongs_to("programme_version", "source_version_id"),
    )

    course_id: Mapped[str] = mapped_column(Id)
    source_version_id: Mapped[str] = mapped_column(Id)
    values: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    revision: Mapped[int] = mapped_column(default=0)
    updated_by: Mapped[str] = mapped_column(Id)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
