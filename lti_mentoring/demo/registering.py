# SPDX-License-Identifier: Apache-2.0
"""Tools that enter themselves: an administrator pastes an address, the tool asks for the configuration and posts its own.

Moodle's way and Canvas's, as measured or read there, but checked more strictly: whatever one of the LMSs would refuse is refused.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, abort, g, render_template, request, url_for
from joserfc import jwt
from joserfc.errors import JoseError
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.demo.answers import Refusal, as_json
from lti_mentoring.demo.door import served
from lti_mentoring.demo.faults import clock
from lti_mentoring.demo.pages import for_somebody
from lti_mentoring.demo.protocol import TOOL
from lti_mentoring.demo.site import LINEITEM, LINEITEM_READ, MEMBERS_READ, NOTICES, RESULT_READ, SCORE, Site
from lti_mentoring.demo.world import here, world

bp = Blueprint("registering", __name__, url_prefix="/<site>")

PLATFORM = "https://purl.imsglobal.org/spec/lti-platform-configuration"
CANVAS = "https://canvas.instructure.com/lti/"
TOKEN_SECONDS = 3600
SUPPORTED = (LINEITEM, LINEITEM_READ, RESULT_READ, SCORE, MEMBERS_READ, NOTICES, "https://purl.imsglobal.org/spec/lti-ts/scope/toolsetting")
CLAIMS = ("sub", "iss", "name", "given_name", "family_name", "email")
PRIVACY = ("public", "name_only", "email_only", "anonymous")

REQUIRED = ("response_types", "initiate_login_uri", "redirect_uris", "client_name", "jwks_uri", "token_endpoint_auth_method", TOOL)
"""What Moodle answers "missing required attribute" for."""


@bp.get("/tools")
@for_somebody
def tools() -> str | AnyResponse:
    """Where an administrator pastes the address of a tool, and sees which tools have entered themselves."""
    if g.me.kind != "administrator":
        abort(403, "Only administrators of this LMS can add tools.")
    url = request.args.get("url", "").strip()
    source = None
    if url:
        _require_address(url)
        source = url_for("registering.start", site=here().key, url=url)
    return render_template("demo/tools.html", source=source, url=url, tool=entered(here()), canvas=_canvas(here()))


@bp.get("/tools/start")
@for_somebody
def start() -> str | AnyResponse:
    """Send the frame to the tool, with a token that registers once; what the address already asks for stays."""
    if g.me.kind != "administrator":
        abort(403, "Only administrators of this LMS can add tools.")
    url = request.args.get("url", "")
    _require_address(url)
    asked = {"openid_configuration": f"{world().issuer(here())}/openid-configuration", "registration_token": new_token(here())}
    return Response(status=302, headers={"Location": f"{url}{'&' if '?' in url else '?'}{urlencode(asked)}"})


def _require_address(url: str) -> None:
    """A frame shows pages, and runs nothing in our name."""
    if urlsplit(url).scheme not in ("http", "https"):
        abort(400, "That is not the address of a tool.")


def _canvas(site: Site) -> bool:
    return site.profile.family == "canvas"


def new_token(site: Site) -> str:
    """A registration token: signed by the site's key, good for an hour and for one registration."""
    known = entered(site)
    now = int(clock(site.key))
    scope, sub = ("reg-update", site.deployment_id) if known else ("reg", site.client_ids()[0])
    claims = {"sub": sub, "scope": scope, "iat": now, "exp": now + TOKEN_SECONDS, "jti": secrets.token_urlsafe(8)}
    key = world().keys.signing_key(site.key)
    return jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key)


@bp.get("/openid-configuration")
@served("openid_configuration")
def configuration() -> Response:
    """What this LMS says of itself. Canvas tells it only to whoever holds its token."""
    site, issuer = here(), world().issuer(here())
    if site.profile.client_per_placement:
        raise Refusal(404, "This LMS registers no tools by itself")
    if _canvas(site):
        _proven()
    g.title = "The tool read this LMS's configuration"
    places = ["assignment_selection", "link_selection", "course_navigation"] if _canvas(site) else ["ContentArea"]
    said: dict[str, Any] = {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/auth",
        "token_endpoint": f"{issuer}/token",
        "jwks_uri": f"{issuer}/jwks",
        "registration_endpoint": f"{issuer}/openid-registration",
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS256"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public", "pairwise"],
        "scopes_supported": list(SUPPORTED),
        "claims_supported": list(CLAIMS),
        PLATFORM: {
            "product_family_code": site.profile.family,
            "version": site.profile.version,
            "messages_supported": [{"type": "LtiResourceLinkRequest"}, {"type": "LtiDeepLinkingRequest", "placements": places}],
            "variables": ["ResourceLink.id.history", "Context.id.history"],
        },
    }
    if _canvas(site):
        said[PLATFORM][f"{CANVAS}account_name"] = site.name
    return as_json(said)


def _proven() -> dict[str, Any]:
    """The claims of the token that the tool sends as its proof."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    try:
        key = world().keys.signing_key(here().key)
        claims = jwt.decode(token, key, algorithms=["RS256"]).claims if kind == "Bearer" else {}
    except (JoseError, ValueError):
        claims = {}
    if claims.get("scope") not in ("reg", "reg-update") or claims.get("exp", 0) <= clock(here().key):
        raise Refusal(401, "invalid_token")
    if world().state.spent(here().key, "registration", "tool", claims["jti"]):
        raise Refusal(401, "token_already_used")
    return claims


@bp.post("/openid-registration")
@served("openid_registration")
def registration() -> Response:
    """The tool enters itself; Moodle's answer is 200, and names the deployment."""
    site, claims = here(), _proven()
    asked = request.get_json(silent=True)
    g.detail["sent"] = asked
    if not isinstance(asked, dict) or request.mimetype != "application/json":
        raise Refusal(400, "the request must be JSON")
    problem = next(_problems(asked, site), None)
    if problem:
        g.title = f"Refused: {problem}"
        raise Refusal(400, problem)
    if not world().state.spend(site.key, "registration", "tool", claims["jti"]):
        raise Refusal(401, "token_already_used")
    wanted = str(asked.get("scope", "")).split()
    granted = [one for one in wanted if one in SUPPORTED]
    tool = {**asked[TOOL], "version": "1.3.0"}
    if not _canvas(site):
        tool["deployment_id"] = site.deployment_id
    answer = {**asked, "client_id": site.client_ids()[0], "scope": " ".join(granted), TOOL: tool}
    world().state.keep_tool(site.key, {**answer, "active": False, "at": time.time()})
    g.title, g.detail["answered"] = "The tool has entered itself", answer
    return as_json(answer)


def _problems(asked: dict[str, Any], site: Site) -> Iterator[str]:
    """What is wrong with a registration."""
    for name in REQUIRED:
        if name not in asked:
            yield f"missing required attribute {name.rpartition('/')[2]}"
    tool = asked[TOOL]
    addresses = [asked["initiate_login_uri"], asked["jwks_uri"], *asked["redirect_uris"], tool.get("target_link_uri")]
    lms = world()
    if "id_token" not in asked["response_types"]:
        yield "response_types must contain id_token"
    if asked.get("application_type", "web") != "web":
        yield "application_type must be web"
    if set(asked.get("grant_types", ())) != {"implicit", "client_credentials"}:
        yield "grant_types must be implicit and client_credentials"
    if asked["token_endpoint_auth_method"] != "private_key_jwt":  # noqa: S105  # nosec B105 (the name of a way)
        yield "token_endpoint_auth_method must be private_key_jwt"
    if not tool.get("domain"):
        yield "missing_domain"
    if tool["domain"] != urlsplit(str(tool.get("target_link_uri"))).netloc:
        yield "domain_targetlinkuri_mismatch"
    if any(not isinstance(one, str) or not one.startswith(f"{lms.tool_url}/") for one in addresses):
        yield "all addresses must be at the tool"
    if lms.launch_url not in asked["redirect_uris"] or asked["initiate_login_uri"] != lms.login_url:
        yield "the addresses are not those of the tool"
    if not isinstance(asked.get("scope", ""), str) or not all(isinstance(one, str) for one in tool.get("custom_parameters", {}).values()):
        yield "scope and custom parameters must be texts"
    if not {"iss", "sub"} <= set(tool.get("claims", ())) <= set(CLAIMS):
        yield "claims must hold iss and sub, and none that is not offered"
    if _canvas(site) and tool.get(f"{CANVAS}privacy_level") not in PRIVACY:
        yield "privacy_level must be one of Canvas's"
    yield from _message_problems(tool.get("messages"), _canvas(site))


def _message_problems(messages: Any, canvas: bool) -> Iterator[str]:
    if not isinstance(messages, list) or not all(isinstance(one, dict) and isinstance(one.get("type"), str) for one in messages):
        yield "messages must be a list of objects with a type"
        return
    places = {"assignment_selection", "link_selection", "course_navigation"} if canvas else {"ContentArea"}
    for one in messages:
        if one["type"] not in ("LtiResourceLinkRequest", "LtiDeepLinkingRequest"):
            yield f"messages of type {one['type']} are not offered"
        if not set(one.get("placements", ())) <= places or (canvas and not one.get("placements")):
            yield "placements must be among those that are offered"


def entered(site: Site) -> dict[str, Any] | None:
    """The tool that has entered itself here, if any."""
    return world().state.tool(site.key)


@bp.post("/tools/activate")
@for_somebody
def activate() -> AnyResponse | str:
    """What Moodle calls Activate and Canvas On."""
    tool = entered(here())
    if g.me.kind != "administrator" or tool is None:
        abort(403, "Only administrators of this LMS can activate tools.")
    world().state.keep_tool(here().key, {**tool, "active": True})
    return Response(status=303, headers={"Location": url_for("registering.tools", site=here().key)})


@bp.get("/control/tool")
def shown() -> Response:
    """What a test may know of it."""
    return Response(json.dumps(entered(here())), mimetype="application/json")
