# SPDX-License-Identifier: Apache-2.0
"""Recognition of prior learning: a candidate's own page, and the list and the page of those who agree or refuse."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.domain.recognition import LONGEST_LINE, LONGEST_TEXT, Claim
from lti_mentoring.domain.rule import NotAllowed, NotFound, RuleBroken
from lti_mentoring.services import approving
from lti_mentoring.services import recognition as verbs
from lti_mentoring.services.approving import LONGEST_REASON
from lti_mentoring.web.access import actor, require
from lti_mentoring.web.wording.rule import field_words, rule_words

bp = Blueprint("recognition", __name__, url_prefix="/courses/<course>")

Answer = str | AnyResponse | tuple[str, int]

FIELDS = {
    "recognition_not_needed": "module",
    "recognition_incomplete": "what",
    "recognition_reason_missing": "reason",
    "approver_self": "candidate",
    "approver_line": "candidate",
    "approver_peer": "candidate",
}
"""Code of a rule -> the field that it is about."""


class ClaimForm(Schema):
    """What somebody learned before. ``claim`` is the form's own id, so that sending it twice asks once."""

    class Meta:
        unknown = EXCLUDE

    claim = fields.UUID(required=True)
    candidate = fields.String(load_default="", validate=validate.Length(max=32))
    module = fields.String(required=True, validate=validate.Length(min=1, max=80))
    what = fields.String(required=True, validate=validate.Length(min=1, max=LONGEST_TEXT))
    place = fields.String(required=True, validate=validate.Length(min=1, max=LONGEST_LINE))
    period = fields.String(required=True, validate=validate.Length(min=1, max=LONGEST_LINE))
    evidence = fields.String(required=True, validate=validate.Length(min=1, max=LONGEST_TEXT))


class ReasonForm(Schema):
    """Why somebody agrees, refuses or withdraws."""

    class Meta:
        unknown = EXCLUDE

    reason = fields.String(load_default="", validate=validate.Length(max=LONGEST_REASON))


def _told(error: ValidationError | RuleBroken) -> dict[str, str]:
    """What is wrong, by field. What is about no field is raised again."""
    if isinstance(error, ValidationError):
        return {name: field_words(told) for name, told in error.normalized_messages().items()}
    if error.code not in FIELDS or isinstance(error, NotFound | NotAllowed):
        raise error
    return {FIELDS[error.code]: rule_words(error.code, error.facts)}


def _claim(sent: dict[str, str]) -> dict[str, Any]:
    form: dict[str, Any] = ClaimForm().load(sent)
    said = Claim(form["what"], form["place"], form["period"], form["evidence"])
    return {"recognition_id": form["claim"].hex, "module_key": form["module"], "claim": said, "candidacy_id": form["candidate"]}


# --- a candidate's own ----------------------------------------------------------------------------------------------------


@bp.get("/recognition")
@require("recognition.ask")
def index(course: str) -> str:
    values = {"claim": uuid.uuid4().hex, "module": request.args.get("module", "")}
    return render_template("recognition/index.html", page=verbs.own(actor=actor()), values=values, errors={})


@bp.post("/recognition")
@require("recognition.ask")
def ask(course: str) -> Answer:
    sent = request.form.to_dict()
    try:
        told = _claim(sent)
        del told["candidacy_id"]
        verbs.ask(actor=actor(), **told)
    except (ValidationError, RuleBroken) as error:
        errors, page = _told(error), verbs.own(actor=actor())
        return render_template("recognition/index.html", page=page, values={"claim": uuid.uuid4().hex, **sent}, errors=errors), 400
    flash(gettext("Asked. You see here who agrees; the module stays open to take meanwhile."), "ok")
    return redirect(url_for("recognition.index", course=course), 303)


@bp.post("/recognition/<recognition>/take-back")
@require("recognition.ask")
def take_back(course: str, recognition: str) -> AnyResponse:
    verbs.take_back(actor=actor(), recognition_id=recognition)
    flash(gettext("Taken back. You can ask again at any time."), "ok")
    return redirect(url_for("recognition.index", course=course), 303)


# --- those who agree or refuse ------------------------------------------------------------------------------------------------


@bp.get("/recognitions")
@require("recognition.decide")
def queue(course: str) -> str:
    return render_template("recognition/queue.html", page=approving.queue(actor=actor()))


@bp.get("/recognitions/propose")
@require("recognition.propose")
def form(course: str) -> str:
    values = {"claim": uuid.uuid4().hex, "candidate": request.args.get("candidate", "")}
    return render_template("recognition/propose.html", page=verbs.form(actor=actor()), values=values, errors={})


@bp.post("/recognitions/propose")
@require("recognition.propose")
def propose(course: str) -> Answer:
    sent = request.form.to_dict()
    # One list names candidate and module together, so that only what is open can be chosen.
    candidate, _, module = sent.get("module", "").partition(":")
    try:
        made = verbs.propose(actor=actor(), **_claim({**sent, "candidate": candidate, "module": module}))
    except (ValidationError, RuleBroken) as error:
        told = _told(error)
        errors = {"module" if name == "candidate" else name: words for name, words in told.items()}
        page = verbs.form(actor=actor())
        return render_template("recognition/propose.html", page=page, values={"claim": uuid.uuid4().hex, **sent}, errors=errors), 400
    flash(gettext("Proposed. You may be one of those who agree."), "ok")
    return redirect(url_for("recognition.sheet", course=course, recognition=made), 303)


@bp.get("/recognitions/<recognition>")
@require("recognition.decide")
def sheet(course: str, recognition: str) -> str:
    page = approving.sheet(actor=actor(), recognition_id=recognition)
    return render_template("recognition/sheet.html", page=page, values={}, errors={})


@bp.post("/recognitions/<recognition>/<any(agree, refuse, withdraw):verb>")
@require("recognition.decide")
def decide(course: str, recognition: str, verb: str) -> Answer:
    sent = request.form.to_dict()
    act = {"agree": approving.agree, "refuse": approving.refuse, "withdraw": approving.withdraw}[verb]
    try:
        act(actor=actor(), recognition_id=recognition, reason=ReasonForm().load(sent)["reason"])
    except (ValidationError, RuleBroken) as error:
        errors = _told(error)
        page = approving.sheet(actor=actor(), recognition_id=recognition)
        return render_template("recognition/sheet.html", page=page, values=sent, errors=errors), 400
    said = {"agree": gettext("You have agreed."), "refuse": gettext("You have said no."), "withdraw": gettext("Withdrawn.")}
    flash(said[verb], "ok")
    return redirect(url_for("recognition.queue", course=course), 303)
