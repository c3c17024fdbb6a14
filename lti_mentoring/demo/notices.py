# SPDX-License-Identifier: Apache-2.0
"""The notice service: the tool orders notices here, and a test has them sent (as Canvas offers it)."""

from __future__ import annotations

import json
import secrets
import time
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, jsonify, request

from lti_mentoring.demo import signing
from lti_mentoring.demo.answers import Refusal, as_json
from lti_mentoring.demo.door import served
from lti_mentoring.demo.gradebook import bearer
from lti_mentoring.demo.site import NOTICES
from lti_mentoring.demo.world import here, world

bp = Blueprint("notices", __name__, url_prefix="/<site>")

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
KINDS = ("LtiHelloWorldNotice", "LtiContextCopyNotice", "LtiAssetProcessorSubmissionNotice")


def claim(scope: str) -> dict[str, Any]:
    """What a launch says of the service."""
    return {
        "service_versions": ["1.0"],
        "platform_notification_service_url": f"{world().issuer(here())}/notice-handlers/{scope}",
        "scope": [NOTICES],
        "notice_types_supported": list(KINDS),
    }


@bp.route("/notice-handlers/<scope>", methods=["GET", "PUT"])
@served("notices")
def handlers(scope: str) -> Response:
    """Take an order, or tell those that were taken. The handler must be at the tool's own host."""
    bearer(scope, NOTICES)
    site, state = here(), world().state
    if request.method == "GET":
        taken = [{"notice_type": kind, "handler": handler} for kind, handler in state.handlers(site.key).items()]
        return as_json({"client_id": site.client_ids()[0], "deployment_id": site.deployment_id, "notice_handlers": taken})
    asked = request.get_json(force=True, silent=True) or {}
    kind, handler = asked.get("notice_type"), asked.get("handler")
    if kind not in KINDS or not isinstance(handler, str):
        raise Refusal(400, "notice_type and handler are wanted")
    if handler and urlsplit(handler).netloc != urlsplit(world().tool_url).netloc:
        raise Refusal(400, "handler must match the domain of the tool")
    state.keep_handler(site.key, kind, handler)
    return as_json({"notice_type": kind, "handler": handler})


@bp.post("/control/notices")
def send() -> Response:
    """Send notices of a kind to whoever ordered them, signed as asked; what the tool answered. No second try (Canvas)."""
    asked = request.get_json()
    site, lms = here(), world()
    handler = lms.state.handlers(site.key).get(asked["kind"]) or asked.get("handler")
    if not handler:
        return jsonify({"status": None})
    tokens = [_token(asked, one) for one in asked.get("ids") or [secrets.token_hex(16)]]
    body = json.dumps({"notices": [{"jwt": one} for one in tokens]}).encode()
    call = urllib.request.Request(handler, data=body, headers={"Content-Type": "application/json"})  # noqa: S310 - the tool's address
    try:
        with urllib.request.urlopen(call, timeout=10) as answer:  # noqa: S310  # nosec B310 - see above
            return jsonify({"status": answer.status, "body": json.loads(answer.read())})
    except urllib.error.HTTPError as error:
        return jsonify({"status": error.code, "body": json.loads(error.read() or b"{}")})


def _token(asked: dict[str, Any], notice_id: str) -> str:
    site, now = here(), int(time.time())
    claims: dict[str, Any] = {
        "iss": world().issuer(site),
        "aud": site.client_ids()[0],
        "azp": site.client_ids()[0],
        "iat": now,
        "exp": now + 3600,
        "nonce": secrets.token_hex(16),
        LTI + "version": "1.3.0",
        LTI + "deployment_id": site.deployment_id,
        LTI + "notice": {"id": notice_id, "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)), "type": asked["kind"]},
        **{LTI + name if not name.startswith("=") else name[1:]: value for name, value in asked.get("claims", {}).items()},
    }
    key, how = world().keys.signing_key(site.key), asked.get("sign", "proper")
    return signing.sign(claims, key) if how == "proper" else signing.sign_oddly(claims, key, how, {})
