# SPDX-License-Identifier: Apache-2.0
"""Tries each link between this tool and an LMS, one after another, and says what is wrong with it; changes nothing at either end."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from lti_mentoring.domain.diagnosis import Finding
from lti_mentoring.keys import SigningKey
from lti_mentoring.lti.address import with_query
from lti_mentoring.lti.connector import Connector
from lti_mentoring.lti.grades import LINEITEM, LINEITEM_READONLY, LINEITEM_TYPE, LINEITEMS_TYPE, SCORE
from lti_mentoring.lti.keysets import usable_keys
from lti_mentoring.lti.registration import CachedToken, Registration
from lti_mentoring.lti.symptoms import of_clock, of_service, of_status, of_token, of_trouble, shown, skew
from lti_mentoring.lti.verdict import Ended, is_page, words
from lti_mentoring.outbound import Answer, Client, Refused, Unreachable

MEMBERS_SCOPE = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
MEMBERS_TYPE = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
_MOST_BYTES = 512 * 1024
_USUAL_PORTS = (None, 80, 443)
"""From others Moodle fetches no keys unless somebody allows it."""


@dataclass(frozen=True, slots=True)
class Known:
    """What launches told of an LMS: scopes that it announced, one address of each service, the tokens and key ids that we hold of it."""

    deployment_id: str | None = None
    org_id: str = ""
    launched: bool = False
    announced: frozenset[str] = frozenset()
    lineitem_url: str | None = None
    lineitems_url: str | None = None
    memberships_url: str | None = None
    tokens: tuple[CachedToken, ...] = ()
    key_ids: frozenset[str] = frozenset()
    missed_key: str | None = None


@dataclass(slots=True)
class Checkup:
    """What came of it. ``clock_skew``: seconds by which the LMS's clock is ahead; ``key_set``: the good key set that was fetched."""

    findings: list[Finding] = field(default_factory=list)
    clock_skew: float | None = None
    granted: frozenset[str] = frozenset()
    key_set: dict[str, Any] | None = None
    token: CachedToken | None = None

    def found(self, one: Finding | None) -> None:
        """Add it, if there is anything."""
        if one is not None:
            self.findings.append(one)


class _OneToken:
    """The token that this look got, kept for its own length and nowhere else."""

    def __init__(self) -> None:
        self.token: CachedToken | None = None

    def load(self, registration_id: str, scopes_hash: str) -> CachedToken | None:
        return self.token

    def save(self, registration_id: str, scopes_hash: str, token: str, granted: frozenset[str], expires_at: datetime) -> None:
        self.token = CachedToken(token, granted, expires_at)

    def claim_refresh(self, registration_id: str, scopes_hash: str, now: datetime, lease_seconds: float) -> bool:
        return True

    def drop(self, registration_id: str, scopes_hash: str) -> None:
        self.token = None


class Probe(Connector):
    """A connector that remembers what it was answered, and by how much the LMS's clock is ahead."""

    def __init__(
        self,
        registration: Registration,
        *,
        signing_key: Callable[[], SigningKey],
        http: Client,
        deployment_id: str | None,
        seconds: float,
    ) -> None:
        self.kept = _OneToken()
        super().__init__(registration, signing_key=signing_key, tokens=self.kept, http=http, deployment_id=deployment_id)
        self.last: Answer | None = None
        self.skews: list[float] = []
        self._ends = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds that remain of this request, within those of the whole look."""
        return min(super().left(), self._ends - time.monotonic())

    def _request(self, method: str, url: str, **kwargs: Any) -> Answer:
        begun = datetime.now(UTC)
        self.last = answer = super()._request(method, url, **kwargs)
        seen = skew(answer, begun + (datetime.now(UTC) - begun) / 2)
        if seen is not None:
            self.skews.append(seen)
        return answer

    def plain(self, method: str, url: str, **kwargs: Any) -> Answer:
        """A request of no service, without a token.

        :raises Ended: see there
        """
        return self._request(method, url, max_bytes=_MOST_BYTES, cut=True, **kwargs)

    def with_token(self, url: str, token: CachedToken, accept: str) -> Answer:
        """A reading request with a token that somebody else got.

        :raises Ended: see there
        """
        return self._send("GET", url, token, {"Accept": accept}, None, True, _MOST_BYTES)

    def not_taken(self, answer: Answer) -> bool:
        """Whether the answer says that the token is no good."""
        return self._not_taken(answer)


def look(
    registration: Registration, known: Known, *, signing_key: Callable[[], SigningKey], http: Client, leeway: float, seconds: float
) -> Checkup:
    """Try the LMS's addresses, our sign-in and its services. Network only, and at most so many seconds; what is left then has not
    answered."""
    made = Checkup()
    probe = Probe(registration, signing_key=signing_key, http=http, deployment_id=known.deployment_id, seconds=seconds)
    _keys(made, probe, known)
    _sign_in_page(made, probe)
    if _sign_in(made, probe, known):
        _services(made, probe, known)
    made.clock_skew = median(probe.skews) if probe.skews else None
    made.found(of_clock(made.clock_skew, leeway))
    return made


def _answer(made: Checkup, which: str, ask: Callable[[], Answer]) -> Answer | None:
    try:
        return ask()
    except Ended as ended:
        trouble = ended.__cause__
        made.found(of_trouble(trouble, which) if isinstance(trouble, Refused | Unreachable) else Finding("no_answer", {"which": which}))
        return None


# --- its keys and its sign-in page ----------------------------------------------------------------------------------------------------


def _keys(made: Checkup, probe: Probe, known: Known) -> None:
    """The LMS's key set: without it no launch can be believed."""
    url = probe.known.jwks_url
    answer = _answer(made, "jwks", lambda: probe.plain("GET", url, headers={"Accept": "application/json"}))
    if answer is None:
        return
    wrong = of_status(probe.profile, answer, "jwks")
    if wrong is not None:
        made.found(wrong)
        return
    facts = {"which": "jwks", "url": shown(url), "status": answer.status, "words": words(answer)}
    try:
        body = answer.json()
    except ValueError:
        made.found(Finding("page_instead", facts))
        return
    keys = usable_keys(body) if answer.status == 200 else {}
    if not keys:
        made.found(Finding("key_set_unusable", {**facts, "words": words(answer) if answer.status != 200 else ""}))
        return
    made.key_set = body
    if known.key_ids and known.key_ids.isdisjoint(keys):
        made.found(Finding("keys_replaced", {"url": shown(url)}))
    if known.missed_key and known.missed_key not in keys:
        made.found(Finding("key_unpublished", {"url": shown(url), "key": known.missed_key}))


def _sign_in_page(made: Checkup, probe: Probe) -> None:
    """Where browsers are sent to say who they are. We only see whether somebody answers: without a login there is nothing to say."""
    answer = _answer(made, "auth", lambda: probe.plain("GET", probe.known.auth_url))
    if answer is None:
        return
    wrong = of_status(probe.profile, answer, "auth")
    if wrong is None or wrong.code == "moved":  # to where people sign in
        return
    if not (wrong.code == "wrong_address" and probe.profile.error_pages_say_404):
        made.found(wrong)


# --- our sign-in ----------------------------------------------------------------------------------------------------------------------


def _sign_in(made: Checkup, probe: Probe, known: Known) -> bool:
    """An access token, and what it is good for. -> whether there is one"""
    asked = known.announced | {SCORE, MEMBERS_SCOPE}
    got = _token(made, probe, asked)
    if got is None:
        return False
    made.granted = got.granted
    if known.launched and SCORE not in known.announced:
        made.found(Finding("no_gradebook"))
        asked = asked - {SCORE}
    for one in sorted(asked - got.granted):
        # Before the first launch nothing is announced yet. On Open edX a block of its own may well have no grades.
        needed = one in known.announced or (one == SCORE and not known.launched and not probe.profile.deployments_share_courses)
        made.found(Finding("scope_missing" if needed else "scope_absent", {"scope": one.rpartition("/")[2]}))
    made.token = probe.kept.token = got
    return True


def _token(made: Checkup, probe: Probe, asked: frozenset[str]) -> CachedToken | None:
    try:
        return _lasting(*probe.fetch_token(asked))
    except Ended as ended:
        trouble = ended.__cause__
        if isinstance(trouble, Refused | Unreachable):
            made.found(of_trouble(trouble, "token"))
            return None
        answer = probe.last
    if answer is None:
        made.found(Finding("no_answer", {"which": "token", "url": shown(probe.known.token_url)}))
        return None
    at = probe.known
    wrong = of_token(
        probe.profile, answer, _bare(probe), url=at.token_url, client_id=at.client_id, audience=at.token_audience or at.token_url
    )
    if wrong.code == "nothing_granted" and len(asked) > 1:
        return _one_by_one(made, probe, asked, wrong)
    made.found(wrong)
    return None


def _one_by_one(made: Checkup, probe: Probe, asked: frozenset[str], wrong: Finding) -> CachedToken | None:
    """Some LMSs refuse the whole request for one scope that they do not grant."""
    good: set[str] = set()
    for one in sorted(asked):
        try:
            good |= probe.fetch_token(frozenset({one}))[0].granted
        except Ended:
            continue
    try:
        if good:
            return _lasting(*probe.fetch_token(frozenset(good)))
    except Ended:
        pass
    made.found(wrong)
    return None


def _lasting(token: CachedToken, seconds: float) -> CachedToken:
    return CachedToken(token.token, token.granted, datetime.fromtimestamp(token.expires_at.timestamp() + max(seconds, 60), UTC))


def _bare(probe: Probe) -> Answer | None:
    """What the token address says to a request that proves nothing."""
    try:
        return probe.plain("POST", probe.known.token_url, data={"grant_type": "client_credentials"}, headers={"Accept": "application/json"})
    except Ended:
        return None


# --- its services ---------------------------------------------------------------------------------------------------------------------


def _services(made: Checkup, probe: Probe, known: Known) -> None:
    """The gradebook and the roster of one course, read with the token."""
    reading = [one for one in (LINEITEM_READONLY, LINEITEM) if one in made.granted]
    if reading and (known.lineitem_url or known.lineitems_url):
        url, accept = (known.lineitem_url, LINEITEM_TYPE) if known.lineitem_url else (known.lineitems_url, LINEITEMS_TYPE)
        other = set() if probe.profile.reading_needs_own_scope else {LINEITEM}
        _service(made, probe, known, "lineitems", str(url), (reading[0], *other), accept)
    if MEMBERS_SCOPE in made.granted and known.memberships_url:
        _service(made, probe, known, "memberships", with_query(known.memberships_url, {"limit": "1"}), (MEMBERS_SCOPE,), MEMBERS_TYPE)


def _service(made: Checkup, probe: Probe, known: Known, which: str, url: str, scopes: tuple[str, ...], accept: str) -> None:
    """Read with the first of ``scopes``; the others would do as well."""
    answer = _answer(made, which, lambda: probe.call("GET", url, scopes[:1], accept=accept, cut=True))
    if answer is None:
        return
    wrong = of_service(probe.profile, answer, which, probe.now())
    made.found(wrong)
    if wrong is None:
        _kept_tokens(made, probe, known.tokens, url, scopes, accept)


def _kept_tokens(made: Checkup, probe: Probe, tokens: Collection[CachedToken], url: str, scopes: Collection[str], accept: str) -> None:
    """Whether the LMS still takes a token that it promised to take; a new one has just been taken at the same address."""
    for token in tokens:
        if not token.granted.isdisjoint(scopes) and token.expires_at > probe.now():
            answer = _answer(made, "service", lambda one=token: probe.with_token(url, one, accept))  # type: ignore[misc]
            if answer is not None and probe.not_taken(answer):
                made.found(Finding("token_ended_early", {}))
                return


# --- this tool, as an LMS sees it -----------------------------------------------------------------------------------------------------


def own(public_url: str, *, http: Client, key_id: str) -> list[Finding]:
    """Our public address and our key set. From inside a network this may fail where an LMS outside succeeds."""
    parts, url = urlsplit(public_url), f"{public_url}/.well-known/jwks.json"
    made = []
    if parts.scheme != "https":
        made.append(Finding("tool_address_plain", {"url": public_url}))
    if parts.port not in _USUAL_PORTS:
        made.append(Finding("tool_port", {"port": parts.port}))
    if _private(parts.hostname or ""):
        made.append(Finding("tool_address_private", {"url": public_url}))
    try:
        answer = http.request("GET", url, headers={"Accept": "application/json"}, max_bytes=_MOST_BYTES)
    except (Refused, Unreachable) as trouble:
        if isinstance(trouble, Refused) and trouble.code == "address":
            return [*made, Finding("tool_address_private", {"url": public_url})]
        if isinstance(trouble, Refused) and trouble.code in ("port", "scheme"):
            return made  # said above, and not called from here
        return [*made, Finding("tool_address_unreachable", {"url": url, "why": trouble.code})]
    try:
        keys = usable_keys(answer.json()) if answer.status == 200 else {}
    except ValueError:
        keys = {}
    if not keys or is_page(answer):
        made.append(Finding("tool_address_answers_wrongly", {"url": url, "status": answer.status, "words": words(answer)}))
    elif key_id not in keys:
        made.append(Finding("tool_keys_missing", {"url": url}))
    return made


def _private(host: str) -> bool:
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return False
