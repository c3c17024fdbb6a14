# SPDX-License-Identifier: Apache-2.0
"""Who is in the course by its LMS, and how the reading of it goes."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import roster
from lti_mentoring.web.access import actor, require
from lti_mentoring.web.wording.rule import rule_words

bp = Blueprint("roster", __name__, url_prefix="/courses/<course>")


@bp.get("/roster")
@require("roster.read")
def index(course: str) -> str:
    number = request.args.get("page", 1, type=int)
    search, group = request.args.get("name", ""), request.args.get("group", "")
    return render_template("roster/index.html", page=roster.page(actor=actor(), search=search, group=group, number=number))


@bp.post("/roster")
@require("roster.sync")
def ask(course: str) -> AnyResponse:
    try:
        roster.ask(actor=actor(), only=request.form.get("only"))
    except NotFound:
        raise
    except RuleBroken as broken:
        flash(rule_words(broken.code, broken.facts), "wait")
    else:
        flash(gettext("The list is being read. You may leave this page."), "ok")
    return redirect(url_for("roster.index", course=course), 303)
