# SPDX-License-Identifier: Apache-2.0
"""The directory of mentors: finding somebody, and one's own entry."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from marshmallow import EXCLUDE, Schema, ValidationError, fields
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.domain.directory import LANGUAGES, Entry
from lti_mentoring.domain.mentorship import MODES
from lti_mentoring.domain.people import may
from lti_mentoring.domain.rule import NotAllowed, NotFound, RuleBroken
from lti_mentoring.services import directory
from lti_mentoring.services.directory import Wanted
from lti_mentoring.web.access import actor, require
from lti_mentoring.web.wording.rule import field_words, rule_words

bp = Blueprint("directory", __name__, url_prefix="/courses/<course>/mentors")

FIELDS = {
    "entry_areas": "areas",
    "entry_languages": "languages",
    "entry_capacity": "capacity",
    "entry_hours": "hours",
    "entry_meets": "meets",
    "entry_long": "about",
}
"""What a rule refuses of an entry, by the field that it is about."""


class Numbers(Schema):
    """The two numbers of an entry."""

    class Meta:
        unknown = EXCLUDE

    capacity = fields.Integer(required=True)
    hours = fields.Integer(required=True)


@bp.get("")
@require("directory.read")
def index(course: str) -> str:
    asked = request.args
    wanted = Wanted(
        text=asked.get("text", "")[:100],
        area=asked.get("area", "")[:80],
        language=asked.get("language", "")[:8],
        free=asked.get("free") == "yes",
        number=min(max(asked.get("page", 1, type=int), 1), 1000),
    )
    found = directory.page(actor=actor(), wanted=wanted, writes=may(actor(), "directory.own"))
    return render_template("directory/index.html", page=found, languages=LANGUAGES)


@bp.get("/mine")
@require("directory.own")
def own(course: str) -> str:
    found = directory.mine(actor=actor())
    return _own(found.entry, {})


def _own(entry: Entry, errors: dict[str, object]) -> str:
    page = directory.mine(actor=actor())
    return render_template("directory/own.html", page=page, entry=entry, errors=errors, languages=LANGUAGES, modes=MODES)


@bp.post("/mine")
@require("directory.own")
def write(course: str) -> str | AnyResponse | tuple[str, int]:
    sent = request.form
    errors: dict[str, object] = {}
    try:
        numbers: dict[str, int] = Numbers().load(sent.to_dict())
    except ValidationError as error:
        numbers = {}
        errors = {name: field_words(told) for name, told in error.normalized_messages().items()}
    entry = Entry(
        areas=tuple(sent.getlist("areas")),
        own=sent.get("own", ""),
        languages=tuple(sent.getlist("languages")),
        capacity=numbers.get("capacity", 1),
        hours=numbers.get("hours", 1),
        meets=tuple(sent.getlist("meets")),
        about=sent.get("about", ""),
        paused=sent.get("paused") == "yes",
    )
    if errors:
        return _own(entry, errors), 400
    try:
        directory.write(actor=actor(), entry=entry)
    except (NotFound, NotAllowed):
        raise
    except RuleBroken as broken:
        return _own(entry, {FIELDS[broken.code]: rule_words(broken.code, broken.facts)}), 400
    flash(gettext("Kept. Below you see what others see."), "ok")
    return redirect(url_for("directory.own", course=course), 303)


@bp.post("/mine/listed")
@require("directory.own")
def list_entry(course: str) -> AnyResponse:
    listed = request.form.get("listed") == "yes"
    try:
        directory.list_entry(actor=actor(), listed=listed)
    except (NotFound, NotAllowed):
        raise
    except RuleBroken as broken:
        flash(rule_words(broken.code, broken.facts), "wait")
    else:
        flash(gettext("You are listed. You can take it back at any time.") if listed else gettext("Nobody sees your entry any more."), "ok")
    return redirect(url_for("directory.own", course=course), 303)
