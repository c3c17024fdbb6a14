# SPDX-License-Identifier: Apache-2.0
"""The certification guide's list, run here and now against the pocket LMS."""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import os
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import structlog
from flask import Flask

from lti_mentoring import app
from lti_mentoring.cli.base import DEFAULT_PACK, check_url, opened, pack_folder
from lti_mentoring.services import delivery, roll_call


@click.command()
@click.option("--json", "as_json", is_flag=True, help="A JSON line for each rule.")
def conformance(as_json: bool) -> None:
    """Bad launches, good launches, deep linking, roster and grades; exit status 1 if anything is not held. Touches no database of yours."""
    demo = {name: importlib.import_module(f"lti_mentoring.demo.{name}") for name in ("run", "story", "lms", "conformance")}
    with tempfile.TemporaryDirectory(prefix="lti-mentoring-conformance-") as folder:
        ports = {"DEMO_TOOL_PORT": str(_free_port()), "DEMO_LMS_PORT": str(_free_port())}
        plan = demo["run"].plan(Path(folder), ports)
        os.environ.update(plan.environ)
        with opened():
            app.migrate_database()
        with opened() as made:
            structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))  # the report is what is to be read
            demo["story"].fill(plan, check_url=check_url, pack=pack_folder(DEFAULT_PACK))
            lms = demo["lms"].create_lms(
                state_path=plan.folder / "lms.sqlite3", base_url=plan.lms_url, tool_url=plan.tool_url, secret=plan.lms_secret
            )
            with _serving(demo["lms"], made, plan.tool_port), _serving(demo["lms"], lms, plan.lms_port):
                results = list(demo["conformance"].report(plan.tool_url, plan.lms_url, _worker(demo["conformance"], made)))
    _tell(results, as_json)
    if not all(one.held for one in results):
        sys.exit(1)


def _tell(results: list[Any], as_json: bool) -> None:
    for one in results:
        if as_json:
            click.echo(json.dumps(asdict(one), ensure_ascii=False))
        else:
            click.echo(f"{'held    ' if one.held else 'NOT HELD'}  {one.rule:6} {one.promise}")
            if one.why:
                click.echo(f"                  {one.why}")
    if not as_json:
        click.echo(f"{sum(one.held for one in results)} of {len(results)} held")


def _worker(module: Any, made: Flask) -> Any:
    """What the worker's own machinery does at this moment, in this process."""
    found = made.extensions

    def deliver() -> None:
        for lane in delivery.sweep():
            delivery.run(lane, grades_for=found["grades_for"], pace=found["pace"], limits=found["limits"])

    def read() -> None:
        while roll_call.run(connector_for=found["connector_for"], pace=found["pace"]):
            pass

    return module.Worker(deliver=deliver, read_rosters=read)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def _serving(lms: Any, made: Flask, port: int) -> Iterator[None]:
    server = lms.server(made, "127.0.0.1", port)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
