# SPDX-License-Identifier: Apache-2.0
"""Moving candidates to another version of the programme, what was moved, and what a policy would mean before it is chosen."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import ngettext
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.domain.policy import RANGES
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import moved, trial
from lti_mentoring.services import moving as verbs
from lti_mentoring.web.access import actor, require
from lti_mentoring.web.wording.moving import FIELDS
from lti_mentoring.web.wording.rule import rule_words

bp = Blueprint("moving", __name__, url_prefix="/courses/<course>")

Answer = str | AnyResponse | tuple[str, int]


class PageQuery(Schema):
    """Which page of a list."""

    class Meta:
        unknown = EXCLUDE

    page = fields.Integer(load_default=1, validate=validate.Range(1, 100_000))


ON_THE_SCALE = validate.Range(1, 4)
"""Before it is made a fraction: that of ``1e999999999`` has a thousand million digits."""


class TrialQuery(PageQuery):
    """A policy by its name, and with ``own`` other numbers for it; ``about`` is the bar whose people are shown."""

    policy = fields.String(load_default="", validate=validate.Length(max=40))
    about = fields.String(load_default="", validate=validate.Length(max=200))
    own = fields.Boolean(load_default=False)
    structured_observations = fields.Integer(load_default=0)
    co_mentoring_sessions = fields.Integer(load_default=0)
    independent_observations = fields.Integer(load_default=1)
    overall_mean = fields.Decimal(load_default=None, allow_none=True, validate=ON_THE_SCALE)
    competency_mean = fields.Decimal(load_default=None, allow_none=True, validate=ON_THE_SCALE)
    no_critical_at_one = fields.Boolean(load_default=False)


# --- moving ----------------------------------------------------------------------------------------------------------------


@bp.get("/programme/moving")
@require("programme.move")
def index(course: str) -> str:
    number = PageQuery().load(request.args.to_dict())["page"]
    page = verbs.page(actor=actor(), version_id=request.args.get("to") or None, number=number)
    return render_template("moving/index.html", page=page, moves=moved.lately(actor=actor()), ticked=None, changed=(), reason="", errors={})


@bp.post("/programme/moving")
@require("programme.move")
def move(course: str) -> Answer:
    people, longer = _ticked("person"), _ticked("longer")
    to, reason = request.form.get("to", ""), request.form.get("reason", "")
    try:
        count = verbs.move(actor=actor(), version_id=to, people={**people, **longer}, longer=longer.keys(), reason=reason)
    except NotFound:
        raise
    except RuleBroken as broken:
        return _again(to, {**people, **longer}, reason, broken)
    flash(ngettext("One person was moved, and is told.", "%(num)s people were moved, and are told.", count), "ok")
    return redirect(url_for("moving.index", course=course, to=to), 303)


def _ticked(name: str) -> dict[str, str]:
    """Candidacy -> mark of the difference that was read; a box says both."""
    pairs = (value.partition(":") for value in request.form.getlist(name))
    return {candidacy: mark for candidacy, _, mark in pairs if candidacy}


def _again(to: str, ticked: dict[str, str], reason: str, broken: RuleBroken) -> Answer:
    """The page as it is now, with what was ticked and typed; what has changed since is not ticked any more."""
    number = PageQuery().load({"page": request.form.get("page", "1")})["page"]
    page = verbs.page(actor=actor(), version_id=to, number=number)
    changed: Any = broken.facts.get("candidacies", ())
    errors = {FIELDS.get(broken.code, "move"): rule_words(broken.code, broken.facts)}
    kept = ticked.keys() - set(changed)
    shown = render_template(
        "moving/index.html", page=page, moves=moved.lately(actor=actor()), ticked=kept, changed=changed, reason=reason, errors=errors
    )
    return shown, 409 if changed else 400


@bp.get("/way/versions")
@require("candidacy.way")
def own(course: str) -> str:
    return render_template("moving/own.html", moves=moved.own(actor=actor()))


# --- what if ---------------------------------------------------------------------------------------------------------------


@bp.get("/programme/trial")
@require("programme.move")
def what_if(course: str) -> Answer:
    sent = request.args.to_dict()
    errors: dict[str, Any] = {}
    try:
        asked: dict[str, Any] = TrialQuery().load(sent)
        numbers = _numbers(asked) if asked["own"] else None
        page = trial.page(actor=actor(), policy=asked["policy"], numbers=numbers, only=asked["about"], number=asked["page"])
    except ValidationError as error:
        errors = error.normalized_messages()
    except NotFound:
        raise
    except RuleBroken as broken:
        errors = {str(broken.facts.get("field", "modules")): rule_words(broken.code, broken.facts)}
    if errors:
        page = trial.page(actor=actor())
    # What was tried, so that pages and bars lead to the same trial.
    trying = {name: request.args.getlist(name) for name in request.args if name not in ("page", "about")}
    shown = render_template("moving/what_if.html", page=page, sent=sent, trying=trying, errors=errors, ranges=RANGES)
    return (shown, 400) if errors else shown


def _numbers(asked: dict[str, Any]) -> dict[str, Any]:
    numbers = {name: asked[name] for name in trial.NUMBERS if asked.get(name) is not None}
    for mean in ("overall_mean", "competency_mean"):
        if mean in numbers:
            numbers[mean] = Fraction(numbers[mean])
    return {**numbers, "modules_required": tuple(request.args.getlist("module"))}
