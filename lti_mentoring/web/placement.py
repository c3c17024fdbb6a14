# SPDX-License-Identifier: Apache-2.0
"""The coordinator's list of activities: what each opens, and how it is graded."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from marshmallow import EXCLUDE, Schema, fields, validate
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.domain.placing import GRADINGS
from lti_mentoring.services import placement
from lti_mentoring.web.access import actor, require

bp = Blueprint("placement", __name__, url_prefix="/courses/<course>")


class ActivityForm(Schema):
    """What an activity opens, and how it is graded."""

    class Meta:
        unknown = EXCLUDE

    item = fields.String(required=True, validate=validate.Length(min=1, max=200))
    grading = fields.String(required=True, validate=validate.OneOf(GRADINGS))
    beside = fields.Boolean(load_default=False)


@bp.get("/activities")
@require("placement.read")
def index(course: str) -> str:
    return render_template("placement/index.html", page=placement.page(actor=actor()))


@bp.post("/activities/<activity>")
@require("placement.edit")
def change(course: str, activity: str) -> AnyResponse:
    form = ActivityForm().load(request.form.to_dict())
    placement.change(actor=actor(), placement_id=activity, item=form["item"], grading=form["grading"], beside=form["beside"])
    return redirect(url_for("placement.index", course=course), 303)
