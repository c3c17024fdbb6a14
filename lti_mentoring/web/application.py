# SPDX-License-Identifier: Apache-2.0
"""An applicant's pages: what the course offers, the form that keeps itself, and how the application stands."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext
from marshmallow import EXCLUDE, Schema, fields, validate
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.domain.form import CHOICES, YES, fields_of
from lti_mentoring.domain.programme import ApplicationForm
from lti_mentoring.domain.reporting_line import DIRECT
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import application as verbs
from lti_mentoring.services import declaring
from lti_mentoring.services.application import ApplicationPage
from lti_mentoring.services.declaring import LONGEST_LINE, Declared, NamedReferee
from lti_mentoring.services.reporting_line import Manager
from lti_mentoring.web.access import actor, require
from lti_mentoring.web.wording.application import problem_words
from lti_mentoring.web.wording.rule import rule_words

bp = Blueprint("application", __name__, url_prefix="/courses/<course>")
api = Blueprint("application_api", __name__, url_prefix="/api/v1/courses/<course>")

MOST_MANAGERS, MOST_REFEREES = 3, 4
MOST_FIELDS = 200

Answer = str | AnyResponse | tuple[str, int]

_line = partial(fields.String, load_default="", validate=validate.Length(max=LONGEST_LINE * 2))


class ManagerForm(Schema):
    """Somebody who manages or appraises the applicant."""

    class Meta:
        unknown = EXCLUDE

    kind = fields.String(load_default=DIRECT)
    name = _line()
    email = _line()


class RefereeForm(Schema):
    """Somebody who speaks for the applicant."""

    class Meta:
        unknown = EXCLUDE

    name = _line()
    email = _line()
    relation = _line()


class ApplicationDraft(Schema):
    """What the form says, and the revision that its page was made from."""

    class Meta:
        unknown = EXCLUDE

    revision = fields.Integer(required=True, validate=validate.Range(min=0))
    answers = fields.Dict(keys=fields.String(), load_default=dict, validate=validate.Length(max=MOST_FIELDS))
    nobody = fields.Boolean(load_default=False)
    staff = fields.List(fields.String(validate=validate.Length(max=32)), load_default=list, validate=validate.Length(max=200))
    managers = fields.List(fields.Nested(ManagerForm), load_default=list, validate=validate.Length(max=MOST_MANAGERS))
    referees = fields.List(fields.Nested(RefereeForm), load_default=list, validate=validate.Length(max=MOST_REFEREES))


class WordsForm(Schema):
    """A text in answer to what was asked."""

    class Meta:
        unknown = EXCLUDE

    text = fields.String(load_default="", validate=validate.Length(max=20_000))


class OfferForm(Schema):
    """Whether the applicant signs what a candidate agrees to."""

    class Meta:
        unknown = EXCLUDE

    agreed = fields.Boolean(load_default=False)


def _sent(form: ApplicationForm) -> dict[str, Any]:
    """The page's form in the shape of ``ApplicationDraft``."""
    sent = request.form
    answers: dict[str, object] = {}
    for one in fields_of(form):
        name = f"a-{one.key}"
        answers[one.key] = sent.getlist(name) if one.kind == CHOICES else name in sent if one.kind == YES else sent.get(name, "")
    numbers = range(1, MOST_MANAGERS + 1)
    return {
        "revision": sent.get("revision"),
        "answers": answers,
        "nobody": "nobody" in sent,
        "staff": sent.getlist("staff"),
        "managers": [
            {key: sent.get(f"m{n}-{key}", default) for key, default in (("kind", DIRECT), ("name", ""), ("email", ""))} for n in numbers
        ],
        "referees": [{key: sent.get(f"r{n}-{key}", "") for key in ("name", "email", "relation")} for n in range(1, MOST_REFEREES + 1)],
    }


def _loaded(told: Mapping[str, Any]) -> dict[str, Any]:
    form: dict[str, Any] = ApplicationDraft().load(told)
    declared = Declared(
        nobody=form["nobody"],
        staff=tuple(form["staff"]),
        managers=tuple(Manager(one["kind"], None, one["name"], one["email"]) for one in form["managers"]),
        referees=tuple(NamedReferee(**one) for one in form["referees"]),
    )
    return {"answers": form["answers"], "declared": declared, "revision": form["revision"]}


@bp.get("/application")
@require("application.apply")
def index(course: str) -> Answer:
    try:
        page = verbs.page(actor=actor())
    except NotFound:
        return render_template("application/door.html", page=verbs.door(actor=actor()))
    if page.state == "draft":
        return _form(page, {})
    return _status(page)


def _status(page: ApplicationPage, status: int = 200, **errors: str) -> Answer:
    return render_template("application/status.html", page=page, managers=MOST_MANAGERS, **errors), status


def _form(page: ApplicationPage, errors: Mapping[str, str], status: int = 200) -> Answer:
    return render_template("application/form.html", page=page, errors=errors, managers=MOST_MANAGERS), status


@bp.post("/application/begin")
@require("application.apply")
def begin(course: str) -> AnyResponse:
    verbs.begin(actor=actor())
    return redirect(url_for("application.index", course=course), 303)


@bp.post("/application")
@require("application.apply")
def keep(course: str) -> Answer:
    told = _loaded(_sent(verbs.page(actor=actor()).form))
    # Kept first, whatever becomes of it: a window that has just closed costs nobody what they typed.
    told["revision"], _ = verbs.save(actor=actor(), **told)
    if request.form.get("action") != "submit":
        flash(gettext("Draft kept."), "ok")
        return redirect(url_for("application.index", course=course), 303)
    try:
        verbs.submit(actor=actor(), **told)
    except RuleBroken as broken:
        if broken.code not in ("application_incomplete", "manager_unattested"):
            raise
        page = verbs.page(actor=actor())  # all that is missing is told at once
        unattested = {} if page.declared.attested() else {"managers": rule_words("manager_unattested")}
        return _form(page, {one.field: problem_words(one) for one in page.problems} | unattested, 400)
    flash(gettext("Submitted. What you wrote stays as it is; you see here what happens next."), "ok")
    return redirect(url_for("application.index", course=course), 303)


@bp.post("/application/information")
@require("application.apply")
def inform(course: str) -> AnyResponse:
    verbs.give_information(actor=actor(), text=WordsForm().load(request.form.to_dict())["text"])
    flash(gettext("Sent. It stands beside your application."), "ok")
    return redirect(url_for("application.index", course=course), 303)


@bp.post("/application/lines")
@require("application.apply")
def say_again(course: str) -> Answer:
    try:
        declaring.say_again(actor=actor(), declared=_loaded({**_sent(verbs.page(actor=actor()).form), "revision": 0})["declared"])
    except RuleBroken as broken:
        if broken.code != "manager_unattested":
            raise
        return _status(verbs.page(actor=actor()), 400, lines_error=rule_words(broken.code))
    flash(gettext("Kept. Thank you."), "ok")
    return redirect(url_for("application.index", course=course), 303)


@bp.post("/application/withdraw")
@require("application.apply")
def withdraw(course: str) -> AnyResponse:
    verbs.withdraw(actor=actor())
    flash(gettext("Withdrawn. You may apply again while the course takes applications."), "ok")
    return redirect(url_for("application.index", course=course), 303)


@bp.post("/application/accept")
@require("application.apply")
def accept(course: str) -> Answer:
    try:
        verbs.accept(actor=actor(), agreed=OfferForm().load(request.form.to_dict())["agreed"])
    except RuleBroken as broken:
        if broken.code != "agreement_unsigned":
            raise
        return _status(verbs.page(actor=actor()), 400, error=rule_words(broken.code))
    flash(gettext("Welcome. You are a candidate now, and this is your way."), "ok")
    return redirect(url_for("home.index", course=course), 303)


@api.put("/application")
@require("application.apply")
def put_draft(course: str) -> Response:
    revision, saved_at = verbs.save(actor=actor(), **_loaded(request.get_json()))
    return jsonify(revision=revision, saved_at=saved_at.isoformat())
