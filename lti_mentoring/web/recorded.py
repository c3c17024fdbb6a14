# SPDX-License-Identifier: Apache-2.0
"""A selection that was made elsewhere: a list is pasted, looked at, and recorded with who decided, when and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.services import recorded
from lti_mentoring.services.recorded import LONGEST_DECIDER, LONGEST_WHY, Selected
from lti_mentoring.web.access import actor, require
from lti_mentoring.web.wording.rule import field_words, rule_words

bp = Blueprint("recorded", __name__, url_prefix="/courses/<course>")

FIELDS = {"decider_missing": "decided_by", "why_missing": "why", "decided_later": "decided_on"}
"""What a rule refuses, by the field that it is about; the rest is about the list."""


class RecordForm(Schema):
    """A pasted list, and the decision that it is."""

    class Meta:
        unknown = EXCLUDE

    people = fields.String(required=True, validate=validate.Length(max=400_000))
    decided_by = fields.String(load_default="", validate=validate.Length(max=LONGEST_DECIDER))
    decided_on = fields.Date(required=True)
    why = fields.String(load_default="", validate=validate.Length(max=LONGEST_WHY))


def _page(values: Mapping[str, str], errors: Mapping[str, str], found: tuple[Selected, ...] = ()) -> str:
    return render_template("recorded/index.html", rows=recorded.records(actor=actor()), values=values, errors=errors, found=found)


@bp.get("/selection")
@require("application.read")
def index(course: str) -> str:
    return _page({}, {})


@bp.post("/selection")
@require("application.decide")
def record(course: str) -> str | AnyResponse | tuple[str, int]:
    sent = request.form.to_dict()
    try:
        if sent.get("action") != "record":
            return _page(sent, {}, recorded.check(actor=actor(), text=sent.get("people", "")))
        form: dict[str, Any] = RecordForm().load(sent)
        left = recorded.record(actor=actor(), text=form.pop("people"), **form)
    except ValidationError as error:
        return _page(sent, {name: field_words(told) for name, told in error.normalized_messages().items()}), 400
    except RuleBroken as broken:
        return _page(sent, {FIELDS.get(broken.code, "people"): rule_words(broken.code, broken.facts)}), 400
    if left:
        flash(
            ngettext(
                "Recorded. One line names nobody whom we know.", "Recorded. %(num)s lines name nobody whom we know.", len(left)
            ),
            "wait",
        )
        return _page({**sent, "people": "\n".join(one.match.line.text for one in left)}, {}, left)
    flash(gettext("Recorded. They are candidates now."), "ok")
    return redirect(url_for("recorded.index", course=course), 303)
