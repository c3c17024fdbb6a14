# SPDX-License-Identifier: Apache-2.0
"""The door beside the LMS: a link by mail or a passkey, and behind it the pages that are somebody's own. Never in a frame."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.http import dump_cookie
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.domain import door as rules
from lti_mentoring.domain.people import display_name
from lti_mentoring.domain.rule import NotAllowed, NotFound, RuleBroken
from lti_mentoring.services import door, door_link, door_place, passkey, people
from lti_mentoring.services import session as sessions
from lti_mentoring.services.passkey import Site
from lti_mentoring.services.session import SessionRow
from lti_mentoring.web import session
from lti_mentoring.web.access import actor, public, require
from lti_mentoring.web.wiring import wiring
from lti_mentoring.web.wording.rule import rule_words

bp = Blueprint("door", __name__)

OPEN = "the door itself: it says the same to everybody, and what opens it is a link or a passkey, which is the proof"
HELD = "opens to a session that came by the door, which is looked for first"

BINDING = "__Host-lti-mentoring-door"
"""What ties a challenge to this browser, before anybody is signed in."""

Answer = str | AnyResponse | tuple[str, int]

_BROWSERS = (("Edg", "Edge"), ("Firefox", "Firefox"), ("Chrom", "Chrome"), ("Safari", "Safari"))
_SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "Mac"), ("Linux", "Linux"))


def _browser() -> str:
    """The kind of browser, for the owner of a link: no more than a name of each, so that nothing odd stands on a page."""
    said = request.headers.get("User-Agent", "")
    found = [name for names in (_BROWSERS, _SYSTEMS) for name in [next((told for key, told in names if key in said), "")] if name]
    return " / ".join(found)


def _site() -> Site:
    address = wiring().settings.public_url
    return Site(urlsplit(address).hostname or "localhost", address)


def _token() -> str:
    return request.form.get("token", "")[:2000].strip().rpartition("#")[2]


def _index(error: str = "", status: int = 200, sent: bool = False) -> Answer:
    return render_template("door/index.html", error=error, sent=sent, mails=door.mails()), status


def _words(broken: RuleBroken) -> str:
    return rule_words(broken.code, broken.facts)


# --- outside --------------------------------------------------------------------------------------------------------------------------


@bp.get("/door")
@public(OPEN)
def index() -> Answer:
    return _index()


@bp.post("/door/ask")
@public(OPEN)
def ask() -> Answer:
    """The answer is the same for an address that is known and one that is not; it is looked for later, by a worker."""
    try:
        door.ask(address=request.form.get("address", "")[:400], client=request.remote_addr or "")
    except RuleBroken as broken:
        return _index(_words(broken), 400)
    return _index(sent=True)


@bp.get("/door/link")
@public(OPEN)
def link() -> str:
    """Where a link leads: one press opens it, so that a program that only looks at links spends none."""
    return render_template("door/link.html")


@bp.post("/door/open")
@public(OPEN)
def enter_by_link() -> Answer:
    token = _token()
    try:
        with people.within(door_link.organisation_of(token)):
            made = door_link.exchange(token=token, browser=_browser(), old_token=request.cookies.get(session.COOKIE))
    except RuleBroken as broken:
        if broken.code == rules.SPENT:
            return render_template("door/spent.html", token=token, done=False, **broken.facts), 410
        return _index(_words(broken), 410 if broken.code in (rules.OLD, rules.REVOKED) else 404)
    return _in(made)


@bp.post("/door/not-me")
@public(OPEN)
def not_me() -> Answer:
    """Somebody else opened the link of whoever holds it."""
    token = _token()
    try:
        with people.within(door_link.organisation_of(token)):
            door.disown(token=token)
    except NotFound as broken:
        return _index(_words(broken), 404)
    return render_template("door/spent.html", done=True)


def _in(made: str) -> AnyResponse:
    answer = Response("", 303, {"Location": url_for("door.home")})
    session.set_cookie(answer, session.COOKIE, made, max_age=int(rules.LASTS.total_seconds()))
    return answer


@bp.post("/door/challenge")
@public(OPEN)
def challenge() -> Response:
    binding = secrets.token_urlsafe(32)
    answer = Response(passkey.begin_entering(browser=binding, site=_site()), mimetype="application/json")
    seconds = int(rules.CHALLENGE_LIVES.total_seconds())
    cookie = dump_cookie(BINDING, binding, seconds, path="/", secure=True, httponly=True, samesite="Strict", sync_expires=False)
    answer.headers.add("Set-Cookie", cookie)
    return answer


@bp.post("/door/enter")
@public(OPEN)
def enter_by_passkey() -> Answer:
    try:
        made = passkey.enter(
            credential=request.form.get("credential", "")[:20_000],
            browser=request.cookies.get(BINDING, ""),
            site=_site(),
            old_token=request.cookies.get(session.COOKIE),
        )
    except RuleBroken as broken:
        return _index(_words(broken), 403)
    return _in(made)


# --- inside ---------------------------------------------------------------------------------------------------------------------------


def _held() -> SessionRow | None:
    row = session.current()
    return row if row is not None and row.by_door else None


def _outside() -> AnyResponse:
    return redirect(url_for("door.index"), 303)


def _fresh(row: SessionRow) -> bool:
    since = datetime.fromisoformat(row.payload["door"]["at"])
    return datetime.now(UTC) < since + rules.FRESH


@bp.get("/door/home")
@public(HELD)
def home() -> Answer:
    row = _held()
    if row is None:
        return _outside()
    with people.within(row.org_id):
        found = door_place.places(row.person_id)
        if not found:
            sessions.end(id_hash=row.id_hash)
            return _outside()
        return render_template("door/home.html", places=found, passkeys=passkey.listing(row.person_id), fresh=_fresh(row))


@bp.post("/door/passkeys/challenge")
@public(HELD)
def passkey_challenge() -> Answer:
    row = _held()
    if row is None or not _fresh(row):
        return Response("{}", 403, mimetype="application/json")
    with people.within(row.org_id):
        name = display_name(door_place.name_of(row.person_id), row.person_id)
        told = passkey.begin_adding(person_id=row.person_id, name=name, browser=row.id_hash, site=_site())
    return Response(told, mimetype="application/json")


@bp.post("/door/passkeys")
@public(HELD)
def passkeys() -> AnyResponse:
    """Add one, name one or take one away."""
    row = _held()
    if row is None:
        return _outside()
    form = request.form
    try:
        with people.within(row.org_id):
            _change(row, form.get("do", ""), form.get("passkey", "")[:32], form.get("name", "")[:200], form.get("credential", "")[:20_000])
    except RuleBroken as broken:
        flash(_words(broken), "stop")
    return redirect(url_for("door.home"), 303)


def _change(row: SessionRow, verb: str, passkey_id: str, name: str, credential: str) -> None:
    if verb == "name":
        passkey.rename(person_id=row.person_id, passkey_id=passkey_id, name=name)
    elif not _fresh(row):
        raise NotAllowed("door_stale")
    elif verb == "remove":
        passkey.remove(person_id=row.person_id, passkey_id=passkey_id)
        flash(gettext("Taken away. It opens nothing here any more."), "ok")
    else:
        link = row.payload["door"]["link"]
        told: dict[str, Any] = {"credential": credential, "name": name or _browser(), "by_link": link}
        passkey.add(person_id=row.person_id, browser=row.id_hash, site=_site(), **told)
        flash(gettext("Your passkey is kept. Next time one press lets you in."), "ok")


@bp.post("/door/out")
@public(HELD)
def leave() -> Answer:
    return _leave(everywhere=False)


@bp.post("/door/out-everywhere")
@public(HELD)
def leave_everywhere() -> Answer:
    return _leave(everywhere=True)


def _leave(*, everywhere: bool) -> Answer:
    row = _held()
    if row is not None and everywhere:
        with people.within(row.org_id):
            door.leave_everywhere(person_id=row.person_id)
    elif row is not None:
        sessions.end(id_hash=row.id_hash)
    answer = make_response(render_template("door/left.html", everywhere=everywhere))
    session.clear_cookie(answer, session.COOKIE)
    return answer


# --- whoever made a pair --------------------------------------------------------------------------------------------------------------


@bp.post("/courses/<course>/pairs/<pair>/door")
@require("mentorship.manage")
def invite(course: str, pair: str) -> AnyResponse:
    try:
        door.invite(actor=actor(), mentorship_id=pair, person_id=request.form.get("person", "")[:32])
        flash(gettext("A link is on its way to their address. It works once, within seven days."), "ok")
    except (NotFound, NotAllowed):
        raise
    except RuleBroken as broken:
        flash(_words(broken), "stop")
    return redirect(url_for("mentorship.one", course=course, pair=pair), 303)
