# SPDX-License-Identifier: Apache-2.0
"""The doctor and the office on both databases, and what each keeps."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import select

from conftest import make_world
from lti_mentoring.services import doctor, office, roles
from lti_mentoring.services.permission import why
from lti_mentoring.store import base
from lti_mentoring.store.platform import Registration


def test_doctor_office_and_verdict_work_on_both_databases(any_app: Flask) -> None:
    world = make_world("Northfield")
    bag = any_app.extensions["doctor"]
    with base.tenant(world.org_id):
        world.person("Ada")
        world.placement("module:M1")
        officer = world.person("Officer", standing="none")
        roles.grant_by_operator(
            organisation_id=world.org_id,
            person_id=officer.person_id,
            role="administrator",
            course_id=None,
            registration_id=world.registration_id,
        )
    report = doctor.examine(bag, registration_id=world.registration_id, seconds=5)
    assert {one.code for one in report.findings} & {"name_unknown", "no_answer"}
    assert doctor.examine_tool(bag).findings
    with base.tenant(world.org_id):
        actor = world.actor("Officer")
        page = office.page(actor=actor)
        assert [one.code for one in page.findings if one.code in ("name_unknown", "no_answer")]
        assert page.names == 2
        role = "http://purl.imsglobal.org/vocab/lis/v2/membership#Manager"
        office.override(actor=actor, registration_id=world.registration_id, role=role, standing="grader")
        office.keep(actor=actor, registration_id=world.registration_id, names=False, email=None)
        assert office.clear(actor=actor, registration_id=world.registration_id) == {"name": 2}
        assert why(actor=actor, person_id=world.people["Ada"], permission="training.learn").verdict.allowed
    told = office.details(registration_id=world.registration_id)
    assert told["role_overrides"] == {role: "grader"}
    assert told["findings"]
    kept = base.session().scalars(select(Registration.checked_at).where(Registration.id == world.registration_id)).one()
    assert kept is not None
