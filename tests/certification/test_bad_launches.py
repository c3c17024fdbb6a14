# SPDX-License-Identifier: Apache-2.0
"""The bad payloads of the certification guide (checklist B): each refused with its reason, and without a trace."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from support.driver import Response
from support.live import Town

Refused = Callable[..., Response]


def test_B_01_no_key_id(refused: Refused) -> None:
    refused("kid_missing", 401, header={"kid": None})


def test_B_02_a_wrong_key_id_is_looked_up_once_more_and_then_refused(refused: Refused, live: Town) -> None:
    live.browser().launch("north", "candidate", "programme")
    before = live.lms("north").state(log=False)["counts"].get("jwks", 0)
    for _ in range(3):
        refused("kid_unknown", 401, header={"kid": "never-heard-of"})
    assert live.lms("north").state(log=False)["counts"].get("jwks", 0) - before <= 1


@pytest.mark.parametrize("version", ["11.3", "1.3", 1.3, "1.3.00", "LTI-1p3", ""])
def test_B_03_a_wrong_version(refused: Refused, version: object) -> None:
    refused("version", 400, version=version)


def test_B_04_no_version(refused: Refused) -> None:
    refused("version_missing", 400, without=["version"])


@pytest.mark.parametrize("payload", [{"hello": "world"}, {"iss": "x", "aud": "y"}])
def test_B_05_something_that_is_no_launch(refused: Refused, payload: dict[str, str]) -> None:
    refused("not_lti", 400, payload=payload)


@pytest.mark.parametrize(
    ("claim", "reason", "status"),
    [
        ("iss", "iss_missing", 401),
        ("aud", "aud_missing", 401),
        ("sub", "sub_missing", 400),
        ("exp", "exp_missing", 401),
        ("iat", "iat_missing", 401),
        ("nonce", "nonce_missing", 401),
        ("message_type", "message_type_missing", 400),
        ("version", "version_missing", 400),
        ("deployment_id", "deployment_id_missing", 400),
        ("target_link_uri", "target_link_uri_missing", 400),
        ("roles", "roles_missing", 400),
        ("resource_link", "resource_link_missing", 400),
    ],
)
def test_B_06_each_missing_claim_is_named(refused: Refused, claim: str, reason: str, status: int) -> None:
    refused(reason, status, without=[claim])


YEAR = 365 * 86400


@pytest.mark.parametrize(
    ("offsets", "reason"),
    [
        ({"exp": -600, "iat": -660}, "token_expired"),
        ({"iat": 600, "exp": 900}, "token_from_future"),
        ({"iat": 0, "exp": -30}, "token_expired"),
        ({"iat": -86400, "exp": 600}, "token_too_old"),
        ({"iat": -3 * YEAR, "exp": 10 * YEAR}, "token_too_old"),
        ({"exp": 10 * YEAR}, "token_too_old"),
    ],
)
def test_B_07_wrong_times(refused: Refused, offsets: dict[str, int], reason: str) -> None:
    now = int(time.time())
    refused(reason, 401, **{name: now + offset for name, offset in offsets.items()})


@pytest.mark.parametrize("times", [{"exp": "1795570000"}, {"iat": "now"}, {"exp": 1e300}, {"exp": True}])
def test_B_07_times_that_are_no_times(refused: Refused, times: dict[str, Any]) -> None:
    refused("timestamp_invalid", 401, **times)


@pytest.mark.parametrize("skew", [-45, 45])
def test_B_07_a_clock_that_is_a_little_off_is_forgiven(live: Town, skew: int) -> None:
    now = int(time.time())
    assert live.browser().launch("north", "candidate", "programme", iat=now + skew, exp=now + skew + 60).status == 200


@pytest.mark.parametrize("kind", ["LtiUnheardOf", "ltiresourcelinkrequest", "LtiStartProctoring", 7])
def test_B_08_a_message_type_that_this_tool_does_not_handle(refused: Refused, kind: object) -> None:
    refused("message_type", 400, message_type=kind)


def test_B_09_no_roles(refused: Refused) -> None:
    refused("roles_missing", 400, without=["roles"])


@pytest.mark.parametrize("roles", ["http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor", {"a": 1}, 5])
def test_B_09_roles_that_are_no_list(refused: Refused, roles: object) -> None:
    refused("roles_invalid", 400, roles=roles)


def test_B_10_no_deployment(refused: Refused) -> None:
    refused("deployment_id_missing", 400, without=["deployment_id"])


@pytest.mark.parametrize("link", [{}, {"id": ""}, {"id": None}])
def test_B_11_no_resource_link_id(refused: Refused, link: object) -> None:
    refused("resource_link_missing", 400, resource_link=link)


def test_B_12_no_subject_is_refused_by_default(refused: Refused) -> None:
    refused("sub_missing", 400, without=["sub"])
