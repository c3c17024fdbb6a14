# SPDX-License-Identifier: Apache-2.0
"""Who becomes what in a course, and who may decide it."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from conftest import World, make_world
from lti_mentoring.domain.people import may
from lti_mentoring.domain.rule import NotAllowed, NotFound, RuleBroken
from lti_mentoring.services import roles
from lti_mentoring.store import base
from lti_mentoring.store.people import RoleGrant
from lti_mentoring.store.privacy import AuditEvent


def test_the_first_teacher_of_a_course_is_asked_and_becomes_coordinator(world: World) -> None:
    teacher = world.person("Teacher", standing="instructor")
    assert may(teacher, "people.coordinate")
    roles.take_coordination(actor=teacher)
    assert world.actor("Teacher").is_any("coordinator")
    assert not may(world.person("Second teacher", standing="instructor"), "people.coordinate")


def test_an_lms_role_alone_gives_nothing_but_a_look_at_the_material(world: World) -> None:
    world.person("Coordinator", "coordinator", standing="instructor")
    colleague = world.person("Colleague", standing="instructor")
    for permission in ("people.manage", "observation.rate", "observation.read", "delivery.read", "candidacy.cohort"):
        assert not may(colleague, permission)
    assert may(colleague, "training.preview")


def test_two_teachers_at_once_give_one_coordinator(any_app: Flask) -> None:
    world = make_world("Northfield")
    with base.tenant(world.org_id):
        teachers = [world.person(name, standing="instructor") for name in ("One", "Two")]
    ended: list[str] = []

    def take(number: int) -> None:
        with any_app.app_context(), base.tenant(world.org_id):
            try:
                roles.take_coordination(actor=teachers[number])
                ended.append("taken")
            except RuleBroken as broken:
                ended.append(broken.code)

    threads = [threading.Thread(target=take, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ended) == ["coordinator_exists", "taken"]


def test_coordinators_appoint_everybody_and_deputies_appoint_no_leaders(world: World) -> None:
    coordinator = world.person("Coordinator", "coordinator", standing="instructor")
    deputy = world.person("Deputy", "deputy", standing="instructor")
    somebody = world.person("Somebody").person_id
    roles.appoint(actor=coordinator, person_id=somebody, role="deputy")
    roles.dismiss(actor=coordinator, person_id=somebody, role="deputy")
    roles.appoint(actor=deputy, person_id=somebody, role="observer")
    for role in ("deputy", "coordinator"):
        with pytest.raises(NotAllowed):
            roles.appoint(actor=deputy, person_id=somebody, role=role)
    with pytest.raises(NotAllowed):
        roles.appoint(actor=coordinator, person_id=somebody, role="coordinator")
    assert world.actor("Somebody").roles == {"member", "candidate", "observer"}


def test_an_appointment_is_given_once_and_audited(world: World) -> None:
    coordinator = world.person("Coordinator", "coordinator", standing="instructor")
    somebody = world.person("Somebody").person_id
    for _ in range(2):
        roles.appoint(actor=coordinator, person_id=somebody, role="observer")
    assert len(base.session().scalars(select(RoleGrant).where(RoleGrant.person_id == somebody)).all()) == 1
    lines = base.session().scalars(select(AuditEvent).where(AuditEvent.object_id == somebody, AuditEvent.verb == "grant")).all()
    assert [(line.actor_id, line.facts["role"]) for line in lines] == [(coordinator.person_id, "observer")]


def test_nobody_is_appointed_who_has_not_launched_in_this_course(world: World) -> None:
    coordinator = world.person("Coordinator", "coordinator", standing="instructor")
    with pytest.raises(NotFound):
        roles.appoint(actor=coordinator, person_id=base.new_id(), role="observer")


def test_an_invitation_works_once_in_its_own_course(world: World) -> None:
    coordinator = world.person("Coordinator", "coordinator", standing="instructor")
    guest, late = world.person("Guest"), world.person("Late")
    code = roles.invite(actor=coordinator, role="observer")
    with pytest.raises(RuleBroken, match="invitation_unknown"):
        roles.redeem(actor=guest, code="wrong")
    assert roles.redeem(actor=guest, code=f" {code} ") == "observer"
    assert world.actor("Guest").is_any("observer")
    with pytest.raises(RuleBroken, match="invitation_spent"):
        roles.redeem(actor=late, code=code)


def test_an_invitation_ends_after_two_weeks(world: World) -> None:
    coordinator = world.person("Coordinator", "coordinator", standing="instructor")
    code = roles.invite(actor=coordinator, role="trainer")
    with time_machine.travel(base.now() + timedelta(days=14, minutes=1)), pytest.raises(RuleBroken, match="invitation_old"):
        roles.redeem(actor=world.person("Guest"), code=code)


def test_test_users_are_never_listed(world: World) -> None:
    coordinator = world.person("Coordinator", "coordinator", standing="instructor")
    world.person("Preview", test_user=True)
    world.person("Ada")
    assert [one.name for one in roles.people_page(actor=coordinator).colleagues] == ["Ada", "Coordinator"]


def test_somebody_without_a_name_chooses_one_and_an_empty_one_is_refused(world: World) -> None:
    actor = world.person("Ada", nameless=True)
    roles.choose_name(actor=actor, name="  Ada   L. ")
    assert world.actor("Ada").name == "Ada L."
    for name, code in (("   ", "name_empty"), ("x" * 121, "name_long")):
        with pytest.raises(RuleBroken, match=code):
            roles.choose_name(actor=actor, name=name)


def test_the_operator_can_undo_a_coordinator(world: World) -> None:
    coordinator = world.person("Coordinator", "coordinator", standing="instructor")
    told = {"organisation_id": world.org_id, "person_id": coordinator.person_id, "course_id": world.course_id, "registration_id": None}
    assert roles.revoke_by_operator(role="coordinator", **told) == 1
    assert not world.actor("Coordinator").is_any("coordinator")
    assert may(world.actor("Coordinator"), "people.coordinate")


def test_administrators_are_for_a_registration_and_by_the_operator_only(world: World) -> None:
    somebody = world.person("Somebody").person_id
    told = {"organisation_id": world.org_id, "person_id": somebody, "role": "administrator", "course_id": None}
    with pytest.raises(RuleBroken, match="role_needs_platform"):
        roles.grant_by_operator(registration_id=None, **told)
    assert roles.grant_by_operator(registration_id=world.registration_id, **told)
    assert world.actor("Somebody").is_any("administrator")


def test_an_invitation_ends_with_the_right_to_give_its_role(world: World) -> None:
    coordinator = world.person("Coordinator", "coordinator", standing="instructor")
    code = roles.invite(actor=coordinator, role="deputy")
    roles.revoke_by_operator(
        organisation_id=world.org_id, person_id=coordinator.person_id, role="coordinator", course_id=world.course_id, registration_id=None
    )
    with pytest.raises(RuleBroken, match="invitation_old"):
        roles.redeem(actor=world.person("Guest"), code=code)
    assert not world.actor("Guest").is_any("deputy")
