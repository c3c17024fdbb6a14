# SPDX-License-Identifier: Apache-2.0
"""All observations of a course for who leads it, as the address asks for them, also as a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

from flask import Blueprint, Response, render_template, request
from flask_babel import gettext
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from lti_mentoring.domain import listing as rules
from lti_mentoring.domain.listing import Wanted
from lti_mentoring.domain.programme import KINDS
from lti_mentoring.services import listing as verbs
from lti_mentoring.services.listing import Row
from lti_mentoring.web.access import actor, require
from lti_mentoring.web.board import in_this_language, line
from lti_mentoring.web.wording.listing import holds_words, listed_words
from lti_mentoring.web.wording.observation import step_words

bp = Blueprint("listing", __name__, url_prefix="/courses/<course>/cohort")


class WantedForm(Schema):
    """What an address asks for. What is not known is left out, so that an old bookmark still opens."""

    class Meta:
        unknown = EXCLUDE

    q = fields.String(validate=validate.Length(max=100))
    state = fields.String(validate=validate.OneOf(rules.STATES))
    kind = fields.String(validate=validate.OneOf(KINDS))
    observer = fields.String(validate=validate.Length(max=32))
    hold = fields.String(validate=validate.OneOf(rules.HOLDS))
    sort = fields.String(validate=validate.OneOf(rules.SORTS))
    page = fields.Integer(validate=validate.Range(min=1, max=100_000))


def _wanted() -> Wanted:
    sent = {name: value for name, value in request.args.to_dict().items() if value}
    try:
        return Wanted(**WantedForm().load(sent))
    except ValidationError as error:
        return Wanted(**cast("dict[str, Any]", error.valid_data))


@bp.get("/observations")
@require("candidacy.cohort")
def index(course: str) -> str:
    wanted = _wanted()
    choices = {"states": rules.STATES, "kinds": KINDS, "holds": rules.HOLDS}
    return render_template("listing/index.html", page=verbs.page(actor=actor(), wanted=wanted), wanted=wanted, **choices)


@bp.get("/observations.csv")
@require("candidacy.cohort")
def export(course: str) -> Response:
    answer = Response(in_this_language(_lines(verbs.export(actor=actor(), wanted=_wanted()))), mimetype="text/csv")
    answer.headers["Content-Disposition"] = "attachment; filename=observations.csv"
    return answer


def _lines(rows: Sequence[Row]) -> Iterator[str]:
    heads = (gettext("Session"), gettext("Candidate"), gettext("Kind"), gettext("Observer"), gettext("State"), gettext("Waits for"))
    yield "\ufeff" + line([*heads, gettext("Released")])
    for row in rows:
        released = row.released_at.date().isoformat() if row.released_at else ""
        told = [row.planned_for.isoformat(), row.candidate, step_words(row.kind), row.observer, listed_words(row.state)[1]]
        yield line([*told, holds_words(row.holds), released])
