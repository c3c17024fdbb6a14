# SPDX-License-Identifier: Apache-2.0
"""Links by mail: who is in the room hears of it from the outbox, the link is made when the mail leaves, and what is off is not sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from sqlalchemy import select

from conftest import make_world
from lti_mentoring.domain.observation import Rating
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.releasing import READING
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.services import consent, guest, mail, meeting, notification, observation, outside, participant, reading_time, room
from lti_mentoring.services.occasion import Asked
from lti_mentoring.services.rating import Note
from lti_mentoring.services.room import Named
from lti_mentoring.settings import Settings
from lti_mentoring.store import base
from lti_mentoring.store.delivery import GuestLetter
from lti_mentoring.store.field import GuestLink
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.people import Person
from support.mail_server import MailServer, mail_server
from support.mailing import Post, mailing_app
from support.pairing import ahead, met, paired


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as made:
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def post(
    request: pytest.FixtureRequest, make_settings: Callable[..., Settings], empty_database: Path, tmp_path: Path, server: MailServer
) -> Iterator[Post]:
    """A tool that sends mails, on each database."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("migrated_postgres_url")
    with mailing_app(make_settings, empty_database, tmp_path, server.port, url=url) as app:
        yield Post(app, make_world("Northfield"))


class Case:
    """An observation whose protégé has an address and no account."""

    def __init__(self, post: Post) -> None:
        self.post, world = post, post.world
        with self.inside():
            world.person("F. Martins")
            self.observer = world.person("T. Lindqvist", "observer", standing="instructor")
            self.lead = world.person("R. Okafor", "coordinator", standing="instructor")
            self.id = observation.plan(
                actor=self.lead,
                candidacy_id=world.candidacy_id("F. Martins"),
                observer_id=self.observer.person_id,
                planned_for=base.now().date(),
                protege_label="A new colleague",
            )
            room.add(actor=self.lead, observation_id=self.id, named=Named("Kim", "kim@example.org"))
            (kim,) = room.page(actor=self.lead, observation_id=self.id).people
            self.kim = Actor(world.org_id, kim.person_id, world.course_id, "Kim", frozenset(), "")

    def inside(self) -> Any:
        return base.tenant(self.post.world.org_id)

    def mail_state(self) -> str:
        with self.inside():
            base.end_read()
            return room.page(actor=self.lead, observation_id=self.id).people[0].mail


@pytest.fixture
def case(post: Post) -> Case:
    return Case(post)


def token_in(server: MailServer, number: int = -1) -> str:
    found = re.search(r"http://\S+/guest#(\S+)", server.mails[number].get_content())
    assert found
    return found[1]


def test_who_is_named_with_an_address_gets_a_link_that_is_made_when_the_mail_leaves(case: Case, server: MailServer) -> None:
    assert case.mail_state() == "waiting"
    with case.inside():
        assert base.session().scalars(select(GuestLink)).all() == []
    assert case.post.step()
    (told,) = server.mails
    assert told["To"] == "Kim <kim@example.org>"
    assert told["Subject"] == "May a mentoring session be observed?"
    text = re.sub(r"\s+", " ", told.get_content())
    assert "R. Okafor (Northfield)" in text
    assert text.count("http") == 1
    assert case.mail_state() == "sent"
    with case.inside():
        _, held = guest.exchange(token=token_in(server))
        assert (held.person_id, held.purpose) == (case.kim.person_id, "consent")
        assert [one.link.state for one in room.page(actor=case.lead, observation_id=case.id).people if one.link] == ["open"]


def test_who_was_taken_off_the_room_is_sent_nothing(case: Case, server: MailServer) -> None:
    with case.inside():
        room.add(actor=case.lead, observation_id=case.id, named=Named("Sol", ""))
        room.take_off(actor=case.lead, observation_id=case.id, person_id=case.kim.person_id)
    case.post.step()
    assert server.mails == []


def test_who_is_called_by_nothing_but_an_address_is_not_left_without_a_name(case: Case, server: MailServer) -> None:
    with case.inside(), base.transactional() as session:
        for one in (case.lead, case.kim):
            session.get_one(Person, (case.post.world.org_id, one.person_id)).name = "www.bad.example"
    case.post.step()
    text = server.mails[-1].get_content()
    assert f"Dear Participant {case.kim.person_id[-4:].upper()}," in text
    assert "and Northfield (Northfield) would like" in text.replace("\n", " ")
    assert "bad.example" not in text


def test_a_mail_that_is_sent_again_carries_the_same_link(case: Case, server: MailServer) -> None:
    case.post.step()
    case.post.change(state="waiting", sent_at=None)
    case.post.step()
    assert token_in(server, 0) == token_in(server, 1)
    with case.inside():
        assert len(base.session().scalars(select(GuestLink)).all()) == 1
        guest.exchange(token=token_in(server))
    case.post.change(state="waiting", sent_at=None)
    case.post.step()
    assert len(server.mails) == 2, "a link that was opened is not sent again"


def test_asking_again_makes_a_new_link_and_ends_the_old_one(case: Case, server: MailServer) -> None:
    case.post.step()
    again = {"actor": case.observer, "observation_id": case.id, "person_id": case.kim.person_id}
    with case.inside(), pytest.raises(RuleBroken, match="guest_mail_lately"):
        room.send(**again)
    with time_machine.travel(base.now() + timedelta(minutes=61), tick=True):
        with case.inside():
            room.send(**again)
        case.post.step()
    with case.inside():
        base.end_read()
        with pytest.raises(Exception, match="guest_link_revoked"):
            guest.exchange(token=token_in(server, 0))
        guest.exchange(token=token_in(server, 1))


def test_whoever_has_a_mailbox_gets_their_link_there_and_in_no_other_hands(case: Case, server: MailServer) -> None:
    about = {"actor": case.lead, "observation_id": case.id, "person_id": case.kim.person_id}
    with case.inside(), pytest.raises(RuleBroken, match="guest_not_by_hand"):
        room.link(**about)
    server.recipient = "550 5.1.1 No such user here"
    case.post.step()
    with case.inside():
        base.end_read()
        room.link(**about)  # no mail arrives there


def test_who_was_told_that_lines_can_be_read_is_not_told_apart_from_who_was_not(case: Case, server: MailServer) -> None:
    case.post.step()
    with case.inside():
        base.end_read()
        before = room.page(actor=case.observer, observation_id=case.id).people
        participant.answer(actor=case.kim, observation_id=case.id, agrees=True)
        with base.transactional() as session:
            row = session.scalars(select(Observation).where(Observation.id == case.id)).one()
            reading_time.tell(session, row)
    assert case.post.step()
    assert server.mails[-1]["Subject"] == "What was noted in your session can be read"
    assert "within 72 hours" in re.sub(r"\s+", " ", server.mails[-1].get_content())
    with case.inside():
        base.end_read()
        after = room.page(actor=case.observer, observation_id=case.id).people
    assert [(one.mail, one.link and one.link.state) for one in before] == [("sent", "waits")]
    assert [one.mail for one in after] == ["sent"]


def test_nobody_is_asked_about_what_was_called_off(case: Case, server: MailServer) -> None:
    with case.inside():
        observation.cancel(actor=case.lead, observation_id=case.id)
    case.post.step()
    assert server.mails == []


def test_whoever_had_a_link_hears_by_mail_that_it_is_off(case: Case, server: MailServer) -> None:
    case.post.step()
    with case.inside():
        observation.cancel(actor=case.lead, observation_id=case.id)
    case.post.step()
    told = server.mails[-1]
    assert (len(server.mails), told["To"], told["Subject"]) == (2, "Kim <kim@example.org>", "An observation was called off")
    assert "http" not in told.get_content()
    with case.inside():
        base.end_read()
        assert room.page(actor=case.observer, observation_id=case.id).unheard == ()


def test_whom_no_mail_reaches_is_named_to_whoever_called_it_off(case: Case, server: MailServer) -> None:
    server.recipient = "550 5.1.1 No such user here"
    with case.inside():
        room.add(actor=case.lead, observation_id=case.id, named=Named("Sol", ""))
    case.post.step()
    for at_once in (True, False):
        with case.inside():
            if at_once:
                observation.cancel(actor=case.lead, observation_id=case.id)
                assert told(case, case.lead).count("somebody_to_ring") == 1
            base.end_read()
            assert room.page(actor=case.observer, observation_id=case.id).unheard == ("Kim", "Sol")
        case.post.step()


def told(case: Case, who: Actor) -> list[str]:
    base.end_read()
    return [one.kind for one in notification.page(actor=who).notices]


def of_a_session(case: Case, observer_id: str) -> tuple[str, str]:
    """An observation of a session of a pair, with Kim in it, and a link for its observer where they are outside. -> its ids"""
    with case.inside():
        pair = paired(case.lead, case.post.world.people["F. Martins"], "Kim, kim@example.org")
        held = met(case.lead, pair)
        about = {"candidacy_id": case.post.world.candidacy_id("F. Martins"), "observer_id": observer_id}
        made = observation.plan(actor=case.lead, **about, asked=Asked(session_id=held))
        if observer_id != case.observer.person_id:
            room.send(actor=case.lead, observation_id=made, person_id=observer_id)
    case.post.step()
    return held, made


def test_another_day_is_mailed_to_whoever_came_by_a_link_with_a_new_one(case: Case, server: MailServer) -> None:
    with case.inside():
        outer = outside.name(actor=case.lead, named=Named("P. Outer", "outer@example.org"))
    held, made = of_a_session(case, outer)
    before = len(server.mails)
    with case.inside():
        participant.answer(actor=case.kim, observation_id=made, agrees=True)
        meeting.change(actor=case.lead, session_id=held, when=ahead(6))
    case.post.step()
    fresh = {one["To"]: one for one in server.mails[before:]}
    assert {to: one["Subject"] for to, one in fresh.items()} == {
        "Kim <kim@example.org>": "Your session has another day or place",
        '"P. Outer" <outer@example.org>': "A session was moved",
    }
    with case.inside():
        base.end_read()
        links = {to: guest.exchange(token=token_in(server, server.mails.index(one)))[1] for to, one in fresh.items()}
        assert sorted((one.purpose, one.observation_id) for one in links.values()) == [("consent", made), ("field", made)]
        meeting.cancel(actor=case.lead, session_id=held)
    case.post.step()
    assert {one["Subject"] for one in server.mails[-2:]} == {"A mentoring session does not take place"}


def test_whose_link_was_taken_back_gets_no_other_by_a_move_and_who_leads_is_told(case: Case, server: MailServer) -> None:
    with case.inside():
        outer = outside.name(actor=case.lead, named=Named("P. Outer", "outer@example.org"))
    held, made = of_a_session(case, outer)
    before = len(server.mails)
    with case.inside():
        room.revoke(actor=case.lead, observation_id=made, person_id=case.kim.person_id)
        outside.dismiss(actor=case.lead, person_id=outer)
        meeting.change(actor=case.lead, session_id=held, when=ahead(6))
    case.post.step()
    assert server.mails[before:] == []
    with case.inside():
        assert told(case, case.lead).count("somebody_to_ring") == 1
        base.end_read()
        live = (GuestLink.about_id == made, GuestLink.revoked_at.is_(None))
        assert base.session().scalars(select(GuestLink).where(*live)).all() == []


def test_an_assignment_that_waits_to_be_mailed_is_not_once_its_observer_is_dismissed(case: Case, server: MailServer) -> None:
    with case.inside():
        outer = outside.name(actor=case.lead, named=Named("P. Outer", "outer@example.org"))
    held, _ = of_a_session(case, outer)
    before = len(server.mails)
    with case.inside():
        meeting.change(actor=case.lead, session_id=held, when=ahead(6))
        outside.dismiss(actor=case.lead, person_id=outer)
    case.post.step()
    assert [one["To"] for one in server.mails[before:]] == ["Kim <kim@example.org>"]


def test_whom_no_mail_tells_of_another_day_is_named_to_who_leads(case: Case, server: MailServer) -> None:
    server.recipient = "550 5.1.1 No such user here"
    held, made = of_a_session(case, case.observer.person_id)
    with case.inside():
        assert room.page(actor=case.lead, observation_id=made).moved is False
        meeting.change(actor=case.lead, session_id=held, when=ahead(6))
        assert told(case, case.lead).count("somebody_to_ring") == 1
        base.end_read()
        page = room.page(actor=case.lead, observation_id=made)
        assert (page.open, page.moved, page.unheard) == (True, True, ("Kim",))


def test_whom_the_mail_reaches_is_not_to_be_rung(case: Case, server: MailServer) -> None:
    held, _ = of_a_session(case, case.observer.person_id)
    with case.inside():
        meeting.change(actor=case.lead, session_id=held, when=ahead(6))
        assert "somebody_to_ring" not in told(case, case.lead)


def submitted(case: Case) -> None:
    """Kim agrees, and the observer notes a line and submits."""
    participant.answer(actor=case.kim, observation_id=case.id, agrees=True)
    participant.attest(actor=case.kim, observation_id=case.id, nobody=True)
    observation.save_note(actor=case.observer, observation_id=case.id, note=Note("a" * 32, "She waits."))
    keys = [row.criterion.key for row in observation.sheet(actor=case.observer, observation_id=case.id).criteria]
    said = [Rating(key, 3, note_ids=("a" * 32,)) for key in keys]
    revision = observation.save_draft(actor=case.observer, observation_id=case.id, revision=0, ratings=said).revision
    observation.submit(actor=case.observer, observation_id=case.id, revision=revision)


@pytest.mark.parametrize("died", ["before", "after"])
def test_the_two_days_of_whose_mailbox_is_dead_begin_with_a_link_that_is_handed_over(case: Case, server: MailServer, died: str) -> None:
    for when in ("before", "after"):
        if when == died:
            server.recipient = "550 5.1.1 No such user here"
        if when == "before":
            case.post.step()
            with case.inside():
                submitted(case)
        else:
            case.post.step()
    with case.inside():
        assert told(case, case.lead).count("link_wanted") == 1
        assert consent.page(actor=case.kim, observation_id=case.id).reading_until is None
        with time_machine.travel(base.now() + timedelta(days=10), tick=False):
            assert room.page(actor=case.lead, observation_id=case.id).people[0].by_hand
            room.link(actor=case.lead, observation_id=case.id, person_id=case.kim.person_id)
            base.end_read()
            assert consent.page(actor=case.kim, observation_id=case.id).reading_until == base.now() + READING


def test_a_mail_that_arrives_after_all_begins_their_two_days(case: Case, server: MailServer) -> None:
    case.post.step()
    with case.inside():
        submitted(case)
    server.recipient = "550 5.1.1 No such user here"
    case.post.step()
    with case.inside():
        base.end_read()
        assert consent.page(actor=case.kim, observation_id=case.id).reading_until is None
    server.recipient = "250 OK"
    case.post.change(state="waiting")
    case.post.step()
    with case.inside():
        base.end_read()
        assert consent.page(actor=case.kim, observation_id=case.id).reading_until is not None


def test_who_has_had_no_link_yet_is_mailed_once_and_reads_of_the_day_that_it_is_by_then(case: Case, server: MailServer) -> None:
    with case.inside():
        pair = paired(case.lead, case.post.world.people["F. Martins"], "Sol, sol@example.org")
        held = met(case.lead, pair)
        about = {"candidacy_id": case.post.world.candidacy_id("F. Martins"), "observer_id": case.observer.person_id}
        observation.plan(actor=case.lead, **about, asked=Asked(session_id=held))
        meeting.change(actor=case.lead, session_id=held, when=ahead(6))
    case.post.step()
    (told,) = [one for one in server.mails if one["To"] == "Sol <sol@example.org>"]
    assert told["Subject"] == "May a mentoring session be observed?"
    assert f"{(base.now() + timedelta(days=6)).day} " in told.get_content()


def test_once_the_rating_is_in_they_hear_that_the_lines_can_be_read(case: Case, server: MailServer) -> None:
    case.post.step()
    with case.inside():
        participant.answer(actor=case.kim, observation_id=case.id, agrees=True)
        observation.save_note(actor=case.observer, observation_id=case.id, note=Note("a" * 32, "She waits."))
        keys = [row.criterion.key for row in observation.sheet(actor=case.observer, observation_id=case.id).criteria]
        said = [Rating(key, 3, note_ids=("a" * 32,)) for key in keys]
        revision = observation.save_draft(actor=case.observer, observation_id=case.id, revision=0, ratings=said).revision
        observation.submit(actor=case.observer, observation_id=case.id, revision=revision)
        kinds = base.session().scalars(select(GuestLetter.kind).order_by(GuestLetter.id)).all()
    assert sorted(kinds) == ["consent", "reading"]
    case.post.step()
    assert server.mails[-1]["Subject"] == "What was noted in your session can be read"


def test_an_assignment_goes_to_its_observer_and_not_once_it_is_somebody_elses(case: Case, server: MailServer) -> None:
    def assigned() -> str:
        made = observation.plan(
            actor=case.lead,
            candidacy_id=case.post.world.candidacy_id("F. Martins"),
            observer_id=outer,
            planned_for=base.now().date(),
            protege_label="A new colleague",
        )
        room.send(actor=case.lead, observation_id=made, person_id=outer)
        return made

    with case.inside():
        outer = outside.name(actor=case.lead, named=Named("P. Outer", "outer@example.org"))
        _, other = assigned(), assigned()
        with base.transactional() as session:
            session.get_one(Observation, (case.lead.org_id, other)).observer_id = case.observer.person_id
    case.post.step()
    fields = [one["To"] for one in server.mails if one["Subject"] == "An observation waits for you"]
    assert fields == ['"P. Outer" <outer@example.org>']


def test_a_mail_that_does_not_arrive_is_named_where_staff_look(case: Case, server: MailServer) -> None:
    server.recipient = "550 5.1.1 No such user here"
    case.post.step()
    with case.inside():
        base.end_read()
        (stuck,) = mail.stuck(actor=case.lead).causes
    assert [(one.person, one.kind) for one in stuck.mails] == [("Kim", "guest_consent")]
    assert case.mail_state() == "refused"
