# SPDX-License-Identifier: Apache-2.0
"""Launches between login and landing: the rows V-08 to V-17, LOG-08 and LOG-15, and what a launch costs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from joserfc import jws

from lti_mentoring.keys import Signer
from lti_mentoring.lti.launch import LaunchRefused
from lti_mentoring.lti.refusal import REASONS
from support.platform_in_memory import LTI, PLAIN, REGISTRATION, TOOL, refused, refused_token, said

AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
SECOND = replace(REGISTRATION, id="r2", client_id="client-2")


# --- state ------------------------------------------------------------------------------------------------------------


def test_V_08_a_state_that_is_missing_forged_or_of_another_browser(world):
    asked = world.query(world.begin())
    token = world.sign(world.claims(asked))
    stranger = Signer("another secret")
    forged_state = "state-" + stranger.sign({"r": "r1"}, 600)
    for state, reason in (
        ("", "state_missing"),
        ("x", "state_invalid"),
        (forged_state, "state_invalid"),
        (asked["state"] + "A", "state_invalid"),
    ):
        with pytest.raises(LaunchRefused) as stopped:
            world.receive({"state": state, "id_token": token})
        assert said(stopped.value) == (reason, 401)
    other = world.begin()
    for cookies in ({}, dict.fromkeys(world.cookies, other.cookie_value), dict.fromkeys(world.cookies, "")):
        with pytest.raises(LaunchRefused) as stopped:
            world.receive({"state": asked["state"], "id_token": token}, cookies)
        assert said(stopped.value) == ("state_unbound", 401)
        assert stopped.value.registration == REGISTRATION
    assert world.receive({"state": asked["state"], "id_token": token}).sub == "user-7"


def test_V_08_a_browser_without_cookies_learns_how_to_begin_again(world):
    asked = world.query(world.begin(lti_message_hint="m", lti_deployment_id="1"))
    with pytest.raises(LaunchRefused) as stopped:
        world.receive({"state": asked["state"], "id_token": "x"}, {})
    again = {"iss": REGISTRATION.issuer, "client_id": "client-1", "target_link_uri": f"{TOOL}/lti/launch", "lti_deployment_id": "1"}
    assert stopped.value.restart == {**again, "login_hint": "7", "lti_message_hint": "m"}
    world.begin(**stopped.value.restart)


def test_a_state_of_the_earlier_secret_is_still_read(world):
    asked = world.query(world.begin())
    world.signer = Signer("new", ["secret"])
    assert world.receive({"state": asked["state"], "id_token": world.sign(world.claims(asked))}).nonce == asked["nonce"]


def test_a_registration_that_went_away_since_login(world):
    asked = world.query(world.begin())
    token = world.sign(world.claims(asked))
    for known in ([replace(REGISTRATION, id="r9")], []):
        world.registry.known = known
        with pytest.raises(LaunchRefused) as stopped:
            world.receive({"state": asked["state"], "id_token": token})
        assert (*said(stopped.value), stopped.value.registration) == ("registration_gone", 401, None)


def test_LOG_08_the_deployment_of_the_login_must_be_that_of_the_token(world):
    asked = world.query(world.begin(lti_deployment_id="1"))
    assert world.receive({"state": asked["state"], "id_token": world.sign(world.claims(asked))}).deployment_id == "1"
    asked = world.query(world.begin(lti_deployment_id="1"))
    with pytest.raises(LaunchRefused) as stopped:
        world.receive({"state": asked["state"], "id_token": world.sign(world.claims(asked, deployment_id="2"))})
    assert said(stopped.value) == ("deployment_mismatch", 401)


def test_LOG_15_an_error_in_place_of_a_token(world):
    asked = world.query(world.begin())
    for state, registration in ((asked["state"], REGISTRATION), ("", None), ("x", None)):
        with pytest.raises(LaunchRefused) as stopped:
            world.receive({"error": "login_required", "error_description": "<b>Gone</b>\x00", "state": state})
        assert said(stopped.value) == ("platform_error", 400)
        assert stopped.value.detail == "login_required: <b>Gone</b>"
        assert stopped.value.registration == registration


def test_a_post_without_anything(world):
    with pytest.raises(LaunchRefused) as stopped:
        world.receive({})
    assert said(stopped.value) == ("id_token_missing", 400)


# --- targets, size, way back ------------------------------------------------------------------------------------------


def test_V_10_the_target_is_that_of_the_login_and_ours(world):
    assert said(refused(world, target_link_uri=f"{TOOL}/other")) == ("target_mismatch", 400)
    for elsewhere in ("https://evil.example/lti/launch", "http://tool.example/lti/launch", 5, "//x"):
        assert said(refused(world, target_link_uri=elsewhere)) == ("target_off_origin", 400)


def test_V_10_open_edx_names_the_deep_linked_target_only_in_the_token(world):
    world.change(family="openedx")
    assert world.launch(target_link_uri=f"{TOOL}/other").target_link_uri == f"{TOOL}/other"
    assert refused(world, target_link_uri="https://evil.example/").reason == "target_off_origin"


def test_V_16_a_huge_a_deep_and_a_crowded_token_are_refused(world):
    assert said(refused_token(world, "a" * 65537)) == ("token_too_large", 413)
    deep = '{"' + LTI + 'x":' + "[" * 20_000 + "]" * 20_000 + "}"
    token = jws.serialize_compact({"alg": "RS256", "kid": "k1"}, deep, world.key)
    assert said(refused_token(world, token)) == ("token_malformed", 400)
    assert said(refused(world, roles=["x"] * 10_000)) == ("token_too_large", 413)
    assert said(refused(world, roles=["x"] * 5_000)) == ("roles_invalid", 400)
    wide = world.launch(custom={f"k{n}": "v" * 20 for n in range(500)})
    assert len(wide.custom) == 100


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://lms.example/back", True),
        ("http://lms.example/back", False),
        ("javascript:alert(1)", False),
        ("/x", False),
        (5, False),
        ("https://x/" + "y" * 3000, False),
    ],
)
def test_V_17_the_way_back_is_https_and_known_also_when_refused(world, url, kept):
    stopped = refused(world, version="1.1", launch_presentation={"return_url": url})
    assert stopped.return_url == (url if kept else None)
    assert world.launch(launch_presentation={"return_url": url}).return_url == (url if kept else None)


def test_the_way_back_of_an_unverified_message_is_not_believed(world, other_key):
    def token(asked):
        return world.sign(
            world.claims(asked, launch_presentation={"return_url": "https://evil.example"}), key=other_key, header={"kid": "k1"}
        )

    assert refused_token(world, token).return_url is None


def test_a_platform_on_http_is_development_and_may_have_addresses_on_http(world):
    world.change(token_url="http://127.0.0.1:8001/token")
    launch = world.launch(
        launch_presentation={"return_url": "http://127.0.0.1:8001/back"}, **{AGS: {"lineitem": "http://127.0.0.1:8001/li"}}
    )
    assert launch.return_url == "http://127.0.0.1:8001/back"
    assert launch.ags.lineitem == "http://127.0.0.1:8001/li"


def test_every_reason_has_a_status_that_the_contract_allows():
    assert set(REASONS.values()) <= {400, 401, 403, 413}
    with pytest.raises(KeyError):
        LaunchRefused("never heard of")


def test_a_second_launch_asks_nobody_for_keys(world):
    world.launch()
    loads = world.store.loads
    world.launch()
    assert (len(world.wire.asked), world.store.loads) == (1, loads)


@pytest.mark.parametrize("name", sorted(PLAIN - {"azp", "nbf"}))
@pytest.mark.parametrize("odd", [None, 5, True, [], {}, [None], {"a": {}}, "x", 1.5])
def test_any_shape_of_an_optional_claim_is_survived(world, name, odd):
    assert world.launch(**{name: odd}).sub == "user-7"


def test_V_08_hints_too_long_for_an_address_are_not_carried(world):
    asked = world.query(world.begin(lti_message_hint="x" * 501))
    with pytest.raises(LaunchRefused) as stopped:
        world.receive({"state": asked["state"], "id_token": "x"}, {})
    assert stopped.value.restart is None
    assert len(asked["state"]) < 1000
