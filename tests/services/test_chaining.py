# SPDX-License-Identifier: Apache-2.0
"""The record's chain in both databases: made once, never in two, and broken by one changed byte of any column."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.exc import DBAPIError

from conftest import World, make_world
from lti_mentoring.services import chaining
from lti_mentoring.services.privacy import record
from lti_mentoring.store import base
from lti_mentoring.store.base import FenceBroken
from lti_mentoring.store.privacy import AuditEvent

TABLE = base.table(AuditEvent)


@contextmanager
def unguarded() -> Iterator[None]:
    """As somebody with the database's own password: the trigger is out of the way."""
    with base.transactional() as session:
        named = " ON audit_event" if session.get_bind().dialect.name == "postgresql" else ""
        session.execute(text(f"DROP TRIGGER audit_event_stays{named}"))
    yield


def noted(count: int) -> None:
    """So many lines."""
    with base.transactional() as session:
        for number in range(count):
            record(session, actor="operator", verb="made", object_kind="pair", object_id=f"pair-{number}", reason="why", number=number)


@pytest.fixture
def kept(any_app: Flask) -> World:
    """An organisation with a chained record of nine lines or more, and nothing waiting."""
    world = make_world("Northfield")
    with base.tenant(world.org_id):
        noted(9)
    chaining.sweep()
    return world


def found(world: World) -> chaining.Verified:
    (one,) = chaining.verify(name="Northfield")
    return one


def test_the_worker_chains_what_was_committed_and_says_what_is_not_yet(kept: World) -> None:
    first = found(kept)
    assert first.broken is None
    assert first.verified >= 9
    assert first.waiting == 0
    with base.tenant(kept.org_id):
        noted(2)
    assert (found(kept).verified, found(kept).waiting) == (first.verified, 2)
    assert chaining.sweep() == 2
    assert chaining.sweep() == 0
    assert (found(kept).verified, found(kept).waiting, found(kept).broken) == (first.verified + 2, 0, None)


def test_a_batch_is_bounded_and_the_next_goes_on(kept: World) -> None:
    before = found(kept).verified
    with base.tenant(kept.org_id):
        noted(5)
    assert [chaining.link_batch(org_id=kept.org_id, most=2) for _ in range(4)] == [2, 2, 1, 0]
    assert (found(kept).verified, found(kept).broken) == (before + 5, None)


def test_organisations_have_chains_of_their_own(kept: World) -> None:
    south = make_world("Southgate")
    with base.tenant(south.org_id):
        noted(3)
    chaining.sweep()
    assert {one.organisation: (one.broken, one.waiting) for one in chaining.verify()} == {"Northfield": (None, 0), "Southgate": (None, 0)}


def test_two_workers_at_once_make_one_chain(kept: World, any_app: Flask) -> None:
    before = found(kept).verified
    with base.tenant(kept.org_id):
        noted(60)
    begin, done = threading.Barrier(4), []

    def work() -> None:
        with any_app.app_context():
            begin.wait()
            for _ in range(40):
                try:
                    done.append(chaining.link_batch(org_id=kept.org_id, most=7))
                except DBAPIError:  # two were in each other's way; the sweep comes again
                    done.append(0)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    base.session().rollback()
    assert sum(done) == 60
    assert (found(kept).verified, found(kept).waiting, found(kept).broken) == (before + 60, 0, None)


def other(value: object) -> object:
    """The same with one byte changed."""
    if isinstance(value, str):
        return value[:-1] + chr(ord(value[-1]) ^ 1)
    if isinstance(value, dict):
        return {key: one + 1 for key, one in value.items()}
    if isinstance(value, datetime):
        return value + timedelta(microseconds=1)
    assert isinstance(value, int)
    return value + 1


@pytest.mark.parametrize("name", sorted(set(TABLE.c.keys()) - {"org_id"}))
def test_one_changed_byte_of_any_column_shows(kept: World, name: str) -> None:
    # org_id is no choice of a forger's: a line that goes to another organisation leaves a gap, as a deleted one does.
    with base.tenant(kept.org_id):
        last = found(kept).verified
        place = last - 1 if name != "position" else last
        with unguarded(), base.transactional() as session:
            here = (TABLE.c.org_id == kept.org_id, TABLE.c.position == place)
            old = session.connection().execute(select(TABLE.c[name]).where(*here)).scalar_one()
            session.connection().execute(update(TABLE).where(*here).values({name: other(old)}))
    broken = found(kept).broken
    assert broken is not None
    assert broken.position == place
    assert broken.why == {"position": "missing", "prev_hash": "unlinked"}.get(name, "changed")
    assert found(kept).verified == place - 1


def test_a_deleted_line_shows(kept: World) -> None:
    with base.tenant(kept.org_id), base.transactional() as session:
        session.connection().execute(delete(TABLE).where(TABLE.c.org_id == kept.org_id, TABLE.c.position == 4))
    broken = found(kept).broken
    assert broken is not None
    assert (broken.position, broken.why) == (4, "missing")


def test_the_database_refuses_to_change_what_is_chained(kept: World) -> None:
    with base.tenant(kept.org_id):
        before = base.session().scalar(select(func.count()).select_from(AuditEvent).where(AuditEvent.reason == "other"))
        with pytest.raises(DBAPIError, match="never changes"), base.transactional() as session:
            session.connection().execute(update(TABLE).where(TABLE.c.org_id == kept.org_id).values(reason="other"))
        assert base.session().scalar(select(func.count()).select_from(AuditEvent).where(AuditEvent.reason == "other")) == before == 0


def test_no_verb_changes_or_takes_away_a_line(kept: World) -> None:
    with base.tenant(kept.org_id):
        with pytest.raises(FenceBroken), base.transactional() as session:
            session.scalars(select(AuditEvent).limit(1)).one().reason = "other"
        with pytest.raises(FenceBroken), base.transactional() as session:
            session.delete(session.scalars(select(AuditEvent).limit(1)).one())
