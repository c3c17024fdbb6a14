# SPDX-License-Identifier: Apache-2.0
"""Lines and conflicts: what the guard holds and why, exceptions with everybody's word, and setting a rating aside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.domain.override import LONGEST_WORDS
from lti_mentoring.domain.people import LEADS
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import exempting, matter
from lti_mentoring.web.access import actor, require
from lti_mentoring.web.wording.rule import field_words, rule_words

bp = Blueprint("conflict", __name__, url_prefix="/courses/<course>")

FIELDS = {"override_reason": "reason", "override_safeguards": "safeguards", "override_long": "reason", "override_end": "ends_on"}

SAID = ("agree", "approve", "end")

Answer = str | AnyResponse | tuple[str, int]


class ExceptionForm(Schema):
    """An exception that is asked for."""

    class Meta:
        unknown = EXCLUDE

    reason = fields.String(load_default="", validate=validate.Length(max=LONGEST_WORDS + 1))
    safeguards = fields.String(load_default="", validate=validate.Length(max=LONGEST_WORDS + 1))
    ends_on = fields.Date(required=True)


@bp.get("/conflicts")
@require("conflict.read")
def index(course: str) -> str:
    return render_template("conflict/index.html", page=matter.overview(actor=actor()))


@bp.get("/conflicts/<watched>")
@require("conflict.read")
def sheet(course: str, watched: str) -> Answer:
    return _sheet(watched, {}, {})


def _sheet(watched: str, errors: Mapping[str, str], values: Mapping[str, str]) -> str:
    return render_template("conflict/sheet.html", page=matter.sheet(actor=actor(), matter_id=watched), errors=errors, values=values)


@bp.post("/conflicts/<watched>/exceptions")
@require("conflict.read")
def ask(course: str, watched: str) -> Answer:
    """Ask for an exception; it holds once others have said their word."""
    sent = request.form.to_dict()
    matter.sheet(actor=actor(), matter_id=watched)
    try:
        form: dict[str, Any] = ExceptionForm().load(sent)
        exempting.request(actor=actor(), matter_id=watched, **form)
    except ValidationError as error:
        return _sheet(watched, {name: field_words(told) for name, told in error.normalized_messages().items()}, sent), 400
    except RuleBroken as broken:
        if broken.code not in FIELDS:
            raise
        gaps = cast(tuple[str, ...], broken.facts["gaps"])
        return _sheet(watched, {FIELDS[one]: rule_words(one) for one in gaps if one in FIELDS}, sent), 400
    flash(gettext("Asked for. It holds once everybody named below has said their word; they find it on their own page."), "ok")
    return redirect(url_for("conflict.sheet", course=course, watched=watched), 303)


@bp.post("/exceptions/<exception>/<said>")
@require("conflict.speak")
def speak(course: str, exception: str, said: str) -> AnyResponse:
    """Agree to an exception, approve it, or end it: the service knows who may."""
    if said not in SAID:
        raise NotFound("override")
    verbs = {"agree": exempting.agree, "approve": exempting.approve, "end": exempting.take_back}
    verbs[said](actor=actor(), override_id=exception)
    words = {
        "agree": gettext("You have agreed. You can take it back at any time, here."),
        "approve": gettext("You have approved it."),
        "end": gettext("Ended. What it was made for is held again."),
    }
    flash(words[said], "ok")
    return redirect(url_for("conflict.index" if actor().is_any(*LEADS) else "reporting_line.own", course=course), 303)
