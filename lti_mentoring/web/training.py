# SPDX-License-Identifier: Apache-2.0
"""A module's pages, and its knowledge check one question a page; the same answers as JSON for pages that keep them in the background."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.domain.answer import TEXT_MOST
from lti_mentoring.domain.rule import NotAllowed, NotFound, RuleBroken
from lti_mentoring.services import delivery, training
from lti_mentoring.services import practice as practices
from lti_mentoring.services.training import ModulePage
from lti_mentoring.web import reading
from lti_mentoring.web.access import actor, require

bp = Blueprint("training", __name__, url_prefix="/courses/<course>")
api = Blueprint("training_api", __name__, url_prefix="/api/v1/courses/<course>")

bp.app_template_filter("reading")(reading.reading)
bp.app_template_filter("inline")(reading.inline)

ONE, MANY, EACH = ("step", "choice", "text"), ("choices", "ticks"), {"cards": "card-", "levels": "level-"}
"""What a form sends once, as often as it is ticked, and for each card or criterion: the field of card 3 is ``card-3``, which holds its bin,
counted from 0, or in an order its place, counted from 1; the field of criterion K1 is ``level-K1``."""

FIRST = "first-"
"""In a preview, the first step of two travels along in the form of the second, in a field such as ``first-choice``."""

KEY = fields.String(validate=validate.Length(max=40))


class AnswerForm(Schema):
    """An answer, from a form or as JSON: one of the forms of ``domain.answer``, for a step from 1."""

    class Meta:
        unknown = EXCLUDE

    step = fields.Integer(load_default=1, validate=validate.Range(1, 2))
    choice = fields.String(validate=validate.Length(max=40))
    choices = fields.List(KEY, validate=validate.Length(max=20))
    cards = fields.Dict(keys=KEY, values=KEY, validate=validate.Length(max=20))
    order = fields.List(KEY, validate=validate.Length(max=20))
    levels = fields.Dict(keys=KEY, values=KEY, validate=validate.Length(max=20))
    text = fields.String(validate=validate.Length(max=2 * TEXT_MOST))
    ticks = fields.List(KEY, validate=validate.Length(max=20))


def _form() -> dict[str, Any]:
    sent: dict[str, Any] = {name: request.form[name] for name in ONE if name in request.form}
    sent |= {name: request.form.getlist(name) for name in MANY if name in request.form}
    each = {name: _with_prefix(start) for name, start in EACH.items()}
    return sent | {name: values for name, values in each.items() if values}


def _with_prefix(start: str) -> dict[str, str]:
    return {name.removeprefix(start): value for name, value in request.form.items() if name.startswith(start)}


# --- the module ---------------------------------------------------------------------------------------------------------


@bp.get("/modules/<key>")
@require("training.read")
def module(course: str, key: str) -> str:
    grade = delivery.grade_line(actor=actor(), item=f"module:{key}")
    return render_template("training/module.html", page=training.module_page(actor=actor(), key=key), grade=grade)


@bp.get("/modules/<key>/parts/<part>")
@require("training.read")
def part(course: str, key: str, part: str) -> str:
    page = training.module_page(actor=actor(), key=key)
    sections = page.module.sections
    place = next((index for index, section in enumerate(sections) if section.key == part), None)
    if place is None:
        raise NotFound("part", part=part)
    before = sections[place - 1].key if place else None
    after = sections[place + 1].key if place + 1 < len(sections) else None
    return render_template("training/part.html", page=page, section=sections[place], place=place + 1, before=before, after=after)


@bp.get("/modules/<key>/practice")
@require("training.read")
def practice(course: str, key: str) -> str:
    page, work = training.module_page(actor=actor(), key=key), practices.own(actor=actor(), key=key)
    return render_template("training/practice.html", page=page, work=work, typed=None, errors={})


@bp.get("/modules/<key>/check")
@require("training.read")
def check(course: str, key: str) -> str:
    return render_template("training/check.html", page=training.module_page(actor=actor(), key=key))


@bp.post("/modules/<key>/check")
@require("training.learn")
def start(course: str, key: str) -> AnyResponse:
    attempt = training.start_check(actor=actor(), key=key)
    return redirect(url_for("training.attempt", course=course, attempt=attempt), 303)


# --- an attempt -----------------------------------------------------------------------------------------------------------


@bp.get("/attempts/<attempt>")
@require("training.learn")
def attempt(course: str, attempt: str) -> AnyResponse:
    """Go on where it was left: the first open question, or the result."""
    number = training.attempt_page(actor=actor(), attempt_id=attempt).first_open
    if number is None:
        return redirect(url_for("training.result", course=course, attempt=attempt), 303)
    return redirect(url_for("training.question", course=course, attempt=attempt, number=number), 303)


@bp.get("/attempts/<attempt>/questions/<int:number>")
@require("training.learn")
def question(course: str, attempt: str, number: int) -> str:
    page = training.attempt_page(actor=actor(), attempt_id=attempt)
    return render_template("training/question.html", page=page, question=page.question(number), typed={}, error=None)


@bp.post("/attempts/<attempt>/questions/<int:number>")
@require("training.learn")
def answer(course: str, attempt: str, number: int) -> AnyResponse | tuple[str, int]:
    page = training.attempt_page(actor=actor(), attempt_id=attempt)
    asked = page.question(number)
    typed = _form()
    try:
        form = AnswerForm().load(typed)
        step = form.pop("step")
        training.answer(actor=actor(), attempt_id=attempt, item_key=asked.key, answer=form, step=step)
    except (NotFound, NotAllowed, ValidationError):
        raise
    except RuleBroken as error:
        return render_template("training/question.html", page=page, question=asked, typed=typed, error=error), 400
    return redirect(url_for("training.question", course=course, attempt=attempt, number=number, _anchor="answer"), 303)


@bp.get("/attempts/<attempt>/result")
@require("training.learn")
def result(course: str, attempt: str) -> str | AnyResponse:
    page = training.attempt_page(actor=actor(), attempt_id=attempt)
    if page.attempt.open:
        return redirect(url_for("training.attempt", course=course, attempt=attempt), 303)
    grade = delivery.grade_line(actor=actor(), item=f"module:{page.module.key}")
    return render_template("training/result.html", page=page, grade=grade)


@api.post("/attempts/<attempt>/answers/<item>")
@require("training.learn")
def keep(course: str, attempt: str, item: str) -> Response:
    """Keep one answer. 200 means stored: ``kept_at``, ``complete`` (the question), ``finished`` (the attempt)."""
    form = AnswerForm().load(request.get_json())
    step = form.pop("step")
    kept = training.answer(actor=actor(), attempt_id=attempt, item_key=item, answer=form, step=step)
    return jsonify(
        item=kept.item_key,
        step=kept.step,
        kept_at=kept.kept_at.isoformat(),
        first=kept.first,
        complete=kept.complete,
        finished=kept.finished,
    )


# --- a look for staff -------------------------------------------------------------------------------------------------------


@bp.get("/modules/<key>/preview/<int:number>")
@require("training.preview")
def preview(course: str, key: str, number: int) -> str:
    page = training.preview(actor=actor(), key=key, number=number)
    return render_template("training/preview.html", page=page, question=page.question, typed={}, given={}, error=None)


@bp.post("/modules/<key>/preview/<int:number>")
@require("training.preview")
def try_out(course: str, key: str, number: int) -> str | tuple[str, int]:
    """Explain an answer and forget it; the first step of two travels along in the form."""
    typed = _form()
    form = AnswerForm().load(typed)
    step = form.pop("step")
    answers: dict[int, dict[str, Any]] = {step: form}
    if step > 1:
        answers[1] = AnswerForm(exclude=("step",)).load(_with_prefix(FIRST))
    try:
        page = training.preview(actor=actor(), key=key, number=number, answers=answers)
    except (NotFound, NotAllowed):
        raise
    except RuleBroken as error:
        answers.pop(step)
        page = training.preview(actor=actor(), key=key, number=number, answers=answers)
        return render_template("training/preview.html", page=page, question=page.question, typed=typed, given=answers, error=error), 400
    return render_template("training/preview.html", page=page, question=page.question, typed={}, given=answers, error=None)


@bp.app_template_global("module_parts")
def module_parts(page: ModulePage) -> list[tuple[str, str, str, str]]:
    """The rail of a module: (kind, key, title, its language) of each part, the check and the task last."""
    parts = [(section.kind, section.key, section.title, section.reads) for section in page.module.sections]
    task = page.module.practice
    return [*parts, ("check", "check", "", ""), ("practice", "practice", task.title, task.reads)]
