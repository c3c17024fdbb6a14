# SPDX-License-Identifier: Apache-2.0
"""Everybody's own page on what is held about them, and what they can ask."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from marshmallow import EXCLUDE, Schema, fields, validate
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.domain.rule import NotAllowed, NotFound, RuleBroken
from lti_mentoring.services import erasure, my_privacy, own_copy
from lti_mentoring.web.access import actor, require
from lti_mentoring.web.wording.rule import rule_words

bp = Blueprint("my_privacy", __name__, url_prefix="/courses/<course>/my-privacy")


class ErasureForm(Schema):
    """To be erased, said twice: the button, and the box."""

    class Meta:
        unknown = EXCLUDE

    sure = fields.Boolean(load_default=False)
    verb = fields.String(load_default="ask", validate=validate.OneOf(("ask", "hasten", "keep")))


@bp.get("")
@require("privacy.own")
def index(course: str) -> str:
    return render_template("my_privacy/index.html", page=my_privacy.page(actor=actor()))


@bp.post("/copy")
@require("privacy.own")
def ask_copy(course: str) -> AnyResponse:
    own_copy.ask(actor=actor())
    flash(gettext("Asked. It is made in the background, and stands here when it is ready."), "ok")
    return redirect(url_for("my_privacy.index", course=course), 303)


@bp.get("/copy/<copy>")
@require("privacy.own")
def take_copy(course: str, copy: str) -> AnyResponse:
    body = own_copy.take(actor=actor(), copy_id=copy)
    headers = {"Content-Disposition": 'attachment; filename="my-data.zip"', "Cache-Control": "no-store"}
    return Response(body, mimetype="application/zip", headers=headers)


@bp.get("/erasure")
@require("privacy.own")
def erasing(course: str) -> str:
    return _erasing()


def _erasing(error: str = "") -> str:
    return render_template("my_privacy/erasure.html", standing=my_privacy.erasure_asked(actor=actor()), error=error)


@bp.post("/erasure")
@require("privacy.own")
def erase(course: str) -> AnyResponse | tuple[str, int]:
    form: dict[str, Any] = ErasureForm().load(request.form.to_dict())
    try:
        if form["verb"] == "keep":
            erasure.take_back(actor=actor())
            flash(gettext("Nothing will be erased."), "ok")
        else:
            erasure.ask(actor=actor(), sure=form["sure"], hasten=form["verb"] == "hasten")
            sooner = form["verb"] == "hasten"
            flash(gettext("It begins now.") if sooner else gettext("Asked. Until then you can change your mind."), "ok")
    except RuleBroken as broken:
        if isinstance(broken, NotAllowed | NotFound):
            raise
        return _erasing(rule_words(broken.code, broken.facts)), 400
    return redirect(url_for("my_privacy.erasing", course=course), 303)
