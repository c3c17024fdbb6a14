# SPDX-License-Identifier: Apache-2.0
"""The outbox: what is wanted is written with its cause, sent once by one sender, in order, until it has arrived."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, update

from conftest import World, make_world
from lti_mentoring.domain.delivery import MOST_SERVER_FAULTS, Pace
from lti_mentoring.services import delivery, figures, lane, platform
from lti_mentoring.settings import Settings
from lti_mentoring.store import base
from lti_mentoring.store.delivery import ScorePublication
from lti_mentoring.store.people import Placement
from lti_mentoring.store.platform import Registration
from lti_mentoring.store.privacy import AuditEvent
from support.live import Town, town
from support.station import LIMITS, PACE, Station, later


@pytest.fixture
def own_town(make_settings: Callable[..., Settings], empty_database: Path, tmp_path: Path) -> Iterator[Town]:
    with town(make_settings, empty_database, tmp_path) as made:
        yield made


@pytest.fixture
def north(own_town: Town) -> Station:
    """A Moodle with a candidate who has opened module 1."""
    made = Station(own_town, "north")
    made.launch("candidate", "module-m1")
    return made


@pytest.fixture
def south(own_town: Town) -> Station:
    """An Open edX with a candidate who has opened module 1."""
    made = Station(own_town, "south")
    made.launch("candidate", "module-m1")
    return made


def rows() -> list[ScorePublication]:
    return list(base.session().scalars(select(ScorePublication).order_by(ScorePublication.id)))


def ask(world: World, name: str, *items: str) -> None:
    with base.transactional() as session:
        delivery.want(session, org_id=world.org_id, course_id=world.course_id, person_id=world.people[name], items=items)


# --- what is wanted --------------------------------------------------------------------------------------------------------------


def test_one_row_for_each_placement_and_person_however_often_it_is_asked_for(any_app: Flask) -> None:
    world = make_world("Northfield")
    with base.tenant(world.org_id):
        world.person("Ada")
        world.placement("module:M1")
        world.placement("programme")
        world.placement("observation")
        for _ in range(3):
            ask(world, "Ada", "module:M1")
        found = rows()
        assert sorted(row.wanted for row in found) == [3, 3]
        assert {row.state for row in found} == {"waiting"}


def test_the_row_is_part_of_the_transaction_that_causes_it(world: World) -> None:
    world.person("Ada")
    world.placement("module:M1")

    def cause() -> None:
        with base.transactional() as session:
            delivery.want(session, org_id=world.org_id, course_id=world.course_id, person_id=world.people["Ada"], items={"module:M1"})
            raise RuntimeError("changed my mind")

    with pytest.raises(RuntimeError, match="changed my mind"):
        cause()
    assert rows() == []


def test_the_lane_is_woken_after_the_commit_and_not_before(world: World, app: Flask) -> None:
    woken: list[set[str]] = []
    app.extensions["after_commit"] = lambda lanes: woken.append(set(lanes))
    world.person("Ada")
    world.placement("module:M1")
    with base.transactional() as session:
        delivery.want(session, org_id=world.org_id, course_id=world.course_id, person_id=world.people["Ada"], items={"module:M1"})
        assert woken == []
    assert woken == [{row.lane for row in rows()}]


def test_test_users_and_people_who_are_no_learners_get_no_grades(world: World) -> None:
    world.placement("module:M1")
    world.person("Preview", test_user=True)
    world.person("Teacher", standing="instructor")
    for name in ("Preview", "Teacher"):
        ask(world, name, "module:M1")
    assert rows() == []


def test_a_placement_without_a_column_gets_no_row_until_it_has_one(world: World) -> None:
    world.person("Ada")
    place = world.placement("module:M1", lineitem=None)
    ask(world, "Ada", "module:M1")
    assert rows() == []
    with base.transactional() as session:
        session.execute(update(Placement).where(Placement.id == place).values(lineitem_url="https://lms.example/li/2"))
    ask(world, "Ada", "module:M1")
    assert len(rows()) == 1


def test_a_new_decision_does_not_shorten_a_wait_that_the_platform_caused(world: World) -> None:
    world.person("Ada")
    world.placement("module:M1")
    ask(world, "Ada", "module:M1")
    until = base.now() + timedelta(hours=1)
    with base.transactional() as session:
        session.execute(update(ScorePublication).values(tries=3, next_at=until))
    ask(world, "Ada", "module:M1")
    assert [(row.wanted, row.tries, row.next_at) for row in rows()] == [(2, 3, until)]


def test_a_new_decision_revives_what_was_refused_held_or_set_aside(world: World) -> None:
    world.person("Ada")
    world.placement("module:M1")
    ask(world, "Ada", "module:M1")
    for state in ("refused", "held", "set_aside", "done"):
        with base.transactional() as session:
            session.execute(update(ScorePublication).values(state=state, tries=5))
        ask(world, "Ada", "module:M1")
        base.session().expire_all()
        assert [(row.state, row.tries) for row in rows()] == [("waiting", 0)], state


def test_an_activity_that_is_placed_late_is_brought_up_to_date(north: Station) -> None:
    who = north.person_id("candidate")
    north.attempt(who)
    north.launch("candidate", "programme")
    assert (row := north.row("programme")) is not None
    assert row.state == "waiting"


# --- what is sent ----------------------------------------------------------------------------------------------------------------


def test_a_mastered_module_arrives_as_complete(north: Station) -> None:
    north.attempt(north.person_id("candidate"))
    north.deliver()
    assert north.share() == 1
    sent = north.scores()[-1]
    assert (sent["scoreGiven"], sent["scoreMaximum"]) == (1, 1)
    assert (sent["activityProgress"], sent["gradingProgress"]) == ("Completed", "FullyGraded")
    assert not {"comment", "scoringUserId"} & set(sent)
    row = north.row()
    assert row is not None
    assert (row.state, row.settled, row.tries) == ("done", row.wanted, 0)
    assert row.sent_at is not None


def test_points_are_the_placements_choice(north: Station) -> None:
    north.change("module-m1", grading="points")
    north.attempt(north.person_id("candidate"))
    north.deliver()
    assert north.share() == pytest.approx(0.95)
    assert north.scores()[-1]["scoreMaximum"] == 100


def test_what_has_arrived_is_not_sent_again(north: Station) -> None:
    who = north.person_id("candidate")
    north.attempt(who)
    north.deliver()
    north.want_again(who)
    north.deliver()
    assert len(north.scores()) == 1
    assert (row := north.row()) is not None
    assert row.state == "done"


def test_moodle_hears_of_nothing_but_final_scores(north: Station) -> None:
    who = north.person_id("candidate")
    north.attempt(who, mastered=False)
    north.attempt(who, mastered=False, state="open")
    north.deliver()
    assert north.scores() == []
    assert (row := north.row()) is not None
    assert row.state == "done"
    assert row.sent_at is None


def test_other_platforms_hear_of_work_under_way_and_after_a_final_score_of_nothing_else(south: Station) -> None:
    who = south.person_id("candidate")
    south.attempt(who, mastered=False, state="open")
    south.deliver()
    south.attempt(who)
    south.deliver()
    south.attempt(who, mastered=False, state="open")
    south.deliver()
    told = [(one["activityProgress"], one["gradingProgress"]) for one in south.scores()]
    assert told == [("InProgress", "NotReady"), ("Completed", "FullyGraded")]
    assert south.share() == 1


def test_a_grade_that_holds_no_longer_is_cleared_and_can_come_back(north: Station) -> None:
    who = north.person_id("candidate")
    north.attempt(who)
    north.deliver()
    north.change("module-m1", item="observation")
    north.deliver()
    assert north.share() is None
    reset = north.scores()[-1]
    assert (reset["activityProgress"], reset["gradingProgress"]) == ("Initialized", "NotReady")
    assert "scoreGiven" not in reset
    north.change("module-m1", item="module:M1")
    north.deliver()
    assert north.share() == 1


def test_a_grade_that_was_to_be_taken_back_and_stands_again_is_not_taken_back_by_a_later_change(north: Station) -> None:
    north.attempt(north.person_id("candidate"))
    north.deliver()
    north.change("module-m1", item="observation")
    north.change("module-m1", item="module:M1")
    assert (row := north.row()) is not None
    assert row.void
    north.deliver()
    assert (row := north.row()) is not None
    assert (row.void, row.state, len(north.scores())) == (False, "done", 1)


def test_each_send_is_strictly_newer_than_the_last_in_whole_seconds_for_moodle(north: Station) -> None:
    who = north.person_id("candidate")
    north.attempt(who)
    north.deliver()
    for grading in ("points", "completion", "points"):
        north.change("module-m1", grading=grading)
        north.deliver()
    moments = [one["timestamp"][:19] for one in north.scores()]
    assert len(moments) == 4
    assert moments == sorted(set(moments))
    assert north.share() == pytest.approx(0.95)


def test_a_column_is_made_once_by_several_workers_and_is_kept_as_the_lms_named_it(south: Station) -> None:
    for persona in ("candidate", "second"):
        south.launch(persona, "programmatic")
    south.change("programmatic", item="module:M1")
    for persona in ("candidate", "second"):
        south.attempt(south.person_id(persona), activity="programmatic")
    jobs = south.claim(most=2, activity="programmatic")
    workers = [threading.Thread(target=lambda job=job: south.settle(job, south.send(job))) for job in jobs]
    assert len(workers) == 2
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    with later(minutes=5):
        south.deliver()
    made = [one for one in south.lms.state()["columns"] if one["resource_id"] == "module:M1"]
    assert len(made) == 1
    assert made[0]["tag"] == "module"
    assert [south.share("programmatic", persona) for persona in ("candidate", "second")] == [1, 1]
    with south.inside() as session:
        own = session.scalars(select(Placement.own_lineitem_url).where(Placement.own_lineitem_url.is_not(None))).one()
    assert own == made[0]["url"]


# --- trouble ---------------------------------------------------------------------------------------------------------------------


def test_a_throttled_grade_waits_as_long_as_it_was_asked_to_and_longer(north: Station) -> None:
    north.lms.fault("throttle", "scores", retry_after=120)
    north.attempt(north.person_id("candidate"))
    before = base.now()
    again = north.run(north.lane())
    row = north.row()
    assert row is not None
    assert (row.state, row.status, row.fault, row.tries) == ("waiting", 429, "busy", 1)
    assert again is not None
    assert again >= row.next_at >= before + timedelta(seconds=120 + PACE.base_seconds - 1)
    north.deliver()
    assert len(north.scores()) == 1
    with later(minutes=3):
        north.deliver()
    assert north.share() == 1


def test_waits_grow_while_the_lms_is_down_and_the_grade_arrives_once_it_is_back(north: Station) -> None:
    north.lms.fault("down", "scores")
    north.attempt(north.person_id("candidate"))
    waits = []
    for hour in range(3):
        with later(hours=hour):
            north.deliver()
            row = north.row()
            assert row is not None
            waits.append(round((row.next_at - base.now()).total_seconds()))
    assert waits == [10, 20, 40]
    north.lms.clear()
    with later(hours=4):
        north.deliver()
    assert north.share() == 1


def test_an_lms_that_keeps_answering_500_is_shown_to_staff_in_the_end(north: Station) -> None:
    north.lms.fault("error", "scores", status=500, times=100)
    north.attempt(north.person_id("candidate"))
    for hour in range(MOST_SERVER_FAULTS):
        with later(hours=2 * hour):
            north.deliver()
    row = north.row()
    assert row is not None
    assert (row.state, row.fault, row.status, row.tries) == ("refused", "server_error", 500, MOST_SERVER_FAULTS)


def test_so_many_troubles_in_a_row_leave_the_platform_alone(north: Station) -> None:
    for persona in ("second", "nameless"):
        north.launch(persona, "module-m1")
    people = [north.person_id(persona) for persona in ("candidate", "second", "nameless")]
    for who in [*people, *(north.stranger("module-m1") for _ in range(4))]:
        north.attempt(who)
    north.lms.fault("down", "scores")
    again = north.run(north.lane())
    assert len(north.scores()) == LIMITS.breaker_failures
    assert again is not None
    assert again >= base.now() + timedelta(seconds=LIMITS.breaker_seconds - 1)
    with later(seconds=LIMITS.breaker_seconds + 1):
        north.run(north.lane())
        assert len(north.scores()) == LIMITS.breaker_failures + 1, "one probe"
    north.lms.clear()
    with later(minutes=10):
        north.deliver()
        assert [north.share(persona=persona) for persona in ("candidate", "second", "nameless")] == [1, 1, 1]


def test_an_lms_that_no_longer_takes_our_sign_in_is_marked_until_a_grade_arrives(north: Station) -> None:
    def attention() -> str:
        with north.inside() as session:
            return str(session.scalars(select(Registration.attention).where(Registration.id == registration)).one())

    registration, lane = north.registration(), north.lane()
    with north.inside(), base.transactional() as session:
        session.execute(update(Registration).where(Registration.id == registration).values(token_audience="https://elsewhere.example/token"))
    for who in (north.person_id("candidate"), *(north.stranger("module-m1") for _ in range(4))):
        north.attempt(who)
    north.run(lane)
    assert attention() == "credentials"
    assert len(north.lms.messages("token")) == 1
    assert north.scores() == []
    with later(minutes=2):
        north.deliver()
        assert len(north.lms.messages("token")) == 2, "one grade asked whether it is mended"
    with north.inside(), base.transactional() as session:
        session.execute(update(Registration).where(Registration.id == registration).values(token_audience=None))
    with later(minutes=10):
        north.deliver()
        north.deliver()
    assert north.share() == 1
    assert attention() == ""


def test_a_refused_grade_keeps_the_lmss_own_words_and_is_not_sent_again_by_itself(north: Station) -> None:
    who = north.stranger("module-m1")
    north.attempt(who)
    north.deliver()
    row = north.row(person_id=who)
    assert row is not None
    assert (row.state, row.fault, row.status) == ("refused", "user_not_gradable", 400)
    assert "Incorrect score received" in row.words
    with later(days=30):
        north.deliver()
    assert len(north.scores()) == 1


def test_a_newer_grade_in_the_lms_is_read_back_and_held(north: Station) -> None:
    who = north.person_id("candidate")
    with later(hours=1):
        north.lms.grade_by_hand("module-m1", "candidate", 6)
    north.attempt(who)
    north.deliver()
    row = north.row()
    assert row is not None
    assert (row.state, row.fault, row.status) == ("held", "newer_grade", 409)
    assert (row.lms_given, row.lms_maximum) == (6, 10)
    with later(days=1):
        north.deliver()
    assert len(north.scores()) == 1
    assert north.lms.messages("results")


def test_a_newer_grade_that_equals_ours_is_done(north: Station) -> None:
    with later(hours=1):
        north.lms.grade_by_hand("module-m1", "candidate", 10)
    north.attempt(north.person_id("candidate"))
    north.deliver()
    row = north.row()
    assert row is not None
    assert (row.state, row.words) == ("done", "")


# --- one sender, fenced ----------------------------------------------------------------------------------------------------------


def test_of_many_workers_one_gets_the_claim(north: Station) -> None:
    north.attempt(north.person_id("candidate"))
    won: list[int] = []
    workers = [threading.Thread(target=lambda: won.append(len(north.claim()))) for _ in range(8)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert sorted(won) == [0] * 7 + [1]


def test_the_claim_is_one_winners_on_each_database(any_app: Flask) -> None:
    world = make_world("Northfield")
    with base.tenant(world.org_id):
        world.person("Ada")
        world.placement("module:M1")
        ask(world, "Ada", "module:M1")
        key = rows()[0].lane
    won: list[int] = []

    def work() -> None:
        with any_app.app_context():
            won.append(len(lane.admit(key, most=5, pace=PACE, limits=LIMITS).due))

    workers = [threading.Thread(target=work) for _ in range(6)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    with base.tenant(world.org_id):
        assert [(one.attempt, one.state) for one in rows()] == [(1, "sending")]
    assert sorted(won) == [0] * 5 + [1]


def test_a_settlement_that_comes_too_late_changes_nothing(north: Station) -> None:
    north.attempt(north.person_id("candidate"))
    (slow,) = north.claim()
    outcome = north.send(slow)
    with later(seconds=PACE.lease_seconds + 1):
        (quick,) = north.claim()
        north.settle(slow, outcome)
        held = north.row()
        assert held is not None
        assert (held.state, held.attempt, held.sent_at) == ("sending", 2, None)
        north.settle(quick, north.send(quick))
    done = north.row()
    assert done is not None
    assert done.state == "done"


def test_after_a_crash_between_sending_and_settling_it_is_sent_once_more_and_newer(north: Station) -> None:
    north.attempt(north.person_id("candidate"))
    (job,) = north.claim()
    north.send(job)
    north.deliver()
    assert len(north.scores()) == 1, "the lease still holds"
    with later(seconds=PACE.lease_seconds + 1):
        north.deliver()
        north.deliver()
    first, second = (one["timestamp"] for one in north.scores())
    assert first < second
    assert north.share() == 1


def test_a_decision_while_a_score_is_on_its_way_is_sent_next(north: Station) -> None:
    north.attempt(north.person_id("candidate"))
    (job,) = north.claim()
    outcome = north.send(job)
    north.change("module-m1", grading="points")
    held = north.row()
    assert held is not None
    assert held.state == "sending", "one request for one cell at a time"
    north.settle(job, outcome)
    again = north.row()
    assert again is not None
    assert (again.state, again.settled, again.wanted) == ("waiting", 1, 2)
    north.deliver()
    assert north.share() == pytest.approx(0.95)
    assert north.lms.state(log=False)["simultaneous"]["max_per_cell"] == 1


# --- the loop, the sweep, the numbers --------------------------------------------------------------------------------------------


def test_a_run_ends_after_its_batch_and_says_that_there_is_more(north: Station) -> None:
    north.launch("second", "module-m1")
    for persona in ("candidate", "second"):
        north.attempt(north.person_id(persona))
    again = north.run(north.lane(), Pace(60, 10, 3600, batch=1))
    assert again is not None
    assert again <= base.now()
    assert north.run(north.lane()) is None
    assert [north.share(persona=persona) for persona in ("candidate", "second")] == [1, 1]


def test_the_sweep_finds_what_is_due_and_what_a_dead_worker_held(north: Station) -> None:
    app, lane = north.town.app, north.lane()

    def sweep() -> list[str]:
        with app.app_context():
            return delivery.sweep()

    assert sweep() == []
    north.attempt(north.person_id("candidate"))
    assert sweep() == [lane]
    assert len(north.claim()) == 1
    assert sweep() == []
    with later(seconds=PACE.lease_seconds + 1):
        assert sweep() == [lane]
        with app.app_context():
            platform.disable(registration_id=north.registration())
        assert sweep() == []
        assert north.run(lane) is None


def test_what_was_told_to_an_lms_is_in_the_record(north: Station) -> None:
    north.attempt(north.person_id("candidate"))
    north.deliver()
    with north.inside() as session:
        line = session.scalars(select(AuditEvent).where(AuditEvent.object_kind == "score")).one()
    assert (line.verb, line.actor_id, line.facts["told"]) == ("deliver", "system", "FullyGraded")


def test_the_numbers_say_how_much_waits_and_how_long(north: Station) -> None:
    north.attempt(north.person_id("candidate"))
    lane = north.lane()

    def numbers() -> dict[tuple[str, str], float]:
        with north.town.app.app_context():
            return {(name, labels.get("state", "")): value for name, _, labels, value in figures.figures() if labels["lane"] == lane}

    with later(seconds=90):
        found = numbers()
    assert found["lti_mentoring_delivery_due", ""] == 1
    assert 89 < found["lti_mentoring_delivery_oldest_due_seconds", ""] < 120
    assert found["lti_mentoring_delivery_scores", "waiting"] == 1
    north.deliver()
    found = numbers()
    assert found["lti_mentoring_delivery_due", ""] == 0
    assert found["lti_mentoring_delivery_scores", "done"] == 1


def test_send_again_does_not_wait_for_the_rest_of_a_refused_sign_in(north: Station) -> None:
    registration = north.registration()
    with north.inside(), base.transactional() as session:
        elsewhere = {"token_audience": "https://elsewhere.example/token"}
        session.execute(update(Registration).where(Registration.id == registration).values(**elsewhere))
    north.attempt(north.person_id("candidate"))
    north.deliver()
    row = north.row()
    assert row is not None
    assert (row.state, row.fault) == ("refused", "credentials")
    with north.inside(), base.transactional() as session:
        session.execute(update(Registration).where(Registration.id == registration).values(token_audience=None))
    with north.town.app.app_context():
        delivery.retry_by_operator(org_id=north.org_id, publication_id=row.id)
    north.deliver()
    assert north.share() == 1
