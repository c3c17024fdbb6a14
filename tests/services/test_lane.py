# SPDX-License-Identifier: Apache-2.0
"""The gate before an LMS: what all workers together may ask of it, what it learns, and what an operator says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, update

from conftest import World, make_world
from lti_mentoring.domain import lane as rules
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.lti.grades import Verdict
from lti_mentoring.services import delivery, figures, lane
from lti_mentoring.services.dispatch import Outcome
from lti_mentoring.settings import Settings
from lti_mentoring.store import base
from lti_mentoring.store.delivery import DeliveryLane, ScorePublication
from lti_mentoring.store.people import Placement
from support.live import Town, town
from support.station import LIMITS, PACE, Station, later


def filled(name: str = "Northfield", people: int = 20) -> tuple[World, str]:
    """An organisation with as many scores that are due, and their lane."""
    world = make_world(name)
    with base.tenant(world.org_id):
        world.placement("module:M1")
        for number in range(people):
            person = world.person(f"{name} {number}")
            with base.transactional() as session:
                wanted = {"org_id": world.org_id, "course_id": world.course_id, "person_id": person.person_id}
                delivery.want(session, **wanted, items={"module:M1"})
        return world, base.session().scalars(select(ScorePublication.lane)).first() or ""


def admit(key: str, most: int = 50, **limits: float) -> int:
    """How many a worker that wants ``most`` gets."""
    return len(lane.admit(key, most=most, pace=PACE, limits=replace(LIMITS, **limits)).due)


def test_all_workers_together_never_pass_the_cap_and_a_dead_ones_places_come_back(any_app: Flask) -> None:
    _, key = filled()
    assert [admit(key, 5), admit(key, 5), admit(key, 5)] == [5, 3, 0]
    with later(seconds=PACE.lease_seconds + 1):
        assert admit(key) == LIMITS.most_at_once


def test_the_bucket_lets_a_burst_through_and_then_so_many_a_second(any_app: Flask) -> None:
    _, key = filled()
    limits = {"per_second": 2, "burst": 4, "most_at_once": 100}
    assert [admit(key, **limits), admit(key, **limits)] == [4, 0]
    with later(seconds=3):
        assert admit(key, **limits) == 4, "never more than the bucket holds"
        assert admit(key, **limits) == 0


def test_a_gate_that_lets_nobody_through_says_when_it_will(app: Flask) -> None:
    _, key = filled(people=5)
    slow = replace(LIMITS, per_second=0.5, burst=1)
    assert len(lane.admit(key, most=5, pace=PACE, limits=slow).due) == 1
    again = lane.admit(key, most=5, pace=PACE, limits=slow).again
    assert again is not None
    assert timedelta(0) < again - base.now() <= timedelta(seconds=2)


def test_a_paused_lms_gets_nothing_until_it_is_resumed(app: Flask) -> None:
    _, key = filled(people=3)
    lane.pause(lane=key, paused=True)
    assert lane.admit(key, most=5, pace=PACE, limits=LIMITS) == lane.Admission((), None)
    assert [one["paused"] for one in lane.listing()] == [True]
    lane.pause(lane=key, paused=False)
    assert admit(key) == 3


def test_an_operators_limits_hold_for_one_lms_until_they_are_taken_back(app: Flask) -> None:
    _, key = filled()
    assert lane.limit(lane=key, most_at_once=2, per_second=None)["most_at_once"] == 2
    assert admit(key) == 2
    lane.limit(lane=key, most_at_once=None, per_second=None)
    assert admit(key) == LIMITS.most_at_once - 2


@pytest.mark.parametrize("said", [{"most_at_once": 0, "per_second": None}, {"most_at_once": None, "per_second": -1.0}])
def test_what_is_no_limit_is_refused(app: Flask, said: dict[str, float | None]) -> None:
    _, key = filled(people=1)
    with pytest.raises(RuleBroken, match="lane_limit"):
        lane.limit(lane=key, **said)  # type: ignore[arg-type]
    with pytest.raises(RuleBroken, match="lane_unknown"):
        lane.pause(lane="nowhere", paused=True)


def test_two_organisations_on_one_server_share_its_lane(app: Flask) -> None:
    assert rules.lane_key("https://cloud.example", "https://a.example/li/1") == rules.lane_key("https://cloud.example", "https://A.example/2")
    assert rules.lane_key("https://cloud.example", "https://a.example/1") != rules.lane_key("https://cloud.example", "https://b.example/1")
    assert rules.lane_key("https://x.example", "https://a.example/1") != rules.lane_key("https://y.example", "https://a.example/1")


def test_the_numbers_of_a_lane_tell_its_breaker_and_how_requests_ended(app: Flask) -> None:
    _, key = filled(people=1)
    with base.transactional() as session:
        session.execute(update(DeliveryLane).values(breaker="open", done=7, later=2))
    found = {(name, labels.get("kind", "")): value for name, _, labels, value in figures.figures() if labels["lane"] == key}
    assert found["lti_mentoring_delivery_breaker", ""] == 2
    assert found["lti_mentoring_delivery_requests_total", "done"] == 7
    assert found["lti_mentoring_delivery_requests_total", "later"] == 2


@pytest.fixture
def own_town(make_settings: Callable[..., Settings], empty_database: Path, tmp_path: Path) -> Iterator[Town]:
    with town(make_settings, empty_database, tmp_path) as made:
        yield made


def test_two_activities_that_share_a_column_have_one_request_for_a_cell_at_a_time(own_town: Town) -> None:
    north = Station(own_town, "north")
    north.launch("candidate", "module-m1", "programme")
    north.change("programme", item="module:M1")
    with north.inside() as session:
        column = session.scalars(select(Placement.lineitem_url).where(Placement.item_source == "launch", Placement.title != "")).first()
        with base.transactional() as writing:
            writing.execute(update(Placement).values(lineitem_url=column))
    north.attempt(north.person_id("candidate"))
    (first,) = north.claim(most=5)
    north.settle(first, north.send(first))
    with later(seconds=2):
        (second,) = north.claim(most=5)
        assert first.timestamp is not None
        assert second.timestamp is not None
        assert second.timestamp > first.timestamp
        north.settle(second, north.send(second))
    assert north.share() == 1
    assert north.lms.state(log=False)["simultaneous"]["max_per_cell"] == 1



def test_what_a_worker_brings_that_has_lost_its_scores_teaches_the_gate_nothing(own_town: Town) -> None:
    north = Station(own_town, "north")
    north.launch("candidate", "module-m1")
    north.attempt(north.person_id("candidate"))
    (lost,) = north.claim()
    with later(seconds=PACE.lease_seconds + 1):
        (taken,) = north.claim()
        timed_out = Outcome(Verdict("later", None, "", "unreachable"))
        for _ in range(LIMITS.breaker_failures):
            north.settle(lost, timed_out)
        with own_town.app.app_context():
            assert [(one["breaker"], one["later"]) for one in lane.listing() if one["lane"] == north.lane()] == [("closed", 0)]
        north.settle(taken, north.send(taken))
    assert north.share() == 1
