# SPDX-License-Identifier: Apache-2.0
"""The page that explains a verdict: why somebody may do something in this course, or may not."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from lti_mentoring.services import permission
from lti_mentoring.web.access import actor, require

bp = Blueprint("permission", __name__, url_prefix="/courses/<course>")


@bp.get("/why")
@require("people.why")
def why(course: str) -> str:
    asked = request.args
    page = permission.why(
        actor=actor(), person_id=asked.get("person") or actor().person_id, permission=asked.get("permission") or "course.enter"
    )
    return render_template("permission/why.html", page=page, about_me=page.person_id == actor().person_id)
