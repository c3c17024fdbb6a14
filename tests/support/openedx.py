# SPDX-License-Identifier: Apache-2.0
"""The tool beside Open edX's own LTI consumer: a campus in a process of its own, spoken to over HTTP only."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from lti_mentoring import app as wiring
from lti_mentoring.lti.grades import Grades, Score
from lti_mentoring.services import platform, programme
from lti_mentoring.settings import Settings
from lti_mentoring.store import base
from support.closing import let_go
from support.driver import Browser, Response, serving
from support.install import peers
from support.live import PACK, Town
from support.ports import free_port

FOLDER = Path(__file__).parent.parent / "peers" / "openedx"
SITE = "campus"

PACE = {"delivery__base_seconds": "1", "delivery__cap_seconds": "2", "delivery__sweep_seconds": "1", "delivery__per_second": "0"}
"""A worker that looks again after seconds instead of minutes."""

_numbers = itertools.count(1)


# --- the campus ------------------------------------------------------------------------------------------------------------------


class Campus:
    """A handle on a running campus."""

    def __init__(self, url: str, version: str) -> None:
        self.url, self.version = url, version

    def call(self, path: str, payload: Any = None) -> Any:
        """A control request; GET without a payload."""
        browser, method = Browser(self.url), "GET" if payload is None else "POST"
        answer = browser.raw(method, f"{self.url}/{path}", body=None if payload is None else json.dumps(payload))
        assert answer.status == 200, f"{path} answered {answer.status}: {answer.text[:500]}"
        return answer.json()

    def state(self) -> dict[str, Any]:
        """Version, gradebook, line_items, scores, requests."""
        found: dict[str, Any] = self.call("state.json")
        return found

    def enrol(self, name: str) -> str:
        """A learner who is in no other test. -> their username."""
        username = f"learner{next(_numbers)}-{os.getpid()}"
        self.call("enrol", {"username": username, "name": name})
        return username

    def enrol_id(self, username: str) -> str:
        """What tools know a learner as."""
        return str(self.call("enrol", {"username": username, "name": ""})["sub"])

    def cell(self, block: Block, username: str) -> float | None:
        """What the gradebook holds for a learner in a block, as a share of its maximum; None for an empty cell."""
        for one in self.state()["gradebook"]:
            if (one["block"], one["user"]) == (block.usage, username) and one["value"] is not None:
                return float(one["value"] / one["maximum"])
        return None

    def scores(self, block: Block, username: str) -> list[dict[str, Any]]:
        """What is stored for a learner in the line items of a block, by line item."""
        state = self.state()
        own = {one["id"] for one in state["line_items"] if one["config"] == block.config}
        return [one for one in state["scores"] if one["item"] in own and one["user"] == username]

    def requests(self, block: Block, what: str) -> list[int]:
        """The statuses of a block's ``token`` or ``scores`` requests, oldest first."""
        begin = urlsplit(block.told["token_url"]).path if what == "token" else f"/api/lti_consumer/v1/lti/{block.config}/"
        found = [one for one in self.state()["requests"] if one["path"].startswith(begin)]
        return [one["status"] for one in found if what == "token" or one["path"].endswith(f"/{what}")]


@dataclass(frozen=True)
class Block:
    """A placement of the tool in the campus's course, with what the campus says of it."""

    usage: str
    title: str
    told: dict[str, Any]
    registration: str

    @property
    def config(self) -> int:
        """The consumer's own id of the placement's configuration."""
        return int(self.told["config"])

    @property
    def client_id(self) -> str:
        """Open edX gives every block one of its own."""
        return str(self.told["client_id"])


@contextmanager
def running_campus(version: str, folder: Path) -> Iterator[Campus]:
    """Install it if need be, start it, wait until it answers, and end it. The test fails where it cannot be had."""
    try:
        python = peers.ensure(version)
    except peers.Missing as missing:
        pytest.fail(str(missing), pytrace=False)
    port, log = free_port(), folder / "campus.log"
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("LTI_MENTORING_", "PYTHON", "DJANGO_"))}
    environ["PYTHONDONTWRITEBYTECODE"] = "1"
    command = [str(python), "-m", "campus", "--port", str(port), "--database", str(folder / "campus.sqlite3")]
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=FOLDER, env=environ, stdout=out, stderr=out)
    campus = Campus(f"http://127.0.0.1:{port}", version)
    try:
        _await(campus, process, log)
        yield campus
    finally:
        process.terminate()
        process.wait(10)


def _await(campus: Campus, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            campus.state()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"the Open edX peer {campus.version} did not start: {log.read_text('utf-8')[-2000:]}", pytrace=False)
        time.sleep(0.05)


# --- the tool beside it ----------------------------------------------------------------------------------------------------------


@dataclass
class CampusTown(Town):
    """A running tool with one organisation, whose LMS is a campus."""

    campus: Campus

    def place(self, item: str, *, title: str = "Mentor programme", grading: str = "completion", **fields: Any) -> Block:
        """Put the tool in the course as an author does, and register it as the operator does. -> the placement."""
        usage = f"block-v1:Campus+MENTOR+2026+type@lti_consumer+block@unit{next(_numbers)}x{os.getpid()}"
        told = self.campus.call("configure", {"usage": usage, "fields": {**self._fields(item, title), **fields}})
        new = platform.NewPlatform(
            organisation=SITE,
            name="Campus",
            issuer=told["issuer"],
            client_id=told["client_id"],
            deployment_id=told["deployment_id"],
            auth_url=told["oidc_callback"],
            token_url=told["token_url"],
            jwks_url=told["keyset_url"],
            family="openedx",
        )
        with self.app.app_context():
            made = platform.add_platform(new, check_url=lambda url: None)
        return Block(usage, title, told, made["id"])

    def _fields(self, item: str, title: str) -> dict[str, Any]:
        return {
            "display_name": title,
            "lti_version": "lti_1p3",
            "lti_1p3_launch_url": f"{self.tool_url}/lti/launch",
            "lti_1p3_oidc_url": f"{self.tool_url}/lti/login",
            "lti_1p3_tool_key_mode": "keyset_url",
            "lti_1p3_tool_keyset_url": f"{self.tool_url}/.well-known/jwks.json",
            "custom_parameters": [f"item={item}"],
            "has_score": True,
            "weight": 100,
            "lti_advantage_ags_mode": "declarative",
            "ask_to_send_full_name": True,
            "ask_to_send_email": True,
            "launch_target": "iframe",
        }

    def enter(self, username: str, block: Block, browser: Browser | None = None) -> tuple[Browser, Response]:
        """Sign in at the campus, open the unit, and launch the tool from it. -> the browser, and the page that it ends on."""
        browser = browser or self.browser()
        browser.go("POST", f"{self.lms_url}/sign-in", data={"username": username})
        unit = browser.go("GET", f"{self.lms_url}/unit/{block.usage}", source=self.lms_url)
        # The consumer leaves "&lti_..." unescaped there, which a reader of HTML might take for "&lt;i_...".
        start = re.search(r'data-target="([^"]+)"', unit.text)
        assert start, unit.text
        browser.go("GET", start[1].replace("&amp;", "&"), source=unit.url)
        return browser, browser.submit()

    def grades(self, block: Block) -> Grades:
        """What another sender on our side would speak to the placement's grade service with."""
        with self.app.app_context():
            registration = platform.registration(block.registration)
            assert registration
            return self.app.extensions["grades_for"](registration)  # type: ignore[no-any-return]

    def post(self, block: Block, score: Score, **how: Any) -> Any:
        """Post a score past the outbox. -> the verdict."""
        column = next(one for one in self.campus.state()["line_items"] if one["config"] == block.config and one["link"] == block.usage)
        url = f"{self.lms_url}/api/lti_consumer/v1/lti/{block.config}/lti-ags/{column['id']}"
        grades = self.grades(block)
        with self.app.app_context():
            return grades.post_score(url, score, **how)


@contextmanager
def campus_town(make_settings: Callable[..., Settings], empty_database: Path, folder: Path, campus: Campus) -> Iterator[CampusTown]:
    """Start a tool on an empty database beside a running campus, and end it."""
    database, port = folder / "tool.sqlite3", free_port()
    shutil.copy(empty_database, database)
    tool_url = f"http://localhost:{port}"
    told = {
        "database_url": f"sqlite:///{database}",
        "sqlite_synchronous": "NORMAL",
        "public_url": tool_url,
        "allow_local_platforms": "true",
    }
    app = wiring.create_app(make_settings(**told, **PACE))
    with app.app_context():
        org_id = platform.add_organisation(name=SITE)["id"]
        with base.tenant(org_id):
            programme.import_pack(org_id=org_id, path=PACK, actor="operator")
    with serving(app, port):
        yield CampusTown(app, tool_url, campus.url, {SITE: org_id}, {}, campus)
    with app.app_context():
        let_go()


def a_score(sub: str, at: datetime, given: float | None = 1, maximum: float = 1, grading: str = "FullyGraded") -> Score:
    """A score as another sender would write it."""
    return Score(sub, at, "Completed", grading, given, maximum if given is not None else None)
