# SPDX-License-Identifier: Apache-2.0
"""How long the cohort board takes for courses of different sizes, on SQLite and on PostgreSQL.

    cohorts.py SIZE ...

One course for each size, all in one organisation, in a programme of thirteen modules under the stricter policy: people everywhere on the
way, checks failed and mastered, sessions planned, written and released with all their ratings. Runs as a process of its own with our
settings in the environment. Times are the process's own CPU seconds, of PostgreSQL the seconds that passed; the least of several.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import ours
import structlog
from bars import Bar
from filling import put
from machine import free_port, say
from sqlalchemy import text
from tools import Bench, sqlalchemy_url

from lti_mentoring import app as wiring
from lti_mentoring import settings
from lti_mentoring.cli.base import DEFAULT_PACK, pack_folder
from lti_mentoring.domain.board import Wanted
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.programme import Programme
from lti_mentoring.services import board, platform, programme
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.people import Course, Membership, Person
from lti_mentoring.store.rating import Resolution, ResolvedLevel
from lti_mentoring.store.training import CheckAttempt

MODULES = [f"M{number}" for number in range(13)]
SESSIONS = ("structured", "structured", "co", "co", "independent", "independent", "independent")
LEVELS = (2, 3, 3, 3, 4, 4, 4)
TRIES = 5
MOST_UNEVEN, MOST_TO_PLAIN, MOST_SECONDS = 1.5, 3, 2

PLAIN = (
    "SELECT c.id, c.participation, c.started_at, p.name FROM candidacy c JOIN person p ON p.org_id = c.org_id AND p.id = c.person_id"
    " WHERE c.org_id = :org AND c.course_id = :course",
    "SELECT candidacy_id, module_key, state, mastered FROM check_attempt WHERE org_id = :org AND candidacy_id IN"
    " (SELECT id FROM candidacy WHERE org_id = :org AND course_id = :course)",
    "SELECT o.id, o.candidacy_id, o.kind, o.state, o.planned_for FROM observation o WHERE o.org_id = :org AND o.course_id = :course",
    "SELECT r.resolution_id, r.criterion, r.numerator, r.denominator FROM observation o JOIN resolved_level r ON r.org_id = o.org_id"
    " AND r.resolution_id = o.resolution_id WHERE o.org_id = :org AND o.course_id = :course",
)
"""Every row that the board is made from, read and not looked at."""


# --- a course ----------------------------------------------------------------------------------------------------------------------


@dataclass
class Filled:
    """The rows of one course, by table."""

    course: str
    observer: str
    version: str
    chance: random.Random
    modules: dict[str, str]
    rubrics: dict[str, tuple[str, list[str]]]
    rows: dict[Any, list[dict[str, Any]]] = field(default_factory=dict)

    def add(self, table: Any, **facts: Any) -> str:
        """A row. -> its id"""
        made = base.new_id()
        self.rows.setdefault(table, []).append({"org_id": base.current_tenant(), "id": made, **facts})
        return made

    def candidate(self, number: int) -> None:
        """Somebody anywhere on the way."""
        person = self.add(Person, name=f"Person {self.chance.randrange(10**6):06} {number}")
        began = base.now() - timedelta(days=self.chance.randrange(700))
        self.add(Membership, course_id=self.course, person_id=person, standing="learner", launched_at=began)
        begun = {"course_id": self.course, "person_id": person, "programme_version_id": self.version}
        held = self.add(Candidacy, **begun, participation=self.chance.choice(("active",) * 8 + ("deferred", "withdrawn")), started_at=began)
        come = self.chance.randrange(len(MODULES) + len(SESSIONS) + 1)
        for key in MODULES[: come + 1]:
            for attempt in range(1, self.chance.choice((1, 1, 2, 3)) + 1):
                self._attempt(held, key, attempt, mastered=MODULES.index(key) < come)
        for index, kind in enumerate(SESSIONS[: max(0, come - len(MODULES) + 1)]):
            self._session(held, kind, released=index < come - len(MODULES))

    def _attempt(self, held: str, key: str, number: int, *, mastered: bool) -> None:
        tried = {"candidacy_id": held, "module_version_id": self.modules[key], "module_key": key, "number": number, "seed": "s"}
        state = "finished" if mastered or number > 1 else "open"
        self.add(CheckAttempt, **tried, item_keys=[], state=state, mastered=mastered and number == 1, finished_at=base.now())

    def _session(self, held: str, kind: str, *, released: bool) -> None:
        rubric, criteria = self.rubrics[kind]
        seen = {"candidacy_id": held, "course_id": self.course, "kind": kind, "observer_id": self.observer, "rubric_version_id": rubric}
        state = "released" if released else self.chance.choice(("planned", "drafting"))
        row = {"resolution_id": base.new_id() if released else None, "focus": [], "org_id": base.current_tenant()}
        made = self.add(Observation, **seen, planned_for=base.now().date(), created_by=self.observer, state=state, **row)
        if released:
            levels = {criterion: self.chance.choice(LEVELS) for criterion in criteria}
            resolution, of_each = resolved(row | {"id": made}, levels)
            self.rows.setdefault(Resolution, []).append(resolution)
            self.rows.setdefault(ResolvedLevel, []).extend(of_each)


def resolved(row: Mapping[str, Any], levels: Mapping[str, int]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The result that one rating makes of an observation's row. -> the resolution and its levels, as rows"""
    own, held = {"org_id": row["org_id"]}, row["resolution_id"]
    made = own | {"id": held, "observation_id": row["id"], "number": 1, "method": "single", "ratings": [], "inputs_hash": ""}
    of_each = own | {"resolution_id": held, "denominator": 1, "how": "single"}
    return made, [of_each | {"id": base.new_id(), "criterion": key, "numerator": level} for key, level in levels.items()]


def wide(found: Programme) -> Programme:
    """The programme with thirteen modules, all of them asked for, under the stricter of its policies."""
    module, policy = found.modules[0], next(one for one in found.policies if one.name == "assured")
    asked = replace(policy, modules_required=tuple(MODULES), before_observing=tuple(MODULES[:5]))
    return replace(found, modules=tuple(replace(module, key=key, title=f"Module {key}") for key in MODULES), policy=asked)


def fill(org_id: str, version: str, size: int) -> str:
    """A course with so many candidates. -> its id"""
    found = programme.load(version)
    policy = found.policy
    observer = base.new_id()
    put(Person, [{"org_id": org_id, "id": observer, "name": "T. Lindqvist"}])
    course = base.new_id()
    put(Course, [{"org_id": org_id, "id": course, "issuer": "https://lms.example", "scope": "s", "context_id": f"c{size}", "title": "C"}])
    rubrics = {
        kind: (programme.rubric_version_id(version, key), [one.key for one in found.rubric(key).criteria])
        for kind in set(SESSIONS)
        for key in (policy.rubric_of(kind),)
    }
    modules = {key: programme.module_version_id(version, key) for key in MODULES}
    filled = Filled(course, observer, version, random.Random(size), modules, rubrics)
    for number in range(size):
        filled.candidate(number)
    for table, rows in filled.rows.items():
        put(table, rows)
    return course


# --- the measure ---------------------------------------------------------------------------------------------------------------------


def least(what: Callable[[], Any], clock: Callable[[], float]) -> float:
    """The least of several, in milliseconds."""
    took = []
    for _ in range(TRIES):
        base.session().rollback()
        begun = clock()
        what()
        took.append(clock() - begun)
    return min(took) * 1000


def plainly(org_id: str, course: str) -> int:
    """Read every row. -> how many"""
    return sum(len(base.connection().execute(text(one), {"org": org_id, "course": course}).all()) for one in PLAIN)


def live(sizes: list[int]) -> dict[str, Any]:
    """Within the app."""
    org_id = platform.add_organisation(name="Cohorts")["id"]
    clock = time.process_time if base.db.engine.dialect.name == "sqlite" else time.perf_counter
    return {str(size): told for size, told in _measured(org_id, sizes, clock)}


def _measured(org_id: str, sizes: list[int], clock: Callable[[], float]) -> Iterator[tuple[int, dict[str, Any]]]:
    with base.tenant(org_id):
        first = programme.import_pack(org_id=org_id, path=pack_folder(DEFAULT_PACK), actor="operator").id
        with base.transactional() as session:
            version = programme.publish(
                session, org_id=org_id, programme=wide(programme.load(first)), actor="operator", derived_from=first
            ).id
        courses = {size: fill(org_id, version, size) for size in sizes}
        for size, course in courses.items():
            lead = Actor(org_id, base.new_id(), course, "Lead", frozenset({"member", "coordinator"}), "")
            rows = plainly(org_id, course)
            page = least(lambda lead=lead: board.page(actor=lead, wanted=Wanted(sort="-progress")), clock)
            plain = least(lambda course=course: plainly(org_id, course), clock)
            told = {"rows_read": rows, "board_ms": round(page, 1), "plain_select_ms": round(plain, 1)}
            yield size, told | {"us_a_person": round(1000 * page / size, 1), "to_plain_select": round(page / plain, 2)}


def _on(bench: Bench, kind: str, sizes: list[int]) -> dict[str, Any]:
    url = f"sqlite:///{bench.folder / 'cohorts.sqlite3'}"
    if kind == "postgresql":
        assert bench.postgres is not None
        url = sqlalchemy_url(bench.postgres.new_database())
    environ = ours.environment(url, free_port(), bench.platform_port) | {"LTI_MENTORING_SQLITE_SYNCHRONOUS": "NORMAL"}
    ours.prepare(environ, bench.platform_port)
    command = [sys.executable, __file__, *map(str, sizes)]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    few, many = (found[str(size)]["us_a_person"] for size in sizes[-2:])
    say(f"{kind}: {found[str(sizes[-1])]['board_ms']} ms for {sizes[-1]} people")
    return found | {"a_person_of_most_to_one_of_fewer": round(many / few, 2)}


def run(bench: Bench, *, sizes: list[int]) -> dict[str, Any]:
    """One after the other, since they are timed."""
    found = {kind: _on(bench, kind, sizes) for kind in ("sqlite", "postgresql")}
    return found | {"bars": [bar for kind, told in found.items() for bar in _bars(kind, told, sizes[-1])]}


def _bars(kind: str, told: dict[str, Any], most: int) -> list[dict[str, Any]]:
    """What holds on any machine: a person costs as much among many as among fewer, and the board about what reading its rows costs."""
    even = Bar(f"{kind}: a person of {most} to one of fewer", told["a_person_of_most_to_one_of_fewer"], MOST_UNEVEN, "most")
    plain = Bar(f"{kind}: the board of {most} to a plain SELECT of its rows", told[str(most)]["to_plain_select"], MOST_TO_PLAIN, "most")
    seconds = Bar(f"{kind}: seconds for the board of {most}", told[str(most)]["board_ms"] / 1000, MOST_SECONDS, "most", stretch=True)
    return [bar.said() for bar in (even, plain, seconds)]


def main(words: list[str]) -> None:
    """As the command line says."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    app = wiring.create_app(settings.load(os.environ))
    app.extensions["after_commit"] = lambda lanes: None
    with app.app_context():
        print(json.dumps(live([int(word) for word in words])))


if __name__ == "__main__":
    main(sys.argv[1:])
