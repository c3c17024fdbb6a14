# SPDX-License-Identifier: Apache-2.0
"""Observers qualify by exercises, for a year; the clock and their own ratings end it; and that decides what a rating counts for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from conftest import World, make_world
from lti_mentoring.domain import qualification as rules
from lti_mentoring.domain.observation import Rating
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.period import add_months
from lti_mentoring.domain.programme import Policy
from lti_mentoring.domain.qualification import COUNTS, PROVISIONAL, SET_ASIDE, Standing
from lti_mentoring.services import intake, observation, programme, qualification, rating
from lti_mentoring.services.rating import Note
from lti_mentoring.store import base
from lti_mentoring.store.notification import Notification
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.privacy import AuditEvent
from lti_mentoring.store.qualification import ObserverQualification
from lti_mentoring.store.rating import SubmittedRating
from support import doubled
from support.qualifying import RUBRIC, asks, both_rated, rated, two_off
from support.racing import at_once

SAME, OFF = [(3, 3)] * 10, [(2, 4)] * 10


def staffed(made: World) -> World:
    asks(made)
    made.person("Candidate")
    made.person("Lead", "coordinator", standing="instructor")
    return made


@pytest.fixture
def place(world: World) -> World:
    """An organisation whose course asks for a qualification."""
    return staffed(world)


@pytest.fixture
def any_place(any_app: Flask) -> Iterator[World]:
    """The same, on each database."""
    made = make_world("Northfield")
    with base.tenant(made.org_id):
        yield staffed(made)


def observer(place: World, name: str = "Observer") -> Actor:
    return place.person(name, "observer", standing="instructor")


def policy(actor: Actor) -> Policy:
    return programme.load(intake.version_here(actor)).policy


def standing(who: Actor, day: date | None = None, **more: str) -> Standing:
    with base.transactional() as session:
        return qualification.standing_of(
            session,
            course_id=who.course_id,
            person_id=who.person_id,
            rubric=more.get("rubric", RUBRIC),
            policy=policy(who),
            day=day or base.now().date(),
        )


def states(who: Actor) -> list[tuple[str, str]]:
    with base.transactional() as session:
        held = qualification.of(session, course_id=who.course_id, person_id=who.person_id, rubric=RUBRIC)
        return [(one.state, one.basis) for one in held]


def told(who: Actor) -> list[str]:
    query = select(Notification.kind).where(Notification.person_id == who.person_id)
    return list(base.session().scalars(query.order_by(Notification.kind)))


def swept(now: datetime) -> int:
    """A worker looks, outside of any organisation."""
    org_id = base.current_tenant()
    base.session().rollback()
    base.session().expire_all()
    base._scope.set(None)
    try:
        return qualification.sweep(now=now)
    finally:
        base._scope.set(org_id)


def test_two_exercises_of_the_pack_qualify_for_a_year(place: World):
    who = observer(place)
    assert standing(who) == Standing(PROVISIONAL, rules.NONE)
    rated(who, "T1")
    assert (states(who), standing(who).weight) == ([], PROVISIONAL), "one exercise is not enough"
    rated(who, "T2")
    today = base.now().date()
    assert (states(who), standing(who)) == ([("current", "full")], Standing(COUNTS))
    assert standing(who, today - timedelta(days=1)) == Standing(PROVISIONAL, rules.NONE), "not for what they saw the day before"
    assert standing(who, add_months(today, 12)) == Standing(PROVISIONAL, rules.LAPSED)
    lines = base.session().scalars(select(AuditEvent).where(AuditEvent.object_kind == qualification.KIND)).all()
    assert [(line.verb, line.actor_id, line.facts) for line in lines] == [("qualify", who.person_id, {"rubric": RUBRIC, "basis": "full"})]


def test_who_rates_far_from_the_master_does_not_qualify_and_fresh_exercises_mend_it(place: World):
    who = observer(place)
    rated(who, "T1", two_off)
    rated(who, "T1")
    rated(who, "T2")
    assert states(who) == [], "whoever has seen the master ratings knows them"
    rated(who, "T3")
    assert states(who) == [("current", "full")]


def test_exercises_on_another_rubric_qualify_for_that_one_alone(place: World):
    who = observer(place)
    rated(who, "T7")
    rated(who, "T8")
    assert (states(who), standing(who, rubric="RU-D")) == ([], Standing(COUNTS))


def test_a_rubric_without_exercises_asks_for_nothing(place: World):
    assert standing(observer(place), rubric="RU-A") == Standing(COUNTS)


def test_a_policy_without_it_asks_for_nothing(place: World):
    who = observer(place)
    with base.transactional() as session:
        lenient = replace(policy(who), qualifying=None)
        about = {"course_id": who.course_id, "person_id": who.person_id, "rubric": RUBRIC, "policy": lenient, "day": base.now().date()}
        assert qualification.standing_of(session, **about) == Standing(COUNTS)


def test_the_first_ratings_count_on_repeated_exercises_and_the_sixth_waits(world: World):
    asks(world, "starter")
    world.person("Candidate")
    who, other = observer(world), observer(world, "Other")
    rated(who, "T1", two_off)
    rated(who, "T1")
    rated(who, "T2")
    assert (states(who), standing(who)) == ([("current", "short")], Standing(COUNTS))
    made = [both_rated(world, "Candidate", who, other, SAME[:1]) for _ in range(5)]
    assert standing(who) == Standing(PROVISIONAL, "full_calibration_due")
    with base.transactional() as session:
        about = {"course_id": who.course_id, "person_id": who.person_id, "rubric": RUBRIC, "policy": policy(who)}
        again = qualification.standing_of(session, day=base.now().date(), apart_from=made[-1], **about)
    assert again == Standing(COUNTS), "a correction of the fifth is still the fifth"
    rated(who, "T3")
    assert (states(who)[-1], standing(who)) == (("current", "full"), Standing(COUNTS))


def test_the_end_is_told_a_month_before_and_on_the_day_once(place: World):
    who = observer(place)
    rated(who, "T1")
    rated(who, "T2")
    end = datetime.combine(add_months(base.now().date(), 12), datetime.min.time(), base.now().tzinfo)
    assert swept(end - timedelta(days=31)) == 0
    for _ in range(2):
        swept(end - timedelta(days=30))
    assert told(who) == ["standing_ends"]
    for _ in range(2):
        swept(end)
    assert (states(who), told(who)) == ([("lapsed", "full")], ["standing_changed", "standing_ends"])
    assert told(place.actor("Lead")) == ["observer_standing"]
    assert swept(end) == 0, "nothing is due any more"


def test_drift_over_twenty_criteria_suspends_and_new_exercises_bring_somebody_back(any_place: World):
    place = any_place
    who, other = observer(place), observer(place, "Other")
    for key in ("T1", "T2"):
        rated(who, key)
    for pairs in (OFF, OFF):
        both_rated(place, "Candidate", who, other, pairs)
    now = base.now() + timedelta(minutes=5)
    assert swept(now) == 1
    assert (states(who), standing(who), told(who)) == ([("suspended", "full")], Standing(SET_ASIDE, rules.SUSPENDED), ["standing_changed"])
    assert swept(now) == 0
    with base.transactional() as session:  # the exercises come after the suspension, which lay ahead of this test's clock
        row = session.scalars(select(ObserverQualification)).one()
        row.since_at = base.now()
    rated(who, "T3")
    assert states(who) == [("suspended", "full")]
    rated(who, "T4")
    assert states(who) == [("suspended", "full"), ("current", "full")]
    swept(base.now() + timedelta(minutes=6))
    assert states(who)[-1] == ("current", "full"), "what suspended them once does not do so again"


@pytest.mark.parametrize("why", ["not released yet", "beside a rating that waits itself", "too few"])
def test_nothing_else_suspends(place: World, why: str):
    who, other = observer(place), observer(place, "Other")
    for key in ("T1", "T2"):
        rated(who, key)
    facts = {"not released yet": {"state": "rated"}, "beside a rating that waits itself": {"weight": "provisional"}, "too few": {}}[why]
    for pairs in (OFF, OFF[:9] if why == "too few" else OFF):
        both_rated(place, "Candidate", who, other, pairs, at=base.now() + timedelta(minutes=1), **facts)
    swept(base.now() + timedelta(minutes=5))
    assert states(who) == [("current", "full")]


def test_two_workers_end_it_once(any_place: World, any_app: Flask):
    who = observer(any_place)
    for key in ("T1", "T2"):
        rated(who, key)
    end = base.now() + timedelta(days=400)
    assert at_once(any_app, [lambda: swept(end)] * 2) == [None, None]
    base.session().rollback()
    assert base.session().scalar(select(func.count()).where(AuditEvent.verb == "lapse")) == 1
    assert told(who) == ["standing_changed"]


def submitted(place: World, who: Actor) -> tuple[str, str, str]:
    """A session of today, rated and submitted. -> its state, and what the rating counts for and why"""
    lead = place.actor("Lead")
    made = observation.plan(
        actor=lead,
        candidacy_id=place.candidacy_id("Candidate"),
        observer_id=who.person_id,
        planned_for=base.now().date(),
        protege_label="A new colleague",
    )
    note = Note(base.new_id(), "“What would you like to leave here with?”")
    rating.save_note(actor=who, observation_id=made, note=note)
    keys = [row.criterion.key for row in observation.sheet(actor=who, observation_id=made).criteria]
    said = [Rating(key, 3, note_ids=(note.id,)) for key in keys]
    draft = rating.save_draft(actor=who, observation_id=made, revision=0, ratings=said, consent=True)
    rating.submit(actor=who, observation_id=made, revision=draft.revision)
    base.session().rollback()
    base.session().expire_all()
    row = base.session().scalars(select(SubmittedRating).where(SubmittedRating.observation_id == made)).one()
    return base.session().scalars(select(Observation.state).where(Observation.id == made)).one(), row.weight, row.weight_reason


def test_a_rating_by_who_is_not_qualified_is_kept_and_waits_for_one_who_is(place: World):
    assert submitted(place, observer(place)) == ("rated", PROVISIONAL, rules.NONE)


def test_an_observer_reads_on_their_sheet_whether_the_rating_will_count(place: World):
    who = observer(place)
    made = doubled.planned(place, who, "Candidate", day=base.now().date())
    assert observation.sheet(actor=who, observation_id=made).weight == PROVISIONAL
    for key in ("T1", "T2"):
        rated(who, key)
    assert observation.sheet(actor=who, observation_id=made).weight == COUNTS


def test_a_rating_by_who_is_suspended_is_kept_and_set_aside(place: World):
    who, other = observer(place), observer(place, "Other")
    for key in ("T1", "T2"):
        rated(who, key)
    for pairs in (OFF, OFF):
        both_rated(place, "Candidate", who, other, pairs)
    swept(base.now())
    assert submitted(place, who) == ("rated", SET_ASIDE, rules.SUSPENDED)


def test_a_rating_by_who_is_qualified_counts(place: World):
    who = observer(place)
    for key in ("T1", "T2"):
        rated(who, key)
    assert submitted(place, who)[1:] == (COUNTS, "")
