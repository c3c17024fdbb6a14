# SPDX-License-Identifier: Apache-2.0
"""What a pair says and keeps. Whatever somebody wrote is sealed here; in clear stand only days and who."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from flask import current_app
from sqlalchemy import Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lti_mentoring.keys import DataKeys
from lti_mentoring.store.base import Base, Id, TenantMixin, UtcDateTime, belongs_to, now

EXTENSION = "data_keys"


def data_keys() -> DataKeys:
    """What locks and unlocks the keys below, as ``app`` has chosen it."""
    return cast(DataKeys, current_app.extensions[EXTENSION])


class TalkKey(TenantMixin, Base):
    """The key of one pair's words, locked. Without ``wrapped`` it is destroyed, and so are the words."""

    __tablename__ = "talk_key"
    __table_args__ = (UniqueConstraint("org_id", "mentorship_id"), belongs_to("mentorship", "mentorship_id"))

    mentorship_id: Mapped[str] = mapped_column(Id)
    wrapped: Mapped[str | None] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    destroyed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class OwnKey(TenantMixin, Base):
    """The key of what one person writes for themself alone, locked."""

    __tablename__ = "own_key"
    __table_args__ = (UniqueConstraint("org_id", "person_id"), belongs_to("person", "person_id"))

    person_id: Mapped[str] = mapped_column(Id)
    wrapped: Mapped[str | None] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    destroyed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Note(TenantMixin, Base):
    """A note of somebody in a pair: theirs alone, or shared inside the pair."""

    __tablename__ = "note"
    __table_args__ = (
        belongs_to("mentorship", "mentorship_id"),
        belongs_to("person", "author_id"),
        belongs_to("mentoring_session", "session_id"),
        Index("ix_note_mentorship", "org_id", "mentorship_id"),
        Index("ix_note_author", "org_id", "author_id"),
    )

    mentorship_id: Mapped[str] = mapped_column(Id)
    author_id: Mapped[str] = mapped_column(Id)
    session_id: Mapped[str | None] = mapped_column(Id)
    sealed: Mapped[str] = mapped_column(Text)
    shared: Mapped[bool] = mapped_column(default=False)
    revision: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
