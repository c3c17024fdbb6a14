# SPDX-License-Identifier: Apache-2.0
"""The state of one login attempt: signed, bound to the browser that began it, and stored nowhere (checklist LOG-09)."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from lti_mentoring.keys import BadToken, base64url
from lti_mentoring.lti.refusal import LaunchRefused
from lti_mentoring.lti.registration import Registration

LIFETIME_SECONDS = 600
_MAX_HINTS = 500  # characters; the state travels in an address
PREFIX = "state-"  # what pylti1p3 puts before every state
_PURPOSE = "lti state"


class StateSigner(Protocol):
    """What is asked of ``keys.Signer``."""

    def sign(self, payload: dict[str, Any], lifetime_s: float, *, purpose: str = "", now: float | None = None) -> str: ...

    def read(self, token: str, *, purpose: str = "", now: float | None = None) -> dict[str, Any]: ...

    def mac(self, text: str) -> str: ...

    def mac_fits(self, text: str, mac: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class State:
    """What login learnt, as the launch reads it back."""

    registration_id: str
    issuer: str
    client_id: str
    deployment_id: str | None
    target_link_uri: str
    binding: str
    hints: Mapping[str, str]
    storage_target: str | None

    def restart(self) -> dict[str, str] | None:
        """The login's own parameters, to begin it anew in another window; None where its hints were too long to carry."""
        if "login_hint" not in self.hints:
            return None
        named = {"iss": self.issuer, "client_id": self.client_id, "target_link_uri": self.target_link_uri}
        return {**named, **({"lti_deployment_id": self.deployment_id} if self.deployment_id else {}), **self.hints}


def new_state(
    signer: StateSigner,
    registration: Registration,
    *,
    deployment_id: str | None,
    target_link_uri: str,
    hints: Mapping[str, str],
    now: datetime,
    storage_target: str | None = None,
) -> tuple[str, str]:
    """A fresh state token (without pylti1p3's prefix) and the value of the cookie that binds it to this browser.

    ``storage_target`` is noted where the LMS's page was asked to hold a value for this state, too.
    """
    held_by_browser = secrets.token_urlsafe(32)
    payload: dict[str, Any] = {
        "r": registration.id,
        "i": registration.issuer,
        "c": registration.client_id,
        "d": deployment_id,
        "t": target_link_uri,
        "b": _binding(held_by_browser),
        "h": dict(hints) if sum(map(len, hints.values())) <= _MAX_HINTS else {},
    }
    if storage_target is not None:
        payload["s"] = storage_target
    return signer.sign(payload, LIFETIME_SECONDS, purpose=_PURPOSE, now=now.timestamp()), held_by_browser


def read_state(signer: StateSigner, state: str, now: datetime) -> State:
    """The state that login gave out; LaunchRefused if it is missing, not ours or too old."""
    if not state:
        raise LaunchRefused("state_missing")
    try:
        said = signer.read(state.removeprefix(PREFIX), purpose=_PURPOSE, now=now.timestamp())
    except BadToken as bad:
        raise LaunchRefused("state_expired" if bad.expired else "state_invalid") from None
    return State(said["r"], said["i"], said["c"], said["d"], said["t"], said["b"], said["h"], said.get("s"))


def is_bound(state: State, cookie: str | None) -> bool:
    """Whether ``cookie`` is what the browser was given when this state began (V-08)."""
    return cookie is not None and hmac.compare_digest(_binding(cookie), state.binding)


def cookie_name(state: str) -> str:
    """One cookie per attempt, so that two tabs do not take each other's; it tells nothing of the state (S15)."""
    return f"__Host-lti-{digest(state)}"


def digest(state: str) -> str:
    """A short name for a state, which tells nothing of it."""
    return hashlib.sha256(state.removeprefix(PREFIX).encode("utf-8", "replace")).hexdigest()[:12]


def nonce(signer: StateSigner, state: str) -> str:
    """The nonce that belongs to a state: nobody else can make it, and no other state has it (S2)."""
    return signer.mac(f"nonce {state.removeprefix(PREFIX)}")


def nonce_fits(signer: StateSigner, state: str, given: str) -> bool:
    return signer.mac_fits(f"nonce {state.removeprefix(PREFIX)}", given)


def _binding(held_by_browser: str) -> str:
    return base64url(hashlib.sha256(held_by_browser.encode("utf-8", "replace")).digest())
