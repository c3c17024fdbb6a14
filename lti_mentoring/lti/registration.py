# SPDX-License-Identifier: Apache-2.0
"""What this floor knows of a registered platform, and what it asks of the floor above to remember for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Literal, Protocol
from urllib.parse import urlsplit

from lti_mentoring.lti.roles import Standing


@dataclass(frozen=True)
class Registration:
    """One LMS as we registered it: addresses are exact strings, ``family`` names its profile (``lti/platforms.py``)."""

    id: str
    org_id: str
    name: str
    issuer: str
    client_id: str
    auth_url: str
    token_url: str
    jwks_url: str
    token_audience: str | None = None
    family: str = "generic"
    shared: bool = False
    frame_origins: tuple[str, ...] = ()
    algorithms: tuple[str, ...] = ("RS256",)
    role_overrides: tuple[tuple[str, Standing], ...] = ()
    """LTI role, the standing that it gives here in place of the usual one."""
    keep_names: bool = True
    keep_email: bool = True

    @cached_property
    def overrides(self) -> Mapping[str, Standing]:
        """LTI role -> standing."""
        return dict(self.role_overrides)

    @cached_property
    def service_hosts(self) -> frozenset[str]:
        """The host names that may be sent a token of this registration (AS-05).

        Where services answer on a host that only launches tell (Canvas, Blackboard), it is the return address of a verified
        launch, which is among the frame origins.
        """
        places = (self.issuer, self.auth_url, self.token_url, self.jwks_url, *self.frame_origins)
        return frozenset(host for host in (urlsplit(place).hostname for place in places) if host)


@dataclass(frozen=True, slots=True)
class Deployment:
    """One installation of the tool within a registration; its organisation is the tenant of its launches."""

    deployment_id: str
    org_id: str
    state: Literal["active", "pending"]


class Registry(Protocol):
    """Finds registrations. Only active ones, exact and case-sensitive (V-04). An answer may be seconds old; who acts on it looks again."""

    def forget(self) -> None:
        """What is remembered was found to be out of date."""

    def registrations(self, issuer: str) -> Sequence[Registration]:
        """All of an issuer."""

    def registration(self, issuer: str, client_id: str) -> Registration | None:
        """The one of (issuer, client_id)."""

    def by_deployment(self, issuer: str, deployment_id: str) -> Sequence[Registration]:
        """Those of an issuer that know this deployment."""

    def deployment(self, registration_id: str, deployment_id: str) -> Deployment | None:
        """The deployment, in whatever state."""


@dataclass(frozen=True, slots=True)
class CachedKeySet:
    """A platform's key set as last fetched."""

    body: Mapping[str, Any]
    fetched_at: datetime
    fresh_until: datetime


class KeySetStore(Protocol):
    """Key sets of platforms, shared between processes; addressed by the key set's URL."""

    def load(self, url: str) -> CachedKeySet | None:
        """The last good one."""

    def save(self, url: str, body: Mapping[str, Any], fetched_at: datetime, fresh_until: datetime) -> None:
        """Replace it. Only good answers are ever saved."""

    def claim_refetch(self, url: str, now: datetime, every_seconds: float) -> bool:
        """True for exactly one caller within ``every_seconds``, by one conditional update; the first caller makes the row."""

    def note_missed(self, url: str, kid: str) -> None:
        """A good set has just been fetched for this key id and does not have it; the next good set ends the note."""


@dataclass(frozen=True, slots=True)
class CachedToken:
    """An access token as last granted. ``expires_at`` already has the safety margin taken off."""

    token: str = field(repr=False)
    granted: frozenset[str]
    expires_at: datetime


class TokenStore(Protocol):
    """Access tokens, sealed at rest, shared between processes; addressed by registration and ``scopes_hash``."""

    def load(self, registration_id: str, scopes_hash: str) -> CachedToken | None:
        """The last one granted, expired or not."""

    def save(self, registration_id: str, scopes_hash: str, token: str, granted: frozenset[str], expires_at: datetime) -> None:
        """Replace it, and end the claim to refresh."""

    def claim_refresh(self, registration_id: str, scopes_hash: str, now: datetime, lease_seconds: float) -> bool:
        """True for exactly one caller until ``save``, ``drop`` or the end of the lease, by one conditional update; the first
        caller makes the row."""

    def drop(self, registration_id: str, scopes_hash: str) -> None:
        """Forget the token, and end the claim to refresh; nothing happens if there is none."""
