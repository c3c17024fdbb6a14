# SPDX-License-Identifier: Apache-2.0
"""What the gradebook hears of an application: how far it is, and never what was decided against somebody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, update

from conftest import World, make_world
from lti_mentoring.domain.people import Actor
from lti_mentoring.services import application, intake, opening, placement, roles, score, selection
from lti_mentoring.services.application import Declared
from lti_mentoring.settings import Settings
from lti_mentoring.store import base
from lti_mentoring.store.delivery import ScorePublication
from lti_mentoring.store.people import Membership, Placement
from support.applying import REFEREES, answered, reviewed, submitted_by, taking_applications
from support.live import town
from support.station import Station

DECLARED = Declared(nobody=True, referees=REFEREES)
FEEDBACK = "Please gain some experience first, and come back."


def applicant(world: World, name: str) -> Actor:
    """A learner of the LMS who is no candidate."""
    made = world.person(name, standing="none")
    with base.transactional() as session:
        session.execute(update(Membership).where(Membership.person_id == made.person_id).values(standing="learner"))
    return world.actor(name)


def asked(world: World) -> dict[str, int]:
    """How often the column of each item was asked for, of anybody."""
    base.session().expire_all()
    query = select(Placement.item, ScorePublication.wanted).join(Placement, Placement.id == ScorePublication.placement_id)
    return {row.item: row.wanted for row in base.session().execute(query)}


def stage(place: str, actor: Actor) -> str:
    """Where the item stands for somebody."""
    connection = base.connection()
    row = connection.execute(select(base.table(Placement)).where(base.table(Placement).c.id == place)).one()
    return score.where_they_stand(connection, [(row, actor.person_id)])[place, actor.person_id].stage


def test_only_steps_forward_of_an_application_ask_for_its_column_and_for_no_other(any_app: Flask) -> None:
    world = make_world("Northfield")
    with base.tenant(world.org_id):
        for item in ("application", "programme", "module:M1", "cohort"):
            world.placement(item)
        lead = taking_applications(world)
        ada = applicant(world, "Ada")
        made = submitted_by(world, ada)
        assert asked(world) == {"application": 2}  # begun, and submitted
        selection.decline(actor=lead, application_id=made, reason="not_eligible", feedback=FEEDBACK)
        assert asked(world) == {"application": 2}


def test_whatever_becomes_of_a_submitted_application_looks_alike_until_a_place_is_accepted(world: World) -> None:
    place = world.placement("application")
    lead = taking_applications(world)
    reviewer = world.person("Reviewer", "observer", standing="none")
    people = {name: applicant(world, name) for name in ("waits", "declined", "withdrawn", "waitlisted", "offered", "accepted", "again")}
    made = {name: submitted_by(world, actor) for name, actor in people.items()}
    for name in ("waitlisted", "offered", "accepted"):
        reviewed(world, lead, made[name], reviewer)
    for name in ("declined", "again"):
        selection.decline(actor=lead, application_id=made[name], reason="not_eligible", feedback=FEEDBACK)
    application.withdraw(actor=people["withdrawn"])
    application.begin(actor=people["withdrawn"])  # and applies again: that is no step back
    selection.waitlist(actor=lead, application_id=made["waitlisted"])
    for name in ("offered", "accepted"):
        selection.offer(actor=lead, application_id=made[name])
    application.accept(actor=people["accepted"], agreed=True)
    told = {name: stage(place, actor) for name, actor in people.items()}
    assert told == dict.fromkeys(people, "applied") | {"accepted": "accepted"}


def test_a_draft_has_opened_the_step_and_who_never_began_is_not_spoken_of(world: World) -> None:
    place = world.placement("application")
    taking_applications(world)
    ada, ben = applicant(world, "Ada"), applicant(world, "Ben")
    application.begin(actor=ada)
    application.withdraw(actor=ada)
    assert (stage(place, ada), stage(place, ben)) == ("opened", "not_yet")


def test_an_activity_that_is_given_the_application_later_is_brought_up_to_date(world: World) -> None:
    taking_applications(world)
    ada = applicant(world, "Ada")
    submitted_by(world, ada)
    place = world.placement("programme")
    placement.change(actor=world.actor("Coordinator"), placement_id=place, item="application", grading="completion")
    assert asked(world) == {"application": 1}


@pytest.fixture(params=["north", "south"])
def station(
    request: pytest.FixtureRequest, make_settings: Callable[..., Settings], empty_database: Path, tmp_path: Path
) -> Iterator[Station]:
    """A Moodle, which wipes what is not final, and an Open edX, which keeps it."""
    with town(make_settings, empty_database, tmp_path) as made:
        yield Station(made, request.param)


def test_the_lms_hears_of_an_application_what_it_can_keep_and_never_a_score(station: Station) -> None:
    station.launch("coordinator", "module-m1")
    station.change("module-m1", item="application", item_source="coordinator")
    with station.inside():
        roles.take_coordination(actor=station.actor("coordinator"))
    lead = station.actor("coordinator")
    with station.inside():
        opening.choose_policy(actor=lead, name="starter")
        intake.change(actor=lead, mode="apply", places=None, opens_at=None, closes_at=None)
    station.launch("second", "module-m1")
    ada = station.actor("second")
    heard: list[list[tuple[str, str]]] = []
    for step in (begin, submit, decline):
        with station.inside():
            step(ada, lead)
        station.deliver()
        heard.append([(one["activityProgress"], one["gradingProgress"]) for one in station.scores()])
    started, applied = ("Started", "NotReady"), ("Submitted", "PendingManual")
    assert heard == ([[]] * 3 if station.site.key == "north" else [[started], [started, applied], [started, applied]])
    assert not any("scoreGiven" in one for one in station.scores())


def begin(ada: Actor, lead: Actor) -> None:
    application.begin(actor=ada)


def submit(ada: Actor, lead: Actor) -> None:
    world = World(ada.org_id, ada.registration_id, "", ada.course_id)
    page = application.page(actor=ada)
    application.submit(actor=ada, answers=answered(world, ada), declared=DECLARED, revision=page.revision)


def decline(ada: Actor, lead: Actor) -> None:
    made = application.page(actor=ada).id
    selection.decline(actor=lead, application_id=made, reason="not_eligible", feedback=FEEDBACK)
