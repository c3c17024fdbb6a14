# SPDX-License-Identifier: Apache-2.0
"""Checks the signed statement with which the tool asks for an access token, more strictly than most LMSs do."""

from __future__ import annotations

import base64
import json
import math
import threading
from typing import Any

import requests
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from lti_mentoring.demo.faults import clock, state_of
from lti_mentoring.demo.site import Site
from lti_mentoring.demo.world import World

LONGEST_LIFE_SECONDS = 300


class BadAssertion(Exception):
    """The statement is not believed; ``error`` is the OAuth code."""

    def __init__(self, error: str, words: str) -> None:
        super().__init__(words)
        self.error = error
        self.words = words


class KeysUnreachable(Exception):
    """The tool's key set cannot be fetched."""


class ToolKeys:
    """The tool's published keys, fetched again when a signature does not fit (as Moodle does)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sets: dict[str, KeySet] = {}

    def verified(self, text: str, url: str, kid: str) -> dict[str, Any]:
        """The claims, if one of the published keys of that id signed them."""
        for fresh in (False, True):
            keys = self._fetched(url, fresh=fresh)
            if not any(key.kid == kid for key in keys.keys):
                continue
            try:
                return dict(jwt.decode(text, keys, algorithms=["RS256"]).claims)
            except (JoseError, ValueError):
                continue
        raise BadAssertion("invalid_client", f"no published key of id {kid} fits the signature")

    def forget(self) -> None:
        """Fetch every key set again at next need."""
        with self._lock:
            self._sets.clear()

    def _fetched(self, url: str, *, fresh: bool) -> KeySet:
        with self._lock:
            if fresh or url not in self._sets:
                self._sets[url] = _fetch(url)
            return self._sets[url]


def _fetch(url: str) -> KeySet:
    try:
        answer = requests.get(url, timeout=5, allow_redirects=False)
        if answer.status_code != 200:
            raise KeysUnreachable(f"{url} answered {answer.status_code}")
        body = answer.json()
        if any(name in key for key in body["keys"] for name in ("d", "p", "q", "dp", "dq", "qi", "k")):
            raise KeysUnreachable(f"{url} publishes a private key")
        return KeySet.import_key_set(body)
    except (requests.RequestException, ValueError, KeyError, TypeError) as problem:
        raise KeysUnreachable(f"{url}: {type(problem).__name__}") from problem


def check(lms: World, site: Site, keys: ToolKeys, text: str) -> tuple[str, dict[str, Any]]:
    """Client id and claims of a good statement; BadAssertion says what is wrong with a bad one."""
    header, unproven = unverified(text)
    if not isinstance(header.get("kid"), str) or not header["kid"]:
        raise BadAssertion("invalid_client", '"kid" is missing from the header')
    if header.get("alg") != "RS256":
        raise BadAssertion("invalid_client", "the algorithm must be RS256")
    client_id = unproven.get("iss")
    if not isinstance(client_id, str) or client_id not in site.client_ids() or state_of(site.key, "unknown_client") is not None:
        raise BadAssertion("invalid_client", "iss is no client of this site")
    _check_keys(lms, site, header["kid"])
    claims = keys.verified(text, f"{lms.tool_url}/.well-known/jwks.json", header["kid"])
    if claims.get("sub") != client_id:
        raise BadAssertion("invalid_client", "sub must be the client id, as iss is")
    audience = (state_of(site.key, "audience") or {"wanted": lms.token_url(site)})["wanted"]
    if claims.get("aud") not in (audience, [audience]):
        raise BadAssertion("invalid_client", f"aud must be {audience}")
    _check_times(claims, clock(site.key))
    jti = claims.get("jti")
    if not isinstance(jti, str) or not jti:
        raise BadAssertion("invalid_client", "jti is missing")
    if not lms.state.spend(site.key, "jti", client_id, jti):
        raise BadAssertion("invalid_client", "jti was used before")
    return client_id, claims


def _check_keys(lms: World, site: Site, kid: str) -> None:
    """Whether the site can have the tool's key at all, while a trouble says otherwise."""
    if state_of(site.key, "no_keys") is not None:
        raise KeysUnreachable(f"{lms.tool_url} is on an address or a port that may not be fetched from")
    if state_of(site.key, "old_keys") is not None:
        raise BadAssertion("invalid_client", f"no published key of id {kid} fits the signature")


def _check_times(claims: dict[str, Any], now: float) -> None:
    for name in ("exp", "iat"):
        if not _is_moment(claims.get(name)):
            raise BadAssertion("invalid_client", f"{name} is missing or no number")
    if claims["exp"] <= now:
        raise BadAssertion("invalid_client", "the statement has expired")
    if claims["exp"] > now + LONGEST_LIFE_SECONDS:
        raise BadAssertion("invalid_client", f"exp is more than {LONGEST_LIFE_SECONDS} seconds away")
    # Moodle allows its tools no clock leeway at all
    if claims["iat"] > now or (_is_moment(claims.get("nbf")) and claims["nbf"] > now):
        raise BadAssertion("invalid_client", "iat or nbf lies in the future")


def _is_moment(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def unverified(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims as they stand there, believed by nobody."""
    try:
        header, claims = (json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in text.split(".")[:2])
    except ValueError as problem:
        raise BadAssertion("invalid_client", "the statement is no JWT") from problem
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise BadAssertion("invalid_client", "the statement is no JWT")
    return header, claims
