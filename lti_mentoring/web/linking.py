# SPDX-License-Identifier: Apache-2.0
"""Choosing activities for a course page, and the form that takes the choice back to the LMS."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, make_response, render_template, request
from flask_babel import gettext
from marshmallow import EXCLUDE, Schema, fields, validate
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.domain.placing import GRADINGS
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.lti.deep_linking import FIELD
from lti_mentoring.services import asked, linking
from lti_mentoring.services.asked import Asked
from lti_mentoring.services.linking import Choice, Picker
from lti_mentoring.web import frame, session
from lti_mentoring.web.access import actor, require
from lti_mentoring.web.wiring import wiring
from lti_mentoring.web.wording.placing import item_title
from lti_mentoring.web.wording.rule import rule_words

bp = Blueprint("linking", __name__, url_prefix="/courses/<course>")

WHOLE_WORDS = 120


class ChoiceForm(Schema):
    """What was ticked; each item has its title and grading in fields of its own."""

    class Meta:
        unknown = EXCLUDE

    item = fields.List(fields.String(validate=validate.Length(min=1, max=200)), load_default=list, validate=validate.Length(max=100))
    window = fields.String(load_default="")


class DetailForm(Schema):
    """How one chosen activity shall look in the LMS."""

    title = fields.String(required=True, validate=validate.Length(min=1, max=WHOLE_WORDS))
    grading = fields.String(required=True, validate=validate.OneOf(GRADINGS))


def _asked(handle: str, course: str) -> Asked:
    return asked.find(session.browser(), handle, course)


@bp.get("/linking/<handle>")
@require("course.enter")
def index(course: str, handle: str) -> tuple[str, int]:
    request_ = _asked(handle, course)
    page = linking.picker(actor=actor(), asked=request_)
    return _page(page, request_, handle, 403 if page.why == "author" else 200)


def _page(page: Picker, request_: Asked, handle: str, status: int, wrong: str = "") -> tuple[str, int]:
    sent = request.form
    return render_template(
        "linking/index.html", page=page, asked=request_.deep_linking, handle=handle, wrong=wrong, sent=sent, chosen=sent.getlist("item")
    ), status


@bp.post("/linking/<handle>")
@require("course.enter")
def place(course: str, handle: str) -> AnyResponse | tuple[str, int]:
    request_ = _asked(handle, course)
    form = ChoiceForm().load({"item": request.form.getlist("item"), "window": request.form.get("window", "")})
    offered = linking.picker(actor=actor(), asked=request_)
    titles = {one.item: one.title for one in offered.offers}
    choices = [_choice(item, titles.get(item, "")) for item in dict.fromkeys(form["item"])]
    try:
        token = linking.answer(
            actor=actor(),
            asked=request_,
            choices=choices,
            launch_url=wiring().settings.launch_url,
            signing_key=wiring().signing_key(),
            window=bool(form["window"]),
        )
    except RuleBroken as broken:
        if broken.code not in ("linking_none", "linking_one"):
            raise
        return _page(offered, request_, handle, 400, rule_words(broken.code, broken.facts))
    return _back(request_, token, len(choices))


def _choice(item: str, title: str) -> Choice:
    """A chosen item, with what was typed beside it; an emptied title is the programme's own, else ours."""
    typed: Any = request.form.get(f"title-{item}", "").strip()[:WHOLE_WORDS]
    named = typed or title or item_title(item)
    detail = DetailForm().load({"title": named, "grading": request.form.get(f"grading-{item}", GRADINGS[0])})
    return Choice(item, detail["title"], detail["grading"])


@bp.post("/linking/<handle>/nothing")
@require("course.enter")
def nothing(course: str, handle: str) -> AnyResponse:
    request_ = _asked(handle, course)
    page = linking.picker(actor=actor(), asked=request_)
    reasons = {
        "author": gettext("Only course staff can add content."),
        "types": gettext("This place takes no activities of the mentoring tool."),
        "empty": gettext("No programme has been set up yet."),
    }
    token = linking.nothing(asked=request_, signing_key=wiring().signing_key(), message=reasons.get(page.why, ""))
    return _back(request_, token, 0)


def _back(request_: Asked, token: str, count: int) -> AnyResponse:
    """The form that the browser posts to the LMS; it may go there and nowhere else."""
    url = request_.deep_linking.return_url
    frame.allow_form_to(url)
    return make_response(render_template("linking/back.html", url=url, field=FIELD, token=token, count=count))
