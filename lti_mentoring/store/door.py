# SPDX-License-Identifier: Apache-2.0
"""The door beside the LMS: what was asked for, links, passkeys and their challenges. All but letters is found before any tenant is."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lti_mentoring.store.base import Base, Id, TenantMixin, UtcDateTime, belongs_to, new_id, now


class DoorAsk(Base):
    """Somebody asked for a link, whoever they are: the same row for an address that is known and one that is not. A worker looks."""

    __tablename__ = "door_ask"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    address: Mapped[str] = mapped_column(String(400))
    """Empty once a worker has looked."""
    address_hash: Mapped[str] = mapped_column(String(64), index=True)
    client_hash: Mapped[str] = mapped_column(String(64), index=True)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, index=True)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)


class DoorLink(Base):
    """A link that signs one person in, once."""

    __tablename__ = "door_link"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    org_id: Mapped[str] = mapped_column(Id, ForeignKey("organisation.id"), index=True)
    person_id: Mapped[str] = mapped_column(Id, index=True)
    kind: Mapped[str] = mapped_column(String(20))
    created_by: Mapped[str] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    spent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    spent_in: Mapped[str] = mapped_column(String(60), default="")
    """The kind of browser, for its owner alone."""
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class DoorChallenge(Base):
    """What a passkey must sign: once, in this browser, soon."""

    __tablename__ = "door_challenge"

    challenge_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    browser_hash: Mapped[str] = mapped_column(String(64), index=True)
    purpose: Mapped[str] = mapped_column(String(20))
    """``enter`` or ``add``."""
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class Passkey(Base):
    """A public key of somebody's: the secret half never leaves their device."""

    __tablename__ = "passkey"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    org_id: Mapped[str] = mapped_column(Id, ForeignKey("organisation.id"), index=True)
    person_id: Mapped[str] = mapped_column(Id, index=True)
    credential_id: Mapped[str] = mapped_column(String(1400), unique=True)
    handle: Mapped[str] = mapped_column(String(90))
    """What the device calls its owner: the same for all of theirs, and nothing that is known of them."""
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger)
    transports: Mapped[list[str]] = mapped_column(JSON, default=list)
    name: Mapped[str] = mapped_column(String(80))
    by_link: Mapped[str] = mapped_column(String(64), default="")
    """The hash of the link behind the session in which it was added: whoever disowns the link takes the passkey away too."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class DoorLetter(TenantMixin, Base):
    """That a mail brings a link of the door, or tells of a passkey. The link itself is made when the mail leaves (``DoorLink``)."""

    __tablename__ = "door_letter"
    __table_args__ = (
        UniqueConstraint("org_id", "mail_id"),
        belongs_to("mail", "mail_id", ondelete="CASCADE"),
        Index("ix_door_letter_address", "address_hash", "created_at"),
    )

    mail_id: Mapped[str] = mapped_column(Id)
    kind: Mapped[str] = mapped_column(String(20))
    asked_by: Mapped[str] = mapped_column(String(40))
    address_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
