# SPDX-License-Identifier: Apache-2.0
"""The addresses at which the tool asks who is signed in, fetches this site's keys and gets its access tokens."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, g, make_response, render_template, request

from lti_mentoring.demo import columns, signing
from lti_mentoring.demo.answers import Refusal, as_json
from lti_mentoring.demo.assertion import BadAssertion, KeysUnreachable, ToolKeys, check, unverified
from lti_mentoring.demo.door import served
from lti_mentoring.demo.faults import clock, state_of
from lti_mentoring.demo.message import launch_claims, long_name
from lti_mentoring.demo.site import Activity, Persona
from lti_mentoring.demo.world import cookie_name, here, signed_in, world

bp = Blueprint("protocol", __name__, url_prefix="/<site>")

TOKEN_SECONDS = 3600
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
TOOL_KEYS = ToolKeys()
TOOL = "https://purl.imsglobal.org/spec/lti-tool-configuration"

COMPANIONS: dict[str, Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]] = {}
"""Other messages than a launch: each makes its claims from a launch's."""


@bp.get("/jwks")
@served("jwks")
def jwks() -> Response:
    """The public keys of this site."""
    answer = as_json(world().keys.public(here().key, old=state_of(here().key, "cached_keys") is not None))
    answer.headers["Cache-Control"] = "max-age=300"
    return answer


@bp.route("/auth", methods=["GET", "POST"])
@served("auth")
def auth() -> Response:
    """The tool asks who is signed in; the answer is a form that the browser posts to the tool."""
    asked = request.values.to_dict()
    g.detail["sent"] = asked
    site, lms = here(), world()
    hint = asked.get("lti_message_hint", "")
    begun = lms.state.hint(site.key, hint)
    activity = site.activity(begun["activity"]) if begun else None
    persona = signed_in(request.cookies.get(cookie_name(site)))
    if begun is None or activity is None or (site.profile.hint_once and begun["spent"]):
        return _invalid("The launch that this request belongs to is unknown or was used before.")
    if asked.get("client_id") != site.client_id(activity):
        return _invalid("The client id is not the one of this activity.")
    if asked.get("redirect_uri") != lms.launch_url:
        return _invalid("The redirect address is not one that was registered.")
    if not asked.get("nonce"):
        return _invalid("The nonce is missing.")
    if site.profile.hint_once and not lms.state.spend_hint(site.key, hint):
        return _invalid("The launch that this request belongs to was used before.")
    wrong = _wrong(asked, persona, begun["persona"])
    if wrong is None and not lms.state.spend(site.key, "nonce", asked["client_id"], asked["nonce"]):
        return _invalid("The nonce was used before.")
    twist: dict[str, Any] = json.loads(begun["twist"])
    if twist.get("error"):
        wrong = (twist["error"], twist.get("error_description", "Asked for by a test"))
    if wrong or persona is None:
        return _post_error(asked, *(wrong or ("login_required", "Nobody is signed in")))
    return _post_launch(asked, persona, activity, twist)


def _wrong(asked: dict[str, str], persona: Persona | None, opened_by: str) -> tuple[str, str] | None:
    expected = {
        "scope": ("openid", "invalid_scope"),
        "response_type": ("id_token", "unsupported_response_type"),
        "response_mode": ("form_post", "invalid_request"),
        "prompt": ("none", "invalid_request"),
    }
    for name, (value, error) in expected.items():
        if asked.get(name) != value:
            return error, f"{name} must be {value}"
    if not asked.get("state"):
        return "invalid_request", "state is missing"
    if persona is None:
        return "login_required", "Nobody is signed in"
    if asked.get("login_hint") != str(persona.number) or persona.key != opened_by:
        return "access_denied", "login_hint is not the person who is signed in"
    return None


def _invalid(words: str) -> Response:
    g.title = f"Refused: {words}"
    status = 404 if here().profile.family == "moodle" else 400  # Moodle's error pages are all 404
    return make_response(render_template("demo/invalid.html", words=words), status)


def _post_error(asked: dict[str, str], error: str, words: str) -> Response:
    fields = {"error": error, "error_description": words, "state": asked.get("state", "")}
    g.title = f"Refused: {words}"
    g.detail["answered"] = {key: value for key, value in fields.items() if key != "state"}
    return _form_post(fields)


def _post_launch(asked: dict[str, str], persona: Persona, activity: Activity, twist: dict[str, Any]) -> Response:
    site, lms = here(), world()
    claims = launch_claims(
        site,
        persona,
        activity,
        base_url=lms.base_url,
        launch_url=lms.launch_url,
        nonce=asked["nonce"],
        now=int(clock(site.key)),
        lineitem_url=columns.claimed_url(lms.state, site, activity, lms.base_url),
    )
    _withhold(claims)
    companion = COMPANIONS.get(twist.get("message", ""))
    if companion is not None:
        claims = companion(claims, twist)
    claims.update({long_name(name): value for name, value in twist.get("claims", {}).items()})
    for name in twist.get("without", ()):
        claims.pop(long_name(name), None)
    if "payload" in twist:
        claims = twist["payload"]
    how, header = twist.get("sign", "proper"), twist.get("header", {})
    key = lms.keys.signing_key(site.key)
    token = signing.sign(claims, key) if how == "proper" and not header else signing.sign_oddly(claims, key, how, header)
    storage = {"lti_storage_target": site.storage} if site.storage else {}
    fields = {"id_token": token, "state": asked["state"], **storage, **twist.get("form", {})}
    g.title = f"{persona.shown} opened “{activity.title}”"
    g.detail["answered"] = {"signed": how, "header": header, "claims": claims}
    return _form_post({name: value for name, value in fields.items() if value is not None})


def _withhold(claims: dict[str, Any]) -> None:
    """A tool that has entered itself gets the personal data that it asked for, and no more."""
    tool = world().state.tool(here().key)
    if tool is not None:
        for name in {"name", "given_name", "family_name", "email"} - set(tool[TOOL]["claims"]):
            claims.pop(name, None)


def _form_post(fields: dict[str, str]) -> Response:
    page = render_template("demo/form_post.html", action=world().launch_url, fields=fields, words="Opening the activity")
    answer = make_response(page)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.post("/token")
@served("token")
def token() -> Response:
    """An access token for a tool that proves who it is."""
    site, lms, asked = here(), world(), request.form
    assertion = asked.get("client_assertion", "")
    shown: dict[str, Any] = {name: value for name, value in asked.items() if name != "client_assertion"}
    g.detail["sent"] = shown
    try:
        shown["client_assertion"] = dict(zip(("header", "claims"), unverified(assertion), strict=True))
        if request.mimetype != "application/x-www-form-urlencoded":
            raise BadAssertion("invalid_request", "the request must be a form")
        if asked.get("grant_type") != "client_credentials":
            raise BadAssertion("unsupported_grant_type", "grant_type must be client_credentials")
        if asked.get("client_assertion_type") != ASSERTION_TYPE:
            raise BadAssertion("invalid_request", f"client_assertion_type must be {ASSERTION_TYPE}")
        client_id, _ = check(lms, site, TOOL_KEYS, assertion)
        wanted = frozenset(asked.get("scope", "").split())
        without = (state_of(site.key, "fewer_scopes") or {"without": None})["without"]
        granted = frozenset(one for one in wanted & site.scopes(client_id) if one.rpartition("/")[2] != without)
        if not granted:
            raise BadAssertion("invalid_scope", "none of the scopes can be granted")
    except BadAssertion as bad:
        g.title = f"Access token refused: {bad.words}"
        return as_json({"error": bad.error, "error_description": bad.words}, 400)
    except KeysUnreachable as trouble:
        return _keys_unreachable(trouble)
    g.title = "The tool got an access token"
    answer = {"token_type": "Bearer", "expires_in": TOKEN_SECONDS, "scope": " ".join(sorted(granted))}  # nosec B105 (the kind of token)
    g.detail["answered"] = answer
    opaque = lms.state.new_token(site.key, client_id, granted, TOKEN_SECONDS)
    return as_json({"access_token": opaque, **answer}, 200, site.profile.grant_media_type)


def _keys_unreachable(trouble: KeysUnreachable) -> Response:
    g.title = f"Access token refused: the tool's keys cannot be fetched ({trouble})"
    if here().profile.family == "moodle":  # Moodle answers an HTML page with 404 and no word of the reason
        raise Refusal(404, "Error/codingerror", html=True)
    return as_json({"error": "invalid_client", "error_description": "The tool's keys cannot be fetched"}, 400)
