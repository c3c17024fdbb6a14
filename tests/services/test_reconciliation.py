# SPDX-License-Identifier: Apache-2.0
"""Reading a gradebook back: one worker at a time, cut off at any moment and begun anew, and nothing said that was not read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from lti_mentoring.demo.site import NORTH
from lti_mentoring.lti.grades import Result
from lti_mentoring.services import lane, reconciliation
from lti_mentoring.services.reconciliation import FIRST_WAIT, LEASE, MOST_TRIES, Comparer, enlist
from lti_mentoring.settings import Settings
from lti_mentoring.store import base
from lti_mentoring.store.delivery import Reconciliation, ScorePublication
from support.live import Town, town
from support.station import Station, crowded, later

PEOPLE = 10


@pytest.fixture(params=["sqlite", "postgresql"])
def station(
    request: pytest.FixtureRequest, make_settings: Callable[..., Settings], empty_database: Path, tmp_path: Path
) -> Iterator[Station]:
    """A Moodle in which ten grades have arrived, on each database; its results come in pages of three."""
    changes = {"database_url": request.getfixturevalue("fresh_postgres_url")} if request.param == "postgresql" else {}
    with town(make_settings, empty_database, tmp_path, played=[crowded(NORTH, PEOPLE)], **changes) as made:
        yield _filled(made)


def _filled(made: Town) -> Station:
    station = Station(made, "north")
    station.launch("candidate", "module-m1")
    station.enrol("module-m1")
    station.deliver()
    station.lms.fault("small_pages", "results", size=3)
    with made.app.app_context():
        enlist()
        enlist()
    with station.inside(), base.transactional() as session:
        session.execute(update(Reconciliation).values(next_at=base.now()))
    return station


def look(station: Station) -> Reconciliation:
    """The one row, detached."""
    with station.inside() as session:
        row = session.scalars(select(Reconciliation)).one()
        session.expunge(row)
        return row


def verdicts(station: Station) -> list[str]:
    """What was found of each grade that was sent."""
    with station.inside() as session:
        return sorted(session.scalars(select(ScorePublication.compared).where(ScorePublication.sent_at.is_not(None))))


def step(station: Station, grades_for: Any = None) -> bool:
    """One step of a worker of its own."""
    with station.town.app.app_context():
        return Comparer(grades_for or station.town.app.extensions["grades_for"], chance=lambda: 0.5).step()


class Watched:
    """The real client, with something that happens after each so many results."""

    def __init__(self, station: Station, after: int, happens: Callable[[], object]) -> None:
        self._real, self._after, self._happens = station.town.app.extensions["grades_for"], after, happens

    def __call__(self, registration: Any, deployment_id: str | None) -> Any:
        self._grades = self._real(registration, deployment_id)
        return self

    def results(self, url: str) -> Iterator[tuple[str, Result]]:
        for number, found in enumerate(self._grades.results(url)):
            if number == self._after:
                self._happens()
            yield found


class CutOff(Exception):
    """The worker is gone."""


def _cut_off() -> None:
    raise CutOff


def test_of_two_workers_one_reads_a_column(station: Station) -> None:
    done: list[bool] = []
    workers = [threading.Thread(target=lambda: done.append(step(station))) for _ in range(4)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert done.count(True) == 1
    assert len(station.lms.messages("results")) == 4
    assert verdicts(station) == ["same"] * PEOPLE
    assert (look(station).state, look(station).checked, look(station).differing) == ("done", PEOPLE, 0)


def test_a_worker_that_is_cut_off_leaves_the_column_to_the_next(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconciliation, "BATCH", 2)
    with pytest.raises(CutOff):
        step(station, Watched(station, 5, _cut_off))
    assert look(station).state == "running"
    assert verdicts(station) == [""] * 6 + ["same"] * 4, "what was read before is true"
    assert not step(station), "its lease holds"
    with later(seconds=LEASE.total_seconds() + 1):
        assert step(station)
    assert verdicts(station) == ["same"] * PEOPLE
    assert look(station).attempt == 2


def test_a_worker_that_has_lost_its_lease_writes_no_more(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconciliation, "BATCH", 2)

    def another() -> None:
        with station.town.app.app_context(), base.across_organisations("a test"), base.transactional() as session:
            session.execute(update(Reconciliation).values(attempt=Reconciliation.attempt + 1))

    # What the other worker does is played in a thread of its own: it has a transaction of its own.
    def meanwhile() -> None:
        thread = threading.Thread(target=another)
        thread.start()
        thread.join()

    assert step(station, Watched(station, 3, meanwhile))
    assert verdicts(station).count("same") == 2
    assert look(station).state == "running", "it is the other's to end"


def test_trouble_in_the_middle_is_waited_out_and_nobody_is_called_missing(station: Station) -> None:
    station.lms.fault("error", "results", status=503, times=1)
    assert step(station)
    row = look(station)
    assert (row.state, row.tries, row.status) == ("waiting", 1, 503)
    assert row.next_at >= row.asked_at + FIRST_WAIT - timedelta(seconds=1)
    assert "missing" not in verdicts(station)
    with later(seconds=2 * FIRST_WAIT.total_seconds()):
        assert step(station)
    assert look(station).state == "done"
    assert look(station).tries == 0
    assert verdicts(station) == ["same"] * PEOPLE


def test_trouble_that_lasts_is_shown_and_tried_again_by_night(station: Station) -> None:
    station.lms.fault("down", "results")
    for number in range(MOST_TRIES):
        with later(hours=2 * number):
            assert step(station)
    row = look(station)
    assert (row.state, row.status) == ("failed", 503)
    assert row.next_at > base.now()
    assert verdicts(station) == [""] * PEOPLE


def test_a_grade_that_arrives_while_the_column_is_read_is_not_judged(station: Station) -> None:
    station.lms.fault("small_pages", "results", size=3)

    def arrives() -> None:
        with station.town.app.app_context(), base.across_organisations("a test"):
            first = base.session().scalars(select(ScorePublication.id).order_by(ScorePublication.id).limit(1)).one()
            with base.transactional() as session:
                session.execute(
                    update(ScorePublication).where(ScorePublication.id == first).values(sent_at=base.now(), taken_given=0.5, compared="")
                )

    def meanwhile() -> None:
        thread = threading.Thread(target=arrives)
        thread.start()
        thread.join()

    assert step(station, Watched(station, 2, meanwhile))
    assert verdicts(station) == [""] + ["same"] * (PEOPLE - 1)


def test_an_lms_that_is_paused_is_not_read(station: Station) -> None:
    with station.town.app.app_context():
        for one in lane.listing():
            lane.pause(lane=one["lane"], paused=True)
    assert step(station)
    assert not station.lms.messages("results")
    assert look(station).state == "waiting"
    assert look(station).next_at > base.now()


def test_a_page_on_another_host_is_not_followed(station: Station) -> None:
    """The guard of LI-05 for a whole column: what came before stays true, what did not come is not called missing."""
    station.lms.fault("moved", "results", to="https://elsewhere.example")
    assert step(station)
    row = look(station)
    assert row.state == "failed"
    assert row.fault in ("redirected", "address_refused")
    assert verdicts(station) == [""] * PEOPLE
