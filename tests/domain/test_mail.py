# SPDX-License-Identifier: Apache-2.0
"""Nothing that a person or an LMS says breaks out of a mail's header, and a server's answer means what the specification says."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_mentoring.domain import mail as rules
from lti_mentoring.domain.mail import DONE, LATER, REFUSED, Written

LINK = "https://mentoring.example.edu/lti/unsubscribe?mail=" + "abcDEF012_-" * 30 + ".sig"
STEERING = "\r\n\t\0\x85\u2028\u2029\u202e,;:<>@\"\\()[]=?"
NASTY = st.text(st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from(STEERING)), max_size=300)


def composed(name: str = "Ada", subject: str = "An observation waits for you", text: str = "Look.") -> bytes:
    return rules.compose(
        Written(subject, text, "en"),
        sender=("Mentoring", "mentoring@example.edu"),
        name=name,
        address="ada@example.edu",
        message_id=rules.message_id("0" * 32, "mentoring.example.edu"),
        unsubscribe=LINK,
        at=datetime(2026, 12, 1, tzinfo=UTC),
    ).as_bytes()


HEADERS = [
    "From", "To", "Subject", "Date", "Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post", "Auto-Submitted", "Content-Language",
    "Content-Type", "Content-Transfer-Encoding", "MIME-Version",
]  # fmt: skip


@given(NASTY, NASTY, NASTY)
def test_no_name_and_no_title_can_add_a_header_or_a_recipient(name: str, subject: str, text: str) -> None:
    told = message_from_bytes(composed(name, subject, text), policy=policy.default)
    assert sorted(told.keys()) == sorted(HEADERS)
    assert [one.addr_spec for one in told["To"].addresses] == ["ada@example.edu"]
    assert [one.addr_spec for one in told["From"].addresses] == ["mentoring@example.edu"]


def test_a_name_with_a_line_break_is_one_line() -> None:
    told = composed("Ada\r\nBcc: all@example.edu")
    assert b"\r\nBcc" not in told
    assert b"To: \"Ada Bcc: all@example.edu\" <ada@example.edu>" in told


def test_a_mail_says_what_it_is_and_how_it_ends_with_one_click() -> None:
    told = composed().decode()
    assert f"List-Unsubscribe: <{LINK}>\r\n" in told  # whole, in one line and not encoded: programs read it
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in told
    assert "Auto-Submitted: auto-generated\r\n" in told
    assert f"Message-ID: <{'0' * 32}@mentoring.example.edu>\r\n" in told
    assert max(len(line) for line in told.split("\r\n\r\n", 1)[1].splitlines()) <= 78


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("ada@example.edu", "ada@example.edu"),
        (" Ada.Quill+x@Example.EDU ", "Ada.Quill+x@example.edu"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@localhost", "ada@localhost"),
    ],
)
def test_an_address_is_taken_as_a_server_takes_it(given: str, kept: str) -> None:
    assert rules.mailable(given) == kept


@pytest.mark.parametrize(
    "given",
    [
        None, "", "ada", "@example.edu", "ada@", "a b@example.edu", "ada@example.edu\r\nBcc: x@y", "ada@exa mple", "<ada@example.edu>",
        "ada@example..edu", "ada..q@example.edu", "ada@-example.edu", "ada,ben@example.edu", "ädä@example.edu", "a" * 65 + "@example.edu",
    ],
)  # fmt: skip
def test_what_is_no_address_gets_no_mail(given: str | None) -> None:
    assert rules.mailable(given) is None


@given(st.text(max_size=80))
def test_an_address_that_is_taken_stands_in_one_line(text: str) -> None:
    kept = rules.mailable(text)
    assert kept is None or (kept.isascii() and kept.isprintable() and " " not in kept and kept.count("@") == 1)


def test_an_answer_means_done_later_or_refused() -> None:
    assert rules.verdict(250, "", remedy="mail_refused").kind == DONE
    assert rules.verdict(451, "later", remedy="mail_refused").kind == LATER
    assert rules.verdict(550, "no", remedy="mail_address").kind == REFUSED
    assert rules.verdict(354, "odd", remedy="mail_refused").kind == REFUSED


def test_a_servers_words_are_kept_without_anybodys_address() -> None:
    assert rules.said("5.1.1 <ada.quill@example.edu>: user\r\nunknown") == "5.1.1 <[address]>: user unknown"


def test_a_lane_of_a_long_host_is_short_and_its_own() -> None:
    assert rules.lane_key("smtp.example.edu") == "mail:smtp.example.edu"
    long = rules.lane_key("email-smtp.eu-central-1.amazonaws.example")
    assert len(long) == 32
    assert long != rules.lane_key("email-smtp.eu-central-2.amazonaws.example")
