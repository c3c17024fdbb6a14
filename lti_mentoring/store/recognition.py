# SPDX-License-Identifier: Apache-2.0
"""Prior learning that is to stand for a module, and what each approver said."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lti_mentoring.store.base import Base, Id, TenantMixin, UtcDateTime, belongs_to, now


class Recognition(TenantMixin, Base):
    """One time that a module was to be recognised, on whose word, and what became of it.

    ``slot`` holds the module while it is asked or recognised, and the row's own id afterwards: one of a module lives at a time.
    """

    __tablename__ = "recognition"
    __table_args__ = (
        UniqueConstraint("org_id", "candidacy_id", "slot"),
        UniqueConstraint("org_id", "candidacy_id", "module_key", "number"),
        belongs_to("candidacy", "candidacy_id"),
        belongs_to("course", "course_id"),
        Index("ix_recognition_course", "org_id", "course_id", "state"),
    )

    candidacy_id: Mapped[str] = mapped_column(Id)
    course_id: Mapped[str] = mapped_column(Id)
    module_key: Mapped[str] = mapped_column(String(40))
    number: Mapped[int]
    slot: Mapped[str] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(20))
    what: Mapped[str] = mapped_column(Text)
    place: Mapped[str] = mapped_column(String(400))
    period: Mapped[str] = mapped_column(String(200))
    evidence: Mapped[str] = mapped_column(Text)
    asked_by: Mapped[str] = mapped_column(Id)
    """The candidate, or who proposed it."""
    approvers: Mapped[int]
    """How many people have to agree, as the policy said when it was asked."""
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class RecognitionVoice(TenantMixin, Base):
    """What one person said of it: agree, refuse or withdraw, with a reason. Only added to."""

    __tablename__ = "recognition_voice"
    __table_args__ = (
        UniqueConstraint("org_id", "recognition_id", "person_id", "verb"),
        belongs_to("recognition", "recognition_id"),
        belongs_to("person", "person_id"),
    )

    recognition_id: Mapped[str] = mapped_column(Id)
    person_id: Mapped[str] = mapped_column(Id)
    verb: Mapped[str] = mapped_column(String(20))
    leads: Mapped[bool] = mapped_column(default=False)
    """Whether this person led the course when they said it."""
    reason: Mapped[str] = mapped_column(Text)
    said_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
