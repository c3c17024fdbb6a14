# SPDX-License-Identifier: Apache-2.0
"""What a gradebook hears of somebody who pauses, comes back and leaves: steps stop, what was finished counts, and it stays as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest
from sqlalchemy import select, update

from lti_mentoring.services import candidacy, participation, roles
from lti_mentoring.settings import Settings
from lti_mentoring.store import base
from lti_mentoring.store.people import Course
from lti_mentoring.store.training import CheckAttempt
from support.live import Town, town
from support.station import Station


@pytest.fixture
def own_town(make_settings: Callable[..., Settings], empty_database: Path, tmp_path: Path) -> Iterator[Town]:
    """Of this test alone: whoever leaves has left for all who come after."""
    with town(make_settings, empty_database, tmp_path) as made:
        yield made


def opened(own_town: Town, site: str) -> Station:
    """A candidate who has opened module M1, which gives points."""
    made = Station(own_town, site)
    made.launch("candidate", "module-m1")
    made.change("module-m1", grading="points")
    return made


def do(station: Station, verb: str, **more: object) -> None:
    """The candidate pauses, comes back or leaves; who leads the course takes them back."""
    who = station.person_id("candidate")
    with station.inside() as session:
        course = session.scalars(select(Course.id).limit(1)).one()
        actor = roles.here(org_id=station.org_id, person_id=who, course_id=course, registration_id=station.registration()).actor
        getattr(participation, verb)(actor=actor, candidacy_id=candidacy.of(actor).id, **more)


def told(station: Station) -> list[tuple[str, str, object]]:
    station.deliver()
    return [(one["activityProgress"], one["gradingProgress"], one.get("scoreGiven")) for one in station.scores()]


def test_who_pauses_is_told_of_no_more_until_they_come_back(own_town: Town) -> None:
    south = opened(own_town, "south")  # an Open edX, which is told of steps
    who = south.person_id("candidate")
    south.attempt(who, state="open", mastered=False)
    assert told(south) == [("InProgress", "NotReady", None)]
    do(south, "defer", reason="workload", until=base.now().date() + timedelta(days=30))
    assert told(south) == [("InProgress", "NotReady", None)], "the last step stays"
    south.want_again(who)
    assert len(told(south)) == 1
    do(south, "come_back")
    south.attempt(who)
    assert told(south)[-1] == ("Completed", "FullyGraded", 95)
    assert south.share() == float(Fraction(95, 100))


def test_what_was_finished_before_leaving_arrives_and_never_changes_after_that(own_town: Town) -> None:
    north = opened(own_town, "north")
    who = north.person_id("candidate")
    north.attempt(who)
    do(north, "withdraw", reason="no_time")
    assert told(north)[-1] == ("Completed", "FullyGraded", 95), "it was finished, and not yet sent"
    with north.inside(), base.transactional() as session:
        better = {"outcomes": [{"outcome": "O1", "points": 100, "of": 100, "missed": []}]}
        session.execute(update(CheckAttempt).values(result=better))
    north.want_again(who)
    assert len(told(north)) == 1
    assert north.share() == float(Fraction(95, 100))
