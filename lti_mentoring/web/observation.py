# SPDX-License-Identifier: Apache-2.0
"""Observations: plan, the list of what waits, the rating sheet as a form and as JSON for autosave, the release, and the report."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext
from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load, validate
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.domain.observation import LEVELS, Rating
from lti_mentoring.domain.people import LEADS
from lti_mentoring.domain.programme import INDEPENDENT, KINDS
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import observation as verbs
from lti_mentoring.services.observation import Clash, Draft, Note
from lti_mentoring.services.rating import LONGEST_NOTE, LONGEST_REASON
from lti_mentoring.web.access import actor, require
from lti_mentoring.web.wording import field_words, rule_words

bp = Blueprint("observation", __name__, url_prefix="/courses/<course>")
api = Blueprint("observation_api", __name__, url_prefix="/api/v1/courses/<course>")

NOT_OBSERVED = "NO"
MOST_NOTES = 400

Answer = str | AnyResponse | tuple[str, int]


# --- what comes in: the same shapes from a form and as JSON -----------------------------------------------------------------


class Hex(fields.UUID):
    """A UUID with or without dashes, as our 32 hex digits."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        return super()._deserialize(value, attr, data, **kwargs).hex


class PlanForm(Schema):
    """An observation to plan. ``plan`` is the form's own id, so that sending it twice plans once."""

    class Meta:
        unknown = EXCLUDE

    plan = Hex(required=True)
    candidate = fields.String(required=True, validate=validate.Length(min=1, max=32))
    observer = fields.String(required=True, validate=validate.Length(min=1, max=32))
    planned_for = fields.Date(required=True)
    protege = fields.String(required=True, validate=validate.Length(min=1, max=120))
    place = fields.String(load_default="", validate=validate.Length(max=200))
    kind = fields.String(load_default=INDEPENDENT, validate=validate.OneOf(KINDS))


class NoteForm(Schema):
    """A line of evidence with the client's own id."""

    class Meta:
        unknown = EXCLUDE

    id = Hex(required=True)
    text = fields.String(required=True, validate=validate.Length(min=1, max=LONGEST_NOTE))

    @post_load
    def made(self, data: dict[str, Any], **kwargs: Any) -> Note:
        """-> Note"""
        return Note(**data)


class RatingForm(Schema):
    """What is said of one criterion: a level, or not observed with its reason, or nothing yet; and the notes behind it."""

    class Meta:
        unknown = EXCLUDE

    criterion = fields.String(required=True, validate=validate.Length(min=1, max=20))
    level = fields.Integer(load_default=None, allow_none=True, validate=validate.OneOf(LEVELS))
    not_observed = fields.Boolean(load_default=False)
    reason = fields.String(load_default="", validate=validate.Length(max=LONGEST_REASON))
    notes = fields.List(Hex(), load_default=list, validate=validate.Length(max=MOST_NOTES))

    @post_load
    def made(self, data: dict[str, Any], **kwargs: Any) -> Rating:
        """-> Rating"""
        return Rating(data["criterion"], data["level"], data["not_observed"], data["reason"], tuple(data["notes"]))


class DraftForm(Schema):
    """What a sheet says, and the revision that its page was made from."""

    class Meta:
        unknown = EXCLUDE

    revision = fields.Integer(required=True, validate=validate.Range(min=0))
    ratings = fields.List(fields.Nested(RatingForm), load_default=list, validate=validate.Length(max=60))
    note = fields.Nested(NoteForm, load_default=None, allow_none=True)
    consent = fields.Boolean(load_default=None, allow_none=True)


class ReleaseForm(Schema):
    """The revision that the observer has read and confirms."""

    class Meta:
        unknown = EXCLUDE

    revision = fields.Integer(required=True, validate=validate.Range(min=0))


PLAN_FIELDS = {
    "observation_of_oneself": "observer",
    "observer_unknown": "observer",
    "candidacy_paused": "candidate",
    "kind_not_asked": "kind",
    "observer_helped": "observer",
    "observer_line": "observer",
}
"""What a rule refuses of a plan, by the field that it is about."""

CONSENT = {"consent": True, "take_back_consent": False}
"""Buttons of the sheet that also say something of the protégé's consent."""


def _sheet_form() -> dict[str, Any]:
    """The sheet's form in the shape of ``DraftForm``. ``criterion`` names each row, since an empty row sends nothing else."""
    sent = request.form
    ratings = []
    for key in sent.getlist("criterion"):
        level = sent.get(f"level-{key}", "")
        ratings.append(
            {
                "criterion": key,
                "level": level if level not in ("", NOT_OBSERVED) else None,
                "not_observed": level == NOT_OBSERVED,
                "reason": sent.get(f"reason-{key}", ""),
                "notes": sent.getlist(f"notes-{key}"),
            }
        )
    note = {"id": sent.get("note_id", ""), "text": sent.get("note", "")} if sent.get("note", "").strip() else None
    return {"revision": sent.get("revision"), "ratings": ratings, "note": note, "consent": CONSENT.get(sent.get("action", ""))}


# --- lists --------------------------------------------------------------------------------------------------------------


@bp.get("/observations")
@require("course.enter")
def index(course: str) -> Answer:
    who = actor()
    if who.is_any("observer"):
        return render_template("observation/index.html", page=verbs.queue(actor=who))
    if who.is_any(*LEADS):
        return redirect(url_for("board.index", course=course))
    return redirect(url_for("home.index", course=course))


@bp.get("/candidates")
@require("candidacy.cohort")
def cohort(course: str) -> AnyResponse:
    """Where the board of the cohort stood before."""
    return redirect(url_for("board.index", course=course))


# --- planning -----------------------------------------------------------------------------------------------------------


@bp.get("/observations/plan")
@require("observation.plan")
def plan(course: str) -> str:
    chosen = {"candidate": request.args.get("candidate", ""), "plan": uuid.uuid4().hex}
    page = verbs.candidates(actor=actor())
    if chosen["candidate"] and chosen["candidate"] not in {one.id for one in page.candidates}:
        raise NotFound("candidacy")
    return render_template("observation/plan.html", page=page, values=chosen, errors={})


@bp.post("/observations/plan")
@require("observation.plan")
def make_plan(course: str) -> Answer:
    sent = request.form.to_dict()
    try:
        form: dict[str, Any] = PlanForm().load(sent)
        verbs.plan(
            actor=actor(),
            candidacy_id=form["candidate"],
            observer_id=form["observer"],
            planned_for=form["planned_for"],
            protege_label=form["protege"],
            place=form["place"],
            kind=form["kind"],
            observation_id=form["plan"],
        )
    except ValidationError as error:
        return _plan_again(sent, {name: field_words(told) for name, told in error.normalized_messages().items()})
    except RuleBroken as broken:
        field = PLAN_FIELDS.get(broken.code)
        if field is None:
            raise
        return _plan_again(sent, {field: rule_words(broken.code, broken.facts)})
    flash(gettext("Planned. It stands in the observer’s list."), "ok")
    return redirect(url_for("board.index" if actor().is_any(*LEADS) else "observation.index", course=course), 303)


def _plan_again(sent: dict[str, str], errors: dict[str, str]) -> Answer:
    page = verbs.candidates(actor=actor())
    return render_template("observation/plan.html", page=page, values={"plan": uuid.uuid4().hex, **sent}, errors=errors), 400


@bp.post("/observations/<observation>/cancel")
@require("observation.plan")
def cancel(course: str, observation: str) -> AnyResponse:
    verbs.cancel(actor=actor(), observation_id=observation)
    flash(gettext("Called off. Nothing of it counts, and nothing was sent."), "ok")
    return redirect(url_for("board.index" if actor().is_any(*LEADS) else "observation.index", course=course), 303)


# --- the sheet ----------------------------------------------------------------------------------------------------------


@bp.get("/observations/<observation>")
@require("observation.rate")
def sheet(course: str, observation: str) -> Answer:
    page = verbs.sheet(actor=actor(), observation_id=observation)
    if page.state == "released":
        return redirect(url_for("observation.report", course=course, observation=observation))
    return render_template("observation/sheet.html", page=page, note_id=uuid.uuid4().hex, clashes={}, checking="check" in request.args)


@bp.post("/observations/<observation>")
@require("observation.rate")
def keep(course: str, observation: str) -> Answer:
    form: dict[str, Any] = DraftForm().load(_sheet_form())
    draft = verbs.save_draft(actor=actor(), observation_id=observation, **form)
    here = url_for("observation.sheet", course=course, observation=observation)
    if draft.clashes:
        page = verbs.sheet(actor=actor(), observation_id=observation)
        clashes = {clash.criterion: clash for clash in draft.clashes}
        return render_template("observation/sheet.html", page=page, note_id=uuid.uuid4().hex, clashes=clashes, checking=False), 409
    if request.form.get("action") == "release":
        if draft.gaps:
            return redirect(f"{here}?check=1#open", 303)
        return redirect(url_for("observation.confirm", course=course, observation=observation), 303)
    flash(gettext("Draft kept."), "ok")
    return redirect(f"{here}#notes" if request.form.get("action") == "note" else here, 303)


# --- release and report ---------------------------------------------------------------------------------------------------


@bp.get("/observations/<observation>/release")
@require("observation.rate")
def confirm(course: str, observation: str) -> Answer:
    try:
        page = verbs.release_page(actor=actor(), observation_id=observation)
    except RuleBroken as broken:
        if broken.facts.get("state") == "released":
            return redirect(url_for("observation.report", course=course, observation=observation))
        if "gaps" not in broken.facts:
            raise
        return redirect(url_for("observation.sheet", course=course, observation=observation, check=1, _anchor="open"))
    return render_template("observation/release.html", page=page)


@bp.post("/observations/<observation>/release")
@require("observation.rate")
def release(course: str, observation: str) -> AnyResponse:
    form: dict[str, Any] = ReleaseForm().load(request.form.to_dict())
    try:
        verbs.release(actor=actor(), observation_id=observation, revision=form["revision"])
    except RuleBroken as broken:
        if "gaps" not in broken.facts and broken.code != "draft_changed":
            raise
        flash(rule_words(broken.code, broken.facts), "wait")
        return redirect(url_for("observation.sheet", course=course, observation=observation, check=1, _anchor="open"), 303)
    flash(gettext("Released. The candidate can read it now."), "ok")
    return redirect(url_for("observation.report", course=course, observation=observation), 303)


@bp.get("/observations/<observation>/report")
@require("observation.read")
def report(course: str, observation: str) -> str:
    return render_template("observation/report.html", page=verbs.report(actor=actor(), observation_id=observation))


# --- autosave -------------------------------------------------------------------------------------------------------------


@api.put("/observations/<observation>/draft")
@require("observation.rate")
def put_draft(course: str, observation: str) -> Response | tuple[Response, int]:
    form: dict[str, Any] = DraftForm().load(request.get_json())
    draft = verbs.save_draft(actor=actor(), observation_id=observation, **form)
    if draft.clashes:
        words = rule_words("draft_conflict", {})
        answer = jsonify(type="about:blank", status=409, code="draft_conflict", title=words, **_draft(draft))
        answer.mimetype = "application/problem+json"
        return answer, 409
    return jsonify(_draft(draft))


@api.post("/observations/<observation>/notes")
@require("observation.rate")
def post_note(course: str, observation: str) -> tuple[Response, int]:
    note: Note = NoteForm().load(request.get_json())
    kept = verbs.save_note(actor=actor(), observation_id=observation, note=note)
    return jsonify(id=kept.id, text=kept.text, noted_at=kept.noted_at.isoformat()), 201


def _draft(draft: Draft) -> dict[str, Any]:
    return {
        "revision": draft.revision,
        "state": draft.state,
        "saved_at": draft.saved_at.isoformat(),
        "gaps": [{"code": gap.code, "criterion": gap.criterion} for gap in draft.gaps],
        "clashes": [_clash(clash) for clash in draft.clashes],
    }


def _clash(clash: Clash) -> dict[str, Any]:
    return {"criterion": clash.criterion, "yours": _rating(clash.yours), "kept": _rating(clash.kept)}


def _rating(rating: Rating) -> dict[str, Any]:
    return {"level": rating.level, "not_observed": rating.not_observed, "reason": rating.reason, "notes": list(rating.note_ids)}
