# SPDX-License-Identifier: Apache-2.0
"""The programme edited in the browser: its draft page by page, what publishing would change, and the programme taken away as files."""

from __future__ import annotations

import json

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.domain.editing import FLAG, TICKS, Field, differences, grouped, with_values
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import draft as drafts
from lti_mentoring.services import editing, framework, pack
from lti_mentoring.web.access import actor, require
from lti_mentoring.web.wiring import wiring
from lti_mentoring.web.wording.rule import field_words, rule_words

bp = Blueprint("editing", __name__, url_prefix="/courses/<course>/programme")

Answer = str | AnyResponse | tuple[str, int]


class BeginForm(Schema):
    """With which programme a draft begins, and what the edition is called."""

    class Meta:
        unknown = EXCLUDE

    source = fields.String(load_default="", validate=validate.Length(max=32))
    edition = fields.String(load_default="", validate=validate.Length(max=editing.LONGEST_EDITION))


class SeenForm(Schema):
    """What was seen of the draft before it is published or discarded."""

    class Meta:
        unknown = EXCLUDE

    revision = fields.Integer(required=True)
    version = fields.String(load_default="", validate=validate.Length(max=32))


@bp.get("/draft")
@require("programme.edit")
def draft(course: str) -> str:
    return _draft()


def _draft(**more: object) -> str:
    """The draft, or what one could begin with."""
    told = {"error": "", "errors": {}, "sent": {}, **more}
    if drafts.has_draft(actor=actor()):
        return render_template("editing/draft.html", page=drafts.overview(actor=actor()), **told)
    return render_template("editing/begin.html", starts=drafts.starts(actor=actor()), **told)


@bp.post("/draft")
@require("programme.edit")
def begin(course: str) -> Answer:
    sent = request.form.to_dict()
    try:
        form = BeginForm().load(sent)
        editing.begin(actor=actor(), course_id=form["source"] or None, edition=form["edition"])
    except ValidationError as error:
        return _draft(errors={name: field_words(words) for name, words in error.normalized_messages().items()}, sent=sent), 400
    except RuleBroken as broken:
        if broken.code == "draft_there":
            flash(rule_words(broken.code), "wait")
            return redirect(url_for("editing.draft", course=course), 303)
        if broken.code not in ("edition_needed", "edition_long"):
            raise
        return _draft(errors={"edition": rule_words(broken.code, broken.facts)}, sent=sent), 400
    return redirect(url_for("editing.draft", course=course), 303)


@bp.get("/draft/pages/<path:page>")
@require("programme.edit")
def sheet(course: str, page: str) -> str:
    shown = drafts.sheet(actor=actor(), page=page)
    return render_template("editing/sheet.html", page=shown, groups=grouped(shown.fields), clash={}, error="")


@bp.post("/draft/pages/<path:page>")
@require("programme.edit")
def save(course: str, page: str) -> Answer:
    shown = drafts.sheet(actor=actor(), page=page)
    sent = {field.path: value for field in shown.fields if (value := _sent(field)) is not None}
    try:
        editing.save(actor=actor(), page=page, sent=sent, seen=request.form.get("seen", ""))
    except RuleBroken as broken:
        if broken.code != "draft_moved":
            raise
        return _clash(page, sent)
    if request.form.get("action") == "next" and shown.after is not None:
        return redirect(url_for("editing.sheet", course=course, page=shown.after.key), 303)
    flash(gettext("Kept in the draft. Nobody else sees it before it is published."), "ok")
    return redirect(url_for("editing.sheet", course=course, page=page), 303)


def _sent(field: Field) -> str | None:
    """What the form says of a field; a box that is not ticked is not sent. None where the form has no such field."""
    if field.kind == TICKS:
        return ", ".join(request.form.getlist(field.path))
    if field.kind == FLAG:
        return "yes" if request.form.get(field.path) == "yes" else ""
    return request.form.get(field.path)


def _clash(page: str, sent: dict[str, str]) -> Answer:
    """The page with what this person typed, and beside it what somebody else has kept meanwhile; sending it again is a decision."""
    now = drafts.sheet(actor=actor(), page=page)
    typed = with_values(now.fields, sent)
    clash = {one.field.path: one.was for one in differences(now.fields, typed)}
    return render_template("editing/sheet.html", page=now, groups=grouped(typed), clash=clash, error=rule_words("draft_moved")), 409


@bp.get("/draft/changes")
@require("programme.edit")
def changes(course: str) -> str:
    return render_template("editing/changes.html", page=drafts.changes(actor=actor()), error="")


@bp.post("/draft/publish")
@require("programme.edit")
def publish(course: str) -> Answer:
    form = SeenForm().load(request.form.to_dict())
    try:
        editing.publish(actor=actor(), revision=form["revision"], version_id=form["version"])
    except RuleBroken as broken:
        if isinstance(broken, NotFound):
            raise
        error = rule_words(broken.code, broken.facts)
        return render_template("editing/changes.html", page=drafts.changes(actor=actor()), error=error), 409
    flash(gettext("Published. Whoever begins from now on goes by it; whoever has begun keeps what they began with."), "ok")
    return redirect(url_for("opening.index", course=course), 303)


@bp.post("/draft/discard")
@require("programme.edit")
def discard(course: str) -> Answer:
    try:
        editing.discard(actor=actor(), revision=SeenForm().load(request.form.to_dict())["revision"])
    except RuleBroken as broken:
        if isinstance(broken, NotFound):
            raise
        return _draft(error=rule_words(broken.code, broken.facts)), 409
    flash(gettext("Discarded. The programme is as it was."), "ok")
    return redirect(url_for("opening.index", course=course), 303)


# --- taking it away -----------------------------------------------------------------------------------------------------


@bp.get("/pack.zip")
@require("programme.edit")
def pack_file(course: str) -> Response:
    name, body = pack.archive(actor=actor(), translations=request.args.get("translations") != "no")
    return _download(body, name, "application/zip")


@bp.get("/case.json")
@require("programme.edit")
def case_file(course: str) -> Response:
    package = framework.of_course(actor=actor(), base_uri=wiring().settings.public_url)
    body = json.dumps(package, ensure_ascii=False, indent=2).encode()
    return _download(body, "case.json", "application/json")


def _download(body: bytes, name: str, kind: str) -> Response:
    return Response(body, mimetype=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})
