# SPDX-License-Identifier: Apache-2.0
"""What somebody else's server may say when we are told to register there, and what an invite may never lead to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from conftest import make_world
from lti_mentoring import app as wiring
from lti_mentoring.services import invite, registering
from lti_mentoring.settings import Settings
from lti_mentoring.store import base
from lti_mentoring.store.platform import Registration, RegistrationInvite
from support import loopback
from support.closing import let_go

ORIGIN = "http://localhost:8000"
PLATFORM = "https://purl.imsglobal.org/spec/lti-platform-configuration"
SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/score"


class Place:
    """A server that says what a test tells it to: of itself, and when we register."""

    def __init__(self) -> None:
        self.url = ""
        self.changes: dict[str, Any] = {}
        self.raw: tuple[int, bytes, dict[str, str]] | None = None
        self.answer: tuple[int, bytes] = (200, json.dumps({"client_id": "made-here"}).encode())
        self.before_answer: Callable[[], None] = lambda: None

    def configuration(self) -> dict[str, Any]:
        said = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/auth",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "registration_endpoint": f"{self.url}/register",
            "scopes_supported": [SCOPE],
            PLATFORM: {"product_family_code": "elsewhere", "messages_supported": [{"type": "LtiResourceLinkRequest"}]},
        }
        return {name: value for name, value in {**said, **self.changes}.items() if value is not None}

    def play(self, handler: Any) -> None:
        if handler.command == "POST":
            self.before_answer()
            handler.send(self.answer[0], self.answer[1])
        elif self.raw is not None:
            handler.send(self.raw[0], self.raw[1], **self.raw[2])
        else:
            handler.send(200, json.dumps(self.configuration()).encode())


@pytest.fixture
def place() -> Iterator[Place]:
    made = Place()
    with loopback.server(made.play) as server:
        made.url, made.seen = server.url, server.seen  # type: ignore[attr-defined]
        yield made


@pytest.fixture
def token(app: Flask) -> str:
    return invite.make(actor="operator", org_id=make_world("Northfield").org_id)[0]


def come(app: Flask, token: str, configuration: str, proof: str = "a-proof") -> TestResponse:
    address = f"/lti/register/{token}?openid_configuration={quote(configuration, safe='')}&registration_token={proof}"
    return app.test_client().get(address, base_url=ORIGIN)


def confirm(app: Flask, token: str, page: TestResponse, **fields: str) -> TestResponse:
    ticket = page.get_data(as_text=True).partition('name="ticket" value="')[2].partition('"')[0]
    sent = {"ticket": ticket, "names": "1", **fields}
    return app.test_client().post(f"/lti/register/{token}", data=sent, base_url=ORIGIN, headers={"Sec-Fetch-Site": "same-origin"})


def entered(app: Flask) -> tuple[int, int]:
    """Registrations beside the organisation's own, and invites that are spent."""
    base.session().rollback()
    registrations = base.session().scalar(select(func.count()).select_from(Registration)) or 0
    spent = base.session().scalar(select(func.count()).where(RegistrationInvite.spent_at.is_not(None))) or 0
    return registrations - 1, spent


def refused(app: Flask, token: str, place: Place, code: str) -> None:
    answer = come(app, token, f"{place.url}/configuration")
    assert answer.status_code == 409
    assert f"<code>{code}</code>" in answer.get_data(as_text=True)
    assert entered(app) == (0, 0)
    assert [one for one in place.seen if one[0] == "POST"] == []  # type: ignore[attr-defined]


def test_DR_02_the_proof_of_the_lms_goes_along_and_nothing_else(app: Flask, token: str, place: Place) -> None:
    assert come(app, token, f"{place.url}/configuration?id=7", "the-proof").status_code == 200
    ((method, path, headers, body),) = place.seen  # type: ignore[attr-defined]
    assert (method, path, body) == ("GET", "/configuration?id=7", b"")
    assert headers["Authorization"] == "Bearer the-proof"
    assert token not in str(headers)


@pytest.mark.checklist("DR-02", "AS-05")
@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ((302, b"", {"Location": "/elsewhere"}), "dr_redirect"),
        ((200, b"<!doctype html><title>Log in</title>", {"Content-Type": "text/html"}), "dr_not_json"),
        ((200, b"[" * 200_000, {}), "dr_not_json"),
        ((200, b'["a"]', {}), "dr_not_json"),
        ((200, b'{"a": "' + b"x" * 300_000 + b'"}', {}), "dr_address"),
        ((500, b"{}", {}), "dr_status"),
    ],
    ids=["redirect", "page", "nested", "list", "huge", "error"],
)
def test_an_answer_that_is_no_configuration_is_explained(
    app: Flask, token: str, place: Place, raw: tuple[int, bytes, dict[str, str]], code: str
) -> None:
    place.raw = raw
    refused(app, token, place, code)


@pytest.mark.checklist("DR-02", "AS-05")
@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "http://169.254.169.254/latest/meta-data",
        "https://10.0.0.1/configuration",
        "https://localhost/configuration",
        "https://user@lms.example/configuration",
        "https://lms.example:8443/configuration",
        "http://lms.example/configuration",
        "",
    ],
)
def test_no_address_inside_is_ever_asked(
    make_settings: Callable[..., Settings], database_url: str, address: str
) -> None:
    app = wiring.create_app(make_settings(database_url=database_url, sqlite_synchronous="NORMAL", public_url="https://mentoring.example"))
    with app.app_context():
        token = invite.make(actor="operator", org_id=make_world("Northfield").org_id)[0]
        url = f"/lti/register/{token}?openid_configuration={quote(address, safe='')}"
        answer = app.test_client().get(url, base_url="https://mentoring.example")
        assert answer.status_code == 409
        assert "<code>dr_address</code>" in answer.get_data(as_text=True)
        let_go()


@pytest.mark.parametrize(
    "missing", ["issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "registration_endpoint", PLATFORM]
)
def test_DR_03_a_configuration_that_lacks_something_is_refused(app: Flask, token: str, place: Place, missing: str) -> None:
    place.changes = {missing: None}
    refused(app, token, place, "dr_incomplete")


@pytest.mark.checklist("DR-03")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"id_token_signing_alg_values_supported": ["HS256", "none"]}, "dr_algorithm"),
        ({"token_endpoint_auth_methods_supported": ["client_secret_basic"]}, "dr_authentication"),
        ({PLATFORM: {"product_family_code": "x", "messages_supported": []}}, "dr_messages"),
        ({PLATFORM: {"messages_supported": [{"type": "LtiResourceLinkRequest"}]}}, "dr_incomplete"),
        ({"token_endpoint": "javascript:alert(1)"}, "dr_address"),
        ({"authorization_endpoint": "data:text/html,x"}, "dr_address"),
        ({"authorization_endpoint": "https://lms.example;script-src/auth"}, "dr_address"),
        ({"jwks_uri": ["https://lms.example/jwks"]}, "dr_incomplete"),
        ({"registration_endpoint": "http://169.254.169.254/register"}, "dr_address"),
    ],
)
def test_what_cannot_be_is_refused(app: Flask, token: str, place: Place, changes: dict[str, Any], code: str) -> None:
    place.changes = changes
    refused(app, token, place, code)


@pytest.mark.parametrize("issuer", ["https://moodle.example", "https://canvas.instructure.com", "https://blackboard.com"])
def test_AS_06_whoever_claims_to_be_another_is_refused(app: Flask, token: str, place: Place, issuer: str) -> None:
    place.changes = {"issuer": issuer, PLATFORM: {**place.configuration()[PLATFORM], "product_family_code": "canvas"}}
    refused(app, token, place, "dr_issuer")


@pytest.mark.checklist("AS-06")
def test_an_invite_of_one_registration_takes_no_other_issuer(app: Flask, place: Place) -> None:
    world = make_world("Southfield")
    token = invite.make(actor="operator", org_id=world.org_id, registration_id=world.registration_id)[0]
    refused(app, token, place, "invite_other")


def test_DR_08_foreign_hosts_are_listed_and_confirmed_by_hand(app: Flask, token: str, place: Place) -> None:
    place.changes = {"authorization_endpoint": "https://sign-on.example/auth", "jwks_uri": "https://keys.example/jwks"}
    page = come(app, token, f"{place.url}/configuration")
    assert page.status_code == 200
    assert all(f">{host}<" in page.get_data(as_text=True) for host in ("sign-on.example", "keys.example"))
    silent = confirm(app, token, page)
    assert silent.status_code == 400
    assert "Confirm that these hosts belong to your LMS" in silent.get_data(as_text=True)
    assert entered(app) == (0, 0)
    assert confirm(app, token, page, hosts="1").status_code == 200
    assert entered(app) == (1, 1)


@pytest.mark.checklist("DR-04")
@pytest.mark.parametrize("offered", ["LtiDeepLinkingRequest", "LtiSubmissionReviewRequest", "LtiEulaRequest", "a" * 5000])
def test_a_message_is_asked_for_where_it_is_offered_and_we_know_it(app: Flask, token: str, place: Place, offered: str) -> None:
    both = [{"type": "LtiResourceLinkRequest"}, {"type": offered, "placements": ["elsewhere", 7]}, 12]
    place.changes = {PLATFORM: {"product_family_code": "x", "messages_supported": both}}
    assert confirm(app, token, come(app, token, f"{place.url}/configuration")).status_code == 200
    tool = json.loads(place.seen[-1][3])["https://purl.imsglobal.org/spec/lti-tool-configuration"]  # type: ignore[attr-defined]
    assert [one["type"] for one in tool["messages"]] == [offered] * (offered in ("LtiDeepLinkingRequest", "LtiSubmissionReviewRequest"))
    assert "elsewhere" not in str(tool["messages"])


@pytest.mark.checklist("DR-03", "DR-07")
@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((200, b"{}"), "dr_no_client"),
        ((200, b'{"client_id": ""}'), "dr_no_client"),
        ((200, b'{"client_id": true}'), "dr_no_client"),
        ((200, b'{"client_id": "' + b"c" * 300 + b'"}'), "dr_no_client"),
        ((200, b'{"client_id": "c", "redirect_uris": ["https://evil.example"]}'), "dr_other_addresses"),
        ((200, b"<p>Thank you"), "dr_not_json"),
        ((400, b'{"error_description": "missing required attribute logo"}'), "dr_refused"),
        ((401, b"token_already_used"), "dr_token_used"),
        ((302, b""), "dr_redirect"),
    ],
)
def test_an_answer_that_names_no_client_enters_nothing(
    app: Flask, token: str, place: Place, answer: tuple[int, bytes], code: str
) -> None:
    place.answer = answer
    failed = confirm(app, token, come(app, token, f"{place.url}/configuration"))
    assert failed.status_code == 409
    assert f"<code>{code}</code>" in failed.get_data(as_text=True)
    assert entered(app) == (0, 0)
    place.answer = Place().answer
    assert confirm(app, token, come(app, token, f"{place.url}/configuration")).status_code == 200
    assert entered(app) == (1, 1)


@pytest.mark.checklist("DR-07", "DR-08")
def test_a_known_registration_is_neither_taken_over_nor_moved(app: Flask, token: str, place: Place) -> None:
    assert confirm(app, token, come(app, token, f"{place.url}/configuration")).status_code == 200
    other = invite.make(actor="operator", org_id=make_world("Southfield").org_id)[0]
    foreign = confirm(app, other, come(app, other, f"{place.url}/configuration"))
    assert "<code>platform_foreign</code>" in foreign.get_data(as_text=True)
    place.changes = {"jwks_uri": "https://keys.example/jwks"}
    moved = confirm(app, token, come(app, token, f"{place.url}/configuration"), hosts="1")
    assert "<code>platform_other_keys</code>" in moved.get_data(as_text=True)
    place.changes, place.answer = {}, (200, b'{"client_id": "another"}')
    another = confirm(app, token, come(app, token, f"{place.url}/configuration"))
    assert "<code>invite_other</code>" in another.get_data(as_text=True)
    base.session().rollback()
    row = base.session().scalars(select(Registration).where(Registration.issuer == place.url)).one()
    assert (row.client_id, row.jwks_url) == ("made-here", f"{place.url}/jwks")


@pytest.mark.checklist("DR-01", "AS-05")
def test_an_invite_is_no_way_to_have_us_call_without_end(
    app: Flask, token: str, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registering, "MOST_TRIES", 2)
    place.raw = (500, b"", {})
    codes = [come(app, token, f"{place.url}/configuration").get_data(as_text=True) for _ in range(3)]
    assert ["dr_status" in one for one in codes] == [True, True, False]
    assert "invite_tried" in codes[2]
    assert len(place.seen) == 2  # type: ignore[attr-defined]


REGISTER = """
import json, os, sys
from datetime import UTC, datetime
from lti_mentoring import app as wiring, settings
from lti_mentoring.lti.dynamic_registration import Ours
from lti_mentoring.services import registering
app = wiring.create_app(settings.load(os.environ))
with app.app_context():
    http, (token, url) = wiring.make_client(settings.load(os.environ)), sys.argv[1:]
    _, offer = registering.look(token=token, url=url, registration_token="", http=http)
    ours = Ours("Mentoring", "", "http://localhost/lti/login", "http://localhost/lti/launch", "http://localhost/keys")
    registering.register(
        token=token, offer=offer, seen_at=datetime.now(UTC), registration_token="", ours=ours,
        consent=registering.Consent(names=True, email=False, hosts=False), http=http,
    )
"""


@pytest.mark.checklist("DR-07")
def test_a_process_that_is_killed_while_the_lms_answers_leaves_nothing(
    app: Flask, token: str, place: Place, secrets: dict[str, str], database_url: str
) -> None:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("LTI_MENTORING")},
        **secrets,
        "LTI_MENTORING_DATABASE_URL": database_url,
        "LTI_MENTORING_PUBLIC_URL": ORIGIN,
        "LTI_MENTORING_ALLOW_LOCAL_PLATFORMS": "true",
        "PYTHONPATH": str(Path(wiring.__file__).parents[1]),
    }
    started: list[subprocess.Popen[bytes]] = []
    place.before_answer = lambda: started[0].kill()
    started.append(
        subprocess.Popen([sys.executable, "-c", REGISTER, token, f"{place.url}/configuration"], env=environment, stderr=subprocess.DEVNULL)
    )
    assert started[0].wait(60) == -9
    assert entered(app) == (0, 0)
    place.before_answer = lambda: None
    busy = confirm(app, token, come(app, token, f"{place.url}/configuration"))
    assert "<code>invite_busy</code>" in busy.get_data(as_text=True)
    with time_machine.travel(base.now() + timedelta(seconds=61), tick=True):
        assert confirm(app, token, come(app, token, f"{place.url}/configuration")).status_code == 200
    assert entered(app) == (1, 1)
