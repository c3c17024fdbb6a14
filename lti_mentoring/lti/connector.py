# SPDX-License-Identifier: Apache-2.0
"""Calls to an LMS's services with an access token that all workers share (checklist T-01 to T-07)."""

from __future__ import annotations

import math
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from pylti1p3.service_connector import ServiceConnector

from lti_mentoring.keys import SigningKey, load_private
from lti_mentoring.lti.address import next_page
from lti_mentoring.lti.parser import KnownRegistration
from lti_mentoring.lti.platforms import profile
from lti_mentoring.lti.registration import CachedToken, Registration, TokenStore
from lti_mentoring.lti.tokens import KeptTokens
from lti_mentoring.lti.verdict import Ended, Verdict, is_throttled, judge, judge_token, no_answer
from lti_mentoring.outbound import Answer, Client, Refused, Unreachable

BACKDATE_SECONDS = 60
"""Moodle allows no leeway at all on `iat`; a clock of ours that runs ahead would cost every token."""

ASSERTION_SECONDS = 180
UNSAID_LIFETIME_SECONDS = 3600
_MOST_LIFETIME_SECONDS = 24 * 3600
_TOKEN_BYTES = 64 * 1024
_ANSWER_BYTES = 4 * 1024 * 1024


class _Work(threading.local):
    """The piece of work that this thread is at: when it must be over, and what must not be repeated from an answer to it."""

    until: float | None = None
    hidden: tuple[str, ...] = ()


class Connector(ServiceConnector):
    """pylti1p3's connector with shared tokens (B11), bounded requests (S12), and answers judged by the platform's profile.

    One for each registration and deployment, for any number of threads and for as long as its owner likes. A token is read from the store
    once and kept until it ends or is refused; then one thread of one process fetches the next. The store and ``signing_key`` are asked
    only then, in the thread that needs the token. ``now`` sets its clock, which goes on from there; None: the wall clock.
    """

    def __init__(
        self,
        registration: Registration,
        *,
        signing_key: SigningKey | Callable[[], SigningKey],
        tokens: TokenStore,
        http: Client,
        now: datetime | None = None,
        deployment_id: str | None = None,
    ) -> None:
        super().__init__(KnownRegistration(registration), requests_session=http.session)
        self.known, self.profile = registration, profile(registration.family)
        self._http, self._work = http, _Work()
        self._begun, self._began = now, time.monotonic()
        self._kept = KeptTokens(registration, tokens, self, deployment_id)
        self._signing_key, self._deployment_id = signing_key, deployment_id

    def now(self) -> datetime:
        """The moment it was made at, and what has passed since; the wall clock if it was made at no moment."""
        if self._begun is None:
            return datetime.now(UTC)
        return self._begun + timedelta(seconds=time.monotonic() - self._began)

    @contextmanager
    def work(self) -> Iterator[None]:
        """One piece of work of this thread: all its requests together take at most the client's total time, so that a worker's lease can
        be longer than that. A piece within a piece belongs to the outer one."""
        if self._work.until is not None:
            yield
            return
        self._work.until = time.monotonic() + self._http.total_timeout
        try:
            yield
        finally:
            self._work.until = None

    def left(self) -> float:
        """Seconds that remain of this thread's piece of work."""
        until = self._work.until
        return self._http.total_timeout if until is None else until - time.monotonic()

    @property
    def hidden(self) -> tuple[str, ...]:
        """What must not be repeated from this thread's last answer."""
        return self._work.hidden

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
        most_bytes: int = _ANSWER_BYTES,
    ) -> Answer:
        """One request with a token for ``scopes`` (those that it cannot do without; ``wanted`` are asked for as well).

        A token that is no longer taken is dropped, and the call made once more with a new one (T-06).

        :raises Ended: no token, or no answer
        """
        needed = frozenset(scopes)
        asked = needed.union(wanted)
        headers = {name: value for name, value in (("Accept", accept), ("Content-Type", content_type)) if value}
        with self.work():
            token = self._token(needed, asked)
            answer = self._send(method, url, token, headers, body, cut, most_bytes)
            if self._not_taken(answer):
                token = self._token(needed, asked, refused=token)
                answer = self._send(method, url, token, headers, body, cut, most_bytes)
        self._work.hidden = (token.token,)
        return answer

    def _not_taken(self, answer: Answer) -> bool:
        if answer.status == 403:
            return self.profile.forbidden_means_expired and not is_throttled(self.profile, answer)
        return answer.status == 401

    def _send(
        self, method: str, url: str, token: CachedToken, headers: Mapping[str, str], body: str | None, cut: bool, most_bytes: int
    ) -> Answer:
        return self._request(
            method,
            url,
            headers={**headers, "Authorization": f"Bearer {token.token}"},
            data=body.encode() if body is not None else None,
            max_bytes=most_bytes,
            hosts=self.known.service_hosts,
            cut=cut,
        )

    def _request(self, method: str, url: str, **kwargs: Any) -> Answer:
        if self.left() <= 0:
            raise Ended(Verdict("later", None, "", "unreachable"))
        try:
            return self._http.request(method, url, seconds=self.left(), **kwargs)
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
        with self.work():
            return self._token(frozenset(scopes), frozenset(scopes)).token

    def _token(self, needed: frozenset[str], asked: frozenset[str], refused: CachedToken | None = None) -> CachedToken:
        token = self._kept.token(asked, refused)
        if not needed <= token.granted:
            raise Ended(Verdict("refused", None, "", "scope_missing", everywhere=True))
        return token

    def fetch_token(self, asked: frozenset[str]) -> tuple[CachedToken, float]:
        """A new token for these scopes, and how many seconds it lasts.

        :raises Ended: there is none to be had
        """
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
        key = self._signing_key() if callable(self._signing_key) else self._signing_key
        return self.encode_jwt(claims, cast(Any, load_private(key.private_pem)), {"kid": key.kid})


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
