# SPDX-License-Identifier: Apache-2.0
"""How ready the programme is: its eight components, the people that each policy needs, and the choice between them."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from marshmallow import EXCLUDE, Schema, fields, validate
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.services import opening
from lti_mentoring.web.access import actor, require

bp = Blueprint("opening", __name__, url_prefix="/courses/<course>")


class PolicyForm(Schema):
    """The policy to run the programme under."""

    class Meta:
        unknown = EXCLUDE

    policy = fields.String(required=True, validate=validate.Length(min=1, max=40))


@bp.get("/programme")
@require("programme.open")
def index(course: str) -> str:
    return render_template("opening/index.html", page=opening.readiness(actor=actor()))


@bp.post("/programme/policy")
@require("programme.open")
def choose(course: str) -> AnyResponse:
    opening.choose_policy(actor=actor(), name=PolicyForm().load(request.form.to_dict())["policy"])
    flash(gettext("Chosen. Whoever begins from now on goes by it; whoever has begun keeps what they began with."), "ok")
    return redirect(url_for("opening.index", course=course), 303)
