# SPDX-License-Identifier: Apache-2.0
"""The notes of a pair, for those inside; kept as they are typed, and without a script by the button. What one wrote stays one's own."""

from __future__ import annotations

import uuid
from re import fullmatch
from typing import Any

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.domain.rule import NotAllowed, NotFound, RuleBroken
from lti_mentoring.domain.talk import LONGEST_NOTE
from lti_mentoring.services import note as verbs
from lti_mentoring.services.note import Kept
from lti_mentoring.web.access import actor, require
from lti_mentoring.web.mentorship import errors_of
from lti_mentoring.web.wording.rule import rule_words

bp = Blueprint("note", __name__, url_prefix="/courses/<course>/mine")
api = Blueprint("note_api", __name__, url_prefix="/api/v1/courses/<course>/mine")

Answer = str | AnyResponse | tuple[str, int]


class NoteForm(Schema):
    """What was typed, the revision that it was typed over (0: a new note), and whether those inside may read it."""

    class Meta:
        unknown = EXCLUDE

    text = fields.String(required=True, validate=validate.Length(max=2 * LONGEST_NOTE))
    revision = fields.Integer(load_default=0, validate=validate.Range(min=0))
    shared = fields.Boolean(load_default=False)


def _id(note: str) -> str:
    """The form's own id of a note; NotFound for what is none."""
    if not fullmatch(r"[0-9a-f]{32}", note):
        raise NotFound("note")
    return note


@bp.get("/notes")
@require("mentoring.own")
def own(course: str) -> str:
    return render_template("note/own.html", rows=verbs.own(actor=actor()))


@bp.post("/notes/<note>/destroy")
@require("mentoring.own")
def destroy(course: str, note: str) -> AnyResponse:
    verbs.destroy(actor=actor(), note_id=_id(note))
    flash(gettext("Destroyed."), "ok")
    return redirect(url_for("note.own", course=course), 303)


@bp.get("/<pair>/notes")
@require("mentoring.own")
def index(course: str, pair: str) -> str:
    return _index(pair, uuid.uuid4().hex, {"revision": 0}, {})


@bp.get("/<pair>/notes/<note>")
@require("mentoring.own")
def one(course: str, pair: str, note: str) -> str:
    page = verbs.page(actor=actor(), mentorship_id=pair)
    row = next((row for row in page.rows if row.id == note and row.mine and row.text is not None), None)
    if row is None:
        raise NotFound("note")
    return _index(pair, row.id, {"text": row.text, "revision": row.revision, "shared": row.shared}, {})


def _index(pair: str, note_id: str, values: dict[str, Any], errors: dict[str, Any], clash: Kept | None = None) -> str:
    page = verbs.page(actor=actor(), mentorship_id=pair)
    return render_template("note/index.html", page=page, note_id=note_id, values=values, errors=errors, clash=clash)


@bp.post("/<pair>/notes/<note>")
@require("mentoring.own")
def keep(course: str, pair: str, note: str) -> Answer:
    sent: dict[str, Any] = request.form.to_dict()
    try:
        told: dict[str, Any] = NoteForm().load(sent)
        kept = _keep(pair, note, told)
    except ValidationError as error:
        return _index(pair, _id(note), sent, errors_of(error)), 400
    except RuleBroken as broken:
        if isinstance(broken, NotAllowed | NotFound):
            raise
        return _index(pair, _id(note), sent, {"text": rule_words(broken.code, broken.facts)}), 400
    if kept.clash:
        return _index(pair, _id(note), {**told, "revision": kept.revision}, {}, kept), 409
    flash(gettext("Kept."), "ok")
    return redirect(url_for("note.index", course=course, pair=pair), 303)


def _keep(pair: str, note: str, told: dict[str, Any]) -> Kept:
    said = {"text": told["text"], "known": told["revision"], "shared": told["shared"]}
    return verbs.keep(actor=actor(), mentorship_id=pair, note_id=_id(note), **said)


@api.put("/<pair>/notes/<note>")
@require("mentoring.own")
def put_note(course: str, pair: str, note: str) -> tuple[Response, int]:
    """Keep what is typed. -> ``revision``; with 409, ``text`` that was kept meanwhile."""
    kept = _keep(pair, note, NoteForm().load(request.get_json()))
    if not kept.clash:
        return jsonify(revision=kept.revision), 200
    told = {"code": "draft_conflict", "title": rule_words("draft_conflict", {}), "revision": kept.revision, "text": kept.text}
    answer = jsonify(type="about:blank", status=409, **told)
    answer.mimetype = "application/problem+json"
    return answer, 409
