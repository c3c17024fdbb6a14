# SPDX-License-Identifier: Apache-2.0
"""Who may observe and rate a candidate, asked in one way of observers and of further people: and what a conflict does that arises later."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from conftest import World
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.domain.setting import Counting
from lti_mentoring.services import (
    assessor,
    candidacy,
    capacity,
    exempting,
    matter,
    mentorship,
    observation,
    pairing,
    planning,
    programme,
    reporting_line,
    second,
    upholding,
)
from lti_mentoring.services import conflict as guard
from lti_mentoring.services.reporting_line import Manager
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.conflict import ConflictWatch
from lti_mentoring.store.delivery import ScorePublication
from lti_mentoring.store.field import Participant
from lti_mentoring.store.notification import Notification
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.people import Membership
from lti_mentoring.store.rating import Rater
from support import opinions
from support.opinions import doubling, manages, rate
from support.pairing import met, of_starter, paired

TOMORROW = timedelta(days=1)


@pytest.fixture
def cast(world: World) -> dict[str, Any]:
    """A course under the starter policy: a candidate, two mentors who observe, a coordinator. Everybody has said who manages them."""
    lead = world.person("R. Okafor", "coordinator", standing="instructor")
    made = {
        "lead": lead,
        "candidate": of_starter(world, lead, "F. Martins"),
        "mentor": world.person("A. Mwangi", "observer", standing="instructor"),
        "other": world.person("T. Lindqvist", "observer", standing="instructor"),
    }
    reporting_line.enter(actor=lead, person_id=made["candidate"].person_id, managers=[])
    return made


def planned(world: World, cast: dict[str, Any], observer: str = "mentor", **changes: Any) -> str:
    given = {"planned_for": base.now().date(), "protege_label": "A", "kind": "independent"}
    who = {"actor": cast["lead"], "candidacy_id": world.candidacy_id("F. Martins"), "observer_id": cast[observer].person_id}
    return observation.plan(**(who | given | changes))


def under(world: World, cast: dict[str, Any], **changes: Any) -> None:
    """The candidate is under another starter policy."""
    with base.transactional() as session:
        row = session.scalars(select(Candidacy).where(Candidacy.person_id == cast["candidate"].person_id)).one()
        now = programme.load(row.programme_version_id)
        asked = replace(now, policy=replace(now.policy, **changes), policies=())
        made = programme.publish(session, org_id=world.org_id, programme=asked, actor="a test", derived_from=row.programme_version_id)
        row.programme_version_id = made.id


def verdict(kind: str, about: str) -> str:
    base.session().rollback()
    base.session().expire_all()
    return guard.standing(base.session(), kind, [about]).get(about, "none")


def state(made: str) -> str:
    base.session().rollback()
    base.session().expire_all()
    return base.session().scalars(select(Observation.state).where(Observation.id == made)).one()


def swept(days: int = 0) -> None:
    """A worker looks, outside of any organisation."""
    org_id = base.current_tenant()
    base.session().rollback()
    base._scope.set(None)
    try:
        guard.sweep(now=base.now() + timedelta(days=days), acts=upholding)
    finally:
        base._scope.set(org_id)


def told(person: Any) -> list[str]:
    own = select(Notification.kind).where(Notification.person_id == person.person_id).order_by(Notification.id)
    return list(base.session().scalars(own))


# --- one question for whoever rates -------------------------------------------------------------------------------------------


def test_who_has_mentored_beside_the_candidate_may_observe_where_somebody_else_does_too(world, cast):
    planned(world, cast, kind="co")
    made = planned(world, cast)
    assert verdict("observation", made) == "warn", "noted, and in nobody's way"
    page = planning.candidates(actor=cast["lead"], chosen=world.candidacy_id("F. Martins"))
    assert {one.name: one.verdict for one in page.observers} == {"A. Mwangi": "warn", "T. Lindqvist": "clear"}


def test_where_the_policy_asks_for_nobody_else_a_co_mentor_does_not_observe(world, cast):
    under(world, cast, counting=Counting(beyond_co_mentor=False))
    planned(world, cast, kind="co")
    with pytest.raises(RuleBroken, match="conflict_needs_override"):
        planned(world, cast)


@pytest.mark.parametrize(("kind", "refused"), [("structured", False), ("co", False), ("independent", True)])
def test_R7_a_mentor_of_the_candidate_observes_what_is_for_learning_and_not_what_decides(world, cast, kind, refused):
    paired(cast["lead"], cast["mentor"].person_id, "F. Martins")
    page = planning.candidates(actor=cast["lead"], chosen=world.candidacy_id("F. Martins"), kind=kind)
    assert {one.name: one.verdict for one in page.observers}["A. Mwangi"] == ("needs_override" if refused else "warn")
    if refused:
        with pytest.raises(RuleBroken, match="conflict_needs_override"):
            planned(world, cast, kind=kind)
    else:
        assert verdict("observation", planned(world, cast, kind=kind)) == "warn"


@pytest.mark.parametrize("kind", ["structured", "independent"])
def test_who_can_observe_whom_says_the_same_as_planning(world, cast, kind):
    paired(cast["lead"], cast["mentor"].person_id, "F. Martins")
    under(world, cast, qualifying=None)
    (row,) = [one for one in capacity.read(actor=cast["lead"]).rows if one.kind == kind]
    page = planning.candidates(actor=cast["lead"], chosen=world.candidacy_id("F. Martins"), kind=kind)
    assert set(row.able) == {one.name for one in page.observers if one.verdict in ("clear", "warn")}


def test_who_can_observe_whom_calls_a_conflict_by_its_name_where_something_else_is_not_told_yet(world, cast):
    world.person("N. Okoye", "observer", standing="instructor", told=False)
    for name in ("N. Okoye", "A. Mwangi", "T. Lindqvist"):
        manages(world.actor(name), cast["candidate"])
    under(world, cast, qualifying=None)
    (one,) = [one for one in capacity.read(actor=cast["lead"]).bound if one.kind == "independent"]
    assert (one.binds, one.frees) == ("conflict", 3)


# --- further people -----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def asked(world: World, cast: dict[str, Any]) -> str:
    """A session of tomorrow that wants a second person. -> its id"""
    doubling(world, waiver_approvers=1)
    opinions.qualified(world, cast["mentor"], cast["other"])
    return planned(world, cast, planned_for=base.now().date() + TOMORROW)


def seat(made: str) -> Rater:
    base.session().rollback()
    base.session().expire_all()
    return base.session().scalars(select(Rater).where(Rater.observation_id == made)).one()


def test_who_has_not_told_us_who_manages_them_may_be_asked_for_an_opinion_and_is_asked_for_that_too(world, cast, asked):
    untold = world.person("N. Okoye", "observer", standing="instructor", told=False)
    opinions.qualified(world, untold)
    assert "N. Okoye" in [one.name for one in second.choose(actor=cast["lead"], observation_id=asked).able]
    second.assign(actor=cast["lead"], observation_id=asked, person_id=untold.person_id)
    assert verdict("rater", seat(asked).id) == "unattested", "their rating is held until it is said"
    assert set(told(untold)) == {"line_wanted", "rating_asked"}
    assert second.waiting(actor=cast["lead"])[0].unfit is False


def test_an_exception_for_a_further_person_takes_as_many_as_the_policy_says(world, cast, asked):
    second.assign(actor=cast["lead"], observation_id=asked, person_id=cast["other"].person_id)
    watch = base.session().scalars(select(ConflictWatch).where(ConflictWatch.about_id == seat(asked).id)).one()
    assert watch.approvers == 1


def test_R8_everybody_who_is_to_rate_is_asked_again_when_a_protege_is_named_later(world, cast, asked):
    second.assign(actor=cast["lead"], observation_id=asked, person_id=cast["other"].person_id)
    protege = world.person("P. Young", standing="none")
    manages(cast["other"], protege)
    with base.transactional() as session:
        session.add(Participant(observation_id=asked, person_id=protege.person_id, role="protege", consent="granted"))
        session.flush()
        assessor.again(session, actor=cast["lead"], row=session.get_one(Observation, (cast["lead"].org_id, asked)))
    assert verdict("rater", seat(asked).id) == "needs_override"
    assert verdict("observation", asked) == "clear"


def test_R8_who_has_rated_in_the_room_already_is_asked_again_as_of_that_day(world, cast, asked):
    second.assign(actor=cast["lead"], observation_id=asked, person_id=cast["other"].person_id)
    rate(cast["mentor"], asked, note="A line.", submit=False)
    rate(cast["other"], asked, note="Another line.")
    protege = world.person("P. Young", standing="none")
    manages(cast["other"], protege)
    with base.transactional() as session:
        session.add(Participant(observation_id=asked, person_id=protege.person_id, role="protege", consent="granted"))
        session.flush()
        assessor.again(session, actor=cast["lead"], row=session.get_one(Observation, (cast["lead"].org_id, asked)))
    assert verdict("rater", seat(asked).id) == "needs_override"
    watched = base.session().execute(select(ConflictWatch.about_kind, ConflictWatch.fixed_on))
    assert {row.about_kind: row.fixed_on for row in watched} == {"rater": base.now().date(), "observation": None}


def test_what_is_known_is_found_beside_what_is_not_told_yet_and_whoever_it_is_of_is_not_asked(world, cast, asked):
    untold = world.person("N. Okoye", "observer", standing="instructor", told=False)
    opinions.qualified(world, untold)
    manages(untold, cast["candidate"])
    (why,) = [one.why for one in second.choose(actor=cast["lead"], observation_id=asked).people if one.name == "N. Okoye"]
    assert why == ("conflict",)
    with pytest.raises(RuleBroken, match="conflict_needs_override"):
        second.assign(actor=cast["lead"], observation_id=asked, person_id=untold.person_id)
    with pytest.raises(RuleBroken, match="conflict_needs_override"):
        planned(world, cast, observer_id=untold.person_id)


def test_what_is_found_beside_what_is_not_told_yet_keeps_a_rating_from_being_submitted(world, cast, asked):
    cast["untold"] = world.person("N. Okoye", "observer", standing="instructor", told=False)
    opinions.qualified(world, cast["untold"])
    made = planned(world, cast, "untold")
    manages(cast["untold"], cast["candidate"])
    with pytest.raises(RuleBroken, match="conflict_needs_override"):
        rate(cast["untold"], made, note="A line.")
    assert state(made) == "drafting"


def test_who_rated_in_the_room_before_the_observer_and_came_into_a_conflict_blocks_nothing(world, cast, asked):
    second.assign(actor=cast["lead"], observation_id=asked, person_id=cast["other"].person_id)
    rate(cast["mentor"], asked, note="A line.", submit=False)
    rate(cast["other"], asked, note="Another line.")
    manages(cast["other"], cast["candidate"])
    swept(days=1)
    assert (verdict("rater", seat(asked).id), state(asked)) == ("needs_override", "drafting")
    sheet = observation.sheet(actor=cast["mentor"], observation_id=asked)
    observation.submit(actor=cast["mentor"], observation_id=asked, revision=sheet.revision)
    assert (seat(asked).state, state(asked)) == ("ended", "rated")
    assert second.waiting(actor=cast["lead"])[0].purpose == "second", "somebody else is asked"


def test_of_what_is_not_known_yet_no_exception_is_asked_for_and_it_is_said_why(world, cast):
    cast["untold"] = world.person("N. Okoye", "observer", standing="instructor", told=False)
    made = planned(world, cast, "untold")
    watch = base.session().scalars(select(ConflictWatch.id).where(ConflictWatch.about_id == made)).one()
    said = {"reason": "Nobody else can.", "safeguards": "Two sit in.", "ends_on": base.now().date() + 30 * TOMORROW}
    with pytest.raises(RuleBroken, match="override_unattested"):
        exempting.request(actor=cast["lead"], matter_id=watch, **said)


# --- whose it is --------------------------------------------------------------------------------------------------------------------


def test_a_plan_that_somebody_else_has_made_is_not_found_by_its_number_nor_what_holds_it(world, cast):
    made = planned(world, cast)
    manages(cast["mentor"], cast["candidate"])
    swept(days=1)
    other = cast["other"]
    with pytest.raises(NotFound):
        planned(world, cast, "other", actor=other, observation_id=made, candidacy_id="nonsense")
    assert matter.held(actor=other, observation_id=made) is None
    assert planned(world, cast, observation_id=made) == made, "sent twice by who planned it, it is planned once"
    held = matter.held(actor=cast["lead"], observation_id=made)
    assert held is not None
    assert matter.held(actor=replace(cast["lead"], course_id="c" * 32), observation_id=made) is None


# --- after the release ----------------------------------------------------------------------------------------------------------------


def released(world: World, cast: dict[str, Any]) -> str:
    """Somebody whose only session was met, with a final grade in the gradebook."""
    alone = {"structured_observations": 0, "co_mentoring_sessions": 0, "independent_observations": 1, "before_observing": ()}
    under(world, cast, counting=None, qualifying=None, doubling=None, **alone)
    with base.transactional() as session:
        session.execute(update(Membership).where(Membership.person_id == cast["candidate"].person_id).values(standing="learner"))
    world.placement("observation")
    made = planned(world, cast)
    rate(cast["mentor"], made, 4, note="A line.")
    with base.transactional() as session:  # as a delivery leaves it
        for one in session.scalars(select(ScorePublication)):
            one.grading, one.given, one.maximum, one.settled, one.state = "FullyGraded", 1.0, 1.0, one.wanted, "done"
    return made


def counted(world: World, cast: dict[str, Any]) -> tuple[str, bool]:
    """What the records say of the session, and whether it counts."""
    base.session().rollback()
    row = base.session().scalars(select(Candidacy).where(Candidacy.person_id == cast["candidate"].person_id)).one()
    (one,) = candidacy.records(base.session(), row).observations
    return one.state, one.counts


def grade() -> tuple[bool, bool]:
    """Whether the grade is to be looked at again, and whether it holds no more."""
    base.session().rollback()
    base.session().expire_all()
    row = base.session().scalars(select(ScorePublication)).one()
    return row.wanted != row.settled, row.void


def test_what_is_found_after_the_release_counts_for_nothing_while_it_is_open_and_its_grade_is_taken_back(world, cast):
    made = released(world, cast)
    assert counted(world, cast) == ("released", True)
    manages(cast["mentor"], cast["candidate"])
    swept(days=1)
    assert (state(made), verdict("observation", made)) == ("released", "needs_override")
    assert counted(world, cast) == ("rated", False)
    assert grade() == (True, True)


def test_it_counts_again_once_people_have_decided_that_it_stands(world, cast):
    made = released(world, cast)
    manages(cast["mentor"], cast["candidate"])
    swept(days=1)
    with base.transactional() as session:  # an exception: agreed to, and approved
        watch = session.scalars(select(ConflictWatch).where(ConflictWatch.about_id == made)).one()
        watch.verdict = "warn"
        upholding.act(session, guard.Changed(guard.About("observation", made, world.course_id), "assessment", "needs_override", "warn"))
    assert counted(world, cast) == ("released", True)
    assert grade()[0], "and the gradebook is told"


def test_what_is_set_aside_after_its_grade_was_sent_takes_the_grade_back(world, cast):
    made = released(world, cast)
    observation.void(actor=cast["lead"], observation_id=made, reason="conflict")
    assert grade() == (True, True)


# --- pairs --------------------------------------------------------------------------------------------------------------------------


def test_a_mentor_who_becomes_the_manager_of_their_protege_plans_no_further_session_and_both_are_told(world, cast):
    protege = world.person("Wen Zhang")
    pair = paired(cast["lead"], cast["candidate"].person_id, "Wen Zhang")
    met(cast["lead"], pair)
    with base.transactional() as session:
        reporting_line.attest(session, actor=protege, managers=[Manager("direct", cast["candidate"].person_id)])
    swept()
    assert verdict(mentorship.KIND, pair) == "closed"
    with pytest.raises(RuleBroken, match="pair_held"):
        met(cast["lead"], pair)
    assert "pair_paused" in told(protege)
    assert "pair_paused" in told(cast["candidate"])
    assert "pair_conflict" in told(cast["lead"])
    assert [one.kind for one in matter.overview(actor=cast["lead"]).held] == [mentorship.KIND]


def test_who_has_not_said_who_manages_them_is_asked_as_they_are_paired_and_the_policy_says_how_many_approve(world, cast):
    protege = world.person("Wen Zhang", told=False)
    pair = paired(cast["lead"], cast["mentor"].person_id, "Wen Zhang")
    assert told(protege) == ["line_wanted"]
    assert base.session().scalars(select(ConflictWatch.approvers).where(ConflictWatch.about_id == pair)).one() == 1


def test_a_pair_that_has_ended_is_told_nothing(world, cast):
    protege = world.person("Wen Zhang")
    pair = paired(cast["lead"], cast["candidate"].person_id, "Wen Zhang")
    pairing.end(actor=cast["lead"], mentorship_id=pair)
    with base.transactional() as session:
        reporting_line.attest(session, actor=protege, managers=[Manager("direct", cast["candidate"].person_id)])
    swept()
    assert "pair_paused" not in told(protege)
