# SPDX-License-Identifier: Apache-2.0
"""Somebody who was erased opens an activity again: they are asked first, and agree before anything is kept of them."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template, request

from lti_mentoring.keys import BadToken
from lti_mentoring.services import tombstone
from lti_mentoring.services.tombstone import ErasedBefore
from lti_mentoring.web import frame
from lti_mentoring.web.access import public
from lti_mentoring.web.frame import ForeignForm
from lti_mentoring.web.wiring import the_request, wiring

bp = Blueprint("returning", __name__)

PURPOSE, LIFETIME_S = "return", 3600


def ask(erased: ErasedBefore) -> Response:
    """The page that asks. It names nobody, since nobody is known any more."""
    frame.allow_frames(frame.ANYONE)
    token = wiring().signer.sign({"org": erased.org_id, "mark": erased.mark}, LIFETIME_S, purpose=PURPOSE)
    return make_response(render_template("my_privacy/return.html", token=token, agreed=False), 403)


@bp.post("/lti/return")
@public("carries its own proof: what a verified launch was answered with")
def agree() -> Response:
    frame.allow_frames(frame.ANYONE)
    try:
        frame.check_origin(the_request())
        held = wiring().signer.read(request.form.get("token", ""), purpose=PURPOSE)
    except (BadToken, ForeignForm):
        return make_response(render_template("my_privacy/return.html", agreed=False), 403)
    tombstone.lift(org_id=held["org"], mark=held["mark"])
    return make_response(render_template("my_privacy/return.html", agreed=True))
