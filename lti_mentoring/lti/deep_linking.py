# SPDX-License-Identifier: Apache-2.0
"""Deep Linking 2.0: what an LMS asks for when somebody places activities, and what is sent back (checklist DL)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import jwt

from lti_mentoring.keys import SigningKey, load_private
from lti_mentoring.lti import claims
from lti_mentoring.lti.address import same_origin
from lti_mentoring.lti.claims import LTI
from lti_mentoring.lti.platforms import Profile, profile
from lti_mentoring.lti.refusal import LaunchRefused
from lti_mentoring.lti.registration import Registration

DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"
RESPONSE = "LtiDeepLinkingResponse"
LINK = "ltiResourceLink"
FIELD = "JWT"
"""The name of the form field that carries the response."""

LIFETIME_SECONDS = 300
REVIEWABLE = ("InProgress", "Submitted", "Completed")
"""States of somebody's activity in which there is something to open (LI-12)."""

MOST_DATA = 20_000
"""Characters of ``data``: it is the LMS's own, and goes back as it came."""


@dataclass(frozen=True, slots=True)
class DeepLinking:
    """What may be placed, and where the answer goes. ``accept_lineitem`` is None where the LMS does not say."""

    return_url: str
    accept_types: tuple[str, ...]
    accept_multiple: bool
    accept_lineitem: bool | None
    targets: tuple[str, ...]
    title: str | None
    data: str | None

    @property
    def takes_links(self) -> bool:
        """Whether a resource link is among what the LMS takes; all that we place are links (DL-03)."""
        return LINK in self.accept_types

    @property
    def takes_columns(self) -> bool:
        """Whether to send a line item along: yes, unless the LMS says no (DL-05)."""
        return self.accept_lineitem is not False


@dataclass(frozen=True, slots=True)
class Column:
    """The gradebook column that an item brings along."""

    label: str
    maximum: int
    resource_id: str
    tag: str
    review_url: str = ""
    """Where the LMS opens one person's submission; "" says nothing of it."""


@dataclass(frozen=True, slots=True)
class Link:
    """One activity to place. Custom values may be variables of the LMS (``$ResourceLink.id.history``)."""

    url: str
    title: str
    text: str
    custom: Mapping[str, str]
    column: Column | None = None
    window: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """The answer to a deep linking request: the activities, or none; ``message`` is for the person, ``log`` for the LMS."""

    links: Sequence[Link] = ()
    message: str = ""
    error: str = ""
    log: str = field(default="")


def settings(body: Mapping[str, Any], registration: Registration) -> DeepLinking:
    """The settings of a verified request.

    :raises LaunchRefused: without a place for the answer, or with one that is not the LMS's: where nothing can go back, nobody is let in
    """
    given = claims.a_dict(body.get(DL + "deep_linking_settings"))
    http = registration.token_url.startswith("http://")
    return_url = claims.web_address(given.get("deep_link_return_url"), http=http)
    types = given.get("accept_types")
    if return_url is None or not isinstance(types, list):
        raise LaunchRefused("deep_linking_invalid")
    if not _of_the_lms(return_url, registration, body):
        raise LaunchRefused("deep_linking_elsewhere", detail=urlsplit(return_url).hostname or "")
    data = given.get("data")
    if data is not None and (not isinstance(data, str) or len(data) > MOST_DATA):
        raise LaunchRefused("deep_linking_invalid")
    column = given.get("accept_lineitem")
    return DeepLinking(
        return_url=return_url,
        accept_types=tuple(claims.texts(types)),
        accept_multiple=_true(given.get("accept_multiple")),
        accept_lineitem=_true(column) if column is not None else None,
        targets=tuple(claims.texts(given.get("accept_presentation_document_targets"))),
        title=claims.text(given.get("title")),
        data=data,
    )


def _true(value: Any) -> bool:
    return value is True or (isinstance(value, str) and value.lower() == "true")


def _of_the_lms(url: str, registration: Registration, body: Mapping[str, Any]) -> bool:
    """On a host of the registration, or of the return address of the same signed message (clouds answer at the school's own host)."""
    if urlsplit(url).hostname in registration.service_hosts:
        return True
    back = claims.a_dict(body.get(LTI + "launch_presentation")).get("return_url")
    return isinstance(back, str) and same_origin(url, back)


def response(
    placed: Placed, asked: DeepLinking, *, registration: Registration, deployment_id: str, key: SigningKey, now: datetime
) -> str:
    """The signed answer, another one each time (DL-07, DL-14): what is absent is left out, never null; ``data`` goes back as it came."""
    moment = int(now.timestamp())
    items = [_item(link, asked, profile(registration.family)) for link in (placed.links if asked.accept_multiple else placed.links[:1])]
    said: dict[str, Any] = {
        "iss": registration.client_id,
        "aud": registration.issuer,
        "iat": moment,
        "exp": moment + LIFETIME_SECONDS,
        "nonce": secrets.token_urlsafe(24),
        "jti": secrets.token_urlsafe(24),
        LTI + "deployment_id": deployment_id,
        LTI + "message_type": RESPONSE,
        LTI + "version": claims.VERSION,
        DL + "content_items": items,
    }
    if asked.data is not None:
        said[DL + "data"] = asked.data
    for name, words in (("msg", placed.message), ("errormsg", placed.error), ("errorlog", placed.log)):
        if words:
            said[DL + name] = words
    return jwt.encode(said, load_private(key.private_pem), algorithm="RS256", headers={"kid": key.kid})


def _item(link: Link, asked: DeepLinking, quirks: Profile) -> dict[str, Any]:
    item: dict[str, Any] = {"type": LINK, "url": link.url, "title": link.title, "text": link.text, "custom": dict(link.custom)}
    if link.window and "window" in asked.targets:
        item["window"] = {"targetName": "lti-mentoring"}
    if link.column is not None and asked.takes_columns:
        item["lineItem"] = {
            "label": link.column.label,
            "scoreMaximum": link.column.maximum,
            "resourceId": link.column.resource_id,
            "tag": link.column.tag,
        }
        if link.column.review_url and quirks.takes_submission_review:
            item["lineItem"]["submissionReview"] = {"reviewableStatus": list(REVIEWABLE), "url": link.column.review_url}
    return item
