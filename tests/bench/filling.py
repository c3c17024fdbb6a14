# SPDX-License-Identifier: Apache-2.0
"""Fills our database for the benchmarks, through the product's own store; the outbox rows are made by the product's own ``want``.

    filling.py crowd N          N registrations, each with a deployment
    filling.py deliveries FILE  organisation, platforms, courses, placements, people and finished attempts, as the plan in FILE has them
    filling.py retry            send again what is stuck, as staff would after they have mended the platform
    filling.py roster ISSUER    have the roster of that platform's course read now, from the beginning

Runs as a process of its own with our settings in the environment.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import insert, select, update

from lti_mentoring import app as wiring
from lti_mentoring import settings
from lti_mentoring.cli.base import DEFAULT_PACK, pack_folder
from lti_mentoring.domain.delivery import SCORE_SCOPE, STUCK
from lti_mentoring.domain.rule import NotFound
from lti_mentoring.services import delivery, platform, programme, roster
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.delivery import ScorePublication
from lti_mentoring.store.people import Course, Identity, Membership, Person, Placement
from lti_mentoring.store.platform import Deployment, Registration
from lti_mentoring.store.roster import RosterSync
from lti_mentoring.store.training import CheckAttempt

ORGANISATION = "Bench"
MODULE = "M1"
AT_ONCE = 1000


@dataclass(frozen=True)
class Plan:
    """So many people in the one course of each platform, and so many columns for each of them. ``issuers`` names the platforms."""

    issuers: list[str]
    people: int
    columns: int

    @property
    def deliveries(self) -> int:
        """How many scores that makes."""
        return len(self.issuers) * self.people * self.columns

    def cells(self) -> Iterator[tuple[str, str, float]]:
        """(line item, user, share of the maximum) of every cell as it must be in the end."""
        for issuer in self.issuers:
            for number, column in itertools.product(range(self.people), range(self.columns)):
                yield line_item(issuer, column), user(number), points(number) / 100

    def write(self, file: Path) -> None:
        """For the filling process."""
        file.write_text(json.dumps(asdict(self)))


def line_item(issuer: str, column: int) -> str:
    """The address of a column."""
    return f"{issuer}/lineitems/{column}"


def user(number: int) -> str:
    """What the platform calls a person."""
    return f"user-{number}"


def points(number: int) -> int:
    """What a person's attempt was worth, of 100."""
    return 80 + number % 21


def put(table: Any, rows: list[dict[str, Any]]) -> None:
    """Bulk insert."""
    with base.transactional() as session:
        for start in range(0, len(rows), AT_ONCE):
            session.execute(insert(table), rows[start : start + AT_ONCE])


def registrations(org_id: str, issuers: list[str]) -> list[tuple[str, str]]:
    """Platforms. -> (registration, deployment) of each"""
    made = [(base.new_id(), base.new_id()) for _ in issuers]
    put(
        Registration,
        [
            {"id": ids[0], "org_id": org_id, "name": f"LMS {number}", "issuer": issuer, "client_id": "client-0", "family": "generic"}
            | {"auth_url": f"{issuer}/auth", "token_url": f"{issuer}/token", "jwks_url": f"{issuer}/jwks", "frame_origins": []}
            for number, (ids, issuer) in enumerate(zip(made, issuers, strict=True))
        ],
    )
    put(
        Deployment, [{"id": ids[1], "registration_id": ids[0], "deployment_id": "1", "org_id": org_id, "frame_origins": []} for ids in made]
    )
    return made


def crowd(count: int) -> None:
    """Many platforms that nobody comes from."""
    org_id = platform.add_organisation(name=ORGANISATION)["id"]
    registrations(org_id, [f"https://lms-{number}.example.edu" for number in range(count)])


def deliveries(plan: Plan) -> None:
    """Everything that must be there before a grade is wanted, then the wanting."""
    org_id = platform.add_organisation(name=ORGANISATION)["id"]
    with base.tenant(org_id):
        version = programme.import_pack(org_id=org_id, path=pack_folder(DEFAULT_PACK), actor="operator").id
        module_version = programme.module_version_id(version, MODULE)
    ids = registrations(org_id, plan.issuers)
    for issuer, (registration, deployment) in zip(plan.issuers, ids, strict=True):
        with base.tenant(org_id):
            people = course_of(plan, issuer, registration, deployment, version, module_version)
        with base.tenant(org_id), base.transactional() as session:
            for course, person in people:
                delivery.want(session, org_id=org_id, course_id=course, person_id=person, items={f"module:{MODULE}"})


def course_of(plan: Plan, issuer: str, registration: str, deployment: str, version: str, module_version: str) -> list[tuple[str, str]]:
    """One course with its columns and its people, who have all mastered the module. -> (course, person) of each"""
    org_id, course = base.current_tenant(), base.new_id()
    put(Course, [{"org_id": org_id, "id": course, "issuer": issuer, "scope": "client-0/1", "context_id": "c1", "title": "Course"}])
    place = {"org_id": org_id, "course_id": course, "registration_id": registration, "deployment_id": deployment}
    place |= {"item": f"module:{MODULE}", "grading": "points", "ags_scopes": [SCORE_SCOPE]}
    columns = [
        place | {"id": base.new_id(), "resource_link_id": f"r{n}", "lineitem_url": line_item(issuer, n)} for n in range(plan.columns)
    ]
    put(Placement, columns)
    people = [(base.new_id(), base.new_id(), number) for number in range(plan.people)]
    own = {"org_id": org_id}
    put(Person, [own | {"id": person, "name": f"Person {number}"} for person, _, number in people])
    known = own | {"issuer": issuer, "registration_id": registration}
    put(Identity, [known | {"id": base.new_id(), "sub": user(number), "person_id": person} for person, _, number in people])
    put(
        Membership,
        [own | {"id": base.new_id(), "course_id": course, "person_id": person, "standing": "learner"} for person, _, _ in people],
    )
    begun = own | {"course_id": course, "programme_version_id": version}
    put(Candidacy, [begun | {"id": candidacy, "person_id": person} for person, candidacy, _ in people])
    tried = own | {"module_version_id": module_version, "module_key": MODULE, "number": 1, "seed": "bench", "item_keys": []}
    tried |= {"state": "finished", "mastered": True, "finished_at": base.now()}
    put(
        CheckAttempt,
        [
            tried | {"id": base.new_id(), "candidacy_id": candidacy, "result": {"outcomes": [{"points": points(number), "of": 100}]}}
            for _, candidacy, number in people
        ],
    )
    return [(course, person) for person, _, _ in people]


def retry() -> int:
    """Everything that is stuck, once more. -> how much that was"""
    org_id = platform.organisation_id(ORGANISATION)
    with base.tenant(org_id):
        stuck = list(base.session().scalars(select(ScorePublication.id).where(ScorePublication.state.in_(STUCK))))
    sent = 0
    for one in stuck:
        with suppress(NotFound):  # it has gone out by itself meanwhile
            delivery.retry_by_operator(org_id=org_id, publication_id=one)
            sent += 1
    return sent


def ask_roster(issuer: str) -> None:
    """As a coordinator may, once an activity's launch has said where the roster is."""
    with base.tenant(platform.organisation_id(ORGANISATION)), base.transactional() as session:
        course = session.scalars(select(Course.id).where(Course.issuer == issuer)).one()
        session.execute(update(Placement).where(Placement.course_id == course).values(memberships_url=f"{issuer}/memberships"))
        row = session.scalar(select(RosterSync).where(RosterSync.course_id == course)) or roster.new_sync(session, course, base.now())
        assert row is not None
        roster.begin_anew(row)
        row.state, row.next_at = "waiting", base.now()


def main(words: list[str]) -> None:
    """As the command line says."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    app = wiring.create_app(settings.load(os.environ))
    app.extensions["after_commit"] = lambda lanes: None
    with app.app_context():
        if words[0] == "crowd":
            crowd(int(words[1]))
        elif words[0] == "deliveries":
            deliveries(Plan(**json.loads(Path(words[1]).read_text())))
        elif words[0] == "roster":
            ask_roster(words[1])
        else:
            print(retry())


if __name__ == "__main__":
    main(sys.argv[1:])
