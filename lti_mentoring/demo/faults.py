# SPDX-License-Identifier: Apache-2.0
"""Troubles that can be switched on, and the one door through which every request of the tool passes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from flask import Response, g, request

from lti_mentoring.demo.answers import Refusal, refused
from lti_mentoring.demo.world import Held, World, here, world

PLACES = ("auth", "jwks", "token", "lineitems", "lineitem", "scores", "results", "memberships")
GROUPS = {"ags": ("lineitems", "lineitem", "scores", "results"), "all": PLACES}
LONGEST_HOLD_SECONDS = 120
MOST_LOGGED_CHARACTERS = 20_000


@dataclass(frozen=True, slots=True)
class Kind:
    """A trouble: what it is called on the page, how often it strikes unless told otherwise (None: until cleared), its options."""

    title: str
    times: int | None
    options: dict[str, Any] = field(default_factory=dict)


KINDS = {
    "throttle": Kind("Too many requests (429 with Retry-After)", 1, {"retry_after": 2}),
    "error": Kind("Server error", 1, {"status": 500}),
    "down": Kind("Down for maintenance (503)", None),
    "slow": Kind("Slow answers", None, {"seconds": 2.0}),
    "hang": Kind("Do it, but hold the answer back until released", 1, {"before": False}),
    "html": Kind("An HTML page with status 200", 1),
    "small_pages": Kind("Lists come in small pages", None, {"size": 2}),
}
"""Troubles that stay until they have struck."""

DEEDS = {"expired_token": "Every access token expires now", "rotated_key": "Sign with a new key, drop the old one"}  # nosec B105 (words for people)
"""Troubles that are done at once."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A trouble that waits to strike."""

    id: int
    name: str
    where: str
    remaining: int | None
    options: dict[str, Any]


def add(site: str, name: str, where: str, times: int | None, options: dict[str, Any]) -> int:
    """Switch a trouble on; ValueError if there is no such trouble, place or option."""
    kind = KINDS.get(name)
    if kind is None:
        raise ValueError(f"no fault is called {name}; there are {', '.join([*KINDS, *DEEDS])}")
    if where not in PLACES and where not in GROUPS:
        raise ValueError(f"no place is called {where}; there are {', '.join([*PLACES, *GROUPS])}")
    unknown = set(options) - set(kind.options)
    if unknown:
        raise ValueError(f"{name} has no option {', '.join(sorted(unknown))}")
    with world().state.write() as db:
        done = db.execute(
            "INSERT INTO fault (site, name, place, remaining, options) VALUES (?, ?, ?, ?, ?)",
            (site, name, where, times, json.dumps({**kind.options, **options})),
        )
        return int(done.lastrowid or 0)


def do(site: str, name: str, *, keep_old: bool = False) -> dict[str, Any]:
    """Do one of the deeds."""
    if name == "expired_token":
        return {"expired": world().state.expire_tokens(site)}
    return {"kid": world().keys.rotate(site, keep_old=keep_old)}


def clear(site: str, fault: int | None = None) -> None:
    """Switch one trouble off, or all of them."""
    with world().state.write() as db:
        db.execute("DELETE FROM fault WHERE site = ? AND (? IS NULL OR id = ?)", (site, fault, fault))


def release(site: str) -> int:
    """Let every held answer go; how many."""
    waiting = list(world().held[site])
    for one in waiting:
        one.go.set()
    return len(waiting)


def waiting_faults(site: str) -> list[Fault]:
    """What is switched on."""
    with world().state.read() as db:
        rows = db.execute("SELECT * FROM fault WHERE site = ? ORDER BY id", (site,)).fetchall()
    return [Fault(row["id"], row["name"], row["place"], row["remaining"], json.loads(row["options"])) for row in rows]


def page_size(place: str) -> int | None:
    """The page size that a quirk forces on a list."""
    for one in waiting_faults(here().key):
        if one.name == "small_pages" and _covers(one.where, place):
            return int(one.options["size"])
    return None


def _covers(where: str, place: str) -> bool:
    return where == place or place in GROUPS.get(where, ())


def take(site: str, place: str) -> list[Fault]:
    """The troubles that strike this request; each has struck once more. Of those that answer, only the oldest strikes."""
    if not any(_covers(one.where, place) for one in waiting_faults(site)):
        return []
    struck: list[Fault] = []
    with world().state.write() as db:  # read again inside, so that "once" is once among many threads
        for row in db.execute("SELECT * FROM fault WHERE site = ? ORDER BY id", (site,)).fetchall():
            one = Fault(row["id"], row["name"], row["place"], row["remaining"], json.loads(row["options"]))
            if not _covers(one.where, place) or one.name == "small_pages" or one.name in {other.name for other in struck}:
                continue
            if one.name in ANSWERS and any(other.name in ANSWERS for other in struck):
                continue
            struck.append(one)
            if one.remaining == 1:
                db.execute("DELETE FROM fault WHERE id = ?", (one.id,))
            elif one.remaining is not None:
                db.execute("UPDATE fault SET remaining = remaining - 1 WHERE id = ?", (one.id,))
    return struck


def _throttled(options: dict[str, Any]) -> Response:
    return Response("Too Many Requests", 429, {"Retry-After": str(options["retry_after"])}, mimetype="text/plain")


def _failed(options: dict[str, Any]) -> Response:
    return refused(here(), Refusal(int(options["status"]), "Something went wrong on our side", html=True))


def _down(_: dict[str, Any]) -> Response:
    return refused(here(), Refusal(503, "Down for maintenance", html=True))


def _html(_: dict[str, Any]) -> Response:
    return refused(here(), Refusal(200, "Please sign in", html=True))


ANSWERS: dict[str, Callable[[dict[str, Any]], Response]] = {"throttle": _throttled, "error": _failed, "down": _down, "html": _html}


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
                if "slow" in struck:
                    time.sleep(float(struck["slow"].options["seconds"]))
                hang = struck.get("hang")
                if hang and hang.options["before"]:
                    _hold(lms, site.key, place)
                answering = next((one for one in struck.values() if one.name in ANSWERS), None)
                answer = ANSWERS[answering.name](answering.options) if answering else _run(view, values)
                _log(lms, site.key, place, answer, [one.name for one in struck.values()])
                if hang and not hang.options["before"]:
                    _hold(lms, site.key, place)
                return answer

        return inner

    return outer


def _run(view: Callable[..., Response], values: dict[str, Any]) -> Response:
    try:
        return view(**values)
    except Refusal as refusal:
        return refused(here(), refusal)


def _hold(lms: World, site: str, place: str) -> None:
    held = Held(place, g.title)
    lms.held[site].append(held)
    try:
        held.go.wait(LONGEST_HOLD_SECONDS)
    finally:
        lms.held[site].remove(held)


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
    "memberships": "The tool asked who is in the course",
}


def _readable(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text[:MOST_LOGGED_CHARACTERS]
