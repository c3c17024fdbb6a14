# SPDX-License-Identifier: Apache-2.0
"""What PostgreSQL is asked for, and what it is spared: transactions around reads, a plan at each call, a question before each request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from lti_mentoring import app as wiring
from lti_mentoring.settings import Settings
from lti_mentoring.store import base
from lti_mentoring.store import engine as engine_room
from support.closing import let_go


@pytest.fixture
def over_postgres(make_settings: Callable[..., Settings], fresh_postgres_url: str, tmp_path: Path) -> Iterator[Flask]:
    made = wiring.create_app(make_settings(database_url=fresh_postgres_url, queue_url=f"sqlite:///{tmp_path / 'queue.sqlite3'}"))
    with made.app_context():
        yield made
        let_go()


def ask(question: str) -> object:
    """Of this request's own connection."""
    return base.session().scalar(text(question))


def seen_from_outside(url: str, pid: object) -> str:
    watcher = create_engine(url)
    with watcher.connect() as connection:
        state = connection.scalar(text("SELECT state FROM pg_stat_activity WHERE pid = :pid"), {"pid": pid})
    watcher.dispose()
    return str(state)


def end(url: str, pid: object) -> None:
    """As a restart of the server would."""
    watcher = create_engine(url)
    with watcher.connect() as connection:
        assert connection.scalar(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    watcher.dispose()


def test_a_read_leaves_no_transaction_open_and_a_write_is_one(over_postgres: Flask, fresh_postgres_url: str) -> None:
    assert seen_from_outside(fresh_postgres_url, ask("SELECT pg_backend_pid()")) == "idle"
    with base.transactional() as session:
        pid = session.scalar(text("SELECT pg_backend_pid()"))
        assert seen_from_outside(fresh_postgres_url, pid) == "idle in transaction"
    assert seen_from_outside(fresh_postgres_url, ask("SELECT pg_backend_pid()")) == "idle"


def test_a_prepared_statement_is_planned_once(over_postgres: Flask) -> None:
    assert ask("SHOW plan_cache_mode") == "force_generic_plan"


def test_only_what_may_be_lost_with_the_next_commit_does_not_wait_for_the_disk(over_postgres: Flask) -> None:
    durable = ask("SHOW synchronous_commit")
    with base.transactional(durable=False) as session:
        assert session.scalar(text("SHOW synchronous_commit")) == "off"
    with base.transactional() as session:
        assert session.scalar(text("SHOW synchronous_commit")) == durable


def test_a_connection_that_died_while_it_rested_is_replaced_before_anybody_uses_it(
    over_postgres: Flask, fresh_postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_room, "RESTED_SECONDS", 0.0)
    pid = ask("SELECT pg_backend_pid()")
    base.db.session.remove()
    end(fresh_postgres_url, pid)
    assert ask("SELECT 1") == 1


def test_one_that_died_a_moment_ago_fails_one_request_and_no_more(over_postgres: Flask, fresh_postgres_url: str) -> None:
    with base.db.engine.connect() as other:
        old = other.scalar(text("SELECT pg_backend_pid()"))
        pid = ask("SELECT pg_backend_pid()")
    base.db.session.remove()
    for one in (old, pid):
        end(fresh_postgres_url, one)
    with pytest.raises(OperationalError):
        ask("SELECT 1")
    base.db.session.remove()
    assert ask("SELECT 1") == 1, "the pool has thrown the other one away as well"
