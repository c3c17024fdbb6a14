# SPDX-License-Identifier: Apache-2.0
"""Whether two observers see the same: the page for who leads the course, and its figures as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from flask import Blueprint, Response, render_template, request
from flask_babel import gettext

from lti_mentoring.domain.agreement import Agreement, Interval
from lti_mentoring.domain.coefficient import Undefined
from lti_mentoring.domain.spreadsheet import plain
from lti_mentoring.services import agreement as verbs
from lti_mentoring.web.access import actor, require
from lti_mentoring.web.wording.agreement import undefined_words

bp = Blueprint("agreement", __name__, url_prefix="/courses/<course>/agreement")


@bp.get("")
@require("agreement.read")
def index(course: str) -> str:
    return render_template("agreement/index.html", page=verbs.page(actor=actor(), rubric=request.args.get("rubric", "")))


@bp.get("/figures.csv")
@require("agreement.read")
def export(course: str) -> Response:
    held = io.StringIO()
    writer = csv.writer(held)
    for row in _rows(verbs.export(actor=actor(), rubric=request.args.get("rubric", ""))):
        writer.writerow([plain(text) if not _number(text) else text for text in row])
    answer = Response("\ufeff" + held.getvalue(), mimetype="text/csv")
    answer.headers["Content-Disposition"] = "attachment; filename=agreement.csv"
    return answer


def _rows(page: verbs.Page) -> Iterator[list[str]]:
    yield [
        *(gettext("Rubric"), gettext("Of"), gettext("Sessions"), gettext("Pairs"), gettext("Same"), gettext("Within one")),
        *(gettext("Same from %(low)s", low="95 %"), gettext("Same to %(high)s", high="95 %")),
        *(gettext("Bias, second less first"), gettext("Bias from"), gettext("Bias to")),
        *(gettext("Kappa"), gettext("Weighted kappa"), gettext("AC2"), gettext("Only the first saw it"), gettext("Only the second saw it")),
    ]
    if page.rubric is None:
        return
    key = page.rubric.key
    yield [key, gettext("all criteria"), str(page.rubric.sessions), *_figures(page.whole)]
    for one in page.lines:
        yield [key, f"{one.key} {one.title}", "", *_figures(one.found)]
    for two in page.raters:
        yield [key, f"{two.first} – {two.second}", str(two.sessions), *_figures(two.found)]


def _figures(found: Agreement) -> list[str]:
    shares = [str(found.pairs), str(found.exact.count), str(found.adjacent.count), *_ends(found.exact.interval)]
    bias = [_value(found.bias.mean), *_ends(found.bias.interval)]
    return [*shares, *bias, *map(_value, (found.kappa, found.weighted, found.ac2)), str(found.first_only), str(found.second_only)]


def _ends(interval: Interval | Undefined) -> list[str]:
    return ["", ""] if isinstance(interval, Undefined) else [f"{interval.low:.4f}", f"{interval.high:.4f}"]


def _value(value: object) -> str:
    return undefined_words(value) if isinstance(value, Undefined) else f"{float(value):.4f}"  # type: ignore[arg-type]


def _number(text: str) -> bool:
    return text.lstrip("-").replace(".", "", 1).isdigit()
