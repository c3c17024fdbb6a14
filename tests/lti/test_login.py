# SPDX-License-Identifier: Apache-2.0
"""OIDC login initiation: the rows LOG of the checklist, at the level of plain values."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lti_mentoring.lti.launch import LaunchRefused, cookie_name
from lti_mentoring.lti.registration import Deployment
from support.platform_in_memory import NOW, REGISTRATION, TOOL


def refused(world, **params) -> LaunchRefused:
    with pytest.raises(LaunchRefused) as stopped:
        world.begin(**params)
    return stopped.value


def test_LOG_06_the_redirect_carries_what_the_platform_asks_for(world):
    redirect = world.begin()
    assert redirect.location.startswith("https://lms.example/auth?")
    asked = world.query(redirect)
    state, nonce = asked.pop("state"), asked.pop("nonce")
    assert asked == {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": "client-1",
        "redirect_uri": f"{TOOL}/lti/launch",
        "login_hint": "7",
    }
    assert len(nonce) == 43
    assert redirect.cookie_name == cookie_name(state)
    assert redirect.max_age == 600
    assert redirect.registration == REGISTRATION


@pytest.mark.parametrize("name", ["iss", "login_hint", "target_link_uri"])
@pytest.mark.parametrize("value", [None, ""])
def test_LOG_02_what_is_missing_is_named(world, name, value):
    stopped = refused(world, **{name: value})
    assert (stopped.reason, stopped.status) == (f"{name}_missing", 400)


@pytest.mark.parametrize("issuer", ["https://other.example", "https://lms.example/", "https://LMS.example", "http://lms.example"])
def test_LOG_03_an_unknown_issuer_goes_nowhere(world, issuer):
    assert refused(world, iss=issuer).reason == "issuer_unknown"
    assert refused(world, iss=issuer, client_id=None).reason == "issuer_unknown"


def test_LOG_04_a_wrong_client_id_is_an_error_not_the_default(world):
    assert refused(world, client_id="client-2").reason == "client_unknown"
    world.registry.known.append(replace(REGISTRATION, id="r2", client_id="client-2"))
    assert world.query(world.begin(client_id="client-2"))["client_id"] == "client-2"


def test_LOG_05_without_a_client_id_only_one_candidate_is_taken(world):
    assert world.query(world.begin(client_id=None))["client_id"] == "client-1"
    world.registry.known.append(replace(REGISTRATION, id="r2", client_id="client-2"))
    world.registry.deployments["r2", "d2"] = Deployment("d2", "o1", "active")
    assert refused(world, client_id=None).reason == "client_ambiguous"
    assert refused(world, client_id=None, lti_deployment_id="unheard of").reason == "client_ambiguous"
    assert world.query(world.begin(client_id=None, lti_deployment_id="d2"))["client_id"] == "client-2"


@pytest.mark.parametrize("hint", ['{"cmid":2,"launchid":"x"}', "a+b %2B&c=d", "ünï ☃", "x" * 2048, "", None])
def test_LOG_07_hints_come_back_unaltered(world, hint):
    asked = world.query(world.begin(lti_message_hint=hint, login_hint=hint or "a+b"))
    assert asked.get("lti_message_hint") == hint
    assert asked["login_hint"] == (hint or "a+b")


def test_LOG_09_state_and_nonce_are_fresh_each_time_and_the_cookie_tells_neither(world):
    first, second = world.begin(), world.begin()
    one, two = world.query(first), world.query(second)
    assert one["state"] != two["state"]
    assert one["nonce"] != two["nonce"]
    assert first.cookie_name != second.cookie_name
    assert first.cookie_name.startswith("__Host-lti-")
    assert len(first.cookie_value) >= 43
    for hidden in (first.cookie_value, one["nonce"], "user"):
        assert hidden not in one["state"]


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/lti/launch",
        "http://tool.example/lti/launch",
        "https://tool.example:8443/",
        "https://tool.example@evil.example/",
        "https://tool.example.evil.example/",
        "//tool.example/",
        "/lti/launch",
        "javascript:alert(1)",
        "https://[",
        "https://tool.example/" + "x" * 3000,
    ],
)
def test_LOG_10_a_target_elsewhere_is_refused(world, target):
    stopped = refused(world, target_link_uri=target)
    assert (stopped.reason, stopped.status, stopped.registration) == ("target_off_origin", 400, REGISTRATION)


def test_LOG_10_the_own_origin_is_recognised_in_other_spellings(world):
    for target in (f"{TOOL}/any?x=1", "https://TOOL.example:443/lti/launch"):
        world.begin(target_link_uri=target)


@pytest.mark.parametrize(
    ("auth_url", "start"),
    [
        ("https://lms.example/auth?tenant=1", "https://lms.example/auth?tenant=1&scope=openid&"),
        ("https://lms.example/auth?tenant=a%3Fb&", "https://lms.example/auth?tenant=a%3Fb&scope=openid&"),
        ("https://lms.example/auth?", "https://lms.example/auth?scope=openid&"),
        ("https://lms.example/auth?tenant=1#top", "https://lms.example/auth?tenant=1&scope=openid&"),
        ("https://lms.example/é\r\nX: 1", "https://lms.example/%C3%A9%0D%0AX:%201?scope=openid&"),
    ],
)
def test_LOG_14_a_query_of_the_auth_address_is_kept(world, auth_url, start):
    world.change(auth_url=auth_url)
    assert world.begin(login_hint="a?b").location.startswith(start)


def test_a_login_larger_than_any_lms_sends_is_refused(world):
    assert refused(world, lti_message_hint="x" * 20_000).status == 413


def test_the_state_ends_after_ten_minutes(world):
    asked = world.query(world.begin())
    token = world.sign(world.claims(asked))
    late = NOW.replace(minute=10, second=0)
    with pytest.raises(LaunchRefused) as stopped:
        world.receive({"state": asked["state"], "id_token": token}, now=late)
    assert stopped.value.reason == "state_expired"
