# SPDX-License-Identifier: Apache-2.0
"""Second and third opinions, for who leads the course: what waits for one, whom to ask, and how many were asked for, with a file."""

from __future__ import annotations

import csv
import io
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.domain.rule import NotAllowed, NotFound, RuleBroken
from lti_mentoring.domain.spreadsheet import plain
from lti_mentoring.services import drawing
from lti_mentoring.services import second as verbs
from lti_mentoring.services.opinion import MOST_LISTED
from lti_mentoring.web.access import actor, require
from lti_mentoring.web.wording.rule import rule_words
from lti_mentoring.web.wording.second import combined_words, second_reason_words

bp = Blueprint("second", __name__, url_prefix="/courses/<course>/opinions")

Answer = str | AnyResponse | tuple[str, int]


class AskForm(Schema):
    """Who is asked, from where they rate, and who is freed for it."""

    class Meta:
        unknown = EXCLUDE

    person = fields.String(required=True, validate=validate.Length(min=1, max=40))
    way = fields.String(load_default="room", validate=validate.OneOf(("room", "notes")))
    instead_of = fields.String(load_default="", validate=validate.Length(max=40))


@bp.get("")
@require("observation.second")
def index(course: str) -> str:
    return render_template("second/index.html", matters=verbs.waiting(actor=actor()), most=MOST_LISTED)


@bp.get("/<observation>")
@require("observation.second")
def choose(course: str, observation: str) -> Answer:
    return _page(observation, request.args.get("person", ""))


def _page(observation: str, chosen: str, *, error: str = "", way: str = "room") -> Answer:
    page = verbs.choose(actor=actor(), observation_id=observation)
    shown = render_template("second/choose.html", page=page, matter=page.matter, chosen=chosen, error=error, way=way)
    return (shown, 400) if error else shown


@bp.post("/<observation>")
@require("observation.second")
def ask(course: str, observation: str) -> Answer:
    sent = request.form.to_dict()
    try:
        form: dict[str, Any] = AskForm().load(sent)
    except ValidationError:
        return _page(observation, "", error=gettext("Choose whom to ask."), way=sent.get("way", "room"))
    try:
        instead_of, from_notes = form["instead_of"], form["way"] == "notes"
        verbs.assign(
            actor=actor(), observation_id=observation, person_id=form["person"], from_notes=from_notes, instead_of=instead_of
        )
    except (NotFound, NotAllowed):
        raise
    except RuleBroken as broken:
        return _refused(broken, course, observation, form)
    flash(gettext("Asked. They are told that a rating waits for them, and not why."), "ok")
    return redirect(url_for("second.index", course=course), 303)


def _refused(broken: RuleBroken, course: str, observation: str, form: dict[str, Any]) -> Answer:
    """What has changed meanwhile is told where the reader goes on: on the page of this matter while it waits, else on the list."""
    words = rule_words(broken.code, broken.facts)
    try:
        return _page(observation, form["person"], error=words, way=form["way"])
    except NotFound:
        flash(words, "wait")
        return redirect(url_for("second.index", course=course), 303)


@bp.post("/<observation>/excuse")
@require("observation.second")
def excuse(course: str, observation: str) -> AnyResponse:
    return _done(
        course, lambda: verbs.excuse(actor=actor(), observation_id=observation, person_id=request.form.get("person", "")),
        gettext("They need not rate any more, and are told so."),
    )


@bp.post("/<observation>/without")
@require("observation.second")
def without(course: str, observation: str) -> AnyResponse:
    done = gettext("It goes on without another opinion, as nobody may give one.")
    return _done(course, lambda: verbs.go_on_without(actor=actor(), observation_id=observation), done)


def _done(course: str, verb: Any, words: str) -> AnyResponse:
    try:
        verb()
        flash(words, "ok")
    except (NotFound, NotAllowed):
        raise
    except RuleBroken as broken:
        flash(rule_words(broken.code, broken.facts), "wait")
    return redirect(url_for("second.index", course=course), 303)


# --- how many, and why -----------------------------------------------------------------------------------------------------------


@bp.get("/audit")
@require("observation.second")
def audit(course: str) -> str:
    return render_template("second/audit.html", page=drawing.audit(actor=actor()))


@bp.get("/audit.csv")
@require("observation.second")
def export(course: str) -> Response:
    found = drawing.audit(actor=actor())
    held = io.StringIO("\ufeff")
    held.seek(1)
    write = csv.writer(held).writerow
    write([gettext("Day"), gettext("Candidate"), gettext("Observer"), gettext("Asked for because"), gettext("Ratings"),
           gettext("From notes"), gettext("How they became one result"), gettext("Drawn as the secret says")])
    for row in found.rows:
        reasons = "; ".join(second_reason_words(code) for code in row.reasons)
        told = [row.planned_for.isoformat(), row.candidate, row.observer, reasons, row.ratings, row.from_notes, combined_words(row.method)]
        write([plain(str(text)) for text in (*told, gettext("no") if row.differs else gettext("yes"))])
    answer = Response(held.getvalue(), mimetype="text/csv")
    answer.headers["Content-Disposition"] = "attachment; filename=second-opinions.csv"
    return answer
