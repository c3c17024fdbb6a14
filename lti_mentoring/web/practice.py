# SPDX-License-Identifier: Apache-2.0
"""Practice tasks that a trainer marks: a candidate's text, kept as it is typed, and the list and the sheet of those who mark."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext
from marshmallow import EXCLUDE, Schema, fields, post_load, validate
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.domain.practice import LONGEST_FEEDBACK, LONGEST_REASON, MOST_TEXT, Mark
from lti_mentoring.domain.programme import LEVELS
from lti_mentoring.domain.rule import NotAllowed, NotFound, RuleBroken
from lti_mentoring.services import marking, training
from lti_mentoring.services import practice as verbs
from lti_mentoring.web.access import actor, require
from lti_mentoring.web.wording.rule import rule_words

bp = Blueprint("practice", __name__, url_prefix="/courses/<course>")
api = Blueprint("practice_api", __name__, url_prefix="/api/v1/courses/<course>")

Answer = str | AnyResponse | tuple[str, int]

TYPED = ("practice_empty", "practice_long", "draft_conflict", "answer_long")
"""What is told on the page where it was typed."""


class TextForm(Schema):
    """What a candidate has typed, and the revision that their page was made from."""

    class Meta:
        unknown = EXCLUDE

    revision = fields.Integer(required=True, validate=validate.Range(min=0))
    text = fields.String(load_default="", validate=validate.Length(max=2 * MOST_TEXT))


class MarkForm(Schema):
    """What a trainer says of one criterion."""

    class Meta:
        unknown = EXCLUDE

    criterion = fields.String(required=True, validate=validate.Length(min=1, max=20))
    level = fields.Integer(load_default=None, allow_none=True, validate=validate.OneOf(LEVELS))
    reason = fields.String(load_default="", validate=validate.Length(max=2 * LONGEST_REASON))

    @post_load
    def made(self, data: dict[str, Any], **kwargs: Any) -> Mark:
        """-> Mark"""
        return Mark(**data)


class MarksForm(Schema):
    """All marks of a text, and the revision that the page was made from."""

    class Meta:
        unknown = EXCLUDE

    revision = fields.Integer(required=True, validate=validate.Range(min=0))
    marks = fields.List(fields.Nested(MarkForm), load_default=list, validate=validate.Length(max=20))
    feedback = fields.String(load_default="", validate=validate.Length(max=2 * LONGEST_FEEDBACK))


def _marks() -> dict[str, Any]:
    """The sheet's form in the shape of ``MarksForm``; ``criterion`` names each row, since an empty row sends nothing else."""
    sent = request.form
    marks = [
        {"criterion": key, "level": sent.get(f"level-{key}") or None, "reason": sent.get(f"reason-{key}", "")}
        for key in sent.getlist("criterion")
    ]
    return {"revision": sent.get("revision"), "marks": marks, "feedback": sent.get("feedback", "")}


# --- a candidate's own ----------------------------------------------------------------------------------------------------


@bp.post("/modules/<key>/practice")
@require("training.learn")
def keep(course: str, key: str) -> Answer:
    form: dict[str, Any] = TextForm().load(request.form.to_dict())
    try:
        # Kept first, whatever becomes of it: a text that is too long to be handed in is not lost by that.
        form["revision"], _ = verbs.save(actor=actor(), key=key, **form)
        if request.form.get("action") == "hand_in":
            verbs.hand_in(actor=actor(), key=key, **form)
    except RuleBroken as broken:
        if broken.code not in TYPED:
            raise
        page, work = training.module_page(actor=actor(), key=key), verbs.own(actor=actor(), key=key)
        told = {"typed": form["text"], "errors": {"text": rule_words(broken.code, broken.facts)}}
        return render_template("training/practice.html", page=page, work=work, **told), 400
    handed_in = request.form.get("action") == "hand_in"
    flash(gettext("Handed in. A trainer reads it; you see here what comes back.") if handed_in else gettext("Draft kept."), "ok")
    return redirect(url_for("training.practice", course=course, key=key), 303)


@api.put("/modules/<key>/practice")
@require("training.learn")
def put_text(course: str, key: str) -> Response:
    """Keep what is typed. -> ``revision``, ``saved_at``."""
    revision, saved_at = verbs.save(actor=actor(), key=key, **TextForm().load(request.get_json()))
    return jsonify(revision=revision, saved_at=saved_at.isoformat())


# --- those who mark ---------------------------------------------------------------------------------------------------------


@bp.get("/practice")
@require("practice.mark")
def queue(course: str) -> str:
    return render_template("practice/queue.html", page=marking.queue(actor=actor()))


@bp.get("/practice/<submission>")
@require("practice.mark")
def sheet(course: str, submission: str) -> str:
    return render_template("practice/sheet.html", page=marking.sheet(actor=actor(), submission_id=submission), typed={}, error="", wrong=())


@bp.post("/practice/<submission>/claim")
@require("practice.mark")
def claim(course: str, submission: str) -> AnyResponse:
    marking.claim(actor=actor(), submission_id=submission)
    return redirect(url_for("practice.sheet", course=course, submission=submission), 303)


@bp.post("/practice/<submission>/hand-back")
@require("practice.mark")
def hand_back(course: str, submission: str) -> AnyResponse:
    marking.hand_back(actor=actor(), submission_id=submission)
    flash(gettext("Handed back. Somebody else can take it."), "ok")
    return redirect(url_for("practice.queue", course=course), 303)


@bp.post("/practice/<submission>")
@require("practice.mark")
def mark(course: str, submission: str) -> Answer:
    form: dict[str, Any] = MarksForm().load(_marks())
    action = request.form.get("action", "keep")
    try:
        returns = action if action in ("met", "once_more") else ""
        revision = marking.keep(actor=actor(), submission_id=submission, returned=returns, **form)
        if returns:
            marking.give_back(actor=actor(), submission_id=submission, met=action == "met", revision=revision)
    except (NotFound, NotAllowed):
        raise
    except RuleBroken as broken:
        page = marking.sheet(actor=actor(), submission_id=submission)
        if "mark" not in page.verbs:
            raise
        typed = {"marks": {one.criterion: one for one in form["marks"]}, "feedback": form["feedback"]}
        told = {"error": rule_words(broken.code, broken.facts), "wrong": broken.facts.get("criteria", ())}
        return render_template("practice/sheet.html", page=page, typed=typed, **told), 400
    if action == "keep":
        flash(gettext("Draft kept."), "ok")
        return redirect(url_for("practice.sheet", course=course, submission=submission), 303)
    flash(gettext("Returned. The candidate can read it now."), "ok")
    return redirect(url_for("practice.queue", course=course), 303)
