# SPDX-License-Identifier: Apache-2.0
"""A session that a candidate watches: their notes, a short account, and handing both in."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext
from marshmallow import EXCLUDE, Schema, fields, validate
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.services import focus
from lti_mentoring.services import handing_in as verbs
from lti_mentoring.services.noting import Note
from lti_mentoring.web.access import actor, require
from lti_mentoring.web.wording.rule import rule_words

bp = Blueprint("handing_in", __name__, url_prefix="/courses/<course>")
api = Blueprint("handing_in_api", __name__, url_prefix="/api/v1/courses/<course>")

FIELDS = {"note_long": "note", "notes_missing": "note", "notes_many": "note", "off_the_record": "note"}
"""Code of a rule -> the field that it is about; the account, where it is none of these."""

REFUSED = ("handed_in_already", "observation_closed", "account_not_kept")
TYPED = ("account_empty", "account_long", "notes_missing", "note_long", "notes_many", "off_the_record", "draft_conflict", *REFUSED)
"""What is told on the page where it was typed."""


class AccountForm(Schema):
    """What a candidate has typed, and the revision that their page was made from."""

    class Meta:
        unknown = EXCLUDE

    revision = fields.Integer(required=True, validate=validate.Range(min=0))
    text = fields.String(load_default="", validate=validate.Length(max=4 * verbs.LONGEST_ACCOUNT))


@bp.get("/observations/<observation>/watching")
@require("candidacy.way")
def page(course: str, observation: str) -> str:
    shown = verbs.page(actor=actor(), observation_id=observation)
    return render_template("handing_in/page.html", page=shown, note_id=uuid.uuid4().hex, typed=None, errors={})


@bp.post("/observations/<observation>/watching")
@require("candidacy.way")
def keep(course: str, observation: str) -> str | AnyResponse | tuple[str, int]:
    form: dict[str, Any] = AccountForm().load(request.form.to_dict())
    words = request.form.get("note", "")
    note = Note(fields.UUID().deserialize(request.form.get("note_id", "")).hex, words) if words.strip() else None
    hands_in = request.form.get("action") == "hand_in"
    what = {"account": form["text"], "revision": form["revision"], "note": note}
    try:
        if hands_in:
            verbs.hand_in(actor=actor(), observation_id=observation, **what)
        else:
            verbs.keep(actor=actor(), observation_id=observation, **what)
    except RuleBroken as broken:
        if broken.code not in TYPED:
            raise
        errors = {FIELDS.get(broken.code, "text"): rule_words(broken.code, broken.facts)}
        shown = verbs.page(actor=actor(), observation_id=observation)
        typed = {"text": form["text"], "note": words}
        return render_template("handing_in/page.html", page=shown, note_id=uuid.uuid4().hex, typed=typed, errors=errors), 400
    flash(gettext("Handed in. Your rater reads it now; you see here what comes back.") if hands_in else gettext("Kept."), "ok")
    return redirect(url_for("handing_in.page", course=course, observation=observation), 303)


@api.put("/observations/<observation>/watching")
@require("candidacy.way")
def put_account(course: str, observation: str) -> Response:
    """Keep the account as it is typed. -> ``revision``, ``saved_at``."""
    form: dict[str, Any] = AccountForm().load(request.get_json())
    revision, saved_at = verbs.keep(actor=actor(), observation_id=observation, account=form["text"], revision=form["revision"])
    return jsonify(revision=revision, saved_at=saved_at.isoformat())


@bp.get("/asked-again")
@require("candidacy.way")
def again(course: str) -> str:
    """What is asked again of a candidate after a "not yet", and why."""
    return render_template("handing_in/again.html", page=focus.page(actor=actor()))
