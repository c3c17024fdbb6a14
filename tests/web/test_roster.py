# SPDX-License-Identifier: Apache-2.0
"""The page that says who is in the course."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask
from sqlalchemy import select, update

from conftest import World
from lti_mentoring.lti.memberships import Member
from lti_mentoring.services import enrolment
from lti_mentoring.services.enrolment import Place
from lti_mentoring.store import base
from lti_mentoring.store.people import NEVER, Membership, Placement
from lti_mentoring.store.roster import RosterSync
from support.visitor import Visitor


def member(sub: str, name: str | None, status: str = "active", standing: str = "learner") -> Member:
    return Member(sub, ("Learner",), status, name, None, standing, False)  # type: ignore[arg-type]


def listed(world: World, *members: Member, run: int = 1) -> None:
    """Put people on the course's roster, as a page of the LMS would."""
    place = Place(world.org_id, world.course_id, f"https://lms.example/{world.org_id}", world.registration_id, run)
    with base.transactional() as session:
        enrolment.write(session.connection(), place, members, base.now())


def known(world: World) -> None:
    """An activity whose launch said where the roster is."""
    place = world.placement()
    with base.transactional() as session:
        session.execute(update(Placement).where(Placement.id == place).values(memberships_url="https://lms.example/nrps"))


def test_whoever_leads_the_course_asks_and_is_told_how_it_goes(world: World, app: Flask) -> None:
    leader = Visitor(app, world.person("Lea", "coordinator", standing="instructor"))
    assert "names and roles" in leader.get("roster").get_data(as_text=True)
    leader.post("roster")
    assert "has not said where" in leader.get("roster").get_data(as_text=True)
    known(world)
    assert leader.post("roster").status_code == 303
    page = leader.get("roster").get_data(as_text=True)
    assert 'role="status"' in page
    assert 'data-follow="yes"' in page
    assert "Look again" in page  # without JavaScript
    with base.transactional() as session:
        session.execute(update(RosterSync).values(next_at=base.now() + timedelta(hours=8)))
    assert 'data-follow="yes"' not in leader.get("roster").get_data(as_text=True)  # nothing to wait for on this page


def test_a_fault_is_told_in_words_with_what_to_do_and_what_the_lms_said(world: World, app: Flask) -> None:
    leader = Visitor(app, world.person("Lea", "coordinator", standing="instructor"))
    known(world)
    leader.post("roster")
    with base.transactional() as session:
        session.execute(update(RosterSync).values(state="failed", fault="scope_missing", status=403, words="<b>no</b>"))
    page = leader.get("roster").get_data(as_text=True)
    assert "does not let this tool read the list" in page
    assert "&lt;b&gt;no" in page
    assert leader.post("roster").status_code == 303  # and may be asked again at once


def test_NR_10_asking_again_right_after_a_run_is_turned_down(world: World, app: Flask) -> None:
    leader = Visitor(app, world.person("Lea", "coordinator", standing="instructor"))
    known(world)
    leader.post("roster")
    with base.transactional() as session:
        session.execute(update(RosterSync).values(state="done", finished_at=base.now(), begun_at=base.now()))
    leader.post("roster")
    assert "a moment ago" in leader.get("roster").get_data(as_text=True)
    assert base.session().scalar(select(RosterSync.state)) == "done"
    with base.transactional() as session:
        session.execute(update(RosterSync).values(finished_at=base.now() - timedelta(minutes=2)))
    leader.post("roster")
    base.session().rollback()
    base.session().expire_all()
    assert base.session().scalar(select(RosterSync.state)) == "waiting"


def test_NR_08_whoever_leads_may_narrow_it_to_one_activity_and_undo_that(world: World, app: Flask) -> None:
    """At any time; a worker that reads the other list meanwhile writes nothing more."""
    leader = Visitor(app, world.person("Lea", "coordinator", standing="instructor"))
    known(world)
    link = base.session().scalars(select(Placement.resource_link_id)).one()
    assert f'<option value="{link}">' in leader.get("roster").get_data(as_text=True)
    leader.post("roster", {"only": ""})
    for chosen in (link, ""):
        with base.transactional() as session:
            session.execute(update(RosterSync).values(state="running", next_url="https://lms.example/nrps?cursor=A", attempt=7))
        leader.post("roster", {"only": chosen})
        base.session().rollback()
        base.session().expire_all()
        row = base.session().scalars(select(RosterSync)).one()
        assert (row.state, row.only_link, row.next_url, row.attempt) == ("waiting", chosen or None, None, 8)
    leader.post("roster", {"only": link})
    assert f'<option value="{link}" selected>' in leader.get("roster").get_data(as_text=True)
    assert leader.post("roster", {"only": "elsewhere"}).status_code == 404
    with base.transactional() as session:
        session.execute(update(RosterSync).values(only_link=""))
    assert "does not say who may open one activity" in leader.get("roster").get_data(as_text=True)
    leader.post("roster", {"only": ""})
    assert "does not say who may open one activity" not in leader.get("roster").get_data(as_text=True)


def test_people_come_in_pages_and_are_found_by_name(world: World, app: Flask) -> None:
    leader = Visitor(app, world.person("Lea", "coordinator", standing="instructor"))
    listed(world, *(member(f"s{number}", f"Person {number:03}") for number in range(120)), member("odd", "Per%cent_ Øst"))
    first = leader.get("roster").get_data(as_text=True)
    assert "Page 1 of 3" in first
    assert "Person 119" not in first
    assert "Person 119" in leader.get("roster?page=3").get_data(as_text=True)
    assert "Person 119" in leader.get("roster?page=99").get_data(as_text=True)
    found = leader.get("roster?name=person+077").get_data(as_text=True)
    assert "Person 077" in found
    assert "Person 078" not in found
    assert "Per%cent" in leader.get("roster?name=%C3%B8ST").get_data(as_text=True)  # letters of every alphabet, in any case
    assert "Per%cent" in leader.get("roster?name=%25c").get_data(as_text=True)
    assert "Person 001" not in leader.get("roster?name=%25").get_data(as_text=True)


def test_a_roster_opens_no_page_and_gives_no_role_and_no_candidacy(world: World, app: Flask) -> None:
    """Decision 4: an instructor of the roster who never launched here may not take the course's coordination."""
    listed(world, member("t1", "Teacher", standing="instructor"))
    leader = Visitor(app, world.person("Lea", "coordinator", standing="instructor"))
    row = base.session().scalars(select(Membership).where(Membership.launched_at == NEVER)).one()
    world.people["Teacher"] = row.person_id
    actor = world.actor("Lea")
    stranger = Visitor(app, type(actor)(actor.org_id, row.person_id, actor.course_id, "Teacher", frozenset(), actor.registration_id))
    assert stranger.get().status_code == 404
    assert stranger.post("coordinator").status_code in (403, 404)
    assert world.actor("Lea").is_any("coordinator")
    assert "Teacher" not in leader.get("people").get_data(as_text=True)
    assert "not yet" in leader.get("roster").get_data(as_text=True)


def test_only_who_leads_sees_it(world: World, app: Flask) -> None:
    for visitor in (Visitor(app, world.person("Ada")), Visitor(app, world.person("Olaf", "observer", standing="instructor"))):
        assert visitor.get("roster").status_code == 403
        assert visitor.post("roster").status_code == 403
