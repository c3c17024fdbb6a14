# SPDX-License-Identifier: Apache-2.0
"""The platform in memory, with keys that are made once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from joserfc.jwk import RSAKey

from lti_mentoring.keys import new_signing_key
from lti_mentoring.lti.grades import Grades
from lti_mentoring.outbound import Client
from support.loopback import server
from support.platform_in_memory import NOW, REGISTRATION, TokenRows, World, make_key
from support.services_on_loopback import Platform


@pytest.fixture(scope="session")
def platform_key() -> RSAKey:
    return make_key("k1")


@pytest.fixture(scope="session")
def other_key() -> RSAKey:
    return make_key("k2")


@pytest.fixture
def world(platform_key) -> World:
    return World(platform_key)


@pytest.fixture(scope="session")
def signing_key():
    return new_signing_key()


@pytest.fixture
def platform():
    return Platform()


@pytest.fixture
def lms(platform):
    with server(platform.play) as made:
        yield made


@pytest.fixture
def tokens():
    return TokenRows()


@pytest.fixture
def registration(lms):
    places = {name: f"{lms.url}/{name.removesuffix('_url')}" for name in ("auth_url", "token_url", "jwks_url")}
    return replace(REGISTRATION, issuer=lms.url, **places)


@pytest.fixture
def grades(registration, signing_key, tokens):
    def make(family="generic", *, now=NOW, client=None, **more):
        http = client or Client(allow_local=True, connect_timeout=1, read_timeout=2)
        return Grades(replace(registration, family=family), **{"signing_key": signing_key, **more}, tokens=tokens, http=http, now=now)

    return make
