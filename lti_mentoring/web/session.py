# SPDX-License-Identifier: Apache-2.0
"""The signed-in browser: one partitioned cookie, everything else on the server. Pages reach their session here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask, Request, Response, session
from flask.sessions import SessionInterface, SessionMixin
from werkzeug.http import dump_cookie

from lti_mentoring.services import session as sessions
from lti_mentoring.services import visit as visits
from lti_mentoring.services.roles import Here
from lti_mentoring.services.session import SessionRow
from lti_mentoring.web.wiring import wiring

COOKIE = "__Host-lti-mentoring"
SIGNED_IN = ("/courses/", "/api/")
"""Where a session is looked up; login, launch, keys, health and static files never ask the database for one."""


class BrowserSession(SessionMixin):
    """What Flask sees of a session: its payload, looked up once somebody asks for it.

    ``row`` is None where nobody is signed in, and then nothing is kept.
    """

    def __init__(self, token: str | None) -> None:
        self._token = token
        self._row: SessionRow | None = None
        self._known = token is None
        self._payload: dict[str, Any] = {}
        self.modified = False

    @property
    def row(self) -> SessionRow | None:
        """Who is signed in here, if anybody."""
        if not self._known and self._token is not None:
            self._keep(sessions.resume(self._token, idle=_idle(), now=datetime.now(UTC)))
        return self._row

    def organisation(self) -> str | None:
        """The organisation that a page may look in: the one that the cookie names, or that of the session, None without one."""
        if not self._known and self._token is not None:
            named = sessions.organisation_of(self._token)
            if named is not None:
                return named
        row = self.row
        return row.org_id if row is not None else None

    def visit(self, org_id: str, course_id: str) -> Here | None:
        """The person in the course of this address, where the session need not be looked up on its own; in the scope of ``org_id``."""
        if self._known or self._token is None:
            return None
        found = visits.visit(token=self._token, org_id=org_id, course_id=course_id, idle=_idle(), now=datetime.now(UTC))
        self._keep(found.session if found is not None else None)
        return found.here if found is not None else None

    def _keep(self, row: SessionRow | None) -> None:
        self._row, self._known = row, True
        self._payload = dict(row.payload) if row is not None else {}

    def _held(self) -> dict[str, Any]:
        return self._payload if self.row is not None or self._known else {}

    def __getitem__(self, key: str) -> Any:
        return self._held()[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._held()[key] = value
        self.modified = True

    def __delitem__(self, key: str) -> None:
        del self._held()[key]
        self.modified = True

    def __iter__(self) -> Iterator[str]:
        return iter(self._held())

    def __len__(self) -> int:
        return len(self._held())


def _idle() -> timedelta:
    return timedelta(minutes=wiring().settings.session.idle_minutes)


class ServerSessions(SessionInterface):
    """Sessions in the database, found by the hash of the cookie."""

    def open_session(self, app: Flask, request: Request) -> BrowserSession:
        """The session of this request's cookie."""
        return BrowserSession(request.cookies.get(COOKIE) or None if request.path.startswith(SIGNED_IN) else None)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Keep the payload if a page changed it."""
        if isinstance(session, BrowserSession) and session.modified and session.row is not None:
            sessions.keep_payload(id_hash=session.row.id_hash, payload=dict(session))


def browser() -> BrowserSession:
    """The session of this request."""
    found: BrowserSession = session._get_current_object()  # type: ignore[attr-defined]
    return found


def current() -> SessionRow | None:
    """Who is signed in here, if anybody."""
    return browser().row


def set_cookie(response: Response, name: str, value: str, *, max_age: int | None = None) -> None:
    """Every cookie of the tool: host-bound, secure, hidden from scripts, allowed in a cross-site frame, partitioned (CK-01)."""
    # Without ``Expires``, which repeats ``Max-Age`` for browsers that are older than partitioned cookies, and is half the work.
    cookie = dump_cookie(
        name, value, max_age, path="/", secure=True, httponly=True, samesite="None", partitioned=True, sync_expires=False
    )
    response.headers.add("Set-Cookie", cookie)


def clear_cookie(response: Response, name: str) -> None:
    """Take a cookie back."""
    set_cookie(response, name, "", max_age=0)
