# SPDX-License-Identifier: Apache-2.0
"""What the two databases are told when a connection is made, taken from the pool, or begins a transaction."""

from __future__ import annotations

import functools
import sqlite3
import time
from collections.abc import Callable
from typing import Any, cast

from sqlalchemy import Engine, event, make_url
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

_SERVER = {"idle_in_transaction_session_timeout": "60s", "tcp_user_timeout": "10s", "tcp_keepalives_idle": "10"}
_SERVER |= {"tcp_keepalives_interval": "5", "tcp_keepalives_count": "3", "plan_cache_mode": "force_generic_plan"}
POSTGRES: dict[str, Any] = {"connect_timeout": 5, "tcp_user_timeout": 10_000, "keepalives_idle": 10}
POSTGRES |= {"keepalives_interval": 5, "keepalives_count": 3, "options": " ".join(f"-c {name}={value}" for name, value in _SERVER.items())}
"""libpq's parameters, where the database's address does not say otherwise. TCP by itself waits a quarter of an hour for a machine that
was unplugged, or for ever where it has nothing to send. With these a host that is cut off knows within seconds: ``/readyz`` says so,
and a worker goes on when the database is back. The server (``options``) knows as well: a session whose host has gone in the middle of a
transaction keeps its locks, such as a lane's, for which all workers wait. It ends a transaction that says nothing for a minute; none of
ours does: one that writes may not use the network, and an LMS gets less than that for its answer.

A prepared statement is planned once and not at each call: to plan the statement that a page begins with takes 2 to 7 ms, to run it a
quarter of one. Ours look rows up by their keys, so no value makes another plan better; PostgreSQL plans anew when a table's figures
change."""

RESTED_SECONDS = 2.0
"""A connection that lay in the pool for longer is asked whether it still lives. One that was just used does: to ask each time costs a
round trip a request, and where it died in between, the first statement tells, and the pool throws away all that are as old."""


def connect_args(url: str) -> dict[str, Any]:
    """What the driver is told, where the address does not say otherwise."""
    if url.startswith("sqlite"):
        return {"timeout": 30}
    if url.startswith("postgresql"):
        said = make_url(url).query
        return {name: value for name, value in POSTGRES.items() if name not in said}
    return {}


@functools.lru_cache(maxsize=64)
def for_reads(engine: Engine) -> Engine:
    """The same connections without a transaction around reads, where that saves round trips. SQLite has none, and a page reads from one
    state of its file."""
    return engine.execution_options(isolation_level="AUTOCOMMIT") if engine.dialect.name == "postgresql" else engine


def prepare_postgresql(engine: Engine) -> None:
    """Connections that rested are asked whether they live."""

    @event.listens_for(engine, "checkin")
    def rest(driver: object, record: ConnectionPoolEntry) -> None:
        record.info["rested"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def wake(driver: Any, record: ConnectionPoolEntry, proxy: object) -> None:
        if time.monotonic() - record.info.pop("rested", time.monotonic()) < RESTED_SECONDS:
            return
        try:
            engine.dialect.do_ping(driver)
        except (DBAPIError, engine.dialect.loaded_dbapi.Error) as error:
            raise DisconnectionError from error  # the pool makes a new one


def prepare_sqlite(engine: Engine, synchronous: str, *, writing: Callable[[], bool]) -> None:
    """WAL, foreign keys, patience, and BEGIN IMMEDIATE for writes: SQLite's own defaults lose updates silently."""

    @event.listens_for(engine, "connect")
    def pragmas(connection: sqlite3.Connection, record: object) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", f"synchronous={synchronous}", "busy_timeout=30000", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")
        # SQLite's own knows ASCII only, so "özge" would not find "Özge".
        connection.create_function("lower", 1, lambda text: text.lower() if isinstance(text, str) else text, deterministic=True)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        driver = cast(sqlite3.Connection, connection.connection.dbapi_connection)  # not through the engine: its events are for statements
        driver.execute("BEGIN IMMEDIATE" if writing() else "BEGIN")
