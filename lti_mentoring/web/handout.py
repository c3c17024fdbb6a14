# SPDX-License-Identifier: Apache-2.0
"""Guides, the agreement, the consent and the terms of a programme, for everybody in its course."""

from __future__ import annotations

from flask import Blueprint, render_template

from lti_mentoring.services import handout as verbs
from lti_mentoring.web.access import actor, require

bp = Blueprint("handout", __name__, url_prefix="/courses/<course>")


@bp.get("/handouts")
@require("handout.read")
def index(course: str) -> str:
    return render_template("handout/index.html", page=verbs.all_of(actor=actor()))


@bp.get("/handouts/<key>")
@require("handout.read")
def one(course: str, key: str) -> str:
    return render_template("handout/text.html", page=verbs.one(actor=actor(), key=key))
