# SPDX-License-Identifier: Apache-2.0
"""Calls to an LMS's services with an access token that all workers share (checklist T-01 to T-07)."""

from __future__ import annotations

import hashlib
import math
import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from pylti1p3.service_connector import ServiceConnector

from lti_mentoring.keys import SigningKey, load_private
from lti_mentoring.lti.address import next_page
from lti_mentoring.lti.parser import KnownRegistration
from lti_mentoring.lti.platforms import profile
from lti_mentoring.lti.registration import CachedToken, Registration, TokenStore
from lti_mentoring.lti.verdict import Ended, Verdict, is_throttled, judge, judge_token, no_answer
from lti_mentoring.outbound import Answer, Client, Refused, Unreachable

BACKDATE_SECONDS = 60
"""Moodle allows no leeway at all on `iat`; a clock of ours that runs ahead would cost every token."""

ASSERTION_SECONDS = 180
MARGIN_SECONDS = 60
UNSAID_LIFETIME_SECONDS = 3600
_MOST_LIFETIME_SECONDS = 24 * 3600
_LEASE_SECONDS = 30.0
_POLL_SECONDS = 0.05
_TOKEN_BYTES = 64 * 1024
_ANSWER_BYTES = 4 * 1024 * 1024


class Connector(ServiceConnector):
    """pylti1p3's connector with shared tokens (B11), bounded requests (S12), and answers judged by the platform's profile.

    One for each piece of work: all its requests together take at most the client's total time, so that a worker's lease can be
    longer than that.
    """

    def __init__(
        self,
        registration: Registration,
        *,
        signing_key: SigningKey,
        tokens: TokenStore,
        http: Client,
        now: datetime,
        deployment_id: str | None = None,
    ) -> None:
        super().__init__(KnownRegistration(registration, signing_key), requests_session=http.session)
        self.known, self.profile = registration, profile(registration.family)
        self._key, self._tokens, self._http = signing_key, tokens, http
        self._deployment_id = deployment_id
        self._begun, self._began = now, time.monotonic()

    def now(self) -> datetime:
        """The moment it was made at, and what has passed since."""
        return self._begun + timedelta(seconds=time.monotonic() - self._began)

    def _left(self) -> float:
        return self._http.total_timeout - (time.monotonic() - self._began)

    # --- calls --------------------------------------------------------------------------------------------------------

    def call(
        self,
        method: str,
        url: str,
        scopes: Iterable[str],
        *,
        accept: str = "",
        content_type: str = "",
        body: str | None = None,
        wanted: Iterable[str] = (),
        cut: bool = False,
    ) -> Answer:
        """One request with a token for ``scopes`` (those that it cannot do without; ``wanted`` are asked for as well).

        A token that is no longer taken is dropped, and the call made once more with a new one (T-06).

        :raises Ended: no token, or no answer
        """
        needed, asked = frozenset(scopes), frozenset(scopes) | frozenset(wanted)
        headers = {name: value for name, value in (("Accept", accept), ("Content-Type", content_type)) if value}
        token = self._token(needed, asked)
        answer = self._send(method, url, token, headers, body, cut)
        if self._not_taken(answer):
            self._forget(asked, token)
            token = self._token(needed, asked)
            answer = self._send(method, url, token, headers, body, cut)
        self.hidden = (token.token,)
        return answer

    hidden: tuple[str, ...] = ()
    """What must not be repeated from an answer."""

    def _not_taken(self, answer: Answer) -> bool:
        if answer.status == 403:
            return self.profile.forbidden_means_expired and not is_throttled(self.profile, answer)
        return answer.status == 401

    def _send(self, method: str, url: str, token: CachedToken, headers: Mapping[str, str], body: str | None, cut: bool) -> Answer:
        return self._request(
            method,
            url,
            headers={**headers, "Authorization": f"Bearer {token.token}"},
            data=body.encode() if body is not None else None,
            max_bytes=_ANSWER_BYTES,
            hosts=self.known.service_hosts,
            cut=cut,
        )

    def _request(self, method: str, url: str, **kwargs: Any) -> Answer:
        if self._left() <= 0:
            raise Ended(Verdict("later", None, "", "unreachable"))
        try:
            return self._http.request(method, url, seconds=self._left(), **kwargs)
        except (Refused, Unreachable) as trouble:
            raise Ended(no_answer(trouble)) from trouble

    def make_service_request(
        self,
        scopes: Sequence[str],
        url: str,
        is_post: bool = False,
        data: str | None = None,
        content_type: str = "application/json",
        accept: str = "application/json",
        case_insensitive_headers: bool = False,
    ) -> Any:
        """The base's way in, for pylti1p3's own services: no lower-cased links (S19), no page of HTML as an exception (B13).

        :raises Ended: anything but a 2xx with JSON or nothing
        """
        method, sent = ("POST", content_type) if is_post else ("GET", "")
        answer = self.call(method, url, scopes, accept=accept, content_type=sent, body=data if is_post else None)
        verdict = judge(self.profile, answer, self.now(), hide=self.hidden)
        if verdict.kind != "done":
            raise Ended(verdict)
        try:
            body = answer.json() if answer.body else None
        except ValueError:
            raise Ended(Verdict("later", answer.status, "", "server_error")) from None
        return {"headers": answer.headers, "body": body, "next_page_url": next_page(answer)}

    # --- tokens -------------------------------------------------------------------------------------------------------

    def get_access_token(self, scopes: Sequence[str]) -> str:
        """A token for exactly these scopes.

        :raises Ended: there is none to be had
        """
        return self._token(frozenset(scopes), frozenset(scopes)).token

    def _token(self, needed: frozenset[str], asked: frozenset[str]) -> CachedToken:
        token = self._shared_token(asked)
        if not needed <= token.granted:
            raise Ended(Verdict("refused", None, "", "scope_missing", everywhere=True))
        return token

    def _shared_token(self, asked: frozenset[str]) -> CachedToken:
        """The stored token while it lasts; else one worker fetches the next and the others wait for it (T-05)."""
        name = self._name(asked)
        while True:
            token = self._tokens.load(self.known.id, name)
            if token is not None and self.now() < token.expires_at:
                return token
            if self._tokens.claim_refresh(self.known.id, name, self.now(), _LEASE_SECONDS):
                return self._refreshed(asked, name)
            if self._left() <= _POLL_SECONDS:
                raise Ended(Verdict("later", None, "", "busy"))
            time.sleep(_POLL_SECONDS)

    def _refreshed(self, asked: frozenset[str], name: str) -> CachedToken:
        try:
            token, lifetime = self._fetch_token(asked)
        except BaseException:
            self._tokens.drop(self.known.id, name)  # let the next worker try, not wait for the lease to end
            raise
        self._tokens.save(self.known.id, name, token.token, token.granted, self.now() + timedelta(seconds=lifetime - MARGIN_SECONDS))
        return token

    def _fetch_token(self, asked: frozenset[str]) -> tuple[CachedToken, float]:
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": self._assertion(),
            "scope": " ".join(sorted(asked)),
        }
        answer = self._request("POST", self.known.token_url, headers={"Accept": "application/json"}, data=form, max_bytes=_TOKEN_BYTES)
        said = _token_answer(answer) if answer.status in (200, 201) else {}
        token = said.get("access_token")
        if not isinstance(token, str) or not token or not token.isascii() or not token.isprintable():
            raise Ended(judge_token(answer, self.now(), throttled=is_throttled(self.profile, answer)))
        return CachedToken(token, _granted(said.get("scope"), asked), self.now()), _lifetime(said.get("expires_in"))

    def _assertion(self) -> str:
        """Who we are (T-02, T-03), signed with a kept key object: 0.3 ms where PEM text costs 46 (B20)."""
        moment = int(self.now().timestamp())
        claims: dict[str, str | int] = {
            "iss": self.known.client_id,
            "sub": self.known.client_id,
            "aud": self.known.token_audience or self.known.token_url,
            "iat": moment - BACKDATE_SECONDS,
            "exp": moment + ASSERTION_SECONDS,
            "jti": secrets.token_urlsafe(24),
        }
        if self._deployment_id:
            claims["https://purl.imsglobal.org/spec/lti/claim/deployment_id"] = self._deployment_id
        key = load_private(self._key.private_pem)
        return self.encode_jwt(claims, cast(Any, key), {"kid": self._key.kid})

    def _forget(self, asked: frozenset[str], used: CachedToken) -> None:
        """Drop the token that was not taken, unless another worker has replaced it already."""
        stored = self._tokens.load(self.known.id, self._name(asked))
        if stored is not None and stored.token == used.token:
            self._tokens.drop(self.known.id, self._name(asked))

    def _name(self, asked: frozenset[str]) -> str:
        parts = "\n".join((self._deployment_id or "", *sorted(asked)))
        return hashlib.sha256(parts.encode()).hexdigest()[:32]


def _token_answer(answer: Answer) -> Mapping[str, Any]:
    """JSON whatever the media type says: Moodle's is text/html."""
    try:
        said = answer.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _granted(said: Any, asked: frozenset[str]) -> frozenset[str]:
    """The scopes of the answer; without any word of them, those asked for (RFC 6749, 5.1)."""
    if said is None:
        return asked
    if isinstance(said, str):
        return frozenset(said.split())
    return frozenset(one for one in said if isinstance(one, str)) if isinstance(said, list) else frozenset()


def _lifetime(said: Any) -> float:
    try:
        seconds = float(said)
    except (TypeError, ValueError):
        return UNSAID_LIFETIME_SECONDS
    return min(max(seconds, 0.0), _MOST_LIFETIME_SECONDS) if math.isfinite(seconds) else UNSAID_LIFETIME_SECONDS
