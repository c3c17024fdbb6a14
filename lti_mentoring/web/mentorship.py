# SPDX-License-Identifier: Apache-2.0
"""Pairs and groups, for who leads the course and for mentors: the list, one of them with its sessions, making and ending one."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.domain.mentorship import KINDS, ONE_TO_ONE
from lti_mentoring.domain.rule import NotAllowed, NotFound, RuleBroken
from lti_mentoring.services import meeting, mentorship, pairing
from lti_mentoring.services.pairing import LONGEST_NAME, Wanted
from lti_mentoring.web.access import actor, require
from lti_mentoring.web.when import WhenForm, when
from lti_mentoring.web.wording.conflict import finding_words
from lti_mentoring.web.wording.rule import field_words, rule_words

bp = Blueprint("mentorship", __name__, url_prefix="/courses/<course>/pairs")

Answer = str | AnyResponse | tuple[str, int]


class PairForm(Schema):
    """A pair or group to make. ``pair`` is the form's own id, so that sending it twice makes one."""

    class Meta:
        unknown = EXCLUDE

    pair = fields.UUID(required=True)
    kind = fields.String(load_default=ONE_TO_ONE, validate=validate.OneOf(KINDS))
    leader = fields.String(required=True, validate=validate.Length(min=1, max=32))
    co_mentor = fields.String(load_default="", validate=validate.Length(max=32))
    proteges = fields.String(required=True, validate=validate.Length(min=1, max=6000))
    started_on = fields.Date(required=True)
    label = fields.String(load_default="", validate=validate.Length(max=LONGEST_NAME))


class MeetingForm(WhenForm):
    """A session to plan; ``meeting`` is the form's own id."""

    meeting = fields.UUID(required=True)


FIELDS = {
    "mentor_and_protege": "proteges",
    "member_twice": "proteges",
    "mentor_missing": "leader",
    "protege_missing": "proteges",
    "group_size": "proteges",
    "protege_name": "proteges",
    "protege_address": "proteges",
    "protege_several": "proteges",
    "pair_there": "proteges",
}
"""What a rule refuses of a pair, by the field that it is about."""

WHEN_FIELDS = {"session_minutes": "minutes", "session_mode": "mode", "session_before": "day"}
"""The same of a session."""


def errors_of(error: ValidationError) -> dict[str, Any]:
    """What a schema refuses, in words, by field."""
    return {name: field_words(told) for name, told in error.normalized_messages().items()}


def field_of(broken: RuleBroken, known: dict[str, str]) -> dict[str, Any]:
    """The field that a broken rule is about; it is raised again where it is about none."""
    if broken.code not in known or isinstance(broken, NotAllowed | NotFound):
        raise broken
    return {known[broken.code]: rule_words(broken.code, broken.facts)}


@bp.get("")
@require("mentorship.manage")
def index(course: str) -> str:
    return render_template("mentorship/index.html", page=mentorship.page(actor=actor()))


@bp.get("/new")
@require("mentorship.manage")
def form(course: str) -> str:
    return _form({"pair": uuid.uuid4().hex}, {})


def _form(values: dict[str, str], errors: dict[str, Any]) -> str:
    return render_template("mentorship/form.html", page=mentorship.form(actor=actor()), values=values, errors=errors)


@bp.post("/new")
@require("mentorship.manage")
def make(course: str) -> Answer:
    sent = request.form.to_dict()
    try:
        told: dict[str, Any] = PairForm().load(sent)
        wanted = Wanted(
            id=told["pair"].hex,
            kind=told["kind"],
            leader_id=told["leader"],
            proteges=told["proteges"],
            started_on=told["started_on"],
            co_mentor_id=told["co_mentor"],
            label=told["label"],
        )
        made = pairing.make(actor=actor(), wanted=wanted)
    except ValidationError as error:
        return _form(sent, errors_of(error)), 400
    except RuleBroken as broken:
        if broken.code == "conflict_closed":
            names: Any = broken.facts["names"]
            found: Any = broken.facts["findings"]
            return _form(sent, {"conflict": [finding_words(one, names) for one in found]}), 400
        return _form(sent, field_of(broken, FIELDS)), 400
    flash(gettext("Made. Now you can plan sessions."), "ok")
    return redirect(url_for("mentorship.one", course=course, pair=made), 303)


@bp.get("/<pair>")
@require("mentorship.manage")
def one(course: str, pair: str) -> str:
    return _one(pair, {"meeting": uuid.uuid4().hex}, {})


def _one(pair: str, values: dict[str, str], errors: dict[str, Any]) -> str:
    page = meeting.pair_page(actor=actor(), mentorship_id=pair)
    return render_template("mentorship/pair.html", page=page, values=values, errors=errors)


@bp.post("/<pair>/end")
@require("mentorship.manage")
def end(course: str, pair: str) -> AnyResponse:
    pairing.end(actor=actor(), mentorship_id=pair)
    flash(gettext("Ended. What was planned ahead is called off."), "ok")
    return redirect(url_for("mentorship.one", course=course, pair=pair), 303)


@bp.post("/<pair>/sessions")
@require("mentorship.manage")
def plan(course: str, pair: str) -> Answer:
    sent = request.form.to_dict()
    try:
        told: dict[str, Any] = MeetingForm().load(sent)
        meeting.plan(actor=actor(), mentorship_id=pair, when=when(told), session_id=told["meeting"].hex)
    except ValidationError as error:
        return _one(pair, sent, errors_of(error)), 400
    except RuleBroken as broken:
        return _one(pair, sent, field_of(broken, WHEN_FIELDS)), 400
    flash(gettext("Planned."), "ok")
    return redirect(url_for("mentorship.one", course=course, pair=pair), 303)
