# SPDX-License-Identifier: Apache-2.0
"""Something I said got out: the reporter's page, the confidant's, and for who leads the course who the confidants are."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from marshmallow import EXCLUDE, Schema, fields, validate
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.domain.rule import NotAllowed, NotFound, RuleBroken
from lti_mentoring.services import concern
from lti_mentoring.web.access import actor, require
from lti_mentoring.web.wording.rule import rule_words

bp = Blueprint("concern", __name__, url_prefix="/courses/<course>/concern")

Answer = AnyResponse | tuple[str, int]


class ReportForm(Schema):
    """A report; ``report`` is the form's own id, so that sending it twice tells once."""

    class Meta:
        unknown = EXCLUDE

    report = fields.UUID(required=True)
    about = fields.String(required=True, validate=validate.Length(max=32))
    confidant = fields.String(load_default="", validate=validate.Length(max=32))
    words = fields.String(load_default="", validate=validate.Length(max=20_000))
    may_tell = fields.Boolean(load_default=False)


class PersonForm(Schema):
    """Somebody of the course."""

    class Meta:
        unknown = EXCLUDE

    person = fields.String(required=True, validate=validate.Length(max=32))


def _index(about: str, sent: dict[str, str], error: str = "") -> str:
    page = concern.overview(actor=actor(), about=about)
    return render_template("concern/index.html", page=page, sent={"report": uuid.uuid4().hex} | sent, error=error)


@bp.get("")
@require("concern.own")
def index(course: str) -> str:
    return _index(request.args.get("about", ""), {})


@bp.post("")
@require("concern.own")
def report(course: str) -> Answer:
    sent = request.form.to_dict()
    form: dict[str, Any] = ReportForm().load(sent)
    told = {"about_id": form["about"], "confidant_id": form["confidant"], "words": form["words"], "may_tell": form["may_tell"]}
    try:
        concern.report(actor=actor(), concern_id=form["report"].hex, **told)
    except RuleBroken as broken:
        if isinstance(broken, NotAllowed | NotFound):
            raise
        return _index(form["about"], sent, rule_words(broken.code, broken.facts)), 400
    flash(gettext("Told. Only your confidant and you can read it."), "ok")
    return redirect(url_for("concern.sheet", course=course, told=form["report"].hex), 303)


@bp.get("/<told>")
@require("concern.own")
def sheet(course: str, told: str) -> str:
    return _sheet(told)


def _sheet(concern_id: str, error: str = "") -> str:
    return render_template("concern/sheet.html", page=concern.sheet(actor=actor(), concern_id=concern_id), error=error)


@bp.post("/<told>/<any(receive, talk, hear, find, not_find, close, withdraw, tell):verb>")
@require("concern.own")
def act(course: str, told: str, verb: str) -> Answer:
    try:
        concern.act(actor=actor(), concern_id=told, verb=verb)
    except RuleBroken as broken:
        if isinstance(broken, NotAllowed | NotFound):
            raise
        return _sheet(told, rule_words(broken.code, broken.facts)), 400
    return redirect(url_for("concern.sheet", course=course, told=told), 303)


@bp.post("/confidant")
@require("concern.own")
def agree(course: str) -> AnyResponse:
    concern.agree(actor=actor())
    flash(gettext("You are a confidant of this course. Whoever tells you something finds you here."), "ok")
    return redirect(url_for("concern.index", course=course), 303)


@bp.get("/confidants")
@require("concern.confidants")
def desk(course: str) -> str:
    return render_template("concern/desk.html", page=concern.desk(actor=actor()))


@bp.post("/confidants")
@require("concern.confidants")
def name(course: str) -> AnyResponse:
    form: dict[str, Any] = PersonForm().load(request.form.to_dict())
    concern.name(actor=actor(), person_id=form["person"])
    flash(gettext("Named. They are one once they agree, on their own page."), "ok")
    return redirect(url_for("concern.desk", course=course), 303)
