# SPDX-License-Identifier: Apache-2.0
"""Nobody who rates a session learns that, of whom, or why another opinion on it is asked for, whatever else they are in the course (I9)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from conftest import World
from lti_mentoring.domain.listing import Wanted
from lti_mentoring.domain.observation import Rating
from lti_mentoring.domain.reliability import Doubling
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.domain.setting import Counting
from lti_mentoring.services import conflict, exempting, listing, matter, observation, qualification, releasing, second, upholding
from lti_mentoring.store import base
from lti_mentoring.store.conflict import ConflictWatch
from lti_mentoring.store.notification import Notification
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.people import RoleGrant
from lti_mentoring.store.rating import Rater
from support import opinions
from support.opinions import doubling, manages, planned, rate

DAY = timedelta(days=1)
WHERE_POSSIBLE = Doubling(percent=0, near_hundredths=0, critical=False, new_ratings=0, where_possible=True)


@pytest.fixture
def place(world: World) -> Iterator[World]:
    """A candidate, three qualified observers, one of whom leads the course as well, and a coordinator; first sessions are rated twice."""
    world.person("F. Martins")
    for name in ("T. Lindqvist", "A. Moreno"):
        opinions.observer(world, name)
    both = world.person("C. Both", "observer", "coordinator", standing="instructor")
    opinions.qualified(world, both)
    world.person("R. Okafor", "coordinator", standing="instructor")
    doubling(world)
    world.mastered("F. Martins")
    return world


def lead(place: World):
    return place.actor("R. Okafor")


def ask(place: World, made: str, name: str, **more: object) -> None:
    second.assign(actor=lead(place), observation_id=made, person_id=place.people[name], **more)


def looked(acts: object = None) -> None:
    """The worker looks at every matter, outside of any organisation."""
    org_id = base.current_tenant()
    base.session().rollback()
    base._scope.set(None)
    try:
        conflict.sweep(now=base.now() + DAY, acts=acts)  # type: ignore[arg-type]
    finally:
        base._scope.set(org_id)


def told(place: World, name: str, kind: str) -> int:
    theirs = (Notification.person_id == place.people[name], Notification.kind == kind)
    return len(base.session().scalars(select(Notification.id).where(*theirs)).all())


def row_of(made: str) -> Observation:
    base.session().rollback()
    base.session().expire_all()
    return base.session().scalars(select(Observation).where(Observation.id == made)).one()


def holds(made: str) -> list[str]:
    return [one.code for one in releasing.holds(base.session(), row_of(made))]


def further_in_conflict(place: World, first: str, further: str) -> tuple[str, str]:
    """A session that somebody observes, and the matter of a further rater whom the candidate began to report to. -> both ids"""
    made = planned(place, place.actor(first), on=base.now().date() + DAY)
    ask(place, made, further)
    manages(place.actor(further), place.actor("F. Martins"))
    looked()
    seat = base.session().scalars(select(Rater.id).where(Rater.observation_id == made)).one()
    return made, base.session().scalars(select(ConflictWatch.id).where(ConflictWatch.about_id == seat)).one()


# --- conflicts and exceptions ---------------------------------------------------------------------------------------------------------


def test_a_second_rater_who_leads_the_course_does_not_read_that_and_of_whom_a_third_opinion_is_asked(place):
    made = planned(place, place.actor("T. Lindqvist"))
    rate(place.actor("T. Lindqvist"), made, 2, note="A line.")
    ask(place, made, "C. Both")
    rate(place.actor("C. Both"), made, 3)
    ask(place, made, "A. Moreno")
    manages(place.actor("A. Moreno"), place.actor("F. Martins"))
    looked()
    (held,) = matter.overview(actor=lead(place)).held
    assert held.acting == ("A. Moreno",)
    for name in ("C. Both", "T. Lindqvist", "F. Martins"):
        assert matter.overview(actor=place.actor(name)).held == ()
        with pytest.raises(NotFound):
            matter.sheet(actor=place.actor(name), matter_id=held.id)


def test_an_observer_who_leads_the_course_is_not_told_of_a_further_raters_conflict_but_who_leads_beside_them_is(place):
    made = planned(place, place.actor("C. Both"), on=base.now().date() + DAY)
    ask(place, made, "A. Moreno")
    manages(place.actor("A. Moreno"), place.actor("F. Martins"))
    looked(upholding)
    assert (told(place, "R. Okafor", "conflict_found"), told(place, "C. Both", "conflict_found")) == (1, 0)


def test_who_rates_a_session_is_not_told_of_an_exception_for_a_further_rater_nor_asks_for_it_or_approves_it(place):
    _, held = further_in_conflict(place, "C. Both", "A. Moreno")
    said = {"reason": "Nobody else is near.", "safeguards": "The deputy sits in.", "ends_on": base.now().date() + 30 * DAY}
    with pytest.raises(NotFound):
        exempting.request(actor=place.actor("C. Both"), matter_id=held, **said)
    exception = exempting.request(actor=lead(place), matter_id=held, **said)
    assert (told(place, "C. Both", "exception_waits"), told(place, "T. Lindqvist", "exception_waits")) == (0, 1)
    assert matter.for_me(actor=place.actor("C. Both")) == ()
    with pytest.raises(NotFound):
        exempting.approve(actor=place.actor("C. Both"), override_id=exception)
    (row,) = matter.for_me(actor=place.actor("F. Martins"))
    assert row.may_agree, "whose agreement is needed reads it all the same"


# --- who leads alone ------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def alone(world: World) -> World:
    """One person leads the course, and observes in it."""
    world.person("F. Martins")
    opinions.observer(world, "A. Moreno")
    opinions.observer(world, "L. Brandt")
    opinions.qualified(world, world.person("C. Both", "observer", "coordinator", standing="instructor"))
    doubling(world)
    world.mastered("F. Martins")
    return world


def test_who_leads_alone_learns_that_their_session_wants_another_opinion_once_their_own_is_in_and_corrects_it_no_more(alone):
    both = alone.actor("C. Both")
    made = planned(alone, both)
    assert second.waiting(actor=both) == (), "who knows that they are watched rates better"
    rate(both, made, 2, note="A line.")
    (one,) = second.waiting(actor=both)
    assert (one.id, one.shown, one.reasons) == (made, "another", ())
    with pytest.raises(RuleBroken, match="correction_seen"):
        observation.reopen(actor=both, observation_id=made, why="On second thoughts.")
    second.assign(actor=both, observation_id=made, person_id=alone.people["A. Moreno"])
    rate(alone.actor("A. Moreno"), made, 3)
    (one,) = second.waiting(actor=alone.actor("C. Both"))
    assert (one.purpose, one.shown, one.reasons) == ("third", "another", ()), "the same words, whatever the second has seen"
    with pytest.raises(RuleBroken, match="correction_seen"):
        observation.reopen(actor=both, observation_id=made, why="On third thoughts.")


def grants(world: World, name: str, role: str) -> None:
    with base.transactional() as session:
        session.add(RoleGrant(person_id=world.people[name], course_id=world.course_id, role=role, granted_by="operator"))


def test_nor_once_they_have_made_somebody_a_deputy(alone):
    both = alone.actor("C. Both")
    made = planned(alone, both)
    rate(both, made, 2, note="A line.")
    second.assign(actor=both, observation_id=made, person_id=alone.people["A. Moreno"])
    rate(alone.actor("A. Moreno"), made, 3)
    (one,) = second.waiting(actor=alone.actor("C. Both"))
    assert one.shown == "another"
    grants(alone, "L. Brandt", "deputy")
    assert second.waiting(actor=alone.actor("C. Both")) == ()
    with pytest.raises(RuleBroken, match="correction_seen"):
        observation.reopen(actor=alone.actor("C. Both"), observation_id=made, why="Towards the other one.")


def test_who_leads_alone_corrects_what_waits_for_the_candidates_own_part_alone(alone):
    made = planned(alone, alone.actor("C. Both"))
    with base.transactional() as session:
        row = session.get_one(Observation, (alone.org_id, made))
        row.kind, row.second_reasons = "co", ""
        session.add(Rater(observation_id=made, person_id=alone.people["F. Martins"], purpose="self", assigned_by="operator"))
    rate(alone.actor("C. Both"), made, 2, note="A line.")
    (one,) = second.waiting(actor=alone.actor("C. Both"))
    assert one.purpose == "self"
    observation.reopen(actor=alone.actor("C. Both"), observation_id=made, why="I mixed two columns up.")
    assert "amending" in holds(made)


def test_who_leads_beside_somebody_else_corrects_their_rating_as_everybody_does(place):
    both = place.actor("C. Both")
    made = planned(place, both)
    rate(both, made, 2, note="A line.")
    observation.reopen(actor=both, observation_id=made, why="I mixed two columns up.")
    assert "amending" in holds(made)


def test_who_rates_a_session_does_not_free_whom_somebody_else_asked_for_it(place):
    made = planned(place, place.actor("C. Both"), on=base.now().date() + DAY)
    ask(place, made, "A. Moreno")
    with pytest.raises(NotFound):
        second.excuse(actor=place.actor("C. Both"), observation_id=made, person_id=place.people["A. Moreno"])


# --- from the notes -------------------------------------------------------------------------------------------------------------------


def test_who_rates_from_the_notes_begins_once_they_are_finished_and_is_told_then(place):
    made = planned(place, place.actor("T. Lindqvist"))
    ask(place, made, "A. Moreno", from_notes=True)
    rate(place.actor("T. Lindqvist"), made, 3, note="The first half.", submit=False)
    other = place.actor("A. Moreno")
    page = observation.sheet(actor=other, observation_id=made)
    assert (page.early, page.open, page.notes) == (True, False, ())
    ratings = [Rating(page.criteria[0].criterion.key, 1)]
    with pytest.raises(RuleBroken, match="notes_unfinished"):
        observation.save_draft(actor=other, observation_id=made, revision=0, ratings=ratings)
    with pytest.raises(RuleBroken, match="notes_unfinished"):
        observation.submit(actor=other, observation_id=made, revision=0)
    rate(place.actor("T. Lindqvist"), made, 3, note="The second half.")
    assert told(place, "A. Moreno", "rating_asked") == 2
    page = observation.sheet(actor=place.actor("A. Moreno"), observation_id=made)
    assert (page.early, page.open, [one.text for one in page.notes]) == (False, True, ["The first half.", "The second half."])


# --- what holds, told in one way -----------------------------------------------------------------------------------------------------


def test_the_list_holds_what_the_release_holds_where_the_policy_does_without_a_second_and_where_a_rater_is_in_conflict(place):
    doubling(place, WHERE_POSSIBLE)
    for name in ("A. Moreno", "C. Both"):
        manages(place.actor(name), place.actor("F. Martins"))
    spared = planned(place, place.actor("T. Lindqvist"))
    seat_by_hand(place, spared, "F. Martins", "self")
    rate(place.actor("T. Lindqvist"), spared, note="A line.")
    assert holds(spared) == ["self"], "nobody may give a second opinion"
    place.person("N. Late", told=True)
    place.mastered("N. Late")
    doubling(place)
    raced = planned(place, place.actor("T. Lindqvist"), candidate="N. Late")
    ask(place, raced, "A. Moreno")
    rate(place.actor("T. Lindqvist"), raced, note="A line.")
    manages(place.actor("A. Moreno"), place.actor("N. Late"))
    looked()
    assert holds(raced) == ["second", "conflict"]
    shown = {row.id: [one.code for one in row.holds] for row in listing.page(actor=lead(place), wanted=Wanted()).rows}
    assert {key: shown[key] for key in (spared, raced)} == {spared: holds(spared), raced: holds(raced)}


def seat_by_hand(place: World, made: str, name: str, purpose: str) -> None:
    with base.transactional() as session:
        session.add(Rater(observation_id=made, person_id=place.people[name], purpose=purpose, assigned_by="a test"))


def test_somebody_who_has_only_not_told_us_who_manages_them_does_not_make_a_second_opinion_dispensable(place):
    doubling(place, WHERE_POSSIBLE)
    for name in ("A. Moreno", "C. Both"):
        manages(place.actor(name), place.actor("F. Martins"))
    place.person("N. Untold", "observer", standing="instructor", told=False)
    opinions.qualified(place, place.actor("N. Untold"))
    made = planned(place, place.actor("T. Lindqvist"))
    rate(place.actor("T. Lindqvist"), made, note="A line.")
    assert holds(made) == ["second"]
    with pytest.raises(RuleBroken, match="second_possible"):
        second.go_on_without(actor=lead(place), observation_id=made)


def test_a_second_who_rated_in_the_room_and_came_into_conflict_before_the_observer_rated_blocks_nothing(place):
    made = planned(place, place.actor("T. Lindqvist"))
    ask(place, made, "A. Moreno")
    rate(place.actor("T. Lindqvist"), made, note="A line.", submit=False)
    rate(place.actor("A. Moreno"), made, note="My own line.")
    manages(place.actor("A. Moreno"), place.actor("F. Martins"))
    with base.transactional() as session:
        session.scalars(select(ConflictWatch).where(ConflictWatch.about_kind == "rater")).one().look_on = base.now().date()
    looked(upholding)
    page = observation.sheet(actor=place.actor("T. Lindqvist"), observation_id=made)
    observation.submit(actor=place.actor("T. Lindqvist"), observation_id=made, revision=page.revision)
    assert holds(made) == ["second"], "somebody else can be asked"
    assert base.session().scalars(select(Rater.state)).one() == "ended"


def test_a_candidate_who_never_rates_their_own_part_holds_the_result_for_three_days_and_until_somebody_lets_it_go(place):
    doubling(place, None)
    made = planned(place, place.actor("T. Lindqvist"))
    seat_by_hand(place, made, "F. Martins", "self")
    rate(place.actor("T. Lindqvist"), made, note="A line.")
    (one,) = second.waiting(actor=lead(place))
    assert (one.purpose, one.late) == ("self", False)
    free = {"actor": lead(place), "observation_id": made, "person_id": place.people["F. Martins"]}
    with pytest.raises(RuleBroken, match="own_part_early"):
        second.excuse(**free)
    with time_machine.travel(base.now() + 4 * DAY):
        assert second.waiting(actor=lead(place))[0].late
        second.excuse(**free)
    assert row_of(made).state == "released"


# --- when another opinion is asked for --------------------------------------------------------------------------------------------------


def test_close_to_the_bar_is_asked_of_all_sessions_that_count_where_they_are_judged_together(place):
    near = Doubling(first=False, percent=0, critical=False, near_hundredths=50, new_ratings=0)
    doubling(place, near, counting=Counting(), independent_observations=2)
    before = planned(place, place.actor("T. Lindqvist"))
    rate(place.actor("T. Lindqvist"), before, 4, note="A line.")
    made = planned(place, place.actor("T. Lindqvist"))
    rate(place.actor("T. Lindqvist"), made, 3, note="A line.")
    assert (row_of(before).state, row_of(made).state) == ("released", "released"), "3 alone is near 2.5; 3.5 over both is not"


def test_a_session_that_was_set_aside_is_none_of_the_ratings_that_make_an_observer_experienced(place):
    doubling(place, None)
    first = place.actor("T. Lindqvist")
    made = planned(place, first)
    rate(first, made, note="A line.")
    asked = {"course_id": place.course_id, "people": [first.person_id], "rubric": opinions.rubric(place)}
    assert qualification.counted(base.session(), **asked) == {first.person_id: 1}
    observation.void(actor=lead(place), observation_id=made, reason="other")
    assert qualification.counted(base.session(), **asked) == {}
