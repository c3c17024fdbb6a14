# SPDX-License-Identifier: Apache-2.0
"""What every test can ask for: an app on a database of its own, an organisation with the default programme, people in a course."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import HealthCheck
from hypothesis import settings as settings_of_hypothesis
from sqlalchemy import insert, select

from lti_mentoring import app as wiring
from lti_mentoring import keys, settings
from lti_mentoring.domain.people import Actor
from lti_mentoring.services import candidacy, platform, programme, roles
from lti_mentoring.store import base
from lti_mentoring.store.people import Course, Identity, Membership, Person, Placement, RoleGrant
from lti_mentoring.store.platform import Deployment, Registration
from lti_mentoring.store.reporting_line import LineAttestation
from lti_mentoring.store.training import CheckAttempt
from support import addresses, published
from support.closing import let_go
from support.databases import fresh_postgres_url, migrated_postgres, migrated_postgres_url, postgres, postgres_url, redis_url  # noqa: F401
from support.live import Town, town

# A machine that does many things at once takes longer to think of examples, and to run one: neither is a fault of the product.
settings_of_hypothesis.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings_of_hypothesis.load_profile("patient")

addresses.share()

ROOT = Path(__file__).parent.parent
PACK = ROOT / "tests" / "support" / "packs" / "one-module"


@pytest.fixture(scope="session")
def secrets() -> dict[str, str]:
    """The operator's secrets of this run."""
    return keys.new_secrets()


@pytest.fixture(scope="session")
def make_settings(secrets: dict[str, str]) -> Callable[..., settings.Settings]:
    """Settings for a test; ``LTI_MENTORING_*`` names without the prefix, in small letters."""

    def make(**changes: str) -> settings.Settings:
        environ = dict(secrets) | {f"LTI_MENTORING_{name.upper()}": value for name, value in changes.items()}
        return settings.load(environ)

    return make


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory, make_settings: Callable[..., settings.Settings]) -> Path:
    """A migrated SQLite file to copy from."""
    path = tmp_path_factory.mktemp("database") / "empty.sqlite3"
    app = wiring.create_app(make_settings(database_url=f"sqlite:///{path}", sqlite_synchronous="NORMAL"))
    with app.app_context():
        wiring.migrate_database()
        let_go()
    return path


@pytest.fixture
def database_url(empty_database: Path, tmp_path: Path) -> str:
    """A migrated database of this test's own."""
    path = tmp_path / "tool.sqlite3"
    shutil.copy(empty_database, path)
    return f"sqlite:///{path}"


@pytest.fixture
def bare_app(database_url: str, make_settings: Callable[..., settings.Settings]) -> Iterator[Flask]:
    """The app, without a context: for tests that push their own or that serve it."""
    made = wiring.create_app(
        make_settings(
            database_url=database_url, sqlite_synchronous="NORMAL", allow_local_platforms="true", public_url="http://localhost:8000"
        )
    )
    yield made
    with made.app_context():
        let_go()


@pytest.fixture
def app(bare_app: Flask) -> Iterator[Flask]:
    """The app, in an app context."""
    with bare_app.app_context():
        yield bare_app


@pytest.fixture(params=["sqlite", "postgresql"])
def any_app(
    request: pytest.FixtureRequest, make_settings: Callable[..., settings.Settings], tmp_path: Path, empty_database: Path
) -> Iterator[Flask]:
    """The app in an app context, once on each database."""
    if request.param == "sqlite":
        path = tmp_path / "tool.sqlite3"
        shutil.copy(empty_database, path)
        url = f"sqlite:///{path}"
    else:
        url = request.getfixturevalue("migrated_postgres_url")
    made = wiring.create_app(
        make_settings(database_url=url, queue_url=f"sqlite:///{tmp_path / 'queue.sqlite3'}", sqlite_synchronous="NORMAL")
    )
    with made.app_context():
        yield made
        let_go()


@pytest.fixture(scope="session")
def running_town(
    make_settings: Callable[..., settings.Settings], empty_database: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Town]:
    """The tool and the pocket LMS, running; shared by the tests of a process."""
    with town(make_settings, empty_database, tmp_path_factory.mktemp("town")) as made:
        yield made


@pytest.fixture
def live(running_town: Town) -> Town:
    """The running town, with a pocket LMS that remembers nothing and no LMS at rest."""
    running_town.resume()
    for site in running_town.organisations:
        running_town.lms(site).call("reset", {})
    return running_town


@dataclass
class World:
    """An organisation with one LMS and one course, and a way to put people there."""

    org_id: str
    registration_id: str
    deployment_id: str
    course_id: str
    people: dict[str, str] = field(default_factory=dict)

    def person(
        self,
        name: str,
        *granted: str,
        standing: str = "learner",
        test_user: bool = False,
        nameless: bool = False,
        course_id: str | None = None,
        told: bool = True,
    ) -> Actor:
        """Somebody who has launched in the course; a learner has a candidacy. -> the person as they act now. ``nameless``: the LMS
        sends no name, and ``name`` is only what this test calls them. ``told``: that nobody manages them."""
        course = course_id or self.course_id
        person_id = base.new_id()
        with base.transactional() as session:
            session.add(Person(id=person_id, name=None if nameless else name))
            session.flush()
            session.add(
                Identity(
                    issuer=f"https://lms.example/{self.org_id}",
                    sub=f"sub-{person_id}",
                    person_id=person_id,
                    registration_id=self.registration_id,
                    test_user=test_user,
                )
            )
            session.add(Membership(course_id=course, person_id=person_id, standing=standing))
            session.flush()
            for role in granted:
                session.add(RoleGrant(person_id=person_id, course_id=course, role=role, granted_by="operator"))
            session.flush()
            if told:
                session.add(LineAttestation(person_id=person_id))
            if standing == "learner":
                candidacy.begin(session, org_id=self.org_id, person_id=person_id, course_id=course)
        self.people[name] = person_id
        return self.actor(name, course_id=course)

    def actor(self, name: str, course_id: str | None = None) -> Actor:
        """The person with the roles of this moment, whoever changed them: what this test has read so far is forgotten."""
        base.session().rollback()
        base.session().expire_all()
        return roles.here(
            org_id=self.org_id, person_id=self.people[name], course_id=course_id or self.course_id, registration_id=self.registration_id
        ).actor

    def placement(
        self,
        item: str = "programme",
        *,
        lineitem: str | None = "https://lms.example/li/1?type_id=1",
        grading: str = "completion",
        reads: bool = False,
    ) -> str:
        """An activity on the course page; ``reads``: the LMS lets us read its results. -> its id."""
        made, scope = base.new_id(), "https://purl.imsglobal.org/spec/lti-ags/scope/"
        with base.transactional() as session:
            session.execute(
                insert(Placement),
                {
                    "org_id": self.org_id,
                    "id": made,
                    "course_id": self.course_id,
                    "registration_id": self.registration_id,
                    "deployment_id": self.deployment_id,
                    "resource_link_id": f"link-{made}",
                    "item": item,
                    "grading": grading,
                    "lineitem_url": lineitem,
                    "ags_scopes": [f"{scope}score", *([f"{scope}result.readonly"] if reads else [])],
                },
            )
        return made

    def candidacy_id(self, name: str) -> str:
        """The candidacy of a person."""
        found = base.session().scalar(select(candidacy.Candidacy.id).where(candidacy.Candidacy.person_id == self.people[name]))
        assert found is not None
        return found


    def mastered(self, name: str, key: str = "M1") -> None:
        """Somebody has mastered the check of a module."""
        with base.transactional() as session:
            held = session.scalars(select(candidacy.Candidacy).where(candidacy.Candidacy.person_id == self.people[name])).one()
            session.add(
                CheckAttempt(
                    id=base.new_id(),
                    candidacy_id=held.id,
                    module_version_id=programme.module_version_id(held.programme_version_id, key),
                    module_key=key,
                    number=100,
                    seed="s",
                    item_keys=[],
                    state="finished",
                    finished_at=base.now(),
                    result={"outcomes": [{"outcome": "O1", "points": 9, "of": 10, "needed": 8, "missed": [], "mastered": True}]},
                    mastered=True,
                )
            )


def make_world(name: str) -> World:
    """An organisation with the default programme, a registered LMS and a course. Needs an app context, leaves no tenant in scope."""
    org_id = platform.add_organisation(name=name)["id"]
    registration_id, deployment_id, course_id = base.new_id(), base.new_id(), base.new_id()
    with base.transactional() as session:
        session.add(
            Registration(
                id=registration_id,
                org_id=org_id,
                name=f"LMS of {name}",
                issuer=f"https://lms.example/{org_id}",
                client_id="client",
                auth_url="https://lms.example/auth",
                token_url="https://lms.example/token",
                jwks_url="https://lms.example/jwks",
                frame_origins=["https://lms.example"],
            )
        )
        session.flush()
        session.add(Deployment(id=deployment_id, registration_id=registration_id, deployment_id="1", org_id=org_id))
    with base.tenant(org_id):
        published.publish(org_id, PACK)
        with base.transactional() as session:
            session.add(Course(id=course_id, issuer=f"https://lms.example/{org_id}", context_id="c:course-1", title=f"Course of {name}"))
    return World(org_id, registration_id, deployment_id, course_id)


@pytest.fixture
def world(app: Flask) -> Iterator[World]:
    """An organisation, in scope."""
    made = make_world("Northfield")
    with base.tenant(made.org_id):
        yield made
