# SPDX-License-Identifier: Apache-2.0
"""The door for people without an account: a link is opened once, for a pass, and behind it is the one page that it is for."""

from __future__ import annotations

import time
from collections import deque
from typing import Any

from flask import Blueprint, Response, make_response, render_template, request, url_for
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
from lti_mentoring.web.wording import rule_words

bp = Blueprint("guest", __name__)

LINK = "comes with a link that works once, which is the proof"
HELD = "comes with the pass that a link was exchanged for, which is the proof"

MOST_WRONG, WITHIN = 30, 60
"""Links that open nothing, and the seconds in which one process takes so many of one address: nobody guesses, and nobody makes work."""

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
    _check_pace()
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
    return url_for("guest.room")


@bp.post("/guest/ask")
@public(LINK)
def ask() -> Answer:
    """Ask for another link: one press, which tells who leads the course."""
    token = _token()
    _check_pace()
    try:
        with people.within(verbs.organisation_of(token)):
            verbs.ask_again(token=token)
    except NotFound as broken:
        _note_wrong()
        return render_template("guest/index.html", error=rule_words(broken.code, broken.facts)), 404
    return render_template("guest/over.html", token="", words="", asked=True)


def _check_pace() -> None:
    now, seen = time.monotonic(), _wrong.get(request.remote_addr or "")
    while seen and seen[0] < now - WITHIN:
        seen.popleft()
    if seen and len(seen) >= MOST_WRONG:
        raise TooManyRequests
    if not seen:
        _wrong.pop(request.remote_addr or "", None)


def _note_wrong() -> None:
    _wrong.setdefault(request.remote_addr or "", deque(maxlen=MOST_WRONG)).append(time.monotonic())


# --- a participant's own page ------------------------------------------------------------------------------------------------------


def _held() -> Guest:
    found = verbs.holder(session.passes(the_request()), purpose=CONSENT)
    if found is None:
        raise Unauthorized
    return found


@bp.get("/guest/room")
@public(HELD)
def room() -> Answer:
    held = _held()
    with people.within(held.org_id), language.read_in(wanted):
        return consent.own_page(_actor(held), held.observation_id, action=url_for("guest.say"), outside=True)


@bp.post("/guest/room")
@public(HELD)
def say() -> Answer:
    held = _held()
    with people.within(held.org_id), language.read_in(wanted):
        return consent.act(_actor(held), held.observation_id, action=url_for("guest.say"), back=url_for("guest.room"), outside=True)


def _actor(held: Guest) -> Actor:
    return verbs.here(held).actor


@bp.post("/guest/leave")
@public(HELD)
def leave() -> Answer:
    """Close the page on this device: for whoever shares it."""
    answer = make_response(render_template("guest/left.html"))
    session.clear_passes(answer)
    return answer
