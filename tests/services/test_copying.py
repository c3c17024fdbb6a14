# SPDX-License-Identifier: Apache-2.0
"""A coordinator's choices survive a course copy, and are taken from nowhere else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from conftest import World, make_world
from lti_mentoring.lti.launch import launch_of
from lti_mentoring.lti.registration import Deployment
from lti_mentoring.services import people, platform
from lti_mentoring.store import base
from lti_mentoring.store.people import Placement
from lti_mentoring.store.platform import PlatformNotice

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
CHOSEN = ("observation", "points", "coordinator")
AS_LAUNCHED = ("programme", "completion", "launch")


@pytest.fixture
def world(app: Flask) -> World:
    return make_world("Northfield")


def opened(world: World, course: str, link: str, title: str, **custom: str) -> tuple[str, str, str]:
    """Launch an activity. -> what it opens, how it is graded, and who said so."""
    registration = platform.registration(world.registration_id)
    assert registration is not None
    body: dict[str, Any] = {
        "sub": "a-learner",
        "nonce": base.new_id(),
        LTI + "roles": [],
        LTI + "deployment_id": "1",
        LTI + "context": {"id": course},
        LTI + "resource_link": {"id": link, "title": title},
        LTI + "custom": custom,
    }
    here = Deployment("1", world.org_id, "active")
    launch = launch_of(body, registration=registration, deployment=here, now=datetime.now(UTC))
    made = people.sign_in(launch, old_token=None, absolute=timedelta(hours=1))
    with base.tenant(world.org_id):
        row = base.session().scalars(select(Placement).where(Placement.id == made.placement_id)).one()
        return row.item, row.grading, row.item_source


def choose(world: World, link: str) -> None:
    with base.tenant(world.org_id), base.transactional() as session:
        item, grading, source = CHOSEN
        chosen = {"item": item, "grading": grading, "item_source": source}
        session.execute(update(Placement).where(Placement.org_id == world.org_id, Placement.resource_link_id == link).values(**chosen))


def noticed(world: World, context: str, *origins: str) -> None:
    with base.transactional() as session:
        session.add(
            PlatformNotice(
                registration_id=world.registration_id,
                notice_id=base.new_id(),
                deployment_id="1",
                kind="LtiContextCopyNotice",
                context_id=context,
                said={"origins": list(origins)},
            )
        )


def test_a_copy_whose_lms_names_the_activity_itself_keeps_what_was_chosen(world: World) -> None:
    assert opened(world, "spring", "one", "Watch a mentor") == AS_LAUNCHED
    choose(world, "one")
    assert opened(world, "autumn", "two", "Another title", link_history="one") == CHOSEN
    assert opened(world, "winter", "three", "Another title", link_history="two, one") == CHOSEN


def test_a_copy_that_was_announced_keeps_what_was_chosen_by_its_title(world: World) -> None:
    opened(world, "spring", "one", "Watch a mentor")
    choose(world, "one")
    noticed(world, "autumn", "spring")
    assert opened(world, "autumn", "two", "Watch a mentor") == CHOSEN
    assert opened(world, "autumn", "three", "Something new") == AS_LAUNCHED


def test_a_copy_that_names_its_course_keeps_what_was_chosen_by_its_title(world: World) -> None:
    opened(world, "spring", "one", "Watch a mentor")
    choose(world, "one")
    assert opened(world, "autumn", "two", "Watch a mentor", context_history="spring") == CHOSEN


def test_two_activities_of_one_title_are_not_guessed_between(world: World) -> None:
    for link in ("one", "other"):
        opened(world, "spring", link, "Watch a mentor")
        choose(world, link)
    assert opened(world, "autumn", "two", "Watch a mentor", context_history="spring") == AS_LAUNCHED


def test_a_new_course_and_what_nobody_chose_take_what_the_launch_says(world: World) -> None:
    opened(world, "spring", "one", "Watch a mentor")
    assert opened(world, "autumn", "two", "Watch a mentor", context_history="spring", link_history="one") == AS_LAUNCHED
    choose(world, "one")
    assert opened(world, "winter", "three", "Watch a mentor") == AS_LAUNCHED


def test_what_another_organisation_chose_is_not_taken(world: World) -> None:
    opened(world, "spring", "one", "Watch a mentor")
    choose(world, "one")
    other = make_world("Southfield")
    assert opened(other, "autumn", "two", "Watch a mentor", context_history="spring", link_history="one") == AS_LAUNCHED
