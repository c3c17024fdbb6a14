# SPDX-License-Identifier: Apache-2.0
"""The door for people without an account: a link is opened once, for a pass, and behind it is the one page that it is for."""

from __future__ import annotations

import time
from collections import deque
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from marshmallow import EXCLUDE, Schema, fields, validate
from werkzeug.exceptions import TooManyRequests, Unauthorized
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.domain.guest import CONSENT, FIELD
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import guest as verbs
from lti_mentoring.services import language, people
from lti_mentoring.services.guest import Guest
from lti_mentoring.web import consent, session
from lti_mentoring.web.access import public
from lti_mentoring.web.reader import wanted
from lti_mentoring.web.wiring import the_request
from lti_mentoring.web.wording.rule import rule_words

bp = Blueprint("guest", __name__)

LINK = "comes with a link that works once, which is the proof"
HELD = "comes with the pass that a link was exchanged for, which is the proof"

MOST_WRONG, WITHIN = 30, 60
"""Links that open nothing, and the seconds in which one process takes so many of one address: nobody guesses, and nobody makes work."""

MOST_ADDRESSES = 1000

GIVEN_BACK = ("guest_link_spent", "guest_link_old", "guest_link_revoked")
"""What was a link once, so that its holder can ask for another one."""

Answer = str | AnyResponse | tuple[str, int]

_wrong: dict[str, deque[float]] = {}


class LinkForm(Schema):
    """What was pasted, or what the script took from the address."""

    class Meta:
        unknown = EXCLUDE

    token = fields.String(load_default="", validate=validate.Length(max=2000))


def _token() -> str:
    form: dict[str, Any] = LinkForm().load(request.form.to_dict())
    return str(form["token"]).strip().rpartition("#")[2]


@bp.get("/guest")
@public(LINK)
def index() -> str:
    return render_template("guest/index.html", error="")


@bp.post("/guest/open")
@public(LINK)
def enter() -> Answer:
    """Exchange a link for a pass. The token comes in the form: it stands in no address that a server sees, and in no log."""
    token = _token()
    _check_pace(token)
    try:
        with people.within(verbs.organisation_of(token)):
            secret, held = verbs.exchange(token=token)
    except RuleBroken as broken:
        _note_wrong()
        words = rule_words(broken.code, broken.facts)
        if broken.code in GIVEN_BACK:
            return render_template("guest/over.html", token=token, words=words, asked=False), 410
        return render_template("guest/index.html", error=words), 404
    answer = Response("", 303, {"Location": _behind(held)})
    session.give_pass(answer, the_request(), secret)
    return answer


def _behind(held: Guest) -> str:
    if held.purpose == FIELD:
        return url_for("observation.sheet", course=held.course_id, observation=held.observation_id)
    return url_for("guest.room", page=held.page)


@bp.post("/guest/ask")
@public(LINK)
def ask() -> Answer:
    """Ask for another link: one press, which tells who leads the course."""
    token = _token()
    _check_pace(token)
    try:
        with people.within(verbs.organisation_of(token)):
            verbs.ask_again(token=token)
    except NotFound as broken:
        _note_wrong()
        return render_template("guest/index.html", error=rule_words(broken.code, broken.facts)), 404
    return render_template("guest/over.html", asked=True)


def _check_pace(token: str) -> None:
    """What was never a link waits, once too many of one address were none; a link never waits for them: a campus is one address."""
    now, seen = time.monotonic(), _wrong.get(request.remote_addr or "")
    while seen and seen[0] < now - WITHIN:
        seen.popleft()
    if seen and len(seen) >= MOST_WRONG and not verbs.is_link(token):
        raise TooManyRequests
    if not seen:
        _wrong.pop(request.remote_addr or "", None)


def _note_wrong() -> None:
    if len(_wrong) >= MOST_ADDRESSES:
        _wrong.pop(next(iter(_wrong)))  # whoever came first; a flood from everywhere is not stopped by counting
    _wrong.setdefault(request.remote_addr or "", deque(maxlen=MOST_WRONG)).append(time.monotonic())


# --- a participant's own page ------------------------------------------------------------------------------------------------------


def _held(page: str = "") -> Guest:
    found = verbs.holder(session.passes(the_request()), purpose=CONSENT, page=page)
    if found is None:
        raise Unauthorized
    return found


@bp.get("/guest/room")
@public(HELD)
def newest() -> AnyResponse:
    """The page of whoever opened a link on this device last."""
    return redirect(url_for("guest.room", page=_held().page))


@bp.get("/guest/room/<page>")
@public(HELD)
def room(page: str) -> Answer:
    held = _held(page)
    with people.within(held.org_id), language.read_in(wanted):
        return consent.own_page(_actor(held), held.observation_id, _door(held))


@bp.post("/guest/room/<page>")
@public(HELD)
def say(page: str) -> Answer:
    """What was pressed is said by whom the page is for, whoever else opened a link on this device since."""
    held = _held(page)
    with people.within(held.org_id), language.read_in(wanted):
        return consent.act(_actor(held), held.observation_id, _door(held))


def _door(held: Guest) -> consent.Door:
    others = tuple((url_for("guest.room", page=page), day) for page, day in verbs.pages(session.passes(the_request()), held))
    action, back = url_for("guest.say", page=held.page), url_for("guest.room", page=held.page)
    return consent.Door(action, back, outside=True, others=others, handed_by=held.handed_by)


def _actor(held: Guest) -> Actor:
    return verbs.here(held).actor


@bp.post("/guest/leave")
@public(HELD)
def leave() -> Answer:
    """Close the page on this device: for whoever shares it."""
    answer = make_response(render_template("guest/left.html"))
    session.clear_passes(answer)
    return answer
