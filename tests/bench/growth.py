# SPDX-License-Identifier: Apache-2.0
"""How much the database grows by one candidacy, by table, heap and indexes apart, on PostgreSQL and on SQLite.

    growth.py WARM MORE

Candidacies are lived through with the product's own verbs, one transaction each: launches, a knowledge check failed and then mastered, an
observation planned, written, rated and released, each score sent. Runs as a process of its own with our settings in the environment, and
measures after WARM candidacies and after MORE: the difference is what a candidacy takes once a database is in use.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import ours
import structlog
from flask import current_app
from machine import free_port, say
from sizes import grown, measure
from sqlalchemy import create_engine, text
from tools import Bench, sqlalchemy_url

from lti_mentoring import app as wiring
from lti_mentoring import settings
from lti_mentoring.cli.base import DEFAULT_PACK, pack_folder
from lti_mentoring.demo.message import SHORT
from lti_mentoring.demo.story import right_answer
from lti_mentoring.domain.answer import steps
from lti_mentoring.domain.delivery import SCORE_SCOPE, Pace
from lti_mentoring.domain.lane import Limits
from lti_mentoring.domain.module import Item
from lti_mentoring.domain.observation import Rating
from lti_mentoring.domain.people import Actor
from lti_mentoring.lti.grades import Result, Score
from lti_mentoring.lti.launch import launch_of
from lti_mentoring.lti.registration import Registration
from lti_mentoring.lti.verdict import Verdict
from lti_mentoring.services import delivery, observation, people, platform, programme, roles, training
from lti_mentoring.services.observation import Note
from lti_mentoring.services.registry import Registrations
from lti_mentoring.store import base

ROLE = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
ITEMS = ("programme", "module:M1", "observation")
COURSE_OF = 25
"""Candidates of one course, who share its coordinator and its observer."""
NOTES, NOTE_LENGTH = 12, (60, 200)
SAYS = "She asks what he would try first, waits, and repeats his own words; by Friday he will have talked to the line about it. "
PACE = Pace(lease_seconds=60, base_seconds=10, cap_seconds=3600, batch=50)
LIMITS = Limits(most_at_once=8, per_second=0, burst=20, breaker_failures=5, breaker_seconds=30, cap_seconds=3600)


class Taken:
    """An LMS's grade service that takes every score: the wire, which no byte of the database depends on."""

    def work(self) -> AbstractContextManager[None]:
        """Nothing to share."""
        return nullcontext()

    def post_score(self, lineitem_url: str, score: Score) -> Verdict:
        """Taken."""
        return Verdict("done", 200)

    def ensure_line_item(self, **_: Any) -> str | Verdict:
        """Every launch names its column."""
        raise AssertionError("a launch without a column")

    def result(self, lineitem_url: str, user_id: str) -> Result | Verdict | None:
        """Asked only where a score is turned away."""
        raise AssertionError("a score was turned away")


# --- lives ----------------------------------------------------------------------------------------------------------------


@dataclass
class Town:
    """One organisation with its LMS. ``woken``: the lanes that have work since the last delivery."""

    org_id: str
    registration: Registration
    woken: set[str] = field(default_factory=set)
    chance: random.Random = field(default_factory=lambda: random.Random(1))

    def enter(self, course: str, user: str, role: str, item: str) -> Actor:
        """Somebody opens an activity of a course, as Moodle tells it."""
        issuer, link = self.registration.issuer, f"{course}{ITEMS.index(item)}"
        column = f"{issuer}/mod/lti/services.php/{course}/lineitems"
        body = {
            "sub": user,
            "nonce": secrets.token_urlsafe(32),
            "name": f"Candidate Number {user}",
            "email": f"candidate.{user}@students.example.edu",
            "locale": "en",
            SHORT["deployment_id"]: "1",
            SHORT["roles"]: [ROLE + role],
            SHORT["resource_link"]: {"id": link, "title": f"Mentoring: {item}"},
            SHORT["context"]: {"id": course, "label": f"MENT-{course}", "title": f"Mentor Foundations {course}"},
            SHORT["custom"]: {"item": item},
            SHORT["ags"]: {
                "scope": [SCORE_SCOPE],
                "lineitems": f"{column}?type_id=1",
                "lineitem": f"{column}/{link}/lineitem?type_id=1",
            },
        }
        deployment = Registrations().deployment(self.registration.id, "1")
        launch = launch_of(body, registration=self.registration, deployment=deployment, now=datetime.now(UTC))
        launch = replace(
            launch, return_url=f"{issuer}/mod/lti/return.php?course={course}&launch_container=3&instanceid={link}&sesskey=Xk4bench00"
        )
        signed = people.sign_in(launch, old_token=None, absolute=timedelta(hours=10))
        with base.tenant(self.org_id):
            return self.again(signed.person_id, signed.course_id)

    def again(self, person_id: str, course_id: str) -> Actor:
        """Somebody with the roles that they hold by now; the tenant is in scope."""
        found = roles.here(org_id=self.org_id, person_id=person_id, course_id=course_id, registration_id=self.registration.id)
        return found.actor

    def deliver(self) -> None:
        """Send what the last verb wanted, as a worker does a moment later."""
        while self.woken:
            delivery.run(self.woken.pop(), grades_for=lambda *_: Taken(), pace=PACE, limits=LIMITS)

    def course(self, first: int, count: int) -> None:
        """A course is opened, and so many candidates go through it."""
        name = str(10_000 + first)
        leader = self.enter(name, f"{first}-coordinator", "Instructor", "programme")
        with base.tenant(self.org_id):
            roles.take_coordination(actor=leader)
        observer = self.enter(name, f"{first}-observer", "Instructor", "observation")
        with base.tenant(self.org_id):
            leader = self.again(leader.person_id, leader.course_id)
            roles.appoint(actor=leader, person_id=observer.person_id, role="observer")
            observer = self.again(observer.person_id, observer.course_id)
        for number in range(first, first + count):
            self.candidacy(name, str(number), leader, observer)

    def candidacy(self, course: str, user: str, leader: Actor, observer: Actor) -> None:
        """One person's whole way."""
        for item in ITEMS:
            candidate = self.enter(course, user, "Learner", item)
        for right in (False, True):
            with base.tenant(self.org_id):
                attempt = training.start_check(actor=candidate, key="M1")
            self.deliver()
            with base.tenant(self.org_id):
                mastered = _answer(candidate, attempt, right=right)
            assert mastered == right
            self.deliver()
        with base.tenant(self.org_id):
            chosen = next(one for one in observation.candidates(actor=leader).candidates if one.name == f"Candidate Number {user}")
            planned = observation.plan(
                actor=leader,
                candidacy_id=chosen.id,
                observer_id=observer.person_id,
                planned_for=datetime.now(UTC).date(),
                protege_label="Second-year teacher, science",
                place="Library, room 2",
            )
        self.deliver()
        with base.tenant(self.org_id):
            _observe(observer, planned, self.chance)
        self.deliver()


def _answer(candidate: Actor, attempt_id: str, *, right: bool) -> bool:
    """Every question of an attempt, choices all wrong unless ``right``. -> whether that mastered the module"""
    page = training.attempt_page(actor=candidate, attempt_id=attempt_id)
    for question in page.questions:
        item = page.module.item(question.key)
        for step in range(1, steps(item) + 1):
            given = right_answer(item, step) if right else _wrong_answer(item, step)
            training.answer(actor=candidate, attempt_id=attempt_id, item_key=item.key, answer=given, step=step)
    return training.finish(actor=candidate, attempt_id=attempt_id).mastered


def _wrong_answer(item: Item, step: int) -> dict[str, object]:
    if item.order or item.cards:
        return right_answer(item, step)
    wrong = [choice.key for choice in item.options(step) if not choice.right]
    return {"choices": wrong[:1]} if item.kind == "multiple" else {"choice": wrong[0]}


def _observe(observer: Actor, observation_id: str, chance: random.Random) -> None:
    """Notes while the session goes on, then criterion after criterion, each kept as it is rated, as the sheet does; then the release."""
    notes = [Note(secrets.token_hex(16), _note(chance)) for _ in range(NOTES)]
    for note in notes:
        observation.save_note(actor=observer, observation_id=observation_id, note=note)
    sheet = observation.sheet(actor=observer, observation_id=observation_id)
    revision = sheet.revision
    for one in sheet.criteria:
        carried = tuple(note.id for note in chance.sample(notes, 2))
        rating = Rating(one.criterion.key, level=chance.choice((3, 4)), note_ids=carried)
        draft = observation.save_draft(actor=observer, observation_id=observation_id, revision=revision, ratings=[rating])
        revision = draft.revision
    observation.record_consent(actor=observer, observation_id=observation_id)
    observation.submit(actor=observer, observation_id=observation_id, revision=revision)


def _note(chance: random.Random) -> str:
    length, start = chance.randint(*NOTE_LENGTH), chance.randrange(len(SAYS))
    return (SAYS * 3)[start : start + length].strip()


# --- the process, and who starts it ---------------------------------------------------------------------------------------


def live(warm: int, more: int) -> dict[str, Any]:
    """Within the app."""
    known = platform.listing()[0]
    org_id, registration = platform.organisation_id("Bench"), Registrations().registration(known["issuer"], known["client_id"])
    assert registration is not None
    with base.tenant(org_id):
        programme.import_pack(org_id=org_id, path=pack_folder(DEFAULT_PACK), actor="operator")
    town = Town(org_id, registration)
    current_app.extensions["after_commit"] = town.woken.update
    url, sizes = settings.load(os.environ).database_url, []
    for first, count in ((0, warm), (warm, more)):
        for start in range(first, first + count, COURSE_OF):
            town.course(start, min(COURSE_OF, first + count - start))
        sizes.append(measure(url))
    return grown(sizes[0], sizes[1], more)


def _on(bench: Bench, kind: str, warm: int, more: int) -> dict[str, Any]:
    url = f"sqlite:///{bench.folder / 'growth.sqlite3'}"
    if kind == "postgresql":
        assert bench.postgres is not None
        url = sqlalchemy_url(bench.postgres.new_database())
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:  # the sizes are the same, and nobody waits for the disk
            connection.execute(text(f'ALTER DATABASE "{engine.url.database}" SET synchronous_commit = off'))
        engine.dispose()
    environ = ours.environment(url, free_port(), bench.platform_port) | {"LTI_MENTORING_SQLITE_SYNCHRONOUS": "NORMAL"}
    ours.prepare(environ, bench.platform_port)
    done = subprocess.run([sys.executable, __file__, str(warm), str(more)], env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    say(f"{kind}: {found['bytes_a_candidacy']} bytes a candidacy")
    return found


def run(bench: Bench, *, warm: int, more: int) -> dict[str, Any]:
    """Both databases, side by side: nothing is timed."""
    kinds = ("postgresql", "sqlite")
    with ThreadPoolExecutor(len(kinds)) as pool:
        return dict(zip(kinds, pool.map(lambda kind: _on(bench, kind, warm, more), kinds), strict=True))


def main(words: list[str]) -> None:
    """As the command line says."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    app = wiring.create_app(settings.load(os.environ))
    with app.app_context():
        print(json.dumps(live(int(words[0]), int(words[1]))))


if __name__ == "__main__":
    main(sys.argv[1:])
