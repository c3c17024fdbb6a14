# SPDX-License-Identifier: Apache-2.0
"""A launch: from what a browser posts to a verified, frozen message, writing nothing (checklist B, G, V)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, cast

from lti_mentoring.lti import claims, deep_linking
from lti_mentoring.lti.address import same_origin
from lti_mentoring.lti.claims import LTI, AgsClaim, NoticesClaim
from lti_mentoring.lti.deep_linking import DeepLinking
from lti_mentoring.lti.keysets import KeySets
from lti_mentoring.lti.login import LoginRedirect, begin
from lti_mentoring.lti.platforms import profile
from lti_mentoring.lti.refusal import LaunchRefused
from lti_mentoring.lti.registration import Deployment, Registration, Registry
from lti_mentoring.lti.roles import Standing, administrator, is_test_user, of_the_course, standing_at
from lti_mentoring.lti.state import LIFETIME_SECONDS, StateSigner, cookie_name
from lti_mentoring.lti.storage import StorageAsked, storage
from lti_mentoring.lti.verification import Message

__all__ = [
    "AgsClaim",
    "Launch",
    "LaunchRefused",
    "LoginRedirect",
    "StateSigner",
    "StorageAsked",
    "begin",
    "cookie_name",
    "launch_of",
    "receive",
]


@dataclass(frozen=True, slots=True)
class Launch:
    """Everything of a verified launch that the product uses. Ids are exact; words are bounded; absent is None."""

    registration: Registration
    deployment: Deployment | None
    deployment_id: str
    issuer: str
    client_id: str
    sub: str
    nonce: str
    nonce_expires_at: datetime
    message_type: str
    roles: tuple[str, ...]
    standing: Standing
    administrator: bool
    test_user: bool
    name: str | None
    given_name: str | None
    family_name: str | None
    email: str | None
    locale: str | None
    guid: str | None
    deep_linking: DeepLinking | None
    for_user: str | None
    context_id: str | None
    context_title: str | None
    context_label: str | None
    course_scope: str
    resource_link_id: str
    resource_link_title: str | None
    custom: Mapping[str, str]
    ags: AgsClaim | None
    memberships_url: str | None
    groups_url: str | None
    notices: NoticesClaim | None
    return_url: str | None
    document_target: str
    target_link_uri: str
    cookie_name: str
    claims_hash: str


def receive(
    params: Mapping[str, str],
    cookies: Mapping[str, str],
    *,
    registry: Registry,
    keysets: KeySets,
    signer: StateSigner,
    launch_url: str,
    public_url: str,
    leeway_seconds: float,
    now: datetime,
    stored: str | None = None,
) -> Launch:
    """Verify what was posted to ``launch_url``. The caller spends ``nonce`` by a unique insert, or the launch may be repeated.

    ``stored`` is what the LMS's page held for this browser, "" if nothing; None where it was not asked yet.

    :raises StorageAsked: for a good launch that only the LMS's page can still bind to this browser
    :raises LaunchRefused: with reason and status; ``LaunchRefused.registration`` once the state told whose launch it is
    """
    message = Message(params, cookies, registry, keysets, signer, leeway_seconds, now, stored)
    try:
        message.validate()
        made = _launch(message, registry, cookie_name(params["state"]), public_url, now)
        if message.unbound:
            raise _ask(message, params["state"])
        return made
    except LaunchRefused as refused:
        refused.registration = refused.registration or message.known
        refused.return_url = refused.return_url or message.return_url
        raise


def _ask(message: Message, state: str) -> StorageAsked:
    known = cast(Registration, message.known)
    return StorageAsked(storage(message.state.storage_target or "", known, state), known, message.state.restart())


def _launch(message: Message, registry: Registry, cookie: str, public_url: str, now: datetime) -> Launch:
    """The message's claims; the parser's own message validators are weaker in each point (S7 to S10)."""
    kind = claims.message_type(message.body)
    deployment_id = _deployment_id(message)
    target = _target(message, public_url)
    known = cast(Registration, message.known)
    deployment = registry.deployment(known.id, deployment_id)
    made = launch_of(message.body, kind, registration=known, deployment=deployment, now=now, leeway=message.leeway)
    return replace(made, target_link_uri=target, return_url=message.return_url, cookie_name=cookie)


def launch_of(
    body: Mapping[str, Any],
    kind: str = claims.RESOURCE_LINK,
    *,
    registration: Registration,
    deployment: Deployment | None,
    now: datetime,
    leeway: float = 0,
) -> Launch:
    """What the claims of a launch say, each checked for its form. Whether they may be believed is for ``receive`` to find out."""
    deployment_id = claims.identifier(body, LTI + "deployment_id", "deployment_id")
    given_roles = claims.roles(body, required=kind not in claims.WITHOUT_LINK)
    quirks = profile(registration.family)
    meant = of_the_course(given_roles) if quirks.course_roles_said_above else given_roles
    link_id, link_title = claims.resource_link(body, kind)
    context_id, context_title, context_label = claims.context(body)
    words = _words(body, registration)
    words |= {"context_title": context_title, "context_label": context_label, "resource_link_title": link_title}
    services = _services(body, kind, registration)
    return Launch(
        registration=registration,
        deployment=deployment,
        deployment_id=deployment_id,
        issuer=registration.issuer,
        client_id=registration.client_id,
        sub=claims.identifier(body, "sub", "sub"),
        nonce=body["nonce"],
        nonce_expires_at=now + timedelta(seconds=LIFETIME_SECONDS + leeway),
        message_type=kind,
        roles=given_roles,
        standing=standing_at(given_roles, above=quirks.course_roles_said_above, overrides=registration.overrides),
        administrator=administrator(meant),
        test_user=is_test_user(given_roles),
        context_id=context_id,
        course_scope="" if quirks.deployments_share_courses else f"{registration.client_id}/{deployment_id}",
        resource_link_id=link_id,
        return_url=None,
        document_target=claims.document_target(body),
        target_link_uri="",
        cookie_name="",
        claims_hash=claims.digest(words, given_roles, deployment_id, context_id, link_id, services["ags"] and services["ags"].said),
        **services,
        **cast(Any, words),
    )


def _about(body: Mapping[str, Any], kind: str, ags: AgsClaim | None, *, nobody: bool) -> str | None:
    """Whom a message on somebody points at (SR-01, DP-01). ``nobody``: a review of this LMS may name none."""
    review = kind == claims.SUBMISSION_REVIEW
    if not review and kind != claims.DATA_PRIVACY:
        return None
    if review and (ags is None or ags.lineitem is None):
        raise LaunchRefused("review_without_column")
    if not review and (body.get(LTI + "context") is not None or body.get(LTI + "resource_link") is not None):
        raise LaunchRefused("privacy_in_course")
    about = claims.for_user(body)
    if about is None and not (review and nobody):
        raise LaunchRefused("for_user_missing")
    return about


def _services(body: Mapping[str, Any], kind: str, registration: Registration) -> dict[str, Any]:
    """Whom or what the message is about, and where the LMS answers us, as it says."""
    on_http = registration.token_url.startswith("http://")
    ags = claims.ags(body, http=on_http)
    return {
        "for_user": _about(body, kind, ags, nobody=profile(registration.family).reviews_whole_columns),
        "deep_linking": deep_linking.settings(body, registration) if kind == claims.DEEP_LINKING else None,
        "ags": ags,
        "memberships_url": claims.memberships(body, http=on_http),
        "groups_url": claims.groups(body, http=on_http),
        "notices": claims.notices(body, http=on_http),
    }


def _words(body: Mapping[str, Any], registration: Registration) -> dict[str, Any]:
    """What a launch says of its person and its activity, in words; names and e-mail only where they may be kept."""
    named = registration.keep_names
    return {
        "name": claims.name(body) if named else None,
        "given_name": claims.text(body.get("given_name"), claims.MAX_ID) if named else None,
        "family_name": claims.text(body.get("family_name"), claims.MAX_ID) if named else None,
        "email": claims.text(body.get("email"), 254) if registration.keep_email else None,
        "locale": claims.locale(body),
        "guid": claims.text(claims.a_dict(body.get(LTI + "tool_platform")).get("guid"), claims.MAX_ID),
        "custom": claims.custom(body),
    }


def _deployment_id(message: Message) -> str:
    deployment_id = claims.identifier(message.body, LTI + "deployment_id", "deployment_id")
    if message.state.deployment_id not in (None, deployment_id):
        raise LaunchRefused("deployment_mismatch")
    return deployment_id


def _target(message: Message, public_url: str) -> str:
    """Equal to login's, and on our own origin (V-10, S7)."""
    target = message.body.get(LTI + "target_link_uri")
    if target in (None, ""):
        raise LaunchRefused("target_link_uri_missing")
    if not isinstance(target, str) or not same_origin(target, public_url):
        raise LaunchRefused("target_off_origin")
    if target != message.state.target_link_uri and not profile(cast(Registration, message.known).family).target_only_in_token:
        raise LaunchRefused("target_mismatch")
    return target
