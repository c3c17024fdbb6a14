# SPDX-License-Identifier: Apache-2.0
"""What an LMS's answer, or its silence, tells of what is wrong there: from symptoms to findings (checklist T-06, AS-05)."""

from __future__ import annotations

import re
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from lti_mentoring.domain.diagnosis import Finding
from lti_mentoring.lti.platforms import Profile
from lti_mentoring.lti.verdict import is_page, is_throttled, judge, words
from lti_mentoring.outbound import Answer, Refused, Unreachable

DRIFT_SECONDS = 5.0
"""A clock that is kept by the network is not so far off."""

_REFUSED = {"scheme": "address_scheme", "port": "address_port", "address": "address_private", "host_not_tied": "address_foreign"}
_UNREACHABLE = {"name": "name_unknown", "connect": "no_connection", "tls": "no_secure_connection"}
_SERVICE = {
    "busy": "busy",
    "server_error": "lms_down",
    "redirected": "moved",
    "credentials": "token_not_taken",
    "scope_missing": "service_forbidden",
    "course_closed": "course_closed",
}
_CLOSED = re.compile(r"conclud|course\W.{0,40}\b(closed|ended|over)\b|closed course|unpublished", re.DOTALL)

_KEY_WORDS = re.compile(r"jwk|key ?set|public key|keys cannot|fetch|\bkid\b")
_SIGNATURE = re.compile(r"signature|no published key|\bkid\b.{0,20}invalid|unable to lookup|no matching key")
_DATE = re.compile(r"[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT")
_AUDIENCE = re.compile(r"\baud\b|audience")
_TIMES = re.compile(r"\b(exp|iat|nbf)\b|expired|in the future|too old|clock|not yet valid|prior to|must be in the past")
_CLIENT = re.compile(r"\b(iss|sub)\b|client.{0,12}\b(id|unknown|not found|invalid)|unknown client|no client|not registered")


def shown(url: str) -> str:
    """An address without its query, which may carry a secret."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url[:200]
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"[:300]


def of_trouble(trouble: Refused | Unreachable, which: str) -> Finding:
    """Why there was no answer at all."""
    facts = {"which": which, "url": shown(trouble.url)}
    if isinstance(trouble, Unreachable):
        return Finding(_UNREACHABLE.get(trouble.code, "no_answer"), facts)
    if trouble.code in ("too_large", "encoding"):
        return Finding("page_instead", {**facts, "status": 200, "words": ""})
    return Finding(_REFUSED.get(trouble.code, "address_unusable"), facts)


def of_status(profile: Profile, answer: Answer, which: str) -> Finding | None:
    """What the status alone says of an address, whoever lives there."""
    facts = {"which": which, "url": shown(answer.url), "status": answer.status, "words": words(answer)}
    if 300 <= answer.status < 400:
        return Finding("moved", {**facts, "to": shown(answer.headers.get("Location", ""))})
    if is_throttled(profile, answer):
        return Finding("busy", facts)
    if answer.status >= 500 or answer.status == 408:
        return Finding("lms_down", facts)
    if answer.status in (404, 405, 410):
        return Finding("wrong_address", facts)
    return None


def of_token(profile: Profile, answer: Answer, bare: Answer | None, *, url: str, client_id: str, audience: str) -> Finding:
    """Why a token address gave no token. ``bare`` is what it answered to a request that proved nothing: an address that knows what it
    is for says so in JSON, and then a page is about our keys, not about the address."""
    facts = {"which": "token", "url": shown(url), "status": answer.status, "words": words(answer)}
    if is_page(answer) or answer.status in (404, 405):
        knows = bare is not None and not is_page(bare) and bare.status not in (404, 405) and bare.status < 500
        if answer.status == 404 and knows:
            # Moodle: a 404 page where it may not fetch our key set (curlsecurityblockedhosts, curlsecurityallowedport).
            return Finding("keys_not_fetched", facts)
        found = of_status(profile, answer, "token")
        return found or Finding("page_instead", facts)
    found = of_status(profile, answer, "token")
    if found is not None:
        return found
    if answer.status < 300:
        return Finding("page_instead", facts)
    heard = answer.text()[:20_000].lower()
    if "invalid_scope" in heard:
        return Finding("nothing_granted", facts)
    if _SIGNATURE.search(heard):
        return Finding("signature_refused", facts)
    if _KEY_WORDS.search(heard):
        return Finding("keys_not_fetched", facts)
    if _AUDIENCE.search(heard):
        return Finding("audience_refused", {**facts, "audience": audience})
    if _TIMES.search(heard):
        return Finding("times_refused", facts)
    said = heard.partition("error_description")[2] or heard
    if _CLIENT.search(said) or "unauthorized_client" in heard:
        return Finding("client_unknown", {**facts, "client_id": client_id})
    return Finding("sign_in_refused", {**facts, "client_id": client_id})


def of_service(profile: Profile, answer: Answer, which: str, now: datetime) -> Finding | None:
    """What is wrong with a service that was called with a good token; None if nothing is."""
    verdict = judge(profile, answer, now)
    if verdict.kind == "done":
        return None
    facts = {"which": which, "url": shown(answer.url), "status": answer.status, "words": verdict.words}
    if answer.status < 300:
        return Finding("page_instead", facts)
    if says_closed(answer.text()):
        return Finding("course_closed", facts)
    if verdict.remedy == "column_gone":
        return Finding("column_gone" if which == "lineitems" else "wrong_address", facts)
    if verdict.remedy == "redirected":
        facts["to"] = shown(answer.headers.get("Location", ""))
    return Finding(_SERVICE.get(verdict.remedy, "service_refused"), facts)


def says_closed(words: str) -> bool:
    """Whether an LMS's words mean that its course has ended or is not published, whatever status came with them."""
    return _CLOSED.search(words[:20_000].lower()) is not None


def skew(answer: Answer, midway: datetime) -> float | None:
    """By how many seconds the clock of an answer's Date header is ahead of ours; to half a second, which is what the header tells."""
    told = _DATE.findall(answer.headers.get("Date", ""))
    if not told:
        return None
    try:
        said = parsedate_to_datetime(told[-1])  # where a server before the LMS says it too, the LMS's own comes last
    except ValueError:
        return None
    return round(said.timestamp() + 0.5 - midway.timestamp(), 1)


def of_clock(seconds: float | None, leeway: float) -> Finding | None:
    """What a difference of clocks means: beyond the leeway launches or sign-ins fail, less is worth a look."""
    if seconds is None or abs(seconds) < DRIFT_SECONDS:
        return None
    return Finding("clock_apart" if abs(seconds) > leeway else "clock_drifts", {"seconds": round(seconds), "leeway": round(leeway)})
