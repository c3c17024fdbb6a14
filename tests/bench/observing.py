# SPDX-License-Identifier: Apache-2.0
"""How long lists of observations and rosters of observers take, small and large, on SQLite and on PostgreSQL.

    observing.py OBSERVATIONS:OBSERVERS ...

One course for each size: everything that was planned in it, a fifth of it waiting for one observer, some rated and held back, the rest
released with its results. What counts are the ratios within one run, and that no page asks the database more often for more rows. Runs as
a process of its own with our settings in the environment.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import ours
import structlog
from bars import Bar
from cohorts import LEVELS, least, resolved
from filling import put
from machine import free_port, say
from sqlalchemy import event
from tools import Bench, sqlalchemy_url

from lti_mentoring import app as wiring
from lti_mentoring import settings
from lti_mentoring.cli.base import DEFAULT_PACK, pack_folder
from lti_mentoring.domain import listing as listing_rules
from lti_mentoring.domain import profile as profile_rules
from lti_mentoring.domain.people import Actor
from lti_mentoring.services import listing, observation, platform, profile, programme, qualified, roles
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.people import Course, Membership, Person, RoleGrant
from lti_mentoring.store.rating import Resolution, ResolvedLevel, SubmittedRating

EACH = 10
"""Observations of one candidate."""
STATES = ("planned", "drafting") + ("released",) * 7 + ("cancelled",)
HELD = 200
"""Rated and not released: a course has some dozens at a time."""
MOST_SECONDS, MOST_UNEVEN = 2.0, 1.5


@dataclass
class Filled:
    """A course, with somebody who leads it and the observer for whom a fifth of it waits."""

    course: str
    lead: Actor
    busy: Actor


def fill(org_id: str, version: str, size: int, observers: int) -> Filled:
    """So many observations by so many observers."""
    chance = random.Random(size)
    course, lead = base.new_id(), base.new_id()
    put(Course, [{"org_id": org_id, "id": course, "issuer": "https://lms.example", "scope": "s", "context_id": f"o{size}", "title": "C"}])
    rubric = programme.rubric_version_id(version, programme.load(version).policy.observation_rubric)
    criteria = [one.key for one in programme.rubric(rubric).criteria]
    who = [base.new_id() for _ in range(observers)]
    people = [base.new_id() for _ in range(-(-size // EACH))]
    put(Person, [{"org_id": org_id, "id": one, "name": f"Person {chance.randrange(10**6):06}"} for one in (lead, *who, *people)])
    standing = [(lead, "instructor"), *((one, "instructor") for one in who), *((one, "learner") for one in people)]
    here = {"org_id": org_id, "course_id": course}
    put(Membership, [here | {"id": base.new_id(), "person_id": one, "standing": at} for one, at in standing])
    granted = [(lead, "coordinator"), *((one, "observer") for one in who)]
    put(RoleGrant, [here | {"id": base.new_id(), "person_id": one, "role": role, "granted_by": "operator"} for one, role in granted])
    held = {one: base.new_id() for one in people}
    begun = here | {"programme_version_id": version}
    put(Candidacy, [begun | {"id": candidacy, "person_id": person} for person, candidacy in held.items()])
    rows = _observations(org_id, course, rubric, who, list(held.values()), size, chance)
    _results(rows, rubric, criteria, chance)
    both = ((lead, "coordinator"), (who[0], "observer"))
    actors = [Actor(org_id, one, course, "N.", frozenset({"member", role}), "") for one, role in both]
    return Filled(course, *actors)


def _observations(
    org_id: str, course: str, rubric: str, who: list[str], candidacies: list[str], size: int, chance: random.Random
) -> list[dict[str, Any]]:
    today, rows = base.now().date(), []
    for number in range(size):
        state = "rated" if number < HELD * size // 10_000 else "planned" if number % 5 == 0 else chance.choice(STATES)
        observer = who[0] if state == "planned" and number % 5 == 0 else chance.choice(who)
        day = today + timedelta(days=chance.randrange(-600, 60))
        row = {"org_id": org_id, "id": base.new_id(), "course_id": course, "observer_id": observer}
        row |= {"candidacy_id": candidacies[number // EACH]}
        row |= {"kind": "independent", "rubric_version_id": rubric, "planned_for": day, "created_by": observer, "state": state, "focus": []}
        done = state in ("rated", "released")
        rows.append(row | {"rated_at": base.now() if done else None, "resolution_id": base.new_id() if state == "released" else None})
    put(Observation, rows)
    return rows


def _results(rows: list[dict[str, Any]], rubric: str, criteria: list[str], chance: random.Random) -> None:
    made: dict[Any, list[dict[str, Any]]] = {SubmittedRating: [], Resolution: [], ResolvedLevel: []}
    for row in rows:
        if row["state"] not in ("rated", "released"):
            continue
        levels = {one: chance.choice(LEVELS) for one in criteria}
        said = {one: {"level": level, "reason": "", "notes": []} for one, level in levels.items()}
        by = {"org_id": row["org_id"], "observation_id": row["id"], "assessor_id": row["observer_id"], "rubric_version_id": rubric}
        made[SubmittedRating].append(by | {"id": base.new_id(), "number": 1, "purpose": "first", "said": said, "weight": "counts"})
        if row["resolution_id"]:
            resolution, of_each = resolved(row, levels)
            made[Resolution].append(resolution)
            made[ResolvedLevel] += of_each
    for table, found in made.items():
        put(table, found)


# --- the measure ---------------------------------------------------------------------------------------------------------------------


@contextmanager
def counted() -> Iterator[list[str]]:
    """What is sent to the database meanwhile."""
    seen: list[str] = []

    def note(conn: object, cursor: object, statement: str, *more: object) -> None:
        seen.append(statement)

    event.listen(base.db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(base.db.engine, "before_cursor_execute", note)


def pages(one: Filled) -> dict[str, Callable[[], Any]]:
    """What is read: the coordinator's list, its last page and a search; the observer's queue; who could observe; people by competencies."""
    wanted, lead, busy = listing_rules.Wanted, one.lead, one.busy
    return {
        "list": lambda: listing.page(actor=lead, wanted=wanted()),
        "list_last_page": lambda: listing.page(actor=lead, wanted=wanted(page=100_000)),
        "list_search": lambda: listing.page(actor=lead, wanted=wanted(q="9", state="released")),
        "list_held": lambda: listing.page(actor=lead, wanted=wanted(state="rated", sort="oldest")),
        "queue": lambda: observation.queue(actor=busy),
        "plan": lambda: observation.candidates(actor=lead),
        "people": lambda: roles.people_page(actor=lead),
        "observers": lambda: qualified.roll(actor=lead),
        "competencies": lambda: profile.cohort(actor=lead, wanted=profile_rules.Wanted()),
    }


def _measured(sizes: list[tuple[int, int]], clock: Callable[[], float]) -> Iterator[tuple[int, dict[str, Any]]]:
    org_id = platform.add_organisation(name="Observing")["id"]
    with base.tenant(org_id):
        version = programme.import_pack(org_id=org_id, path=pack_folder(DEFAULT_PACK), actor="operator").id
        for size, observers in sizes:
            told = {}
            for name, read in pages(fill(org_id, version, size, observers)).items():
                read()
                with counted() as seen:
                    base.session().expire_all()
                    read()
                told[name] = {"ms": round(least(read, clock), 1), "queries": len(seen)}
            yield size, told


def _on(bench: Bench, kind: str, sizes: list[tuple[int, int]]) -> dict[str, Any]:
    url = f"sqlite:///{bench.folder / 'observing.sqlite3'}"
    if kind == "postgresql":
        assert bench.postgres is not None
        url = sqlalchemy_url(bench.postgres.new_database())
    environ = ours.environment(url, free_port(), bench.platform_port) | {"LTI_MENTORING_SQLITE_SYNCHRONOUS": "NORMAL"}
    ours.prepare(environ, bench.platform_port)
    command = [sys.executable, __file__, *(f"{size}:{observers}" for size, observers in sizes)]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    for name, told in found[str(sizes[-1][0])].items():
        say(f"{kind}: {name} {told['ms']} ms, {told['queries']} queries")
    return found


def run(bench: Bench, *, sizes: list[tuple[int, int]]) -> dict[str, Any]:
    """One after the other, since they are timed."""
    found = {kind: _on(bench, kind, sizes) for kind in ("sqlite", "postgresql")}
    return found | {"bars": [bar.said() for kind, told in found.items() for bar in _bars(kind, told, sizes)]}


def _bars(kind: str, told: dict[str, Any], sizes: list[tuple[int, int]]) -> Iterator[Bar]:
    (few, _), (many, _) = sizes[-2:]
    for name, of_many in told[str(many)].items():
        of_few = told[str(few)][name]
        yield Bar(f"{kind}, {name}: queries for {many} beside {few}", of_many["queries"] - of_few["queries"], 0, "most")
        yield Bar(f"{kind}, {name}: seconds for {many}", of_many["ms"] / 1000, MOST_SECONDS, "most")
        uneven = of_many["ms"] / of_few["ms"] / (many / few)
        yield Bar(f"{kind}, {name}: time a row of {many}, to one of {few}", uneven, MOST_UNEVEN, "most")


def main(words: list[str]) -> None:
    """As the command line says."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    app = wiring.create_app(settings.load(os.environ))
    sizes = [(int(size), int(observers)) for size, _, observers in (word.partition(":") for word in words)]
    with app.app_context():
        clock = time.process_time if base.db.engine.dialect.name == "sqlite" else time.perf_counter
        print(json.dumps({str(size): told for size, told in _measured(sizes, clock)}))


if __name__ == "__main__":
    main(sys.argv[1:])
