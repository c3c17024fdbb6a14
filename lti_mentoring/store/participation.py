# SPDX-License-Identifier: Apache-2.0
"""Deferrals, withdrawals and enrolments of a candidacy, and the line of what changed when."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from lti_mentoring.store.base import Base, Id, TenantMixin, UtcDateTime, belongs_to, now


class DeferralPeriod(TenantMixin, Base):
    """The clock stands still from ``starts_on`` to the day before ``ends_on``; whoever returns early ends it that day."""

    __tablename__ = "deferral_period"
    __table_args__ = (
        belongs_to("candidacy", "candidacy_id"),
        CheckConstraint("ends_on >= starts_on", name="order"),
        Index("ix_deferral_period_candidacy", "org_id", "candidacy_id", "starts_on"),
    )

    candidacy_id: Mapped[str] = mapped_column(Id)
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    reason_code: Mapped[str] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class WithdrawalRecord(TenantMixin, Base):
    """Somebody left, by their own word or a coordinator's; ``reinstated_on`` once they have come back."""

    __tablename__ = "withdrawal_record"
    __table_args__ = (
        belongs_to("candidacy", "candidacy_id"),
        Index("ix_withdrawal_record_candidacy", "org_id", "candidacy_id"),
    )

    candidacy_id: Mapped[str] = mapped_column(Id)
    withdrawn_on: Mapped[date]
    reason_code: Mapped[str] = mapped_column(String(40))
    by: Mapped[str] = mapped_column(String(40))
    reinstated_on: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class EnrolmentPeriod(TenantMixin, Base):
    """How somebody stands at their institution (joining, active, leaving, left), to the day before ``ends_on``."""

    __tablename__ = "enrolment_period"
    __table_args__ = (
        belongs_to("candidacy", "candidacy_id"),
        CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="order"),
        Index("ix_enrolment_period_candidacy", "org_id", "candidacy_id", "starts_on"),
    )

    candidacy_id: Mapped[str] = mapped_column(Id)
    state: Mapped[str] = mapped_column(String(20))
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class ParticipationChange(TenantMixin, Base):
    """One line of a candidacy's history: a verb of the table, ``warn`` (``days`` before the deadline) or ``enrol``.

    Only added to. ``until`` is the end of a deferral, or the deadline that a warning was about.
    """

    __tablename__ = "participation_change"
    __table_args__ = (
        belongs_to("candidacy", "candidacy_id"),
        Index("ix_participation_change_candidacy", "org_id", "candidacy_id", "at"),
    )

    candidacy_id: Mapped[str] = mapped_column(Id)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    actor_id: Mapped[str] = mapped_column(String(40))
    verb: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20))
    """The state that it led to."""
    reason_code: Mapped[str] = mapped_column(String(40), default="")
    until: Mapped[date | None]
    days: Mapped[int | None]
