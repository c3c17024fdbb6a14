# SPDX-License-Identifier: Apache-2.0
"""Telling somebody something, reading it, and choosing what comes by mail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, update

from conftest import World, make_world
from lti_mentoring.domain import notification as rules
from lti_mentoring.domain.notification import FAMILIES
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import holdings, mail, notification, observation
from lti_mentoring.settings import Settings
from lti_mentoring.store import base
from lti_mentoring.store.delivery import Mail
from lti_mentoring.store.people import Person
from lti_mentoring.store.privacy import AuditEvent
from support.mailing import Post, mailing_app

MONDAY = datetime(2026, 11, 30, 7, tzinfo=UTC)


def tell(world: World, reader: Actor, kind: str = "observation_planned", **facts: object) -> str:
    """A notice of its own transaction. -> its id"""
    with base.transactional() as session:
        return notification.tell(
            session,
            org_id=world.org_id,
            person_id=reader.person_id,
            kind=kind,
            facts=facts,
            endpoint="observation.sheet",
            ids={"course": world.course_id, "observation": "0" * 32},
        )


@pytest.fixture
def post(make_settings: Callable[..., Settings], empty_database: Path, tmp_path: Path) -> Iterator[Post]:
    """An organisation whose tool sends mails; none is sent here."""
    with mailing_app(make_settings, empty_database, tmp_path, 1) as app:
        made = make_world("Northfield")
        with base.tenant(made.org_id):
            yield Post(app, made)


def test_a_notice_is_there_with_the_change_that_gave_the_reason_or_not_at_all(world: World) -> None:
    ada = world.person("Ada")

    def told_and_failed() -> None:
        with base.transactional() as session:
            told = {"person_id": ada.person_id, "kind": "help_answered", "endpoint": "home.index"}
            notification.tell(session, org_id=world.org_id, facts={}, ids={"course": world.course_id}, **told)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        told_and_failed()
    assert notification.page(actor=ada).total == 0
    made = tell(world, ada, "help_answered")
    (row,) = notification.page(actor=ada).notices
    assert (row.id, row.kind, row.unread, row.course) == (made, "help_answered", True, "Course of Northfield")
    line = base.session().scalars(select(AuditEvent).where(AuditEvent.object_id == made)).one()
    assert (line.verb, line.facts) == ("tell", {"kind": "help_answered"})


def test_nobody_reads_or_follows_the_notices_of_somebody_else(world: World) -> None:
    ada, ben = world.person("Ada"), world.person("Ben")
    made = tell(world, ada)
    assert notification.page(actor=ben).total == 0
    with pytest.raises(NotFound):
        notification.follow(actor=ben, notice_id=made)
    assert notification.read_all(actor=ben) == 0
    assert notification.page(actor=ada).unread == 1


def test_a_notice_that_is_followed_is_read_and_leads_to_its_page(world: World) -> None:
    ada = world.person("Ada")
    target = notification.follow(actor=ada, notice_id=tell(world, ada))
    assert (target.endpoint, target.course_id, target.ids) == ("observation.sheet", world.course_id, {"observation": "0" * 32})
    assert notification.page(actor=ada).unread == 0


def test_fifty_stand_on_a_page_the_newest_first_and_all_can_be_read_at_once(world: World) -> None:
    ada = world.person("Ada")
    ids = [tell(world, ada) for _ in range(53)]
    first, second = notification.page(actor=ada), notification.page(actor=ada, number=2)
    assert [row.id for row in (*first.notices, *second.notices)] == ids[::-1]
    assert (len(first.notices), first.beyond, second.beyond, first.unread) == (50, True, False, 53)
    assert notification.page(actor=ada, number=99).number == 2
    assert notification.read_all(actor=ada) == 53
    assert notification.page(actor=ada).unread == 0


def test_an_observer_is_told_of_a_plan_and_a_candidate_of_a_report(world: World) -> None:
    lead, observer, ada = world.person("Lead", "coordinator"), world.person("Observer", "observer"), world.person("Ada")
    plan = {"candidacy_id": world.candidacy_id("Ada"), "observer_id": observer.person_id, "planned_for": date(2026, 12, 1)}
    made = observation.plan(actor=lead, protege_label="A colleague", **plan)
    (told,) = notification.page(actor=observer).notices
    assert (told.kind, told.facts) == ("observation_planned", {"planned_for": date(2026, 12, 1)})
    assert notification.follow(actor=observer, notice_id=told.id).ids == {"observation": made}
    observation.plan(actor=observer, protege_label="Another", **plan)
    assert notification.page(actor=observer).total == 1  # who plans their own knows
    assert notification.page(actor=ada).total == 0


def test_without_a_mail_server_no_mail_is_made(world: World) -> None:
    ada = world.person("Ada")
    with base.transactional() as session:
        session.execute(update(Person).values(email="ada@example.edu"))
    tell(world, ada)
    assert notification.digest(MONDAY) == 0
    assert base.session().scalar(select(Mail.id)) is None
    assert not notification.choices(actor=ada).sends


def test_a_mail_is_in_the_outbox_only_for_who_has_an_address_and_wants_it_and_is_no_test_user(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "KINDS", {**rules.KINDS, "news": rules.Kind("news", "help", False)})
    ada, ben, cleo = post.world.person("Ada"), post.world.person("Ben"), post.world.person("Cleo", "coordinator")
    tester = post.world.person("Tester", test_user=True)
    for one in (ada, cleo, tester):
        post.address(one, "somebody@example.edu")
    for one in (ada, ben, cleo, tester):
        tell(post.world, one)
    tell(post.world, ada, "news")
    assert [row.person_id for row in post.rows()] == [ada.person_id]
    notification.choose(actor=ada, wanted={**dict.fromkeys(FAMILIES, "at_once"), "observation": "off"})
    notification.choose(actor=cleo, wanted=dict.fromkeys(FAMILIES, "at_once"))
    for one in (ada, cleo):
        tell(post.world, one)
    assert [row.person_id for row in post.rows()] == [ada.person_id, cleo.person_id]


def test_a_choice_is_kept_and_what_is_none_is_not(post: Post) -> None:
    ada, lead = post.world.person("Ada"), post.world.person("Lead", "coordinator")
    assert dict(notification.choices(actor=ada).families) == dict.fromkeys(FAMILIES, "at_once")
    assert dict(notification.choices(actor=lead).families) == dict.fromkeys(FAMILIES, "weekly")
    wanted = {**dict.fromkeys(FAMILIES, "off"), "help": "weekly"}
    for _ in range(2):
        notification.choose(actor=ada, wanted=wanted)
    assert dict(notification.choices(actor=ada).families) == wanted
    for wrong in ({}, {**wanted, "help": "daily"}, {**wanted, "gossip": "off"}):
        with pytest.raises(RuleBroken, match="mail_choice_unknown"):
            notification.choose(actor=ada, wanted=wrong)


def test_unsubscribing_ends_all_mails_and_choosing_again_begins_them(post: Post) -> None:
    ada = post.world.person("Ada")
    post.address(ada, "ada@example.edu")
    assert notification.unsubscribe(org_id=post.world.org_id, person_id=ada.person_id)
    assert notification.unsubscribe(org_id=post.world.org_id, person_id=ada.person_id)
    assert not notification.unsubscribe(org_id=post.world.org_id, person_id="0" * 32)
    tell(post.world, ada)
    assert post.rows() == []
    notification.choose(actor=ada, wanted=dict.fromkeys(FAMILIES, "at_once"))
    tell(post.world, ada)
    assert len(post.rows()) == 1


def test_what_somebody_was_told_and_mailed_goes_with_them(post: Post) -> None:
    ada, ben = post.world.person("Ada"), post.world.person("Ben")
    for one in (ada, ben):
        post.address(one, "somebody@example.edu")
        tell(post.world, one)
        notification.choose(actor=one, wanted=dict.fromkeys(FAMILIES, "off"))
    with base.transactional() as session:
        notification.erase(session, person_id=ada.person_id)
    assert [row.person_id for row in post.rows()] == [ben.person_id]
    assert notification.page(actor=ada).total == 0
    assert dict(notification.choices(actor=ada).families) == dict.fromkeys(FAMILIES, "at_once")
    assert notification.page(actor=ben).total == 1


def test_the_page_of_what_is_held_counts_notices(world: World) -> None:
    ada = world.person("Ada")
    tell(world, ada)
    assert dict(holdings.look(actor=ada, person_id=ada.person_id).counts)["notices"] == 1


def test_any_database_counts_the_unread_of_a_visit(any_app: Flask) -> None:
    world = make_world("Northfield")
    with base.tenant(world.org_id):
        ada = world.person("Ada")
        tell(world, ada)
        notification.choose(actor=ada, wanted=dict.fromkeys(FAMILIES, "weekly"))
        notification.choose(actor=ada, wanted=dict.fromkeys(FAMILIES, "off"))
        assert notification.page(actor=ada).unread == 1


def test_a_stuck_mail_about_help_is_the_coordinators_to_see_alone(world: World) -> None:
    lead = world.person("Lead", "coordinator", standing="instructor")
    deputy = world.person("Deputy", "deputy", standing="instructor")
    ada = world.person("Ada")
    with base.transactional() as session:
        whom = {"org_id": world.org_id, "person_id": ada.person_id, "kind": "help_answered", "endpoint": "assistance.index"}
        told = notification.tell(session, facts={}, ids={"course": world.course_id}, **whom)
        stuck = {"state": "refused", "fault": "mail_address", "lane": "mail:x"}
        session.add(Mail(person_id=ada.person_id, course_id=world.course_id, notification_id=told, **stuck))
    assert (mail.stuck(actor=lead).need_person, mail.stuck(actor=deputy).need_person) == (1, 0)
