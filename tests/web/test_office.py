# SPDX-License-Identifier: Apache-2.0
"""The office of an LMS's administrator: theirs alone, and what it changes."""

from __future__ import annotations

import re

from flask import Flask
from sqlalchemy import select

from conftest import World, make_world
from lti_mentoring.services import invite, roles
from lti_mentoring.services.session import hashed
from lti_mentoring.store import base
from lti_mentoring.store.people import Person
from lti_mentoring.store.platform import Deployment, Organisation, Registration
from lti_mentoring.store.privacy import AuditEvent
from support.visitor import Visitor


def officer(world: World, app: Flask, name: str = "Admin", registration_id: str | None = None) -> Visitor:
    """Somebody to whom the operator has granted the office of a registration."""
    who = world.person(name, standing="none")
    roles.grant_by_operator(
        organisation_id=world.org_id,
        person_id=who.person_id,
        role="administrator",
        course_id=None,
        registration_id=registration_id or world.registration_id,
    )
    return Visitor(app, who, lms_administrator=True)


def registration(world: World) -> Registration:
    """The registration as it stands now."""
    return base.session().scalars(select(Registration).where(Registration.id == world.registration_id)).one()


def test_the_office_is_where_the_question_for_it_leads_once_it_is_granted(world: World, app: Flask) -> None:
    visitor = officer(world, app)
    assert visitor.get().headers["Location"].endswith("/office/lms")
    asked = visitor.get("office")
    assert asked.headers["Location"].endswith("/office/lms")
    page = visitor.get("office/lms").get_data(as_text=True)
    for told in ("LMS of Northfield", "https://lms.example/token", "/.well-known/jwks.json", "Check now"):
        assert told in page


def test_nobody_else_is_let_in(world: World, app: Flask) -> None:
    for name, granted in (("Coordinator", ("coordinator",)), ("Ada", ())):
        visitor = Visitor(app, world.person(name, *granted, standing="instructor" if granted else "learner"), lms_administrator=True)
        assert visitor.get("office/lms").status_code == 403
        assert visitor.post("office/lms/privacy").status_code == 403


def test_another_registrations_administrator_sees_and_changes_nothing_here(app: Flask) -> None:
    north, south = make_world("Northfield"), make_world("Southgate")
    with base.tenant(south.org_id):
        stranger = officer(south, app)
    there = f"/courses/{north.course_id}/office/lms"
    assert stranger.get(there).status_code == 404
    for what in ("check", "roles", "privacy", "privacy/clear", "deployments", "sessions/end"):
        assert stranger.post(f"{there}/{what}", {"standing": "instructor", "typed": "Learner", "deployment": "1"}).status_code == 404
    other = base.new_id()
    with base.transactional() as session:
        row = session.get_one(Registration, north.registration_id)
        told = {name: getattr(row, name) for name in ("org_id", "name", "issuer", "auth_url", "token_url", "jwks_url")}
        session.add(Registration(id=other, client_id="another", **told))
    with base.tenant(north.org_id):
        visitor = officer(north, app, "Elsewhere", registration_id=other)
        assert visitor.get("office/lms").status_code == 403, "signed in by a registration that is not theirs"


def test_a_role_gets_another_meaning_and_its_usual_one_back(world: World, app: Flask) -> None:
    visitor = officer(world, app)
    role = "http://purl.imsglobal.org/vocab/lis/v2/membership#Manager"
    assert visitor.post("office/lms/roles", {"typed": role, "standing": "instructor"}).status_code == 303
    base.end_read()
    assert registration(world).role_overrides == {role: "instructor"}
    assert role in visitor.get("office/lms").get_data(as_text=True)
    for typed, standing in ((role, "coordinator"), ("", "learner"), ("two words", "none")):
        assert visitor.post("office/lms/roles", {"typed": typed, "standing": standing}).status_code == 400
    assert visitor.post("office/lms/roles", {"role": role, "standing": ""}).status_code == 303
    base.end_read()
    assert registration(world).role_overrides == {}
    verbs = base.session().scalars(select(AuditEvent.verb).where(AuditEvent.verb == "override_role")).all()
    assert len(verbs) == 2


def test_names_are_deleted_only_when_asked_for_and_only_where_they_are_switched_off(world: World, app: Flask) -> None:
    visitor = officer(world, app)
    world.person("Ada")
    assert visitor.post("office/lms/privacy/clear").status_code == 409
    assert visitor.post("office/lms/privacy", {"email": "1"}).status_code == 303
    base.end_read()
    assert "Ada" in base.session().scalars(select(Person.name)).all()
    assert "cannot be undone" in visitor.get("office/lms").get_data(as_text=True)
    assert visitor.post("office/lms/privacy/clear").status_code == 303
    base.end_read()
    assert set(base.session().scalars(select(Person.name))) == {None}
    assert registration(world).keep_email


def test_a_deployment_joins_only_by_its_id(world: World, app: Flask) -> None:
    visitor = officer(world, app)
    with base.transactional() as session:
        session.add(Deployment(registration_id=world.registration_id, deployment_id="77:b", org_id=world.org_id, state="pending"))
        session.get_one(Registration, world.registration_id).shared = True
    page = visitor.get("office/lms").get_data(as_text=True)
    assert "One deployment waits" in page
    assert "77:b" not in page, "it may be another institution's"
    assert visitor.post("office/lms/deployments", {"deployment": "78"}).status_code == 400
    assert visitor.post("office/lms/deployments", {"deployment": "77:b"}).status_code == 303
    base.end_read()
    assert base.session().scalars(select(Deployment.state).where(Deployment.deployment_id == "77:b")).one() == "active"


def test_what_holds_for_several_institutions_is_the_operators(world: World, app: Flask) -> None:
    visitor = officer(world, app)
    other = another_organisation()
    with base.transactional() as session:
        session.add(Deployment(registration_id=world.registration_id, deployment_id="2", org_id=other, state="active"))
    assert visitor.get("office/lms").status_code == 200
    assert visitor.post("office/lms/privacy", {}).status_code == 403
    assert visitor.post("office/lms/roles", {"typed": "Learner", "standing": "none"}).status_code == 403


def another_organisation() -> str:
    """One more institution."""
    made = base.new_id()
    with base.transactional() as session:
        session.add(Organisation(id=made, name="Another"))
    return made


def test_signing_all_out_ends_the_administrators_own_session_too(world: World, app: Flask) -> None:
    visitor, learner = officer(world, app), Visitor(app, world.person("Ada"))
    assert learner.get("way").status_code == 200
    assert visitor.post("office/lms/sessions/end").status_code == 303
    assert learner.get("way").status_code == 401
    assert visitor.get("office/lms").status_code == 401


def test_a_check_says_what_it_found_and_is_not_repeated_at_once(world: World, app: Flask) -> None:
    visitor = officer(world, app)
    assert visitor.post("office/lms/check").status_code == 303
    page = visitor.get("office/lms").get_data(as_text=True)
    assert "lms.example" in page
    assert "Check again" in page
    assert visitor.post("office/lms/check").status_code == 303
    assert "a moment ago" in visitor.get("office/lms").get_data(as_text=True)


def test_what_the_doctor_heard_of_another_institutions_course_is_not_shown(world: World, app: Flask) -> None:
    visitor = officer(world, app)
    told = {"which": "lineitems", "url": "https://lms.example/courses/secret", "status": 404, "words": "gone"}
    with base.transactional() as session:
        row = session.get_one(Registration, world.registration_id)
        clock = {"code": "clock_apart", "seconds": 90, "leeway": 60}
        row.findings = [{"code": "column_gone", "org": "another", **told}, {"code": "made_up"}, clock]
        row.checked_at = base.now()
    page = visitor.get("office/lms").get_data(as_text=True)
    assert "secret" not in page
    assert "90 seconds apart" in page
    with base.transactional() as session:
        session.get_one(Registration, world.registration_id).findings = [{"code": "wrong_address", "org": world.org_id, **told}]
    assert "courses/secret" in visitor.get("office/lms").get_data(as_text=True)


def test_an_invite_is_of_this_registration_shown_once_and_ended(world: World, app: Flask) -> None:
    visitor = officer(world, app)
    made = visitor.post("office/lms/invites")
    found = re.search(r"/lti/register/([\w-]+)", made.get_data(as_text=True))
    assert found
    page = visitor.get("office/lms").get_data(as_text=True)
    assert found[1] not in page
    (one,) = invite.waiting()
    assert one.registration_id == world.registration_id
    assert one.key in page
    other, _ = invite.make(actor="operator", org_id=world.org_id)
    assert hashed(other)[:12] not in visitor.get("office/lms").get_data(as_text=True), "it could register another LMS"
    assert visitor.post("office/lms/invites/end", {"key": hashed(other)[:12]}).status_code == 409
    assert visitor.post("office/lms/invites/end", {"key": one.key}).status_code == 303
    assert [left.registration_id for left in invite.waiting()] == [None]
