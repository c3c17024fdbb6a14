# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL and Redis for the tests: given by address, else started from this machine's programs on free loopback ports.

``conftest.py`` imports the fixtures. Each pytest worker has servers of its own, started when the first test asks for one and
stopped at the end, so that workers share nothing. They run without fsync: a test server owes nobody durability. The benchmarks ask for a
durable one.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

from lti_mentoring import app as wiring
from lti_mentoring import settings
from support.closing import let_go
from support.install import servers
from support.ports import free_port

POSTGRES = "LTI_MENTORING_TEST_POSTGRES_URL"
REDIS = "LTI_MENTORING_TEST_REDIS_URL"


class Postgres:
    """A PostgreSQL server on which databases can be made and dropped."""

    def __init__(self, url: str) -> None:
        self._parts = urlsplit(url.replace("postgresql+psycopg://", "postgresql://"))

    def dsn(self, name: str) -> str:
        """The address of a database as libpq and its programs read it."""
        return urlunsplit(self._parts._replace(path=f"/{name}"))

    def url(self, name: str) -> str:
        """The address of a database as SQLAlchemy and our settings read it."""
        return self.dsn(name).replace("postgresql://", "postgresql+psycopg://", 1)

    def create(self, template: str = "template0") -> str:
        """The name of a new database, a copy of ``template``; nobody may be connected to that one."""
        name = f"lti_mentoring_test_{secrets.token_hex(6)}"
        self._do(sql.SQL("CREATE DATABASE {} TEMPLATE {} ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"), name, template)
        return name

    def drop(self, name: str) -> None:
        """Drop a database, whoever is still connected to it."""
        self._do(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)"), name)

    def _do(self, statement: sql.SQL, *names: str) -> None:
        with psycopg.connect(self.dsn(self._parts.path.strip("/") or "postgres"), autocommit=True) as connection:
            connection.execute(statement.format(*map(sql.Identifier, names)))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The server for this worker."""
    if given := os.environ.get(POSTGRES):
        yield Postgres(given)
        return
    with postgres_server() as url:
        yield Postgres(url)


@pytest.fixture(scope="session")
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """The address of one empty database that lives as long as the worker."""
    name = postgres.create()
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture
def fresh_postgres_url(postgres: Postgres) -> Iterator[str]:
    """The address of an empty database for one test."""
    name = postgres.create()
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture(scope="session")
def migrated_postgres(
    postgres: Postgres, make_settings: Callable[..., settings.Settings], tmp_path_factory: pytest.TempPathFactory
) -> str:
    """The name of a migrated database to copy from."""
    name, queue = postgres.create(), tmp_path_factory.mktemp("queue") / "queue.sqlite3"
    app = wiring.create_app(make_settings(database_url=postgres.url(name), queue_url=f"sqlite:///{queue}"))
    with app.app_context():
        wiring.migrate_database()
        let_go()
    return name


@pytest.fixture
def migrated_postgres_url(postgres: Postgres, migrated_postgres: str) -> Iterator[str]:
    """The address of a migrated database for one test: a copy, which is made in a tenth of the time of its migrations."""
    name = postgres.create(migrated_postgres)
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The address of a Redis for this worker."""
    if given := os.environ.get(REDIS):
        yield given
        return
    with redis_server() as url:
        yield url


def _program(name: str) -> Path:
    try:
        return servers.ensure(name)
    except servers.Missing as missing:
        return pytest.exit(str(missing), returncode=3)



FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


@contextmanager
def postgres_server(address: str = "127.0.0.1", trusted: str = "", *, durable: bool = False) -> Iterator[str]:
    """A PostgreSQL on an address of this machine, which lets in whoever comes from the network ``trusted``. -> its address

    ``durable``: a commit survives a power cut, as in production.
    """
    programs = _program("postgresql")
    # PostgreSQL refuses to run as root; Debian's package brings the user postgres.
    root = os.geteuid() == 0
    account = _account("postgres", "nobody") if root else pwd.getpwuid(os.geteuid())
    identity = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if root else {}
    folder = Path(tempfile.mkdtemp(prefix="lti-mentoring-postgres-"))
    if root:
        os.chown(folder, account.pw_uid, account.pw_gid)
    data, port = folder / "data", free_port()
    environ = os.environ | {"LC_ALL": "C", "HOME": str(folder)}
    try:
        making = [programs / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        made = subprocess.run(making, cwd=folder, env=environ, capture_output=True, text=True, check=False, **identity)
        if made.returncode:
            pytest.exit(f"initdb failed: {made.stderr.strip()}", returncode=3)
        if trusted:
            with (data / "pg_hba.conf").open("a") as rules:
                rules.write(f"host all all {trusted} trust\n")
        running = [programs / "postgres", "-D", data, "-p", str(port), "-k", folder, "-c", f"listen_addresses={address}"]
        for option in (*(() if durable else FAST), "max_connections=60", "shared_buffers=64MB"):
            running += ["-c", option]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                running, cwd=folder, env=environ, stdout=log, stderr=log, preexec_fn=end_with_parent, **identity
            )
        url = f"postgresql://postgres@{address}:{port}/postgres"
        with _stopped_at_the_end(server, signal.SIGINT):
            _wait(lambda: psycopg.connect(url, connect_timeout=1).close(), psycopg.OperationalError, server, folder / "log")
            yield url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def redis_server(address: str = "127.0.0.1") -> Iterator[str]:
    """A Redis on an address of this machine, open to whoever reaches that. -> its address"""
    program = _program("redis")
    folder, port = Path(tempfile.mkdtemp(prefix="lti-mentoring-redis-")), free_port()
    running = [program, "--port", str(port), "--bind", address, "--save", "", "--appendonly", "no", "--dir", folder]
    running += ["--protected-mode", "no"]
    try:
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(running, cwd=folder, stdout=log, stderr=log, preexec_fn=end_with_parent)
        with _stopped_at_the_end(server, signal.SIGTERM):
            _wait(lambda: socket.create_connection((address, port), 1).close(), OSError, server, folder / "log")
            yield f"redis://{address}:{port}/0"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _account(*names: str) -> pwd.struct_passwd:
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    return next(known[name] for name in names if name in known)


def end_with_parent() -> None:
    """A worker that is killed takes its servers along (Linux; elsewhere they stay)."""
    try:
        ctypes.CDLL(None).prctl(1, signal.SIGINT)
    except (OSError, AttributeError):
        return


@contextmanager
def _stopped_at_the_end(server: subprocess.Popen[bytes], how: signal.Signals) -> Iterator[None]:
    try:
        yield
    finally:
        server.send_signal(how)
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait(attempt: Callable[[], None], fault: type[Exception], server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            return attempt()
        except fault as error:
            if server.poll() is not None or time.monotonic() > deadline:
                pytest.exit(f"{server.args[0]} did not start: {error}\n{log.read_text()}", returncode=3)  # type: ignore[index]
        time.sleep(0.05)
