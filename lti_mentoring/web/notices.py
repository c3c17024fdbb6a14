# SPDX-License-Identifier: Apache-2.0
"""Where LMSs leave their notices: nobody is signed in, and each notice is its own proof."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import structlog
from flask import Blueprint, Response, jsonify, request
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from lti_mentoring.lti import notices as protocol
from lti_mentoring.lti.claims import NOTICE_KINDS
from lti_mentoring.lti.launch import LaunchRefused
from lti_mentoring.lti.notices import Notice
from lti_mentoring.lti.verification import MAX_TOKEN_BYTES
from lti_mentoring.services import notice as verbs
from lti_mentoring.web.access import public
from lti_mentoring.web.telemetry import Sparing
from lti_mentoring.web.wiring import wiring

bp = Blueprint("notices", __name__)
log = structlog.get_logger()

MOST_AT_ONCE = 100
REFUSALS = Sparing(60)


class OneNotice(Schema):
    """A notice as it comes."""

    class Meta:
        unknown = EXCLUDE

    jwt = fields.String(required=True, validate=validate.Length(min=1, max=MAX_TOKEN_BYTES))


class Notices(Schema):
    """The body of a delivery."""

    class Meta:
        unknown = EXCLUDE

    notices = fields.List(fields.Nested(OneNotice), required=True, validate=validate.Length(min=1, max=MOST_AT_ONCE))


@bp.post("/lti/notices")
@public("an LMS leaves its notices here; each is signed by it")
def receive() -> tuple[Response, int]:
    """Keep what is proven and means something to us; answer at once (checklist PN-02)."""
    try:
        body = Notices().load(request.get_json(silent=True) or {})
    except ValidationError:
        return jsonify(code="notices_unreadable", detail='a JSON object {"notices": [{"jwt": "..."}]} is expected'), 400
    refused = 0
    for one in body["notices"]:
        found = _verified(one["jwt"])
        refused += found is None
        if found is not None and found.kind in NOTICE_KINDS:
            verbs.keep(found)
    answer = jsonify(received=len(body["notices"]) - refused, refused=refused)
    return answer, 200 if not refused else 401


def _verified(token: str) -> Notice | None:
    w = wiring()
    leeway = w.settings.clock_leeway_seconds
    try:
        return protocol.receive(token, registry=w.registry, keysets=w.keysets, leeway_seconds=leeway, now=datetime.now(UTC))
    except LaunchRefused as refusal:
        if REFUSALS.lets("notices", time.monotonic()):
            known = refusal.registration.id if refusal.registration else None
            log.warning("notice_refused", reason=refusal.reason, registration=known)
        return None
