# SPDX-License-Identifier: Apache-2.0
"""For whoever operates the tool: alive, able to work, and numbers."""

from __future__ import annotations

import hmac

from flask import Blueprint, Response, abort, jsonify, request

from lti_mentoring.web.access import public
from lti_mentoring.web.wiring import wiring

bp = Blueprint("health", __name__)


@bp.get("/healthz")
@public("answers that the process is alive")
def healthz() -> Response:
    return jsonify(status="ok")


@bp.get("/readyz")
@public("names the part that does not work, and nothing else")
def readyz() -> tuple[Response, int]:
    broken = wiring().ready()
    return (jsonify(status="ok"), 200) if not broken else (jsonify(status="not ready", parts=broken), 503)


@bp.get("/metrics")
@public("has a token of its own, and is absent without one")
def metrics() -> Response:
    token = wiring().settings.metrics_token
    sent = request.headers.get("Authorization", "")
    if not token or not hmac.compare_digest(sent.encode(), f"Bearer {token}".encode()):
        abort(404)
    return Response(wiring().figures(), mimetype="text/plain", headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})
