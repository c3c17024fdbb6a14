# SPDX-License-Identifier: Apache-2.0
"""The door to the mail server, against one that really speaks SMTP."""

from __future__ import annotations

from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from lti_mentoring.domain import mail as rules
from lti_mentoring.domain.mail import Verdict, Written
from lti_mentoring.outbound.mail import MailFault, Server, to_folder, to_server
from support.mail_server import certificate, mail_server
from support.ports import free_port

SENDER = "mentoring@example.edu"


def a_mail(number: int = 1) -> EmailMessage:
    return rules.compose(
        Written("An observation waits for you", "Zu sehen: „Grundlagen“."),
        sender=("Mentoring", SENDER),
        name="Ada Quill",
        address="ada@example.edu",
        message_id=rules.message_id(f"{number:032}", "mentoring.example.edu"),
        unsubscribe="https://mentoring.example.edu/lti/unsubscribe?mail=" + "a" * 200,
        at=datetime(2026, 12, 1, tzinfo=UTC),
    )


def send(port: int, **more: Any) -> Verdict:
    server = Server(**{"host": "localhost", "port": port, "security": "none", "timeout_seconds": 5, **more})
    with to_server(server)() as carry:
        return carry(a_mail(), SENDER, "ada@example.edu")


def fault(port: int, **more: Any) -> Verdict:
    with pytest.raises(MailFault) as stopped:
        send(port, **more)
    return stopped.value.verdict


def test_a_mail_arrives_as_it_was_written() -> None:
    with mail_server() as server:
        assert send(server.port) == Verdict("done", 250)
    (mail,) = server.mails
    assert mail["To"] == "Ada Quill <ada@example.edu>"
    assert mail["Message-ID"] == f"<{1:032}@mentoring.example.edu>"
    assert mail["List-Unsubscribe"] == f"<https://mentoring.example.edu/lti/unsubscribe?mail={'a' * 200}>"
    assert "Zu sehen: „Grundlagen“." in mail.get_content()


def test_what_the_server_puts_off_comes_later_and_what_it_refuses_is_refused_with_its_words() -> None:
    with mail_server(recipient="450 4.2.0 Greylisted, come back") as server:
        assert send(server.port) == Verdict("later", 450, "4.2.0 Greylisted, come back", "mail_busy")
    with mail_server(recipient="550 5.1.1 <ada@example.edu> unknown") as server:
        assert send(server.port) == Verdict("refused", 550, "5.1.1 <[address]> unknown", "mail_address")
    with mail_server(data="554 5.7.1 Looks like spam") as server:
        assert send(server.port) == Verdict("refused", 554, "5.7.1 Looks like spam", "mail_refused")


def test_a_server_that_closes_the_connection_takes_no_second_mail() -> None:
    with mail_server(data="421 4.3.2 Shutting down") as server:
        found = fault(server.port)
    assert (found.kind, found.status) == ("later", 421)


def test_a_server_that_is_not_there_is_waited_for() -> None:
    found = fault(free_port())
    assert (found.kind, found.remedy) == ("later", "mail_unreachable")


def test_where_tls_is_asked_for_and_not_offered_nothing_is_said_least_of_all_a_password() -> None:
    with mail_server(sign_in=True) as server:
        found = fault(server.port, security="starttls", user="tool", password="right")
    assert (found.kind, found.remedy) == ("refused", "mail_no_tls")
    assert (server.signed_in, server.tried, server.mails) == ([], [], [])


def test_a_server_whose_certificate_nobody_vouches_for_hears_no_password(tmp_path: Path) -> None:
    context, _ = certificate(tmp_path)
    with mail_server(tls=context, sign_in=True) as server:
        found = fault(server.port, security="starttls", user="tool", password="right")
    assert (found.kind, found.remedy) == ("refused", "mail_no_tls")
    assert server.signed_in == []


def test_over_tls_the_tool_signs_in_and_a_wrong_password_is_refused(tmp_path: Path) -> None:
    context, bundle = certificate(tmp_path)
    safe = {"security": "starttls", "user": "tool", "ca_bundle": str(bundle)}
    with mail_server(tls=context, sign_in=True) as server:
        assert send(server.port, password="right", **safe).kind == "done"
        found = fault(server.port, password="wrong", **safe)
    assert (found.kind, found.remedy, found.status) == ("refused", "mail_login", 535)
    assert "wrong" not in found.words
    assert server.signed_in[0] == ("tool", "right")


def test_the_network_is_not_used_where_it_is_forbidden() -> None:
    def forbid() -> None:
        raise RuntimeError("the network inside a transaction")

    with pytest.raises(RuntimeError), to_server(Server("localhost", free_port(), "none", 5), forbid=forbid)():
        pass


def test_a_folder_takes_the_same_mail_once(tmp_path: Path) -> None:
    with to_folder(tmp_path / "mails")() as carry:
        for _ in range(2):
            assert carry(a_mail(), SENDER, "ada@example.edu").kind == "done"
    (file,) = (tmp_path / "mails").iterdir()
    assert file.name == f"{1:032}.eml"
    assert b"An observation waits for you" in file.read_bytes()


def test_a_password_shows_in_no_repr() -> None:
    assert "hidden" not in repr(Server("localhost", 25, "tls", 5, "tool", "hidden"))
