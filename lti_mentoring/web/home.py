# SPDX-License-Identifier: Apache-2.0
"""Everyone's first page: the one next thing for them."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.domain.delivery import APPLICATION, COHORT
from lti_mentoring.domain.people import STAFF_ROLES, may
from lti_mentoring.services import application, reports
from lti_mentoring.web.access import actor, here, require
from lti_mentoring.web.letter import letter

bp = Blueprint("home", __name__, url_prefix="/courses/<course>")


@bp.get("/")
@require("course.enter")
def index(course: str) -> str | AnyResponse:
    who = actor()
    if who.is_any("candidate") and not who.is_any(*STAFF_ROLES):
        return _way()
    if who.is_any("administrator") and not who.is_any("teacher", "colleague", *STAFF_ROLES):
        return redirect(url_for("office.index", course=course))
    if who.is_any("lms_administrator") and not who.is_any("teacher", "colleague", *STAFF_ROLES):
        return redirect(url_for("people.office", course=course))
    if who.is_any("mentor", "protege") and who.roles <= {"member", "mentor", "protege"}:
        return redirect(url_for("meeting.index", course=course))
    if who.roles == {"member"} and application.takes_applications(who):
        return redirect(url_for("application.index", course=course))
    return render_template("home/staff.html", page=reports.staff_home(actor=who, coordinated=here().coordinated))


@bp.get("/way")
@require("candidacy.way")
def way(course: str) -> str:
    return _way()


def _way() -> str:
    page = reports.way(here=here())
    return letter("home/way.html", state=page.state, page=page)


@bp.get(f"/open/<any({APPLICATION},{COHORT}):item>")
@require("course.enter")
def placed(course: str, item: str) -> AnyResponse:
    """What an activity opens for its reader: a person's roles are known here, and not yet in the launch."""
    who = actor()
    if item == COHORT:
        endpoint = "board.index" if may(who, "candidacy.cohort") else "home.index"
    elif may(who, "application.read"):
        endpoint = "selection.queue"
    elif who.is_any(*STAFF_ROLES):
        endpoint = "selection.reviews"
    else:  # a colleague may apply too; who teaches where nobody coordinates is asked to, first
        endpoint = "application.index" if not who.is_any("teacher") and application.found(actor=who) else "home.index"
    return redirect(url_for(endpoint, course=course))
