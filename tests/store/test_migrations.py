# SPDX-License-Identifier: Apache-2.0
"""The migrations lead to exactly the tables of the code, on both databases."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import inspect

from lti_mentoring import app as wiring
from lti_mentoring.settings import Settings
from lti_mentoring.store import base, schema
from support.closing import let_go


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_app(request: pytest.FixtureRequest, tmp_path, make_settings: Callable[..., Settings]) -> Iterator[Flask]:
    """The app on a database without a table."""
    here = request.param == "sqlite"
    url = f"sqlite:///{tmp_path / 'tool.sqlite3'}" if here else request.getfixturevalue("fresh_postgres_url")
    made = wiring.create_app(make_settings(database_url=url, queue_url=f"sqlite:///{tmp_path / 'queue.sqlite3'}"))
    with made.app_context():
        yield made
        let_go()


def differences() -> list[object]:
    """What Alembic would still change to make the database what the tables of the code say."""
    with base.across_organisations("migration"), base.db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_object": schema.ours})
        return list(compare_metadata(context, base.db.metadata))


def test_upgrade_from_empty_equals_the_tables_of_the_code(empty_app: Flask):
    wiring.migrate_database()
    assert differences() == []
    with base.across_organisations("migration"), base.db.engine.connect() as connection:
        assert set(base.db.metadata.tables) <= set(inspect(connection).get_table_names())


def test_upgrade_again_changes_nothing(empty_app: Flask):
    wiring.migrate_database()
    wiring.migrate_database()
    assert differences() == []


def test_there_is_one_history_without_branches():
    assert len(ScriptDirectory(str(schema.MIGRATIONS)).get_heads()) == 1


def test_hosts_that_start_together_on_an_empty_database_migrate_it_once(fresh_postgres_url: str, secrets: dict[str, str]):
    environ = os.environ | secrets | {"LTI_MENTORING_DATABASE_URL": fresh_postgres_url}
    asked = [sys.executable, "-m", "lti_mentoring", "db", "upgrade"]
    hosts = [subprocess.Popen(asked, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    said = [host.communicate(timeout=120)[1] for host in hosts]
    assert [host.returncode for host in hosts] == [0, 0, 0], said
