# SPDX-License-Identifier: Apache-2.0
"""What tests say to the pocket LMS, as JSON: begin this launch, strike with that trouble, tell what you hold."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, abort, jsonify, request

from lti_mentoring.demo import columns, door, faults, growing
from lti_mentoring.demo.launching import begin
from lti_mentoring.demo.protocol import TOOL_KEYS
from lti_mentoring.demo.signing import SIGNATURES
from lti_mentoring.demo.site import Activity, Persona
from lti_mentoring.demo.world import cookie_name, cookie_value, here, world

bp = Blueprint("control", __name__, url_prefix="/<site>/control")

TWISTS = {"message", "settings", "course", "block", "about", "column", "claims", "without", "payload", "header", "sign", "form"}
TWISTS |= {"error", "error_description"}


@bp.before_request
def json_only() -> None:
    """Only a JSON body may change something: no web page can send one here unasked."""
    if request.method == "POST" and not request.is_json:
        abort(415)


def _asked() -> dict[str, Any]:
    found = request.get_json()
    return found if isinstance(found, dict) else abort(400, "a JSON object is wanted")


def _who(asked: dict[str, Any]) -> Persona:
    return here().persona(str(asked.get("persona"))) or abort(400, f"no such persona: {asked.get('persona')}")


def _what(asked: dict[str, Any]) -> Activity:
    return here().activity(str(asked.get("activity"))) or abort(400, f"no such activity: {asked.get('activity')}")


@bp.get("/state")
def state() -> Response:
    """Gradebook, columns, counts, troubles, and the message log after ``since`` (``log=0`` leaves it out)."""
    lms, site = world(), here()
    return jsonify(
        {
            "site": site.key,
            "gradebook": columns.cells(lms.state, site),
            "columns": [columns.described(site, lms.base_url, row) for row in columns.columns(lms.state, site)],
            **lms.meters[site.key].report(),
            "held": [{"where": one.place, "title": one.title} for one in list(lms.held[site.key])],
            "faults": [
                {"id": one.id, "name": one.name, "where": one.where, "times": one.remaining, "options": one.options}
                for one in faults.waiting_faults(site.key)
            ],
            "log": [] if request.args.get("log") == "0" else lms.state.messages(site.key, request.args.get("since", 0, int)),
        }
    )


@bp.post("/launch")
def launch() -> Response:
    """Begin a launch as somebody, with twists if wanted; what a course page would send, and the cookie of that somebody."""
    asked = _asked()
    twist = {name: value for name, value in asked.items() if name in TWISTS}
    if twist.get("sign", "proper") not in SIGNATURES:
        abort(400, f"sign must be one of {', '.join(SIGNATURES)}")
    persona = _who(asked)
    parameters = begin(persona, _what(asked), twist, hint=asked.get("message_hint"))
    parameters |= asked.get("login", {})
    return jsonify(
        {
            "login_url": world().login_url,
            "launch_url": world().launch_url,
            "params": {name: value for name, value in parameters.items() if value is not None},
            "cookie": {"name": cookie_name(here()), "value": cookie_value(here(), persona)},
        }
    )


@bp.post("/faults")
def trouble() -> Response:
    """Switch a trouble on, off (``clear``: true or an id), or let held answers go (``release``)."""
    asked, site = _asked(), here().key
    if "clear" in asked:
        faults.clear(site, None if asked["clear"] is True else int(asked["clear"]))
        return jsonify({"cleared": asked["clear"]})
    if "release" in asked:
        return jsonify({"released": door.release(site)})
    name = str(asked.get("name"))
    if name in faults.DEEDS:
        return jsonify(faults.do(site, name, keep_old=bool(asked.get("keep_old"))))
    options = {key: value for key, value in asked.items() if key not in {"name", "where", "times"}}
    default = faults.KINDS[name].times if name in faults.KINDS else 1
    try:
        made = faults.add(site, name, str(asked.get("where", "all")), asked.get("times", default), options)
    except ValueError as problem:
        abort(400, str(problem))
    return jsonify({"id": made})


@bp.post("/grade")
def grade() -> Response:
    """A teacher writes a grade by hand, into an activity's own column or into the ``column`` of that number."""
    asked = _asked()
    at = datetime.fromtimestamp(faults.clock(here().key), UTC).isoformat(timespec="milliseconds")
    number = asked["column"] if "column" in asked else columns.coupled(world().state, here(), _what(asked))
    if number is None or not columns.override(world().state, here(), number, here().sub(_who(asked)), asked.get("score"), at):
        abort(400, "this activity has no column of its own")
    return jsonify({"timestamp": at})


@bp.post("/column")
def column() -> Response:
    """A teacher calls a column otherwise (``label``), or deletes it with all that is in it."""
    asked = _asked()
    if not columns.edit(world().state, here(), int(asked.get("column", 0)), asked.get("label")):
        abort(400, "there is no such column")
    return jsonify({})


@bp.post("/reset")
def reset() -> Response:
    """Begin again: forget grades, launches, tokens, troubles and messages; the keys stay."""
    site = here()
    door.release(site.key)
    world().state.reset(site.key)
    growing.shrink(world(), world().originals[site.key])
    columns.prepare(world().state, world().originals[site.key])
    world().meters[site.key].reset()
    TOOL_KEYS.forget()
    return jsonify({"reset": site.key, "run": secrets.token_hex(4)})
