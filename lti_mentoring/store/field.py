# SPDX-License-Identifier: Apache-2.0
"""What a session in the field leaves besides notes: clocks and counters of each device, who in the room has agreed, and links."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from lti_mentoring.store.base import Base, Id, TenantMixin, UtcDateTime, belongs_to, now


class FieldDevice(TenantMixin, Base):
    """What one device of one rater has counted. Each counter only grows, so that a resend is harmless and two devices add up."""

    __tablename__ = "field_device"
    __table_args__ = (
        UniqueConstraint("org_id", "observation_id", "author_id", "device"),
        belongs_to("observation", "observation_id"),
        belongs_to("person", "author_id"),
    )

    observation_id: Mapped[str] = mapped_column(Id)
    author_id: Mapped[str] = mapped_column(Id)
    device: Mapped[str] = mapped_column(String(32))
    counts: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    """Counter -> taps, or seconds of talk."""
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    pauses: Mapped[list[Any]] = mapped_column(JSON, default=list)
    """Spans off the record: [start, end] in seconds of the session's clock."""
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class Participant(TenantMixin, Base):
    """Somebody in the room besides the observer, and what they said to being observed, on their own device."""

    __tablename__ = "participant"
    __table_args__ = (
        UniqueConstraint("org_id", "observation_id", "person_id"),
        belongs_to("observation", "observation_id"),
        belongs_to("person", "person_id"),
    )

    observation_id: Mapped[str] = mapped_column(Id)
    person_id: Mapped[str] = mapped_column(Id)
    role: Mapped[str] = mapped_column(String(20))
    """``protege``, ``mentor`` (the accomplished one) or ``candidate``."""
    said_name: Mapped[str | None] = mapped_column(String(120))
    """What they were called by whoever named them by an address; shown as long as they have not come to the course."""
    consent: Mapped[str] = mapped_column(String(20), default="asked")
    """``asked``, ``granted``, ``refused`` or ``withdrawn``. Who leads or observes learns no more than whether it can be observed."""
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When they said that they have read the lines about them and strike nothing more."""
    waits_for_link: Mapped[bool] = mapped_column(default=False, server_default=false())
    """The lines can be read, and no notice and no mail tells them so: their time begins with a link that is handed to them."""
    handed_by: Mapped[str | None] = mapped_column(Id)
    """Who was shown the link by which their yes or their "I have read them" came: as far as anybody knows it is that one's."""


class GuestLink(Base):
    """A link that lets somebody without an account do one thing. Found by the hash of its token before any tenant is known; it is
    exchanged once, for a pass that lasts as long."""

    __tablename__ = "guest_link"
    __table_args__ = (Index("ix_guest_link_about", "org_id", "about_id"),)

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    org_id: Mapped[str] = mapped_column(Id, ForeignKey("organisation.id"), index=True)
    course_id: Mapped[str] = mapped_column(Id)
    person_id: Mapped[str] = mapped_column(Id)
    purpose: Mapped[str] = mapped_column(String(20))
    """``consent`` (a participant's own page) or ``field`` (an observer's one assignment)."""
    about_id: Mapped[str] = mapped_column(Id)
    """The observation."""
    created_by: Mapped[str] = mapped_column(String(40))
    handed: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Shown to whoever made it, to hand over: what is said by it may be theirs."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    spent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    pass_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    """Of the secret that the browser holds once the link was exchanged."""
    pass_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
