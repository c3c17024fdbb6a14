# SPDX-License-Identifier: Apache-2.0
"""A rolling upgrade: the database goes ahead and loses nothing, and the release before this one works on beside it until it is replaced."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import JSON, Column, Connection, Inspector, MetaData, Table, inspect, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from lti_mentoring import app as wiring
from lti_mentoring.domain import releasing as holding
from lti_mentoring.domain.releasing import Submitted
from lti_mentoring.services import delivery, lane
from lti_mentoring.settings import Settings
from lti_mentoring.store import base, schema
from lti_mentoring.store.delivery import ScorePublication
from support.closing import let_go
from support.live import Town, town
from support.station import LIMITS, PACE, Station
from support.workers import wait_until

REVISIONS = [one.revision for one in reversed(list(ScriptDirectory(str(schema.MIGRATIONS)).walk_revisions()))]
LONG_AGO = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


# A filled database of each earlier revision --------------------------------------------------------------------------------------


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_app(request: pytest.FixtureRequest, tmp_path: Path, make_settings: Callable[..., Settings]) -> Iterator[Flask]:
    """The app on a database without a table."""
    here = request.param == "sqlite"
    url = f"sqlite:///{tmp_path / 'tool.sqlite3'}" if here else request.getfixturevalue("fresh_postgres_url")
    made = wiring.create_app(make_settings(database_url=url, queue_url=f"sqlite:///{tmp_path / 'queue.sqlite3'}"))
    with made.app_context():
        yield made
        let_go()


def to_revision(revision: str) -> None:
    schema.migrate(revision)


def reflected(connection: Connection) -> list[Table]:
    """Our tables as they are in the database, those that others refer to first."""
    held = MetaData()
    held.reflect(connection)
    return [table for table in held.sorted_tables if table.name != "alembic_version"]


def value(table: str, column: Column[Any]) -> Any:
    if isinstance(column.type, JSON):
        return {table: [column.name, 7, None]}
    kind = column.type.python_type
    if issubclass(kind, date):
        return LONG_AGO
    return f"{column.name} of {table}"[: getattr(column.type, "length", None)] if kind is str else kind(True)


def fill(connection: Connection) -> None:
    """A row in every table, with something in every column."""
    made: dict[str, dict[str, Any]] = {}
    for table in reflected(connection):
        row = {column.name: value(table.name, column) for column in table.columns}
        for key in table.foreign_keys:
            row[key.parent.name] = made[key.column.table.name][key.column.name]
        connection.execute(table.insert(), row)
        made[table.name] = row


def everything(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    return {table.name: [dict(row._mapping) for row in connection.execute(select(table))] for table in reflected(connection)}


@pytest.mark.parametrize("revision", REVISIONS[:-1])
def test_a_filled_database_of_every_earlier_revision_loses_nothing(empty_app: Flask, revision: str) -> None:
    to_revision(revision)
    with base.across_organisations("a test"), base.db.engine.begin() as connection:
        fill(connection)
        before = everything(connection)
    assert len(before) > 25
    assert all(len(rows) == 1 for rows in before.values())
    wiring.migrate_database()
    with base.across_organisations("a test"), base.db.engine.connect() as connection:
        after = everything(connection)
        if connection.dialect.name == "sqlite":
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
    for name, rows in before.items():
        assert [{column: row[column] for column in rows[0]} for row in after[name]] == rows, name


def test_what_was_released_before_has_its_one_rating_as_its_result(empty_app: Flask) -> None:
    to_revision("0018")
    with base.across_organisations("a test"), base.db.engine.begin() as connection:
        fill(connection)
        tables = {table.name: table for table in reflected(connection)}
        connection.execute(tables["observation"].update().values(state="released"))
        observer = connection.execute(select(tables["observation"].c.observer_id)).scalar_one()
        connection.execute(tables["assessment"].update().values(state="released", assessor_id=observer))
        connection.execute(tables["criterion_rating"].update().values(criterion="C1", level=3, not_observed=False, note_ids=["n"]))
    wiring.migrate_database()
    with base.across_organisations("a test"), base.db.engine.connect() as connection:
        after = everything(connection)
    (resolution,), (level,), (rating,), (observation,) = (
        after[name] for name in ("resolution", "resolved_level", "submitted_rating", "observation")
    )
    assert (resolution["id"], resolution["ratings"]) == (observation["resolution_id"], [rating["id"]])
    assert (level["criterion"], level["numerator"], level["denominator"], level["how"]) == ("C1", 3, 1, "single")
    said = holding.read(rating["said"])
    assert said["C1"].level == 3
    assert resolution["inputs_hash"] == holding.digest([Submitted("", "", "first", said)])


# Revisions only add --------------------------------------------------------------------------------------------------------------


def rules_of(found: Inspector, table: str) -> set[str]:
    """What a row of a table must keep to."""
    rules = {f"unique {sorted(one['column_names'])}" for one in found.get_unique_constraints(table)}
    rules |= {f"unique {sorted(map(str, one['column_names']))}" for one in found.get_indexes(table) if one["unique"]}
    rules |= {f"refers {one['constrained_columns']} to {one['referred_table']}" for one in found.get_foreign_keys(table)}
    return rules | {f"check {one['sqltext']}" for one in found.get_check_constraints(table)}


def shape(connection: Connection) -> dict[str, tuple[dict[str, Any], set[str]]]:
    found = inspect(connection)
    return {
        table: ({column["name"]: column for column in found.get_columns(table)}, rules_of(found, table))
        for table in found.get_table_names()
    }


@pytest.mark.parametrize(("earlier", "later"), list(pairwise(REVISIONS)))
def test_a_revision_only_adds_to_what_the_release_before_reads_and_writes(empty_app: Flask, earlier: str, later: str) -> None:
    shapes = []
    for revision in (earlier, later):
        to_revision(revision)
        with base.across_organisations("a test"), base.db.engine.connect() as connection:
            shapes.append(shape(connection))
    before, after = shapes
    for table, (columns, rules) in before.items():
        assert table in after, f"{table} is gone or has another name"
        now, rules_now = after[table]
        for name, column in columns.items():
            assert name in now, f"{table}.{name} is gone or has another name"
            assert str(now[name]["type"]) == str(column["type"]), f"{table}.{name} takes other values"
            assert now[name]["nullable"] or not column["nullable"], f"{table}.{name} must be filled now"
        left_empty = [name for name in set(now) - set(columns) if now[name]["nullable"] and now[name]["default"] is None]
        for name in set(now) - set(columns):
            free = now[name]["nullable"] or now[name]["default"] is not None
            assert free, f"{table}.{name} is new, and the release before does not fill it"
        # What is unique together with a column that the release before leaves empty never stands in its way.
        new = {one for one in rules_now - rules if not (one.startswith("unique") and any(repr(name) in one for name in left_empty))}
        assert not new, f"{table} has a rule that the release before does not know"


# Two releases over one database --------------------------------------------------------------------------------------------------

NEW = {"lane", "cell"}
BEFORE = Table(
    "score_publication",
    MetaData(),
    *(Column(one.name, one.type, default=one.default, primary_key=one.primary_key)
      for one in ScorePublication.__table__.columns if one.name not in NEW),
)  # fmt: skip
"""The outbox as the release before this one knows it: at revision 0001."""


@pytest.fixture(params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, make_settings: Callable[..., Settings], empty_database: Path, tmp_path: Path) -> Iterator[Town]:
    """A town, on each database."""
    where = {"queue_url": f"sqlite:///{tmp_path / 'queue.sqlite3'}"}
    if request.param == "postgresql":
        where["database_url"] = request.getfixturevalue("fresh_postgres_url")
    with town(make_settings, empty_database, tmp_path, **where) as made:
        yield made


def before_wants(station: Station, **row: Any) -> None:
    """What the release before writes when a score is wanted."""
    with station.inside(), base.transactional() as session:
        insert = postgresql.insert(BEFORE) if session.get_bind().dialect.name == "postgresql" else sqlite.insert(BEFORE)
        again = {"wanted": BEFORE.c.wanted + 1, "state": "waiting", "next_at": insert.excluded.next_at}
        key = ["org_id", "placement_id", "person_id"]
        session.execute(insert.on_conflict_do_update(index_elements=key, set_=again), {"org_id": station.org_id, **row})


def before_claims(connection: Any, seen: Any) -> bool:
    """How the release before takes a score: one update, on condition that it is as it was seen, and due."""
    now = base.now()
    due = or_(
        (BEFORE.c.state == "waiting") & (BEFORE.c.next_at <= now),
        (BEFORE.c.state == "sending") & (BEFORE.c.lease_until <= now),
    )
    taken = connection.execute(
        update(BEFORE)
        .where(BEFORE.c.id == seen.id, BEFORE.c.attempt == seen.attempt, due)
        .values(state="sending", attempt=seen.attempt + 1, lease_until=now + timedelta(seconds=60), tried_at=now)
    )
    return bool(taken.rowcount)


def wanted_before(town: Town) -> tuple[Station, Any]:
    """A finished module whose score the release before has put into the outbox. -> with the outbox's row"""
    station = Station(town, "north")
    station.launch("candidate", "module-m1")
    station.attempt(station.person_id("candidate"))
    made = station.row()
    assert made is not None
    with station.inside(), base.transactional() as session:
        session.execute(BEFORE.delete())
    before_wants(station, placement_id=made.placement_id, person_id=made.person_id, registration_id=made.registration_id)
    seen = station.row()
    assert seen is not None
    assert (seen.lane, seen.cell, seen.attempt) == ("", "", 0)
    return station, seen


def test_what_the_release_before_wants_is_given_its_lane_and_delivered(shared: Town) -> None:
    station, _ = wanted_before(shared)
    with shared.app.app_context():
        assert delivery.sweep() == [station.lane()]
    station.deliver()
    assert station.share() == 1
    delivered = station.row()
    assert delivered is not None
    assert (delivered.state, delivered.lane) == ("done", station.lane())


def test_what_the_release_before_wants_again_keeps_its_lane(shared: Town) -> None:
    station, row = wanted_before(shared)
    station.deliver()
    before_wants(station, placement_id=row.placement_id, person_id=row.person_id, registration_id=row.registration_id)
    again = station.row()
    assert again is not None
    assert (again.state, again.wanted, again.lane) == ("waiting", 2, station.lane())
    station.deliver()
    settled = station.row()
    assert settled is not None
    assert (settled.state, settled.settled) == ("done", 2)


def test_a_score_that_the_release_before_has_claimed_is_not_ours_until_its_lease_ends(shared: Town) -> None:
    station, seen = wanted_before(shared)
    with shared.app.app_context():
        delivery.sweep()
    with station.inside(), base.transactional() as session:
        assert before_claims(session, seen)
    assert station.claim() == []
    with station.inside(), base.transactional() as session:
        session.execute(update(BEFORE).values(lease_until=LONG_AGO))
    (job,) = station.claim()
    assert job.due.attempt == 2  # so that what the release before settles late finds nothing that is its own
    station.settle(job, station.send(job))
    assert station.share() == 1


def test_a_score_that_we_have_claimed_is_not_taken_by_the_release_before(shared: Town) -> None:
    station, seen = wanted_before(shared)
    with shared.app.app_context():
        delivery.sweep()
    (job,) = station.claim()
    now = station.row()
    for known in (seen, now):
        with station.inside(), base.transactional() as session:
            assert not before_claims(session, known)
    station.settle(job, station.send(job))
    assert station.share() == 1
    assert station.lms.state(log=False)["counts"]["scores"] == 1


@pytest.mark.parametrize("shared", ["postgresql"], indirect=True)
def test_of_two_claims_at_the_same_moment_one_wins_whichever_release_it_is_of(shared: Town) -> None:
    station, seen = wanted_before(shared)
    with shared.app.app_context():
        delivery.sweep()
        key, engine = station.lane(), base.db.engine
    taken: list[Any] = []

    def claim() -> None:
        with shared.app.app_context():
            taken.extend(lane.admit(key, most=1, pace=PACE, limits=LIMITS).due)

    def waits() -> bool:
        with engine.connect() as looking:
            return bool(looking.scalar(text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")))

    with shared.app.app_context(), base.across_organisations("a test"), engine.begin() as theirs:
        assert before_claims(theirs, seen)
        ours = threading.Thread(target=claim)
        ours.start()
        wait_until(waits, 20, lambda: "our claim does not wait for theirs")
    ours.join()
    assert taken == []


# Ready -------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("held", "broken"),
    [(REVISIONS[-1], []), ("9999", []), *((one, ["migrations"]) for one in REVISIONS[:-1]), (None, ["migrations"])],
)
def test_a_release_is_ready_on_its_own_revision_and_on_a_later_one_but_not_on_an_earlier_one(
    any_app: Flask, held: str | None, broken: list[str]
) -> None:
    with base.db.engine.begin() as connection:
        connection.execute(text("DELETE FROM alembic_version"))
        if held is not None:
            connection.execute(text("INSERT INTO alembic_version VALUES (:held)"), {"held": held})
    answer = any_app.test_client().get("/readyz")
    assert answer.status_code == (503 if broken else 200)
    assert answer.get_json().get("parts", []) == broken


def test_a_release_that_starts_again_over_a_later_ones_database_leaves_it_alone(any_app: Flask) -> None:
    with base.db.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert wiring.migrate_database() == "9999"
    assert any_app.test_client().get("/readyz").status_code == 200
