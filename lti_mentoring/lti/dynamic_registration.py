# SPDX-License-Identifier: Apache-2.0
"""LTI Dynamic Registration 1.0: what an LMS says of itself, what we ask it for, and what it granted."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.lti import platforms
from lti_mentoring.lti.claims import DEEP_LINKING, NOTICE_SCOPE, RESOURCE_LINK, SUBMISSION_REVIEW
from lti_mentoring.lti.grades import LINEITEM, LINEITEM_READONLY, RESULT, SCORE
from lti_mentoring.lti.groups import SCOPE as GROUPS
from lti_mentoring.outbound import Answer, Client, Refused, Unreachable

PLATFORM = "https://purl.imsglobal.org/spec/lti-platform-configuration"
TOOL = "https://purl.imsglobal.org/spec/lti-tool-configuration"
CANVAS = "https://canvas.instructure.com/lti/"
MEMBERS = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
SCOPES = (LINEITEM, LINEITEM_READONLY, RESULT, SCORE, MEMBERS, GROUPS, NOTICE_SCOPE)
PLACEMENTS = ("ContentArea", "assignment_selection", "link_selection")
"""Where teachers choose activities: the specification's word, and Canvas's two."""

ALGORITHM = "RS256"

_UNFIT = re.compile("[\ud800-\udfff\0]")
"""What no database keeps and no page can show."""
MOST_BYTES = 256 * 1024
MOST_HOSTS = 8

ADDRESSES = ("issuer", "authorization_endpoint", "registration_endpoint", "jwks_uri", "token_endpoint")


@dataclass(frozen=True, slots=True)
class Ours:
    """The tool as an LMS must know it; addresses are absolute."""

    name: str
    description: str
    login: str
    launch: str
    keys: str


@dataclass(frozen=True, slots=True)
class Offer:
    """What an LMS that would register us says of itself. ``foreign``: hosts other than its issuer's, to be confirmed by hand."""

    issuer: str
    auth_url: str
    token_url: str
    jwks_url: str
    registration_url: str
    token_audience: str | None
    family: str
    product: str
    version: str
    account: str
    scopes: Sequence[str]
    placements: Sequence[str]
    deep_linking: bool
    review: bool
    foreign: Sequence[str]

    @property
    def origins(self) -> tuple[str, ...]:
        """The origins at which its pages stand: who may frame us, and who hears the closing message."""
        found = (urlsplit(url) for url in (self.issuer, self.auth_url, self.registration_url))
        return tuple(dict.fromkeys(f"{one.scheme}://{one.netloc}".lower() for one in found))


@dataclass(frozen=True, slots=True)
class Granted:
    """What the LMS answered. Without ``deployment_id`` the first launch names it."""

    client_id: str
    deployment_id: str | None
    scopes: tuple[str, ...]


_PLAIN_PLACE = re.compile(r"([a-z0-9_.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?", re.ASCII | re.IGNORECASE)
"""Host and port as they may stand in a header of ours; names in other letters come as ``xn--``."""


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").lower()


def read(url: str, *, registration_token: str, http: Client) -> Offer:
    """Fetch and check the configuration of an LMS (DR-02, DR-03, AS-06).

    :raises RuleBroken: ``dr_...``; nothing has happened anywhere
    """
    vetted(url, http)
    answer = _fetched(http, "GET", url, registration_token)
    if answer.status != 200:
        raise RuleBroken("dr_status", host=_host(url), status=answer.status)
    said = _object(answer)
    named = said.get(PLATFORM)
    missing = [name for name in ADDRESSES if not isinstance(said.get(name), str) or not said[name]]
    if not isinstance(named, dict):
        missing.append("lti-platform-configuration")
    elif not isinstance(named.get("product_family_code"), str):
        missing.append("product_family_code")
    if missing or not isinstance(named, dict):
        raise RuleBroken("dr_incomplete", fields=", ".join(missing))
    for name in ADDRESSES:
        vetted(said[name], http, most=500 if name == "issuer" else 1000)
    profile = platforms.by_product(named["product_family_code"])
    _agree(said, url, profile)
    _able(said, named)
    return _offer(said, named, profile)


def vetted(url: str, http: Client, most: int = 2000) -> None:
    """An address that we would call at all: https, no private host, nothing that only looks like an address."""
    try:
        http.check(url)
    except Refused as refused:
        raise RuleBroken("dr_address", address=url[:200], why=refused.code) from None
    if len(url) > most or urlsplit(url).fragment or not _PLAIN_PLACE.fullmatch(urlsplit(url).netloc):
        raise RuleBroken("dr_address", address=url[:200], why="url")


def _fetched(http: Client, method: str, url: str, registration_token: str, body: str | None = None) -> Answer:
    """One request without redirects, with the LMS's own token as its proof."""
    headers = {"Accept": "application/json"}
    if registration_token:
        headers["Authorization"] = f"Bearer {registration_token}"
    if body is not None:
        headers["Content-Type"] = "application/json"
    try:
        answer = http.request(method, url, headers=headers, data=body, max_bytes=MOST_BYTES)
    except Refused as refused:
        raise RuleBroken("dr_address", address=url[:200], why=refused.code) from None
    except Unreachable as trouble:
        raise RuleBroken("dr_unreachable", host=_host(url), why=trouble.code) from None
    if 300 <= answer.status < 400:
        raise RuleBroken("dr_redirect", host=_host(url))
    return answer


def _object(answer: Answer) -> dict[str, Any]:
    try:
        said = answer.json()
    except ValueError:
        said = None
    if not isinstance(said, dict) or _UNFIT.search(json.dumps(said, ensure_ascii=False).replace("\\u0000", "\0")):
        raise RuleBroken("dr_not_json", host=_host(answer.url))
    return said


def _agree(said: Mapping[str, Any], url: str, profile: platforms.Profile) -> None:
    """The issuer is where the configuration was fetched; only clouds that we know have one issuer for all their hosts."""
    issuer, host = said["issuer"], _host(url)
    cloud = issuer in profile.issuers and any(host == one or host.endswith(f".{one}") for one in profile.domains)
    if _host(issuer) != host and not cloud:
        raise RuleBroken("dr_issuer", issuer=issuer[:200], host=host)
    if urlsplit(issuer).query:
        raise RuleBroken("dr_address", address=issuer[:200], why="url")


def _able(said: Mapping[str, Any], named: Mapping[str, Any]) -> None:
    algorithms = said.get("id_token_signing_alg_values_supported")
    if algorithms is not None and ALGORITHM not in _texts(algorithms):
        raise RuleBroken("dr_algorithm")
    methods = said.get("token_endpoint_auth_methods_supported")
    if methods is not None and "private_key_jwt" not in _texts(methods):
        raise RuleBroken("dr_authentication")
    if RESOURCE_LINK not in _messages(named):
        raise RuleBroken("dr_messages")


def _texts(said: Any) -> tuple[str, ...]:
    """The texts of a list, however many other things are in it."""
    return tuple(one for one in said if isinstance(one, str))[:200] if isinstance(said, list) else ()


def _messages(named: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Message type -> placements."""
    found: dict[str, tuple[str, ...]] = {}
    listed = named.get("messages_supported")
    for one in listed[:100] if isinstance(listed, list) else ():
        if isinstance(one, str):
            found.setdefault(one, ())
        elif isinstance(one, dict) and isinstance(one.get("type"), str):
            found[one["type"]] = (*found.get(one["type"], ()), *_texts(one.get("placements")))
    return found


def _offer(said: Mapping[str, Any], named: Mapping[str, Any], profile: platforms.Profile) -> Offer:
    messages, audience = _messages(named), said.get("authorization_server")
    hosts = (_host(said[name]) for name in ADDRESSES[1:])
    supported = said.get("scopes_supported")
    return Offer(
        issuer=said["issuer"],
        auth_url=said["authorization_endpoint"],
        token_url=said["token_endpoint"],
        jwks_url=said["jwks_uri"],
        registration_url=said["registration_endpoint"],
        token_audience=audience[:1000] if isinstance(audience, str) and audience else None,
        family=profile.family,
        product=_short(named["product_family_code"], 60),
        version=_short(named.get("version"), 100),
        account=_short(named.get(f"{CANVAS}account_name"), 100),
        scopes=_wanted(SCOPES if supported is None else _texts(supported), profile),
        placements=tuple(one for one in PLACEMENTS if one in messages.get(DEEP_LINKING, ())),
        deep_linking=DEEP_LINKING in messages,
        review=SUBMISSION_REVIEW in messages,
        foreign=tuple(dict.fromkeys(one for one in hosts if one != _host(said["issuer"])))[:MOST_HOSTS],
    )


def _short(said: Any, most: int) -> str:
    text = said if isinstance(said, str) else ""
    return "".join(one for one in text if one.isprintable())[:most].strip()


def _wanted(supported: Collection[str], profile: platforms.Profile) -> tuple[str, ...]:
    """The least that we need: reading columns is part of writing them, but where a platform asks for it by name."""
    redundant = LINEITEM in supported and not profile.reading_needs_own_scope
    return tuple(one for one in SCOPES if one in supported and not (redundant and one == LINEITEM_READONLY))


# --- the request and its answer ----------------------------------------------------------------------------------------


def request(offer: Offer, ours: Ours, *, names: bool, email: bool) -> dict[str, Any]:
    """What we ask the LMS to enter (DR-04)."""
    claims = ["iss", "sub", *(("name", "given_name", "family_name") if names else ()), *(("email",) if email else ())]
    tool: dict[str, Any] = {
        "domain": urlsplit(ours.launch).netloc,
        "target_link_uri": ours.launch,
        "description": ours.description,
        "custom_parameters": {},
        "claims": claims,
        "messages": _asked_messages(offer, ours),
    }
    if offer.family == platforms.CANVAS.family:
        # Canvas asks for the personal data by a level of its own, and heeds no claims without it.
        tool[f"{CANVAS}privacy_level"] = {(True, True): "public", (True, False): "name_only", (False, True): "email_only"}.get(
            (names, email), "anonymous"
        )
        tool[f"{CANVAS}tool_id"] = "lti-mentoring"
    return {
        "application_type": "web",
        "response_types": ["id_token"],
        "grant_types": ["implicit", "client_credentials"],
        "initiate_login_uri": ours.login,
        "redirect_uris": [ours.launch],
        "client_name": ours.name,
        "jwks_uri": ours.keys,
        "token_endpoint_auth_method": "private_key_jwt",  # nosec B105 (the name of a way)
        "scope": " ".join(offer.scopes),
        TOOL: tool,
    }


def _their_words(answer: Answer) -> str:
    """Why the LMS says no, in its own words; a page of HTML has none that help."""
    try:
        said = answer.json()
    except ValueError:
        said = None
    if isinstance(said, dict):
        named = (_short(said.get(name), 200) for name in ("error_description", "reason", "message", "error", "errors"))
        return next(filter(None, named), "")
    text = _short(answer.text(), 200)
    return "" if text.startswith("<") else text


def _asked_messages(offer: Offer, ours: Ours) -> list[dict[str, Any]]:
    asked: list[dict[str, Any]] = []
    if offer.deep_linking:
        placed = {"placements": list(offer.placements)} if offer.placements else {}
        asked.append({"type": DEEP_LINKING, "target_link_uri": ours.launch, "label": ours.name, **placed})
    if offer.review:
        asked.append({"type": SUBMISSION_REVIEW, "target_link_uri": ours.launch})
    return asked


def register(offer: Offer, asked: Mapping[str, Any], *, registration_token: str, http: Client) -> Granted:
    """Ask the LMS to enter us, and check what it answers.

    :raises RuleBroken: ``dr_...``; the LMS has not entered us, or has not said as what
    """
    answer = _fetched(http, "POST", offer.registration_url, registration_token, json.dumps(asked))
    if not 200 <= answer.status < 300:
        words = _their_words(answer)
        if "token_already_used" in words:  # Moodle: each of its tokens registers once
            raise RuleBroken("dr_token_used")
        raise RuleBroken("dr_refused", status=answer.status, words=words or "–")
    said = _object(answer)
    client_id, tool = said.get("client_id"), said.get(TOOL)
    if not isinstance(client_id, str | int) or isinstance(client_id, bool) or not 0 < len(str(client_id)) <= 255:
        raise RuleBroken("dr_no_client")
    redirects = said.get("redirect_uris")
    if redirects is not None and asked["redirect_uris"][0] not in _texts(redirects):
        raise RuleBroken("dr_other_addresses")
    deployment = tool.get("deployment_id") if isinstance(tool, dict) else None
    named = str(deployment) if isinstance(deployment, str | int) and not isinstance(deployment, bool) else ""
    if len(named) > 255:
        raise RuleBroken("dr_no_client")
    scope = said.get("scope")
    granted = scope.split() if isinstance(scope, str) else list(offer.scopes)
    return Granted(str(client_id), named or None, tuple(one for one in offer.scopes if one in granted))
