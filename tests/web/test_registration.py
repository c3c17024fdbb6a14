# SPDX-License-Identifier: Apache-2.0
"""What an LMS administrator finds behind an invitation."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from conftest import make_world
from lti_mentoring.services import invite
from lti_mentoring.store import base
from lti_mentoring.store.platform import RegistrationInvite

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
    assert "offered to enter them by itself" not in text


def test_an_lms_that_would_register_itself_is_told_that_nothing_was_changed(app: Flask, token: str) -> None:
    page = app.test_client().get(f"/lti/register/{token}?openid_configuration=https://lms.example/oidc", base_url=ORIGIN)
    assert "nothing was changed in your LMS" in page.get_data(as_text=True)


def test_a_made_up_a_revoked_and_an_old_invitation_look_the_same(app: Flask, token: str) -> None:
    def status() -> int:
        return app.test_client().get(f"/lti/register/{token}", base_url=ORIGIN).status_code

    assert app.test_client().get("/lti/register/made-up", base_url=ORIGIN).status_code == 404
    assert status() == 200
    with base.transactional() as session:
        session.execute(update(RegistrationInvite).values(expires_at=base.now() - timedelta(seconds=1)))
    assert status() == 404


def test_the_configuration_names_our_addresses_and_no_secret(app: Flask) -> None:
    said = app.test_client().get("/lti/config.json", base_url=ORIGIN).get_json()
    assert said["oidc_initiation_url"] == f"{ORIGIN}/lti/login"
    assert said["target_link_uri"] == f"{ORIGIN}/lti/launch"
    assert said["public_jwk_url"] == f"{ORIGIN}/.well-known/jwks.json"
    assert all(scope.startswith("https://purl.imsglobal.org/spec/") for scope in said["scopes"])
