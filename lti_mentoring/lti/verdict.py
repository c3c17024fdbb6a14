# SPDX-License-Identifier: Apache-2.0
"""What an LMS's answer to a service call means for us: done, later, stale or refused (decision 20)."""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from lti_mentoring.lti.platforms import Profile
from lti_mentoring.outbound import Answer, Refused, Unreachable

MAX_WORDS = 500
MAX_WAIT = timedelta(hours=24)

_LOOKED_AT = 20_000
_BEFORE_A_PAGE = b"\xef\xbb\xbf \t\r\n"
_TELLING = ("error_description", "message", "reason", "detail", "errors", "error", "title")  # "reason": Moodle
_BLOCK = re.compile(r"<(script|style|head)\b.*?(</\1\s*>|$)", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^>]*>?")
_BLANK = re.compile(r"[\s\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_SECRETS = re.compile(
    r"(?i)bearer\s+\S+|eyJ[\w-]+\.[\w-]+(\.[\w-]*)?|\b(access_token|client_assertion|sesskey|id_token|token)\W{1,4}[\w.~+/-]{6,}|[\w-]{40,}"
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a call ended. ``words`` are the LMS's own, short and without secrets; ``remedy`` is a stable code for what to do.

    Remedies: user_not_gradable, column_gone, course_closed, scope_missing, keys_unreachable, credentials, newer_grade, busy,
    server_error, unreachable, redirected, address_refused, unknown; empty when done. ``retry_after`` is the LMS's own wish.
    """

    kind: Literal["done", "later", "stale", "refused"]
    status: int | None = None
    words: str = ""
    remedy: str = ""
    retry_after: datetime | None = None
    everywhere: bool = False
    """The platform refuses our sign-in itself, so that every other call of this registration would end in the same way."""


ATTENTION = frozenset({"credentials", "keys_unreachable", "scope_missing"})
"""Remedies that concern the registration as a whole, not one grade (T-06)."""


class Ended(Exception):
    """Carries a verdict out of a call that cannot go on."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.remedy)
        self.verdict = verdict


def judge(profile: Profile, answer: Answer, now: datetime, *, repeated: bool = False, hide: Collection[str] = ()) -> Verdict:
    """The verdict on a service's answer. ``repeated``: the very same message may have arrived before."""
    status = answer.status
    if 200 <= status < 300 and not is_page(answer):
        return Verdict("done", status)
    said, heard = words(answer, hide), _heard(answer)
    if status < 300:
        # A login or maintenance page. No LMS is known to answer a stored score with one; if one did, sending again is harmless.
        return Verdict("later", status, said, "server_error", retry_after(answer, now))
    if is_throttled(profile, answer):
        return Verdict("later", status, said, "busy", retry_after(answer, now))
    if status >= 500 or status in (408, 425):
        return Verdict("later", status, said, "server_error", retry_after(answer, now))
    if repeated and _any(profile.same_words, status, heard):
        return Verdict("done", status)
    if status in profile.stale_statuses or _any(profile.stale_words, status, heard):
        return Verdict("stale", status, said, "newer_grade")
    for refused_with, phrase, remedy in profile.remedies:
        if status == refused_with and phrase in heard:
            return Verdict("refused", status, said, remedy)
    if 300 <= status < 400:
        return Verdict("refused", status, said, "redirected")
    by_status = {401: "credentials", 403: "scope_missing", 404: "column_gone", 410: "column_gone"}
    return Verdict("refused", status, said, by_status.get(status, "unknown"))


def judge_token(answer: Answer, now: datetime, *, throttled: bool) -> Verdict:
    """The verdict on a token address's refusal: it concerns our registration, so it is not tried again at once (T-06)."""
    said, heard = words(answer), _heard(answer)
    if throttled:
        return Verdict("later", answer.status, said, "busy", retry_after(answer, now))
    if answer.status >= 500 or answer.status in (408, 425) or answer.status < 300:
        # 200 without a token is a maintenance page or a proxy's.
        return Verdict("later", answer.status, said, "server_error", retry_after(answer, now))
    if "invalid_scope" in heard:
        return Verdict("refused", answer.status, said, "scope_missing", everywhere=True)
    # Moodle answers 404 with a page, or 400 about the "kid", when it cannot fetch our key set (private address, odd port).
    if (answer.status == 404 and heard.lstrip().startswith("<")) or '"kid"' in heard or "jwks" in heard or "keyset" in heard:
        return Verdict("refused", answer.status, said, "keys_unreachable", everywhere=True)
    return Verdict("refused", answer.status, said, "credentials", everywhere=True)


def no_answer(trouble: Refused | Unreachable) -> Verdict:
    """The verdict where there was no answer, or none that we take."""
    if isinstance(trouble, Unreachable):
        return Verdict("later", None, "", "unreachable")
    return Verdict("refused", None, "", "address_refused" if trouble.code not in ("too_large", "encoding") else "unknown")


def is_page(answer: Answer) -> bool:
    """Whether it is a page for people, whatever its status says. Its media type proves nothing: Moodle calls its JSON text/html."""
    html_said = answer.headers.get("Content-Type", "").split(";")[0].strip().lower() in ("text/html", "application/xhtml+xml")
    body = answer.body.lstrip(_BEFORE_A_PAGE)
    if not body:
        return html_said and bool(answer.headers.get("Content-Encoding"))  # something, packed in a way that we cannot open
    return body.startswith(b"<") or (html_said and b"<" in body and not _is_json(answer))


def _is_json(answer: Answer) -> bool:
    try:
        answer.json()
    except ValueError:
        return False
    return True


def is_throttled(profile: Profile, answer: Answer) -> bool:
    """429; on some platforms 403 with nothing left of the quota."""
    if answer.status == 429:
        return True
    if answer.status != 403 or not profile.rate_limit_by_403:
        return False
    try:
        return float(answer.headers.get("X-Rate-Limit-Remaining", "1")) <= 0
    except ValueError:
        return False


def retry_after(answer: Answer, now: datetime) -> datetime | None:
    """``Retry-After`` as seconds or as a date; never in the past, never more than a day ahead."""
    said = answer.headers.get("Retry-After", "").strip()
    if said.isascii() and said.isdigit():
        wanted = now + min(timedelta(seconds=int(said[:9])), MAX_WAIT)
    else:
        try:
            wanted = parsedate_to_datetime(said)
        except ValueError:
            return None
    wanted = wanted if wanted.tzinfo else wanted.replace(tzinfo=UTC)
    return min(max(wanted, now), now + MAX_WAIT)


def words(answer: Answer, hide: Collection[str] = ()) -> str:
    """The LMS's own words, for staff to read: no markup, no tokens, at most 500 characters."""
    try:
        said = "; ".join(_sentences(answer.json()))
    except ValueError:
        said = html.unescape(_TAG.sub(" ", _BLOCK.sub(" ", answer.text()[:_LOOKED_AT])))
    for secret in hide:
        said = said.replace(secret, "…")
    return _SECRETS.sub("…", _BLANK.sub(" ", said)).strip()[:MAX_WORDS].strip()


def _sentences(value: Any, depth: int = 0) -> Iterator[str]:
    if isinstance(value, str):
        yield _TAG.sub(" ", value[:_LOOKED_AT])
    elif isinstance(value, list) and depth < 5:
        for one in value[:10]:
            yield from _sentences(one, depth + 1)
    elif isinstance(value, dict) and depth < 5:
        telling = [value[name] for name in _TELLING if value.get(name)]
        for one in telling or list(value.values())[:10]:
            yield from _sentences(one, depth + 1)


def _heard(answer: Answer) -> str:
    return answer.text()[:_LOOKED_AT].lower()


def _any(phrases: Collection[tuple[int, str]], status: int, heard: str) -> bool:
    return any(status == expected and phrase in heard for expected, phrase in phrases)
