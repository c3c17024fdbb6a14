# SPDX-License-Identifier: Apache-2.0
"""The pages of the pocket LMS for people: who to be, the course, an activity, the gradebook, and what goes on behind."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.demo import columns
from lti_mentoring.demo.launching import begin
from lti_mentoring.demo.message import CLAIM, SHORT
from lti_mentoring.demo.site import Activity, Persona, site_registrations
from lti_mentoring.demo.world import cookie_name, cookie_value, here, signed_in, world

front = Blueprint("front", __name__)
bp = Blueprint("pages", __name__, url_prefix="/<site>")

MESSAGES_ON_A_PAGE = 60

KINDS = {
    "login": "Login",
    "auth": "Launch",
    "token": "Access token",  # nosec B105 (words for people)
    "jwks": "Keys",
    "lineitems": "Columns",
    "lineitem": "Column",
    "scores": "Grade",
    "results": "Results",
    "memberships": "Roster",
    "notices": "Notices",
    "linking": "Deep linking",
    "openid_configuration": "Registration",
    "openid_registration": "Registration",
}
"""What the message log calls each kind of message."""


@front.get("/")
def sites() -> str:
    """The sites that are played here."""
    return render_template("demo/sites.html", sites=list(world().sites.values()))


def _me() -> Persona | None:
    return signed_in(request.cookies.get(cookie_name(here())))


def for_somebody(view: Callable[..., str | AnyResponse]) -> Callable[..., str | AnyResponse]:
    """Send whoever is nobody yet to the page that asks who to be."""

    @wraps(view)
    def inner(**values: Any) -> str | AnyResponse:
        g.me = _me()
        if g.me is None:
            return redirect(url_for("pages.people", site=here().key, next=request.full_path.rstrip("?")), 303)
        return view(**values)

    return inner


@bp.get("/")
def people() -> str:
    """Who can be signed in as."""
    g.me = _me()
    return render_template("demo/people.html", next=_local(request.args.get("next")), course=here().courses[0])


@bp.post("/be")
def be() -> AnyResponse:
    """Sign in as somebody."""
    persona = here().persona(request.form.get("persona", "")) or abort(400)
    answer = redirect(_local(request.form.get("next")), 303)
    # Sent inside the tool's frame too, when the tool asks who is signed in; browsers count loopback as secure
    answer.set_cookie(cookie_name(here()), cookie_value(here(), persona), httponly=True, secure=True, samesite="None")
    return answer


def _local(target: str | None) -> str:
    """An address of this site, else its course page."""
    home = url_for("pages.course", site=here().key)
    if not target:
        return home
    parts = urlsplit(target)
    return target if not parts.scheme and not parts.netloc and parts.path.startswith(f"/{here().key}/") else home


@bp.get("/course", defaults={"number": None})
@bp.get("/course/<int:number>")
@for_somebody
def course(number: int | None) -> str | AnyResponse:
    """A course and its activities."""
    shown = here().courses[0] if number is None else here().course(number) or abort(404)
    rows = [one for one in here().activities if one.course == shown.number]
    grades = {cell["activity"]: cell for cell in columns.cells(world().state, here()) if cell["persona"] == g.me.key}
    note = request.args.get("lti_errormsg") or request.args.get("lti_msg")
    bad = bool(request.args.get("lti_errormsg"))
    return render_template("demo/course.html", course=shown, activities=rows, grades=grades, note=note, bad=bad)


def _activity(key: str) -> Activity:
    return here().activity(key) or abort(404)


@bp.get("/activity/<key>")
@for_somebody
def activity(key: str) -> str | AnyResponse:
    """The page of an activity: the tool in a frame, or a link to its own window."""
    shown = _activity(key)
    return render_template("demo/activity.html", activity=shown, course=here().course(shown.course))


@bp.get("/keeper")
def keeper() -> str:
    """The frame that keeps values for tools, where a site has it apart from its pages, as Canvas does."""
    return render_template("demo/keeper.html", manner=request.args.get("storage", ""))


@bp.get("/launch/<key>")
@for_somebody
def launch(key: str) -> str | AnyResponse:
    """The first step of a launch: a form that sends the browser to the tool."""
    fields = begin(g.me, _activity(key))
    page = render_template("demo/form_post.html", action=world().login_url, fields=fields, words="Going to the activity")
    answer = make_response(page)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.get("/return")
def come_back() -> str:
    """Where the tool sends people back to, in the frame or out of it."""
    number = request.args.get("course", type=int)
    shown = (here().course(number) if number is not None else None) or here().courses[0]
    words: dict[str, Any] = {name: request.args[name] for name in ("lti_msg", "lti_errormsg") if name in request.args}
    g.me = _me()
    return render_template("demo/return.html", target=url_for("pages.course", site=here().key, number=shown.number, **words))


@bp.get("/gradebook")
@for_somebody
def gradebook() -> str | AnyResponse:
    """Teachers see everybody's grades, others their own."""
    cells = columns.cells(world().state, here())
    people = [one for one in here().people if one.gradable and (g.me.staff or one.key == g.me.key)]
    heads = columns.columns(world().state, here())
    if here().profile.client_per_placement:  # one cell for each block: items without one never show
        heads = [row for row in heads if row["coupled"] or here().by_link(row["resource_link_id"] or "")]
    return render_template(
        "demo/gradebook.html", people=people, columns=heads, cells={(cell["column"], cell["persona"]): cell for cell in cells}
    )


@bp.get("/log")
@for_somebody
def log() -> str | AnyResponse:
    """Every LTI message, decoded."""
    rows = world().state.messages(here().key)
    kind = request.args.get("kind", "")
    chosen = [row for row in reversed(rows) if not kind or row["kind"] == kind]
    shown = [_shown(row) for row in chosen[:MESSAGES_ON_A_PAGE]]
    return render_template("demo/log.html", messages=shown, total=len(chosen), kind=kind, kinds=KINDS)


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    detail = row["detail"]
    return {
        "id": row["id"],
        "kind": KINDS.get(row["kind"], row["kind"]),
        "title": row["title"],
        "status": row["status"],
        "good": row["status"] < 400 and not row["title"].startswith("Refused"),
        "at": datetime.fromtimestamp(row["at"], UTC).strftime("%H:%M:%S"),
        "facts": _facts(detail.get("answer", {}).get("claims")) if isinstance(detail.get("answer"), dict) else [],
        "parts": [(name, json.dumps(value, indent=2, ensure_ascii=False)) for name, value in detail.items() if value],
    }


def _facts(claims: dict[str, Any] | None) -> list[tuple[str, str]]:
    """What a launch says, in plain words."""
    if not isinstance(claims, dict):
        return []
    roles, services = claims.get(SHORT["roles"]), claims.get(SHORT["ags"])
    facts = [
        ("Who", f"{claims.get('name') or 'no name sent'} (sub {claims.get('sub')})"),
        ("As", ", ".join(str(role).rpartition("/")[2] for role in roles) if isinstance(roles, list) else str(roles)),
        ("Course", _named(claims.get(SHORT["context"]), "title")),
        ("Activity", _named(claims.get(SHORT["resource_link"]), "title")),
        ("Opens", _named(claims.get(SHORT["custom"]), "item")),
        ("Gradebook", _named(services, "lineitem") if services else "no gradebook service"),
        ("Good for", f"{claims.get('exp', 0) - claims.get('iat', 0)} seconds" if _times(claims) else "unclear times"),
    ]
    return [fact for fact in facts if fact[1]]


def _times(claims: dict[str, Any]) -> bool:
    return all(isinstance(claims.get(name), int | float) for name in ("exp", "iat"))


def _named(claim: Any, name: str) -> str:
    return str(claim.get(name) or claim.get("id") or "") if isinstance(claim, dict) else ""


@bp.get("/platform")
@for_somebody
def platform() -> str | AnyResponse:
    """What an administrator of the tool must know of this site, and its keys."""
    registrations = site_registrations(here(), world().base_url)
    kids = [key["kid"] for key in world().keys.public(here().key)["keys"]]
    signs = world().keys.signing_key(here().key).kid
    return render_template("demo/platform.html", registrations=registrations, kids=kids, signs=signs, claim=CLAIM)


@bp.post("/platform/rotate")
def rotate() -> AnyResponse:
    """Rotate the site's key, as the button says."""
    world().keys.rotate(here().key, keep_old=request.form.get("keep") == "yes")
    return redirect(url_for("pages.platform", site=here().key), 303)


def plain(text: str, status: int) -> Response:
    """A short page of one sentence."""
    return make_response(render_template("demo/plain.html", words=text), status)
