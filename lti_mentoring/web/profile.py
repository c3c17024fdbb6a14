# SPDX-License-Identifier: Apache-2.0
"""Competencies drawn: one candidate's over time, and people by competencies as the address asks for them, also as a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

from flask import Blueprint, Response, render_template, request
from flask_babel import gettext
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from lti_mentoring.domain import profile as rules
from lti_mentoring.domain.profile import Person, Wanted
from lti_mentoring.domain.programme import KINDS, Competency
from lti_mentoring.services import profile as verbs
from lti_mentoring.web.access import actor, require
from lti_mentoring.web.board import in_this_language, line
from lti_mentoring.web.wording.observation import mean_words

bp = Blueprint("profile", __name__, url_prefix="/courses/<course>")


class WantedForm(Schema):
    """What an address asks for. What is not known is left out, so that an old bookmark still opens."""

    class Meta:
        unknown = EXCLUDE

    q = fields.String(validate=validate.Length(max=100))
    kind = fields.String(validate=validate.OneOf(KINDS))
    below = fields.String(validate=validate.Length(max=20))
    page = fields.Integer(validate=validate.Range(min=1, max=100_000))


def _wanted() -> Wanted:
    sent = {name: value for name, value in request.args.to_dict().items() if value}
    try:
        return Wanted(**WantedForm().load(sent))
    except ValidationError as error:
        return Wanted(**cast("dict[str, Any]", error.valid_data))


@bp.get("/way/competencies")
@require("candidacy.way")
def own(course: str) -> str:
    return render_template("profile/person.html", page=verbs.own(actor=actor()), draw=rules)


@bp.get("/cohort/<candidacy>/competencies")
@require("candidacy.cohort")
def person(course: str, candidacy: str) -> str:
    return render_template("profile/person.html", page=verbs.of_candidate(actor=actor(), candidacy_id=candidacy), draw=rules)


@bp.get("/cohort/competencies")
@require("candidacy.cohort")
def cohort(course: str) -> str:
    wanted = _wanted()
    page = verbs.cohort(actor=actor(), wanted=wanted)
    return render_template("profile/cohort.html", page=page, wanted=wanted, kinds=KINDS, tone=rules.tone)


@bp.get("/cohort/competencies.csv")
@require("candidacy.cohort")
def export(course: str) -> Response:
    answer = Response(in_this_language(_lines(*verbs.export(actor=actor(), wanted=_wanted()))), mimetype="text/csv")
    answer.headers["Content-Disposition"] = "attachment; filename=competencies.csv"
    return answer


def _lines(competencies: Sequence[Competency], people: Sequence[Person]) -> Iterator[str]:
    """A mean and the number of levels behind it for each competency; both empty where nothing was observed."""
    heads = [text for one in competencies for text in (f"{one.key} {one.title}", gettext("%(key)s, levels", key=one.key))]
    yield "\ufeff" + line([gettext("Name"), *heads])
    for row in people:
        cells = [row.cell(one.key) for one in competencies]
        told = [text for one in cells for text in ((mean_words(one.level), str(one.of)) if one.level is not None else ("", ""))]
        yield line([row.name, *told])
