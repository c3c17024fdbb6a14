# SPDX-License-Identifier: Apache-2.0
"""The messages that a site sends: login parameters and the claims of a launch, as its LMS family writes them."""

from __future__ import annotations

import hashlib
from typing import Any

from lti_mentoring.demo.site import GROUPS_READ, Activity, Persona, Site, ags_scopes, issuer

CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"

SHORT = {
    **{
        name: f"{CLAIM}{name}"
        for name in (
            "message_type",
            "version",
            "deployment_id",
            "target_link_uri",
            "resource_link",
            "roles",
            "context",
            "custom",
            "launch_presentation",
            "tool_platform",
            "lis",
            "role_scope_mentor",
            "ext",
        )
    },
    "ags": "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint",
    "gs": "https://purl.imsglobal.org/spec/lti-gs/claim/groupsservice",
    "nrps": "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice",
}
"""Short names of claims, for tests and for the log."""


def long_name(name: str) -> str:
    """The claim that a short name stands for; any other name is itself."""
    return SHORT.get(name, name)


def email(site: Site, persona: Persona) -> str:
    """An address that can never receive mail."""
    return f"{persona.key}@{site.key}.example"


def services_url(site: Site, base_url: str, activity: Activity) -> str:
    """Where the line items of a placement live; Moodle hangs the tool type on every address."""
    address = f"{issuer(site, base_url)}/ags/{site.service_scope(activity)}/lineitems"
    return address if site.profile.client_per_placement else f"{address}?type_id={site.deployment_id}"


def memberships_url(site: Site, base_url: str, activity: Activity) -> str:
    """Where the roster lives."""
    return f"{issuer(site, base_url)}/nrps/{site.service_scope(activity)}/memberships"


def groups_claim(site: Site, base_url: str, activity: Activity) -> dict[str, Any]:
    """Where the course's groups are told; Sakai does, neither Moodle nor Open edX, so that a launch carries it only if asked to."""
    url = f"{issuer(site, base_url)}/nrps/{site.service_scope(activity)}/groups"
    return {SHORT["gs"]: {"context_groups_url": url, "scope": [GROUPS_READ], "service_versions": ["1.0"]}}


def launch_claims(
    site: Site,
    persona: Persona,
    activity: Activity,
    *,
    base_url: str,
    launch_url: str,
    nonce: str,
    now: int,
    lineitem_url: str | None = None,
) -> dict[str, Any]:
    """The claims of a resource link launch. ``now`` is in whole seconds."""
    claims: dict[str, Any] = {
        "iss": issuer(site, base_url),
        "aud": site.client_id(activity),
        "sub": site.sub(persona),
        "iat": now,
        "exp": now + site.profile.id_token_seconds,
        "nonce": nonce,
        SHORT["message_type"]: "LtiResourceLinkRequest",
        SHORT["version"]: "1.3.0",
        SHORT["deployment_id"]: site.deployment_id,
        SHORT["target_link_uri"]: activity.target or launch_url,
        SHORT["roles"]: list(site.profile.roles[persona.kind]),
        SHORT["resource_link"]: {"id": site.resource_link_id(activity)},
        SHORT["custom"]: filled(site, activity),
        SHORT["tool_platform"]: {
            "guid": hashlib.sha256(issuer(site, base_url).encode()).hexdigest()[:32],
            "name": site.name,
            "product_family_code": site.profile.family,
            "version": site.profile.version,
        },
        SHORT["nrps"]: {"context_memberships_url": memberships_url(site, base_url, activity), "service_versions": ["2.0"]},
    }
    _place(claims, site, activity, base_url, lineitem_url)
    family = _openedx if site.profile.client_per_placement else _moodle
    family(claims, site, persona, activity, base_url)
    return claims


def filled(site: Site, activity: Activity) -> dict[str, str]:
    """The custom parameters, with the variables that this LMS knows filled in; the others stay as they are written."""
    course = site.course(activity.course)
    known = {"$ResourceLink.id.history": activity.copied_from, "$Context.id.history": course.copied_from if course else ""}
    if site.profile.client_per_placement:  # Open edX fills none of these
        known = {}
    return {name: known.get(value, value) for name, value in activity.custom}


def _place(claims: dict[str, Any], site: Site, activity: Activity, base_url: str, lineitem_url: str | None) -> None:
    course = site.course(activity.course)
    if course is not None:
        claims[SHORT["context"]] = {
            "id": course.context_id,
            "label": course.label,
            "title": course.title,
            "type": [site.profile.context_type],
        }
    scopes = ags_scopes(site, activity)
    if scopes:
        endpoint = {"scope": sorted(scopes), "lineitems": services_url(site, base_url, activity)}
        claims[SHORT["ags"]] = {**endpoint, "lineitem": lineitem_url} if lineitem_url else endpoint


def _moodle(claims: dict[str, Any], site: Site, persona: Persona, activity: Activity, base_url: str) -> None:
    claims[SHORT["resource_link"]] |= {"title": activity.title, "description": activity.intro}
    claims[SHORT["lis"]] = {"person_sourcedid": f"p{persona.number}", "course_section_sourcedid": f"c{activity.course}"}
    claims[SHORT["ext"]] = {"lms": "moodle-2"}
    claims[SHORT["launch_presentation"]] = {
        "locale": persona.locale,
        "document_target": "window" if activity.window else "iframe",
        # Moodle's return address carries its session key: it must never show up in a log of ours
        "return_url": f"{issuer(site, base_url)}/return?course={activity.course}&sesskey=Xk4pocket",
    }
    # Moodle adds this stray parameter to every launch
    claims[SHORT["custom"]]["context_memberships_url"] = memberships_url(site, base_url, activity)
    claims[SHORT["nrps"]]["service_versions"] = ["1.0", "2.0"]
    if persona.name:
        claims |= {"name": persona.name, "given_name": persona.given, "family_name": persona.family, "email": email(site, persona)}
        claims[SHORT["ext"]]["user_username"] = f"{persona.key}.{persona.number}"


def _openedx(claims: dict[str, Any], site: Site, persona: Persona, activity: Activity, base_url: str) -> None:
    claims["azp"] = claims["aud"]
    claims[SHORT["launch_presentation"]] = {"document_target": "window" if activity.window else "iframe"}
    if not claims[SHORT["custom"]]:
        del claims[SHORT["custom"]]
    if persona.name:  # the author ticked the boxes and the learner agreed; Open edX never splits a name
        claims |= {"name": persona.name, "email": email(site, persona), "preferred_username": f"{persona.key}{persona.number}"}


def login_parameters(site: Site, persona: Persona, activity: Activity, *, base_url: str, launch_url: str, hint: str) -> dict[str, str]:
    """What the course page sends to the tool's login address."""
    return {
        "iss": issuer(site, base_url),
        # After deep linking Open edX still names the block's own address here; only the token has the item's
        "target_link_uri": launch_url if site.profile.client_per_placement else activity.target or launch_url,
        "login_hint": str(persona.number),
        "lti_message_hint": hint,
        "client_id": site.client_id(activity),
        "lti_deployment_id": site.deployment_id,
        **({"lti_storage_target": site.storage} if site.storage else {}),
    }
