# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL for the benchmarks: started from this machine's programs, every commit durable."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from tools import Postgres

sys.path.insert(0, str(Path(__file__).parents[1]))

from support import databases


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A server of its own, stopped at the end."""
    with databases.postgres_server(durable=True) as url:
        server = databases.Postgres(url)
        with psycopg.connect(url) as connection:
            fsync = connection.execute("SHOW fsync").fetchone()
            pid = connection.execute("SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::int").fetchone()
        assert fsync == ("on",)
        assert pid is not None
        yield Postgres(pid[0], lambda: server.dsn(server.create()))
