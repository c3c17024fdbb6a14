# SPDX-License-Identifier: Apache-2.0
"""What every template can use: addresses within the course, the way around, the reader's language."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path
from typing import Any

from flask import Flask, current_app, g, request, url_for
from flask_babel import get_locale, gettext

from lti_mentoring.domain import door
from lti_mentoring.domain.assistance import Topic
from lti_mentoring.domain.people import STAFF_ROLES, Actor, may
from lti_mentoring.web import session
from lti_mentoring.web.language import known
from lti_mentoring.web.reader import tongue

NAVIGATION = (
    ("home.way", "candidacy.way"),
    ("observation.index", "observation.queue"),
    ("meeting.index", "session.own"),
    ("mentorship.index", "mentorship.manage"),
    ("directory.index", "directory.own"),
    ("board.index", "candidacy.cohort"),
    ("selection.queue", "application.read"),
    ("people.index", "people.read"),
    ("opening.index", "programme.open"),
    ("placement.index", "placement.read"),
    ("assistance.board", "assistance.help"),
    ("delivery.index", "delivery.read"),
    ("office.index", "office.read"),
)
"""The sections, in their order, each with the permission that opens it."""


def _label(endpoint: str) -> str:
    labels = {
        "home.way": gettext("My way"),
        "observation.index": gettext("Observations"),
        "meeting.index": gettext("My sessions"),
        "mentorship.index": gettext("Pairs"),
        "directory.index": gettext("Mentors"),
        "board.index": gettext("Cohort"),
        "selection.queue": gettext("Applications"),
        "opening.index": gettext("Programme"),
        "people.index": gettext("People"),
        "placement.index": gettext("Activities"),
        "assistance.board": gettext("Help"),
        "delivery.index": gettext("Grades"),
        "office.index": gettext("LMS office"),
    }
    return labels[endpoint]


def course_url(endpoint: str, **ids: Any) -> str:
    """The address of a page of the course that this request is in."""
    return url_for(endpoint, course=g.here.actor.course_id, **ids)


def navigation(actor: Actor) -> list[tuple[str, str, bool]]:
    """(label, address, whether it is here) of each section that this person may open."""
    return [
        (_label(endpoint), url_for(endpoint, course=actor.course_id), _is_here(endpoint, actor))
        for endpoint, permission in NAVIGATION
        if may(actor, permission) and (not _by_door() or door.opens(endpoint))
    ]


def _by_door() -> bool:
    row = session.current()
    return row is not None and row.by_door


def _is_here(endpoint: str, actor: Actor) -> bool:
    # The first page of somebody who is only a candidate is their way.
    first = request.endpoint == "home.index" and not actor.is_any(*STAFF_ROLES)
    return request.endpoint == endpoint or (endpoint == "home.way" and first)


def choose_locale(languages: tuple[str, ...]) -> str:
    """The reader's language: what the LMS said at launch, else what the browser asks for, among those that we have."""
    row = session.current()
    wanted = known(row.locale if row is not None else None, languages)
    return wanted or request.accept_languages.best_match(languages) or languages[0]


@functools.lru_cache(maxsize=64)
def _version(path: str, changed: float) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:10]


def asset(name: str) -> str:
    """The address of a static file, with a version that changes with its content."""
    path = Path(current_app.static_folder or "") / name
    return url_for("static", filename=name, v=_version(str(path), path.stat().st_mtime))


def _help(actor: Actor, *, offered: bool) -> tuple[str, bool] | None:
    """Where a candidate gets help, and whether it is offered to them; None for everybody else. A module's pages say which module it is."""
    if not may(actor, "assistance.ask"):
        return None
    if offered:
        return course_url("assistance.index"), True
    module = (request.view_args or {}).get("key") if request.blueprint == "training" else None
    return course_url("assistance.ask", topic=Topic("module", module).code if module else None), False


def _context() -> dict[str, Any]:
    here = g.get("here")
    locale = get_locale()
    return {
        "current_actor": here.actor if here else None,
        "nav": navigation(here.actor) if here and not here.guest else [],
        "get_help": _help(here.actor, offered=here.offered) if here and not _by_door() else None,
        "guest": here is not None and here.guest,
        "asks_line": here is not None and here.asks_line and request.endpoint != "reporting_line.at",
        "by_door": here is not None and not here.guest and _by_door(),
        "carried": session.CARRIED in request.headers,
        "course_title": here.course_title if here else "",
        "organisation": here.organisation if here else "",
        "unread": here.unread if here else 0,
        "locale": str(locale).replace("_", "-") if locale else "en",
        "text_direction": locale.text_direction if locale else "ltr",
    }


def init_app(app: Flask) -> None:
    """Give the templates what they use."""
    app.context_processor(_context)
    app.jinja_env.globals.update(course_url=course_url, asset=asset, tongue=tongue)
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
