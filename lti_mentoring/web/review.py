# SPDX-License-Identifier: Apache-2.0
"""From the LMS's gradebook to somebody's work."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.domain.people import LEADS
from lti_mentoring.services import review as verbs
from lti_mentoring.services.review import Review
from lti_mentoring.web.access import actor, require

bp = Blueprint("review", __name__, url_prefix="/courses/<course>")

Answer = str | AnyResponse | tuple[str, int]


@bp.get("/review")
@require("review.open")
def index(course: str) -> Answer:
    """The head of a column, which is about nobody: to the list that the reader has."""
    who = actor()
    if who.is_any(*LEADS):
        return redirect(url_for("board.index", course=course))
    if who.is_any("observer"):
        return redirect(url_for("observation.index", course=course))
    if who.is_any("candidate"):
        return person(course=course, person=who.person_id)
    return person(course=course, person=verbs.NOBODY)


@bp.get("/review/<person>")
@require("review.open")
def person(course: str, person: str) -> Answer:
    page = verbs.look(actor=actor(), person_id=person, placement_id=request.args.get("activity", ""))
    if page.view == "own":
        return _own(course, page)
    if page.view == "none":
        return render_template("review/closed.html", page=page), 403
    straight = page.straight_to
    if straight is not None:
        endpoint = "observation.report" if straight.state == "released" else "observation.sheet"
        return redirect(url_for(endpoint, course=course, observation=straight.id))
    return render_template("review/index.html", page=page)


def _own(course: str, page: Review) -> AnyResponse:
    """One's own work, where one finds it anyway."""
    kind, _, key = page.item.partition(":")
    if not page.known:
        return redirect(url_for("home.index", course=course))
    if kind == "module" and key:
        return redirect(url_for("training.module", course=course, key=key))
    released = [one for one in page.observations if one.state == "released"]
    if kind == "observation" and len(released) == 1:
        return redirect(url_for("observation.report", course=course, observation=released[0].id))
    return redirect(url_for("home.way", course=course))
