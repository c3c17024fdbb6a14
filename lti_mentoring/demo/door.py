# SPDX-License-Identifier: Apache-2.0
"""The one door through which every request of the tool passes: counted, struck by what is switched on, written into the log."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from email.utils import formatdate
from functools import wraps
from typing import Any

from flask import Response, g, request

from lti_mentoring.demo import wire
from lti_mentoring.demo.answers import Refusal, refused
from lti_mentoring.demo.faults import Fault, clock, state_of, take
from lti_mentoring.demo.trouble import ANSWERS
from lti_mentoring.demo.world import Held, World, here, world

LONGEST_HOLD_SECONDS = 120
MOST_LOGGED_CHARACTERS = 20_000


def served(place: str) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
    """Count a request of the tool, let the troubles strike, write it into the log, and answer."""

    def outer(view: Callable[..., Response]) -> Callable[..., Response]:
        @wraps(view)
        def inner(**values: Any) -> Response:
            site, lms = here(), world()
            request.environ["pocket_lms.family"] = site.profile.family
            g.title, g.detail = "", {}
            with lms.meters[site.key].request(place, _cell(place, values)):
                struck = {one.name: one for one in take(site.key, place)}
                _begin(lms, site.key, place, struck)
                answer = _answered(view, values, struck)
                if state_of(site.key, "clock") is not None:
                    answer.headers["Date"] = formatdate(clock(site.key), usegmt=True)
                _log(lms, site.key, place, answer, list(struck))
                _end(lms, site.key, place, struck, answer)
                return answer

        return inner

    return outer


def _begin(lms: World, site: str, place: str, struck: dict[str, Fault]) -> None:
    """What happens before anything is done."""
    if "slow" in struck:
        time.sleep(float(struck["slow"].options["seconds"]))
    if _before(struck, "hang"):
        hold(lms, site, place)


def _answered(view: Callable[..., Response], values: dict[str, Any], struck: dict[str, Fault]) -> Response:
    trouble = next((one for one in struck.values() if one.name in ANSWERS), None)
    if trouble is None:
        answer = Response() if _before(struck, "reset") else _run(view, values)
    else:
        if trouble.name == "html" and not trouble.options["before"]:
            _run(view, values)
        answer = ANSWERS[trouble.name](trouble.options)
    if "json_as_html" in struck:
        answer.mimetype = "text/html"
    return answer


def _end(lms: World, site: str, place: str, struck: dict[str, Fault], answer: Response) -> None:
    """What happens when it is done, and nobody has heard of it yet."""
    if "hang" in struck and not _before(struck, "hang"):
        hold(lms, site, place)
    if "black_hole" in struck:
        hold(lms, site, place)
        wire.reset(request.environ)
    elif "reset" in struck:
        wire.reset(request.environ)
    elif "drip" in struck:
        with Held(place, g.title).among(lms.held[site]) as held:
            wire.drip(request.environ, answer, lambda: held.go.wait(float(struck["drip"].options["seconds"])))


def _before(struck: dict[str, Fault], name: str) -> bool:
    return name in struck and bool(struck[name].options["before"])


def hold(lms: World, site: str, place: str) -> None:
    """Wait until somebody lets this request go."""
    with Held(place, g.title).among(lms.held[site]) as held:
        held.go.wait(LONGEST_HOLD_SECONDS)


def release(site: str) -> int:
    """Let every held answer go; how many."""
    waiting = list(world().held[site])
    for one in waiting:
        one.go.set()
    return len(waiting)


def _run(view: Callable[..., Response], values: dict[str, Any]) -> Response:
    try:
        return view(**values)
    except Refusal as refusal:
        return refused(here(), refusal)


def _cell(place: str, values: dict[str, Any]) -> str | None:
    if place != "scores":
        return None
    found = request.get_json(force=True, silent=True)
    return f"{values.get('number')}/{found.get('userId')}" if isinstance(found, dict) else None


def _log(lms: World, site: str, place: str, answer: Response, struck: list[str]) -> None:
    sent = g.detail.pop("sent", None) or _readable(request.get_data(as_text=True))
    detail = {
        "request": {
            "method": request.method,
            "address": request.path if place == "auth" else request.full_path.rstrip("?"),
            "accept": request.headers.get("Accept"),
            "content_type": request.headers.get("Content-Type"),
            "body": sent,
        },
        "answer": g.detail.pop("answered", None) or _readable(answer.get_data(as_text=True)),
        "headers": {name: value for name, value in answer.headers.items() if name in {"Content-Type", "Link", "Retry-After"}},
        **g.detail,
        **({"faults": struck} if struck else {}),
    }
    lms.state.note(site, place, g.title or TITLES[place], answer.status_code, detail)


TITLES = {
    "auth": "The tool asked who is signed in",
    "jwks": "The tool fetched this site's public keys",
    "token": "The tool asked for an access token",  # nosec B105 (words for people)
    "lineitems": "The tool looked at the gradebook's columns",
    "lineitem": "The tool looked at one column",
    "scores": "The tool sent a grade",
    "results": "The tool read grades back",
    "linking": "The tool sent activities to add",
    "notices": "The tool ordered notices",
    "memberships": "The tool asked who is in the course",
}


def _readable(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text[:MOST_LOGGED_CHARACTERS]
