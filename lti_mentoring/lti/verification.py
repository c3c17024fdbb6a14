# SPDX-License-Identifier: Apache-2.0
"""Whether a posted message is what it says: state, signature, parties, times, nonce; nothing is kept (checklist V)."""

from __future__ import annotations

import binascii
import contextlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

import jwt
from pylti1p3.message_launch import MessageLaunch

from lti_mentoring.keys import from_base64url
from lti_mentoring.lti import claims
from lti_mentoring.lti.claims import LTI
from lti_mentoring.lti.keysets import KeySets, KeysUnreachable, KeyUnknown
from lti_mentoring.lti.parser import Cookies, KnownRegistrations, NothingStored, Params
from lti_mentoring.lti.refusal import LaunchRefused
from lti_mentoring.lti.registration import Registration, Registry
from lti_mentoring.lti.state import LIFETIME_SECONDS, State, StateSigner, cookie_name, is_bound, nonce_fits, read_state
from lti_mentoring.lti.storage import value_fits

MAX_TOKEN_BYTES = 64 * 1024
MAX_LEEWAY_SECONDS = 300
MAX_LIFETIME_SECONDS = 24 * 3600
_SEGMENTS = re.compile(r"([\w-]+)\.([\w-]+)\.([\w-]*)", re.ASCII)  # an unsigned token is refused for its algorithm
_ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "ES256"})


class Message(MessageLaunch[Params, KnownRegistrations, NothingStored, Cookies]):
    """pylti1p3's launch with its steps in a safe order (B1): state, then signature, then every claim, and nothing kept."""

    def __init__(
        self,
        params: Mapping[str, str],
        cookies: Mapping[str, str],
        registry: Registry,
        keysets: KeySets,
        signer: StateSigner,
        leeway_seconds: float,
        now: datetime,
        stored: str | None = None,
    ) -> None:
        super().__init__(
            Params(params),
            KnownRegistrations(registry),
            NothingStored(),
            Cookies(cookies),
            requests_session=_NO_SESSION,  # a launch calls nobody but the key set, and that through KeySets
        )
        self._auto_validation = False
        self._registry, self._keysets, self._signer = registry, keysets, signer
        self._now, self._stored = now, stored
        self.unbound = False
        self.leeway = min(max(leeway_seconds, 0.0), MAX_LEEWAY_SECONDS)
        self.known: Registration | None = None
        self.return_url: str | None = None
        self.state: State
        self.body: dict[str, Any] = {}

    def _get_request_param(self, key: str) -> str:
        return self._request.get_param(key)

    def validate(self) -> Message:
        if self._get_request_param("error"):
            self._platform_error()
        (
            self.validate_state()
            .validate_registration()
            .validate_jwt_format()
            .validate_jwt_signature()
            .validate_parties()
            .validate_times()
            .validate_nonce()
        )
        self._validated = True
        return self

    def _platform_error(self) -> None:
        """The LMS says no in place of a token (LOG-15): a session that ended there, or a person who is not the hinted one."""
        said = [claims.text(self._get_request_param(key), 300) for key in ("error", "error_description")]
        known = None
        with contextlib.suppress(LaunchRefused):  # without a state of ours it is the same page, of no platform in particular
            state = read_state(self._signer, self._get_request_param("state"), self._now)
            known = self._registry.registration(state.issuer, state.client_id)
        raise LaunchRefused("platform_error", registration=known, detail=": ".join(one for one in said if one))

    # --- whose launch is it -------------------------------------------------------------------------------------------

    def validate_state(self) -> Message:
        state = self._get_request_param("state")
        if not self._get_request_param("id_token"):
            raise LaunchRefused("id_token_missing")
        self.state = read_state(self._signer, state, self._now)
        return self

    def validate_registration(self) -> Message:
        """The registration that login chose, if it still stands; then whether this is the browser that began (V-08)."""
        state = self.state
        self.known = self._registry.registration(state.issuer, state.client_id)
        if self.known is None or self.known.id != state.registration_id:
            self.known = None
            raise LaunchRefused("registration_gone")
        given = self._get_request_param("state")
        if not is_bound(state, self._cookie_service.get_cookie(cookie_name(given))) and not self._is_stored(given):
            if state.storage_target is None or self._stored is not None:
                raise LaunchRefused("state_unbound", restart=state.restart())
            self.unbound = True  # the rest is verified first; then the LMS's page is asked (PM-07)
        return self

    def _is_stored(self, state: str) -> bool:
        """Whether the LMS's page held this state's value for the browser that began (CK-03)."""
        return bool(self._stored) and self.state.storage_target is not None and value_fits(self._signer, state, cast(str, self._stored))

    # --- the signature ------------------------------------------------------------------------------------------------

    def validate_jwt_format(self) -> Message:
        token = self._get_request_param("id_token")
        if len(token) > MAX_TOKEN_BYTES:
            raise LaunchRefused("token_too_large")
        parts = _SEGMENTS.fullmatch(token)
        if parts is None:
            raise LaunchRefused("token_malformed")
        header = _json(_decoded(parts[1]))
        if not isinstance(header, dict):
            raise LaunchRefused("token_malformed")
        self._jwt = cast(Any, {"header": header})
        return self

    def validate_jwt_signature(self) -> Message:
        """Against a kept key object; the body is parsed once, after its signature fits (S6, P1, P2)."""
        header, known = self._jwt["header"], cast(Registration, self.known)
        kid, algorithm = header.get("kid"), header.get("alg")
        if "crit" in header:
            raise LaunchRefused("crit")  # we understand no critical extension (V-03); jku, x5u and jwk are not looked at
        if algorithm not in known.algorithms or algorithm not in _ALGORITHMS:
            raise LaunchRefused("alg")
        if not isinstance(kid, str) or not kid:
            raise LaunchRefused("kid_missing")
        try:
            key = self._keysets.verify_key(known.jwks_url, kid, self._now)
        except KeyUnknown:
            raise LaunchRefused("kid_unknown") from None
        except KeysUnreachable:
            raise LaunchRefused("keys_unreachable") from None
        if key.algorithm != algorithm:
            raise LaunchRefused("alg")
        signed, _, signature = self._get_request_param("id_token").rpartition(".")
        if not jwt.get_algorithm_by_name(algorithm).verify(signed.encode(), key.key, _decoded(signature)):
            raise LaunchRefused("signature")
        body = _json(_decoded(signed.partition(".")[2]))
        if not isinstance(body, dict) or not any(name.startswith(LTI) for name in body):
            raise LaunchRefused("not_lti")
        self.body = body
        presentation = claims.a_dict(body.get(LTI + "launch_presentation"))
        self.return_url = claims.web_address(presentation.get("return_url"), http=self.on_http)
        return self

    # --- who speaks to whom, and when ---------------------------------------------------------------------------------

    def validate_parties(self) -> Message:
        """Issuer, audience and authorised party (V-04 to V-06, S5)."""
        known, issuer, party = cast(Registration, self.known), self.body.get("iss"), self.body.get("azp")
        if issuer is None:
            raise LaunchRefused("iss_missing", 401)
        if issuer != known.issuer:
            raise LaunchRefused("issuer_mismatch")
        audience = self._audience()
        if known.client_id not in audience or not all(self._is_ours(one) for one in audience):
            raise LaunchRefused("audience")
        if (len(audience) > 1 and party is None) or (party is not None and party != known.client_id):
            raise LaunchRefused("azp")
        return self

    def _audience(self) -> Sequence[str]:
        given = self.body.get("aud")
        if given in (None, "", []):
            raise LaunchRefused("aud_missing")
        audience = [given] if isinstance(given, str) else given
        if not isinstance(audience, list) or len(audience) > 20 or not all(isinstance(one, str) for one in audience):
            raise LaunchRefused("audience")
        return audience

    def _is_ours(self, audience: str) -> bool:
        known = cast(Registration, self.known)
        return audience == known.client_id or self._registry.registration(known.issuer, audience) is not None

    def validate_times(self) -> Message:
        """Both times, numeric and finite; no older than the login that it answers, with a leeway for clocks (B-07, S3, S4)."""
        now = self._now.timestamp()
        expires, issued = (_moment(self.body, name) for name in ("exp", "iat"))
        begins = _moment(self.body, "nbf") if self.body.get("nbf") is not None else issued
        if issued > now + self.leeway or begins > now + self.leeway:
            raise LaunchRefused("token_from_future")
        if expires <= now - self.leeway or expires < issued:
            raise LaunchRefused("token_expired")
        if issued < now - LIFETIME_SECONDS - self.leeway or expires - issued > MAX_LIFETIME_SECONDS:
            raise LaunchRefused("token_too_old")
        return self

    def validate_nonce(self) -> Message:
        given = self.body.get("nonce")
        if given in (None, ""):
            raise LaunchRefused("nonce_missing")
        if not isinstance(given, str) or not nonce_fits(self._signer, self._get_request_param("state"), given):
            raise LaunchRefused("nonce_mismatch")
        return self

    @property
    def on_http(self) -> bool:
        """A platform on plain http: only where local platforms are allowed (development)."""
        return self.known is not None and self.known.token_url.startswith("http://")


_NO_SESSION = cast(Any, object())


def _decoded(segment: str) -> bytes:
    try:
        return from_base64url(segment)
    except (ValueError, binascii.Error):
        raise LaunchRefused("token_malformed") from None


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise LaunchRefused("token_malformed") from None


def _moment(body: Mapping[str, Any], claim: str) -> float:
    value = body.get(claim)
    if value is None:
        raise LaunchRefused(f"{claim}_missing")
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e11 or not math.isfinite(value):
        raise LaunchRefused("timestamp_invalid")
    return float(value)
