# SPDX-License-Identifier: Apache-2.0
"""Outcomes: a pair's own measures, and what whoever leads the course is told of groups of five or more."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.domain import outcome as rules
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.services import outcome, outcome_report
from lti_mentoring.web.access import actor, require
from lti_mentoring.web.mentorship import errors_of, field_of

bp = Blueprint("outcome", __name__, url_prefix="/courses/<course>")

Answer = str | AnyResponse | tuple[str, int]


class MeasureForm(Schema):
    """A measure to begin; ``measure`` is the form's own id."""

    class Meta:
        unknown = EXCLUDE

    measure = fields.UUID(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(rules.KINDS))
    baseline = fields.Float(required=True)
    target = fields.Float(required=True)
    horizon = fields.Integer(required=True)


class ReadingForm(Schema):
    """Where a measure stands on a day."""

    class Meta:
        unknown = EXCLUDE

    day = fields.Date(required=True)
    value = fields.Float(required=True)


FIELDS = {"outcome_kind": "kind", "outcome_number": "baseline", "outcome_target": "target", "outcome_horizon": "horizon"}
READING_FIELDS = {"outcome_number": "value", "outcome_day": "day", "outcome_many": "day"}


@bp.get("/mine/<pair>/outcomes")
@require("mentoring.own")
def index(course: str, pair: str) -> str:
    return _page(pair, {}, {}, "")


def _page(pair: str, values: dict[str, str], errors: dict[str, Any], at: str) -> str:
    page = outcome.page(actor=actor(), mentorship_id=pair)
    given = {"values": values, "errors": errors, "at": at, "new": values.get("measure") or uuid.uuid4().hex}
    return render_template("outcome/index.html", page=page, draw=rules, **given)


@bp.post("/mine/<pair>/outcomes")
@require("mentoring.own")
def add(course: str, pair: str) -> Answer:
    sent = request.form.to_dict()
    try:
        told: dict[str, Any] = MeasureForm().load(sent)
        outcome.add(actor=actor(), mentorship_id=pair, measure_id=told.pop("measure").hex, **told)
    except ValidationError as error:
        return _page(pair, sent, errors_of(error), "new"), 400
    except RuleBroken as broken:
        return _page(pair, sent, field_of(broken, FIELDS), "new"), 400
    flash(gettext("Kept. Those inside this pair can read it."), "ok")
    return redirect(url_for("outcome.index", course=course, pair=pair), 303)


@bp.post("/mine/<pair>/outcomes/<measure>/readings")
@require("mentoring.own")
def read(course: str, pair: str, measure: str) -> Answer:
    sent = request.form.to_dict()
    try:
        told: dict[str, Any] = ReadingForm().load(sent)
        outcome.read(actor=actor(), mentorship_id=pair, measure_id=measure, **told)
    except ValidationError as error:
        return _page(pair, sent, errors_of(error), measure), 400
    except RuleBroken as broken:
        return _page(pair, sent, field_of(broken, READING_FIELDS), measure), 400
    flash(gettext("Kept."), "ok")
    return redirect(url_for("outcome.index", course=course, pair=pair), 303)


@bp.post("/mine/<pair>/outcomes/<measure>/statement")
@require("mentoring.own")
def agree(course: str, pair: str, measure: str) -> AnyResponse:
    outcome.agree(actor=actor(), mentorship_id=pair, measure_id=measure, candidacy_id=request.form.get("candidacy", ""))
    flash(gettext("You have agreed. Your receipt stands below the measure, and you can take it back there at any time."), "ok")
    return redirect(url_for("outcome.index", course=course, pair=pair), 303)


@bp.post("/mine/<pair>/outcomes/<measure>/statement/withdraw")
@require("mentoring.own")
def withdraw(course: str, pair: str, measure: str) -> AnyResponse:
    outcome.withdraw(actor=actor(), mentorship_id=pair, measure_id=measure)
    flash(gettext("Taken back. The award case holds it no more."), "ok")
    return redirect(url_for("outcome.index", course=course, pair=pair), 303)


@bp.get("/outcomes")
@require("outcome.report")
def report(course: str) -> str:
    return render_template("outcome/report.html", lines=outcome_report.report(actor=actor()))
