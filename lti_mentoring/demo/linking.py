# SPDX-License-Identifier: Apache-2.0
"""Deep linking: a teacher chooses activities in the tool, and its answer is checked more strictly than most LMSs do."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, g, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.demo import growing
from lti_mentoring.demo.assertion import BadAssertion, KeysUnreachable, unverified
from lti_mentoring.demo.door import served
from lti_mentoring.demo.faults import clock
from lti_mentoring.demo.launching import begin
from lti_mentoring.demo.message import SHORT
from lti_mentoring.demo.pages import for_somebody, plain
from lti_mentoring.demo.protocol import TOOL_KEYS
from lti_mentoring.demo.world import here, world

bp = Blueprint("linking", __name__, url_prefix="/<site>")

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"

DATA = 'block="42" & path=/a+b%20c/é/\\u0041'
"""What Open edX's way of asking carries along, and must have back byte for byte. Moodle sends none."""


@bp.get("/course/<int:number>/add")
@for_somebody
def add(number: int) -> str | AnyResponse:
    """Where a teacher adds activities of the tool; on Open edX where a block's author chooses what it opens."""
    course = here().course(number) or abort(404)
    block = request.args.get("block", "")
    if not g.me.staff and not here().profile.client_per_placement:  # Open edX lets a learner's request through to the tool
        abort(403, "Only teachers can add activities.")
    source = url_for("linking.launch", site=here().key, number=number, block=block or None)
    return render_template("demo/add.html", course=course, source=source)


@bp.get("/course/<int:number>/add/launch")
@for_somebody
def launch(number: int) -> str | AnyResponse:
    """The first step of a deep linking launch."""
    site, block = here(), request.args.get("block", "")
    stand_in = site.activity(block) or next((one for one in site.activities if one.course == number), None) or abort(404)
    twist = {"message": "deep_linking", "course": number, "block": block}
    fields = begin(g.me, stand_in, twist)
    return render_template("demo/form_post.html", action=world().login_url, fields=fields, words="Going to the tool")


def asking(claims: dict[str, Any], twist: dict[str, Any]) -> dict[str, Any]:
    """The claims of a launch, made into a deep linking request."""
    site = here()
    key = secrets.token_urlsafe(12)
    asked: dict[str, Any] = {
        "deep_link_return_url": f"{world().issuer(site)}/linking/return?id={key}&sesskey=Xk4pocket",
        "accept_types": ["ltiResourceLink"],
        "accept_presentation_document_targets": ["frame", "iframe", "window"],
        "accept_multiple": not site.profile.client_per_placement,
        "auto_create": False,
        "title": site.name,
    }
    if site.profile.client_per_placement:
        asked |= {"accept_types": ["link", "file", "html", "ltiResourceLink", "image"], "data": DATA}
    asked |= twist.get("settings", {})
    asked = {name: value for name, value in asked.items() if value is not None}
    world().state.keep_linking(site.key, key, {"course": twist["course"], "block": twist.get("block", ""), "asked": asked})
    kept = {name: value for name, value in claims.items() if name != SHORT["resource_link"]}
    services = {name: value for name, value in kept.get(SHORT["ags"], {}).items() if name != "lineitem"}
    if services:
        kept[SHORT["ags"]] = services
    return {**kept, SHORT["message_type"]: "LtiDeepLinkingRequest", DL + "deep_linking_settings": asked}


@bp.post("/linking/return")
@served("linking")
def come_back() -> Response:
    """The tool's answer, by way of the browser."""
    site, lms = here(), world()
    waiting = lms.state.linking(site.key, request.args.get("id", ""))
    token = request.form.get("JWT", "")
    if waiting is None:
        return _wrong("Nobody asked for this.")
    try:
        claims = _believed(token)
        g.detail["sent"] = claims
        problem = next(_problems(claims, waiting["asked"]), None)
    except (BadAssertion, KeysUnreachable) as bad:
        problem = str(bad)
    if problem:
        return _wrong(problem)
    block = site.activity(waiting["block"]) if waiting["block"] else None
    made = [growing.place(lms, here_now(), waiting["course"], item, block) for item in claims[DL + "content_items"]]
    g.title = f"The tool sent {len(made)} activities to add"
    page = render_template("demo/added.html", made=made, course=waiting["course"], message=claims.get(DL + "msg"))
    return Response(page)


def here_now() -> Any:
    """The site with what was added a moment ago."""
    return growing.played(world(), here().key)


def _wrong(words: str) -> Response:
    g.title = f"Refused: {words}"
    return plain(words, 400)


def _believed(token: str) -> dict[str, Any]:
    """The claims of the answer, if one of the tool's published keys signed it."""
    header, _ = unverified(token)
    if header.get("alg") != "RS256" or not isinstance(header.get("kid"), str):
        raise BadAssertion("invalid", "the answer must be signed by RS256, with a kid")
    return TOOL_KEYS.verified(token, f"{world().tool_url}/.well-known/jwks.json", header["kid"])


def _problems(claims: dict[str, Any], asked: dict[str, Any]) -> Iterator[str]:
    """What is wrong with an answer."""
    site, lms, now = here(), world(), clock(here().key)
    if claims.get("iss") not in site.client_ids():
        yield "iss must be the tool's client id"
    if claims.get("aud") not in (lms.issuer(site), [lms.issuer(site)]):
        yield f"aud must be {lms.issuer(site)}"
    if not isinstance(claims.get("exp"), int) or not isinstance(claims.get("iat"), int) or not claims["iat"] - 60 <= now < claims["exp"]:
        yield "exp and iat must stand around this moment"
    for name, value in (("message_type", "LtiDeepLinkingResponse"), ("version", "1.3.0"), ("deployment_id", site.deployment_id)):
        if claims.get(LTI + name) != value:
            yield f"{name} must be {value}"
    if not claims.get("nonce") or not lms.state.spend(site.key, "dl", str(claims["iss"]), str(claims["nonce"])):
        yield "the nonce is missing or was used before"
    if claims.get(DL + "data") != asked.get("data"):
        yield "data must come back byte for byte, or not at all"
    if _has_null(claims):
        yield "nothing may be null"
    items = claims.get(DL + "content_items")
    if not isinstance(items, list):
        yield "content_items must be a list"
    elif len(items) > 1 and not asked["accept_multiple"]:
        yield "only one item was asked for"
    else:
        for item in items:
            yield from _item_problems(item, asked)


def _item_problems(item: dict[str, Any], asked: dict[str, Any]) -> Iterator[str]:
    if item.get("type") not in asked["accept_types"]:
        yield f"items of type {item.get('type')} were not asked for"
    if urlsplit(str(item.get("url"))).netloc != urlsplit(world().tool_url).netloc:
        yield "url must be at the tool"
    if not all(isinstance(value, str) for value in (item.get("custom") or {}).values()):
        yield "custom values must be strings"
    line = item.get("lineItem")
    if line is not None:
        if asked.get("accept_lineitem") is False:
            yield "line items were not asked for"
        maximum = line.get("scoreMaximum")
        if not isinstance(maximum, int) or maximum <= 0:
            yield "scoreMaximum must be a whole number above 0"
        if not all(isinstance(line.get(name), str) and line[name] for name in ("label", "resourceId", "tag")):
            yield "label, resourceId and tag must be words"


def _has_null(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_null(one) for one in value.values())
    return any(_has_null(one) for one in value) if isinstance(value, list) else value is None


@bp.post("/control/copy-course")
def copy() -> Response:
    """Copy a course for the next term; its number and context id."""
    made = growing.copy_course(world(), here(), int(request.get_json()["course"]))
    return Response(json.dumps({"number": made.number, "context_id": made.context_id}), mimetype="application/json")

