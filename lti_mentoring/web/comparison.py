# SPDX-License-Identifier: Apache-2.0
"""The page that compares the gradebook with ours, and what one click does about a difference."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from marshmallow import EXCLUDE, Schema, fields, validate
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.services import comparison
from lti_mentoring.web.access import actor, require

bp = Blueprint("comparison", __name__, url_prefix="/courses/<course>/grades/compared")


class LineForm(Schema):
    """One person's cell, and what the reader saw of it."""

    class Meta:
        unknown = EXCLUDE

    grade = fields.String(required=True, validate=validate.Length(min=1, max=32))
    seen = fields.String(required=True, validate=validate.Length(min=1, max=32))


class ColumnForm(Schema):
    """One activity's column."""

    class Meta:
        unknown = EXCLUDE

    activity = fields.String(required=True, validate=validate.Length(min=1, max=32))


@bp.get("")
@require("delivery.read")
def index(course: str) -> str:
    return render_template("comparison/index.html", page=comparison.page(actor=actor()))


@bp.post("/ask")
@require("delivery.retry")
def ask(course: str) -> AnyResponse:
    form = ColumnForm().load(request.form.to_dict())
    if comparison.ask(actor=actor(), placement_id=form["activity"]):
        flash(gettext("The gradebook is being read. Load this page again in a moment."), "ok")
    else:
        flash(gettext("The gradebook is being read already. Load this page again in a moment."))
    return redirect(url_for("comparison.index", course=course), 303)


@bp.post("/send")
@require("delivery.retry")
def send_ours(course: str) -> AnyResponse:
    form = LineForm().load(request.form.to_dict())
    comparison.send_ours(actor=actor(), line=form["grade"], seen=form["seen"])
    flash(gettext("Our grade is on its way. Afterwards the gradebook is read again."), "ok")
    return redirect(url_for("comparison.index", course=course), 303)


@bp.post("/keep")
@require("delivery.retry")
def keep_theirs(course: str) -> AnyResponse:
    form = LineForm().load(request.form.to_dict())
    comparison.keep_theirs(actor=actor(), line=form["grade"], seen=form["seen"])
    flash(gettext("What the LMS holds stands. Nothing is sent until there is a new result."))
    return redirect(url_for("comparison.index", course=course), 303)
