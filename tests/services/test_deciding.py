# SPDX-License-Identifier: Apache-2.0
"""Who decides where an applicant has named those who would: always somebody who is not named, and always somebody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select, update

from conftest import World
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.services import application, declaring, dossier, roles, selection
from lti_mentoring.services.application import Declared
from lti_mentoring.store import base
from lti_mentoring.store.notification import Notification
from lti_mentoring.store.reporting_line import LineAttestation, ReportingLine
from support.applying import REFEREES, reviewed, submitted, submitted_by, taking_applications


def named_by(world: World, name: str, *staff: str) -> str:
    return submitted(world, name, declared=Declared(staff=tuple(world.people[one] for one in staff), referees=REFEREES))

def refused(verb, **how) -> RuleBroken:
    with pytest.raises(RuleBroken) as told:
        verb(**how)
    return told.value

def test_a_coordinator_who_is_named_is_told_who_can_decide_and_whom_to_appoint(world: World):
    lead = taking_applications(world)
    world.person("Deputy", "deputy", standing="none")
    for name in ("Free", "Named"):
        world.person(name, "observer", standing="none")
    made = named_by(world, "Ada", "Coordinator", "Named")
    told = refused(dossier.dossier, actor=world.actor("Coordinator"), application_id=made)
    assert (told.code, told.facts["deciders"], told.facts["free"]) == ("manager_decides", ("Deputy",), ((world.people["Free"], "Free"),))
    assert dossier.dossier(actor=world.actor("Deputy"), application_id=made).state == "submitted"
    assert refused(selection.decline, actor=lead, application_id=made, reason="other", feedback="x" * 30).code == "manager_decides"

def test_an_applicant_who_names_everybody_is_decided_on_by_somebody_who_is_brought_in(world: World):
    taking_applications(world)
    world.person("Observer", "observer", standing="none")
    made = named_by(world, "Ada", "Coordinator", "Observer")
    lead = world.actor("Coordinator")
    told = refused(dossier.dossier, actor=lead, application_id=made)
    assert (told.facts["deciders"], told.facts["free"]) == ((), ())
    fresh = world.person("Fresh", standing="none")
    roles.redeem(actor=fresh, code=roles.invite(actor=lead, role="deputy"))
    fresh = world.actor("Fresh")
    assert dossier.dossier(actor=fresh, application_id=made).reviewers[0].name == "Fresh"
    reviewed(world, fresh, made, fresh)
    selection.offer(actor=fresh, application_id=made)
    assert refused(dossier.dossier, actor=lead, application_id=made).code == "manager_decides", "nothing is softened by it"

def test_whoever_applies_here_or_stands_above_is_not_named_as_a_way_out(world: World):
    lead = taking_applications(world)
    above = world.person("Above", "observer", standing="none")
    with base.transactional() as session:
        day = base.now().date()
        session.add(ReportingLine(subordinate_id=lead.person_id, manager_id=above.person_id, started_on=day, said_by=lead.person_id))
    rival = world.person("Rival", "observer", standing="none")
    submitted_by(world, rival)
    made = named_by(world, "Ada", "Coordinator")
    told = refused(dossier.dossier, actor=world.actor("Coordinator"), application_id=made)
    assert told.facts["free"] == ()

# --- what is known of line managers (R0)

def test_the_dossier_says_who_said_it_and_when_and_managers_hear_nothing(world: World):
    lead = taking_applications(world)
    boss = world.person("Boss", "observer", standing="none")
    made = named_by(world, "Ada", "Boss")
    page = dossier.dossier(actor=lead, application_id=made)
    assert (page.managers, page.attested.on, page.attested.holds) == (("Boss",), base.now().date(), True)
    assert base.session().scalars(select(Notification).where(Notification.person_id == boss.person_id)).all() == []

def test_R0_what_was_said_more_than_a_year_ago_holds_an_offer_until_it_is_said_again(world: World):
    lead = taking_applications(world)
    made = submitted(world, "Ada")
    reviewed(world, lead, made, lead)
    selection.waitlist(actor=lead, application_id=made)
    with base.transactional() as session:
        session.execute(update(LineAttestation).values(attested_at=datetime.now(UTC) - timedelta(days=366)))
    page = dossier.dossier(actor=lead, application_id=made)
    assert (page.attested.holds, page.hindered["offer"].code) == (False, "attestation_old")
    assert refused(selection.offer, actor=lead, application_id=made).code == "attestation_old"
    selection.ask_lines(actor=lead, application_id=made)
    who = world.actor("Ada")
    assert application.page(actor=who).asked_of == ("say_again",)
    assert refused(declaring.say_again, actor=who, declared=Declared()).code == "manager_unattested"
    boss = world.person("Boss", "observer", standing="none")
    declaring.say_again(actor=who, declared=Declared(staff=(boss.person_id,)))
    page = dossier.dossier(actor=lead, application_id=made)
    assert (page.managers, page.attested.holds, page.timeline[-1].verb, page.state) == (("Boss",), True, "say_again", "waitlisted")
    assert application.page(actor=who).asked_of == ()
    assert len(application.page(actor=who).declared.referees) == len(REFEREES), "whoever speaks for them still does"
    selection.offer(actor=lead, application_id=made)

def test_what_was_said_within_the_year_is_not_asked_for_again(world: World):
    lead = taking_applications(world)
    made = submitted(world, "Ada")
    with time_machine.travel(datetime.now(UTC) + timedelta(days=360)):
        assert dossier.dossier(actor=lead, application_id=made).attested.holds
        assert application.page(actor=world.actor("Ada")).asked_of == ()
        selection.ask_lines(actor=lead, application_id=made)
    kinds = base.session().scalars(select(Notification.kind).where(Notification.person_id == world.people["Ada"])).all()
    assert kinds == []
