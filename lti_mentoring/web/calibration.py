# SPDX-License-Identifier: Apache-2.0
"""Practising on calibration transcripts: the list, the transcript with its form (as JSON for autosave as well), and the comparison."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext
from marshmallow import EXCLUDE, Schema, fields, validate
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.domain.programme import LEVELS
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.services import calibration as verbs
from lti_mentoring.services import qualified
from lti_mentoring.web import reading
from lti_mentoring.web.access import actor, require
from lti_mentoring.web.wording.rule import rule_words

bp = Blueprint("calibration", __name__, url_prefix="/courses/<course>")
api = Blueprint("calibration_api", __name__, url_prefix="/api/v1/courses/<course>")

bp.app_template_filter("timed")(reading.timed)

NOT_OBSERVED = "NO"

Answer = str | AnyResponse | tuple[str, int]


class AnswerForm(Schema):
    """What is chosen for one criterion: a level, or none for "not observed"."""

    class Meta:
        unknown = EXCLUDE

    criterion = fields.String(required=True, validate=validate.Length(min=1, max=20))
    level = fields.Integer(required=True, allow_none=True, validate=validate.OneOf(LEVELS))


class AttemptForm(Schema):
    """All that is chosen so far, for which attempt, and the text and the revision that the page was made from."""

    class Meta:
        unknown = EXCLUDE

    number = fields.Integer(required=True, validate=validate.Range(min=1, max=100_000))
    revision = fields.Integer(required=True, validate=validate.Range(min=0))
    text = fields.String(load_default=None, validate=validate.Length(max=40))
    answers = fields.List(fields.Nested(AnswerForm), load_default=list, validate=validate.Length(max=60))


def _chosen(sent: dict[str, Any]) -> dict[str, Any]:
    """What came in, as the verbs take it."""
    form: dict[str, Any] = AttemptForm().load(sent)
    chosen = {one["criterion"]: one["level"] for one in form["answers"]}
    return {"number": form["number"], "revision": form["revision"], "text": form["text"], "chosen": chosen}


def _sent() -> dict[str, Any]:
    """The page's form in the shape of ``AttemptForm``; ``criterion`` names each row, since an empty row sends nothing else."""
    sent = request.form
    chosen = {key: sent[f"level-{key}"] for key in sent.getlist("criterion") if sent.get(f"level-{key}")}
    answers = [{"criterion": key, "level": None if level == NOT_OBSERVED else level} for key, level in chosen.items()]
    text = {"text": sent["text"]} if "text" in sent else {}
    return {"number": sent.get("number"), "revision": sent.get("revision"), **text, "answers": answers}


@bp.get("/calibration")
@require("calibration.practise")
def index(course: str) -> str:
    return render_template("calibration/index.html", rows=verbs.exercises(actor=actor()), standing=qualified.own(actor=actor()))


@bp.get("/calibration/<key>")
@require("calibration.practise")
def sheet(course: str, key: str) -> str:
    return _sheet(verbs.sheet(actor=actor(), key=key))


def _sheet(page: verbs.Sheet, **told: Any) -> str:
    return render_template("calibration/sheet.html", page=page, **{"chosen": page.chosen, "open": (), "clashes": (), "error": "", **told})


@bp.post("/calibration/<key>")
@require("calibration.practise")
def rate(course: str, key: str) -> Answer:
    form = _chosen(_sent())
    submits = request.form.get("action") == "submit"
    try:
        made = verbs.submit(actor=actor(), key=key, **form) if submits else verbs.keep(actor=actor(), key=key, **form)
    except RuleBroken as broken:
        return _refused(course, key, form, broken)
    if submits:
        return redirect(url_for("calibration.result", course=course, key=key, attempt=made), 303)
    flash(gettext("Draft kept."), "ok")
    return redirect(url_for("calibration.sheet", course=course, key=key), 303)


def _refused(course: str, key: str, form: dict[str, Any], broken: RuleBroken) -> Answer:
    """What is told on the page where it was chosen, with all that was chosen on it."""
    words = rule_words(broken.code, broken.facts)
    if broken.code == "calibration_submitted":
        flash(words, "wait")
        return redirect(url_for("calibration.result", course=course, key=key, attempt=broken.facts["attempt"]), 303)
    told: dict[str, Any] = {"chosen": form["chosen"], "error": words}
    if broken.code == "calibration_open":
        verbs.keep(actor=actor(), key=key, **form)
        told["open"] = broken.facts["criteria"]
    elif broken.code == "calibration_elsewhere":
        told["clashes"] = broken.facts["criteria"]
    elif broken.code not in ("calibration_text", "criterion_unknown"):
        raise broken
    return _sheet(verbs.sheet(actor=actor(), key=key), **told), 400


@bp.get("/calibration/<key>/results/<attempt>")
@require("calibration.practise")
def result(course: str, key: str, attempt: str) -> str:
    page = verbs.result(actor=actor(), key=key, attempt_id=attempt)
    standing = [one for one in qualified.own(actor=actor()) if one.rubric == page.exercise.rubric]
    return render_template("calibration/result.html", page=page, codes={one.code for one in page.script.spoken}, standing=standing)


@api.put("/calibration/<key>")
@require("calibration.practise")
def put_draft(course: str, key: str) -> Response:
    """Keep what is chosen. -> ``revision``."""
    return jsonify(revision=verbs.keep(actor=actor(), key=key, **_chosen(request.get_json())))
