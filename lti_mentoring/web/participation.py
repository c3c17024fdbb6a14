# SPDX-License-Identifier: Apache-2.0
"""Pausing, leaving and coming back: the candidate's own page, and the one on which who leads the course sees to a candidate."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate, validates_schema
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.domain.participation import ENROLMENT
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.rule import NotAllowed, NotFound, RuleBroken
from lti_mentoring.services import participation as verbs
from lti_mentoring.web.access import actor, require
from lti_mentoring.web.wording.participation import part_done_words
from lti_mentoring.web.wording.rule import field_words, rule_words

bp = Blueprint("participation", __name__, url_prefix="/courses/<course>")

OWN = ("defer", "return", "withdraw")
LEADING = (*OWN, "reinstate", "extend")

FIELDS = {
    "reason_unknown": "reason",
    "deferral_end_past": "until",
    "deferral_too_long": "until",
    "deferral_overlaps": "until",
    "enrolment_unknown": "state",
    "enrolment_same": "state",
    "enrolment_order": "state",
    "enrolment_before": "day",
}
"""Rules that are broken by what was typed: code -> its field."""

Answer = str | AnyResponse | tuple[str, int]
Errors = dict[str, Any]


class ActForm(Schema):
    """What somebody does: a verb, where it asks for them a reason and the first day back, and for leaving that they are sure."""

    class Meta:
        unknown = EXCLUDE

    verb = fields.String(required=True, validate=validate.OneOf(LEADING))
    reason = fields.String(load_default="", validate=validate.Length(max=40))
    until = fields.Date(load_default=None, allow_none=True)
    sure = fields.Boolean(load_default=False)

    @validates_schema
    def is_sure(self, data: dict[str, Any], **kwargs: Any) -> None:
        """Whoever leaves has said so twice."""
        if data.get("verb") == "withdraw" and not data.get("sure"):
            raise ValidationError("withdraw_unsure", "sure")


class EnrolmentForm(Schema):
    """How somebody stands at their institution, and since when."""

    class Meta:
        unknown = EXCLUDE

    state = fields.String(required=True, validate=validate.OneOf([one for one in ENROLMENT if one]))
    day = fields.Date(required=True)


def _do(who: Actor, candidacy_id: str, form: dict[str, Any]) -> None:
    verb, reason = form["verb"], form["reason"]
    if verb == "defer":
        verbs.defer(actor=who, candidacy_id=candidacy_id, reason=reason, until=form["until"])
    elif verb == "return":
        verbs.come_back(actor=who, candidacy_id=candidacy_id)
    elif verb == "withdraw":
        verbs.withdraw(actor=who, candidacy_id=candidacy_id, reason=reason)
    elif verb == "reinstate":
        verbs.reinstate(actor=who, candidacy_id=candidacy_id)
    else:
        verbs.extend(actor=who, candidacy_id=candidacy_id, reason=reason)


def _errors(error: ValidationError) -> Errors:
    return {name: field_words(told) for name, told in error.normalized_messages().items()}


def _field(broken: RuleBroken) -> Errors:
    """The field that a broken rule is about; the rule itself is raised again where it is about none."""
    if broken.code not in FIELDS or isinstance(broken, NotAllowed | NotFound):
        raise broken
    return {FIELDS[broken.code]: rule_words(broken.code, broken.facts)}


# --- the candidate's own ----------------------------------------------------------------------------------------------------------


@bp.get("/participation")
@require("participation.own")
def own(course: str) -> str:
    return render_template("participation/own.html", page=verbs.own(actor=actor()), values={}, errors={})


@bp.get("/participation/leave")
@require("participation.own")
def leave(course: str) -> Answer:
    page = verbs.own(actor=actor())
    if "withdraw" not in page.verbs:
        return redirect(url_for("participation.own", course=course))
    return render_template("participation/leave.html", page=page, values={}, errors={})


@bp.post("/participation")
@require("participation.own")
def act(course: str) -> Answer:
    sent = request.form.to_dict()
    page = verbs.own(actor=actor())
    try:
        form: dict[str, Any] = ActForm().load(sent)
        _do(actor(), page.candidacy_id, form)
    except ValidationError as error:
        errors = _errors(error)
    except RuleBroken as broken:
        errors = _field(broken)
    else:
        flash(part_done_words(form["verb"]), "ok")
        return redirect(url_for("participation.own", course=course), 303)
    template = "leave" if sent.get("verb") == "withdraw" else "own"
    return render_template(f"participation/{template}.html", page=page, values=sent, errors=errors), 400


# --- for who leads the course -----------------------------------------------------------------------------------------------------


@bp.get("/candidates/<candidacy>/participation")
@require("participation.decide")
def candidate(course: str, candidacy: str) -> Answer:
    page = verbs.of(actor=actor(), candidacy_id=candidacy)
    if page.mine:
        return redirect(url_for("participation.own", course=course))
    return render_template("participation/candidate.html", page=page, values={}, errors={})


@bp.post("/candidates/<candidacy>/participation")
@require("participation.decide")
def decide(course: str, candidacy: str) -> Answer:
    sent = request.form.to_dict()
    page = verbs.of(actor=actor(), candidacy_id=candidacy)
    try:
        form: dict[str, Any] = ActForm().load(sent)
        _do(actor(), candidacy, form)
    except ValidationError as error:
        return _again(page, sent, _errors(error))
    except RuleBroken as broken:
        return _again(page, sent, _field(broken))
    flash(part_done_words(form["verb"]), "ok")
    return redirect(url_for("participation.candidate", course=course, candidacy=candidacy), 303)


@bp.post("/candidates/<candidacy>/enrolment")
@require("participation.decide")
def enrol(course: str, candidacy: str) -> Answer:
    sent = {**request.form.to_dict(), "verb": "enrol"}
    page = verbs.of(actor=actor(), candidacy_id=candidacy)
    try:
        form: dict[str, Any] = EnrolmentForm().load(sent)
        verbs.enrol(actor=actor(), candidacy_id=candidacy, state=form["state"], day=form["day"])
    except ValidationError as error:
        return _again(page, sent, _errors(error))
    except RuleBroken as broken:
        return _again(page, sent, _field(broken))
    flash(gettext("Written down."), "ok")
    return redirect(url_for("participation.candidate", course=course, candidacy=candidacy), 303)


def _again(page: verbs.Report, sent: dict[str, str], errors: Errors) -> Answer:
    return render_template("participation/candidate.html", page=page, values=sent, errors=errors), 400
