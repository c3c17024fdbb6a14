# SPDX-License-Identifier: Apache-2.0
"""The platform in memory, with keys that are made once."""

from __future__ import annotations

import pytest
from joserfc.jwk import RSAKey
from support.platform_in_memory import World, make_key


@pytest.fixture(scope="session")
def platform_key() -> RSAKey:
    return make_key("k1")


@pytest.fixture(scope="session")
def other_key() -> RSAKey:
    return make_key("k2")


@pytest.fixture
def world(platform_key) -> World:
    return World(platform_key)
