# SPDX-License-Identifier: Apache-2.0
"""A referee's own page: who asks, for whom, and a box to write in; no account, a link that works once."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request
from marshmallow import EXCLUDE, Schema, fields, validate

from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.services import language, people, reference
from lti_mentoring.web.access import public
from lti_mentoring.web.reader import wanted
from lti_mentoring.web.wording.rule import rule_words

bp = Blueprint("reference", __name__)

WHY = "a referee comes with a link that works once, which is the proof"

TO_MEND = ("support_unknown", "reference_short", "words_long")
"""What the referee can put right on the page."""


class StatementForm(Schema):
    """What a referee says."""

    class Meta:
        unknown = EXCLUDE

    supports = fields.String(load_default="", validate=validate.Length(max=20))
    text = fields.String(load_default="", validate=validate.Length(max=20_000))


def _page(token: str, sent: dict[str, Any], error: str = "") -> str:
    return render_template("reference/index.html", page=reference.page(token=token), token=token, sent=sent, error=error)


@bp.get("/references/<token>")
@public(WHY)
def index(token: str) -> str:
    with people.within(reference.organisation_of(token)), language.read_in(wanted):
        return _page(token, {})


@bp.post("/references/<token>")
@public(WHY)
def say(token: str) -> str | tuple[str, int]:
    form: dict[str, Any] = StatementForm().load(request.form.to_dict())
    with people.within(reference.organisation_of(token)), language.read_in(wanted):
        try:
            if request.form.get("action") == "refuse":
                reference.decline(token=token)
            else:
                reference.answer(token=token, **form)
        except RuleBroken as broken:
            if broken.code not in TO_MEND:
                raise
            return _page(token, form, rule_words(broken.code, broken.facts)), 400
        return _page(token, {})
