# SPDX-License-Identifier: Apache-2.0
"""The signed-in browser: one partitioned cookie, everything else on the server. Pages reach their session here and nowhere else.

Where a browser keeps no cookie, a script carries the session from page to page in a header, as a token that is replaced every minute
(decision 9, checklist CK-04): never in an address, never at rest in the browser.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask, Request, Response, session
from flask.sessions import SessionInterface, SessionMixin
from werkzeug.http import dump_cookie

from lti_mentoring.keys import BadToken
from lti_mentoring.services import session as sessions
from lti_mentoring.services import visit as visits
from lti_mentoring.services.roles import Here
from lti_mentoring.services.session import SessionRow, Ticket
from lti_mentoring.web.wiring import the_request, wiring

COOKIE = "__Host-lti-mentoring"
SIGNED_IN = ("/courses/", "/api/", "/guest/", "/door")
"""Where a session is looked up; login, launch, keys, health and static files never ask the database for one."""

PASSES = "__Host-lti-mentoring-guest"
"""The passes of somebody who came by a link (``services.guest``), the newest first; each opens one thing."""

MOST_PASSES = 6

FRAMED = ("iframe", "frame", "embed", "object")
"""What a browser says of a page in a frame: whoever came by the door is never signed in there."""

CARRIED = "X-Mentoring-Session"
"""The header of a carried session, both ways."""

ONWARD = "X-Mentoring-Onward"
"""Where a page that was fetched leads on to: a script is not told where a redirect points, fragment and all, and so it gets no redirect."""

TURN_SECONDS = 60
_PURPOSE = "carried session"


@dataclass(frozen=True, slots=True)
class Carried:
    """A token of a session without a cookie, and when it was made."""

    ticket: Ticket
    made_at: float


class BrowserSession(SessionMixin):
    """What Flask sees of a session: its payload, looked up once somebody asks for it.

    ``row`` is None where nobody is signed in, and then nothing is kept; ``spare`` is what is found there all the same.
    """

    def __init__(self, ticket: Ticket | None, carried: Carried | None = None, spare: dict[str, Any] | None = None) -> None:
        self._ticket, self.carried, self._spare = ticket, carried, spare or {}
        self._row: SessionRow | None = None
        self._known = ticket is None
        self._payload: dict[str, Any] = dict(self._spare)
        self.modified = False

    @property
    def row(self) -> SessionRow | None:
        """Who is signed in here, if anybody."""
        if not self._known and self._ticket is not None:
            self._keep(sessions.resume(self._ticket, idle=_idle(), now=datetime.now(UTC)))
        return self._row

    def organisation(self) -> str | None:
        """The organisation that a page may look in: the one that the cookie names, or that of the session, None without one."""
        if not self._known and self._ticket is not None and self._ticket.org_id is not None:
            return self._ticket.org_id
        row = self.row
        return row.org_id if row is not None else None

    def visit(self, org_id: str, course_id: str) -> Here | None:
        """The person in the course of this address, where the session need not be looked up on its own; in the scope of ``org_id``."""
        if self._known or self._ticket is None:
            return None
        found = visits.visit(held=self._ticket, org_id=org_id, course_id=course_id, idle=_idle(), now=datetime.now(UTC))
        self._keep(found.session if found is not None else None)
        return found.here if found is not None and self._row is not None else None

    def _keep(self, row: SessionRow | None) -> None:
        if row is not None and row.by_door and the_request().headers.get("Sec-Fetch-Dest") in FRAMED:
            row = None
        self._row, self._known = row, True
        self._payload = dict(row.payload if row is not None else self._spare)

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
        """The session of this request's cookie, or the one that its page carries; a carried one that is none ends at that."""
        if not request.path.startswith(SIGNED_IN):
            return BrowserSession(None)
        header = request.headers.get(CARRIED)
        if header is not None:
            carried = read(header)
            return BrowserSession(carried.ticket if carried is not None else None, carried)
        cookie, held = request.cookies.get(COOKIE), passes(request)
        # Forms of somebody who came by a link carry a token as well: one that follows from their oldest pass, since nothing else is kept.
        spare = {"csrf_token": sessions.hashed(f"form:{held[-1]}")} if held else None
        return BrowserSession(sessions.ticket(cookie) if cookie else None, spare=spare)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Keep the payload if a page changed it; give the page that carries its session the next token in time, and no redirect."""
        if not isinstance(session, BrowserSession):
            return
        if session.modified and session.row is not None:
            sessions.keep_payload(id_hash=session.row.id_hash, payload=dict(session))
        carried = session.carried
        if carried is None:
            return
        if "Location" in response.headers:
            response.headers[ONWARD] = response.headers.pop("Location")
            response.status_code = 204
            response.set_data(b"")
        if session.row is not None and datetime.now(UTC).timestamp() - carried.made_at >= TURN_SECONDS:
            turn = (carried.ticket.turn or 0) + 1
            response.headers[CARRIED] = write(replace(carried.ticket, turn=turn))


def write(ticket: Ticket) -> str:
    """A token for a page to carry. It outlives no session that idles, and can be made by nobody else."""
    said = {"s": ticket.id_hash, "o": ticket.org_id, "n": ticket.turn, "i": int(datetime.now(UTC).timestamp())}
    return wiring().signer.sign(said, _idle().total_seconds(), purpose=_PURPOSE)


def read(token: str) -> Carried | None:
    """What a carried token says; None if it is not ours, was changed or is past its time."""
    try:
        said = wiring().signer.read(token, purpose=_PURPOSE)
    except BadToken:
        return None
    return Carried(Ticket(said["s"], said["o"], said["n"]), said["i"])


def browser() -> BrowserSession:
    """The session of this request."""
    found: BrowserSession = session._get_current_object()  # type: ignore[attr-defined]
    return found


def current() -> SessionRow | None:
    """Who is signed in here, if anybody."""
    return browser().row


def passes(request: Request) -> list[str]:
    """The passes that this browser holds, the newest first."""
    return [one for one in request.cookies.get(PASSES, "").split(".") if one][:MOST_PASSES]


def give_pass(response: Response, request: Request, secret: str) -> None:
    """Add a pass to those of this browser. In a window of the tool's own only: a frame of somebody else's site is not sent it."""
    held = ".".join([secret, *passes(request)][:MOST_PASSES])
    days = timedelta(days=14)
    cookie = dump_cookie(PASSES, held, days, path="/", secure=True, httponly=True, samesite="Lax", sync_expires=False)
    response.headers.add("Set-Cookie", cookie)


def clear_passes(response: Response) -> None:
    """Take all passes of this browser back."""
    response.headers.add("Set-Cookie", dump_cookie(PASSES, "", 0, path="/", secure=True, httponly=True, samesite="Lax"))


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
