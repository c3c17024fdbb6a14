# SPDX-License-Identifier: Apache-2.0
"""Sessions: everybody's own list, one session to move or to say how it went, and each as a file for a calendar."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.domain.calendar_file import Appointment, write
from lti_mentoring.domain.mentorship import LEAST_MINUTES, MOST_MINUTES
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.services import appointments
from lti_mentoring.services import calendar as entries
from lti_mentoring.services import meeting as verbs
from lti_mentoring.services.calendar import Entry
from lti_mentoring.web.access import actor, require
from lti_mentoring.web.mentorship import WHEN_FIELDS, errors_of, field_of
from lti_mentoring.web.when import WhenForm, typed, when
from lti_mentoring.web.wiring import wiring

bp = Blueprint("meeting", __name__, url_prefix="/courses/<course>")

Answer = str | AnyResponse | tuple[str, int]


class HeldForm(Schema):
    """How long a session lasted."""

    class Meta:
        unknown = EXCLUDE

    minutes = fields.Integer(required=True, validate=validate.Range(LEAST_MINUTES, MOST_MINUTES))


@bp.get("/sessions")
@require("session.own")
def index(course: str) -> str:
    return render_template("meeting/index.html", page=appointments.own(actor=actor()))


@bp.get("/sessions/<meeting>")
@require("mentorship.manage")
def sheet(course: str, meeting: str) -> str:
    return _sheet(meeting, None, {})


def _sheet(meeting: str, values: dict[str, str] | None, errors: dict[str, Any]) -> str:
    page = verbs.session_page(actor=actor(), session_id=meeting)
    row = page.row
    shown = values if values is not None else typed(row.starts_at, row.minutes, row.mode, row.place)
    return render_template("meeting/sheet.html", page=page, values=shown, errors=errors)


@bp.post("/sessions/<meeting>")
@require("mentorship.manage")
def change(course: str, meeting: str) -> Answer:
    sent = request.form.to_dict()
    try:
        verbs.change(actor=actor(), session_id=meeting, when=when(WhenForm().load(sent)))
    except ValidationError as error:
        return _sheet(meeting, sent, errors_of(error)), 400
    except RuleBroken as broken:
        return _sheet(meeting, sent, field_of(broken, WHEN_FIELDS)), 400
    flash(gettext("Changed. Who observes it is told, and another day or place asks the room anew; calendars need the new file."), "ok")
    return redirect(url_for("meeting.sheet", course=course, meeting=meeting), 303)


@bp.post("/sessions/<meeting>/held")
@require("mentorship.manage")
def hold(course: str, meeting: str) -> Answer:
    try:
        told: dict[str, Any] = HeldForm().load(request.form.to_dict())
        verbs.hold(actor=actor(), session_id=meeting, minutes=told["minutes"])
    except ValidationError as error:
        return _sheet(meeting, None, {f"held_{name}": told for name, told in errors_of(error).items()}), 400
    flash(gettext("Written down: it took place."), "ok")
    return redirect(url_for("meeting.sheet", course=course, meeting=meeting), 303)


@bp.post("/sessions/<meeting>/<any(missed,called_off):how>")
@require("mentorship.manage")
def drop(course: str, meeting: str, how: str) -> AnyResponse:
    if how == "missed":
        verbs.miss(actor=actor(), session_id=meeting)
        flash(gettext("Written down: somebody did not come. What was to be observed is called off."), "ok")
    else:
        verbs.cancel(actor=actor(), session_id=meeting)
        flash(gettext("Called off. Who observes it is told; calendars need the new file."), "ok")
    return redirect(url_for("meeting.sheet", course=course, meeting=meeting), 303)


# --- calendars --------------------------------------------------------------------------------------------------------------


@bp.get("/sessions/<meeting>/calendar")
@require("session.calendar")
def calendar(course: str, meeting: str) -> Response:
    return _file(entries.of_session(actor=actor(), session_id=meeting))


@bp.get("/observations/<observation>/calendar")
@require("session.calendar")
def observed(course: str, observation: str) -> Response:
    return _file(entries.of_observation(actor=actor(), observation_id=observation))


def _file(entry: Entry) -> Response:
    """The file. A calendar is often read by others too, so it says no name."""
    title = gettext("Mentoring session")
    if entry.kind:
        title = gettext("To observe: a mentoring session") if entry.observes else gettext("Mentoring session, observed")
    host = urlsplit(wiring().settings.public_url).hostname or "localhost"
    one = Appointment(f"{entry.id}@{host}", entry.sequence, entry.starts, entry.minutes, title, entry.place, entry.cancelled)
    answer = Response(write(one, made_at=entry.made_at), mimetype="text/calendar")
    answer.headers["Content-Disposition"] = f'attachment; filename="session-{entry.id[:12]}.ics"'
    return answer
