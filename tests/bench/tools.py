# SPDX-License-Identifier: Apache-2.0
"""The tools that are measured, each running behind the same server: ours, the floors, and the peers."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import environments
import ours
import server
from issuer import kept_key, public_pem
from machine import free_port, served

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Tool:
    """A running tool and how to reach it. ``pids``: the processes whose CPU time is its own, a database server's included."""

    name: str
    url: str
    login_path: str
    launch_path: str
    expect: str
    pids: tuple[int, ...]
    two_requests: bool = False
    """The launch is answered with a redirect, the first page by a second request."""


@dataclass(frozen=True)
class Bench:
    """What the tools of one run share."""

    folder: Path
    platform_port: int
    postgres: Postgres | None = None

    @property
    def key_file(self) -> Path:
        """The platform's private key."""
        return self.folder / "key.pem"


@dataclass(frozen=True)
class Postgres:
    """The durable server of the run."""

    pid: int
    new_database: Callable[[], str]
    """-> postgresql://... of an empty database."""


def sqlalchemy_url(url: str) -> str:
    """The address with the driver that SQLAlchemy must take."""
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


def _database(bench: Bench, name: str, *, postgres: bool) -> tuple[str, tuple[int, ...]]:
    if not postgres:
        return f"sqlite:///{bench.folder / name}.sqlite3", ()
    assert bench.postgres is not None
    return bench.postgres.new_database(), (bench.postgres.pid,)


def _behind_the_server(
    bench: Bench, name: str, module: str, environ: dict[str, str], extra: tuple[int, ...], *, python: str = sys.executable
) -> AbstractContextManager[Tool]:
    @contextmanager
    def running() -> Iterator[Tool]:
        port = free_port()
        told = os.environ | environ | {"PORT_LMS": str(bench.platform_port), "PYTHONPATH": str(FOLDER)}
        log = bench.folder / f"{name.replace(' ', '-')}.log"
        with served(server.command(module, port, python=python), told, port, log) as pid:
            yield Tool(name, f"http://127.0.0.1:{port}", "/login/", "/launch/", "LAUNCH OK", (pid, *extra))

    return running()


def floor(bench: Bench, kind: str) -> AbstractContextManager[Tool]:
    """``kind``: none, sqlite or postgresql."""
    public = bench.folder / "public.pem"
    public.write_bytes(public_pem(kept_key(bench.key_file)))
    url, extra = ("", ()) if kind == "none" else _database(bench, "floor", postgres=kind == "postgresql")
    environ = {"FLOOR_DATABASE_URL": sqlalchemy_url(url), "FLOOR_PUBLIC_KEY": str(public)}
    return _behind_the_server(bench, f"floor {kind}", "floors", environ, extra)


def stock(bench: Bench, variant: str) -> AbstractContextManager[Tool]:
    """pylti1p3 as its README has it. ``variant``: default or cached."""
    return _behind_the_server(bench, f"stock {variant}", "stock_pylti1p3_tool", {"VARIANT": variant}, ())


def django_lti(bench: Bench, kind: str) -> AbstractContextManager[Tool]:
    """django-lti on sqlite or postgresql."""
    url, extra = _database(bench, "django", postgres=kind == "postgresql")
    python, environ = environments.python("peers"), {"DJANGO_DATABASE_URL": url}
    told = os.environ | environ | {"PORT_LMS": str(bench.platform_port)}
    subprocess.run([python, FOLDER / "django_tool.py"], env=told, check=True, stdout=sys.stderr)
    return _behind_the_server(bench, f"django-lti {kind}", "django_tool", environ, extra, python=python)


@contextmanager
def own(
    bench: Bench, kind: str, *, platforms: int = 1, workers: int = 1, name: str = "", core: int | None = 0
) -> Iterator[tuple[Tool, dict[str, str]]]:
    """Ours on sqlite or postgresql, with so many registrations. -> the tool, and its settings"""
    name = name or f"ours {kind}"
    url, extra = _database(bench, name.replace(" ", "-"), postgres=kind == "postgresql")
    port = free_port()
    environ = ours.environment(sqlalchemy_url(url), port, bench.platform_port)
    ours.prepare(environ, bench.platform_port)
    if platforms > 1:
        ours.crowd(environ, platforms)
    command = [*ours.HERE, "serve", "--host", "127.0.0.1", "--port", str(port), "--workers", str(workers)]
    with served(command, environ, port, bench.folder / f"{name.replace(' ', '-')}.log", core=core) as pid:
        made = Tool(name, f"http://localhost:{port}", "/lti/login", "/lti/launch", ours.FIRST_PAGE, (pid, *extra), two_requests=True)
        yield made, environ
