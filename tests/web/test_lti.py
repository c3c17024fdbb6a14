# SPDX-License-Identifier: Apache-2.0
"""Login and launch as the web sees them: what they ask the database, how old their memory of an LMS may be, what a redirect carries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from sqlalchemy import create_engine, text
from werkzeug.test import TestResponse

from conftest import World
from lti_mentoring.services import platform
from lti_mentoring.services.registry import FRESH_SECONDS, Registrations
from lti_mentoring.store import base
from lti_mentoring.web.tool import MOST_BYTES
from lti_mentoring.web.wiring import EXTENSION
from support.live import Town
from support.statements import statements


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def with_clock(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Let the app remember LMSs by a clock of the test's own."""
    clock = Clock()
    monkeypatch.setitem(app.extensions, EXTENSION, replace(app.extensions[EXTENSION], registry=Registrations(clock)))
    return clock


@contextmanager
def disabled_elsewhere(app: Flask, issuer: str) -> Iterator[None]:
    """The LMS is switched off by another process meanwhile: by a connection that tells this one nothing."""
    elsewhere = create_engine(app.config["SQLALCHEMY_DATABASE_URI"])
    switch = text("UPDATE registration SET active = :active WHERE issuer = :issuer")
    with elsewhere.begin() as connection:
        connection.execute(switch, {"active": False, "issuer": issuer})
    try:
        yield
    finally:
        with elsewhere.begin() as connection:
            connection.execute(switch, {"active": True, "issuer": issuer})
        elsewhere.dispose()


@pytest.fixture
def login(bare_app: Flask, world: World) -> Callable[..., TestResponse]:
    """A login from the world's LMS; ``how`` is POST or GET."""
    said = {"iss": f"https://lms.example/{world.org_id}", "client_id": "client", "login_hint": "7"}
    said["target_link_uri"] = "http://localhost:8000/lti/launch"

    def send(how: str = "POST", **more: str) -> TestResponse:
        given = said | more
        base.session().rollback()  # what this test has read so far is over: a request begins with nothing
        client = bare_app.test_client()
        if how == "GET":
            return client.get("/lti/login", query_string=given)
        return client.post("/lti/login", data=given)

    return send


def test_a_login_asks_the_database_once_and_then_not_at_all(login: Callable[..., TestResponse]) -> None:
    with statements() as first:
        assert login().status_code == 302
    assert len(first) == 1
    with statements() as later:
        for how in ("POST", "GET"):
            assert login(how).status_code == 302
    assert later == []


def test_a_login_asks_anew_once_its_memory_is_old(
    login: Callable[..., TestResponse], bare_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = with_clock(bare_app, monkeypatch)
    login()
    for passed, asked in ((FRESH_SECONDS - 0.1, 0), (0.1, 1), (0.0, 0)):
        clock.now += passed
        with statements() as seen:
            login()
        assert len(seen) == asked, clock.now


def test_an_lms_that_is_not_known_yet_is_known_as_soon_as_it_is_registered(login: Callable[..., TestResponse]) -> None:
    other = "https://other.example"
    assert login(iss=other).status_code == 400
    platform.add_platform(
        platform.NewPlatform(
            organisation="Northfield",
            name="Other",
            issuer=other,
            client_id="client",
            deployment_id="1",
            auth_url=f"{other}/auth",
            token_url=f"{other}/token",
            jwks_url=f"{other}/jwks",
        ),
        check_url=lambda url: None,
    )
    assert login(iss=other).status_code == 302


def test_an_lms_that_is_disabled_here_is_refused_at_the_next_login(login: Callable[..., TestResponse], world: World) -> None:
    assert login().status_code == 302
    platform.disable(registration_id=world.registration_id)
    answer = login()
    assert answer.status_code == 400
    assert "issuer_unknown" in answer.text


def test_an_lms_that_is_disabled_elsewhere_is_refused_at_login_within_seconds(
    login: Callable[..., TestResponse], world: World, bare_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = with_clock(bare_app, monkeypatch)
    assert login().status_code == 302
    with disabled_elsewhere(bare_app, f"https://lms.example/{world.org_id}"):
        clock.now += FRESH_SECONDS - 0.1
        assert login().status_code == 302
        clock.now += 0.1
        assert login().status_code == 400


def test_an_lms_that_is_disabled_elsewhere_is_refused_at_launch_at_once(live: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    with_clock(live.app, monkeypatch)  # time stands still: what is remembered stays fresh
    assert live.browser().launch("north", "candidate", "programme").status == 200
    with disabled_elsewhere(live.app, f"{live.lms_url}/north"):
        page = live.browser().launch("north", "candidate", "programme")
        assert page.status == 401
        assert ">registration_gone<" in page.text
        assert "issuer_unknown" in live.browser().launch("north", "candidate", "programme").text  # and the next login knows it too


def test_a_redirect_carries_what_a_redirect_needs_and_no_page(login: Callable[..., TestResponse]) -> None:
    answer = login(login_hint="a b&c=d+\u00fc", lti_message_hint="")
    assert answer.data == b""
    names = [name for name, _ in answer.headers]
    assert sorted(names) == sorted(
        {"Location", "Content-Length", "Set-Cookie", "Cache-Control", "Referrer-Policy", "X-Content-Type-Options", "X-Request-Id"}
    )
    assert answer.headers["Content-Length"] == "0"
    assert answer.headers["Location"].isascii()
    asked = parse_qs(urlsplit(answer.headers["Location"]).query, keep_blank_values=True)
    assert (asked["login_hint"], asked["lti_message_hint"]) == (["a b&c=d+\u00fc"], [""])


def test_what_is_larger_than_any_form_is_not_read(login: Callable[..., TestResponse]) -> None:
    assert login(login_hint="7" * MOST_BYTES).status_code == 413
