# SPDX-License-Identifier: Apache-2.0
"""OIDC login initiation: from an LMS's unsigned call to a redirect that only this browser can finish (checklist LOG).

Not pylti1p3's, which parses launches for us: nothing is parsed here, and of its login only one call of ``urlencode`` was left, over a
state that needs none (half of what a login cost).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from urllib.parse import quote_plus, urlencode

from lti_mentoring.lti.address import as_uri, same_origin
from lti_mentoring.lti.refusal import LaunchRefused
from lti_mentoring.lti.registration import Registration, Registry
from lti_mentoring.lti.state import LIFETIME_SECONDS, PREFIX, StateSigner, cookie_name, new_state, nonce

_MAX_BYTES = 16 * 1024
_MAX_TARGET = 2_000
_HINTS = ("login_hint", "lti_message_hint")  # the LMS's own, back to it unaltered, an empty one too (LOG-07)
_MOST_ASKED = 10_000  # registrations whose redirects a process has begun at hand


@dataclass(frozen=True, slots=True)
class LoginRedirect:
    """Where to send the browser, and the cookie to set first."""

    location: str
    cookie_name: str
    cookie_value: str
    max_age: int
    registration: Registration


def begin(
    params: Mapping[str, str],
    *,
    registry: Registry,
    signer: StateSigner,
    launch_url: str,
    public_url: str,
    now: datetime,
) -> LoginRedirect:
    """Answer a login initiation. ``params`` are those of the query (GET) or the body (POST), each once.

    :raises LaunchRefused: 400, or 413 for what no LMS would send
    """
    if sum(len(name) + len(value) for name, value in params.items()) > _MAX_BYTES:
        raise LaunchRefused("login_too_large")
    for name in ("iss", "login_hint", "target_link_uri"):
        if not params.get(name):
            raise LaunchRefused(f"{name}_missing")
    known = _choose(registry, params)
    target = params["target_link_uri"]
    if not _is_ours(target, public_url):
        raise LaunchRefused("target_off_origin", registration=known)
    hints = {name: params[name] for name in _HINTS if name in params}
    deployment_id = params.get("lti_deployment_id") or None
    state, held_by_browser = new_state(signer, known, deployment_id=deployment_id, target_link_uri=target, hints=hints, now=now)
    fresh = f"state={PREFIX}{state}&nonce={nonce(signer, state)}"  # base64url and a dot: nothing to escape
    said = "&".join(f"{name}={quote_plus(value)}" for name, value in hints.items())
    location = f"{_always_asked(known.auth_url, known.client_id, launch_url)}&{fresh}&{said}"
    return LoginRedirect(location, cookie_name(state), held_by_browser, LIFETIME_SECONDS, known)


@lru_cache(maxsize=_MOST_ASKED)
def _always_asked(auth_url: str, client_id: str, launch_url: str) -> str:
    """How every redirect to a registration begins (LOG-06). A query that its address has is kept (S17, LOG-14)."""
    asked = {"scope": "openid", "response_type": "id_token", "response_mode": "form_post", "prompt": "none"}
    query = urlencode(asked | {"client_id": client_id, "redirect_uri": launch_url})
    head = as_uri(auth_url).rstrip("?&")
    return f"{head}{'&' if '?' in head else '?'}{query}"


def _is_ours(target: str, public_url: str) -> bool:
    """Whether a target lies on our own origin (LOG-10). Nearly every one begins as we write it; only the others are taken apart."""
    return len(target) <= _MAX_TARGET and (target.startswith(f"{public_url}/") or same_origin(target, public_url))


def _choose(registry: Registry, params: Mapping[str, str]) -> Registration:
    """The registration that this login is for (LOG-03 to LOG-05); a wrong client id never falls back to another one."""
    issuer, client_id, deployment_id = params["iss"], params.get("client_id"), params.get("lti_deployment_id")
    if client_id:
        known = registry.registration(issuer, client_id)
        if known is None:
            raise LaunchRefused("client_unknown" if registry.registrations(issuer) else "issuer_unknown")
        return known
    candidates = registry.registrations(issuer)
    if not candidates:
        raise LaunchRefused("issuer_unknown")
    if len(candidates) > 1 and deployment_id:
        candidates = registry.by_deployment(issuer, deployment_id)
    if len(candidates) != 1:
        raise LaunchRefused("client_ambiguous")
    return candidates[0]
