# SPDX-License-Identifier: Apache-2.0
"""The whole visibility policy, for whoever wants to know who can see what: open to everybody, and inside each course."""

from __future__ import annotations

from flask import Blueprint, render_template

from lti_mentoring.web.access import public, require

bp = Blueprint("privacy", __name__)


@bp.get("/privacy")
@public("says how the tool keeps what it holds, and shows nothing that it holds")
def matrix() -> str:
    return render_template("privacy/public.html")


@bp.get("/courses/<course>/privacy")
@require("privacy.read")
def index(course: str) -> str:
    return render_template("privacy/index.html")
