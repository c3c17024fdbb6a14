# SPDX-License-Identifier: Apache-2.0
"""Messages about somebody: a submission review from the gradebook, and a data privacy launch."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, g, render_template, url_for
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.demo import columns
from lti_mentoring.demo.launching import begin
from lti_mentoring.demo.message import SHORT
from lti_mentoring.demo.pages import for_somebody
from lti_mentoring.demo.site import Persona
from lti_mentoring.demo.world import here, world

bp = Blueprint("reviewing", __name__, url_prefix="/<site>")

FOR_USER = "https://purl.imsglobal.org/spec/lti/claim/for_user"


@bp.get("/gradebook/<int:column>/<key>/review")
@for_somebody
def review(column: int, key: str) -> str | AnyResponse:
    """The tool's page on one cell, in a frame. Like Moodle's launch address, this checks nobody's right to see it."""
    return _framed(url_for("reviewing.launch_review", site=here().key, column=column, key=key), here().persona(key) or abort(404))


@bp.get("/gradebook/<int:column>/<key>/review/launch")
@for_somebody
def launch_review(column: int, key: str) -> str | AnyResponse:
    """The first step of that launch."""
    row = _column(column)
    activity = here().by_link(row["resource_link_id"] or "") or here().activities[0]
    return _login(begin(g.me, activity, {"message": "review", "about": key, "column": column}))


@bp.get("/privacy/<key>")
@for_somebody
def privacy(key: str) -> str | AnyResponse:
    """The tool's page on what it holds about somebody."""
    return _framed(url_for("reviewing.launch_privacy", site=here().key, key=key), here().persona(key) or abort(404))


@bp.get("/privacy/<key>/launch")
@for_somebody
def launch_privacy(key: str) -> str | AnyResponse:
    """The first step of that launch."""
    return _login(begin(g.me, here().activities[0], {"message": "privacy", "about": key}))


def _column(number: int) -> Any:
    return next((one for one in columns.columns(world().state, here()) if one["id"] == number), None) or abort(404)


def _framed(source: str, about: Persona) -> str:
    return render_template("demo/about.html", source=source, about=about)


def _login(fields: dict[str, str]) -> str:
    return render_template("demo/form_post.html", action=world().login_url, fields=fields, words="Going to the tool")


def _for_user(claims: dict[str, Any], twist: dict[str, Any]) -> dict[str, Any]:
    """The claims with the person whom they are about: the id alone, as Moodle sends it."""
    about = here().persona(twist["about"]) if twist.get("about") else None
    return {**claims, FOR_USER: {"user_id": here().sub(about)}} if about is not None else dict(claims)


def reviewing(claims: dict[str, Any], twist: dict[str, Any]) -> dict[str, Any]:
    """The claims of a launch, made into a submission review."""
    made = {**_for_user(claims, twist), SHORT["message_type"]: "LtiSubmissionReviewRequest"}
    if twist.get("column") is not None:
        row = _column(int(twist["column"]))
        address = columns.column_url(here(), world().base_url, row["scope"], row["id"])
        made[SHORT["ags"]] = {**claims.get(SHORT["ags"], {}), "lineitem": address}
    return made


def on_privacy(claims: dict[str, Any], twist: dict[str, Any]) -> dict[str, Any]:
    """The claims of a launch, made into a data privacy launch."""
    without = {SHORT[name] for name in ("resource_link", "context", "ags", "nrps", "custom")}
    kept = {name: value for name, value in _for_user(claims, twist).items() if name not in without}
    return {**kept, SHORT["message_type"]: "DataPrivacyLaunchRequest"}
