# SPDX-License-Identifier: Apache-2.0
"""The signed-in browser: one partitioned cookie, everything else on the server. Pages reach their session here and nowhere else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask, Request, Response, session
from flask.sessions import SessionInterface, SessionMixin
from werkzeug.datastructures import CallbackDict

from lti_mentoring.services import session as sessions
from lti_mentoring.services.session import SessionRow
from lti_mentoring.web.wiring import wiring

COOKIE = "__Host-lti-mentoring"
SIGNED_IN = ("/courses/", "/api/")
"""Where a session is looked up; login, launch, keys, health and static files never ask the database for one."""


class BrowserSession(CallbackDict[str, Any], SessionMixin):
    """What Flask sees of a session: its payload. ``row`` is None where nobody is signed in, and then nothing is kept."""

    def __init__(self, row: SessionRow | None) -> None:
        def changed(_: object) -> None:
            self.modified = True

        super().__init__(row.payload if row is not None else {}, changed)
        self.row = row
        self.modified = False


class ServerSessions(SessionInterface):
    """Sessions in the database, found by the hash of the cookie."""

    def open_session(self, app: Flask, request: Request) -> BrowserSession:
        """The session of this request's cookie."""
        token = request.cookies.get(COOKIE)
        if not token or not request.path.startswith(SIGNED_IN):
            return BrowserSession(None)
        idle = timedelta(minutes=wiring().settings.session.idle_minutes)
        return BrowserSession(sessions.resume(token, idle=idle, now=datetime.now(UTC)))

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Keep the payload if a page changed it."""
        if isinstance(session, BrowserSession) and session.row is not None and session.modified:
            sessions.keep_payload(id_hash=session.row.id_hash, payload=dict(session))


def current() -> SessionRow | None:
    """Who is signed in here, if anybody."""
    row: SessionRow | None = getattr(session, "row", None)
    return row


def set_cookie(response: Response, name: str, value: str, *, max_age: int | None = None) -> None:
    """Every cookie of the tool: host-bound, secure, hidden from scripts, allowed in a cross-site frame, partitioned (CK-01)."""
    response.set_cookie(name, value, max_age=max_age, path="/", secure=True, httponly=True, samesite="None", partitioned=True)


def clear_cookie(response: Response, name: str) -> None:
    """Take a cookie back."""
    response.set_cookie(name, "", max_age=0, path="/", secure=True, httponly=True, samesite="None", partitioned=True)
