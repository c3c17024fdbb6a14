# SPDX-License-Identifier: Apache-2.0
"""The claims of a verified message, checked and brought to plain bounded values (checklist B, G, V-09, V-10, LI-01)."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from lti_mentoring.lti.refusal import LaunchRefused

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
NRPS = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
NOTICES = LTI + "platformnotificationservice"
NOTICE_SCOPE = "https://purl.imsglobal.org/spec/lti/scope/noticehandlers"
NOTICE_KINDS = ("LtiHelloWorldNotice", "LtiContextCopyNotice")
"""Those that mean something to us."""

GROUPS = "https://purl.imsglobal.org/spec/lti-gs/claim/groupsservice"

VERSION = "1.3.0"
RESOURCE_LINK = "LtiResourceLinkRequest"
DEEP_LINKING = "LtiDeepLinkingRequest"
SUBMISSION_REVIEW = "LtiSubmissionReviewRequest"
DATA_PRIVACY = "DataPrivacyLaunchRequest"
KINDS = (RESOURCE_LINK, DEEP_LINKING, SUBMISSION_REVIEW, DATA_PRIVACY)
WITHOUT_LINK = (DEEP_LINKING, DATA_PRIVACY)
"""Messages that are about no activity."""

MAX_ID = 255
_MAX_TEXT = 500
_MAX_URL = 2_000
_MAX_ROLES = 500
_MAX_CUSTOM = 100

_LOCALE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]+")  # a name must not turn the page's text around


@dataclass(frozen=True, slots=True)
class AgsClaim:
    """Where grades of this link go. A blank address is none (LI-01)."""

    lineitem: str | None
    lineitems: str | None
    scopes: frozenset[str]

    @property
    def said(self) -> tuple[Any, ...]:
        """All of it as plain values."""
        return self.lineitem, self.lineitems, self.scopes


@dataclass(frozen=True, slots=True)
class NoticesClaim:
    """Where an LMS takes orders for notices of this deployment, and which of those that mean something to us it has."""

    url: str
    kinds: tuple[str, ...]


def identifier(body: Mapping[str, Any], claim: str, reason: str) -> str:
    """An id, exactly as it came: case, spaces and slashes count (G-14). No database can hold NUL or half a character."""
    value = body.get(claim)
    if value is None or value == "":
        raise LaunchRefused(f"{reason}_missing")
    if not isinstance(value, str) or len(value) > MAX_ID or _CONTROL.search(value):
        raise LaunchRefused(f"{reason}_invalid")
    return value


def is_identifier(value: str) -> bool:
    """Whether a launch could bring it as an id."""
    return 0 < len(value) <= MAX_ID and not _CONTROL.search(value)


def text(value: Any, limit: int = _MAX_TEXT) -> str | None:
    """Words for people, on one line; None if there are none."""
    if not isinstance(value, str):
        return None
    return " ".join(_UNSEEN.sub(" ", value).split())[:limit].strip() or None


def web_address(value: Any, *, http: bool = False) -> str | None:
    """An https address; http only for a platform that is on http itself."""
    if not isinstance(value, str) or len(value) > _MAX_URL or _CONTROL.search(value):
        return None
    try:
        host = urlsplit(value).hostname
    except ValueError:
        return None
    return value if host and (value.startswith("https://") or (http and value.startswith("http://"))) else None


def a_dict(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def message_type(body: Mapping[str, Any]) -> str:
    """Version and type of the message: exact strings (B-03, B-04, B-08)."""
    version = body.get(LTI + "version")
    if version is None:
        raise LaunchRefused("version_missing")
    if version != VERSION:
        raise LaunchRefused("version")
    kind = body.get(LTI + "message_type")
    if kind is None:
        raise LaunchRefused("message_type_missing")
    if kind not in KINDS:
        raise LaunchRefused("message_type", detail=text(kind, 100) or "")
    return str(kind)


def roles(body: Mapping[str, Any], *, required: bool = True) -> tuple[str, ...]:
    """A list, possibly empty (G-05); a string is refused, since looking for a word in it would find one inside another."""
    given = body.get(LTI + "roles")
    if given is None and not required:
        return ()
    if given is None:
        raise LaunchRefused("roles_missing")
    if not isinstance(given, list) or len(given) > _MAX_ROLES:
        raise LaunchRefused("roles_invalid")
    return tuple(dict.fromkeys(one for one in given if isinstance(one, str) and len(one) <= MAX_ID and not _CONTROL.search(one)))


def resource_link(body: Mapping[str, Any], kind: str = RESOURCE_LINK) -> tuple[str, str | None]:
    """Id and title; the id is "" for a message that is about no link."""
    link = body.get(LTI + "resource_link")
    if kind in WITHOUT_LINK or (kind == SUBMISSION_REVIEW and link is None):
        return "", None
    if link is not None and not isinstance(link, dict):
        raise LaunchRefused("resource_link_invalid")
    return identifier(link or {}, "id", "resource_link"), text((link or {}).get("title"))


def for_user(body: Mapping[str, Any]) -> str | None:
    """Whom a message is about, as the LMS knows them; None if it names nobody (Moodle, from the head of a gradebook's column).

    A pointer and no more: Moodle lets a student have any name signed here.
    """
    given = body.get(LTI + "for_user")
    if given is None:
        return None
    return identifier(a_dict(given), "user_id", "for_user")


def document_target(body: Mapping[str, Any]) -> str:
    """Where the LMS has put us: iframe, frame or window; "" if it does not say."""
    said = a_dict(body.get(LTI + "launch_presentation")).get("document_target")
    return said if said in ("iframe", "frame", "window") else ""


def context(body: Mapping[str, Any]) -> tuple[str | None, str | None, str | None]:
    """Id, title, label. A launch without a context is a good one (G-07), and so is a context that has no id."""
    given = a_dict(body.get(LTI + "context"))
    if given.get("id") in (None, ""):
        return None, None, None
    return identifier(given, "id", "context"), text(given.get("title")), text(given.get("label"), MAX_ID)


def custom(body: Mapping[str, Any]) -> dict[str, str]:
    """Custom parameters that say something: "" is no value, a leading ``$`` is a variable that the LMS does not know (G-10)."""
    kept: dict[str, str] = {}
    for name, value in list(a_dict(body.get(LTI + "custom")).items())[:_MAX_CUSTOM]:
        said = _said(value)
        if said and not said.startswith("$") and len(name) <= MAX_ID and not _CONTROL.search(name):
            kept[name] = said
    return kept


def _said(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return str(value)[:MAX_ID]
    return text(value)


def ags(body: Mapping[str, Any], *, http: bool) -> AgsClaim | None:
    given = body.get(AGS)
    if not isinstance(given, dict):
        return None
    scopes = given.get("scope")
    listed = scopes.split() if isinstance(scopes, str) else scopes if isinstance(scopes, list) else []
    return AgsClaim(
        web_address(given.get("lineitem"), http=http),
        web_address(given.get("lineitems"), http=http),
        frozenset(one for one in listed[:50] if isinstance(one, str) and len(one) <= MAX_ID),
    )


def memberships(body: Mapping[str, Any], *, http: bool) -> str | None:
    """Where the LMS lists who is in the course, if it speaks version 2.0 of that service (NR-01)."""
    given = a_dict(body.get(NRPS))
    versions = given.get("service_versions", ["2.0"])
    spoken = versions if isinstance(versions, list) else [versions]
    return web_address(given.get("context_memberships_url"), http=http) if "2.0" in spoken else None


def groups(body: Mapping[str, Any], *, http: bool) -> str | None:
    """Where the LMS lists the course's groups (CG-01)."""
    return web_address(a_dict(body.get(GROUPS)).get("context_groups_url"), http=http)


def notices(body: Mapping[str, Any], *, http: bool) -> NoticesClaim | None:
    """What a launch says of the notice service, if it is one of version 1.0 that takes orders (PN-01)."""
    given = a_dict(body.get(NOTICES))
    url = web_address(given.get("platform_notification_service_url"), http=http)
    spoken, may = texts(given.get("service_versions", ["1.0"])), texts(given.get("scope", [NOTICE_SCOPE]))
    if url is None or "1.0" not in spoken or NOTICE_SCOPE not in may:
        return None
    offered = texts(given.get("notice_types_supported"))
    return NoticesClaim(url, tuple(kind for kind in NOTICE_KINDS if kind in offered))


def texts(given: Any) -> list[str]:
    """A word or a list of words, as a list; what is neither says nothing."""
    listed = [given] if isinstance(given, str) else given if isinstance(given, list) else []
    return [one for one in listed[:50] if isinstance(one, str)]


def locale(body: Mapping[str, Any]) -> str | None:
    """A language tag; a bad one is ignored (G-13)."""
    for said in (body.get("locale"), a_dict(body.get(LTI + "launch_presentation")).get("locale")):
        if isinstance(said, str) and _LOCALE.fullmatch(said.replace("_", "-")):
            return said.replace("_", "-")
    return None


def name(body: Mapping[str, Any]) -> str | None:
    """The full name, else its parts (G-06). An e-mail address is no name."""
    parts = (text(body.get("given_name"), MAX_ID), text(body.get("family_name"), MAX_ID))
    return text(body.get("name"), MAX_ID) or " ".join(part for part in parts if part) or None


def digest(*said: Any) -> str:
    """A short hash of plain values, the same for the same values."""
    plain = json.dumps(said, sort_keys=True, default=sorted, separators=(",", ":"))
    return hashlib.blake2b(plain.encode(), digest_size=16).hexdigest()
