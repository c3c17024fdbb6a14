# SPDX-License-Identifier: Apache-2.0
"""Help: the form and the page of a candidate's own requests, and the board of those who help."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.domain.assistance import LONGEST_TEXT, MODES, MOST_MINUTES, URGENCIES
from lti_mentoring.domain.rule import NotAllowed, NotFound, RuleBroken
from lti_mentoring.services import assistance as verbs
from lti_mentoring.web.access import actor, require
from lti_mentoring.web.wording.rule import field_words, rule_words

bp = Blueprint("assistance", __name__, url_prefix="/courses/<course>/help")

Answer = str | AnyResponse | tuple[str, int]

FIELDS = {
    "topic_unknown": "topic",
    "urgency_unknown": "urgency",
    "help_text_empty": "text",
    "help_text_long": "text",
    "minutes_unknown": "minutes",
    "mode_unknown": "mode",
    "outcome_empty": "outcome",
    "follow_up_past": "follow_up",
}
"""Code of a rule -> the field that it is about."""


class AskForm(Schema):
    """What help is wanted with. ``ask`` is the form's own id, so that sending it twice asks once; ``offer`` is one that is accepted."""

    class Meta:
        unknown = EXCLUDE

    ask = fields.UUID(required=True)
    offer = fields.String(load_default="", validate=validate.Length(max=32))
    topic = fields.String(required=True, validate=validate.Length(min=1, max=80))
    urgency = fields.String(required=True, validate=validate.OneOf(URGENCIES))
    text = fields.String(load_default="", validate=validate.Length(max=LONGEST_TEXT))


class ContactForm(Schema):
    """A contact, with the form's own id; ``action`` is ``answer`` where it answers the request."""

    class Meta:
        unknown = EXCLUDE

    contact = fields.UUID(required=True)
    minutes = fields.Integer(required=True, validate=validate.Range(1, MOST_MINUTES))
    mode = fields.String(required=True, validate=validate.OneOf(MODES))
    outcome = fields.String(required=True, validate=validate.Length(min=1, max=LONGEST_TEXT))
    follow_up = fields.Date(load_default=None, allow_none=True)
    action = fields.String(load_default="keep")


def _told(error: ValidationError | RuleBroken) -> dict[str, str]:
    """What is wrong, by field. What is about no field is raised again."""
    if isinstance(error, ValidationError):
        return {name: field_words(told) for name, told in error.normalized_messages().items()}
    if isinstance(error, NotFound | NotAllowed) or error.code not in FIELDS:
        raise error
    return {FIELDS[error.code]: rule_words(error.code, error.facts)}


def _to(endpoint: str, course: str, words: str, **ids: Any) -> AnyResponse:
    flash(words, "ok")
    return redirect(url_for(endpoint, course=course, **ids), 303)


# --- a candidate's own -------------------------------------------------------------------------------------------------------


@bp.get("/")
@require("assistance.own")
def index(course: str) -> str:
    return render_template("assistance/index.html", page=verbs.page(actor=actor()))


@bp.get("/ask")
@require("assistance.ask")
def ask(course: str) -> str:
    page = verbs.form(actor=actor(), offer_id=request.args.get("offer", ""))
    topic = page.offer.topic.code if page.offer else request.args.get("topic", "")
    values = {"ask": uuid.uuid4().hex, "topic": topic, "urgency": "this_week"}
    return render_template("assistance/ask.html", page=page, values=values, errors={})


@bp.post("/ask")
@require("assistance.ask")
def make(course: str) -> Answer:
    sent = request.form.to_dict()
    try:
        sent_in: dict[str, Any] = AskForm().load(sent)
        said = {name: sent_in[name] for name in ("topic", "urgency", "text")}
        if sent_in["offer"]:
            verbs.accept(actor=actor(), request_id=sent_in["offer"], **said)
        else:
            verbs.ask(actor=actor(), request_id=sent_in["ask"].hex, **said)
    except (ValidationError, RuleBroken) as error:
        errors = _told(error)
        page = verbs.form(actor=actor(), offer_id=sent.get("offer", ""))
        return render_template("assistance/ask.html", page=page, values={"ask": uuid.uuid4().hex, **sent}, errors=errors), 400
    return _to("assistance.index", course, gettext("Asked. You see here who takes it, and what comes of it."))


@bp.post("/<help_request>/decline")
@require("assistance.own")
def decline(course: str, help_request: str) -> AnyResponse:
    verbs.decline(actor=actor(), request_id=help_request)
    return _to("assistance.index", course, gettext("Declined. Nobody else has seen it, and “Get help” stays on every page."))


@bp.post("/<help_request>/withdraw")
@require("assistance.own")
def withdraw(course: str, help_request: str) -> AnyResponse:
    verbs.withdraw(actor=actor(), request_id=help_request)
    return _to("assistance.index", course, gettext("Taken back. Nobody but you sees it any more."))


@bp.post("/<help_request>/close")
@require("assistance.own")
def close(course: str, help_request: str) -> AnyResponse:
    verbs.close(actor=actor(), request_id=help_request)
    return _to("assistance.index", course, gettext("Closed. You can ask again whenever it comes back."))


@bp.post("/<help_request>/reopen")
@require("assistance.own")
def reopen(course: str, help_request: str) -> AnyResponse:
    verbs.reopen(actor=actor(), request_id=help_request)
    return _to("assistance.index", course, gettext("Asked again. It waits for somebody to take it."))


# --- the board ---------------------------------------------------------------------------------------------------------------


@bp.get("/board")
@require("assistance.help")
def board(course: str) -> str:
    return render_template("assistance/board.html", page=verbs.board(actor=actor()))


@bp.get("/board/<help_request>")
@require("assistance.help")
def sheet(course: str, help_request: str) -> str:
    return _sheet(help_request, {}, {})


def _sheet(help_request: str, sent: dict[str, str], errors: dict[str, str]) -> str:
    page = verbs.request_page(actor=actor(), request_id=help_request)
    values = {"contact": uuid.uuid4().hex, "minutes": "15", "mode": "message", **sent}
    return render_template("assistance/request.html", page=page, values=values, errors=errors, modes=MODES)


@bp.post("/board/<help_request>/take")
@require("assistance.help")
def take(course: str, help_request: str) -> AnyResponse:
    verbs.take(actor=actor(), request_id=help_request)
    return _to("assistance.sheet", course, gettext("Yours. The candidate sees your name."), help_request=help_request)


@bp.post("/board/<help_request>/hand-back")
@require("assistance.help")
def hand_back(course: str, help_request: str) -> AnyResponse:
    verbs.hand_back(actor=actor(), request_id=help_request)
    return _to("assistance.board", course, gettext("Handed back. It waits for somebody else; what is due stays due."))


@bp.post("/board/<help_request>/contacts")
@require("assistance.help")
def add_contact(course: str, help_request: str) -> Answer:
    sent = request.form.to_dict()
    try:
        form: dict[str, Any] = ContactForm().load({**sent, "follow_up": sent.get("follow_up") or None})
        verbs.add_contact(
            actor=actor(),
            request_id=help_request,
            contact_id=form["contact"].hex,
            minutes=form["minutes"],
            mode=form["mode"],
            outcome=form["outcome"],
            follow_up=form["follow_up"],
            answers=form["action"] == "answer",
        )
    except (ValidationError, RuleBroken) as error:
        return _sheet(help_request, sent, _told(error)), 400
    words = gettext("Answered. The candidate closes it, or asks again.") if form["action"] == "answer" else gettext("Contact kept.")
    return _to("assistance.sheet", course, words, help_request=help_request)


@bp.post("/board/<help_request>/answer")
@require("assistance.help")
def answer(course: str, help_request: str) -> AnyResponse:
    verbs.answer(actor=actor(), request_id=help_request)
    words = gettext("Answered. The candidate closes it, or asks again.")
    return _to("assistance.sheet", course, words, help_request=help_request)
