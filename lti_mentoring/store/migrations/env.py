# SPDX-License-Identifier: Apache-2.0
"""How Alembic reaches the database: through the app's own engine, so that pragmas and naming are the same."""

from alembic import context
from flask import current_app
from sqlalchemy import text

from lti_mentoring.store.base import across_organisations, db


def run() -> None:
    """Migrate online; there is no offline mode."""
    options = current_app.extensions["migrate"].configure_args
    with across_organisations("migration"), db.engine.connect() as connection:
        context.configure(connection=connection, target_metadata=db.metadata, **options)
        with context.begin_transaction():
            if connection.dialect.name == "postgresql":
                connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))  # a step may reckon for long
                connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('lti_mentoring migration'))"))  # hosts start together
            context.run_migrations()


run()
