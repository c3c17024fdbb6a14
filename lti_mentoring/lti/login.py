# SPDX-License-Identifier: Apache-2.0
"""OIDC login initiation: from an LMS's unsigned call to a redirect that only this browser can finish (checklist LOG)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote_plus, urlencode

from pylti1p3.oidc_login import OIDCLogin

from lti_mentoring.lti import storage as platform_storage
from lti_mentoring.lti.address import as_uri, same_origin
from lti_mentoring.lti.parser import Cookies, KnownRegistration, KnownRegistrations, NothingStored, Params
from lti_mentoring.lti.refusal import LaunchRefused
from lti_mentoring.lti.registration import Registration, Registry
from lti_mentoring.lti.state import LIFETIME_SECONDS, PREFIX, StateSigner, cookie_name, new_state, nonce
from lti_mentoring.lti.storage import Storage

_MAX_BYTES = 16 * 1024
_MAX_TARGET = 2_000
_HINTS = ("login_hint", "lti_message_hint")  # the LMS's own, back to it unaltered, an empty one too (LOG-07)
_MOST_ASKED = 10_000  # registrations whose redirects a process has begun at hand


@dataclass(frozen=True, slots=True)
class LoginRedirect:
    """Where to send the browser, the cookie to set first, and what the LMS's page is asked to hold before (LOG-11)."""

    location: str
    cookie_name: str
    cookie_value: str
    max_age: int
    registration: Registration
    storage: Storage | None = None
    stored_value: str = ""


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
    login = _Login(params, registry, signer, public_url, now)
    location = login._prepare_redirect_url(launch_url)
    begun = LoginRedirect(location, cookie_name(login.state), login.held_by_browser, LIFETIME_SECONDS, login.known)
    if login.target is None:
        return begun
    kept = platform_storage.storage(login.target, login.known, login.state)
    return replace(begun, storage=kept, stored_value=platform_storage.value(signer, login.state))


class _Login(OIDCLogin[Params, KnownRegistrations, NothingStored, Cookies, Any]):
    """pylti1p3's login with a signed state (S15), a nonce that follows from it (S2, S16), and a target on our own origin."""

    def __init__(self, params: Mapping[str, str], registry: Registry, signer: StateSigner, public_url: str, now: datetime) -> None:
        super().__init__(Params(params), KnownRegistrations(registry), NothingStored(), Cookies())
        self._params, self._registry, self._signer = params, registry, signer
        self._public_url, self._now = public_url, now
        self.target = platform_storage.target_of(params)
        self.state = self.held_by_browser = ""
        self.known: Registration

    def get_redirect(self, url: str) -> Any:
        """Never asked: the floor above redirects."""
        raise NotImplementedError

    def validate_oidc_login(self) -> KnownRegistration:
        for name in ("iss", "login_hint", "target_link_uri"):
            if not self._params.get(name):
                raise LaunchRefused(f"{name}_missing")
        self.known = _choose(self._registry, self._params)
        if not _is_ours(self._params["target_link_uri"], self._public_url):
            raise LaunchRefused("target_off_origin", registration=self.known)
        return KnownRegistration(self.known)

    def _prepare_redirect_url(self, launch_url: str) -> str:
        """Not the base's, which loses an empty hint (LOG-07) and a query of the address (S17), and escapes what needs no escape: that
        was half of what a login cost."""
        self._registration = self.validate_oidc_login()
        hints = {name: self._params[name] for name in _HINTS if name in self._params}
        self.state, self.held_by_browser = new_state(
            self._signer,
            self.known,
            deployment_id=self._params.get("lti_deployment_id") or None,
            target_link_uri=self._params["target_link_uri"],
            hints=hints,
            now=self._now,
            storage_target=self.target,
        )
        fresh = f"state={PREFIX}{self.state}&nonce={nonce(self._signer, self.state)}"  # base64url and a dot
        said = "&".join(f"{name}={quote_plus(value)}" for name, value in hints.items())
        return f"{_always_asked(self.known.auth_url, self.known.client_id, launch_url)}&{fresh}&{said}"


@lru_cache(maxsize=_MOST_ASKED)
def _always_asked(auth_url: str, client_id: str, launch_url: str) -> str:
    """How every redirect to a registration begins (LOG-06). A query that its address has is kept (S17, LOG-14), a fragment is none of an
    endpoint's (RFC 6749, 3.1)."""
    asked = {"scope": "openid", "response_type": "id_token", "response_mode": "form_post", "prompt": "none"}
    query = urlencode(asked | {"client_id": client_id, "redirect_uri": launch_url})
    head = as_uri(auth_url.partition("#")[0]).rstrip("?&")
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
