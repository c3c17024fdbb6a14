# SPDX-License-Identifier: Apache-2.0
"""Everybody's own page on what is held about them."""

from __future__ import annotations

from flask import Blueprint, render_template

from lti_mentoring.services import my_privacy
from lti_mentoring.web.access import actor, require

bp = Blueprint("my_privacy", __name__, url_prefix="/courses/<course>/my-privacy")


@bp.get("")
@require("privacy.own")
def index(course: str) -> str:
    return render_template("my_privacy/index.html", page=my_privacy.page(actor=actor()))
