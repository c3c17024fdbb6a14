# SPDX-License-Identifier: Apache-2.0
"""The joint plan of a session of co-mentoring: a page for the two who write it, kept as it is typed, and agreed by both."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext
from marshmallow import EXCLUDE, Schema, fields, post_load, validate
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.domain.joint_plan import LONGEST, PARTS, WRITERS, Said
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.services import joint_plan as verbs
from lti_mentoring.web.access import actor, require
from lti_mentoring.web.wording.rule import rule_words

bp = Blueprint("joint_plan", __name__, url_prefix="/courses/<course>")
api = Blueprint("joint_plan_api", __name__, url_prefix="/api/v1/courses/<course>")

Answer = str | AnyResponse | tuple[str, int]

TYPED = ("plan_changed", "plan_open", "plan_long", "plan_closed")
"""What is told on the page where it was typed."""


class SaidForm(Schema):
    """What was typed into a part, and what stood there when its page was made."""

    class Meta:
        unknown = EXCLUDE

    text = fields.String(load_default="", validate=validate.Length(max=2 * LONGEST))
    known = fields.String(load_default="", validate=validate.Length(max=2 * LONGEST))

    @post_load
    def made(self, data: dict[str, Any], **kwargs: Any) -> Said:
        """-> Said"""
        return Said(**data)


class PlanForm(Schema):
    """The parts that were typed."""

    class Meta:
        unknown = EXCLUDE

    parts = fields.Dict(keys=fields.String(validate=validate.OneOf(PARTS)), values=fields.Nested(SaidForm), load_default=dict)


class AgreeForm(Schema):
    """The revision that was read."""

    class Meta:
        unknown = EXCLUDE

    revision = fields.Integer(required=True, validate=validate.Range(min=0))


def _sent() -> dict[str, Said]:
    """The page's form in the shape of ``PlanForm``."""
    sent = request.form
    parts = {part: {"text": sent[part], "known": sent.get(f"known-{part}", "")} for part in PARTS if part in sent}
    return dict(PlanForm().load({"parts": parts})["parts"])


@bp.get("/observations/<observation>/joint-plan")
@require("observation.plan_together")
def sheet(course: str, observation: str) -> str:
    return _sheet(observation)


def _sheet(observation: str, **told: Any) -> str:
    page = verbs.page(actor=actor(), observation_id=observation)
    return render_template("joint_plan/sheet.html", page=page, **{"typed": {}, "clashes": (), "errors": {}, "error": "", **told})


@bp.post("/observations/<observation>/joint-plan")
@require("observation.plan_together")
def keep(course: str, observation: str) -> Answer:
    """Keep what was typed; the button that agrees keeps first, and agrees if nothing has changed that its reader has not seen."""
    said = _sent()
    typed = {part: one.text for part, one in said.items()}
    try:
        kept = verbs.save(actor=actor(), observation_id=observation, said=said)
        if kept.clashes:
            return _sheet(observation, typed=typed, clashes=kept.clashes), 409
        if request.form.get("action") == "agree":
            read: dict[str, Any] = AgreeForm().load(request.form.to_dict())
            plan = verbs.agree(actor=actor(), observation_id=observation, revision=kept.read(read["revision"]))
            flash(gettext("Agreed by both of you.") if plan.stands else gettext("You have agreed. The other is asked now."), "ok")
        else:
            flash(gettext("Draft kept."), "ok")
    except RuleBroken as broken:
        if broken.code not in TYPED:
            raise
        words = rule_words(broken.code, broken.facts)
        part = broken.facts.get("part")
        return _sheet(observation, typed=typed, **({"errors": {part: words}} if part else {"error": words})), 400
    return redirect(url_for("joint_plan.sheet", course=course, observation=observation), 303)


@api.put("/observations/<observation>/joint-plan")
@require("observation.plan_together")
def put_plan(course: str, observation: str) -> tuple[Response, int]:
    """Keep what is typed. -> ``revision``, ``parts`` as they are kept, ``agreed`` (by whom), ``clashes`` (409), ``saved_at``."""
    kept = verbs.save(actor=actor(), observation_id=observation, said=PlanForm().load(request.get_json())["parts"])
    told = {
        "revision": kept.plan.revision,
        "parts": dict(kept.plan.words),
        "agreed": [writer for writer in WRITERS if kept.plan.stands_for(writer)],
        "clashes": list(kept.clashes),
        "saved_at": kept.saved_at.isoformat(),
    }
    if not kept.clashes:
        return jsonify(told), 200
    answer = jsonify(type="about:blank", status=409, code="draft_conflict", title=rule_words("draft_conflict", {}), **told)
    answer.mimetype = "application/problem+json"
    return answer, 409
