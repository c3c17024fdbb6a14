# SPDX-License-Identifier: Apache-2.0
"""The mail server in one line, and what a wrong one is told."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lti_mentoring.settings import Settings, SettingsError

SENDER = {"mail__sender": "Mentoring <mentoring@example.edu>"}


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("smtp://me:p%40ss@mail.example.edu", ("mail.example.edu", 587, "me", "p@ss", "starttls")),
        ("smtps://mail.example.edu", ("mail.example.edu", 465, "", "", "tls")),
        ("smtp://mail.example.edu:2525", ("mail.example.edu", 2525, "", "", "starttls")),
    ],
)
def test_the_mail_server_is_said_in_one_line(make_settings: Callable[..., Settings], url: str, said: tuple[object, ...]):
    made = make_settings(smtp_url=url, **SENDER)
    mail = made.mail
    assert (mail.host, mail.port, mail.user, mail.password, mail.security) == said
    assert "p@ss" not in repr(made)
    assert "p%40ss" not in repr(made)


@pytest.mark.parametrize("url", ["mail.example.edu", "http://mail.example.edu", "smtp://", "smtp://mail.example.edu:x", "smtp://a/b?c"])
def test_a_line_that_is_no_mail_server_says_what_one_looks_like(make_settings: Callable[..., Settings], url: str):
    with pytest.raises(SettingsError, match="smtp://user:password@"):
        make_settings(smtp_url=url, **SENDER)


def test_two_places_that_name_a_mail_server_are_one_too_many(make_settings: Callable[..., Settings]):
    with pytest.raises(SettingsError, match="not both"):
        make_settings(smtp_url="smtp://mail.example.edu", mail__host="mail.example.org", **SENDER)
