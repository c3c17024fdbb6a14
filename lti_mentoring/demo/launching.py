# SPDX-License-Identifier: Apache-2.0
"""How a launch begins: the course page remembers who opens what, and sends the browser to the tool."""

from __future__ import annotations

import json
import secrets
from typing import Any

from lti_mentoring.demo.message import login_parameters
from lti_mentoring.demo.site import Activity, Persona
from lti_mentoring.demo.world import here, world


def begin(persona: Persona, activity: Activity, twist: dict[str, Any] | None = None, *, hint: str | None = None) -> dict[str, str]:
    """The parameters for the tool's login address; the hint stands for this launch until the tool asks."""
    site, lms = here(), world()
    if hint is None and site.profile.client_per_placement:
        hint = secrets.token_urlsafe(18)
    elif hint is None:  # Moodle's hint is JSON, which a tool must give back byte for byte
        hint = json.dumps({"cmid": activity.number, "launchid": f"ltilaunch{activity.number}_{secrets.randbelow(10**9)}"})
    lms.state.keep_hint(site.key, hint, persona.key, activity.key, twist or {})
    parameters = login_parameters(site, persona, activity, base_url=lms.base_url, launch_url=lms.launch_url, hint=hint)
    lms.state.note(
        site.key,
        "login",
        f"The course page sent {persona.shown} to the tool's login address",
        200,
        {"request": {"method": "POST", "address": lms.login_url, "body": parameters}},
    )
    return parameters
