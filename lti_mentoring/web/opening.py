# SPDX-License-Identifier: Apache-2.0
"""How ready the programme is: its eight components, the people that each policy needs, and the choice between them."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.services import intake, opening
from lti_mentoring.services.intake import MODES, MOST_PLACES
from lti_mentoring.web.access import actor, require
from lti_mentoring.web.wording.rule import field_words, rule_words

bp = Blueprint("opening", __name__, url_prefix="/courses/<course>")

Answer = str | AnyResponse | tuple[str, int]

DAYS = validate.Range(min=date(2000, 1, 1), max=date(2999, 12, 31))

FIELDS = {
    **{"title_missing": "title", "support_missing": "support", "window_backwards": "closes_on", "places_given": "places"},
    **{"form_missing": "mode", "component_missing": "policy", "policy": "policy"},
}
"""The field at which each refusal is told."""


class PolicyForm(Schema):
    """The policy to run the programme under, and the version whose policies were seen."""

    class Meta:
        unknown = EXCLUDE

    policy = fields.String(required=True, validate=validate.Length(min=1, max=40))
    version = fields.String(required=True, validate=validate.Length(max=32))


class QuestionsForm(Schema):
    """Five answers that open a programme: name, observers and policy, way in and places, days, support."""

    class Meta:
        unknown = EXCLUDE

    title = fields.String(required=True, validate=validate.Length(min=1, max=200))
    observers = fields.Integer(required=True, validate=validate.Range(min=0, max=1000))
    policy = fields.String(load_default="", validate=validate.Length(max=40))
    mode = fields.String(required=True, validate=validate.OneOf(MODES))
    places = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(min=0, max=MOST_PLACES))
    opens_on = fields.Date(load_default=None, allow_none=True, validate=DAYS)
    closes_on = fields.Date(load_default=None, allow_none=True, validate=DAYS)
    support = fields.String(required=True, validate=validate.Length(min=1, max=10_000))


@bp.get("/programme/start")
@require("programme.edit")
def start(course: str) -> str | AnyResponse:
    page = opening.questions(actor=actor())
    if page.opened:
        return redirect(url_for("opening.index", course=course), 303)
    return render_template("opening/start.html", page=page, sent=None, errors={})


@bp.post("/programme/start")
@require("programme.edit")
def answer(course: str) -> Answer:
    sent = {name: value for name, value in request.form.to_dict().items() if value.strip()}
    try:
        form: dict[str, Any] = QuestionsForm().load(sent)
        days = intake.whole_days(form.pop("opens_on"), form.pop("closes_on"))
        opening.start(actor=actor(), opens_at=days[0], closes_at=days[1], **form)
    except ValidationError as error:
        told = {name: field_words(words) for name, words in error.normalized_messages().items()}
        return render_template("opening/start.html", page=opening.questions(actor=actor()), sent=sent, errors=told), 400
    except RuleBroken as broken:
        if broken.code == "programme_opened":
            flash(rule_words(broken.code), "wait")
            return redirect(url_for("opening.index", course=course), 303)
        field = FIELDS.get(broken.code)
        if field is None:
            raise
        told = {field: rule_words(broken.code, broken.facts)}
        return render_template("opening/start.html", page=opening.questions(actor=actor()), sent=sent, errors=told), 400
    flash(gettext("The programme is open. Everything that you have not answered stands as the default has it, and can be edited."), "ok")
    return redirect(url_for("opening.index", course=course), 303)


@bp.get("/programme")
@require("programme.open")
def index(course: str) -> str:
    return render_template("opening/index.html", page=opening.readiness(actor=actor()), error="")


@bp.post("/programme/policy")
@require("programme.open")
def choose(course: str) -> Answer:
    form = PolicyForm().load(request.form.to_dict())
    try:
        opening.choose_policy(actor=actor(), name=form["policy"], version_id=form["version"])
    except RuleBroken as broken:
        if broken.code != "policy_moved":
            raise
        return render_template("opening/index.html", page=opening.readiness(actor=actor()), error=rule_words(broken.code)), 409
    flash(gettext("Chosen. Whoever begins from now on goes by it; whoever has begun keeps what they began with."), "ok")
    return redirect(url_for("opening.index", course=course), 303)
