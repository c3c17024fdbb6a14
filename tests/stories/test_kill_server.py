# SPDX-License-Identifier: Apache-2.0
"""The server is killed with -9 while candidates answer a check, again and again: every answer that was acknowledged is there."""

from __future__ import annotations

import http.client
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from lti_mentoring.demo.site import NORTH
from lti_mentoring.demo.story import right_answer
from lti_mentoring.domain.answer import steps
from lti_mentoring.domain.item import Item
from lti_mentoring.settings import Settings
from lti_mentoring.store import base
from lti_mentoring.store.training import CheckAnswer, CheckAttempt
from support import journey
from support.driver import Browser, Response
from support.live import Town, town
from support.station import crowded
from support.workers import Worker, wait_until

LEARNERS, KILLS, BETWEEN, PATIENCE = 4, 3, 12, 120
"""It is killed after so many more answers were acknowledged, while the others are on their way."""
LOST = (OSError, http.client.HTTPException)
"""What a browser sees of a server that dies under it."""


class Server(Worker):
    """``lti-mentoring serve`` at the town's own address, with the durability that it has unless an operator says otherwise."""

    def __init__(self, town: Town, secrets: dict[str, str], log: Path) -> None:
        super().__init__(town, secrets, log)
        port = urlsplit(town.tool_url).port
        self.command = (*self.command[:-1], "serve", "--host", "127.0.0.1", "--port", str(port))
        self._town = town

    def wait(self) -> None:
        """Until it answers."""
        wait_until(self._answers, PATIENCE, self.told)

    def _answers(self) -> bool:
        try:
            return self._town.browser().get("/readyz").status == 200
        except LOST:
            return False


@dataclass
class Candidate:
    """Somebody who answers a check and goes on after each loss of the server, with what they were told was kept."""

    browser: Browser
    items: dict[str, Item]
    course: str
    acknowledged: set[tuple[str, str, int]] = field(default_factory=set)
    lost: int = 0
    result: str = ""

    def take_the_check(self) -> None:
        """Answer until there is a result; ask again whatever was not answered."""
        page = self._sure(lambda: self.browser.post(f"{self.course}/modules/M1/check"))
        attempt = page.path.split("/questions/")[0]
        while not page.path.endswith("/result"):
            found = re.search(r"/answers/([\w-]+)", page.text)
            assert found, page.text
            item = self.items[found[1]]
            for step in range(1, steps(item) + 1):
                said = {"step": step, **journey.answers(right_answer(item, step))}
                answered = self._sure(lambda page=page, said=said: self.browser.post(page.path, said))  # type: ignore[misc]
                assert answered.status == 200, answered.text
                self.acknowledged.add((attempt.rpartition("/")[2], item.key, step))
            page = self._sure(lambda: self.browser.get(attempt))
        self.result = page.text

    def _sure(self, ask: Callable[[], Response]) -> Response:
        """As somebody with a bad line does it: press again until the page comes."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return ask()
            except LOST:
                self.lost += 1
                assert time.monotonic() < deadline
                time.sleep(0.05)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(
    request: pytest.FixtureRequest,
    make_settings: Callable[..., Settings],
    empty_database: Path,
    secrets: dict[str, str],
    tmp_path: Path,
) -> Iterator[tuple[Town, Server]]:
    """A town whose tool is a process of its own, on each database."""
    where = {"sqlite_synchronous": "FULL"}
    if request.param == "postgresql":
        where |= {"database_url": request.getfixturevalue("fresh_postgres_url"), "queue_url": f"sqlite:///{tmp_path / 'queue.sqlite3'}"}
    played = [crowded(NORTH, LEARNERS)]
    with (
        town(make_settings, empty_database, tmp_path, played=played, serve_tool=lambda app, port: nullcontext(), **where) as made,
        Server(made, secrets, tmp_path / "server.log") as server,
    ):
        server.wait()
        yield made, server


def test_every_acknowledged_answer_is_there_after_the_server_was_killed_while_candidates_answered(place: tuple[Town, Server]) -> None:
    running, server = place
    course = journey.ready(running, "north")
    items = {item.key: item for item in journey.module(running, "north").items}
    candidates = []
    for number in range(LEARNERS):
        browser = running.browser()
        browser.launch("north", f"learner-{number}", "module-m1")
        browser.get(f"{course}/modules/M1/check")
        candidates.append(Candidate(browser, items, course))
    at_work = [threading.Thread(target=one.take_the_check, daemon=True) for one in candidates]
    for one in at_work:
        one.start()
    for kill in range(1, KILLS + 1):
        wait_until(lambda kill=kill: sum(len(one.acknowledged) for one in candidates) >= BETWEEN * kill, PATIENCE, server.told)  # type: ignore[misc]
        server.kill()
        server.start()
        server.wait()
    for one in at_work:
        one.join(PATIENCE)
    assert sum(one.lost for one in candidates) >= KILLS
    assert all(one.result for one in candidates), server.told()
    told = set().union(*(one.acknowledged for one in candidates))
    assert len(told) > KILLS * BETWEEN
    with running.app.app_context(), base.tenant(running.organisations["north"]):
        session = base.session()
        assert told == {tuple(row) for row in session.execute(select(CheckAnswer.attempt_id, CheckAnswer.item_key, CheckAnswer.step))}
        assert session.scalars(select(CheckAttempt.mastered)).all() == [True] * LEARNERS
