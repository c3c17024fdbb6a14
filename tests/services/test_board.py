# SPDX-License-Identifier: Apache-2.0
"""The cohort board: who is on it, how each stands, what one person's page says, and that a file of it is written down."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import insert, select, update

from conftest import World, make_world
from lti_mentoring.domain import board as rules
from lti_mentoring.domain.board import Wanted
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.rule import NotFound
from lti_mentoring.services import (
    assistance,
    board,
    candidacy,
    cohort,
    observation,
    participation,
    programme,
    recorded,
    selection,
    training,
)
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.people import Membership, Person
from lti_mentoring.store.privacy import AuditEvent
from lti_mentoring.store.training import CheckAttempt
from support import applying
from support.progress import master, observe
from support.statements import statements

FEW, MANY = 2, 200


@pytest.fixture
def lead(world: World) -> Actor:
    world.person("T. Lindqvist", "observer", standing="instructor")
    return world.person("R. Okafor", "coordinator", standing="instructor")


def shown(lead: Actor, **wanted: object) -> board.Board:
    base.session().expire_all()
    return board.page(actor=lead, wanted=Wanted(**wanted))  # type: ignore[arg-type]


def states(lead: Actor, name: str) -> dict[str, str]:
    row = next(row for row in shown(lead).rows if row.name == name)
    return {key: cell.state for key, cell in row.cells.items()}


# --- who is on it, and how each stands -----------------------------------------------------------------------------------------------


def test_everybody_is_on_it_by_name_and_test_users_are_not(world: World, lead: Actor):
    world.person("b. Late")
    world.person("Student view", test_user=True)
    world.person("A. Moreno")
    nameless = world.person("Nameless", nameless=True)
    master(world, "A. Moreno")
    observe(world, "A. Moreno")
    page = shown(lead)
    assert [(row.name, row.done, row.of, row.step.code, row.waits, row.reached) for row in page.rows] == [
        ("A. Moreno", 2, 2, "all_met", "nobody", "all_met"),
        ("b. Late", 0, 2, "take_module", "candidate", "training"),
        (f"Participant {nameless.person_id[-4:].upper()}", 0, 2, "take_module", "candidate", "training"),
    ]
    assert [one.key for one in page.columns] == ["training.M1", "independent_mentoring"]
    assert page.figures["training"] == {"met": 1, "open": 2}


def test_the_board_follows_a_candidate_step_by_step(world: World, lead: Actor):
    world.person("A. Moreno")
    assert states(lead, "A. Moreno") == {"training": "open", "training.M1": "open", "independent_mentoring": "open"}
    master(world, "A. Moreno")
    assert states(lead, "A. Moreno") == {"training": "met", "training.M1": "met", "independent_mentoring": "waits"}
    assert [row.waits for row in shown(lead).rows] == ["coordinator"]
    observe(world, "A. Moreno", until="plan")
    assert [row.waits for row in shown(lead).rows] == ["observer"]
    observe(world, "A. Moreno")
    assert states(lead, "A. Moreno")["independent_mentoring"] == "met"


def test_applicants_are_on_it_with_their_state_and_drafts_are_only_counted(world: World, lead: Actor):
    chief = applying.taking_applications(world)
    made = applying.submitted(world, "Amina Quillfeather")
    world.person("T. Larkspur", standing="none")
    drafter = world.actor("T. Larkspur")
    applying.answered(world, drafter)
    page = shown(chief)
    assert [(row.id, row.name, row.part, row.waits, row.reached) for row in page.rows] == [
        (made, "Amina Quillfeather", "applying", "coordinator", "selection")
    ]
    assert list(page.figures)[:2] == ["application", "selection"]
    applying.reviewed(world, chief, made, world.actor("T. Lindqvist"))
    assert [row.step.code for row in shown(chief).rows] == ["under_review"]
    assert [row.waits for row in shown(chief).rows] == ["coordinator"]
    selection.offer(actor=chief, application_id=made)
    assert [(row.waits, row.cell("selection").state) for row in shown(chief).rows] == [("candidate", "waits")]


def test_who_was_selected_elsewhere_has_that_behind_them(world: World, lead: Actor):
    world.person("A. Moreno", standing="none")
    recorded.record(actor=lead, text="A. Moreno", decided_by="The board", decided_on=base.now().date(), why="Known.")
    row = shown(lead).rows[0]
    assert (row.cell("application").state, row.cell("selection").state) == ("not_asked", "met")


def test_two_versions_in_one_cohort_share_the_board(world: World, lead: Actor):
    """Another version asks for more; who is in the first one is not asked for it."""
    world.person("A. Moreno")
    world.person("B. Late")
    newest = programme.current(world.org_id)
    assert newest is not None
    version = programme.load(newest.id)
    more = replace(version, policy=replace(version.policy, co_mentoring_sessions=2, co_mentoring_rubric=version.policy.observation_rubric))
    with base.transactional() as session:
        other = programme.publish(session, org_id=world.org_id, programme=more, actor="operator", derived_from=newest.id)
        held = Candidacy.id == world.candidacy_id("B. Late")
        session.execute(update(Candidacy).where(held).values(programme_version_id=other.id))
    page = shown(lead)
    assert [one.key for one in page.columns] == ["training.M1", "co_mentoring", "independent_mentoring"]
    assert {row.name: row.cell("co_mentoring").state for row in page.rows} == {"A. Moreno": "not_asked", "B. Late": "open"}
    assert [row.name for row in shown(lead, req="co_mentoring").rows] == ["B. Late"]


def test_what_is_read_in_outline_is_what_each_persons_records_say(world: World, lead: Actor):
    """Nothing that a cell depends on is lost on the way to a text and back."""
    for name, level, until in (("A", 1, "release"), ("B", 4, "release"), ("C", 3, "plan"), ("D", 3, "draft"), ("E", 0, "")):
        world.person(name)
        if name != "D":
            master(world, name)
        if until:
            observe(world, name, level=level, until=until)
    world.person("F")
    training.start_check(actor=world.actor("F"), key="M1")
    session, found = base.session(), cohort.read(lead)
    for member in found.members:
        version, outline = found.outlines.shapes[found.outlines.of[member.id]]
        held = session.get_one(Candidacy, (world.org_id, member.id))
        told = [board.stand(programme.load(version), one, "active") for one in (outline, candidacy.records(session, held))]
        assert [rules.cells(*one) for one in told] == [rules.cells(*told[1])] * 2
        assert [(one[1].code, one[1].yours) for one in told] == [(told[1][1].code, told[1][1].yours)] * 2


# --- what was asked for --------------------------------------------------------------------------------------------------------------


def test_filters_by_participation_enrolment_and_time(world: World, lead: Actor):
    for name in ("A. Moreno", "B. Late", "C. Gone"):
        world.person(name)
    day = base.now().date()
    participation.enrol(actor=lead, candidacy_id=world.candidacy_id("A. Moreno"), state="joining", day=day)
    participation.withdraw(actor=lead, candidacy_id=world.candidacy_id("C. Gone"), reason="no_time")
    with base.transactional() as session:
        long_ago = base.now() - timedelta(days=23 * 30)
        session.execute(update(Candidacy).where(Candidacy.id == world.candidacy_id("B. Late")).values(started_at=long_ago))
        session.execute(update(Membership).where(Membership.person_id == world.people["B. Late"]).values(launched_at=long_ago))
    names = {
        key: [row.name for row in shown(lead, **{key.split("=")[0]: key.split("=")[1]}).rows]
        for key in ("part=withdrawn", "enrolment=joining", "enrolment=unknown", "alert=soon", "alert=quiet", "q=mor", "sort=time")
    }
    assert names == {
        "part=withdrawn": ["C. Gone"],
        "enrolment=joining": ["A. Moreno"],
        "enrolment=unknown": ["B. Late", "C. Gone"],
        "alert=soon": ["B. Late"],
        "alert=quiet": ["B. Late"],
        "q=mor": ["A. Moreno"],
        "sort=time": ["B. Late", "A. Moreno", "C. Gone"],
    }


def test_help_that_somebody_asks_for_changes_nothing_on_it(world: World, lead: Actor):
    me = world.person("A. Moreno")
    before = shown(lead)
    assistance.ask(actor=me, request_id=base.new_id(), topic="module:M1", urgency="blocked", text="I am stuck.")
    after = shown(lead)
    assert (after.rows, after.figures, after.waiting, after.alerts) == (before.rows, before.figures, before.waiting, before.alerts)


# --- one person ----------------------------------------------------------------------------------------------------------------------


def test_one_persons_page_says_why_not_yet_and_never_what_a_draft_says(world: World, lead: Actor):
    world.person("A. Moreno")
    master(world, "A. Moreno")
    observe(world, "A. Moreno", level=1, until="draft")
    page = board.person(actor=lead, candidacy_id=world.candidacy_id("A. Moreno"))
    assert (page.step.code, page.step.facts["observer"], page.done, page.of) == ("await_rating", "T. Lindqvist", 1, 2)
    assert [(one.state, one.notes, one.rated) for one in page.under_way] == [("drafting", 0, 0)]
    assert page.reports == ()
    assert not page.requirements.children[1].children[0].children
    made = observe(world, "A. Moreno", level=1)
    page = board.person(actor=lead, candidacy_id=world.candidacy_id("A. Moreno"))
    assert [one.observation_id for one in page.reports] == [made]


def test_somebody_of_another_course_is_not_found(world: World, lead: Actor):
    world.person("A. Moreno")
    elsewhere = replace(lead, course_id=base.new_id())
    with pytest.raises(NotFound):
        board.person(actor=elsewhere, candidacy_id=world.candidacy_id("A. Moreno"))


# --- the file ------------------------------------------------------------------------------------------------------------------------


def test_a_file_holds_what_was_asked_for_and_stands_in_the_record(world: World, lead: Actor):
    for name in ("A. Moreno", "B. Late"):
        world.person(name)
    columns, rows = board.export(actor=lead, wanted=Wanted(q="late"))
    assert [row.name for row in rows] == ["B. Late"]
    line = base.session().scalars(select(AuditEvent).where(AuditEvent.verb == "export")).one()
    assert (line.actor_id, line.object_kind, line.facts) == (lead.person_id, "cohort", {"rows": 1, "filtered": True})
    assert [one.key for one in columns] == ["training.M1", "independent_mentoring"]


# --- as many queries for many as for few ---------------------------------------------------------------------------------------------


def people(world: World, count: int) -> None:
    """So many candidates with attempts and observations in different states."""
    version = programme.current(world.org_id)
    assert version is not None
    module = programme.module_version_id(version.id, "M1")
    made = [(base.new_id(), base.new_id(), number) for number in range(count)]
    own = {"org_id": world.org_id}
    begun = own | {"course_id": world.course_id, "programme_version_id": version.id}
    tried = own | {"module_version_id": module, "module_key": "M1", "seed": "s", "item_keys": [], "state": "finished"}
    with base.transactional() as session:
        session.execute(insert(Person), [own | {"id": person, "name": f"Person {number:03}"} for person, _, number in made])
        session.execute(insert(Candidacy), [begun | {"id": held, "person_id": person} for person, held, _ in made])
        session.execute(
            insert(CheckAttempt), [tried | {"candidacy_id": held, "number": 1, "mastered": bool(number % 2)} for _, held, number in made]
        )


def test_two_hundred_people_take_as_many_queries_as_two(any_app: Flask):
    counted = []
    for name, count in (("Northfield", FEW), ("Southgate", MANY)):
        world = make_world(name)
        with base.tenant(world.org_id):
            lead = world.person("R. Okafor", "coordinator", standing="instructor")
            world.person("T. Lindqvist", "observer", standing="instructor")
            people(world, count)
            for number in (1, 3):
                world.people[f"Person {number:03}"] = _person(f"Person {number:03}") if count > number else ""
            observation.plan(
                actor=lead,
                candidacy_id=_candidacy("Person 001"),
                observer_id=world.people["T. Lindqvist"],
                planned_for=base.now().date(),
                protege_label="P.",
            )
            board.page(actor=lead, wanted=Wanted())  # a programme version is read once a process
            with statements() as seen:
                page = board.page(actor=lead, wanted=Wanted(sort="-progress"))
            with statements() as written:
                board.export(actor=lead, wanted=Wanted())
            assert page.people == count
            counted.append((len(seen), len(written)))
    assert counted[0] == counted[1]


def _person(name: str) -> str:
    return base.session().scalars(select(Person.id).where(Person.name == name)).one()


def _candidacy(name: str) -> str:
    return base.session().scalars(select(Candidacy.id).where(Candidacy.person_id == _person(name))).one()


def test_a_file_of_more_people_than_one_statement_takes_is_whole(world: World, lead: Actor):
    people(world, 1200)
    connection = base.session().connection().connection.driver_connection
    assert connection is not None
    before = connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 3500)  # three to a person
    try:
        _, kept = board.export(actor=lead, wanted=Wanted())
    finally:
        connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, before)
    assert len(kept) == 1200
