# SPDX-License-Identifier: Apache-2.0
"""The places of a course: who holds one, who gives it back, who hears of it, and that a person gives it to the next."""

from __future__ import annotations

import threading
from contextvars import copy_context
from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import select, update

from conftest import World, make_world
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.services import application, candidacy, dossier, intake, participation, recorded, selection
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.notification import Notification
from lti_mentoring.store.people import Course, Membership
from support.applying import reviewed, submitted, taking_applications


def code_of(verb, **how) -> str:
    with pytest.raises(RuleBroken) as refused:
        verb(**how)
    return refused.value.code


def ready(world: World, lead: Actor, name: str) -> str:
    made = submitted(world, name)
    reviewed(world, lead, made, lead)
    return made


def taken_in(world: World, lead: Actor, name: str) -> str:
    """Somebody applies, is offered a place and accepts. -> their candidacy"""
    selection.offer(actor=lead, application_id=ready(world, lead, name))
    application.accept(actor=world.actor(name), agreed=True)
    return world.candidacy_id(name)


def held(world: World) -> tuple[int, int]:
    base.session().rollback()
    found = intake.places_of(base.session(), world.course_id)
    return found.taking_part, found.offered


def told(who: Actor) -> list[str]:
    rows = base.session().scalars(select(Notification).where(Notification.person_id == who.person_id).order_by(Notification.created_at))
    return [row.kind for row in rows]


def test_a_place_is_held_by_an_offer_and_by_whoever_takes_part_and_by_nobody_else(world: World):
    lead = taking_applications(world, places=3)
    selection.offer(actor=lead, application_id=ready(world, lead, "Ada"))
    assert held(world) == (0, 1)
    application.accept(actor=world.actor("Ada"), agreed=True)
    assert held(world) == (1, 0)
    own = world.candidacy_id("Ada")
    participation.defer(actor=lead, candidacy_id=own, reason="workload", until=base.now().date().replace(year=base.now().year + 1))
    assert held(world) == (1, 0), "who has paused comes back to their place"
    participation.withdraw(actor=lead, candidacy_id=own, reason="no_time")
    assert held(world) == (0, 0)


def test_whoever_became_a_candidate_before_the_course_took_applications_holds_a_place(world: World):
    world.person("Early")
    world.person("Canvas", test_user=True)
    lead = taking_applications(world, places=1)
    assert code_of(selection.offer, actor=lead, application_id=ready(world, lead, "Ada")) == "no_place_left"
    assert code_of(intake.change, actor=lead, mode="apply", places=0, opens_at=None, closes_at=None) == "places_given"


def test_a_place_that_is_given_back_is_shown_to_a_person_who_gives_it_to_the_next(world: World):
    lead = taking_applications(world, places=1)
    own = taken_in(world, lead, "Ada")
    later, first = ready(world, lead, "Cleo"), ready(world, lead, "Ben")
    for made in (first, later):
        selection.waitlist(actor=lead, application_id=made)
    assert dossier.queue(actor=lead).next is None
    deputy = world.person("Deputy", "deputy", standing="none")
    participation.withdraw(actor=deputy, candidacy_id=own, reason="no_time")
    assert (told(lead)[-1], told(deputy)) == ("place_free", []), "whoever has done it knows it"
    page = dossier.queue(actor=lead)
    assert (page.next.id, page.places.left) == (first, 1), "who has waited for the longest, whoever has applied first"
    assert dossier.dossier(actor=lead, application_id=first).state == "waitlisted", "nobody moves up by themselves"
    selection.offer(actor=lead, application_id=first)
    assert dossier.queue(actor=lead).next is None
    assert code_of(selection.offer, actor=lead, application_id=later) == "no_place_left"


def test_nobody_hears_of_a_free_place_that_nobody_waits_for(world: World):
    lead = taking_applications(world, places=1)
    own = taken_in(world, lead, "Ada")
    participation.withdraw(actor=world.actor("Ada"), candidacy_id=own, reason="no_time")
    assert "place_free" not in told(lead)


def test_whoever_comes_back_needs_a_place_and_reads_why_not(world: World):
    lead = taking_applications(world, places=1)
    own = taken_in(world, lead, "Ada")
    participation.withdraw(actor=lead, candidacy_id=own, reason="no_time")
    selection.offer(actor=lead, application_id=ready(world, lead, "Ben"))
    page = participation.of(actor=lead, candidacy_id=own)
    assert ("reinstate" in page.verbs, page.place_free) == (False, False)
    assert code_of(participation.reinstate, actor=lead, candidacy_id=own) == "place_given"
    intake.change(actor=lead, mode="apply", places=2, opens_at=None, closes_at=None)
    participation.reinstate(actor=lead, candidacy_id=own)
    assert held(world) == (1, 1)


def test_an_offer_and_a_coming_back_at_once_give_the_last_place_once(any_app: Flask):
    made = make_world("Last")
    with base.tenant(made.org_id):
        lead = taking_applications(made, places=1)
        own = taken_in(made, lead, "Ada")
        participation.withdraw(actor=lead, candidacy_id=own, reason="no_time")
        other = ready(made, lead, "Ben")
        gate, ends = threading.Barrier(2), []

        def act(verb, **how) -> None:
            gate.wait()
            with any_app.app_context(), base.tenant(made.org_id):
                try:
                    verb(actor=lead, **how)
                    ends.append("")
                except RuleBroken as broken:
                    ends.append(broken.code)

        base.session().rollback()
        asked = ((selection.offer, {"application_id": other}), (participation.reinstate, {"candidacy_id": own}))
        threads = [threading.Thread(target=copy_context().run, args=(act, verb), kwargs=how) for verb, how in asked]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert ends.count("") == 1
        assert set(ends) - {""} <= {"no_place_left", "place_given"}
        assert sum(held(made)) == 1


def test_what_is_undecided_stands_before_what_is_decided_and_a_list_that_is_cut_says_so(world: World, monkeypatch):
    lead = taking_applications(world)
    done, waits = submitted(world, "Ada"), submitted(world, "Ben")
    selection.decline(actor=lead, application_id=done, reason="not_eligible", feedback="Come back with three years of practice.")
    page = dossier.queue(actor=lead)
    assert ([row.id for row in page.rows], page.more) == ([waits, done], False)
    monkeypatch.setattr(dossier, "MOST_LISTED", 1)
    page = dossier.queue(actor=lead)
    assert ([row.id for row in page.rows], page.more) == ([waits], True)


# --- one way at a time (I3)


def elsewhere(world: World, person_id: str) -> str:
    """Somebody takes part in the same programme in another course. -> the course"""
    course = base.new_id()
    with base.transactional() as session:
        session.add(Course(id=course, issuer="https://lms.example/other", context_id=f"c:{course}"))
        session.flush()
        candidacy.begin(session, org_id=world.org_id, person_id=person_id, course_id=course)
    return course


def test_I3_whoever_takes_part_elsewhere_accepts_no_offer_before_they_have_left_there(world: World):
    lead = taking_applications(world)
    made = ready(world, lead, "Ada")
    selection.offer(actor=lead, application_id=made)
    who = world.actor("Ada")
    course = elsewhere(world, who.person_id)
    assert code_of(application.accept, actor=who, agreed=True) == "taking_part_elsewhere"
    assert dossier.dossier(actor=lead, application_id=made).state == "offered", "the offer runs on"
    with base.transactional() as session:
        session.execute(update(Candidacy).where(Candidacy.course_id == course).values(participation="withdrawn"))
    application.accept(actor=who, agreed=True)
    assert "candidate" in world.actor("Ada").roles


def test_I3_whoever_takes_part_elsewhere_is_not_recorded_as_selected_here(world: World):
    lead = taking_applications(world)
    who = world.person("Ada", standing="none")
    elsewhere(world, who.person_id)
    assert recorded.check(actor=lead, text="Ada")[0].match.why_not == "elsewhere"
    how = {"decided_by": "The board", "decided_on": datetime.now(UTC).date(), "why": "Known."}
    assert code_of(recorded.record, actor=lead, text="Ada", **how) == "list_names_nobody"


def test_I3_of_two_courses_that_take_somebody_in_at_once_one_does(any_app: Flask):
    made = make_world("Two")
    with base.tenant(made.org_id):
        lead = taking_applications(made)
        selection.offer(actor=lead, application_id=ready(made, lead, "Ada"))
        who = made.actor("Ada")
        other = base.new_id()
        with base.transactional() as session:
            session.add(Course(id=other, issuer="https://lms.example/other", context_id="c:other"))
        there = made.person("Lead there", "coordinator", standing="instructor", course_id=other)
        with base.transactional() as session:
            session.add(Membership(course_id=other, person_id=who.person_id, standing="learner"))
        how = {"decided_by": "The board", "decided_on": datetime.now(UTC).date(), "why": "Known."}
        gate, ends = threading.Barrier(2), []

        def act(verb, **how) -> None:
            gate.wait()
            with any_app.app_context(), base.tenant(made.org_id):
                try:
                    verb(**how)
                    ends.append("")
                except RuleBroken as broken:
                    ends.append(broken.code)

        base.session().rollback()
        asked = ((application.accept, {"actor": who, "agreed": True}), (recorded.record, {"actor": there, "text": "Ada", **how}))
        threads = [threading.Thread(target=copy_context().run, args=(act, verb), kwargs=more) for verb, more in asked]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(ends) in (["", "list_names_nobody"], ["", "taking_part_elsewhere"])
        base.session().expire_all()
        assert len(base.session().scalars(select(Candidacy.id).where(Candidacy.person_id == who.person_id)).all()) == 1
