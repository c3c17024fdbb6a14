# SPDX-License-Identifier: Apache-2.0
"""What is observed and dropped, by whichever way and on both databases: what goes along, who hears of it, and several at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from conftest import World, make_world
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import conflict as guard
from lti_mentoring.services import meeting, observation, pairing, participation, releasing, reporting_line, second, upholding
from lti_mentoring.services.collision import once_more
from lti_mentoring.services.occasion import Asked
from lti_mentoring.services.reporting_line import Manager
from lti_mentoring.store import base
from lti_mentoring.store.conflict import ConflictWatch
from lti_mentoring.store.notification import Notification
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.people import Person
from lti_mentoring.store.rating import Rater
from support import opinions
from support.opinions import doubling, planned, rate
from support.pairing import ahead, met, paired
from support.racing import at_once


@pytest.fixture
def place(any_app: Flask) -> Iterator[World]:
    """A candidate who mentors, three qualified observers, a coordinator; the first session of a candidate is rated twice."""
    made = make_world("Northfield")
    with base.tenant(made.org_id):
        made.person("F. Martins")
        for name in ("T. Lindqvist", "A. Moreno", "L. Brandt"):
            opinions.observer(made, name)
        made.person("Wen Zhang")
        made.person("R. Okafor", "coordinator", standing="instructor")
        doubling(made)
        made.mastered("F. Martins")
        yield made


def lead(place: World) -> Any:
    return place.actor("R. Okafor")


def fresh() -> Any:
    base.session().rollback()
    base.session().expire_all()
    return base.session()


def state(made: str) -> str:
    return str(fresh().scalars(select(Observation.state).where(Observation.id == made)).one())


def reasons(made: str) -> str:
    return str(fresh().scalars(select(Observation.second_reasons).where(Observation.id == made)).one())


def watched(made: str) -> int:
    """What the guard still looks at of an observation and its raters."""
    seats = select(Rater.id).where(Rater.observation_id == made)
    about = ConflictWatch.about_id.in_([made, *fresh().scalars(seats)])
    return len(fresh().scalars(select(ConflictWatch.id).where(about, ConflictWatch.ended_at.is_(None))).all())


def told(place: World, name: str) -> list[str]:
    theirs = select(Notification.kind).where(Notification.person_id == place.people[name])
    return list(fresh().scalars(theirs.order_by(Notification.created_at, Notification.id)))


def observed(place: World, session_id: str, **changes: Any) -> str:
    given = {"candidacy_id": place.candidacy_id("F. Martins"), "observer_id": place.people["T. Lindqvist"]}
    return observation.plan(actor=lead(place), **given, asked=Asked(session_id=session_id), **changes)


WAYS: dict[str, Callable[[World, dict[str, str]], None]] = {
    "the observation": lambda place, ids: observation.cancel(actor=lead(place), observation_id=ids["made"]),
    "its session": lambda place, ids: meeting.cancel(actor=lead(place), session_id=ids["session"]),
    "the pair": lambda place, ids: pairing.end(actor=lead(place), mentorship_id=ids["pair"]),
    "a pause": lambda place, ids: participation.defer(
        actor=lead(place), candidacy_id=ids["candidacy"], reason="bereavement", until=base.now().date() + timedelta(days=5)
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_first_session_is_rated_twice_whichever_way_the_one_before_it_was_dropped(place: World, way: str):
    pair = paired(lead(place), place.people["F. Martins"], "Wen Zhang")
    held = met(lead(place), pair, ahead(2))
    made = observed(place, held)
    second.assign(actor=lead(place), observation_id=made, person_id=place.people["A. Moreno"])
    later = planned(place, place.actor("T. Lindqvist"), on=base.now().date() + timedelta(days=9))
    assert (reasons(made), reasons(later)) == ("first_summative", "")
    assert watched(made) == 2
    WAYS[way](place, {"made": made, "session": held, "pair": pair, "candidacy": place.candidacy_id("F. Martins")})
    assert (state(made), state(later), reasons(later)) == ("cancelled", "planned", "first_summative")
    assert watched(made) == 0
    assert told(place, "T. Lindqvist").count("observation_called_off") == 1
    assert told(place, "A. Moreno") == ["rating_asked", "rating_excused"]
    assert [told(place, one).count("observation_called_off") for one in ("F. Martins", "Wen Zhang")] == [1, 1]
    assert "observation_called_off" not in told(place, "R. Okafor")


def test_whoever_was_asked_to_rate_what_is_set_aside_hears_that_it_is_not_needed(place: World):
    made = planned(place, place.actor("T. Lindqvist"))
    rate(place.actor("T. Lindqvist"), made, note="A line.")
    second.assign(actor=lead(place), observation_id=made, person_id=place.people["A. Moreno"])
    releasing.void(actor=lead(place), observation_id=made, reason="other")
    assert (state(made), watched(made)) == ("void", 0)
    assert told(place, "A. Moreno") == ["rating_asked", "rating_excused"]


# --- at once --------------------------------------------------------------------------------------------------------------------


def test_all_sessions_of_a_candidate_called_off_at_once_are_all_called_off(place: World, any_app: Flask):
    """Each looks at the others, and in no order do they wait for each other."""
    who = place.actor("T. Lindqvist")
    made = [planned(place, who, on=base.now().date() + timedelta(days=days)) for days in range(1, 7)]
    at_once(any_app, [lambda one=one: _faults(lambda: observation.cancel(actor=who, observation_id=one)) for one in made])
    assert [state(one) for one in made] == ["cancelled"] * 6
    assert faults() == []


def test_sessions_and_pairs_that_end_at_once_with_their_observations_all_end(place: World, any_app: Flask):
    who, mentor = lead(place), place.people["F. Martins"]
    pair = paired(who, mentor, "Wen Zhang")
    sessions = [met(who, pair, ahead(days)) for days in (5, 4, 3)]
    made = [observed(place, one) for one in sessions]
    acts = [lambda one=one: meeting.cancel(actor=who, session_id=one) for one in sessions[:2]]
    acts += [lambda: observation.cancel(actor=who, observation_id=made[2])]
    acts += [lambda: pairing.end(actor=who, mentorship_id=pair)]
    at_once(any_app, [lambda act=act: _faults(act) for act in acts])
    assert faults() == []
    assert [state(one) for one in made] == ["cancelled"] * 3


def test_a_line_told_while_a_session_is_set_aside_for_it_waits_for_nobody_who_waits_for_it(place: World, any_app: Flask):
    who = place.actor("T. Lindqvist")
    made = [planned(place, who, on=base.now().date() + timedelta(days=days)) for days in range(1, 5)]
    for one in made[:1]:
        second.assign(actor=lead(place), observation_id=one, person_id=place.people["A. Moreno"])
    manager = Manager("dotted", name="Somebody else")

    def say() -> None:
        for _ in range(5):
            reporting_line.enter(actor=lead(place), person_id=place.people["F. Martins"], managers=[manager])

    acts: list[Callable[[], object]] = [lambda one=one: observation.cancel(actor=who, observation_id=one) for one in made]
    at_once(any_app, [lambda act=act: _faults(act) for act in (say, *acts)])
    assert faults() == []


_FAULTS: list[BaseException] = []


def _faults(act: Callable[[], object]) -> None:
    try:
        act()
    except RuleBroken:
        raise
    except Exception as error:  # a deadlock is no rule, and ``at_once`` keeps rules alone
        _FAULTS.append(error)


def faults() -> list[BaseException]:
    found = list(_FAULTS)
    _FAULTS.clear()
    return found


def test_two_presses_of_one_plan_at_once_plan_once(place: World, any_app: Flask):
    facts = {"candidacy_id": place.candidacy_id("F. Martins"), "observer_id": place.people["T. Lindqvist"], "protege_label": "A"}
    facts |= {"planned_for": base.now().date(), "observation_id": "c" * 32}
    at_once(any_app, [lambda: _faults(lambda: observation.plan(actor=lead(place), **facts))] * 4)
    assert faults() == []
    assert list(fresh().scalars(select(Observation.id))) == ["c" * 32]


def test_the_id_of_somebody_elses_plan_or_session_is_not_found(place: World):
    planned(place, place.actor("T. Lindqvist"))
    theirs = fresh().scalars(select(Observation.id)).one()
    facts = {"candidacy_id": place.candidacy_id("F. Martins"), "observer_id": place.people["T. Lindqvist"], "protege_label": "A"}
    with pytest.raises(NotFound):
        observation.plan(actor=lead(place), **facts, planned_for=base.now().date(), observation_id=theirs)
    held = met(lead(place), paired(lead(place), place.people["F. Martins"], "Wen Zhang"))
    other = paired(lead(place), place.people["A. Moreno"])
    with pytest.raises(NotFound):
        meeting.plan(actor=lead(place), mentorship_id=other, when=ahead(3), session_id=held)


def test_of_two_verbs_in_each_others_way_both_are_done(place: World, any_app: Flask):
    """PostgreSQL ends one of them; it is done once more. SQLite lets one write at a time."""
    people = [place.people["A. Moreno"], place.people["L. Brandt"]]
    meet = threading.Barrier(2, timeout=5)

    def rename(order: list[str], name: str) -> Callable[[], None]:
        tries: list[int] = []

        def act() -> None:
            tries.append(1)
            with base.transactional() as session:
                for number, one in enumerate(order):
                    session.execute(update(Person).where(Person.id == one).values(name=name))
                    if number == 0 and len(tries) == 1 and session.get_bind().dialect.name == "postgresql":
                        meet.wait()

        return act

    acts = [rename(people, "One"), rename(people[::-1], "Two")]
    at_once(any_app, [lambda act=act: _faults(lambda: once_more(act, act)) for act in acts])
    assert faults() == []
    assert len(set(fresh().scalars(select(Person.name).where(Person.id.in_(people))))) == 1


def test_what_was_committed_is_not_done_again(place: World):
    done: list[int] = []

    def act() -> None:
        done.append(1)
        with base.transactional():
            pass
        with base.transactional() as session:
            session.add(Person(id=place.people["A. Moreno"], name="Twice"))
            session.flush()

    with pytest.raises(IntegrityError):
        once_more(act, act)
    assert done == [1]


# --- the worker's round ---------------------------------------------------------------------------------------------------------


def outside(work: Callable[[], object]) -> None:
    org_id = base.current_tenant()
    base.session().rollback()
    base._scope.set(None)
    try:
        work()
    finally:
        base._scope.set(org_id)


def test_a_broken_matter_keeps_no_other_from_being_looked_at(place: World):
    who = place.actor("T. Lindqvist")
    broken, sound = planned(place, who), planned(place, who)
    with base.transactional() as session:
        session.execute(update(ConflictWatch).where(ConflictWatch.about_id == broken).values(question={"purpose": "none"}))
        session.execute(update(ConflictWatch).values(look_on=base.now().date() - timedelta(days=1)))
    outside(lambda: guard.sweep(now=base.now(), acts=upholding))
    due = select(ConflictWatch.about_id).where(ConflictWatch.look_on <= base.now().date())
    assert list(fresh().scalars(due)) == [broken]
    assert state(sound) == "planned"
