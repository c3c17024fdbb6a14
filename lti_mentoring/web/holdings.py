# SPDX-License-Identifier: Apache-2.0
"""What is held about somebody, opened from the LMS's page on data privacy."""

from __future__ import annotations

from flask import Blueprint, render_template

from lti_mentoring.services import holdings
from lti_mentoring.web.access import actor, require

bp = Blueprint("holdings", __name__, url_prefix="/courses/<course>")


@bp.get("/privacy/<person>")
@require("privacy.read")
def index(course: str, person: str) -> str:
    return render_template("holdings/index.html", page=holdings.look(actor=actor(), person_id=person))
