# SPDX-License-Identifier: Apache-2.0
"""Signing out: for whoever shares a computer."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template, request

from lti_mentoring.services import session as sessions
from lti_mentoring.web import frame, session
from lti_mentoring.web.access import require

bp = Blueprint("signing_out", __name__, url_prefix="/courses/<course>")


@bp.post("/sign-out")
@require("course.enter")
def sign_out(course: str) -> Response:
    """End this browser's session, and clear what is kept in this partition; the same person stays signed in elsewhere (CK-06)."""
    row = session.current()
    if row is not None:
        frame.allow_frames(row.frame_origins)
        sessions.end(id_hash=row.id_hash)
    answer = make_response(render_template("signed_out.html", back=row.return_url if row is not None else None))
    session.clear_cookie(answer, session.COOKIE)
    if request.headers.get("Sec-Fetch-Dest") == "iframe":
        # In a window it would clear the whole registrable domain, and sign out of an LMS at a sibling host.
        answer.headers["Clear-Site-Data"] = '"cookies"'
    return answer
