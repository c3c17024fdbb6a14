# SPDX-License-Identifier: Apache-2.0
"""Mails on their way: what a reader gets, once and in their language, and what becomes of what the server does not take."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from conftest import make_world
from lti_mentoring import app as wiring
from lti_mentoring.domain.notification import FAMILIES, digest_week
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.rule import NotFound
from lti_mentoring.services import lane, mail, notification, postman
from lti_mentoring.settings import Settings, SettingsError
from lti_mentoring.store import base
from lti_mentoring.store.delivery import DeliveryLane
from lti_mentoring.store.notification import Notification
from lti_mentoring.store.people import Course, Membership, Person, Placement
from lti_mentoring.web import letterbox
from support import two_languages
from support.mail_server import MailServer, mail_server
from support.mailing import Post, mailing_app

MONDAY = datetime(2026, 11, 30, 7, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as made:
        yield made


@pytest.fixture
def post(make_settings: Callable[..., Settings], empty_database: Path, tmp_path: Path, server: MailServer) -> Iterator[Post]:
    """An organisation of a worker's app, which has no pages; no tenant is in scope."""
    with mailing_app(make_settings, empty_database, tmp_path, server.port, pages=False) as app:
        yield Post(app, make_world("Northfield"))


def somebody(post: Post, name: str, *roles: str, email: str | None = "ada@example.edu", **more: Any) -> Actor:
    with base.tenant(post.world.org_id):
        made = post.world.person(name, *roles, **more)
    post.address(made, email, "en-GB")
    return made


def tell(post: Post, reader: Actor, kind: str = "observation_released", **facts: object) -> str:
    facts = facts or ({"planned_for": date(2026, 12, 1)} if kind.startswith("observation") else {})
    with base.tenant(post.world.org_id), base.transactional() as session:
        ids = {"course": post.world.course_id, "observation": "0" * 32}
        told = {"person_id": reader.person_id, "kind": kind, "facts": facts, "endpoint": "observation.report", "ids": ids}
        return notification.tell(session, org_id=post.world.org_id, **told)  # type: ignore[arg-type]


def gate() -> DeliveryLane:
    base.end_read()
    return base.session().scalars(select(DeliveryLane).where(DeliveryLane.key == "mail:localhost")).one()


def test_a_mail_says_what_waits_and_where_and_nothing_else(post: Post, server: MailServer) -> None:
    with base.tenant(post.world.org_id):
        made = post.world.placement("programme")
        with base.transactional() as session:
            session.execute(update(Course).values(title="Mentors\r\nof 2026"))
            session.execute(update(Placement).where(Placement.id == made).values(title="Become a mentor"))
    today = datetime.now(UTC).date()
    tell(post, somebody(post, "Ada\r\nBcc: all@example.edu"), planned_for=today)
    assert post.step()
    assert not post.step()
    (told,) = server.mails
    (row,) = post.rows()
    assert (row.state, row.status, row.tries) == ("done", 250, 0)
    assert row.sent_at is not None
    assert server.tried == ["ada@example.edu"]
    assert told["Bcc"] is None
    assert told["Subject"] == "Your observation report is ready"
    assert told["Message-ID"] == f"<{row.id}@localhost>"
    assert told["Auto-Submitted"] == "auto-generated"
    text = told.get_content().replace("\n", " ")
    assert f"The report of your observation is ready: {today.day} {today:%b %Y}." in text  # and not "today": it may be read tomorrow
    assert "open “Become a mentor” in your course “Mentors of 2026”" in text
    assert text.count("http") == 1
    assert told["List-Unsubscribe"].strip("<>") in text


OWN_WORDS = {"ar-EG": "ابدأ بالوحدة الأولى", "fi": "Begin with the first module", None: "Begin with the first module"}


@pytest.mark.parametrize(("locale", "words"), OWN_WORDS.items())
def test_a_mail_has_the_programmes_own_words_in_the_language_of_its_reader(post: Post, server: MailServer, locale: str, words: str) -> None:
    with base.tenant(post.world.org_id):
        two_languages.use(post.world.org_id)
    reader = somebody(post, "Ada")
    post.address(reader, "ada@example.edu", locale)
    tell(post, reader, "training_begins")
    assert post.step()
    (told,) = server.mails
    said = told.get_content()
    assert words in said
    assert said.index("Your training is open") < said.index(words) < said.index("To see it, open")


def test_a_mail_of_a_kind_that_the_programme_adds_nothing_to_says_what_it_said(post: Post, server: MailServer) -> None:
    with base.tenant(post.world.org_id):
        two_languages.use(post.world.org_id)
    tell(post, somebody(post, "Ada"))
    assert post.step()
    (told,) = server.mails
    assert "Welcome" not in told.get_content()


def test_the_link_in_a_mail_is_signed_for_its_reader_and_good_for_nobody_else(post: Post, server: MailServer) -> None:
    ada = somebody(post, "Ada")
    tell(post, ada)
    post.step()
    token = server.mails[0]["List-Unsubscribe"].strip("<>").partition("?mail=")[2]
    signer = letterbox.Signer(post.app.config["SECRET_KEY"])
    assert letterbox.whose(signer, token) == (post.world.org_id, ada.person_id)
    assert letterbox.whose(signer, token[:-1] + ("A" if token[-1] != "A" else "B")) is None
    assert letterbox.whose(letterbox.Signer("x" * 40), token) is None


@pytest.mark.parametrize("why", ["read", "unsubscribed", "left", "address gone"])
def test_what_is_not_wanted_any_more_is_not_sent(post: Post, server: MailServer, why: str) -> None:
    ada = somebody(post, "Ada")
    made = tell(post, ada)
    if why == "unsubscribed":
        notification.unsubscribe(org_id=post.world.org_id, person_id=ada.person_id)
    with base.tenant(post.world.org_id):
        if why == "read":
            notification.follow(actor=ada, notice_id=made)
        with base.transactional() as session:
            if why == "left":
                session.execute(update(Membership).values(status="left"))
            if why == "address gone":
                session.execute(update(Person).values(email=None))
    assert post.step()
    (row,) = post.rows()
    assert (row.state, row.sent_at, server.connections) == ("done", None, 0)


def test_a_notice_has_its_minutes_to_be_read_first(post: Post, server: MailServer) -> None:
    post.app.extensions["mail_way"] = post.app.extensions["mail_way"]._replace(wait_seconds=300)
    tell(post, somebody(post, "Ada"))
    assert not post.step()
    assert timedelta(minutes=4) < post.rows()[0].next_at - base.now() <= timedelta(minutes=5)
    assert server.connections == 0


def test_mails_that_are_due_together_share_connections(post: Post, server: MailServer) -> None:
    for number in range(16):
        tell(post, somebody(post, f"Person {number}", email=f"p{number}@example.edu"))
    while post.step():
        pass
    assert sorted(server.tried) == sorted(f"p{number}@example.edu" for number in range(16))
    assert server.connections == 2  # eight at once are what a lane lets through


def test_what_the_server_puts_off_goes_out_later(post: Post, server: MailServer) -> None:
    tell(post, somebody(post, "Ada"))
    server.recipient = "450 4.2.0 Greylisted"
    assert post.step()
    (row,) = post.rows()
    assert (row.state, row.tries, row.fault, row.status, row.words) == ("waiting", 1, "mail_busy", 450, "4.2.0 Greylisted")
    server.recipient = "250 OK"
    post.change(next_at=base.now())
    assert post.step()
    assert [row.state for row in post.rows()] == ["done"]
    assert len(server.mails) == 1


def test_a_refused_mail_is_shown_with_the_servers_words_and_sent_again_when_staff_say_so(post: Post, server: MailServer) -> None:
    lead, elsewhere = somebody(post, "Lead", "coordinator"), make_world("Southgate")
    tell(post, somebody(post, "Ada Quill", email="gone@example.edu"))
    server.recipient = "550 5.1.1 <gone@example.edu> unknown"
    post.step()
    with base.tenant(elsewhere.org_id):
        assert mail.stuck(actor=elsewhere.person("Other", "coordinator")).need_person == 0
    with base.tenant(post.world.org_id):
        page = mail.stuck(actor=lead)
        (cause,) = page.causes
        assert (cause.remedy, cause.status, cause.words) == ("mail_address", 550, "5.1.1 <[address]> unknown")
        assert [(one.person, one.kind) for one in cause.mails] == [("Ada Quill", "observation_released")]
        with pytest.raises(NotFound):
            mail.retry(actor=lead, mail_id="0" * 32)
        server.recipient = "250 OK"
        assert mail.retry(actor=lead, cause=cause.key) == 1
    post.step()
    assert len(server.mails) == 1
    assert [row.state for row in post.rows()] == ["done"]


def test_a_mail_that_was_set_aside_is_not_sent(post: Post, server: MailServer) -> None:
    lead = somebody(post, "Lead", "coordinator")
    tell(post, somebody(post, "Ada"))
    server.recipient = "550 no"
    post.step()
    with base.tenant(post.world.org_id):
        assert mail.set_aside(actor=lead, mail_id=post.rows()[0].id) == 1
    server.recipient = "250 OK"
    assert not post.step()
    assert mail.listing(org_id=post.world.org_id) == []


def test_a_server_that_is_down_is_waited_for_and_one_that_stays_down_is_left_alone(
    make_settings: Callable[..., Settings], empty_database: Path, tmp_path: Path
) -> None:
    with mailing_app(make_settings, empty_database, tmp_path, 1, pages=False, delivery__breaker_failures="3") as app:
        post = Post(app, make_world("Northfield"))
        for number in range(4):
            tell(post, somebody(post, f"Person {number}"))
        for _ in range(3):
            post.change(next_at=base.now())
            assert post.step()
        rows = post.rows()
        assert {(row.state, row.fault, row.tries) for row in rows} == {("waiting", "mail_unreachable", 3)}
        assert (gate().breaker, gate().later) == ("open", 3)  # four mails together tell as much as one
        post.change(next_at=base.now())
        assert not post.step()
        lanes = {row["lane"]: row for row in lane.listing()}
        assert (lanes["mail:localhost"]["waiting"], lanes["mail:localhost"]["rests_for"]) == (4, "mail_unreachable")


def test_after_five_days_a_mail_that_nobody_takes_is_shown_to_staff(post: Post, server: MailServer) -> None:
    tell(post, somebody(post, "Ada"))
    post.change(created_at=base.now() - timedelta(days=6))
    server.recipient = "450 later"
    post.step()
    assert [(row.state, row.fault) for row in post.rows()] == [("refused", "mail_busy")]


def test_what_a_wrong_password_held_up_goes_out_by_itself_once_the_server_takes_a_mail(
    make_settings: Callable[..., Settings], empty_database: Path, tmp_path: Path
) -> None:
    with mail_server(sign_in=True) as server:
        wrong = {"mail__user": "tool", "mail__password": "wrong"}
        with mailing_app(make_settings, empty_database, tmp_path, server.port, pages=False, **wrong) as app:
            post = Post(app, make_world("Northfield"))
            tell(post, somebody(post, "Ada"))
            post.step()
            assert [(row.state, row.fault, row.status) for row in post.rows()] == [("refused", "mail_login", 535)]
            url = app.config["SQLALCHEMY_DATABASE_URI"]
        right = {"mail__user": "tool", "mail__password": "right"}
        with mailing_app(make_settings, empty_database, tmp_path, server.port, pages=False, url=url, **right) as app:
            post.app = app
            tell(post, somebody(post, "Ben", email="ben@example.edu"))
            assert post.step()
            assert post.step()
            assert [row.state for row in post.rows()] == ["done", "done"]
    assert sorted(server.tried) == ["ada@example.edu", "ben@example.edu"]


def test_a_mail_whose_worker_died_after_the_server_took_it_is_sent_again_as_the_same_mail(post: Post, server: MailServer) -> None:
    """SMTP has no way to say it only once; the id tells a mailbox that both are one."""
    tell(post, somebody(post, "Ada"))
    post.step()
    post.change(state="sending", attempt=1, lease_until=base.now() - timedelta(seconds=1), sent_at=None)  # as if nothing was written
    post.step()
    first, second = server.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert first["List-Unsubscribe"] == second["List-Unsubscribe"]
    assert first.get_content() == second.get_content()
    assert [(row.state, row.attempt) for row in post.rows()] == [("done", 2)]


def test_a_worker_that_was_cut_off_for_a_while_changes_nothing_of_what_another_did(post: Post) -> None:
    tell(post, somebody(post, "Ada"))
    (row,) = post.rows()
    post.change(state="sending", attempt=5, lease_until=base.now() + timedelta(minutes=1))
    late = postman.Ended(post.world.org_id, row.id, 4, postman.Verdict("refused", 550, "no", "mail_address"))
    pace, limits = post.app.extensions["pace"], post.app.extensions["limits"]
    with base.tenant(post.world.org_id):
        postman._settle([late], "mail:localhost", pace=pace, limits=limits, chance=lambda: 0.5)
    assert [(row.state, row.attempt) for row in post.rows()] == [("sending", 5)]


def test_an_operator_who_pauses_the_mail_server_holds_all_mails(post: Post, server: MailServer) -> None:
    tell(post, somebody(post, "Ada"))
    lane.pause(lane="mail:localhost", paused=True)
    assert not post.step()
    lane.pause(lane="mail:localhost", paused=False)
    assert post.step()
    assert len(server.mails) == 1


def test_what_is_not_begun_in_half_a_lease_is_left_for_the_next_connection(post: Post, server: MailServer) -> None:
    for number in range(2):
        tell(post, somebody(post, f"Person {number}"))
    pace, limits = post.app.extensions["pace"], post.app.extensions["limits"]
    made = post.app.extensions["post"]
    assert postman.step(made, pace=replace(pace, lease_seconds=0), limits=limits)
    assert [(row.state, row.tries) for row in post.rows()] == [("waiting", 0)] * 2
    assert server.mails == []
    assert post.step()
    assert len(server.mails) == 2


def test_two_workers_on_one_postgresql_send_each_mail_once(
    make_settings: Callable[..., Settings], empty_database: Path, tmp_path: Path, fresh_postgres_url: str, server: MailServer
) -> None:
    with mailing_app(make_settings, empty_database, tmp_path, server.port, pages=False, url=fresh_postgres_url) as app:
        wiring.migrate_database()
        post = Post(app, make_world("Northfield"))
        for number in range(16):
            tell(post, somebody(post, f"Person {number}", email=f"p{number}@example.edu"))
        lead = somebody(post, "Lead", "coordinator", email="lead@example.edu")
        tell(post, lead, "help_asked")
        aged(post, 3, "help_asked")
        assert notification.digest(MONDAY) == 1

        def work() -> None:
            while post.step():
                pass

        workers = [threading.Thread(target=work) for _ in range(3)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(timeout=60)
        work()
        assert {row.state for row in post.rows()} == {"done"}
    assert sorted(server.tried) == sorted([*(f"p{number}@example.edu" for number in range(16)), "lead@example.edu"])


# --- the digest --------------------------------------------------------------------------------------------------------------------


def aged(post: Post, days: float, *kinds: str) -> None:
    """The notices of these kinds, or all, are from so long before that Monday."""
    which = Notification.kind.in_(kinds) if kinds else Notification.id.is_not(None)
    with base.tenant(post.world.org_id), base.transactional() as session:
        session.execute(update(Notification).where(which).values(created_at=MONDAY - timedelta(days=days)))


def test_a_digest_is_made_once_for_a_person_and_week_however_often_it_is_asked_for(post: Post, server: MailServer) -> None:
    lead, idle, ada = somebody(post, "Lead", "coordinator"), somebody(post, "Idle", "deputy"), somebody(post, "Ada")
    for kind in ("help_asked", "help_asked", "application_waits"):
        tell(post, lead, kind)
    aged(post, 3)
    tell(post, lead, "help_answered")
    aged(post, -1, "help_answered")  # of this week, so of the next digest
    assert notification.digest(MONDAY - timedelta(hours=2)) == 0
    assert notification.digest(MONDAY) == 1
    for hours in (0, 30, 160):
        assert notification.digest(MONDAY + timedelta(hours=hours)) == 0
    assert [(row.person_id, row.week) for row in post.rows()] == [(lead.person_id, "2026-W49")]
    assert {idle.person_id, ada.person_id}.isdisjoint({row.person_id for row in post.rows()})
    post.step()
    (told,) = server.mails
    assert told["Subject"] == "Your week in the mentor programme"
    lines = [line for line in told.get_content().splitlines() if line.startswith("- ")]
    assert lines == ["- Applications to review: 1", "- Questions asked: 2"]


def test_a_digest_counts_only_what_its_reader_wants_weekly_and_is_not_sent_for_nothing(post: Post, server: MailServer) -> None:
    ada, lead = somebody(post, "Ada"), somebody(post, "Lead", "coordinator", email="lead@example.edu")
    with base.tenant(post.world.org_id):
        notification.choose(actor=ada, wanted={**dict.fromkeys(FAMILIES, "off"), "help": "weekly"})
        notification.choose(actor=lead, wanted=dict.fromkeys(FAMILIES, "off"))
    for reader in (ada, lead):
        tell(post, reader, "help_asked")
        tell(post, reader, "application_waits")
    aged(post, 3)
    notification.digest(MONDAY)
    while post.step():
        pass
    assert server.tried == ["ada@example.edu"]
    assert "Applications" not in server.mails[0].get_content()
    assert {row.state for row in post.rows()} == {"done"}
    assert digest_week(MONDAY).name == "2026-W49"


def test_settings_that_cannot_work_stop_the_start(make_settings: Callable[..., Settings]) -> None:
    good = {"mail__host": "smtp.example.edu", "mail__sender": "Mentoring <mentoring@example.edu>"}
    assert make_settings(**good).mail.sender_parts == ("Mentoring", "mentoring@example.edu")
    for wrong in (
        {"mail__sender": "Mentoring"},
        {"mail__security": "ssl"},
        {"mail__port": "70000"},
        {"mail__folder": "var/mails"},
        {"mail__timeout_seconds": "60"},
        {"mail__user": "tool", "mail__security": "none"},
    ):
        with pytest.raises(SettingsError):
            make_settings(**{**good, **wrong})
