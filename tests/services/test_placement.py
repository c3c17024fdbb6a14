# SPDX-License-Identifier: Apache-2.0
"""What an activity can open is what its own course works with, whatever was imported since."""

from __future__ import annotations

from dataclasses import replace

from conftest import World
from lti_mentoring.domain.people import Actor
from lti_mentoring.services import intake, placement, programme, training
from lti_mentoring.store import base


def edited(world: World, lead: Actor) -> None:
    """The course has published an edition of its own, in which module M1 has another title."""
    newest = programme.current(world.org_id)
    assert newest is not None
    source = programme.source(newest.id)
    first = replace(source.modules[0], title="Another title")
    changed = replace(source, title="Our own", modules=(first, *source.modules[1:]))
    with base.transactional() as session:
        made = programme.publish(session, org_id=world.org_id, programme=changed, actor=lead, derived_from=newest.id)
        intake.held(session, lead).programme_version_id = made.id


def test_activities_offer_the_programme_and_the_modules_of_the_courses_own_version(world: World):
    lead = world.person("Lead", "coordinator", standing="instructor")
    edited(world, lead)
    offered = dict(placement.page(actor=lead).items)
    assert (offered["programme"], offered["module:M1"]) == ("Our own", "Another title")


def test_a_trainer_looks_at_the_module_that_candidates_of_the_course_will_read(world: World):
    lead = world.person("Lead", "coordinator", standing="instructor")
    trainer = world.person("Trainer", "trainer", standing="instructor")
    edited(world, lead)
    assert training.module_page(actor=trainer, key="M1").module.title == "Another title"
    assert training.preview(actor=trainer, key="M1", number=1).module.title == "Another title"
