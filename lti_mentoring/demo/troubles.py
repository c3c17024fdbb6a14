# SPDX-License-Identifier: Apache-2.0
"""The page on which somebody switches the site's troubles on and off."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.demo import door, faults
from lti_mentoring.demo.pages import for_somebody
from lti_mentoring.demo.world import here, world

bp = Blueprint("troubles", __name__, url_prefix="/<site>/faults")


@bp.get("")
@for_somebody
def show() -> str:
    """What is switched on, and what can be."""
    return render_template(
        "demo/faults.html",
        faults=faults.waiting_faults(here().key),
        held=list(world().held[here().key]),
        kinds=faults.KINDS,
        deeds=faults.DEEDS,
        places=[*faults.GROUPS, *faults.PLACES],
    )


@bp.post("")
def change() -> AnyResponse:
    """Do what the button says."""
    site, form = here().key, request.form
    if "clear" in form:
        faults.clear(site, None if form["clear"] == "all" else int(form["clear"]))
    elif "release" in form:
        door.release(site)
    elif "deed" in form:
        faults.do(site, form["deed"] if form["deed"] in faults.DEEDS else abort(400))
    else:
        _add(site, form.get("name", ""), form.get("where", "all"), form.get("times", ""))
    return redirect(url_for("troubles.show", site=site), 303)


def _add(site: str, name: str, where: str, times: str) -> None:
    default = faults.KINDS[name].times if name in faults.KINDS else 1
    try:
        faults.add(site, name, where, int(times) if times.isdigit() and int(times) else default, {})
    except ValueError as problem:
        abort(400, str(problem))
