# SPDX-License-Identifier: Apache-2.0
"""Three web and two worker hosts over one PostgreSQL and one Redis, each with a network of its own; one of each is cut off mid-way.

The hosts are network namespaces, which only root can make (``tests/support/hosts.py``). Elsewhere this test is skipped, and the line
that pytest prints of it says why. The pocket LMS stays on its loopback address; each host reaches it by a forwarder of its own.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, nullcontext
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import func, select

from lti_mentoring.demo.site import NORTH, SOUTH
from lti_mentoring.services import delivery
from lti_mentoring.settings import Settings
from lti_mentoring.store.delivery import DeliveryLane, ScorePublication
from support import hosts as machinery
from support.databases import Postgres, postgres_server, redis_server
from support.driver import Browser
from support.forward import Forwarder
from support.hosts import Host, Member, answer, machines
from support.journey import ready, share, take_the_check
from support.live import Town, town
from support.ports import free_port
from support.station import Station, crowded
from support.workers import wait_until

WEB, WORKERS, LEARNERS, CAP = 3, 2, 24, 8
PORT = 8000
PACE = {
    "outbound__connect_seconds": "1",
    "outbound__read_seconds": "2",
    "delivery__lease_seconds": "15",
    "delivery__base_seconds": "1",
    "delivery__cap_seconds": "2",
    "delivery__sweep_seconds": "1",
    "delivery__most_at_once": str(CAP),
    "delivery__per_second": "0",
    "delivery__breaker_seconds": "0.5",
}
IMPATIENT = "?options=-c%20idle_in_transaction_session_timeout%3D8s"
"""The database gives up a host that hangs in the middle of a transaction after a minute; here after seconds."""

HOLD = """
import sys
from lti_mentoring import app
from lti_mentoring.services import lane
from lti_mentoring.store import base
with app.from_environment().app_context():
    print("ready", flush=True)
    key = sys.stdin.readline().strip()
    with base.transactional() as session:
        lane.lock(session, key)
        print("held", flush=True)
        sys.stdin.readline()
"""


@dataclass
class Site:
    """The hosts with what runs on them, and the ways between them."""

    town: Town
    web: list[Member]
    workers: list[Member]
    balancer: Forwarder
    lms: Forwarder

    def told(self) -> str:
        """The ends of all logs."""
        return "\n".join(f"--- {one.log.name}\n{one.told()}" for one in (*self.workers, *self.web))

    def served(self, host: Host) -> int:
        """How many requests a web host was given."""
        return self.balancer.carried[host.address, PORT]


@pytest.fixture
def site(
    make_settings: Callable[..., Settings], empty_database: Path, secrets: dict[str, str], tmp_path: Path
) -> Iterator[Site]:
    """All of them up and ready."""
    with ExitStack() as stack:
        network, made = stack.enter_context(machines(WEB + WORKERS))
        where = {
            "database_url": Postgres(stack.enter_context(postgres_server(network.address, network.range))).url("postgres") + IMPATIENT,
            "queue_url": stack.enter_context(redis_server(network.address)),
        }
        played = [crowded(NORTH, LEARNERS), SOUTH]
        running = stack.enter_context(
            town(make_settings, empty_database, tmp_path, played=played, serve_tool=lambda app, port: nullcontext(), **where, **PACE)
        )
        tool_port, lms_port = (urlsplit(url).port or 0 for url in (running.tool_url, running.lms_url))
        lms = stack.enter_context(Forwarder((network.address, lms_port), [("127.0.0.1", lms_port)]))
        for one in made:
            stack.enter_context(machinery.reaches(one, lms_port, (network.address, lms_port)))
        balancer = Forwarder(("127.0.0.1", tool_port), [(one.address, PORT) for one in made[:WEB]])
        stack.enter_context(balancer)
        serve = ("serve", "--host", "0.0.0.0", "--port", str(PORT))
        members = [
            Member(one, serve if number < WEB else ("worker",), running, secrets, tmp_path / f"{one.name}.log", **PACE)
            for number, one in enumerate(made)
        ]
        for member in members:
            stack.enter_context(member)
        up = Site(running, members[:WEB], members[WEB:], balancer, lms)
        for member in up.web:
            wait_until(lambda member=member: listens(member.host), 60, up.told)  # type: ignore[misc]
        yield up


def listens(host: Host) -> bool:
    """Whether a web host answers, from where the balancer stands."""
    with Forwarder(("127.0.0.1", free_port()), [(host.address, PORT)]) as way:
        try:
            return Browser(f"http://127.0.0.1:{way.listen[1]}", lms_url="http://127.0.0.1").get("/readyz").status == 200
        except OSError:
            return False


def in_state(station: Station, *states: str) -> int:
    """How many scores of the outbox are in one of these states."""
    with station.inside() as session:
        query = select(func.count()).select_from(ScorePublication).where(ScorePublication.state.in_(states))
        return int(session.scalar(query) or 0)


def unsettled(station: Station) -> int:
    """How many scores have not arrived."""
    return in_state(station, "waiting", "sending")


def unanswered(station: Station) -> int:
    """How many requests have ended without an answer so far."""
    with station.inside() as session:
        return int(session.scalar(select(DeliveryLane.later).where(DeliveryLane.key == station.lane())) or 0)


class Holder:
    """A process on a host that takes the lock on a lane when it is told which, and keeps it."""

    def __init__(self, member: Member) -> None:
        words = member.host.command(sys.executable, "-c", HOLD)
        with member.log.open("ab") as log:
            self._process = subprocess.Popen(
                words, env=member.environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
            )

    def expect(self, word: str) -> None:
        """Read what it says next."""
        assert self._process.stdout
        assert self._process.stdout.readline().strip() == word

    def take(self, lane: str) -> None:
        """Let it take the lock."""
        assert self._process.stdin
        print(lane, file=self._process.stdin, flush=True)
        self.expect("held")

    def __enter__(self) -> Holder:
        self.expect("ready")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()


def stay_signed_in(site: Site, browsers: dict[str, Browser], address: str) -> None:
    """Everybody who was signed in still is, whichever host answers."""
    for who, browser in browsers.items():
        for _ in range(WEB):
            page = browser.get(f"{address}/")
            assert page.status == 200, (who, page.status, page.text[:500], site.told())


def launch_twice(town: Town) -> None:
    """A launch holds on whichever host it arrives, and its nonce is spent on all of them."""
    browser = town.browser()
    form = browser.login("north", "nameless", "programme").form()
    kept = deepcopy(browser.jar)
    assert browser.submit(form).status == 200
    for _ in range(WEB):
        browser.jar = deepcopy(kept)
        assert browser.submit(form).status in (400, 401, 403)


def cut_off(site: Site, station: Station, web: Member, worker: Member) -> tuple[int, subprocess.Popen[str]]:
    """Pull both cables while both workers have requests in flight, and the one that is lost holds the lock on the LMS's lane as well.

    -> how many requests of it were under way at the most, and the lost web host being asked whether it is ready
    """
    (other,) = [one for one in site.workers if one is not worker]
    trouble = station.lms.fault("hang", "scores", times=None)
    with Holder(worker) as holder:
        station.enrol("programme", "module-m1")
        with site.town.app.app_context():
            (lane,) = delivery.sweep()
        wait_until(lambda: all(site.lms.waiting(one.host.address) for one in site.workers), 30, site.told)
        holder.take(lane)
        assert site.lms.waiting(worker.host.address)
        under_way = in_state(station, "sending") - site.lms.waiting(other.host.address)
        for one in (web, worker):
            one.host.cut()
    station.lms.clear(trouble["id"])
    station.lms.release()
    return under_way, web.host.ask(f"http://127.0.0.1:{PORT}/readyz")


def test_one_web_and_one_worker_host_are_cut_off_midway_and_the_story_ends_right(site: Site) -> None:
    station = Station(site.town, "north")
    lost_web, lost_worker = site.web[0], site.workers[0]
    address = ready(site.town, "north")
    browsers = {who: site.town.browser() for who in ("candidate", "second", "coordinator")}
    for who, browser in browsers.items():
        for activity in ("programme", "module-m1"):
            assert browser.launch("north", who, activity).status == 200
    take_the_check(site.town, "north", browsers["candidate"], address)
    browsers["second"].get(f"{address}/modules/M1/check")
    browsers["second"].post(f"{address}/modules/M1/check")  # under way when the hosts are cut off
    launch_twice(site.town)
    wait_until(lambda: share(site.town, "north", "candidate", "module-m1") == 1, 30, site.told)
    assert all(site.served(one.host) > 5 for one in site.web)

    under_way, is_ready = cut_off(site, station, lost_web, lost_worker)

    # The others go on.
    stay_signed_in(site, browsers, address)
    served = site.served(lost_web.host)
    take_the_check(site.town, "north", browsers["second"], address)
    launch_twice(site.town)
    wait_until(lambda: not unsettled(station), 60, site.told)
    assert site.served(lost_web.host) == served
    status, said = answer(is_ready)
    assert (status, said["parts"]) == (503, ["database", "queue"])
    twice = under_way + unanswered(station)
    posts = check(station, twice)

    # They come back: what the worker had to settle is no longer its own, and both serve again.
    for one in (lost_web, lost_worker):
        one.host.plug_in()
    site.workers[1].kill()
    wait_until(lambda: listens(lost_web.host), 60, site.told)
    site.balancer.adopt((lost_web.host.address, PORT))
    stay_signed_in(site, browsers, address)
    assert site.served(lost_web.host) > served
    assert not unsettled(station)
    station.launch("candidate", "window")
    station.change("window", item="module:M1")
    wait_until(lambda: share(site.town, "north", "candidate", "window") == 1 and not unsettled(station), 60, site.told)
    assert lost_worker.running
    new = sum(row["posts"] for row in station.lms.state(log=False)["gradebook"] if row["activity"] == "window")
    assert check(station, twice) == posts + new


def check(station: Station, twice: int) -> int:
    """Every cell equals our state, and none had two requests at once. -> how many scores were posted"""
    with station.inside() as session:
        rows = session.scalars(select(ScorePublication)).all()
        assert {row.state for row in rows} == {"done"}
        assert all(row.settled == row.wanted and row.lease_until is None for row in rows)
        ours = sum(row.given is not None for row in rows)
    state = station.lms.state(log=False)
    book = state["gradebook"]
    assert len([row for row in book if row["score"] is not None]) == ours
    assert {row["score"] / row["maximum"] for row in book if row["score"] is not None} == {1}
    assert {row["persona"] for row in book if row["activity"] == "module-m1"} >= {"candidate", "second", "learner-0"}
    posts = sum(row["posts"] for row in book)
    assert len(book) <= posts <= len(book) + twice
    assert state["simultaneous"]["max_per_cell"] == 1
    assert state["simultaneous"]["max"] <= CAP
    return int(posts)
