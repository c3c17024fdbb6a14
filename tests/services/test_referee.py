# SPDX-License-Identifier: Apache-2.0
"""Referees by mail: what they are told, that the link is theirs alone, one reminder, and what happens when no mail arrives."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextvars import Context
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from sqlalchemy import func, select, update

from conftest import World, make_world
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import application, dossier, mail, notification, referee, reference, reminder, selection
from lti_mentoring.services.statement import MailRow
from lti_mentoring.settings import Settings
from lti_mentoring.store import base
from lti_mentoring.store.application import Reference
from lti_mentoring.store.delivery import Mail, ReferenceLetter
from lti_mentoring.store.privacy import AuditEvent
from support.applying import submitted, taking_applications
from support.mail_server import MailServer, mail_server
from support.mailing import Post, mailing_app
from support.visitor import Visitor

TEXT = "Twice she waited until the new colleague had found the next step by himself."


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
    """An application with two referees, and its coordinator."""

    def __init__(self, post: Post) -> None:
        self.post, self.world = post, post.world
        with self.inside():
            self.lead = taking_applications(self.world)
            self.id = submitted(self.world, "Ada")
            rows = base.session().scalars(select(Reference.id).order_by(Reference.number))
            self.oakes, self.lind = rows

    def inside(self) -> Any:
        return base.tenant(self.world.org_id)

    def ask(self, reference_id: str | None = None) -> None:
        with self.inside():
            referee.ask(actor=self.lead, application_id=self.id, reference_id=reference_id or self.oakes)

    def row(self) -> Reference:
        with self.inside():
            base.session().rollback()
            return base.session().scalars(select(Reference).where(Reference.id == self.oakes)).one()

    def asked(self) -> MailRow | None:
        with self.inside():
            base.session().rollback()
            return dossier.dossier(actor=self.lead, application_id=self.id).references[0].asked

    def remind(self, days: float) -> None:
        """A worker looks so many days from now, and sends."""
        with time_machine.travel(datetime.now(UTC) + timedelta(days=days), tick=True):
            Context().run(self._remind)
            self.post.step()

    def sweep(self) -> None:
        """What a worker tells people by the clock."""
        with self.post.app.app_context():
            reminder.sweep(now=datetime.now(UTC))

    def _remind(self) -> None:
        with self.post.app.app_context():
            referee.remind(now=datetime.now(UTC))


@pytest.fixture
def case(post: Post) -> Case:
    return Case(post)


def text_of(server: MailServer, number: int = -1) -> str:
    return re.sub(r"\s+", " ", server.mails[number].get_content())


def token_in(server: MailServer, number: int = -1) -> str:
    found = re.search(r"http://\S+/references/(\S+)", server.mails[number].get_content())
    assert found
    return found[1]


def test_a_referee_is_told_who_asks_for_whom_until_when_who_reads_it_and_how_to_say_no(case: Case, server: MailServer) -> None:
    case.ask()
    assert case.post.step()
    (told,) = server.mails
    text, until = text_of(server), case.row().expires_at
    assert until is not None
    assert server.tried == ["oakes@example.org"]
    assert told["To"] == '"R. Oakes" <oakes@example.org>'
    assert told["Subject"] == "You are asked for a reference"  # whose is for the reader alone
    assert (told["List-Unsubscribe"], told["Bcc"], told["Auto-Submitted"]) == (None, None, "auto-generated")
    for words in ("Dear R. Oakes,", "Ada applies to become a mentor", "Northfield", f"by {until.day} {until:%b %Y}"):
        assert words in text
    assert "Ada does not read it" in text
    assert "I would rather not" in text
    assert text.count("http") == 1
    assert "T. Lind" not in text
    asked = case.asked()
    assert asked is not None
    assert (asked.kind, asked.state, asked.address) == ("ask", "done", "oakes@example.org")


def test_the_link_works_and_only_its_hash_is_kept(case: Case, server: MailServer, capfd: pytest.CaptureFixture[str]) -> None:
    case.ask()
    assert case.row().token_hash is None  # before the mail is written, no link opens anything
    case.post.step()
    token = token_in(server)
    with case.inside():
        assert reference.page(token=token).applicant == "Ada"
        for table in (Reference, ReferenceLetter, Mail, AuditEvent):
            kept = str(base.session().execute(select(table.__table__)).all())
            assert token not in kept
            assert token.partition("-")[2] not in kept
        reference.answer(token=token, supports="yes", text=TEXT)
    said = capfd.readouterr()
    assert token.partition("-")[2] not in said.out + said.err


def test_the_referee_can_say_no_on_the_page_and_is_asked_nothing_more(case: Case, server: MailServer) -> None:
    case.ask()
    case.post.step()
    client, where = case.post.app.test_client(), {"base_url": "https://localhost:8000", "headers": {"Sec-Fetch-Site": "same-origin"}}
    path = f"/references/{token_in(server)}"
    assert "I would rather not" in Context().run(client.get, path, **where).get_data(as_text=True)
    assert Context().run(client.post, path, data={"action": "refuse"}, **where).status_code == 200
    assert case.row().state == "refused"
    case.remind(26)
    assert len(server.mails) == 1


def test_asking_again_sends_a_new_link_and_ends_the_one_before(case: Case, server: MailServer) -> None:
    for _ in range(2):
        case.ask()
        case.post.step()
    old, new = token_in(server, 0), token_in(server, 1)
    assert old != new
    with case.inside():
        assert reference.page(token=new).applicant == "Ada"
        with pytest.raises(NotFound):
            reference.page(token=old)


def test_pressed_twice_it_is_one_mail(case: Case, server: MailServer) -> None:
    start = threading.Barrier(2)

    def press() -> None:
        with case.post.app.app_context():
            start.wait()
            case.ask()

    threads = [threading.Thread(target=press) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    while case.post.step():
        pass
    assert server.tried == ["oakes@example.org"]
    with case.inside():
        assert reference.page(token=token_in(server)).applicant == "Ada"


def test_a_mail_that_is_sent_again_carries_the_same_link(case: Case, server: MailServer) -> None:
    case.ask()
    case.post.step()
    case.post.change(state="sending", lease_until=base.now() - timedelta(minutes=1))
    case.post.step()
    first, second = server.mails
    assert (first["Message-ID"], token_in(server, 0)) == (second["Message-ID"], token_in(server, 1))


def test_a_reminder_goes_out_once_before_the_link_ends_with_the_same_link(case: Case, server: MailServer) -> None:
    case.ask()
    case.post.step()
    case.remind(24)
    assert len(server.mails) == 1
    for days in (25.5, 26, 29):
        case.remind(days)
    assert [one["Subject"] for one in server.mails] == ["You are asked for a reference", "A reference is still open"]
    assert "only reminder" in text_of(server)
    assert token_in(server, 0) == token_in(server, 1)


def test_two_workers_remind_once(case: Case, server: MailServer) -> None:
    case.ask()
    case.post.step()
    start = threading.Barrier(3)

    def work() -> None:
        with case.post.app.app_context():
            start.wait()
            referee.remind(now=datetime.now(UTC) + timedelta(days=26))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    with case.inside():
        base.session().rollback()
        assert base.session().scalar(select(func.count()).select_from(ReferenceLetter)) == 2


@pytest.mark.parametrize("why", ["answered", "withdrawn", "link made by hand", "declined"])
def test_what_is_not_wanted_any_more_is_not_sent(case: Case, server: MailServer, why: str) -> None:
    case.ask()
    with case.inside():
        if why == "withdrawn":
            application.withdraw(actor=case.world.actor("Ada"))
        elif why == "declined":
            words = "Please gain some experience first, and come back."
            selection.decline(actor=case.lead, application_id=case.id, reason="not_eligible", feedback=words)
        elif why == "answered":
            with base.transactional() as session:
                session.execute(update(Reference).values(answered_at=base.now(), state="given"))
        else:
            reference.issue(actor=case.lead, application_id=case.id, reference_id=case.oakes)
    case.post.step()
    assert server.tried == []
    assert {row.state for row in case.post.rows()} == {"done"}


def test_an_address_that_is_refused_is_shown_to_the_coordinator_with_what_to_do(case: Case, server: MailServer) -> None:
    server.recipient = "550 5.1.1 No such user oakes@example.org"
    case.ask()
    case.post.step()
    asked = case.asked()
    assert asked is not None
    assert (asked.state, asked.remedy) == ("refused", "mail_address")
    with case.inside():
        visitor = Visitor(case.post.app, case.lead)
        (stuck,) = mail.stuck(actor=case.lead).causes
        assert [(one.person, one.kind) for one in stuck.mails] == [("Ada", "reference_ask")]
    page = visitor.get(f"applications/{case.id}").get_data(as_text=True)
    for words in ("The mail to R. Oakes did not arrive.", "No such user", "as the applicant gave it", "Make a link for R. Oakes"):
        assert words in page, words
    assert "To a referee of theirs: the request" in visitor.get("grades").get_data(as_text=True)
    for _ in range(2):
        Context().run(case.sweep)
    with case.inside():
        (notice,) = [one for one in notification.page(actor=case.lead).notices if one.kind == "referee_unreached"]
        assert notification.follow(actor=case.lead, notice_id=notice.id).ids == {"application": case.id}
    server.recipient = "250 OK"
    assert visitor.post(f"applications/{case.id}/references/{case.oakes}", {"by": "mail"}).status_code == 303
    case.post.step()
    assert len(server.mails) == 1


def test_what_is_no_address_is_said_at_once(case: Case, server: MailServer) -> None:
    with case.inside(), base.transactional() as session:
        session.execute(update(Reference).values(email="nobody at all"))
    with pytest.raises(RuleBroken, match="reference_address"):
        case.ask()
    with case.inside():
        visitor = Visitor(case.post.app, case.lead)
    answer = visitor.post(f"applications/{case.id}/references/{case.oakes}", {"by": "mail"})
    assert answer.status_code == 409
    assert "is no address that mail can go to" in answer.get_data(as_text=True)


def test_without_a_mail_server_the_coordinator_copies_the_link_as_before(world: World) -> None:
    lead: Actor = taking_applications(world)
    made = submitted(world, "Ada")
    (first, _) = base.session().scalars(select(Reference.id).order_by(Reference.number))
    with pytest.raises(RuleBroken, match="reference_no_mail"):
        referee.ask(actor=lead, application_id=made, reference_id=first)
    page = dossier.dossier(actor=lead, application_id=made)
    assert not page.mails
    assert referee.remind(now=base.now()) == 0


def test_who_is_forgotten_leaves_no_mail_to_their_referees(case: Case) -> None:
    case.ask()
    with case.inside():
        with base.transactional() as session:
            notification.erase(session, person_id=case.world.people["Ada"])
        base.session().rollback()
        assert base.session().scalars(select(ReferenceLetter)).all() == []


def test_names_that_break_out_of_a_line_do_not(case: Case, server: MailServer) -> None:
    with case.inside(), base.transactional() as session:
        session.execute(update(Reference).values(name="R. Oakes\r\nBcc: all@example.edu"))
    case.ask()
    case.post.step()
    assert server.tried == ["oakes@example.org"]
    assert server.mails[0]["Bcc"] is None
