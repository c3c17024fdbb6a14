# SPDX-License-Identifier: Apache-2.0
"""What people ask about their own data: copies, erasures, and the marks that an erasure leaves."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from flask import current_app
from sqlalchemy import JSON, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lti_mentoring.keys import Sealer
from lti_mentoring.store.base import Base, Id, TenantMixin, UtcDateTime, belongs_to, now

EXTENSION = "sealer"


def sealer() -> Sealer:
    """What seals at rest, as ``app`` has made it."""
    return cast(Sealer, current_app.extensions[EXTENSION])


class PrivacyCopy(TenantMixin, Base):
    """Somebody's copy of what is held about them, made in the background and kept sealed for a few days."""

    __tablename__ = "privacy_copy"
    __table_args__ = (
        belongs_to("person", "person_id"),
        Index("ix_privacy_copy_person", "org_id", "person_id"),
        Index("ix_privacy_copy_state", "state", "asked_at"),
    )

    person_id: Mapped[str] = mapped_column(Id)
    state: Mapped[str] = mapped_column(String(20), default="waiting")
    """``waiting``, ``ready`` or ``gone``."""
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    made_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    body_sealed: Mapped[str | None] = mapped_column(Text)


class Erasure(TenantMixin, Base):
    """An erasure of one person: asked, waiting for its day, under way step by step, done, or taken back."""

    __tablename__ = "erasure"
    __table_args__ = (
        belongs_to("person", "person_id"),
        UniqueConstraint("org_id", "slot"),
        Index("ix_erasure_due", "state", "due_at"),
    )

    person_id: Mapped[str] = mapped_column(Id)
    slot: Mapped[str] = mapped_column(Id)
    """The person's id while it lives, its own once it was taken back or is done: one lives at a time."""
    state: Mapped[str] = mapped_column(String(20), default="waiting")
    """``waiting``, ``running``, ``done`` or ``taken_back``."""
    asked_by: Mapped[str] = mapped_column(String(40))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    step: Mapped[int] = mapped_column(default=0)
    """How many steps are done."""
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    counts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Rows by table, numbers only."""


class Tombstone(TenantMixin, Base):
    """That an identity was erased: a keyed hash, which tells nobody whose it was. Lifted once they have agreed to a new record."""

    __tablename__ = "tombstone"
    __table_args__ = (UniqueConstraint("org_id", "mark"),)

    mark: Mapped[str] = mapped_column(String(64))
    person_id: Mapped[str] = mapped_column(Id)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    lifted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class TombstoneKey(TenantMixin, Base):
    """The key of an organisation's marks, sealed."""

    __tablename__ = "tombstone_key"
    __table_args__ = (UniqueConstraint("org_id"),)

    key_sealed: Mapped[str] = mapped_column(Text)


class LegalHold(TenantMixin, Base):
    """Somebody's programme records must stay for now; placed and lifted by the operator. Never holds sealed talk or reflections."""

    __tablename__ = "legal_hold"
    __table_args__ = (belongs_to("person", "person_id"), Index("ix_legal_hold_person", "org_id", "person_id"))

    person_id: Mapped[str] = mapped_column(Id)
    reason: Mapped[str] = mapped_column(String(200))
    placed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    lifted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
