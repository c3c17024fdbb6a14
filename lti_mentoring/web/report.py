# SPDX-License-Identifier: Apache-2.0
"""The released report as a file to keep: what the page says, without whom the session was with."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Blueprint, Response, flash, redirect, url_for
from flask_babel import get_locale, gettext
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.services import report as verbs
from lti_mentoring.services.report import Line, Report
from lti_mentoring.web import paper
from lti_mentoring.web.access import actor, require
from lti_mentoring.web.paper import HEADING, SAID, SMALL, SUB, TEXT, TITLE, Block
from lti_mentoring.web.wording.candidacy import requirement_words
from lti_mentoring.web.wording.field import clock_words
from lti_mentoring.web.wording.guest import whose_words
from lti_mentoring.web.wording.observation import level_words, mean_words, rating_words, step_words
from lti_mentoring.web.wording.report import beside_words, exact_level_words, how_words, method_words, rater_words, reason_words
from lti_mentoring.web.wording.time import moment_words

bp = Blueprint("report", __name__, url_prefix="/courses/<course>")


@bp.get("/observations/<observation>/report.pdf")
@require("observation.read")
def pdf(course: str, observation: str) -> AnyResponse:
    if not paper.available():
        verbs.report(actor=actor(), observation_id=observation)
        flash(gettext("This installation makes no PDF files. Print this page instead: it is laid out for paper."), "wait")
        return redirect(url_for("observation.report", course=course, observation=observation))
    page = verbs.take_away(actor=actor(), observation_id=observation)
    title = gettext("Report on %(name)s", name=page.candidate)
    foot = gettext("%(name)s · read by the candidate, whoever rated and who coordinates", name=title)
    rest = gettext("The report is longer than a file of this kind. All of it stands on its page.")
    try:
        made = paper.pdf(title=title, language=str(get_locale()), blocks=_blocks(title, page), foot=foot, rest=rest)
    except paper.Busy:
        flash(gettext("Another file is being made just now. Try again in a minute, or print this page: it is laid out for paper."), "wait")
        return redirect(url_for("observation.report", course=course, observation=observation))
    answer = Response(made, mimetype="application/pdf")
    answer.headers["Content-Disposition"] = f"attachment; filename=report-{page.planned_for.isoformat()}.pdf"
    return answer


def _blocks(title: str, page: Report) -> Iterator[Block]:
    yield Block(TITLE, title)
    yield Block(SMALL, f"{step_words(page.kind)} · {page.planned_for.isoformat()}")
    yield Block(SMALL, gettext("Released %(at)s", at=moment_words(page.released_at)))
    yield from _verdict(page)
    means = page.verdict.means
    observed = gettext("%(observed)s of %(of)s criteria were observed.", observed=means.observed, of=len(page.criteria))
    yield Block(TEXT, observed)
    facts = {"mean": mean_words(means.overall), "bar": mean_words(page.bar)} if means.overall is not None else {}
    if facts and page.together is not None:
        yield Block(TEXT, gettext("The mean of their levels is %(mean)s.", **facts))
    elif facts:
        yield Block(TEXT, gettext("The mean of their levels is %(mean)s; %(bar)s is asked for.", **facts))
    yield Block(HEADING, gettext("How the levels came about"))
    yield Block(TEXT, method_words(page.method))
    yield from (Block(TEXT, rater_words(one.purpose, one.name, one.from_notes)) for one in page.voices)
    yield from (Block(SMALL, said) for said in whose_words(page.whose))
    numbers: dict[str, int] = {}
    if page.founding:
        words = gettext("A founding mentor took part: somebody for whom two people have signed, before anybody held a credential.")
        yield Block(SMALL, words)
    parts = (
        (gettext("What went well"), page.strengths),
        (gettext("What the next level would look like"), page.short),
        (gettext("Not observed"), page.unseen),
    )
    for name, lines in parts:
        if lines:
            yield Block(HEADING, name)
        for line in lines:
            yield from _line(page, line, numbers)


def _verdict(page: Report) -> Iterator[Block]:
    if page.together is None:
        yield Block(TEXT, gettext("Met.") if page.verdict.met else gettext("Not yet."))
        yield from (Block(TEXT, reason_words(one)) for one in page.verdict.reasons)
        return
    yield Block(TEXT, beside_words(page.together))
    for told in map(requirement_words, page.together.reasons):
        yield Block(TEXT, " ".join(filter(None, (told.what, told.number, told.why))))


def _line(page: Report, line: Line, numbers: dict[str, int]) -> Iterator[Block]:
    """A criterion. A note that carries several is printed once, with its number in ``numbers``, and named by that afterwards."""
    seen, criterion = line.seen, line.seen.criterion
    yield Block(SUB, f"{criterion.key} {criterion.title}")
    if seen.level is not None:
        yield Block(TEXT, f"{exact_level_words(seen.level)}: {criterion.anchors[seen.reached - 1]}")
        if page.method != "single":
            yield Block(SMALL, how_words(seen.how))
    yield from (Block(SAID, reason) for reason in seen.reasons)
    for note in line.notes:
        if note.struck:
            yield Block(SMALL, gettext("A line was taken out."))
        elif note.id in numbers:
            yield Block(SMALL, gettext("Note %(number)s, above.", number=numbers[note.id]))
        else:
            numbers[note.id] = len(numbers) + 1
            at = f" ({clock_words(note.at_second)})" if note.at_second is not None else ""
            yield Block(SAID, f"[{numbers[note.id]}] {note.text}{at}")
    if seen.own is not None:
        yield Block(TEXT, " ".join((gettext("The candidate said:"), rating_words(seen.own))))
        if seen.own.reason:
            yield Block(SAID, seen.own.reason)
    if seen.next and line in page.short:
        facts = {"level": seen.next, "name": level_words(seen.next)}
        yield Block(TEXT, gettext("Level %(level)s, %(name)s, would look like this:", **facts) + " " + criterion.anchors[seen.next - 1])
