# SPDX-License-Identifier: Apache-2.0
"""Founding mentors: named by who leads the course, signed by a second person of its staff."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import founding as verbs
from lti_mentoring.web.access import actor, require
from lti_mentoring.web.wording.rule import rule_words

bp = Blueprint("founding", __name__, url_prefix="/courses/<course>/founding-mentors")


@bp.get("")
@require("founding.sign")
def index(course: str) -> str:
    return _page()


def _page(**told: Any) -> str:
    return render_template("founding/index.html", page=verbs.page(actor=actor()), **{"sent": {}, "error": "", **told})


@bp.post("")
@require("founding.name")
def name(course: str) -> Response | tuple[str, int]:
    sent = {"person": request.form.get("person", ""), "reason": request.form.get("reason", "")}
    try:
        verbs.name(actor=actor(), person_id=sent["person"], reason=sent["reason"])
    except RuleBroken as broken:
        if isinstance(broken, NotFound):
            raise
        return _page(sent=sent, error=rule_words(broken.code, broken.facts)), 400
    return _back(gettext("Named. A second person of the staff signs on this page."))


@bp.post("/<founding>/sign")
@require("founding.sign")
def sign(course: str, founding: str) -> Response:
    verbs.sign(actor=actor(), founding_id=founding)
    return _back(gettext("Signed."))


@bp.post("/<founding>/end")
@require("founding.name")
def end(course: str, founding: str) -> Response:
    verbs.end(actor=actor(), founding_id=founding)
    return _back(gettext("Taken back."))


def _back(told: str) -> Response:
    flash(told, "ok")
    return redirect(url_for("founding.index", course=actor().course_id), 303)
