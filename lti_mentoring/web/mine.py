# SPDX-License-Identifier: Apache-2.0
"""Somebody's own pairs: the list, and the page of one for those inside."""

from __future__ import annotations

from flask import Blueprint, render_template

from lti_mentoring.services import mine
from lti_mentoring.web.access import actor, require

bp = Blueprint("mine", __name__, url_prefix="/courses/<course>/mine")


@bp.get("")
@require("mentoring.own")
def index(course: str) -> str:
    return render_template("mine/index.html", pairs=mine.index(actor=actor()))


@bp.get("/<pair>")
@require("mentoring.own")
def one(course: str, pair: str) -> str:
    return render_template("mine/pair.html", page=mine.page(actor=actor(), mentorship_id=pair))
