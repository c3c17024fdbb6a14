# SPDX-License-Identifier: Apache-2.0
"""The fence between organisations, and the one place that commits."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from conftest import World, make_world
from lti_mentoring import app as wiring
from lti_mentoring.services import lane
from lti_mentoring.settings import Settings
from lti_mentoring.store import base
from lti_mentoring.store.base import FenceBroken
from lti_mentoring.store.people import Course, Membership, Person
from lti_mentoring.store.programme import ProgrammeVersion
from support.closing import let_go


@pytest.fixture
def two(any_app: Flask) -> tuple[World, World]:
    """Two organisations, none of them in scope."""
    return make_world("Northfield"), make_world("Southgate")


def test_reads_and_writes_without_an_organisation_in_scope_are_refused(two: tuple[World, World]) -> None:
    for statement in (select(Person), select(Person.name), update(Person).values(name="x"), delete(Person)):
        with pytest.raises(FenceBroken):
            base.session().execute(statement)
    with pytest.raises(FenceBroken):
        base.session().execute(insert(Person.__table__), {"org_id": two[0].org_id, "id": base.new_id()})
    with pytest.raises(FenceBroken):
        base.session().connection().exec_driver_sql("SELECT name FROM person")


def test_orm_reads_see_one_organisation_only(two: tuple[World, World]) -> None:
    north, south = two
    for world in two:
        with base.tenant(world.org_id):
            world.person(f"Somebody of {world.org_id}")
    with base.tenant(north.org_id):
        assert {row.org_id for row in base.session().scalars(select(Person))} == {north.org_id}
        assert base.session().scalars(select(Course).where(Course.id == south.course_id)).first() is None
    with base.across_organisations("a test"):
        assert {row.org_id for row in base.session().scalars(select(Person))} == {north.org_id, south.org_id}


def test_orm_updates_and_deletes_touch_one_organisation_only(two: tuple[World, World]) -> None:
    north, south = two
    for world in two:
        with base.tenant(world.org_id):
            world.person("Ada")
    with base.tenant(north.org_id), base.transactional() as session:
        session.execute(update(Person).values(name="Changed"))
        session.execute(delete(Membership))
    with base.tenant(south.org_id):
        assert base.session().scalars(select(Person.name)).all() == ["Ada"]
        assert len(base.session().scalars(select(Membership)).all()) == 1


def test_a_row_of_another_organisation_cannot_be_written(two: tuple[World, World]) -> None:
    north, south = two
    with base.tenant(north.org_id), pytest.raises(FenceBroken), base.transactional() as session:
        session.add(Person(org_id=south.org_id, name="Stray"))


def test_a_foreign_key_cannot_cross_organisations(two: tuple[World, World]) -> None:
    north, south = two
    with base.tenant(south.org_id):
        stranger = south.person("Stranger").person_id
    with base.tenant(north.org_id), pytest.raises(IntegrityError), base.transactional() as session:
        session.add(Membership(course_id=north.course_id, person_id=stranger))


def test_scopes_of_two_organisations_do_not_nest(two: tuple[World, World]) -> None:
    with base.tenant(two[0].org_id), pytest.raises(FenceBroken), base.tenant(two[1].org_id):
        pass


def test_a_transaction_never_nests(any_app: Flask) -> None:
    with base.transactional(), pytest.raises(RuntimeError), base.transactional():
        pass


def half_written(world: World) -> None:
    """A verb that fails after its first row."""
    with base.transactional() as session:
        session.add(Person(name="Half"))
        session.flush()
        raise ZeroDivisionError(world.org_id)


def woken_in_vain() -> None:
    """A verb that asks for a wake-up and fails."""
    with base.transactional():
        base.wake_after_commit("two")
        raise ZeroDivisionError


def test_what_fails_leaves_nothing_behind(two: tuple[World, World]) -> None:
    world = two[0]
    with base.tenant(world.org_id):
        with pytest.raises(ZeroDivisionError):
            half_written(world)
        assert base.session().scalars(select(Person)).all() == []


def test_lanes_are_woken_after_the_commit_and_not_after_a_failure(any_app: Flask) -> None:
    woken: list[str] = []
    any_app.extensions["after_commit"] = woken.extend
    with base.transactional():
        base.wake_after_commit("one")
        assert woken == []
    assert woken == ["one"]
    with pytest.raises(ZeroDivisionError):
        woken_in_vain()
    with base.transactional():
        pass
    assert woken == ["one"]


def test_a_published_version_never_changes(two: tuple[World, World]) -> None:
    with base.tenant(two[0].org_id):
        with pytest.raises(FenceBroken), base.transactional() as session:
            session.scalars(select(ProgrammeVersion)).one().edition = "another"
        with pytest.raises(FenceBroken), base.transactional() as session:
            session.delete(session.scalars(select(ProgrammeVersion)).one())
        for statement in (update(ProgrammeVersion).values(edition="another"), delete(ProgrammeVersion)):
            with pytest.raises(FenceBroken), base.transactional() as session:
                session.execute(statement)
        table = ProgrammeVersion.__table__
        for statement in (update(table).values(edition="another"), delete(table)):
            with pytest.raises(FenceBroken), base.transactional() as session:
                session.execute(statement.where(table.c.org_id == two[0].org_id))
    with base.across_organisations("a test"), pytest.raises(FenceBroken), base.transactional() as session:
        session.execute(update(ProgrammeVersion).values(edition="another"))


def test_no_update_is_lost_between_threads(two: tuple[World, World], any_app: Flask) -> None:
    world = two[0]
    with base.tenant(world.org_id):
        person_id = world.person("0").person_id

    def count(times: int) -> None:
        with any_app.app_context(), base.tenant(world.org_id):
            for _ in range(times):
                with base.transactional() as session:
                    row = session.scalars(select(Person).where(Person.id == person_id).with_for_update()).one()
                    row.name = str(int(row.name or 0) + 1)

    threads = [threading.Thread(target=count, args=(25,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with base.tenant(world.org_id):
        assert base.session().scalar(select(Person.name).where(Person.id == person_id)) == "100"


def test_times_are_aware_and_in_utc(two: tuple[World, World]) -> None:
    world = two[0]
    with base.tenant(world.org_id):
        person_id = world.person("Ada").person_id
        at = base.session().scalar(select(Person.created_at).where(Person.id == person_id))
        assert at is not None
        assert at.tzinfo is UTC
        with pytest.raises(Exception, match="without a zone"), base.transactional() as session:
            session.execute(update(Person).values(created_at=datetime(2026, 1, 1)))  # noqa: DTZ001


def test_postgresql_and_we_notice_within_seconds_that_the_other_is_gone(
    make_settings: Callable[..., Settings], fresh_postgres_url: str, tmp_path: Path
) -> None:
    said = f"{fresh_postgres_url}?connect_timeout=9&tcp_user_timeout=1234"
    for url, connect, user in ((fresh_postgres_url, "5", "10000"), (said, "9", "1234")):
        made = wiring.create_app(make_settings(database_url=url, queue_url=f"sqlite:///{tmp_path / 'queue.sqlite3'}"))
        with made.app_context():
            session = base.session()
            ours = session.connection().connection.dbapi_connection.info.get_parameters()
            assert (ours["connect_timeout"], ours["tcp_user_timeout"], ours["keepalives_idle"]) == (connect, user, "10")
            theirs = {name: session.scalar(text(f"SHOW {name}")) for name in ("idle_in_transaction_session_timeout", "tcp_user_timeout")}
            assert theirs == {"idle_in_transaction_session_timeout": "1min", "tcp_user_timeout": "10000"}
            let_go()


def test_a_host_that_is_gone_in_the_middle_of_a_transaction_does_not_keep_its_locks(
    make_settings: Callable[..., Settings], fresh_postgres_url: str, tmp_path: Path
) -> None:
    """A host that hangs is no different for the server from one that is gone: it says nothing any more."""
    impatient = f"{fresh_postgres_url}?options=-c%20idle_in_transaction_session_timeout%3D1s"
    made = wiring.create_app(make_settings(database_url=impatient, queue_url=f"sqlite:///{tmp_path / 'queue.sqlite3'}"))
    with made.app_context():
        wiring.migrate_database()
        with base.transactional() as session:
            lane.ensure(session, {("one", "https://lms.example", "lms.example")})
        with base.db.engine.connect() as gone:
            gone.execute(text("SELECT key FROM delivery_lane FOR UPDATE"))
            with base.transactional() as session:
                lane.lock(session, "one")
            with pytest.raises(DBAPIError) as ended:
                gone.execute(text("SELECT 1"))
            assert ended.value.connection_invalidated  # and the pool forgets it
        let_go()
