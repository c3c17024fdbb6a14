# SPDX-License-Identifier: Apache-2.0
"""Asking for a second or third opinion: who wants one, who may be asked, and what two people who act at once come to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction

import pytest
from flask import Flask
from sqlalchemy import func, select

from conftest import World, make_world
from lti_mentoring.domain import releasing as holding
from lti_mentoring.domain.reliability import Doubling
from lti_mentoring.domain.reminder import RATING_DAYS
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.domain.scoring import LOWERED
from lti_mentoring.services import (
    agreement,
    awaited,
    candidacy,
    conflict,
    doubled,
    drawing,
    observation,
    programme,
    relation,
    releasing,
    reminder,
    reports,
    second,
    sheet,
    upholding,
)
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.conflict import ConflictWatch
from lti_mentoring.store.notification import Notification
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.rating import DrawSeed, Rater, Resolution, ResolvedLevel
from lti_mentoring.store.reporting_line import LineAttestation
from support import opinions
from support.opinions import doubling, manages, planned, rate

TOMORROW = timedelta(days=1)


@pytest.fixture
def place(any_app: Flask) -> Iterator[World]:
    """A course on each database: one candidate, three qualified observers, a coordinator; first sessions are rated twice."""
    made = make_world("Northfield")
    with base.tenant(made.org_id):
        made.person("F. Martins")
        for name in ("T. Lindqvist", "A. Moreno", "L. Brandt"):
            opinions.observer(made, name)
        made.person("R. Okafor", "coordinator", standing="instructor")
        doubling(made)
        made.mastered("F. Martins")
        yield made


def lead(place: World):
    return place.actor("R. Okafor")


def first(place: World):
    return place.actor("T. Lindqvist")


def ask(place: World, made: str, name: str, **more: object) -> str:
    return second.assign(actor=lead(place), observation_id=made, person_id=place.people[name], **more)


def told(place: World, name: str) -> list[str]:
    theirs = select(Notification.kind).where(Notification.person_id == place.people[name])
    return list(base.session().scalars(theirs.order_by(Notification.id)))


def state(made: str) -> str:
    base.session().rollback()
    base.session().expire_all()
    return base.session().scalars(select(Observation.state).where(Observation.id == made)).one()


def why_not(place: World, made: str) -> dict[str, tuple[str, ...]]:
    found = second.choose(actor=lead(place), observation_id=made)
    return {one.name: one.why for one in found.people}


# --- what waits ---------------------------------------------------------------------------------------------------------------


def test_a_first_session_asks_for_a_second_person_as_soon_as_it_is_planned(place):
    made = planned(place, first(place), on=base.now().date() + TOMORROW)
    (one,) = second.waiting(actor=lead(place))
    assert (one.id, one.purpose, one.reasons, one.ahead, one.able) == (made, "second", ("first_summative",), True, 2)


def test_the_second_session_of_a_candidate_asks_for_nobody(place):
    planned(place, first(place))
    planned(place, first(place))
    assert len(second.waiting(actor=lead(place))) == 1


def test_where_the_first_session_is_called_off_the_next_one_is_the_first(place):
    early = planned(place, first(place), on=base.now().date() + TOMORROW)
    later = planned(place, first(place), on=base.now().date() + 2 * TOMORROW)
    observation.cancel(actor=first(place), observation_id=early)
    assert [one.id for one in second.waiting(actor=lead(place))] == [later]


def test_who_leads_the_course_is_told_once_that_a_session_waits_for_them_to_ask_somebody(place):
    made = planned(place, first(place))
    rate(first(place), made, 2, note="A line.")
    assert told(place, "R. Okafor") == ["opinion_wanted"]
    ask(place, made, "A. Moreno")
    rate(place.actor("A. Moreno"), made, 3)
    assert told(place, "R. Okafor") == ["opinion_wanted", "opinion_wanted"]  # a second one, then a third
    assert told(place, "T. Lindqvist") == []


def test_a_rating_that_is_late_is_reminded_of_once_and_taken_whenever_it_comes(place):
    made = planned(place, first(place), on=base.now().date() - 5 * TOMORROW)
    ask(place, made, "A. Moreno")
    org_id = base.current_tenant()

    def swept(days: int) -> None:
        base.session().rollback()
        base._scope.set(None)
        try:
            reminder.sweep(now=base.now() + timedelta(days=days))
        finally:
            base._scope.set(org_id)

    swept(0)
    assert told(place, "T. Lindqvist") == ["rating_overdue"]
    rate(first(place), made, note="A line.")
    for _ in range(2):
        swept(4)
    assert told(place, "A. Moreno") == ["rating_asked", "rating_asked", "rating_overdue"], "again once the notes are finished"
    rate(place.actor("A. Moreno"), made)
    assert state(made) == "released"


def test_whoever_is_asked_hears_that_a_rating_waits_and_never_why(place):
    made = planned(place, first(place), on=base.now().date() + TOMORROW)
    assert ask(place, made, "A. Moreno") == "second"
    row = base.session().scalars(select(Notification).where(Notification.person_id == place.people["A. Moreno"])).one()
    assert (row.kind, row.endpoint, set(row.facts)) == ("rating_asked", "observation.sheet", {"planned_for"})
    assert told(place, "T. Lindqvist") == []  # the observer is told nothing
    (one,) = second.waiting(actor=lead(place))
    assert (one.rater, one.from_notes, one.due_on) == ("A. Moreno", False, base.now().date() + TOMORROW + RATING_DAYS)


def test_once_the_session_is_over_it_is_from_the_notes_whatever_was_chosen(place):
    made = planned(place, first(place), on=base.now().date() - TOMORROW)
    rate(first(place), made, note="“What would you like to leave here with?”")
    assert state(made) == "rated"
    ask(place, made, "A. Moreno", from_notes=False)
    assert base.session().scalars(select(Rater.from_notes)).one() is True


def test_two_ratings_that_agree_release_the_result_and_nothing_waits_any_more(place):
    made = planned(place, first(place))
    rate(first(place), made, note="A line.")
    ask(place, made, "A. Moreno")
    rate(place.actor("A. Moreno"), made)
    assert state(made) == "released"
    assert second.waiting(actor=lead(place)) == ()


def test_two_who_straddle_the_bar_want_a_third_who_is_neither_of_them(place):
    made = planned(place, first(place))
    rate(first(place), made, 2, note="A line.")
    ask(place, made, "A. Moreno")
    rate(place.actor("A. Moreno"), made, 3)
    assert state(made) == "rated"
    (one,) = second.waiting(actor=lead(place))
    assert (one.purpose, one.reasons) == ("third", ("disputed",))
    assert why_not(place, made) == {"L. Brandt": (), "A. Moreno": ("rater_twice",), "T. Lindqvist": ("rater_twice",)}
    assert ask(place, made, "L. Brandt") == "third"
    rate(place.actor("L. Brandt"), made, 3)
    assert state(made) == "released"


def third_asked(place: World) -> str:
    """Two straddle the bar, and a third was asked. -> the session"""
    made = planned(place, first(place))
    rate(first(place), made, 2, note="A line.")
    ask(place, made, "A. Moreno")
    rate(place.actor("A. Moreno"), made, 3)
    ask(place, made, "L. Brandt")
    return made


def agreed(place: World, made: str) -> None:
    """The first of them corrects what they gave, so that nobody else need rate."""
    observation.reopen(actor=first(place), observation_id=made, why="A slip.")
    rate(first(place), made, 3)
    assert state(made) == "released"


def swept() -> None:
    org_id = base.current_tenant()
    base.session().rollback()
    base._scope.set(None)
    try:
        conflict.sweep(now=base.now() + TOMORROW, acts=upholding)
    finally:
        base._scope.set(org_id)


def third(place: World) -> tuple[Rater, ConflictWatch]:
    seat = base.session().scalars(select(Rater).where(Rater.person_id == place.people["L. Brandt"])).one()
    return seat, base.session().scalars(select(ConflictWatch).where(ConflictWatch.about_id == seat.id)).one()


def test_who_was_asked_and_has_not_rated_is_freed_once_the_result_is_out(place):
    agreed(place, third_asked(place))
    seat, watch = third(place)
    assert (seat.state, watch.ended_at is None) == ("ended", False)
    assert told(place, "L. Brandt") == ["rating_asked", "rating_excused"]


@pytest.mark.parametrize("grave", ["closed", "needs_override"])
def test_who_never_rated_neither_takes_back_nor_voids_a_released_result(place, grave):
    made = third_asked(place)
    agreed(place, made)
    with base.transactional():  # as it was left before a release freed whoever was asked
        seat, watch = third(place)
        seat.state, watch.ended_at = "asked", None
    if grave == "closed":
        relation.declare(actor=place.actor("L. Brandt"), other_id=place.people["F. Martins"])
    else:
        manages(place.actor("L. Brandt"), place.actor("F. Martins"))
    swept()
    assert (state(made), third(place)[1].verdict) == ("released", grave)
    held = base.session().scalars(select(Candidacy).where(Candidacy.person_id == place.people["F. Martins"])).one()
    assert [one.counts for one in candidacy.records(base.session(), held).observations] == [True]


# --- who may ------------------------------------------------------------------------------------------------------------------


def test_everybody_who_may_not_be_asked_has_a_why(place):
    made = planned(place, first(place), on=base.now().date() + TOMORROW)
    place.person("N. Untold", "observer", standing="instructor", told=False)
    opinions.qualified(place, place.actor("N. Untold"))
    place.person("N. Untrained", "observer", standing="instructor")
    boss = opinions.observer(place, "N. Boss")
    manages(boss, place.actor("F. Martins"))
    assert why_not(place, made) == {
        "A. Moreno": (),
        "L. Brandt": (),
        "N. Boss": ("conflict",),
        "N. Untold": ("untold",),
        "N. Untrained": ("unqualified",),
        "T. Lindqvist": ("rater_twice",),
    }
    codes = {"N. Boss": "conflict_needs_override", "N. Untrained": "rater_unqualified"}
    for name, code in (codes | {"T. Lindqvist": "rater_twice"}).items():
        with pytest.raises(RuleBroken) as broken:
            ask(place, made, name)
        assert broken.value.code == code
    assert base.session().scalar(select(func.count(Rater.id))) == 0


def test_nobody_but_an_observer_of_the_course_can_be_asked(place):
    made = planned(place, first(place))
    with pytest.raises(NotFound):
        ask(place, made, "F. Martins")
    with pytest.raises(NotFound):
        second.assign(actor=first(place), observation_id=made, person_id=place.people["A. Moreno"])


def test_a_coordinator_learns_nothing_of_a_session_that_they_rate_while_somebody_else_leads_too(place):
    both = place.person("C. Both", "observer", "coordinator", standing="instructor")
    made = planned(place, both, on=base.now().date() + TOMORROW)
    assert second.waiting(actor=both) == ()
    with pytest.raises(NotFound):
        second.choose(actor=both, observation_id=made)
    assert [one.id for one in second.waiting(actor=lead(place))] == [made]


def test_the_list_counts_everybody_whom_the_page_behind_it_offers(place):
    opinions.qualified(place, place.person("N. Okoye", "observer", standing="instructor", told=False))
    made = planned(place, first(place))
    (one,) = second.waiting(actor=lead(place))
    assert one.able == len(second.choose(actor=lead(place), observation_id=made).able) == 3


# --- at once ------------------------------------------------------------------------------------------------------------------


def test_of_two_coordinators_who_ask_different_people_the_second_is_told_whom_the_first_has_asked(place):
    made = planned(place, first(place), on=base.now().date() + TOMORROW)
    ask(place, made, "A. Moreno")
    with pytest.raises(RuleBroken) as broken:
        ask(place, made, "L. Brandt")
    assert (broken.value.code, broken.value.facts["name"]) == ("rater_asked", "A. Moreno")
    assert ask(place, made, "A. Moreno") == "second"  # the same again is harmless
    assert told(place, "A. Moreno") == ["rating_asked"]


def test_somebody_else_takes_the_place_of_who_was_asked_and_both_hear_of_it(place):
    made = planned(place, first(place), on=base.now().date() + TOMORROW)
    ask(place, made, "A. Moreno")
    ask(place, made, "L. Brandt", instead_of=place.people["A. Moreno"])
    assert told(place, "A. Moreno") == ["rating_asked", "rating_excused"]
    with pytest.raises(NotFound):
        observation.sheet(actor=place.actor("A. Moreno"), observation_id=made)
    ask(place, made, "A. Moreno", instead_of=place.people["L. Brandt"])  # and back again
    assert observation.sheet(actor=place.actor("A. Moreno"), observation_id=made).purpose == "second"


def test_nobody_takes_the_place_of_who_has_rated_meanwhile(place):
    made = planned(place, first(place))
    ask(place, made, "A. Moreno")
    rate(first(place), made, note="A line.", submit=False)
    rate(place.actor("A. Moreno"), made, note="My own line.")
    for verb in (
        lambda: ask(place, made, "L. Brandt", instead_of=place.people["A. Moreno"]),
        lambda: second.excuse(actor=lead(place), observation_id=made, person_id=place.people["A. Moreno"]),
    ):
        with pytest.raises(RuleBroken) as broken:
            verb()
        assert broken.value.code in ("rater_submitted", "second_not_wanted")


def test_who_was_not_in_the_room_after_all_is_let_rate_from_the_notes(place):
    made = planned(place, first(place))
    ask(place, made, "A. Moreno")
    rate(first(place), made, note="A line of the room.")
    assert observation.sheet(actor=place.actor("A. Moreno"), observation_id=made).notes == ()
    ask(place, made, "A. Moreno", from_notes=True)
    (line,) = observation.sheet(actor=place.actor("A. Moreno"), observation_id=made).notes
    assert line.text == "A line of the room."


def test_who_was_asked_and_comes_into_a_conflict_is_shown_to_the_coordinator_as_such(place):
    made = planned(place, first(place), on=base.now().date() + TOMORROW)
    ask(place, made, "A. Moreno")
    manages(place.actor("A. Moreno"), place.actor("F. Martins"))
    org_id = base.current_tenant()
    base.session().rollback()
    base._scope.set(None)
    try:
        conflict.sweep(now=base.now() + TOMORROW)
    finally:
        base._scope.set(org_id)
    (one,) = second.waiting(actor=lead(place))
    assert (one.rater, one.unfit) == ("A. Moreno", True)


# --- where it is left out -----------------------------------------------------------------------------------------------------


def test_where_possible_and_nobody_may_it_goes_on_with_one_rating(place):
    doubling(place, Doubling(percent=0, near_hundredths=0, critical=False, new_ratings=0, where_possible=True))
    for name in ("A. Moreno", "L. Brandt"):
        manages(place.actor(name), place.actor("F. Martins"))
    made = planned(place, first(place))
    rate(first(place), made, note="A line.")
    assert state(made) == "released"


def test_whoever_sits_in_the_room_is_waited_for_though_nobody_else_could_be_asked(place):
    doubling(place, Doubling(percent=0, near_hundredths=0, critical=False, new_ratings=0, where_possible=True))
    manages(place.actor("L. Brandt"), place.actor("F. Martins"))
    made = planned(place, first(place))
    ask(place, made, "A. Moreno")
    rate(first(place), made, note="A line.")
    assert state(made) == "rated"
    rate(place.actor("A. Moreno"), made, note="Another line.")
    assert state(made) == "released"


def test_where_somebody_may_it_waits_and_is_let_go_once_nobody_may_any_more(place):
    doubling(place, Doubling(percent=0, near_hundredths=0, critical=False, new_ratings=0, where_possible=True))
    made = planned(place, first(place))
    rate(first(place), made, note="A line.")
    with pytest.raises(RuleBroken) as broken:
        second.go_on_without(actor=lead(place), observation_id=made)
    assert broken.value.code == "second_possible"
    for name in ("A. Moreno", "L. Brandt"):
        manages(place.actor(name), place.actor("F. Martins"))
    (one,) = second.waiting(actor=lead(place))
    assert (one.able, one.spared) == (0, True)
    assert awaited.sure(lead(place), {"opinions": 1, "disputed": 0, "own_line": 0})["opinions"] == 0, "the first page asks for nothing"
    assert second.go_on_without(actor=lead(place), observation_id=made) is True
    assert state(made) == "released"


WHERE_POSSIBLE = Doubling(percent=0, near_hundredths=0, critical=False, new_ratings=0, where_possible=True)


def disputed(place: World, *closed: str) -> str:
    """A session that two rate, on two sides of the bar on one criterion, with these people in conflict. -> its id"""
    for name in closed:
        manages(place.actor(name), place.actor("F. Martins"))
    made = planned(place, first(place))
    ask(place, made, "A. Moreno")
    rate(first(place), made, {"C3": 3}, note="A line.")
    rate(place.actor("A. Moreno"), made, {"C3": 2}, note="Another line.")
    return made


def method(made: str) -> str:
    """How its result came about, once it was made again from what is kept (I12)."""
    row = base.session().scalars(select(Observation).where(Observation.id == made)).one()
    kept = base.session().scalars(select(Resolution).where(Resolution.id == row.resolution_id)).one()
    used = tuple(one for one in releasing.submissions(base.session(), made) if one.id in kept.ratings)
    policy = sheet.subject_of(base.session(), row).version.policy
    again = holding.resolution(policy, programme.rubric(row.rubric_version_id), used, spared=kept.method == LOWERED)
    levels = base.session().scalars(select(ResolvedLevel).where(ResolvedLevel.resolution_id == kept.id))
    assert {(one.criterion, Fraction(one.numerator, one.denominator), one.how) for one in levels} == {
        (one.criterion, one.level, one.how) for one in again.results
    }
    assert holding.digest(used) == kept.inputs_hash
    return kept.method


def test_where_nobody_may_give_a_third_opinion_the_lower_of_the_two_levels_stands(place):
    doubling(place, WHERE_POSSIBLE)
    made = disputed(place, "L. Brandt")
    assert (state(made), method(made)) == ("released", "lowered")


def test_a_policy_that_insists_waits_for_a_third_opinion_though_nobody_may_give_it(place):
    made = disputed(place, "L. Brandt")
    assert state(made) == "rated"
    with pytest.raises(RuleBroken, match="second_possible"):
        second.go_on_without(actor=lead(place), observation_id=made)


def test_who_could_give_a_third_opinion_is_waited_for_until_nobody_may_any_more(place):
    doubling(place, WHERE_POSSIBLE)
    with base.transactional() as session:
        for one in session.scalars(select(LineAttestation).where(LineAttestation.person_id == place.people["L. Brandt"])):
            session.delete(one)
    made = disputed(place)
    assert state(made) == "rated", "somebody has only not told us yet who manages them"
    with pytest.raises(RuleBroken, match="second_possible"):
        second.go_on_without(actor=lead(place), observation_id=made)
    manages(place.actor("L. Brandt"), place.actor("F. Martins"))
    with base.transactional() as session:
        session.add(LineAttestation(person_id=place.people["L. Brandt"]))
    (one,) = second.waiting(actor=lead(place))
    assert (one.purpose, one.able, one.spared) == ("third", 0, True)
    assert second.go_on_without(actor=lead(place), observation_id=made) is True
    assert (state(made), method(made)) == ("released", "lowered")


def test_a_third_who_was_asked_is_waited_for_and_decides(place):
    doubling(place, WHERE_POSSIBLE)
    made = disputed(place)
    assert ask(place, made, "L. Brandt") == "third"
    with pytest.raises(RuleBroken, match="second_possible"):
        second.go_on_without(actor=lead(place), observation_id=made)
    rate(place.actor("L. Brandt"), made, 3)
    assert (state(made), method(made)) == ("released", "adjudicated")


# --- the draw -----------------------------------------------------------------------------------------------------------------


def test_the_draw_is_by_a_secret_of_the_course_and_an_audit_draws_the_same(place):
    doubling(place, Doubling(first=False, percent=50, near_hundredths=0, critical=False, new_ratings=0))
    made = [planned(place, first(place)) for _ in range(12)]
    drawn = {one.id for one in second.waiting(actor=lead(place))}
    assert 0 < len(drawn) < 12, "one in two thousand runs draws all or none"
    assert base.session().scalar(select(func.count(DrawSeed.id))) == 1
    plain = next(one for one in made if one not in drawn)
    rate(first(place), plain, note="A line.")
    page = drawing.audit(actor=lead(place))
    assert ([row.id for row in page.rows], page.doubled, page.differing, page.percents) == ([plain], 0, 0, (50,))


def test_an_audit_says_where_a_lot_was_changed_by_hand(place):
    doubling(place, Doubling(first=False, percent=0, near_hundredths=0, critical=False, new_ratings=0))
    planned(place, first(place))  # makes the secret
    made = planned(place, first(place))
    with base.transactional() as session:
        session.scalars(select(Observation).where(Observation.id == made)).one().second_reasons = "drawn"
    rate(first(place), made, note="A line.")
    ask(place, made, "A. Moreno")
    rate(place.actor("A. Moreno"), made)
    (row,) = drawing.audit(actor=lead(place)).rows
    assert (row.differs, row.ratings, row.from_notes, row.method) == (True, 2, 1, "agreement")


def test_what_is_not_released_is_in_no_count(place):
    planned(place, first(place))
    assert drawing.audit(actor=lead(place)).rows == ()


def test_what_is_held_again_after_its_release_is_in_no_count_of_the_course(place):
    made = planned(place, first(place))
    rate(first(place), made, note="A line.")
    ask(place, made, "A. Moreno")
    rate(place.actor("A. Moreno"), made)

    def counts() -> tuple[int, int, int, int]:
        base.session().rollback()
        base.session().expire_all()
        page = reports.staff_home(actor=lead(place), coordinated=True)
        rated = doubled.sessions(base.session(), course_id=place.course_id, person_id=place.people["T. Lindqvist"])
        return len(drawing.audit(actor=lead(place)).rows), agreement.page(actor=lead(place)).whole.pairs, len(rated), page.released

    assert counts() == (1, 12, 1, 1)
    with base.transactional() as session:
        session.scalars(select(ConflictWatch).where(ConflictWatch.about_kind == "rater")).one().verdict = "needs_override"
    assert counts() == (0, 0, 0, 0)
