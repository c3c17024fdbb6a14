# SPDX-License-Identifier: Apache-2.0
"""What an LMS administrator finds behind an invitation."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from conftest import make_world
from lti_mentoring.services import invite
from lti_mentoring.store import base
from lti_mentoring.store.platform import Deployment, Registration, RegistrationInvite

ORIGIN = "http://localhost:8000"


@pytest.fixture
def token(app: Flask) -> str:
    return invite.make(actor="operator", org_id=make_world("Northfield").org_id)[0]


def test_an_invitation_shows_every_address_that_an_lms_must_know(app: Flask, token: str) -> None:
    page = app.test_client().get(f"/lti/register/{token}", base_url=ORIGIN)
    assert page.status_code == 200
    text = page.get_data(as_text=True)
    for path in ("/lti/login", "/lti/launch", "/.well-known/jwks.json", "/lti/config.json"):
        assert f">{ORIGIN}{path}<" in text
    assert "Northfield" in text


def test_a_made_up_and_an_old_invitation_are_told_apart_and_both_are_refused(app: Flask, token: str) -> None:
    def answer(said: str) -> tuple[int, str]:
        page = app.test_client().get(f"/lti/register/{said}", base_url=ORIGIN)
        return page.status_code, page.get_data(as_text=True)

    assert answer("made-up")[0] == 404
    assert answer(token)[0] == 200
    with base.transactional() as session:
        session.execute(update(RegistrationInvite).values(expires_at=base.now() - timedelta(seconds=1)))
    status, text = answer(token)
    assert status == 409
    assert "has run out or was ended" in text


def test_the_configuration_names_our_addresses_and_no_secret(app: Flask) -> None:
    said = app.test_client().get("/lti/config.json", base_url=ORIGIN).get_json()
    assert said["oidc_initiation_url"] == f"{ORIGIN}/lti/login"
    assert said["target_link_uri"] == f"{ORIGIN}/lti/launch"
    assert said["public_jwk_url"] == f"{ORIGIN}/.well-known/jwks.json"
    assert all(scope.startswith("https://purl.imsglobal.org/spec/") for scope in said["scopes"])


# --- by hand -------------------------------------------------------------------------------------------------------------

ENTRY = {
    "family": "generic",
    "name": "Northfield's LMS",
    "issuer": "https://learn.example",
    "client_id": "client-1",
    "deployment_id": "dep-1",
    "auth_url": "https://learn.example/auth",
    "token_url": "https://learn.example/token",
    "jwks_url": "https://learn.example/jwks",
}


def send(app: Flask, token: str, **fields: str) -> TestResponse:
    url = f"/lti/register/{token}/enter"
    return app.test_client().post(url, data={**ENTRY, **fields}, base_url=ORIGIN, headers={"Sec-Fetch-Site": "same-origin"})


def entered() -> list[tuple[str, str]]:
    """Client id and deployment id of what came to the organisation's own LMS."""
    base.session().rollback()
    query = select(Registration.client_id, Deployment.deployment_id).join(Deployment, Deployment.registration_id == Registration.id)
    others = query.where(Registration.issuer.not_like("https://lms.example/%")).order_by(Registration.client_id)
    return [(one, two) for one, two in base.session().execute(others)]


@pytest.mark.parametrize(
    ("family", "site", "expected"),
    [
        ("moodle", "moodle.example.org/", ["https://moodle.example.org", "https://moodle.example.org/mod/lti/certs.php"]),
        ("canvas", "https://school.instructure.com", ["https://canvas.instructure.com", "https://sso.canvaslms.com/api/lti/security/jwks"]),
        ("canvas", "https://school.beta.instructure.com", ["https://sso.beta.canvaslms.com/login/oauth2/token"]),
        ("canvas", "https://canvas.example.org", ["https://canvas.example.org", "https://canvas.example.org/login/oauth2/token"]),
        ("brightspace", "https://learn.example.org", ["https://api.brightspace.com/auth/token"]),
        ("blackboard", "https://bb.example.org", ["https://blackboard.com", "https://developer.blackboard.com/api/v1/gateway/oidcauth"]),
        ("sakai", "https://sakai.example.org", ["https://sakai.example.org/imsblis/lti13/keyset"]),
        ("openedx", "https://courses.example.org", ["https://courses.example.org/api/lti_consumer/v1/launch/"]),
    ],
)
def test_DR_09_what_follows_from_the_address_of_the_site_is_filled_in(
    app: Flask, token: str, family: str, site: str, expected: list[str]
) -> None:
    page = app.test_client().get(f"/lti/register/{token}?family={family}&site={site}", base_url=ORIGIN).get_data(as_text=True)
    assert [one for one in expected if f'value="{one}"' not in page] == []
    assert '<details open><summary>' in page


def test_DR_09_filling_in_keeps_what_was_typed_and_enters_nothing(app: Flask, token: str) -> None:
    typed = {"fill": "yes", "family": "blackboard", "site": "bb.example.org", "client_id": "their-client", "deployment_id": "their-place"}
    page = send(app, token, **typed, issuer="", auth_url="", token_url="", jwks_url="").get_data(as_text=True)
    keys = "https://developer.blackboard.com/api/v1/management/applications/their-client/jwks.json"
    assert [one for one in ("their-client", "their-place", "bb.example.org", keys) if f'value="{one}"' not in page] == []
    assert entered() == []


def test_every_lms_has_steps_of_its_own(app: Flask, token: str) -> None:
    page = app.test_client().get(f"/lti/register/{token}", base_url=ORIGIN).get_data(as_text=True)
    for name in ("Moodle", "Open edX", "Canvas", "Blackboard", "Brightspace", "Sakai"):
        assert f"<summary>{name}</summary>" in page


def test_what_an_lms_answered_is_entered_once(app: Flask, token: str) -> None:
    done = send(app, token, frame_origin="https://apps.learn.example/learning")
    assert done.status_code == 200
    assert "https://apps.learn.example" in base.session().scalars(select(Registration.frame_origins)).all()[-1]
    assert "This LMS is connected" in done.get_data(as_text=True)
    assert entered() == [("client-1", "dep-1")]
    again = send(app, token)
    assert again.status_code == 200
    assert "Both sides know each other now" in again.get_data(as_text=True)
    for corrected in ({"client_id": "client-2"}, {"deployment_id": "dep-2"}, {"token_url": "https://learn.example/other"}):
        other = send(app, token, **corrected)
        assert other.status_code == 409  # what is not kept is not said to be
        assert "Nothing was entered" in other.get_data(as_text=True)
    assert entered() == [("client-1", "dep-1")]
    assert "What your LMS still wants" in app.test_client().get(f"/lti/register/{token}", base_url=ORIGIN).get_data(as_text=True)


@pytest.mark.checklist("AS-05")
@pytest.mark.parametrize(
    "fields",
    [
        {"issuer": ""},
        {"client_id": ""},
        {"deployment_id": ""},
        {"auth_url": "javascript:alert(1)"},
        {"jwks_url": "https://lms.example;x/jwks"},
        {"issuer": "https://lms.example x"},
        {"token_url": "http://169.254.169.254/token"},
        {"frame_origin": "https://apps.example; script-src *"},
        {"family": "nonsense"},
        {"client_id": "c" * 300},
    ],
)
def test_what_cannot_be_is_shown_with_what_was_typed_and_enters_nothing(app: Flask, token: str, fields: dict[str, str]) -> None:
    answer = send(app, token, **fields)
    assert answer.status_code == 400
    assert 'value="https://learn.example/auth"' in answer.get_data(as_text=True) or "auth_url" in fields
    assert entered() == []
    assert send(app, token).status_code == 200


def test_blocks_of_open_edx_are_entered_together_or_not_at_all(app: Flask, token: str) -> None:
    keys = "https://courses.example/api/lti_consumer/v1/public_keysets"
    lines = f"block-a {keys}/a\nblock-b, {keys.replace('public_keysets', 'token')}/b\n\nblock-c"
    own = {"issuer": "https://courses.example", "auth_url": "https://courses.example/api/lti_1p3/launch/"}
    blocks = {**own, "family": "openedx", "client_id": "", "token_url": "", "jwks_url": "", "deployment_id": "1", "lines": lines}
    wrong = send(app, token, **blocks)
    assert wrong.status_code == 400
    assert "Line 3:" in wrong.get_data(as_text=True)
    assert "Line 1:" not in wrong.get_data(as_text=True)
    assert entered() == []
    again = send(app, token, **{**blocks, "lines": lines + f" {keys}/c\nblock-a {keys}/a"})
    assert "Line 4:" in again.get_data(as_text=True)
    done = send(app, token, **{**blocks, "lines": lines + f" {keys}/c"})
    assert done.status_code == 200
    assert entered() == [("block-a", "1"), ("block-b", "1"), ("block-c", "1")]
    assert "block-c" in send(app, token, **{**blocks, "lines": lines + f" {keys}/c"}).get_data(as_text=True)  # sent twice, answered twice
    later = app.test_client().get(f"/lti/register/{token}", base_url=ORIGIN)
    assert "publish each unit" in later.get_data(as_text=True)  # what the page about them promises
    blocks_only = select(Registration.token_url).where(Registration.client_id.like("block-%")).order_by(Registration.client_id)
    urls = base.session().scalars(blocks_only).all()
    assert urls == [f"https://courses.example/api/lti_consumer/v1/token/{one}" for one in "abc"]


def test_nobody_s_registration_is_taken_by_typing_it(app: Flask, token: str) -> None:
    assert send(app, token).status_code == 200
    other = invite.make(actor="operator", org_id=make_world("Southfield").org_id)[0]
    answer = send(app, other, deployment_id="dep-2")
    assert answer.status_code == 400
    assert "belongs to another organisation" in answer.get_data(as_text=True)
    assert entered() == [("client-1", "dep-1")]


@pytest.mark.checklist("AS-03")
def test_a_form_from_elsewhere_enters_nothing(app: Flask, token: str) -> None:
    page = app.test_client().get(f"/lti/register/{token}", base_url=ORIGIN)
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    url = f"/lti/register/{token}/enter"
    foreign = app.test_client().post(url, data=ENTRY, base_url=ORIGIN, headers={"Sec-Fetch-Site": "cross-site"})
    assert foreign.status_code == 403
    assert entered() == []
