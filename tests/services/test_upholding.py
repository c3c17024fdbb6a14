# SPDX-License-Identifier: Apache-2.0
"""The conflict guard over observations, on both databases: planned, rated, released, and looked at again when somebody says something."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from conftest import World, make_world
from lti_mentoring.domain.observation import Rating
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.services import (
    assessor,
    attestation,
    exempting,
    matter,
    observation,
    planning,
    relation,
    reporting_line,
    sweeping,
    upholding,
)
from lti_mentoring.services import conflict as guard
from lti_mentoring.services.declaring import Declared
from lti_mentoring.services.observation import Note
from lti_mentoring.services.reporting_line import Manager
from lti_mentoring.store import base
from lti_mentoring.store.conflict import ConflictWatch
from lti_mentoring.store.delivery import ScorePublication
from lti_mentoring.store.field import Participant
from lti_mentoring.store.notification import Notification
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.rating import Rater
from support.racing import at_once

Cast = dict[str, Any]


@pytest.fixture
def world(any_app: Flask) -> Iterator[World]:
    """An organisation in scope, on each database."""
    made = make_world("Northfield")
    with base.tenant(made.org_id):
        yield made


@pytest.fixture
def cast(world: World) -> Cast:
    """A candidate and their observer, who leads the course, and two of the staff from elsewhere. Everybody has said who manages them."""
    made = {
        "candidate": world.person("F. Martins"),
        "observer": world.person("T. Lindqvist", "observer", standing="instructor"),
        "lead": world.person("R. Okafor", "coordinator", standing="instructor"),
        "one": world.person("D. Eze", "deputy", standing="instructor"),
        "two": world.person("K. Aalto", "trainer", standing="instructor"),
    }
    for name, unit in (("candidate", "Ward 3"), ("observer", "Ward 3"), ("one", "Ward 1"), ("two", "Ward 2")):
        reporting_line.enter(actor=made["lead"], person_id=made[name].person_id, managers=[], unit=unit)
    world.placement("observation")
    return made


def today() -> Any:
    return base.now().date()


def manages(cast: Cast, *, since_days: int = 30, kind: str = "direct") -> None:
    """The candidate says that their observer has managed them for so long."""
    told = Manager(kind, person_id=cast["observer"].person_id, since=today() - timedelta(days=since_days))
    with base.transactional() as session:
        reporting_line.attest(session, actor=cast["candidate"], managers=[told])


def planned(world: World, cast: Cast, **changes: Any) -> str:
    given = {"actor": cast["lead"], "observer_id": cast["observer"].person_id, "planned_for": today(), "protege_label": "A"}
    return observation.plan(candidacy_id=world.candidacy_id("F. Martins"), **(given | changes))


def drafted(cast: Cast, made: str, *, consent: bool | None = True) -> int:
    observer = cast["observer"]
    note = Note(base.new_id(), "Asks an open question and waits.")
    observation.save_note(actor=observer, observation_id=made, note=note)
    page = observation.sheet(actor=observer, observation_id=made)
    ratings = [Rating(row.criterion.key, 3, note_ids=(note.id,)) for row in page.criteria]
    return observation.save_draft(actor=observer, observation_id=made, revision=page.revision, ratings=ratings, consent=consent).revision


def rated(world: World, cast: Cast, *, held: bool = False) -> str:
    """A session that was rated; ``held``: a second person was asked, so that it is not released."""
    made = planned(world, cast)
    if held:
        with base.transactional() as session:
            session.get_one(Observation, (cast["lead"].org_id, made)).second_reasons = "drawn"
    observation.submit(actor=cast["observer"], observation_id=made, revision=drafted(cast, made))
    assert state(made) == ("rated" if held else "released")
    return made


def fresh() -> Any:
    base.session().rollback()
    base.session().expire_all()
    return base.session()


def state(made: str) -> str:
    return str(fresh().scalars(select(Observation.state).where(Observation.id == made)).one())


def verdict(made: str) -> str:
    return guard.standing(fresh(), "observation", [made]).get(made, "none")


def swept() -> None:
    """A worker looks, outside of any organisation."""
    org_id = base.current_tenant()
    base.session().rollback()
    base._scope.set(None)
    try:
        guard.sweep(now=base.now(), acts=upholding)
    finally:
        base._scope.set(org_id)


def told(person: Any, kind: str) -> int:
    own = (Notification.person_id == person.person_id, Notification.kind == kind)
    return len(fresh().scalars(select(Notification.id).where(*own)).all())


# --- planning ---------------------------------------------------------------------------------------------------------------------


def test_who_manages_the_candidate_is_not_planned_and_the_refusal_says_why(world: World, cast: Cast):
    manages(cast)
    with pytest.raises(RuleBroken, match="conflict_needs_override") as refused:
        planned(world, cast)
    (found,) = refused.value.facts["findings"]  # type: ignore[misc]
    assert (found.rule, found.code, found.one) == ("R7", "line_manages", cast["observer"].person_id)
    assert refused.value.facts["names"][found.one] == "T. Lindqvist"  # type: ignore[index]
    assert fresh().scalars(select(Observation)).all() == []


@pytest.mark.parametrize("who", ["candidate", "observer"])
def test_a_declared_relation_closes_it_whoever_of_the_two_declared_it_even_to_an_exception(world: World, cast: Cast, who: str):
    other = {"candidate": "observer", "observer": "candidate"}[who]
    relation.declare(actor=cast[who], other_id=cast[other].person_id)
    with pytest.raises(RuleBroken, match="conflict_closed"):
        planned(world, cast, exception=True)


def test_what_nobody_has_said_yet_is_planned_and_held_and_whoever_could_say_it_is_asked_once(world: World, cast: Cast):
    untold = world.person("N. Okoye", told=False)
    for _ in range(2):
        made = observation.plan(
            actor=cast["lead"],
            candidacy_id=world.candidacy_id("N. Okoye"),
            observer_id=cast["observer"].person_id,
            planned_for=today(),
            protege_label="A",
        )
    assert (verdict(made), told(untold, "line_wanted"), told(cast["observer"], "line_wanted")) == ("unattested", 1, 0)
    attestation.say(actor=untold, declared=Declared(nobody=True))
    swept()
    assert verdict(made) == "clear"


def test_the_rating_of_a_held_session_is_kept_and_released_once_it_is_said_who_manages_whom(world: World, cast: Cast):
    untold = world.person("N. Okoye", told=False)
    facts = {"observer_id": cast["observer"].person_id, "planned_for": today(), "protege_label": "A"}
    made = observation.plan(actor=cast["lead"], candidacy_id=world.candidacy_id("N. Okoye"), **facts)
    observation.submit(actor=cast["observer"], observation_id=made, revision=drafted(cast, made))
    assert state(made) == "rated", "nothing of it counts yet"
    attestation.say(actor=untold, declared=Declared(nobody=True))
    swept()
    assert state(made) == "released"


def test_the_list_of_observers_says_who_cannot_and_why(world: World, cast: Cast):
    manages(cast)
    world.person("A. Free", "observer", standing="instructor")
    page = planning.candidates(actor=cast["lead"], chosen=world.candidacy_id("F. Martins"))
    assert [(one.name, one.verdict) for one in page.observers] == [("A. Free", "clear"), ("T. Lindqvist", "needs_override")]
    assert page.observers[1].findings[0].code == "line_manages"


def test_an_observation_that_was_called_off_is_looked_at_no_more(world: World, cast: Cast):
    made = planned(world, cast)
    observation.cancel(actor=cast["lead"], observation_id=made)
    assert fresh().scalars(select(ConflictWatch.ended_at)).one() is not None
    manages(cast)
    swept()
    assert told(cast["lead"], "conflict_found") == 0


# --- rating -----------------------------------------------------------------------------------------------------------------------


def test_a_line_that_began_since_the_plan_stops_the_rating_and_the_draft_stays(world: World, cast: Cast):
    made = planned(world, cast)
    revision = drafted(cast, made)
    manages(cast)
    with pytest.raises(RuleBroken, match="conflict_needs_override"):
        observation.submit(actor=cast["observer"], observation_id=made, revision=revision)
    assert state(made) == "drafting"
    assert observation.sheet(actor=cast["observer"], observation_id=made).revision == revision


def test_a_line_that_begins_after_the_rating_leaves_it_alone(world: World, cast: Cast):
    made = rated(world, cast)
    with base.transactional() as session:
        told = Manager("direct", person_id=cast["observer"].person_id, since=today() + timedelta(days=1))
        reporting_line.attest(session, actor=cast["candidate"], managers=[told])
    swept()
    assert (verdict(made), state(made)) == ("clear", "released")


# --- looked at again ----------------------------------------------------------------------------------------------------------------


def test_a_line_told_between_rating_and_release_holds_the_result_and_tells_who_leads(world: World, cast: Cast):
    made = rated(world, cast, held=True)
    manages(cast)
    assert verdict(made) == "unattested", "held at once, before the worker has looked"
    for _ in range(2):
        swept()
    assert (state(made), verdict(made), told(cast["lead"], "conflict_found")) == ("rated", "needs_override", 1)
    page = matter.overview(actor=cast["lead"])
    assert [(one.observation_id, one.findings[0].code) for one in page.held] == [(made, "line_manages")]


def test_after_the_release_it_is_flagged_and_one_press_sets_it_aside_with_its_grade(world: World, cast: Cast):
    made = rated(world, cast)
    manages(cast)
    swept()
    (one,) = matter.overview(actor=cast["lead"]).held
    assert (state(made), one.released, told(cast["lead"], "conflict_found")) == ("released", True, 1)
    observation.void(actor=cast["lead"], observation_id=made, reason="conflict")
    assert (state(made), told(cast["candidate"], "observation_news")) == ("void", 1)
    assert matter.overview(actor=cast["lead"]).held == ()
    assert fresh().scalars(select(ScorePublication)).all() != []


@pytest.mark.parametrize("held", [True, False])
def test_what_was_rated_in_a_conflict_without_exception_is_set_aside_by_itself(world: World, cast: Cast, held: bool):
    made = rated(world, cast, held=held)
    day = today() - timedelta(days=10)
    relation.declare(actor=cast["observer"], other_id=cast["candidate"].person_id, since=day)
    swept()
    row = fresh().scalars(select(Observation).where(Observation.id == made)).one()
    assert (row.state, row.void_reason) == ("void", "conflict")
    assert (told(cast["lead"], "conflict_found"), told(cast["candidate"], "observation_news")) == (1, int(not held))


def test_the_worker_does_it_in_its_round(world: World, cast: Cast):
    made = rated(world, cast)
    relation.declare(actor=cast["observer"], other_id=cast["candidate"].person_id, since=today() - timedelta(days=10))
    base.session().rollback()
    base._scope.set(None)
    sweeping.sweep(now=base.now())
    base._scope.set(world.org_id)
    assert state(made) == "void"


def test_a_further_person_in_a_conflict_is_relieved_and_the_first_rating_stays(world: World, cast: Cast):
    made = rated(world, cast, held=True)
    second = world.person("P. Oduya", "observer", standing="instructor")
    with base.transactional() as session:
        seat = base.new_id()
        session.add(Rater(id=seat, observation_id=made, person_id=second.person_id, purpose="second", assigned_by="a test"))
    second = world.actor("P. Oduya")
    page = observation.sheet(actor=second, observation_id=made)
    observation.save_note(actor=second, observation_id=made, note=Note(base.new_id(), "Waits."))
    page = observation.sheet(actor=second, observation_id=made)
    ratings = [Rating(row.criterion.key, 1) for row in page.criteria]
    revision = observation.save_draft(actor=second, observation_id=made, revision=page.revision, ratings=ratings).revision
    with base.transactional() as session:  # somebody else has still to rate, so that it is not released
        session.get_one(Observation, (cast["lead"].org_id, made)).second_reasons = "drawn"
        session.add(Rater(observation_id=made, person_id=cast["candidate"].person_id, purpose="self", assigned_by="a test"))
    observation.submit(actor=second, observation_id=made, revision=revision)
    assert state(made) == "rated"
    relation.declare(actor=second, other_id=cast["candidate"].person_id, since=today() - timedelta(days=10))
    swept()
    assert fresh().scalars(select(Rater.state).where(Rater.id == seat)).one() == "ended"
    assert state(made) == "rated"


# --- exceptions ---------------------------------------------------------------------------------------------------------------------


def asked_for(world: World, cast: Cast) -> tuple[str, str]:
    """A session that needs an exception, planned, and the exception asked for. -> both ids"""
    manages(cast, kind="dotted")
    made = planned(world, cast, exception=True)
    (one,) = matter.overview(actor=cast["lead"]).held
    said = {"reason": "Nobody else speaks Basque.", "safeguards": "The deputy sits in.", "ends_on": today() + timedelta(days=30)}
    return made, exempting.request(actor=cast["lead"], matter_id=one.id, **said)


def test_with_an_exception_it_is_planned_held_agreed_rated_and_released(world: World, cast: Cast):
    made, exception = asked_for(world, cast)
    revision = drafted(cast, made)
    with pytest.raises(RuleBroken, match="conflict_needs_override"):
        observation.submit(actor=cast["observer"], observation_id=made, revision=revision)
    assert [told(cast[name], "exception_waits") for name in ("candidate", "one", "two", "observer")] == [1, 1, 1, 0]
    (row,) = matter.for_me(actor=cast["candidate"])
    assert (row.may_agree, row.may_approve, row.missing) == (True, False, ("F. Martins",))
    exempting.agree(actor=cast["candidate"], override_id=exception)
    for name in ("one", "two"):
        assert matter.for_me(actor=cast[name])[0].may_approve
        exempting.approve(actor=cast[name], override_id=exception)
    assert verdict(made) == "warn"
    observation.submit(actor=cast["observer"], observation_id=made, revision=revision)
    assert state(made) == "released"


def test_who_asked_for_an_exception_never_approves_it_themself(world: World, cast: Cast):
    reporting_line.enter(actor=cast["one"], person_id=cast["lead"].person_id, managers=[], unit="Ward 4")
    _, exception = asked_for(world, cast)
    with pytest.raises(RuleBroken, match="override_of_ones_own"):
        exempting.approve(actor=cast["lead"], override_id=exception)


def test_two_who_approve_at_once_are_both_heard_and_the_matter_goes_on(any_app: Flask, world: World, cast: Cast):
    made, exception = asked_for(world, cast)
    exempting.agree(actor=cast["candidate"], override_id=exception)
    base.session().rollback()
    acts = [lambda name=name: exempting.approve(actor=cast[name], override_id=exception) for name in ("one", "two")]
    assert at_once(any_app, acts) == [None, None]
    assert verdict(made) == "warn"


def test_whoever_agreed_takes_it_back_and_what_is_not_rated_yet_is_held_again(world: World, cast: Cast):
    made, exception = asked_for(world, cast)
    for verb, name in ((exempting.agree, "candidate"), (exempting.approve, "one"), (exempting.approve, "two")):
        verb(actor=cast[name], override_id=exception)
    exempting.take_back(actor=cast["candidate"], override_id=exception)
    assert verdict(made) == "needs_override"


# --- races --------------------------------------------------------------------------------------------------------------------------


def test_a_line_told_at_the_moment_of_the_rating_is_never_lost(any_app: Flask, world: World, cast: Cast):
    """Whoever comes first: the rating is refused, or it is found at the next look."""
    made = planned(world, cast)
    revision = drafted(cast, made)
    base.session().rollback()

    def submit() -> None:
        observation.submit(actor=cast["observer"], observation_id=made, revision=revision)

    refused, _ = at_once(any_app, [submit, lambda: manages(cast)])
    swept()
    assert (refused is not None and state(made) == "drafting") or verdict(made) == "needs_override"


# --- in the room --------------------------------------------------------------------------------------------------------------------


def test_R8_the_manager_of_a_protege_who_is_named_later_is_held_and_cannot_rate(world: World, cast: Cast):
    made = planned(world, cast)
    protege = world.person("P. Young", standing="none")
    told = Manager("direct", person_id=cast["observer"].person_id, since=today() - timedelta(days=30))
    with base.transactional() as session:
        reporting_line.attest(session, actor=protege, managers=[told])
    with base.transactional() as session:
        session.add(Participant(observation_id=made, person_id=protege.person_id, role="protege", consent="granted"))
        session.flush()
        assessor.again(session, actor=cast["lead"], row=session.get_one(Observation, (cast["lead"].org_id, made)))
    assert verdict(made) == "needs_override"
    assert [one.rule for one in matter.overview(actor=cast["lead"]).held[0].findings] == ["R8"]
    with pytest.raises(RuleBroken, match="conflict_needs_override"):
        observation.submit(actor=cast["observer"], observation_id=made, revision=drafted(cast, made, consent=None))
