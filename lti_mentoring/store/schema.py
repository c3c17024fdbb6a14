# SPDX-License-Identifier: Apache-2.0
"""The tables' history: what the database is at, and how it comes to what this release needs."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import structlog
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app
from flask_migrate import Migrate, upgrade

from lti_mentoring.store import base

MIGRATIONS = Path(__file__).parent / "migrations"

log = structlog.get_logger()


def migrate(revision: str = "head") -> str | None:
    """Bring the database of the current app to this revision. -> the one that it is at.

    A later release's is left alone: a host of this one that starts again while hosts are upgraded has nothing to migrate.
    """
    with base.db.engine.connect() as connection:
        held = MigrationContext.configure(connection).get_current_revision()
    if held is not None and held not in _known():
        log.warning("database_ahead", revision=held, why="a later release has migrated it")
        return held
    Migrate(current_app, base.db, render_as_batch=True, include_object=ours)
    upgrade(directory=str(MIGRATIONS), revision=revision)
    return newest_revision() if revision == "head" else revision


def ours(thing: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
    """Keep the queue's tables out of Alembic's view."""
    return not (kind == "table" and reflected and compare_to is None)


@functools.cache
def newest_revision() -> str | None:
    """The revision that this release's tables are at."""
    return ScriptDirectory(str(MIGRATIONS)).get_current_head()


@functools.cache
def _known() -> frozenset[str]:
    return frozenset(one.revision for one in ScriptDirectory(str(MIGRATIONS)).walk_revisions())


def stands(held: str | None) -> bool:
    """Whether this release can work on a database at revision ``held``: at its own newest one, or at one that it does not know.

    That one is a later release's. Hosts are upgraded one after the other over a database that the first of them has migrated; a
    revision only adds to what the one before it reads and writes (a test holds it), and a host that called itself unready for it
    would take the whole service away until the last one is restarted. An earlier revision lacks what this release writes.
    """
    return held == newest_revision() or (held is not None and held not in _known())
