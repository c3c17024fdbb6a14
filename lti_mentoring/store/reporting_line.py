# SPDX-License-Identifier: Apache-2.0
"""Who manages and appraises whom, in periods, and when somebody last said so."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lti_mentoring.store.base import Base, Id, TenantMixin, UtcDateTime, belongs_to, now


class ReportingLine(TenantMixin, Base):
    """One line, from ``started_on`` until before ``ended_on``. A manager who is no person here yet is known by name and address."""

    __tablename__ = "reporting_line"
    __table_args__ = (
        belongs_to("person", "subordinate_id"),
        belongs_to("person", "manager_id"),
        Index("ix_reporting_line_subordinate", "org_id", "subordinate_id"),
        Index("ix_reporting_line_manager", "org_id", "manager_id"),
        Index("ix_reporting_line_email", "org_id", "manager_email"),
    )

    subordinate_id: Mapped[str] = mapped_column(Id)
    manager_id: Mapped[str | None] = mapped_column(Id)
    manager_name: Mapped[str] = mapped_column(String(200), default="")
    manager_email: Mapped[str] = mapped_column(String(400), default="")
    kind: Mapped[str] = mapped_column(String(20), default="direct")
    started_on: Mapped[date]
    ended_on: Mapped[date | None]
    source: Mapped[str] = mapped_column(String(20), default="self")
    said_by: Mapped[str] = mapped_column(Id)
    said_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class LineAttestation(TenantMixin, Base):
    """When it was last said who manages and appraises somebody, nobody included: by them, by who leads the course, or by a file."""

    __tablename__ = "line_attestation"
    __table_args__ = (UniqueConstraint("org_id", "person_id"), belongs_to("person", "person_id"))

    person_id: Mapped[str] = mapped_column(Id)
    attested_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    source: Mapped[str] = mapped_column(String(20), default="self", server_default="self")
    said_by: Mapped[str] = mapped_column(Id, default="", server_default="")
    """Who said it for them; empty where they did themself."""
    unit: Mapped[str] = mapped_column(String(200), default="", server_default="")
    """Where they work, as a file of the institution or who leads the course has said it."""
