# SPDX-License-Identifier: Apache-2.0
"""What mentoring brings about: measures in numbers and fixed choices, no word of anybody's, and what is told of them."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lti_mentoring.store.base import Base, Id, TenantMixin, UtcDateTime, belongs_to, now


class OutcomeMeasure(TenantMixin, Base):
    """What a protégé wants to move, from where to where. Seen by those inside the pair."""

    __tablename__ = "outcome_measure"
    __table_args__ = (
        belongs_to("mentorship", "mentorship_id"),
        belongs_to("person", "owner_id"),
        Index("ix_outcome_measure_mentorship", "org_id", "mentorship_id"),
        Index("ix_outcome_measure_owner", "org_id", "owner_id"),
    )

    mentorship_id: Mapped[str] = mapped_column(Id)
    owner_id: Mapped[str] = mapped_column(Id)
    kind: Mapped[str] = mapped_column(String(20))
    direction: Mapped[str] = mapped_column(String(10))
    baseline: Mapped[float]
    target: Mapped[float]
    horizon: Mapped[int]
    """Months."""
    started_on: Mapped[date]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class OutcomeReading(TenantMixin, Base):
    """Where a measure stood on a day; one a day."""

    __tablename__ = "outcome_reading"
    __table_args__ = (UniqueConstraint("org_id", "measure_id", "read_on"), belongs_to("outcome_measure", "measure_id"))

    measure_id: Mapped[str] = mapped_column(Id)
    read_on: Mapped[date]
    value: Mapped[float]


class OutcomeStatement(TenantMixin, Base):
    """What a protégé lets join the award case of a candidate: as it stood when they agreed, until they take it back."""

    __tablename__ = "outcome_statement"
    __table_args__ = (
        belongs_to("outcome_measure", "measure_id"),
        belongs_to("candidacy", "candidacy_id"),
        Index("ix_outcome_statement_candidacy", "org_id", "candidacy_id"),
        Index("ix_outcome_statement_measure", "org_id", "measure_id"),
    )

    measure_id: Mapped[str] = mapped_column(Id)
    candidacy_id: Mapped[str] = mapped_column(Id)
    kind: Mapped[str] = mapped_column(String(20))
    moved: Mapped[bool]
    months: Mapped[int]
    given_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class OutcomeFigure(TenantMixin, Base):
    """What is told of a course by kind. It is made once a month at most, and stands until enough people are new in it."""

    __tablename__ = "outcome_figure"
    __table_args__ = (UniqueConstraint("org_id", "course_id", "kind"), belongs_to("course", "course_id"))

    course_id: Mapped[str] = mapped_column(Id)
    kind: Mapped[str] = mapped_column(String(20))
    people: Mapped[int]
    moved: Mapped[int]
    made_on: Mapped[date]
