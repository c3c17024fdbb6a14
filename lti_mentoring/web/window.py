# SPDX-License-Identifier: Apache-2.0
"""A window of its own, for whoever finds the frame too narrow: browsers keep a frame's cookie apart, so a code takes the session across."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

from flask import Blueprint, Response, render_template, request
from werkzeug.exceptions import Unauthorized

from lti_mentoring.keys import BadToken
from lti_mentoring.services import session as sessions
from lti_mentoring.web import frame, session
from lti_mentoring.web.access import public, require
from lti_mentoring.web.tool import onward
from lti_mentoring.web.wiring import the_request, wiring

bp = Blueprint("window", __name__)

GOOD_FOR = 60
"""Seconds in which a code must be used; it works once (CK-02)."""

_PURPOSE = "own window"
_MOST = 2_000


@bp.post("/courses/<course>/window")
@require("course.enter")
def ask(course: str) -> str:
    """The page whose button opens the window. The code is posted from there, and stands in no address."""
    row = session.current()
    if row is None:
        raise Unauthorized
    said = {"s": row.id_hash, "t": _page(course, request.form.get("page", "")), "n": secrets.token_urlsafe(16)}
    code = wiring().signer.sign(said, GOOD_FOR, purpose=_PURPOSE)
    return render_template("window.html", code=code, page=said["t"])


def _page(course: str, wanted: str) -> str:
    """A page of this course, and nothing else."""
    home = f"/courses/{course}/"
    plain = wanted.isascii() and wanted.isprintable() and len(wanted) <= _MOST and "\\" not in wanted
    return wanted if plain and wanted.startswith(home) else home


@bp.post("/lti/window")
@public("carries its own proof: a code of a minute that works once")
def enter() -> Response:
    """Sign the same person in, in this window; the first one stays as it is."""
    frame.check_origin(the_request())
    try:
        said = wiring().signer.read(request.form.get("code", ""), purpose=_PURPOSE)
    except (BadToken, ValueError):
        raise Unauthorized from None
    now, settings = datetime.now(UTC), wiring().settings.session
    made = sessions.copied(
        id_hash=said["s"], nonce=said["n"], until=now + timedelta(seconds=GOOD_FOR), now=now, idle=timedelta(minutes=settings.idle_minutes)
    )
    if made is None:
        raise Unauthorized
    answer = onward(said["t"], 303)
    session.set_cookie(answer, session.COOKIE, made[0], max_age=settings.absolute_hours * 3600)
    return answer
