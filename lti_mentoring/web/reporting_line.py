# SPDX-License-Identifier: Apache-2.0
"""Who reports to whom: everybody's own page, what who leads the course writes down for others, and an institution's file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.domain.guest import FIELD
from lti_mentoring.domain.reporting_line import DIRECT, KINDS
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.services import attestation as verbs
from lti_mentoring.services import line_file, matter, relation
from lti_mentoring.services.declaring import LONGEST_LINE, Declared
from lti_mentoring.services.reporting_line import Manager
from lti_mentoring.web.access import actor, here, require
from lti_mentoring.web.wording.rule import field_words, rule_words

bp = Blueprint("reporting_line", __name__, url_prefix="/courses/<course>/lines")

MOST_MANAGERS = 3
LONGEST_FILE = 400_000
"""Characters of a file that a page takes; it goes back and forth once, with the confirmation."""

Answer = str | AnyResponse | tuple[str, int]

_line = partial(fields.String, load_default="", validate=validate.Length(max=LONGEST_LINE * 2))


class ManagerForm(Schema):
    """Somebody who manages or appraises the person."""

    class Meta:
        unknown = EXCLUDE

    kind = fields.String(load_default=DIRECT, validate=validate.OneOf(KINDS))
    name = _line()
    email = _line()


class LinesForm(Schema):
    """Who manages somebody: nobody, people of the course, or others by name and address; and where they work."""

    class Meta:
        unknown = EXCLUDE

    nobody = fields.Boolean(load_default=False)
    staff = fields.List(fields.String(validate=validate.Length(max=32)), load_default=list, validate=validate.Length(max=50))
    managers = fields.List(fields.Nested(ManagerForm), load_default=list, validate=validate.Length(max=MOST_MANAGERS))
    unit = _line()


class RelationForm(Schema):
    """To whom somebody has a relation, and since when."""

    class Meta:
        unknown = EXCLUDE

    person = fields.String(
        required=True, validate=validate.Length(min=1, max=32), error_messages={"required": "relation_with"}
    )
    since = fields.Date(load_default=None, allow_none=True)


class FileForm(Schema):
    """A file's text: pasted, or as it was shown before it is taken over."""

    class Meta:
        unknown = EXCLUDE

    text = fields.String(load_default="")


def _declared() -> tuple[Declared, str]:
    told = request.form
    sent: dict[str, Any] = {"nobody": "nobody" in told, "staff": told.getlist("staff"), "unit": told.get("unit", "")}
    names = ("name", "email", "kind")
    rows = [{name: told.get(f"m{number}-{name}") for name in names} for number in range(1, MOST_MANAGERS + 1)]
    sent["managers"] = [{name: value for name, value in row.items() if value is not None} for row in rows]
    form: dict[str, Any] = LinesForm().load(sent)
    managers = tuple(Manager(one["kind"], None, one["name"], one["email"]) for one in form["managers"] if one["name"] or one["email"])
    return Declared(form["nobody"], tuple(form["staff"]), managers), form["unit"]


# --- one's own page -----------------------------------------------------------------------------------------------------------


@bp.get("")
@require("line.own")
def own(course: str) -> Answer:
    return _own({})


def _own(errors: Mapping[str, str], values: Mapping[str, Any] | None = None) -> str:
    page, exceptions = verbs.own(actor=actor()), matter.for_me(actor=actor())
    return render_template(
        "reporting_line/own.html", page=page, exceptions=exceptions, errors=errors, values=values or {}, managers=MOST_MANAGERS
    )


@bp.post("")
@require("line.own")
def say(course: str) -> Answer:
    declared, _ = _declared()
    try:
        verbs.say(actor=actor(), declared=declared)
    except RuleBroken as broken:
        if broken.code != "manager_unattested":
            raise
        return _own({"managers": rule_words(broken.code)}, {"declared": declared}), 400
    flash(gettext("Kept. It holds for a year, or until you say it anew."), "ok")
    return redirect(url_for("reporting_line.own", course=course), 303)


@bp.get("/at/<observation>")
@require("line.own", guest=FIELD)
def at(course: str, observation: str) -> Answer:
    """The same for an observer who came by the link of one observation."""
    return _at(observation, {})


def _at(observation: str, errors: Mapping[str, str], declared: Declared | None = None) -> str:
    page = verbs.by_link(actor=actor(), observation_id=observation)
    given = {"declared": declared or page.declared, "observation": observation, "managers": MOST_MANAGERS}
    return render_template("reporting_line/at.html", page=page, errors=errors, **given)


@bp.post("/at/<observation>")
@require("line.own", guest=FIELD)
def say_at(course: str, observation: str) -> Answer:
    declared, _ = _declared()
    verbs.by_link(actor=actor(), observation_id=observation)  # nobody else's, whatever stands in the address
    try:
        verbs.say(actor=actor(), declared=declared, handed_by=here().handed_by)
    except RuleBroken as broken:
        if broken.code != "manager_unattested":
            raise
        return _at(observation, {"managers": rule_words(broken.code)}, declared), 400
    flash(gettext("Kept. It holds for a year, or until you say it anew."), "ok")
    return redirect(url_for("observation.sheet", course=course, observation=observation), 303)


@bp.post("/relations")
@require("line.own")
def declare(course: str) -> Answer:
    sent = request.form.to_dict()
    try:
        form: dict[str, Any] = RelationForm().load({name: value for name, value in sent.items() if value})
        relation.declare(actor=actor(), other_id=form["person"], since=form["since"])
    except ValidationError as error:
        return _own({name: field_words(told) for name, told in error.normalized_messages().items()}, sent), 400
    except RuleBroken as broken:
        if broken.code not in ("relation_to_oneself", "relation_later"):
            raise
        field = "since" if broken.code == "relation_later" else "person"
        return _own({field: rule_words(broken.code)}, sent), 400
    flash(gettext("Kept. Neither of you decides anything about the other from now on."), "ok")
    return redirect(url_for("reporting_line.own", course=course), 303)


@bp.post("/relations/<person>/end")
@require("line.own")
def over(course: str, person: str) -> AnyResponse:
    relation.over(actor=actor(), other_id=person)
    flash(gettext("Ended today. It counts for twelve months more."), "ok")
    return redirect(url_for("reporting_line.own", course=course), 303)


# --- written down for others ----------------------------------------------------------------------------------------------------


@bp.get("/of/<person>")
@require("line.enter")
def one(course: str, person: str) -> Answer:
    return _one(person, {})


def _one(person: str, errors: Mapping[str, str], declared: Declared | None = None, unit: str | None = None) -> str:
    page = verbs.of(actor=actor(), person_id=person)
    given = {"declared": declared or page.declared, "unit": page.person.unit if unit is None else unit}
    return render_template("reporting_line/one.html", page=page, errors=errors, managers=MOST_MANAGERS, **given)


@bp.post("/of/<person>")
@require("line.enter")
def enter(course: str, person: str) -> Answer:
    declared, unit = _declared()
    verbs.of(actor=actor(), person_id=person)  # nobody of another course, whatever was typed
    try:
        verbs.enter(actor=actor(), person_id=person, declared=declared, unit=unit)
    except RuleBroken as broken:
        if broken.code != "manager_unattested":
            raise
        return _one(person, {"managers": rule_words("line_unsaid")}, declared, unit), 400
    flash(gettext("Written down. What waited for it is looked at again within a minute."), "ok")
    return redirect(url_for("conflict.index", course=course), 303)


@bp.post("/of/<person>/ask")
@require("line.enter")
def ask(course: str, person: str) -> AnyResponse:
    verbs.ask(actor=actor(), person_id=person)
    flash(gettext("Asked. They find a notice that leads to the question; once a month is enough."), "ok")
    return redirect(url_for("conflict.index", course=course), 303)


# --- a file of the institution ------------------------------------------------------------------------------------------------------


@bp.get("/file")
@require("line.enter")
def file(course: str) -> Answer:
    return render_template("reporting_line/file.html", text="", faults=(), error="")


@bp.post("/file")
@require("line.enter")
def look(course: str) -> Answer:
    """Show what a file would change; nothing is kept."""
    text, error = _text()
    if error:
        return render_template("reporting_line/file.html", text=text[:LONGEST_FILE], faults=(), error=error), 400
    try:
        taken = line_file.preview(actor=actor(), text=text)
    except RuleBroken as broken:
        return _faulty(broken, text)
    return _preview(text, taken)


def _preview(text: str, taken: line_file.Taken) -> str:
    names = {one.id: one.name for one in verbs.everybody(actor=actor())}
    unnamed = [names[one] for one in taken.unnamed if one in names]
    return render_template("reporting_line/preview.html", text=text, taken=taken, unnamed=unnamed, shown=50)


def _faulty(broken: RuleBroken, text: str) -> Answer:
    if broken.code != "line_file_wrong":
        raise broken
    faults = broken.facts["faults"]
    return render_template("reporting_line/file.html", text=text, faults=faults, error=rule_words(broken.code)), 400


def _text() -> tuple[str, str]:
    """What was sent, and what is wrong with it as a whole."""
    sent = request.files.get("file")
    raw = sent.read(4 * LONGEST_FILE + 1) if sent is not None and sent.filename else b""
    try:
        text = raw.decode("utf-8-sig") if raw else FileForm().load(request.form.to_dict())["text"]
    except UnicodeDecodeError:
        text = raw.decode("cp1252", errors="replace")  # as older spreadsheets write it
    if not text.strip():
        return "", gettext("Choose a file, or paste its lines.")
    if len(text) > LONGEST_FILE:
        return text, gettext("This file is larger than a page can take. Leave out people who are neither in the course nor above them.")
    return text, ""


@bp.post("/file/take")
@require("line.enter")
def take(course: str) -> Answer:
    """Take over what was shown."""
    text = FileForm().load(request.form.to_dict())["text"]
    try:
        taken = line_file.take_over(actor=actor(), text=text)
    except RuleBroken as broken:
        return _faulty(broken, text)
    flash(gettext("Taken over: lines begun: %(begun)s, ended: %(ended)s.", begun=taken.begun, ended=taken.ended), "ok")
    return redirect(url_for("conflict.index", course=course), 303)
