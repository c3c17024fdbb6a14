# SPDX-License-Identifier: Apache-2.0
"""Organisations, the LMSs registered with them, keys and tokens. Not behind the fence: this is how the tenant is found."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lti_mentoring.store.base import Base, Id, UtcDateTime, new_id, now


class Organisation(Base):
    """A tenant. Its name is its natural key."""

    __tablename__ = "organisation"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class Registration(Base):
    """This tool as one LMS knows it: (issuer, client_id)."""

    __tablename__ = "registration"
    __table_args__ = (UniqueConstraint("issuer", "client_id"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    org_id: Mapped[str] = mapped_column(Id, ForeignKey("organisation.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    issuer: Mapped[str] = mapped_column(String(500))
    client_id: Mapped[str] = mapped_column(String(255))
    auth_url: Mapped[str] = mapped_column(String(1000))
    token_url: Mapped[str] = mapped_column(String(1000))
    jwks_url: Mapped[str] = mapped_column(String(1000))
    token_audience: Mapped[str | None] = mapped_column(String(1000))
    family: Mapped[str] = mapped_column(String(40), default="generic")
    frame_origins: Mapped[list[str]] = mapped_column(JSON, default=list)
    shared: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(default=True)
    attention: Mapped[str] = mapped_column(String(200), default="")
    held_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Its LMS refuses our sign-in: until then nothing is sent for it, then one grade tries."""
    refusals: Mapped[int] = mapped_column(default=0, server_default="0")
    """How often in a row it did."""
    source: Mapped[str] = mapped_column(String(20), default="operator", server_default="operator")
    """Who entered it: operator (by hand) or registration (the LMS itself, by dynamic registration)."""
    product: Mapped[str] = mapped_column(String(200), default="", server_default="")
    """What the LMS says that it is, with its version."""
    scopes: Mapped[list[str]] = mapped_column(JSON, default=list, server_default="[]")
    """The services that the LMS granted when it registered us; empty where it was entered by hand."""
    role_overrides: Mapped[dict[str, str]] = mapped_column(JSON, default=dict, server_default="{}")
    """LTI role -> the standing that it gives here, in place of the usual one."""
    keep_names: Mapped[bool] = mapped_column(default=True, server_default="1")
    keep_email: Mapped[bool] = mapped_column(default=True, server_default="1")
    """Whether names and e-mail addresses that the LMS sends are kept."""
    clock_skew: Mapped[float | None]
    """Seconds by which its clock was ahead of ours when the doctor looked last."""
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    findings: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list, server_default="[]")
    """What the doctor found then: codes of ``domain.diagnosis`` with their facts."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class Deployment(Base):
    """One deployment of a registration; the tenant of a launch is its deployment's."""

    __tablename__ = "deployment"
    __table_args__ = (UniqueConstraint("registration_id", "deployment_id"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    registration_id: Mapped[str] = mapped_column(Id, ForeignKey("registration.id"))
    deployment_id: Mapped[str] = mapped_column(String(255))
    org_id: Mapped[str] = mapped_column(Id, ForeignKey("organisation.id"), index=True)
    state: Mapped[str] = mapped_column(String(20), default="active")
    frame_origins: Mapped[list[str]] = mapped_column(JSON, default=list)
    notices_url: Mapped[str | None] = mapped_column(String(1000))
    """Where its LMS takes orders for notices, as a launch said."""
    notice_kinds: Mapped[list[str]] = mapped_column(JSON, default=list, server_default="[]")
    notices_due: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When to order them next; None once they are, or where none are offered."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class ToolKey(Base):
    """One signing key of the tool. The private part is sealed."""

    __tablename__ = "tool_key"

    kid: Mapped[str] = mapped_column(String(64), primary_key=True)
    private_sealed: Mapped[str] = mapped_column(Text)
    public_jwk: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    signs_from: Mapped[datetime] = mapped_column(UtcDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class PlatformKeySet(Base):
    """A platform's public keys as last fetched, shared between processes. An empty body says that a fetch was only claimed."""

    __tablename__ = "platform_key_set"

    url: Mapped[str] = mapped_column(String(1000), primary_key=True)
    body: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    fetched_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    fresh_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    missed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    missed_kid: Mapped[str | None] = mapped_column(String(100))
    """The key id that the last fetch was made for in vain."""


class AccessToken(Base):
    """A platform's access token, sealed and shared between processes; ``refreshing_until`` makes the refresh single-flight."""

    __tablename__ = "access_token"

    registration_id: Mapped[str] = mapped_column(Id, ForeignKey("registration.id"), primary_key=True)
    scopes_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    token_sealed: Mapped[str | None] = mapped_column(Text)
    granted: Mapped[list[str]] = mapped_column(JSON, default=list)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    refreshing_until: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SpentNonce(Base):
    """A launch that has been used. The unique insert is what makes a launch single-use."""

    __tablename__ = "spent_nonce"
    __table_args__ = (Index("ix_spent_nonce_expires_at", "expires_at"),)

    nonce: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RegistrationInvite(Base):
    """A one-time address by which an LMS registers itself with an organisation. Found by the hash of its token."""

    __tablename__ = "registration_invite"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    org_id: Mapped[str] = mapped_column(Id, ForeignKey("organisation.id"), index=True)
    created_by: Mapped[str] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    spent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    claimed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """An LMS is being asked to register us by it; until then nobody else may."""
    tries: Mapped[int] = mapped_column(default=0, server_default="0")
    """How often an LMS's configuration was fetched by it."""
    registration_id: Mapped[str | None] = mapped_column(Id, ForeignKey("registration.id"))
    """What it led to; the same LMS may come again by it to update that."""


class PlatformNotice(Base):
    """A platform's notice, kept so that the same one is heeded once."""

    __tablename__ = "platform_notice"
    __table_args__ = (Index("ix_platform_notice_context", "registration_id", "context_id"),)

    registration_id: Mapped[str] = mapped_column(Id, ForeignKey("registration.id"), primary_key=True)
    notice_id: Mapped[str] = mapped_column(String(255), primary_key=True)
    deployment_id: Mapped[str] = mapped_column(String(255))
    kind: Mapped[str] = mapped_column(String(255))
    context_id: Mapped[str] = mapped_column(String(255), default="")
    """The course that it is about."""
    said: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
