# SPDX-License-Identifier: Apache-2.0
"""Who can still observe whom, and what stands in the way: a page and a file for who leads the course."""

from __future__ import annotations

import csv
import io

from flask import Blueprint, Response, render_template
from flask_babel import gettext

from lti_mentoring.domain.spreadsheet import plain
from lti_mentoring.services import capacity as verbs
from lti_mentoring.web.access import actor, require
from lti_mentoring.web.wording.second import able_words, binds_words, outlook_words, short_kind_words

bp = Blueprint("capacity", __name__, url_prefix="/courses/<course>/capacity")


@bp.get("")
@require("observation.capacity")
def index(course: str) -> str:
    return render_template("capacity/index.html", page=verbs.read(actor=actor()))


@bp.get("/capacity.csv")
@require("observation.capacity")
def export(course: str) -> Response:
    held = io.StringIO("\ufeff")
    held.seek(1)
    write = csv.writer(held).writerow
    write([gettext("Candidate"), gettext("Unit"), gettext("Kind of session"), gettext("Still to observe"), gettext("By new people"),
           gettext("How it stands"), gettext("What binds"), gettext("Who can"), gettext("How many can")])
    for row in verbs.read(actor=actor()).rows:
        told = [row.candidate, row.unit, short_kind_words(row.kind), str(row.wanted), str(row.fresh), outlook_words(row.state)[1]]
        told += [binds_words(row.binds) if row.binds else "", able_words(row.able), str(len(row.able))]
        write([plain(text) for text in told])
    answer = Response(held.getvalue(), mimetype="text/csv")
    answer.headers["Content-Disposition"] = "attachment; filename=observer-capacity.csv"
    return answer
