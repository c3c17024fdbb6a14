# SPDX-License-Identifier: Apache-2.0
"""The cohort board: people by requirements, as the address asks for it; one person; and what was asked for as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from contextvars import copy_context
from typing import Any, cast

from flask import Blueprint, Response, render_template, request
from flask_babel import gettext
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from lti_mentoring.domain import board as rules
from lti_mentoring.domain.board import Column, Row, Wanted
from lti_mentoring.domain.participation import ENROLMENT
from lti_mentoring.domain.spreadsheet import plain
from lti_mentoring.services import board as verbs
from lti_mentoring.web.access import actor, require
from lti_mentoring.web.wording.board import (
    cell_line_words,
    column_title,
    known_enrolment_words,
    reached_words,
    standing_of_words,
    taking_part_words,
    waits_words,
)

bp = Blueprint("board", __name__, url_prefix="/courses/<course>/cohort")


def _one_of(*values: str) -> fields.String:
    return fields.String(validate=validate.OneOf(("", *values)))


class WantedForm(Schema):
    """What an address asks for. What is not known is left out, so that an old bookmark still opens."""

    class Meta:
        unknown = EXCLUDE

    q = fields.String(validate=validate.Length(max=100))
    step = _one_of(*rules.REACHED)
    req = fields.String(validate=validate.Length(max=80))
    state = _one_of(*rules.STATES)
    part = _one_of(*rules.PARTS)
    enrolment = _one_of(rules.NOT_KNOWN, *filter(None, ENROLMENT))
    waits = _one_of(*rules.WAITED_FOR)
    alert = _one_of(*rules.ALERTS)
    sort = fields.String(validate=validate.OneOf([sign + one for one in rules.SORTS for sign in ("", "-")]))
    page = fields.Integer(validate=validate.Range(min=1, max=100_000))


def _wanted() -> Wanted:
    sent = {name: value for name, value in request.args.to_dict().items() if value}
    try:
        return Wanted(**WantedForm().load(sent))
    except ValidationError as error:
        return Wanted(**cast("dict[str, Any]", error.valid_data))


@bp.get("")
@require("candidacy.cohort")
def index(course: str) -> str:
    wanted = _wanted()
    return render_template("board/index.html", page=verbs.page(actor=actor(), wanted=wanted), wanted=wanted, quiet_days=rules.quiet_days)


@bp.get("/<candidacy>")
@require("candidacy.cohort")
def person(course: str, candidacy: str) -> str:
    return render_template("board/person.html", page=verbs.person(actor=actor(), candidacy_id=candidacy))


# --- the file --------------------------------------------------------------------------------------------------------------------


@bp.get("/export.csv")
@require("candidacy.cohort")
def export(course: str) -> Response:
    columns, rows = verbs.export(actor=actor(), wanted=_wanted())
    answer = Response(in_this_language(_lines(columns, rows)), mimetype="text/csv")
    answer.headers["Content-Disposition"] = "attachment; filename=cohort.csv"
    return answer


def in_this_language(lines: Iterator[str]) -> Iterator[str]:
    """Lines that are made one by one after the request has ended, with what it knew of its reader."""
    held = copy_context()
    return iter(lambda: held.run(next, lines, ""), "")


def _lines(columns: Sequence[Column], rows: Sequence[Row]) -> Iterator[str]:
    """Line by line; with a byte-order mark, without which Excel reads UTF-8 as something else."""
    head = [gettext("Name"), gettext("Taking part"), gettext("At the institution"), gettext("Stands at"), gettext("Waits for")]
    head += [gettext("Next"), gettext("Met"), gettext("Of"), gettext("Last active"), gettext("Last day")]
    yield "\ufeff" + line([*head, *(column_title(one) for one in columns)])
    for row in rows:
        told = [row.name, taking_part_words(row.part)[1], known_enrolment_words(row.enrolment), reached_words(row.reached)]
        told += [waits_words(row.waits), standing_of_words(row)[1], str(row.done), str(row.of), row.active_at.date().isoformat()]
        told += [row.deadline.isoformat() if row.deadline else ""]
        yield line([*told, *(cell_line_words(row.cell(one.key)) for one in columns)])


def line(texts: Sequence[str]) -> str:
    """A line of a file, with no cell that a spreadsheet takes for a formula."""
    held = io.StringIO()
    csv.writer(held).writerow([plain(text) for text in texts])
    return held.getvalue()
