# SPDX-License-Identifier: Apache-2.0
"""The pages of those who select: the intake, the queue, one application, and a review."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext
from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load, validate
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.domain.selection import Mark
from lti_mentoring.services import dossier, intake, referee, reference, reviewing, selection
from lti_mentoring.services import review_page as review_pages
from lti_mentoring.services.intake import MODES, MOST_PLACES
from lti_mentoring.web.access import actor, require
from lti_mentoring.web.wiring import wiring
from lti_mentoring.web.wording.rule import field_words, rule_words

bp = Blueprint("selection", __name__, url_prefix="/courses/<course>")
api = Blueprint("selection_api", __name__, url_prefix="/api/v1/courses/<course>")

Answer = str | AnyResponse | tuple[str, int]


DAYS = validate.Range(min=date(2000, 1, 1), max=date(2999, 12, 31))


class IntakeForm(Schema):
    """How the course takes candidates in. Days are whole: from the start of the first to the end of the last, in UTC."""

    class Meta:
        unknown = EXCLUDE

    mode = fields.String(required=True, validate=validate.OneOf(MODES))
    places = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(min=0, max=MOST_PLACES))
    opens_on = fields.Date(load_default=None, allow_none=True, validate=DAYS)
    closes_on = fields.Date(load_default=None, allow_none=True, validate=DAYS)


class ReviewerForm(Schema):
    """Whom to ask for a review."""

    class Meta:
        unknown = EXCLUDE

    reviewer = fields.String(required=True, validate=validate.Length(min=1, max=32))


class DecisionForm(Schema):
    """A decision in words: a reason where it is a decline, and what the applicant reads."""

    class Meta:
        unknown = EXCLUDE

    reason = fields.String(load_default="", validate=validate.Length(max=40))
    words = fields.String(load_default="", validate=validate.Length(max=10_000))


class MarkForm(Schema):
    """What a reviewer says of one criterion: a level or None, and where the application shows it."""

    class Meta:
        unknown = EXCLUDE

    criterion = fields.String(required=True, validate=validate.Length(min=1, max=20))
    level = fields.Integer(load_default=None, allow_none=True)
    ground = fields.String(load_default="", validate=validate.Length(max=10_000))

    @post_load
    def made(self, data: dict[str, Any], **kwargs: Any) -> Mark:
        """-> Mark"""
        return Mark(**data)


class ReviewDraft(Schema):
    """What a review says, and the revision that its page was made from."""

    class Meta:
        unknown = EXCLUDE

    revision = fields.Integer(required=True, validate=validate.Range(min=0))
    marks = fields.List(fields.Nested(MarkForm), load_default=list, validate=validate.Length(max=60))


# --- the coordinator ------------------------------------------------------------------------------------------------------


@bp.get("/applications")
@require("application.read")
def queue(course: str) -> str:
    return render_template("application/queue.html", page=dossier.queue(actor=actor()), values=None, errors={})


@bp.post("/applications/intake")
@require("application.decide")
def change_intake(course: str) -> Answer:
    sent = {name: value for name, value in request.form.to_dict().items() if value != ""}
    try:
        form: dict[str, Any] = IntakeForm().load(sent)
        days = intake.whole_days(form.pop("opens_on"), form.pop("closes_on"))
        intake.change(actor=actor(), opens_at=days[0], closes_at=days[1], **form)
    except ValidationError as error:
        told = {name: field_words(words) for name, words in error.normalized_messages().items()}
        return render_template("application/queue.html", page=dossier.queue(actor=actor()), values=sent, errors=told), 400
    except RuleBroken as broken:
        field = {"window_backwards": "closes_on", "places_given": "places", "form_missing": "mode"}.get(broken.code)
        if field is None:
            raise
        told = {field: rule_words(broken.code, broken.facts)}
        return render_template("application/queue.html", page=dossier.queue(actor=actor()), values=sent, errors=told), 400
    flash(gettext("Kept. Whoever is a candidate already stays one."), "ok")
    return redirect(url_for("selection.queue", course=course), 303)


@bp.get("/applications/<application>")
@require("application.read")
def one(course: str, application: str) -> Answer:
    try:
        return _one(application)
    except RuleBroken as broken:
        if broken.code != "manager_decides":
            raise
        return render_template("application/elsewhere.html", deciders=broken.facts["deciders"], free=broken.facts["free"]), 409


def _one(application: str, **more: Any) -> str:
    page = dossier.dossier(actor=actor(), application_id=application)
    return render_template("application/dossier.html", page=page, **{"error": "", "link": None, "sent": {}, **more})


@bp.post("/applications/<application>/reviewers")
@require("application.decide")
def assign(course: str, application: str) -> Answer:
    return _try(course, application, selection.assign, reviewer_id=ReviewerForm().load(request.form.to_dict())["reviewer"])


@bp.post("/applications/<application>/reviewers/end")
@require("application.decide")
def relieve(course: str, application: str) -> Answer:
    return _try(course, application, selection.relieve, reviewer_id=ReviewerForm().load(request.form.to_dict())["reviewer"])


@bp.post("/applications/<application>/references/<reference_id>")
@require("application.decide")
def issue(course: str, application: str, reference_id: str) -> Answer:
    if request.form.get("by") == "mail":
        return _try(course, application, referee.ask, reference_id=reference_id)
    token = reference.issue(actor=actor(), application_id=application, reference_id=reference_id)
    # Shown once and never stored in clear, so the page answers the form itself.
    return _one(application, link=(reference_id, f"{wiring().settings.public_url}{url_for('reference.index', token=token)}"))


DECISIONS = {
    "ask": lambda form, **who: selection.ask_information(words=form["words"], **who),
    "lines": lambda form, **who: selection.ask_lines(**who),
    "resume": lambda form, **who: selection.resume(**who),
    "offer": lambda form, **who: selection.offer(feedback=form["words"], **who),
    "waitlist": lambda form, **who: selection.waitlist(feedback=form["words"], **who),
    "decline": lambda form, **who: selection.decline(reason=form["reason"], feedback=form["words"], **who),
}


@bp.post("/applications/<application>/<any(ask,lines,resume,offer,waitlist,decline):decision>")
@require("application.decide")
def decide(course: str, application: str, decision: str) -> Answer:
    form: dict[str, Any] = DecisionForm().load(request.form.to_dict())
    return _try(course, application, lambda **who: DECISIONS[decision](form, **who), sent={"decision": decision, **form})


def _try(course: str, application: str, verb: Any, *, sent: dict[str, Any] | None = None, **how: Any) -> Answer:
    """Do it and come back; what a rule refuses is told on the page, with what was typed."""
    try:
        verb(actor=actor(), application_id=application, **how)
    except RuleBroken as broken:
        if isinstance(broken, NotFound) or broken.code in ("application_own", "applicant_decides", "manager_decides"):
            raise
        return _one(application, error=rule_words(broken.code, broken.facts), sent=sent or {}), 409
    return redirect(url_for("selection.one", course=course, application=application), 303)


# --- the reviewer ---------------------------------------------------------------------------------------------------------


@bp.get("/reviews")
@require("application.review")
def reviews(course: str) -> str:
    return render_template("application/reviews.html", rows=reviewing.waiting(actor=actor()))


@bp.get("/reviews/<review>")
@require("application.review")
def review(course: str, review: str) -> str:
    return render_template("application/review.html", page=review_pages.page(actor=actor(), review_id=review), gaps=(), error="")


@bp.post("/reviews/<review>")
@require("application.review")
def keep_review(course: str, review: str) -> Answer:
    marks = [_mark(key) for key in request.form.getlist("criterion")]
    revision = request.form.get("revision", -1, type=int)
    verb = reviewing.submit if request.form.get("action") == "submit" else reviewing.save
    try:
        verb(actor=actor(), review_id=review, marks=marks, revision=revision)
    except RuleBroken as broken:
        if broken.code != "review_gaps":
            raise
        reviewing.save(actor=actor(), review_id=review, marks=marks, revision=revision)
        page = review_pages.page(actor=actor(), review_id=review)
        words = rule_words(broken.code, broken.facts)
        return render_template("application/review.html", page=page, gaps=broken.facts["criteria"], error=words), 400
    if request.form.get("action") == "submit":
        flash(gettext("Submitted. You read the other reviews once all are in."), "ok")
        return redirect(url_for("selection.reviews", course=course), 303)
    flash(gettext("Draft kept."), "ok")
    return redirect(url_for("selection.review", course=course, review=review), 303)


def _mark(key: str) -> Mark:
    """What the form says of one criterion; what is no number is no level."""
    return Mark(key, request.form.get(f"level-{key}", None, type=int), request.form.get(f"ground-{key}", ""))


@api.put("/reviews/<review>")
@require("application.review")
def put_review(course: str, review: str) -> Response:
    form: dict[str, Any] = ReviewDraft().load(request.get_json())
    return jsonify(revision=reviewing.save(actor=actor(), review_id=review, **form))
