# SPDX-License-Identifier: Apache-2.0
"""Who may rate: an observer's own standing with what is missing, and the observers of a course for who leads it."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from lti_mentoring.services import qualified as verbs
from lti_mentoring.web.access import actor, require

bp = Blueprint("qualification", __name__, url_prefix="/courses/<course>")


@bp.get("/standing")
@require("calibration.practise")
def own(course: str) -> str:
    return render_template("qualification/own.html", rows=verbs.own(actor=actor()))


@bp.get("/observers")
@require("qualification.read")
def index(course: str) -> str:
    number = request.args.get("page", 1, type=int)
    return render_template("qualification/index.html", page=verbs.roll(actor=actor(), number=number))
