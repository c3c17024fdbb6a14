# SPDX-License-Identifier: Apache-2.0
"""Whatever rosters say, in whatever order: they take no role that a launch gave, no name and nobody away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from conftest import World, make_world
from lti_mentoring.lti.memberships import Member
from lti_mentoring.services import enrolment
from lti_mentoring.services.enrolment import Place
from lti_mentoring.store import base
from lti_mentoring.store.people import Course, Identity, Membership, Person

SUBS = ("came", "teaches", "new", "other")
"""The first two have launched before any roster was read, as a learner and as an instructor."""

ROLE = "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"
MEMBERS = st.builds(
    Member,
    sub=st.sampled_from(SUBS),
    roles=st.just((ROLE,)),
    status=st.sampled_from(("active", "inactive", "deleted")),
    name=st.none() | st.sampled_from(("Ada", "Bea")),
    email=st.none() | st.just("ada@lms.example"),
    standing=st.sampled_from(("instructor", "grader", "learner", "none")),
    test_user=st.booleans(),
)
RUNS = st.lists(st.tuples(st.lists(st.lists(MEMBERS, max_size=5), min_size=1, max_size=3), st.booleans()), max_size=6)
"""Runs: the pages of each, and whether it is a full one that comes to its end."""


@dataclass(frozen=True)
class Row:
    """What is held of somebody."""

    name: str | None
    email: str | None
    standing: str
    status: str
    left: bool
    test_user: bool


class Room:
    """A course at an LMS of its own, so that no example meets another's people."""

    def __init__(self, world: World) -> None:
        self.world, self.course, self.issuer = world, base.new_id(), f"https://{base.new_id()}.example"
        self.begun = base.now()
        with base.transactional() as session:
            session.add(Course(id=self.course, issuer=self.issuer, context_id="c", title="Course"))
        self.launched("came", "Cam", "learner")
        self.launched("teaches", "Tea", "instructor")

    def launched(self, sub: str, name: str, standing: str) -> None:
        """Somebody who came before a roster said so."""
        person, registration = base.new_id(), self.world.registration_id
        with base.transactional() as session:
            session.add(Person(id=person, name=name))
            session.flush()
            session.add(Identity(issuer=self.issuer, sub=sub, person_id=person, registration_id=registration))
            session.add(Membership(course_id=self.course, person_id=person, standing=standing, launched_at=self.begun - timedelta(days=1)))

    def read(self, pages: list[list[Member]], run: int, *, complete: bool) -> None:
        """One run."""
        place = Place(self.world.org_id, self.course, self.issuer, self.world.registration_id, run)
        for page in pages:
            with base.transactional() as session:
                enrolment.write(session.connection(), place, page, base.now())
        if complete:
            with base.transactional() as session:
                enrolment.leave(session.connection(), place, begun_at=self.begun, now=base.now())

    def held(self) -> dict[str, Row]:
        """Everybody."""
        query = (
            select(Identity, Person, Membership)
            .join(Person, Person.id == Identity.person_id)
            .join(Membership, Membership.person_id == Person.id)
            .where(Membership.course_id == self.course)
        )
        rows = base.session().execute(query).all()
        found = {i.sub: Row(p.name, p.email, m.standing, m.status, m.left_at is not None, i.test_user) for i, p, m in rows}
        assert len(found) == len(rows)
        return found

    def count(self) -> int:
        """Persons and identities of this LMS, in the course or not."""
        return base.session().scalar(select(func.count()).select_from(Identity).where(Identity.issuer == self.issuer)) or 0


@pytest.fixture
def two_databases(any_app: Flask) -> Iterator[World]:
    """An organisation on each database."""
    made = make_world("Northfield")
    with base.tenant(made.org_id):
        yield made


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(runs=RUNS)
def test_no_roster_lowers_a_launch_erases_a_name_or_loses_anybody(two_databases: World, runs: Any) -> None:
    room = Room(two_databases)
    before, people = room.held(), room.count()
    for number, (pages, complete) in enumerate(runs, 1):
        room.read(pages, number, complete=complete)
        base.session().rollback()
        after = room.held()
        assert after["came"].standing == "learner"
        assert after["teaches"].standing == "instructor"
        assert before.keys() <= after.keys()
        assert room.count() >= people
        for sub, row in before.items():
            assert after[sub].name or not row.name
            assert after[sub].email or not row.email
            assert after[sub].test_user or not row.test_user
        last = {one.sub: one.status for page in pages for one in page}
        for sub, row in after.items():
            assert row.left == (row.status == "left")
            if sub in last:
                assert row.status == {"deleted": "left"}.get(last[sub], last[sub])
            elif complete:
                assert row.status == "left"
            else:
                assert row.status == before[sub].status
        before, people = after, room.count()


def test_NR_09_whoever_launched_since_the_run_began_stays(two_databases: World) -> None:
    room = Room(two_databases)
    with base.transactional() as session:
        for row in session.scalars(select(Membership).where(Membership.course_id == room.course, Membership.standing == "learner")):
            row.launched_at = room.begun + timedelta(seconds=1)
    room.read([[]], 1, complete=True)
    assert room.held()["came"].status == "active"
    assert room.held()["teaches"].status == "left"
