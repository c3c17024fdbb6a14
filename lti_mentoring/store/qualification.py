# SPDX-License-Identifier: Apache-2.0
"""Who may rate on which rubric, as periods, and the founding mentors of a first cohort."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lti_mentoring.store.base import Base, Id, TenantMixin, UtcDateTime, belongs_to, now


class ObserverQualification(TenantMixin, Base):
    """One calibration and what became of it. The newest of a person and a rubric says how they stand."""

    __tablename__ = "observer_qualification"
    __table_args__ = (
        UniqueConstraint("org_id", "course_id", "person_id", "rubric", "number"),
        belongs_to("course", "course_id"),
        belongs_to("person", "person_id"),
        Index("ix_observer_qualification_due", "state", "ends_on"),
    )

    course_id: Mapped[str] = mapped_column(Id)
    person_id: Mapped[str] = mapped_column(Id)
    rubric: Mapped[str] = mapped_column(String(40))
    """Key of the rubric; all versions of it are one family."""
    number: Mapped[int]
    state: Mapped[str] = mapped_column(String(20))
    basis: Mapped[str] = mapped_column(String(20))
    """``short`` or ``full``, as in ``domain.qualification``."""
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    suspended_on: Mapped[date | None]
    begun_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    since_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Attempts count towards the next calibration from after it."""
    warned_on: Mapped[date | None]
    looked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the sessions that were rated by two were last looked at for drift."""


class FoundingMentor(TenantMixin, Base):
    """Somebody who starts the observed steps of a first cohort without a credential, named by a coordinator and signed by a sponsor."""

    __tablename__ = "founding_mentor"
    __table_args__ = (
        UniqueConstraint("org_id", "course_id", "person_id"),
        belongs_to("course", "course_id"),
        belongs_to("person", "person_id"),
    )

    course_id: Mapped[str] = mapped_column(Id)
    person_id: Mapped[str] = mapped_column(Id)
    reason: Mapped[str] = mapped_column(Text)
    named_by: Mapped[str] = mapped_column(Id)
    named_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    signed_by: Mapped[str | None] = mapped_column(Id)
    signed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
