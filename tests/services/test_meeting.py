# SPDX-License-Identifier: Apache-2.0
"""A session that is moved, on both databases: a yes was for one day and place, and whoever has to do with it hears."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from conftest import World, make_world
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.reminder import RATING_DAYS
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.services import consent, meeting, observation, participant, room, second
from lti_mentoring.services.occasion import Asked
from lti_mentoring.services.room import Named
from lti_mentoring.store import base
from lti_mentoring.store.field import Participant
from lti_mentoring.store.mentorship import MentorshipMember
from lti_mentoring.store.notification import Notification
from lti_mentoring.store.observation import EvidenceNote, Observation
from lti_mentoring.store.rating import Rater
from support import opinions
from support.opinions import doubling
from support.pairing import ahead, met, paired


class Case:
    """A session of a pair that is observed and rated twice, with its protégé and a guest in the room."""

    def __init__(self, world: World) -> None:
        self.world = world
        world.person("F. Martins")
        self.observer, self.rater = (opinions.observer(world, name) for name in ("T. Lindqvist", "A. Moreno"))
        world.person("Wen Zhang")
        self.lead = world.person("R. Okafor", "coordinator", standing="instructor")
        doubling(world)
        world.mastered("F. Martins")
        self.when = ahead(2)
        self.session = met(self.lead, paired(self.lead, world.people["F. Martins"], "Wen Zhang"), self.when)
        given = {"candidacy_id": world.candidacy_id("F. Martins"), "observer_id": self.observer.person_id}
        self.id = observation.plan(actor=self.lead, **given, asked=Asked(session_id=self.session))
        second.assign(actor=self.lead, observation_id=self.id, person_id=self.rater.person_id)
        room.add(actor=self.lead, observation_id=self.id, named=Named("Kim", ""))
        self.wen = world.actor("Wen Zhang")
        people = room.page(actor=self.lead, observation_id=self.id).people
        kim = next(one.person_id for one in people if one.name == "Kim")
        self.kim = Actor(world.org_id, kim, world.course_id, "Kim", frozenset(), "")

    def say(self, agrees: bool, *people: Actor) -> None:
        for one in people:
            participant.answer(actor=one, observation_id=self.id, agrees=agrees)

    def move(self, **changes: Any) -> None:
        when = {"starts_at": self.when.starts_at} | changes
        meeting.change(actor=self.lead, session_id=self.session, when=ahead(**when))
        base.session().rollback()
        base.session().expire_all()

    def said(self, who: Actor) -> str:
        mine = (Participant.observation_id == self.id, Participant.person_id == who.person_id)
        return str(base.session().scalars(select(Participant.consent).where(*mine)).one())

    def row(self) -> Observation:
        return base.session().scalars(select(Observation).where(Observation.id == self.id)).one()

    def told(self, who: Actor) -> list[str]:
        theirs = select(Notification.kind).where(Notification.person_id == who.person_id).order_by(Notification.id)
        return sorted(base.session().scalars(theirs))


@pytest.fixture
def case(any_app: Flask) -> Iterator[Case]:
    world = make_world("Northfield")
    with base.tenant(world.org_id):
        yield Case(world)


@pytest.mark.parametrize("changes", [{"starts_at": ahead(5).starts_at}, {"place": "The ward"}], ids=["day", "place"])
def test_a_yes_is_asked_anew_for_another_day_or_place(case: Case, changes: dict[str, Any]) -> None:
    case.say(True, case.wen, case.kim)
    assert consent.stands(base.session(), case.row())
    case.move(**changes)
    assert (case.said(case.wen), case.said(case.kim)) == ("asked", "asked")
    assert not consent.stands(base.session(), case.row())
    assert case.told(case.wen).count("consent_anew") == 1
    case.say(True, case.wen, case.kim)
    assert consent.stands(base.session(), case.row())


def test_another_length_on_the_same_day_and_place_asks_nobody_anew(case: Case) -> None:
    case.say(True, case.wen, case.kim)
    case.move(minutes=60)
    assert consent.stands(base.session(), case.row())
    assert "consent_anew" not in case.told(case.wen)


def test_what_somebody_has_written_of_stays_on_its_day(case: Case) -> None:
    with base.transactional() as session:
        watched = {"observation_id": case.id, "author_id": case.world.people["F. Martins"]}
        session.add(EvidenceNote(id=base.new_id(), text="Asks twice.", noted_at=base.now(), **watched))
    with pytest.raises(RuleBroken, match="session_observed"):
        case.move(place="Room 2")


def test_a_no_stays_a_no_on_another_day_and_hears_of_it_as_a_yes_does(case: Case) -> None:
    case.say(False, case.wen)
    case.move(starts_at=ahead(5).starts_at)
    assert case.said(case.wen) == "refused"
    assert "consent_anew" in case.told(case.wen)


def test_whoever_has_left_the_pair_by_the_new_day_is_asked_no_longer(case: Case) -> None:
    kit = case.world.person("Kit Hale")
    case.say(True, case.wen, case.kim)
    day = case.when.starts_at.date() + timedelta(days=1)
    with base.transactional() as session:
        first = session.scalars(select(MentorshipMember).where(MentorshipMember.person_id == case.wen.person_id)).one()
        first.ended_on = day
        about = {"mentorship_id": first.mentorship_id, "person_id": kit.person_id, "role": first.role, "started_on": day}
        session.add(MentorshipMember(id=base.new_id(), **about))
    case.move(starts_at=ahead(9).starts_at)
    people = room.page(actor=case.lead, observation_id=case.id).people
    assert {one.person_id for one in people} == {kit.person_id, case.kim.person_id}
    assert "consent_anew" not in case.told(case.wen)
    case.say(True, kit, case.kim)
    assert consent.stands(base.session(), case.row())


def test_a_room_is_not_emptied_by_a_move_so_that_the_observers_word_would_hold(case: Case) -> None:
    with base.transactional() as session:
        session.delete(session.scalars(select(Participant).where(Participant.person_id == case.kim.person_id)).one())
        member = session.scalars(select(MentorshipMember).where(MentorshipMember.person_id == case.wen.person_id)).one()
        member.ended_on = case.when.starts_at.date() + timedelta(days=1)
    case.move(starts_at=ahead(9).starts_at)
    assert case.said(case.wen) == "asked"


def test_the_observers_word_is_for_one_day_too(case: Case) -> None:
    with base.transactional() as session:
        for one in session.scalars(select(Participant)):
            session.delete(one)
        row = session.scalars(select(Observation)).one()
        row.consent_at, row.consent_by = base.now(), case.observer.person_id
    case.move(starts_at=ahead(5).starts_at)
    assert case.row().consent_at is None


def test_a_yes_to_the_day_that_an_open_page_still_shows_is_none_to_the_new_one(case: Case) -> None:
    shown = consent.page(actor=case.kim, observation_id=case.id).about
    case.move(starts_at=ahead(5).starts_at)
    said = {"actor": case.kim, "observation_id": case.id, "agrees": True}
    with pytest.raises(RuleBroken, match="consent_moved"):
        participant.answer(**said, about=shown)
    participant.answer(**said, about=consent.page(actor=case.kim, observation_id=case.id).about)
    assert case.said(case.kim) == "granted"


def test_whoever_was_asked_to_rate_hears_of_it_and_has_as_many_days_as_before(case: Case) -> None:
    case.move(starts_at=ahead(9).starts_at)
    due = base.session().scalars(select(Rater.due_on).where(Rater.person_id == case.rater.person_id)).one()
    assert due == case.row().planned_for + RATING_DAYS == (base.now() + timedelta(days=9)).date() + RATING_DAYS
    assert "observation_moved" in case.told(case.rater)
    assert case.told(case.observer).count("observation_moved") == 1
