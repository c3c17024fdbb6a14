# SPDX-License-Identifier: Apache-2.0
"""Troubles that can be switched on: what there is, what waits, and what strikes a request."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from flask import request

from lti_mentoring.demo.world import here, world

REGISTERING = ("openid_configuration", "openid_registration")
PLACES = ("auth", "jwks", "token", "lineitems", "lineitem", "scores", "results", "memberships", "notices", "linking", *REGISTERING)
GROUPS = {"ags": ("lineitems", "lineitem", "scores", "results"), "all": PLACES}


@dataclass(frozen=True, slots=True)
class Kind:
    """A trouble: what it is called on the page, how often it strikes unless told otherwise (None: until cleared), its options.

    ``answers``: the request gets an answer of the trouble's own, and of several such troubles only the oldest strikes.
    """

    title: str
    times: int | None
    options: dict[str, Any] = field(default_factory=dict)
    answers: bool = False


KINDS = {
    "flaky": Kind("Some requests fail (503), by lot", None, {"share": 0.05, "seed": 1}, answers=True),
    "error": Kind("Server error", 1, {"status": 500}, answers=True),
    "down": Kind("Down for maintenance (503)", None, answers=True),
    "throttle": Kind("Too many requests (429 with Retry-After)", 1, {"retry_after": 2, "as_date": False}, answers=True),
    "quota": Kind("The quota is used up (403, as Canvas says it)", 1, answers=True),
    "slow": Kind("Slow answers", None, {"seconds": 2.0}),
    "drip": Kind("The answer comes byte by byte", 1, {"seconds": 0.2}),
    "hang": Kind("Do it, but hold the answer back until released", 1, {"before": False}),
    "black_hole": Kind("Take the request and never answer", 1, answers=True),
    "reset": Kind("Do it, then break the connection without an answer", 1, {"before": False}),
    "html": Kind("An HTML page with status 200", 1, {"before": True}, answers=True),
    "json_as_html": Kind("Every answer says that it is HTML, whatever it is", None),
    "media_type": Kind("Our media type is not known here (415 to what is sent, 406 to what is asked for)", 1, answers=True),
    "refused_token": Kind("A good token is refused (401; on Open edX 403)", 1, answers=True),
    "stale": Kind("It holds a newer grade than the one that comes", 1, {"equal": False}, answers=True),
    "clock": Kind("Its clock is wrong", None, {"seconds": 600}),
    "deleted_column": Kind("The gradebook's columns are gone", None, answers=True),
    "not_gradable": Kind("Nobody can be graded any more (or one person only)", None, {"persona": ""}, answers=True),
    "closed_course": Kind("The course is closed", None, {"status": 422}, answers=True),
    "small_pages": Kind("Lists come in small pages", None, {"size": 2}),
    "gone": Kind("There is nothing at this address any more (a 404 page)", None, answers=True),
    "moved": Kind("It sends to another address (301)", None, {"to": "https://new.lms.example"}, answers=True),
    "no_keys": Kind("It may not fetch the tool's keys", None),
    "cached_keys": Kind("Its key set is an old copy, without the key that it signs with", None),
    "old_keys": Kind("It goes by keys that the tool no longer signs with", None),
    "unknown_client": Kind("It has forgotten the tool's client id", None),
    "audience": Kind("It wants another audience in the tool's statement", None, {"wanted": "https://lms.example/oauth2"}),
    "fewer_scopes": Kind("It grants fewer scopes than it announces", None, {"without": "score"}),
    "left": Kind("Somebody has left the course", None, {"persona": "second"}),
    "suspended": Kind("Somebody is suspended in the course", None, {"persona": "second", "status": "Inactive"}),
    "restricted": Kind("Somebody may not open the activity", None, {"persona": "second"}),
    "bare_roster": Kind("The roster says ids and roles only", None),
    "groups": Kind("The course is divided into groups", None, {"broken": False}),
    "differences": Kind("The roster offers what has changed since", None, {"gone": False}),
    "foreign_next": Kind("The roster's next page is on another server", None),
    "next_in_circle": Kind("The roster's pages lead in a circle", None),
}
"""Troubles that stay until they have struck."""

ROSTER = {"groups", "left", "suspended", "restricted", "bare_roster", "differences", "foreign_next", "next_in_circle"}
"""Troubles that are a state of the roster."""

STANDING = {"small_pages", "clock", "no_keys", "cached_keys", "old_keys", "unknown_client", "audience", "fewer_scopes", *ROSTER}
"""Troubles that are a state of the site and strike no single request."""

ONLY_AT = {
    "stale": ("scores",),
    "not_gradable": ("scores",),
    "closed_course": ("scores", "lineitems", "lineitem"),
    "deleted_column": ("scores", "results", "lineitem"),
    "refused_token": (*GROUPS["ags"], "memberships"),
}
"""Where a trouble has a meaning, wherever it was switched on."""

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


def waiting_faults(site: str) -> list[Fault]:
    """What is switched on."""
    with world().state.read() as db:
        rows = db.execute("SELECT * FROM fault WHERE site = ? ORDER BY id", (site,)).fetchall()
    return [Fault(row["id"], row["name"], row["place"], row["remaining"], json.loads(row["options"])) for row in rows]


def page_size(place: str) -> int | None:
    """The page size that a quirk forces on a list."""
    for one in waiting_faults(here().key):
        if one.name == "small_pages" and _covers(one, place):
            return int(one.options["size"])
    return None


def roster(name: str) -> list[dict[str, Any]]:
    """The options of each trouble of that name that the roster has."""
    return [one.options for one in waiting_faults(here().key) if one.name == name and name in ROSTER]


def clock(site: str) -> float:
    """The time at a site, in seconds since the epoch; it may be wrong."""
    return time.time() + sum(float(one.options["seconds"]) for one in waiting_faults(site) if one.name == "clock")


def state_of(site: str, name: str) -> dict[str, Any] | None:
    """The options of a trouble that is a state of the site; None while it is off."""
    return next((one.options for one in waiting_faults(site) if one.name == name), None)


def _covers(one: Fault, place: str) -> bool:
    if one.name in ONLY_AT and place not in ONLY_AT[one.name]:
        return False
    return one.where == place or place in GROUPS.get(one.where, ())


def take(site: str, place: str) -> list[Fault]:
    """The troubles that strike this request; each has struck once more. Of those that answer, only the oldest strikes."""
    if not any(_covers(one, place) and one.name not in STANDING for one in waiting_faults(site)):
        return []
    struck: list[Fault] = []
    with world().state.write() as db:  # read again inside, so that "once" is once among many threads
        for row in db.execute("SELECT * FROM fault WHERE site = ? ORDER BY id", (site,)).fetchall():
            one = Fault(row["id"], row["name"], row["place"], row["remaining"], json.loads(row["options"]))
            if not _covers(one, place) or not _strikes(one, struck):
                continue
            struck.append(one)
            if one.remaining == 1:
                db.execute("DELETE FROM fault WHERE id = ?", (one.id,))
            elif one.remaining is not None:
                db.execute("UPDATE fault SET remaining = remaining - 1 WHERE id = ?", (one.id,))
    return struck


def _strikes(one: Fault, struck: Collection[Fault]) -> bool:
    if one.name in STANDING or one.name in {other.name for other in struck}:
        return False
    if KINDS[one.name].answers and any(KINDS[other.name].answers for other in struck):
        return False
    if one.name == "flaky":
        return _lot(one)
    return one.name != "not_gradable" or not one.options["persona"] or one.options["persona"] == _graded()


def _lot(one: Fault) -> bool:
    """Whether the next request is unlucky: the same seed gives the same row of lots, whoever comes when."""
    drawn = world().drawn.setdefault(one.id, Counter())
    drawn["lots"] += 1
    return random.Random(f"{one.options['seed']}/{drawn['lots']}").random() < float(one.options["share"])  # nosec B311 (lots)


def _graded() -> str:
    """Whom the score of this request is about."""
    found = request.get_json(force=True, silent=True)
    person = here().by_sub(str(found.get("userId"))) if isinstance(found, dict) else None
    return person.key if person else ""
