# SPDX-License-Identifier: Apache-2.0
"""Running the product: database, server, worker, demo."""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import click

from lti_mentoring import app, settings
from lti_mentoring.cli.base import DEFAULT_PACK, check_url, opened, pack_folder, say

M_ARENA_MAX = -8  # of malloc.h


@click.group()
def db() -> None:
    """The database."""


@db.command("upgrade")
def db_upgrade() -> None:
    """Migrate to the newest schema."""
    with opened():
        say({"revision": app.migrate_database()})


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@click.option("--workers", default=1, show_default=True, help="Processes; each has two threads.")
def serve(host: str, port: int, workers: int) -> None:
    """Serve the pages."""
    settings.load(os.environ).require_secrets()
    os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", tempfile.mkdtemp(prefix="lti-mentoring-metrics-"))
    options = ["--interface", "wsgi", "--factory", "--host", host, "--port", str(port), "--workers", str(workers)]
    options += ["--blocking-threads", "2", "--runtime-mode", "st", "--http", "1", "--no-ws", "--backlog", "2048"]
    options += ["--respawn-failed-workers", "--workers-kill-timeout", "20", "--log-level", "warning"]
    os.execv(sys.executable, [sys.executable, "-m", "granian", *options, "lti_mentoring.app:from_environment"])  # noqa: S606  # nosec B606 - our own server


@click.command()
@click.option("--threads", default=32, show_default=True, type=click.IntRange(1, 512), help="Requests to LMSs at once.")
def worker(threads: int) -> None:
    """Deliver what is due; several may run, on several machines."""
    _share_heaps()
    made = app.from_environment(pages=False)
    every = made.extensions["sweep_seconds"]
    courier, sweep = made.extensions["make_courier"](threads), made.extensions["sweep"]
    serving = threading.Thread(target=courier.serve, name="courier")
    serving.start()
    threading.Thread(target=_sweep_for_ever, args=(lambda: [courier.wake(lane) for lane in sweep()], every), daemon=True).start()
    errands = made.extensions["errands"]
    errands.start()
    # The queue only wakes, so one thread is enough for it; SIGTERM lets what is in flight end and be written down.
    consumer = made.extensions["huey"].create_consumer(
        workers=1, periodic=False, initial_delay=0.1, max_delay=1.0, backoff=1.15, graceful_signal="TERM"
    )
    try:
        consumer.run()
    finally:
        errands.stop()
        courier.stop()
        serving.join()


def _share_heaps() -> None:
    """glibc gives each thread a heap of its own, up to eight a core; the senders are many, need little, and hold it for a moment."""
    with contextlib.suppress(AttributeError, OSError):  # another C library has no such call, and needs none
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 2)


def _sweep_for_ever(sweep: Callable[[], object], every: int) -> None:
    """At once, and then again and again; a database that is not there yet is no reason for a worker to end."""
    while True:
        try:
            sweep()
        except Exception:
            app.log.exception("sweep_failed")
        time.sleep(every)


@click.command()
@click.option("--part", type=click.Choice(["all", "lms"]), default="all", hidden=True)
def demo(part: str) -> None:
    """A pocket LMS, the tool and its worker, filled with a story. It signs anyone in, so it runs only when asked for by name."""
    demo_run, demo_story = (importlib.import_module(f"lti_mentoring.demo.{name}") for name in ("run", "story"))  # nobody else needs them
    folder = Path(os.environ.get("DEMO_FOLDER", "var/demo")).absolute()
    plan = demo_run.plan(folder, os.environ)
    if part == "lms":
        demo_run.serve_lms(plan)
        return
    os.environ.update(plan.environ)
    with opened():
        app.migrate_database()
    with opened():
        demo_story.fill(plan, check_url=check_url, pack=pack_folder(DEFAULT_PACK))
    demo_run.run(plan, tell=demo_story.tell)
