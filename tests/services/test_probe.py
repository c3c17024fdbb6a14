# SPDX-License-Identifier: Apache-2.0
"""The gate before an LMS: a probe that has nothing to ask costs nobody a wait."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, update

from lti_mentoring.services import lane
from lti_mentoring.services.courier import Courier
from lti_mentoring.settings import Settings
from lti_mentoring.store import base
from lti_mentoring.store.delivery import ScorePublication
from lti_mentoring.store.platform import Registration
from support.live import Town, town
from support.station import LIMITS, PACE, Station, later

IDLE = 3


@pytest.fixture
def own_town(make_settings: Callable[..., Settings], empty_database: Path, tmp_path: Path) -> Iterator[Town]:
    with town(make_settings, empty_database, tmp_path) as made:
        yield made


def opened(own_town: Town, site: str, activity: str) -> Station:
    """A learner who has opened an activity for module 1."""
    station = Station(own_town, site)
    station.launch("candidate", activity)
    station.change(activity, item="module:M1")
    return station


def troubled(station: Station, activity: str = "module-m1") -> None:
    """So many grades are due that the breaker of an LMS that is down opens."""
    station.lms.fault("down", "ags")
    strangers = [station.stranger(activity) for _ in range(LIMITS.breaker_failures - 1)]
    for who in (station.person_id("candidate"), *strangers):
        station.attempt(who, activity=activity)
    station.run(station.lane(activity))
    assert breaker(station, activity) == "open"
    station.lms.clear()


def nothing_to_say(station: Station) -> None:
    """People whose work was looked at and is not finished: a Moodle is told nothing of that."""
    for _ in range(IDLE):
        station.attempt(station.stranger("module-m1"), mastered=False)


def breaker(station: Station, activity: str = "module-m1") -> str:
    key = station.lane(activity)
    with station.town.app.app_context():
        return str(next(one["breaker"] for one in lane.listing() if one["lane"] == key))


def idle(station: Station) -> int:
    """Scores that were settled without a message."""
    with station.inside() as session:
        return len(
            session.scalars(select(ScorePublication.id).where(ScorePublication.state == "done", ScorePublication.given.is_(None))).all()
        )


def test_a_probe_with_nothing_to_say_lets_the_next_one_ask_whether_the_lms_is_back(own_town: Town) -> None:
    north = opened(own_town, "north", "module-m1")
    troubled(north)
    nothing_to_say(north)
    with later(minutes=10):
        north.run(north.lane())
        assert idle(north) >= IDLE
        assert breaker(north) == "closed"
        assert north.share() == 1


def test_a_worker_does_not_wait_for_a_probe_that_was_none(own_town: Town) -> None:
    north, app = opened(own_town, "north", "module-m1"), own_town.app
    troubled(north)
    nothing_to_say(north)
    with later(minutes=10):
        courier = Courier(
            context=app.app_context, grades_for=app.extensions["grades_for"], pace=PACE, limits=LIMITS, threads=4, chance=lambda: 1.0
        )
        worker = threading.Thread(target=courier.serve)
        worker.start()
        courier.wake(north.lane())
        try:
            north.lms.wait(lambda _: north.share() == 1, seconds=PACE.lease_seconds / 2)
        finally:
            courier.stop()
            worker.join()
    assert idle(north) >= IDLE


def test_while_an_lms_is_down_its_one_probe_is_a_request(own_town: Town) -> None:
    north = opened(own_town, "north", "module-m1")
    troubled(north)
    nothing_to_say(north)
    north.lms.fault("down", "ags")
    before = len(north.scores())
    with later(minutes=10):
        north.run(north.lane())
        assert breaker(north) == "open"
        assert len(north.scores()) == before + 1


def test_a_grade_with_nothing_to_say_does_not_keep_others_from_asking_whether_our_sign_in_is_mended(own_town: Town) -> None:
    north = opened(own_town, "north", "module-m1")
    registration = north.registration()

    def audience(said: str | None) -> None:
        with north.inside(), base.transactional() as session:
            session.execute(update(Registration).where(Registration.id == registration).values(token_audience=said))

    audience("https://elsewhere.example/token")
    north.attempt(north.person_id("candidate"))
    north.deliver()
    row = north.row()
    assert row is not None
    assert (row.state, row.fault) == ("refused", "credentials")
    nothing_to_say(north)
    audience(None)
    with later(minutes=10):
        north.deliver()
        assert idle(north) >= IDLE
        assert north.share() == 1


def test_an_lms_that_answers_about_a_column_is_back(own_town: Town) -> None:
    south = opened(own_town, "south", "programmatic")
    troubled(south, "programmatic")
    with later(minutes=10):
        south.run(south.lane("programmatic"))
        assert breaker(south, "programmatic") == "closed"
        assert south.share("programmatic") == 1
