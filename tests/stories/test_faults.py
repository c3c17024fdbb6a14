# SPDX-License-Identifier: Apache-2.0
"""Whatever an LMS does to a grade: the outbox says what became of it, staff read why, nobody is flooded, and in the end it is there."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from lti_mentoring.settings import Settings
from lti_mentoring.store import base
from lti_mentoring.store.delivery import ScorePublication
from lti_mentoring.store.platform import Registration
from lti_mentoring.web.wording.delivery import remedy_words
from support.driver import Browser
from support.live import Town, town
from support.station import PACE, Station, later

WHO = "candidate"
ASKED = 120
SOON = PACE.base_seconds


@dataclass(frozen=True)
class Case:
    """A trouble, and what is to become of one grade. ``seen``: requests that the LMS saw while it lasted; ``posts``: how often the
    grade is in the gradebook's cell at the end; ``wait``: seconds until the next try; ``ends``: what brings it there."""

    fault: str
    where: str = "scores"
    options: dict[str, Any] = field(default_factory=dict)
    site: str = "north"
    family: str = ""
    activity: str = "module-m1"
    state: str = "waiting"
    remedy: str = ""
    status: int | None = None
    words: str = ""
    wait: float = SOON
    seen: dict[str, int] = field(default_factory=lambda: {"scores": 1})
    posts: int = 1
    by_itself: bool = False
    impatient: bool = False

    @property
    def stuck(self) -> bool:
        """Whether staff are asked."""
        return self.state in ("refused", "held")


SERVER, GONE_QUIET = {"remedy": "server_error"}, {"remedy": "unreachable"}
DONE, NEWER = {"state": "done", "status": 200}, {"state": "held", "remedy": "newer_grade", "seen": {"scores": 1, "results": 1}}
SKEWED = {"state": "refused", "remedy": "credentials", "status": 400, "seen": {"token": 1, "scores": 0}, "by_itself": True}
THROTTLED = {"remedy": "busy", "status": 429, "words": "Too Many Requests", "wait": ASKED + SOON}
CLOSED = {"family": "canvas", "state": "refused", "remedy": "course_closed", "words": "This course has concluded"}
NOT_TAKEN = {"state": "refused", "remedy": "unknown", "words": "No handler found"}
PROGRAMMATIC = {"site": "south", "activity": "programmatic"}
UNKNOWN_THERE = {"state": "refused", "remedy": "user_not_gradable", "status": 400, "words": "Incorrect score received"}
LOST_COLUMN = {"state": "refused", "remedy": "column_gone", "status": 404}

CASES = {
    "503 now and then": Case("flaky", options={"share": 1.0, "times": 1}, status=503, words="Service Unavailable", **SERVER),
    "503 for maintenance": Case("down", status=503, words="Down for maintenance", **SERVER),
    "503 where tokens are": Case("down", "token", status=503, seen={"token": 1, "scores": 0}, words="Down for maintenance", **SERVER),
    "500": Case("error", status=500, words="Something went wrong on our side", **SERVER),
    "a black hole": Case("black_hole", impatient=True, **GONE_QUIET),
    "a slow drip of what was done": Case("drip", posts=2, impatient=True, **GONE_QUIET),
    "a page with 200": Case("html", status=200, words="Please sign in", **SERVER),
    "a page with 200, and it was done": Case("html", options={"before": False}, status=200, words="Please sign in", posts=2, **SERVER),
    "a page with 200 on open edx": Case("html", options={"before": False}, site="south", status=200, posts=2, **SERVER),
    "a page where tokens are": Case("html", "token", status=200, seen={"token": 1, "scores": 0}, words="Please sign in", **SERVER),
    "json as html": Case("json_as_html", "all", **DONE),
    "json as html on open edx": Case("json_as_html", "all", site="south", state="done", status=201),
    "415": Case("media_type", site="south", status=415, **NOT_TAKEN),
    "406": Case("media_type", "lineitems", status=406, seen={"lineitems": 1, "scores": 0}, **PROGRAMMATIC, **NOT_TAKEN),
    "401 once": Case("refused_token", seen={"token": 2, "scores": 2}, **DONE),
    "403 as expired once": Case("refused_token", site="south", seen={"token": 2, "scores": 2}, state="done", status=201),
    "401 for good": Case(
        "refused_token",
        options={"times": None},
        state="refused",
        remedy="credentials",
        status=401,
        words="Unauthorized",
        seen={"token": 2, "scores": 2},
    ),
    "403 as throttled": Case("quota", family="canvas", remedy="busy", status=403, words="Rate Limit Exceeded"),
    "retry-after in seconds": Case("throttle", options={"retry_after": ASKED}, **THROTTLED),
    "retry-after as a date": Case("throttle", options={"retry_after": ASKED, "as_date": True}, **THROTTLED),
    "an older time": Case("stale", status=409, words="earlier timestamp", **NEWER),
    "an older time on open edx": Case("stale", site="south", status=400, words="later point in time", **NEWER),
    "an equal time on open edx": Case("stale", options={"equal": True}, site="south", status=400, words="already exists", **NEWER),
    "its clock ahead": Case("clock", "all", {"seconds": 600}, words="the statement has expired", **SKEWED),
    "its clock behind": Case("clock", "all", {"seconds": -100}, words="lies in the future", **SKEWED),
    "its clock far behind": Case("clock", "all", {"seconds": -600}, words="more than 300 seconds away", **SKEWED),
    "a deleted column": Case("deleted_column", words="exist", **LOST_COLUMN),
    "a deleted column of ours": Case("deleted_column", seen={"lineitems": 2, "scores": 1}, **PROGRAMMATIC, **LOST_COLUMN),
    "no longer gradable": Case("not_gradable", **UNKNOWN_THERE),
    "no longer gradable on open edx": Case("not_gradable", site="south", status=500, words="Server Error (500)", **SERVER),
    "a closed course": Case("closed_course", status=422, **CLOSED),
    "a closed course, forbidden": Case("closed_course", options={"status": 403}, status=403, **CLOSED),
    "reset after it was done": Case("reset", posts=2, **GONE_QUIET),
    "reset after it was done on open edx": Case("reset", site="south", posts=2, **GONE_QUIET),
    "reset before it was done": Case("reset", options={"before": True}, **GONE_QUIET),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


@pytest.fixture
def own_town(case: Case, make_settings: Callable[..., Settings], empty_database: Path, tmp_path: Path) -> Iterator[Town]:
    """A town that waits for no LMS longer than two seconds, where the trouble is an LMS that does not answer."""
    quick = {"outbound__connect_seconds": "1", "outbound__read_seconds": "1"} if case.impatient else {}
    with town(make_settings, empty_database, tmp_path, **quick) as made:
        yield made


@dataclass
class Staff:
    """A coordinator at the page of grades."""

    browser: Browser
    course: str

    def page(self) -> str:
        """What is shown."""
        return self.browser.get(f"{self.course}/grades").text

    def send_again(self, row: ScorePublication) -> None:
        """The button of one grade."""
        assert self.browser.post(f"{self.course}/grades/retry", {"grade": row.id}).status == 200


def coordinator(station: Station, activity: str) -> Staff:
    browser = station.town.browser()
    course = "/".join(browser.launch(station.site.key, "coordinator", activity).path.split("/")[:3])
    browser.post(f"{course}/coordinator")
    return Staff(browser, course)


def finished(own_town: Town, site: str, activity: str) -> Station:
    """A learner who has opened an activity and finished its module; nothing is sent yet."""
    station = Station(own_town, site)
    station.launch(WHO, activity)
    if activity != "module-m1":
        station.change(activity, item="module:M1")
    station.attempt(station.person_id(WHO), activity=activity)
    return station


def known_as(station: Station, family: str) -> None:
    """The LMS is registered as one of another family."""
    registration = station.registration()
    with station.inside(), base.transactional() as session:
        session.execute(update(Registration).where(Registration.id == registration).values(family=family))


def counts(station: Station) -> dict[str, int]:
    return dict(station.lms.state(log=False)["counts"])


def row_of(station: Station, activity: str) -> ScorePublication:
    row = station.row(activity, WHO)
    assert row is not None
    return row


# --- the whole range ---------------------------------------------------------------------------------------------------------------


def test_each_trouble_is_told_as_it_is_and_the_grade_arrives_when_it_is_over(case: Case, own_town: Town) -> None:
    station = finished(own_town, case.site, case.activity)
    staff = coordinator(station, case.activity)
    if case.family:
        known_as(station, case.family)
    station.lms.fault(case.fault, case.where, **case.options)
    before = counts(station)
    station.deliver()
    row = row_of(station, case.activity)
    assert (row.state, row.fault, row.status) == (case.state, case.remedy, case.status)
    check_words(case, row, staff.page())
    check_wait(case, row)
    seen = counts(station)
    assert {kind: seen.get(kind, 0) - before.get(kind, 0) for kind in case.seen} == case.seen
    station.deliver()
    assert counts(station) == seen, "nothing is repeated before its time"
    calm(station)
    if case.stuck and not case.by_itself:
        with later(days=1):
            station.deliver()
            assert counts(station) == seen, "a person must look first"
        staff.send_again(row)
    with later(minutes=30):
        station.deliver()
        station.deliver()
    check_arrived(case, station)


def check_words(case: Case, row: ScorePublication, page: str) -> None:
    """The LMS's own words are kept, and staff read them with the cause; of what is done there is nothing to say."""
    assert case.words in row.words
    if case.state == "done":
        assert row.words == ""
        return
    assert escape(remedy_words(case.remedy).title, quote=False) in page
    assert case.words in page
    assert ("Nothing needs you" not in page) == case.stuck


def check_wait(case: Case, row: ScorePublication) -> None:
    """What goes out by itself comes back as late as we choose, and as the LMS asks on top of that; its date has whole seconds."""
    if case.state == "waiting":
        assert row.tried_at is not None
        assert case.wait - 1 <= (row.next_at - row.tried_at).total_seconds() <= case.wait + 10
    assert (row.stuck_at is not None) == case.stuck


def calm(station: Station) -> None:
    """The LMS is well again, and has let go of what it held."""
    station.lms.clear()
    station.lms.release()
    station.lms.wait(lambda state: not state["held"])


def check_arrived(case: Case, station: Station) -> None:
    """The cell is our state, was written no more often than it had to be, and never by two requests at once."""
    row = row_of(station, case.activity)
    assert (row.state, row.settled, row.tries, row.words) == ("done", row.wanted, 0, "")
    assert row.stuck_at is None
    assert station.share(case.activity, WHO) == 1
    cell = station.lms.cell(case.activity, WHO)
    assert cell is not None
    assert cell["posts"] == case.posts
    assert station.lms.state(log=False)["simultaneous"]["max_per_cell"] == 1


# --- what a column's end means -------------------------------------------------------------------------------------------------------


@pytest.fixture
def plain_town(make_settings: Callable[..., Settings], empty_database: Path, tmp_path: Path) -> Iterator[Town]:
    with town(make_settings, empty_database, tmp_path) as made:
        yield made


def test_a_column_of_ours_that_somebody_deleted_is_made_anew_when_staff_send_again(plain_town: Town, tmp_path: Path) -> None:
    station = finished(plain_town, "south", "programmatic")
    staff = coordinator(station, "programmatic")
    station.deliver()
    assert station.share("programmatic", WHO) == 1
    (ours,) = [one for one in station.lms.state(log=False)["columns"] if one["resource_id"] == "module:M1"]
    with sqlite3.connect(tmp_path / "lms.sqlite3") as book:
        book.execute("PRAGMA foreign_keys=ON")
        book.execute("DELETE FROM book_column WHERE resource_id = 'module:M1'")
    station.change("programmatic", grading="points")
    station.deliver()
    row = row_of(station, "programmatic")
    assert (row.state, row.fault, row.status) == ("refused", "column_gone", 404)
    assert remedy_words("column_gone").title in staff.page()
    staff.send_again(row)
    station.deliver()
    (made,) = [one for one in station.lms.state(log=False)["columns"] if one["resource_id"] == "module:M1"]
    assert made["url"] != ours["url"]
    assert station.share("programmatic", WHO) == pytest.approx(0.95)
    assert row_of(station, "programmatic").state == "done"


def test_a_column_of_the_lmss_own_is_known_anew_by_anybodys_next_launch(plain_town: Town, tmp_path: Path) -> None:
    station = finished(plain_town, "north", "module-m1")
    activity = station.site.activity("module-m1")
    assert activity
    with sqlite3.connect(tmp_path / "lms.sqlite3") as book:
        where = "WHERE site = 'north' AND resource_link_id = ?"
        book.execute(f"UPDATE book_column SET id = id + 1000 {where}", (station.site.resource_link_id(activity),))
    station.deliver()
    row = row_of(station, "module-m1")
    assert (row.state, row.fault) == ("refused", "column_gone")
    station.launch("second", "module-m1")
    station.deliver()
    assert station.share("module-m1", WHO) == 1


def test_a_token_that_ends_between_two_grades_costs_one_more_request(plain_town: Town) -> None:
    station = finished(plain_town, "south", "module-m1")
    station.deliver()
    station.lms.fault("expired_token")
    station.change("module-m1", grading="points")
    before = counts(station)
    station.deliver()
    seen = counts(station)
    # The look before the changed grade takes the first token of its own scope; the one for scores has ended, and is replaced once.
    more = {kind: seen[kind] - before.get(kind, 0) for kind in ("token", "results", "scores")}
    assert more == {"token": 2, "results": 1, "scores": 2}
    assert station.share("module-m1", WHO) == pytest.approx(0.95)
