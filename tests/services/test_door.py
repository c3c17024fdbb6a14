# SPDX-License-Identifier: Apache-2.0
"""Links of the door on both databases: who gets a mail, how often, what a link opens once, and what is left of it after."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from sqlalchemy import ColumnElement, func, select, update

from conftest import make_world
from lti_mentoring import app as wiring
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import door, door_link, door_place, erasure, mail, pairing, roles
from lti_mentoring.services import session as sessions
from lti_mentoring.settings import Settings
from lti_mentoring.store import base
from lti_mentoring.store.door import DoorAsk, DoorLetter, DoorLink
from lti_mentoring.store.people import Person, WebSession
from support.mail_server import MailServer, mail_server
from support.mailing import Post, mailing_app
from support.pairing import paired

ADA = "ada@example.org"


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as made:
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def post(
    request: pytest.FixtureRequest, make_settings: Callable[..., Settings], empty_database: Path, tmp_path: Path, server: MailServer
) -> Iterator[Post]:
    url = "" if request.param == "sqlite" else request.getfixturevalue("fresh_postgres_url")
    with mailing_app(make_settings, empty_database, tmp_path, server.port, url=url) as app:
        if url:
            wiring.migrate_database()
        yield Post(app, make_world("Northfield"))


class Pair:
    """A mentor of the course and Ada, who is in none."""

    def __init__(self, post: Post) -> None:
        self.post, self.world = post, post.world
        with base.tenant(self.world.org_id):
            self.lead = self.world.person("R. Okafor", "coordinator", standing="instructor")
            self.mentor = self.world.person("F. Martins")
            self.id = paired(self.lead, self.mentor.person_id)
            self.ada = base.session().scalars(select(Person.id).where(Person.email == ADA)).one()

    def work(self) -> None:
        """What the worker does until nothing is left."""
        while door.step():
            pass
        while self.post.step():
            pass
        base.end_read()

    def ask(self, address: str = ADA, client: str = "198.51.100.1") -> None:
        door.ask(address=address, client=client)
        self.work()

    def exchange(self, token: str) -> str:
        with base.tenant(door_link.organisation_of(token)):
            return door_link.exchange(token=token, browser="Firefox / Linux", old_token=None)


def link_in(server: MailServer) -> str:
    body = server.mails[-1].get_body()
    assert body is not None
    found = re.search(r"/door/link#(\S+)", body.get_content())
    assert found
    return found[1]


def count(table: type[base.Base], *which: ColumnElement[bool]) -> int:
    with base.across_organisations("test"):
        base.end_read()
        return base.session().scalar(select(func.count()).select_from(table).where(*which)) or 0


def test_who_is_in_a_pair_gets_a_link_that_opens_once_and_only_its_hash_is_kept(post: Post, server: MailServer):
    pair = Pair(post)
    pair.ask("ADA@Example.org")
    token = link_in(server)
    assert server.mails[-1]["To"].addresses[0].addr_spec == ADA
    assert token not in {row.token_hash for row in base.session().scalars(select(DoorLink))}
    made = pair.exchange(token)
    assert sessions.resume(sessions.ticket(made), idle=timedelta(hours=1), now=base.now()).person_id == pair.ada  # type: ignore[union-attr]
    with pytest.raises(RuleBroken) as refused:
        pair.exchange(token)
    assert (refused.value.code, refused.value.facts["browser"]) == ("door_link_spent", "Firefox / Linux")


def test_an_address_that_nobody_has_leaves_the_same_row_and_no_mail(post: Post, server: MailServer):
    pair = Pair(post)
    door.ask(address=ADA, client="one")
    door.ask(address="nobody@example.org", client="two")
    rows = base.session().scalars(select(DoorAsk)).all()
    assert {(bool(row.address), row.settled_at) for row in rows} == {(True, None)}
    pair.work()
    assert [one["To"].addresses[0].addr_spec for one in server.mails] == [ADA]
    base.session().expire_all()
    assert {row.address for row in base.session().scalars(select(DoorAsk))} == {""}


def test_five_mails_an_hour_go_to_one_address_whoever_asks(post: Post, server: MailServer):
    pair = Pair(post)
    for client in range(8):
        pair.ask(client=f"client-{client}")
    with base.tenant(pair.world.org_id):
        door.invite(actor=pair.lead, mentorship_id=pair.id, person_id=pair.ada)
    pair.work()
    assert len(server.mails) == 5
    with time_machine.travel(base.now() + timedelta(minutes=61), tick=True):
        pair.ask()
    assert len(server.mails) == 6


def test_one_client_asks_for_twenty_addresses_an_hour(post: Post):
    for number in range(30):
        door.ask(address=f"somebody{number}@example.org", client="198.51.100.7")
    assert count(DoorAsk) == 20


def test_each_organisation_that_knows_an_address_sends_one_mail(post: Post, server: MailServer):
    pair = Pair(post)
    south = make_world("Southfield")
    with base.tenant(south.org_id):
        lead = south.person("S. Lead", "coordinator", standing="instructor")
        paired(lead, south.person("S. Mentor").person_id)
    pair.ask()
    tokens = [re.search(r"/door/link#(\S+)", one.get_body().get_content())[1] for one in server.mails]  # type: ignore[union-attr,index]
    assert {door_link.organisation_of(one) for one in tokens} == {pair.world.org_id, south.org_id}
    assert len(tokens) == 2
    swapped = f"{south.org_id}-{tokens[0].partition('-')[2]}"
    if door_link.organisation_of(tokens[0]) == south.org_id:
        swapped = f"{pair.world.org_id}-{tokens[0].partition('-')[2]}"
    with pytest.raises(NotFound):
        pair.exchange(swapped)


def test_a_newer_link_ends_the_older_one_and_half_an_hour_ends_both(post: Post, server: MailServer):
    pair = Pair(post)
    pair.ask()
    older = link_in(server)
    pair.ask()
    newer = link_in(server)
    with pytest.raises(RuleBroken, match="door_link_revoked"):
        pair.exchange(older)
    with time_machine.travel(base.now() + timedelta(minutes=31), tick=True), pytest.raises(RuleBroken, match="door_link_old"):
        pair.exchange(newer)


def test_an_invited_link_waits_seven_days(post: Post, server: MailServer):
    pair = Pair(post)
    with base.tenant(pair.world.org_id):
        door.invite(actor=pair.lead, mentorship_id=pair.id, person_id=pair.ada)
        with pytest.raises(NotFound):
            door.invite(actor=pair.lead, mentorship_id=pair.id, person_id=pair.lead.person_id)
    pair.work()
    with time_machine.travel(base.now() + timedelta(days=6, hours=23), tick=True):
        assert pair.exchange(link_in(server))


def test_whoever_did_not_open_their_link_closes_what_it_opened_and_gets_a_new_one(post: Post, server: MailServer):
    pair = Pair(post)
    pair.ask()
    token = link_in(server)
    thief = pair.exchange(token)
    with base.tenant(pair.world.org_id):
        door.disown(token=token)
    assert sessions.resume(sessions.ticket(thief), idle=timedelta(hours=1), now=base.now()) is None
    pair.work()
    assert link_in(server) != token
    assert pair.exchange(link_in(server))
    with time_machine.travel(base.now() + timedelta(hours=25), tick=True), base.tenant(pair.world.org_id), pytest.raises(NotFound):
        door.disown(token=token)


def test_a_seat_that_ends_closes_the_door_and_its_links(post: Post, server: MailServer):
    pair = Pair(post)
    pair.ask()
    with base.tenant(pair.world.org_id):
        assert door_place.here(org_id=pair.world.org_id, person_id=pair.ada, course_id=pair.world.course_id) is not None
        pairing.end(actor=pair.lead, mentorship_id=pair.id)
        assert door_place.here(org_id=pair.world.org_id, person_id=pair.ada, course_id=pair.world.course_id) is None
    with pytest.raises(RuleBroken, match="door_link_revoked"):
        pair.exchange(link_in(server))
    sent = len(server.mails)
    pair.ask()
    assert len(server.mails) == sent


def test_granted_roles_do_not_hold_by_the_door(post: Post):
    pair = Pair(post)
    with base.tenant(pair.world.org_id):
        found = door_place.here(org_id=pair.world.org_id, person_id=pair.lead.person_id, course_id=pair.world.course_id)
        mentor = door_place.here(org_id=pair.world.org_id, person_id=pair.mentor.person_id, course_id=pair.world.course_id)
    assert found is not None
    assert mentor is not None
    assert found.actor.roles == {"member"}
    assert mentor.actor.roles == {"member", "candidate", "mentor"}


def test_nobody_in_the_course_sees_who_comes_by_the_door(post: Post, server: MailServer):
    pair = Pair(post)
    with base.tenant(pair.world.org_id):
        before = roles.people_page(actor=pair.lead)
    server.data = "550 No such mailbox"
    pair.ask()
    server.data = "250 OK"
    pair.ask()
    pair.exchange(link_in(server))
    with base.tenant(pair.world.org_id):
        base.end_read()
        assert roles.people_page(actor=pair.lead) == before
        page = mail.stuck(actor=pair.lead)
    assert (page.causes, page.need_person, page.on_their_way) == ((), 0, 0)


def test_who_is_erased_is_signed_out_and_nothing_of_the_door_is_left(post: Post, server: MailServer):
    pair = Pair(post)
    pair.ask()
    made = pair.exchange(link_in(server))
    with base.tenant(pair.world.org_id):
        erasure_id = erasure.by_operator(org_id=pair.world.org_id, person_id=pair.ada)
        erasure.hold(person_id=pair.ada, reason="An appeal")
        while erasure.run(erasure_id=erasure_id):
            pass
        assert door_place.has_place(pair.ada), "the hold keeps their seat, and nothing that opens it"
    assert sessions.resume(sessions.ticket(made), idle=timedelta(hours=1), now=base.now()) is None
    assert count(DoorLink, DoorLink.person_id == pair.ada) == 0
    assert count(WebSession, WebSession.person_id == pair.ada) == 0
    with base.tenant(pair.world.org_id):
        erasure.release(person_id=pair.ada)
        while erasure.run(erasure_id=erasure_id):
            pass
    with pytest.raises(RuleBroken, match="door_nothing_there"):
        door.link_by_operator(organisation_id=pair.world.org_id, person_id=pair.ada)


def test_signing_out_everywhere_ends_every_device_and_waiting_links(post: Post, server: MailServer):
    pair = Pair(post)
    pair.ask()
    first = pair.exchange(link_in(server))
    pair.ask()
    with base.tenant(pair.world.org_id):
        door.leave_everywhere(person_id=pair.ada)
    assert sessions.resume(sessions.ticket(first), idle=timedelta(hours=1), now=base.now()) is None
    with pytest.raises(RuleBroken, match="door_link_revoked"):
        pair.exchange(link_in(server))


def test_the_operator_gets_a_link_once_and_none_for_whom_nothing_is_there(post: Post):
    pair = Pair(post)
    token = door.link_by_operator(organisation_id=pair.world.org_id, person_id=pair.ada)
    assert pair.exchange(token)
    with base.tenant(pair.world.org_id):
        pairing.end(actor=pair.lead, mentorship_id=pair.id)
    with pytest.raises(RuleBroken, match="door_nothing_there"):
        door.link_by_operator(organisation_id=pair.world.org_id, person_id=pair.ada)


def test_what_was_asked_is_forgotten_in_two_hours_and_links_in_thirty_days(post: Post, server: MailServer):
    pair = Pair(post)
    pair.ask()
    door.forget_old(now=base.now() + timedelta(hours=3))
    assert count(DoorAsk) == 0
    with base.transactional() as session:
        session.execute(update(DoorLink).values(expires_at=base.now() - timedelta(days=31)))
    door.forget_old(now=base.now())
    assert count(DoorLink) == 0
    assert count(DoorLetter) == 1
