# SPDX-License-Identifier: Apache-2.0
"""Launches that are turned away for what they say or how they are signed: the rows B and V-01 to V-07."""

from __future__ import annotations

import base64
import hmac
import json
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from joserfc import jws

from lti_mentoring.lti.launch import LaunchRefused
from support.platform_in_memory import NOW, REGISTRATION, key_set, public, refused, refused_token, said

AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
SECOND = replace(REGISTRATION, id="r2", client_id="client-2")


# --- bad payloads -----------------------------------------------------------------------------------------------------


def test_B_01_without_a_key_id(world):
    for kid in (None, "", 5):
        token = lambda asked, kid=kid: forged(world, asked, {"alg": "RS256", **({} if kid is None else {"kid": kid})})  # noqa: E731
        assert said(refused_token(world, token)) == ("kid_missing", 401)


def test_B_02_a_wrong_key_id_is_looked_up_once_and_refused(world):
    for _ in range(3):
        token = lambda asked: world.sign(world.claims(asked), header={"kid": "other"})  # noqa: E731
        assert said(refused_token(world, token)) == ("kid_unknown", 401)
    assert len(world.wire.asked) == 1


@pytest.mark.parametrize("version", ["11.3", "1.3", 1.3, "1.3.0 ", "LTI-1p3", ""])
def test_B_03_a_wrong_version(world, version):
    assert said(refused(world, version=version)) == ("version", 400)


def test_B_04_no_version(world):
    assert said(refused(world, version=...)) == ("version_missing", 400)


@pytest.mark.parametrize("body", [{"foo": "bar"}, {"iss": "https://lms.example", "sub": "x"}, [1, 2], "text", 5, None])
def test_B_05_a_signed_message_that_is_not_lti(world, body):
    token = jws.serialize_compact({"alg": "RS256", "kid": "k1"}, json.dumps(body), world.key)
    assert said(refused_token(world, token)) == ("not_lti", 400)


MISSING = {
    "iss": ("iss_missing", 401),
    "aud": ("aud_missing", 401),
    "sub": ("sub_missing", 400),
    "exp": ("exp_missing", 401),
    "iat": ("iat_missing", 401),
    "nonce": ("nonce_missing", 401),
    "message_type": ("message_type_missing", 400),
    "version": ("version_missing", 400),
    "deployment_id": ("deployment_id_missing", 400),
    "target_link_uri": ("target_link_uri_missing", 400),
    "roles": ("roles_missing", 400),
    "resource_link": ("resource_link_missing", 400),
}


@pytest.mark.parametrize("claim", MISSING)
@pytest.mark.parametrize("how", [..., None])
def test_B_06_a_missing_claim_is_named(world, claim, how):
    assert said(refused(world, **{claim: how})) == MISSING[claim]


MOMENT = int(NOW.timestamp())


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": MOMENT - 61}, "token_expired"),
        ({"iat": MOMENT - 700, "exp": MOMENT - 61}, "token_expired"),
        ({"iat": MOMENT + 61, "exp": MOMENT + 120}, "token_from_future"),
        ({"nbf": MOMENT + 61}, "token_from_future"),
        ({"iat": MOMENT + 30, "exp": MOMENT + 20}, "token_expired"),
        ({"iat": MOMENT - 661}, "token_too_old"),
        ({"iat": MOMENT - 365 * 86400, "exp": MOMENT + 10 * 365 * 86400}, "token_too_old"),
        ({"exp": MOMENT + 2 * 86400}, "token_too_old"),
        ({"exp": str(MOMENT + 60)}, "timestamp_invalid"),
        ({"iat": str(MOMENT)}, "timestamp_invalid"),
        ({"exp": float("nan")}, "timestamp_invalid"),
        ({"iat": float("inf")}, "timestamp_invalid"),
        ({"exp": 10**400}, "timestamp_invalid"),
        ({"exp": 10**30}, "timestamp_invalid"),
        ({"exp": True}, "timestamp_invalid"),
        ({"nbf": "soon"}, "timestamp_invalid"),
        ({"exp": [MOMENT]}, "timestamp_invalid"),
    ],
)
def test_B_07_wrong_times(world, claims, reason):
    asked = world.query(world.begin())
    body = json.dumps(world.claims(asked, **claims))
    token = jws.serialize_compact({"alg": "RS256", "kid": "k1"}, body, world.key)
    with pytest.raises(LaunchRefused) as stopped:
        world.receive({"state": asked["state"], "id_token": token})
    assert said(stopped.value) == (reason, 401)


def test_B_07_clocks_may_differ_by_the_leeway_which_has_a_ceiling(world):
    for claims in (
        {"iat": MOMENT + 59, "exp": MOMENT + 90},
        {"iat": MOMENT - 100, "exp": MOMENT - 59},
        {"iat": MOMENT - 0.5, "exp": MOMENT + 1.5},
    ):
        assert world.launch(**claims)
    asked = world.query(world.begin())
    token = world.sign(world.claims(asked, iat=MOMENT + 301, exp=MOMENT + 400))
    with pytest.raises(LaunchRefused) as stopped:
        world.receive({"state": asked["state"], "id_token": token}, leeway=3600)
    assert stopped.value.reason == "token_from_future"


@pytest.mark.parametrize(
    "kind", ["ltiresourcelinkrequest", "LtiAssetProcessorSettingsRequest", "LtiStartProctoring", "", 5, ["LtiResourceLinkRequest"]]
)
def test_B_08_another_type_of_message(world, kind):
    assert said(refused(world, message_type=kind)) == ("message_type", 400)


@pytest.mark.parametrize("roles", ["Instructor", {"a": 1}, 5, True, ["x"] * 501])
def test_B_09_roles_that_are_no_list(world, roles):
    assert said(refused(world, roles=roles)) == ("roles_invalid", 400)


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        ({}, "missing"),
        ({"id": ""}, "missing"),
        ({"id": None}, "missing"),
        ({"id": 5}, "invalid"),
        ("link", "invalid"),
        ({"id": "x" * 256}, "invalid"),
    ],
)
def test_B_11_a_resource_link_without_an_id(world, link, reason):
    assert said(refused(world, resource_link=link)) == (f"resource_link_{reason}", 400)


# --- signature --------------------------------------------------------------------------------------------------------


def b64(value) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def forged(world, asked, header, *, key=None, **claims) -> str:
    """A token whose header is what we say, signed (RS256) by the platform's key whatever the header says."""
    from_key = (key or world.key).private_key
    signed = f"{b64(header)}.{b64(world.claims(asked, **claims))}"
    return f"{signed}.{b64(from_key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def test_V_01_a_changed_token_or_another_key_is_refused(world, other_key):
    def tampered(asked):
        head, _, signature = world.sign(world.claims(asked)).split(".")
        return f"{head}.{b64(world.claims(asked, sub='admin'))}.{signature}"

    assert said(refused_token(world, tampered)) == ("signature", 401)
    assert said(refused_token(world, lambda asked: world.sign(world.claims(asked), key=other_key, header={"kid": "k1"}))) == (
        "signature",
        401,
    )
    assert said(refused_token(world, lambda asked: world.sign(world.claims(asked))[:-8])) == ("signature", 401)


def test_V_02_only_registered_algorithms(world):
    for alg in ("none", "HS256", "RS384", "ES256", "PS256", "", None, 5, ["RS256"]):
        assert said(refused_token(world, lambda asked, alg=alg: forged(world, asked, {"alg": alg, "kid": "k1"}))) == ("alg", 401)
    assert said(refused_token(world, lambda asked: f"{b64({'alg': 'none', 'kid': 'k1'})}.{b64(world.claims(asked))}.AA")) == ("alg", 401)


def test_V_02_a_token_signed_with_the_public_key_as_a_secret_is_refused(world):
    def confused(asked):
        signed = f"{b64({'alg': 'HS256', 'kid': 'k1'})}.{b64(world.claims(asked))}"
        return f"{signed}.{b64(hmac.digest(world.key.as_pem(private=False), signed.encode(), 'sha256'))}"

    for algorithms in (("RS256",), ("RS256", "HS256", "none")):
        world.change(algorithms=algorithms)
        assert said(refused_token(world, confused)) == ("alg", 401)


def test_V_02_a_registered_algorithm_must_be_that_of_the_key(world):
    world.change(algorithms=("RS256", "RS384"))
    world.wire.answers[REGISTRATION.jwks_url] = key_set(public(world.key), public(world.key, kid="k384", alg="RS384"))
    assert said(refused_token(world, lambda asked: forged(world, asked, {"alg": "RS384", "kid": "k1"}))) == ("alg", 401)
    asked = world.query(world.begin())
    token = jws.serialize_compact({"alg": "RS384", "kid": "k384"}, json.dumps(world.claims(asked)), world.key, algorithms=["RS384"])
    assert world.receive({"state": asked["state"], "id_token": token}).sub == "user-7"


def test_V_03_keys_named_by_the_token_are_not_looked_at(world, other_key):
    jwk = other_key.as_dict(private=False)
    for header in ({"jwk": jwk}, {"jku": "https://evil.example/jwks"}, {"x5u": "https://evil.example/x"}, {"x5c": ["AA"]}):
        token = lambda asked, header=header: forged(world, asked, {"alg": "RS256", "kid": "k1", **header}, key=other_key)  # noqa: E731
        assert said(refused_token(world, token)) == ("signature", 401)
        asked = world.query(world.begin())
        own = forged(world, asked, {"alg": "RS256", "kid": "k1", **header})
        assert world.receive({"state": asked["state"], "id_token": own}).sub == "user-7"
    assert world.wire.asked == [REGISTRATION.jwks_url]
    token = lambda asked: forged(world, asked, {"alg": "RS256", "kid": "k1", "crit": ["exp"]})  # noqa: E731
    assert said(refused_token(world, token)) == ("crit", 401)


@pytest.mark.parametrize(
    "token", ["x", "a.b", "a.b.c.d", "..", "e30.e30.!!", "é.é.é", f"{b64(5)}.e30.AA", f"{b64(b'no json')}.e30.AA", "a" * 9 + ".e30.AA"]
)
def test_a_token_of_no_shape_is_refused(world, token):
    stopped = refused_token(world, token)
    assert said(stopped) == ("token_malformed", 400)


# --- parties ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("issuer", ["https://lms.example/", "https://LMS.example", "http://lms.example", "", 5, ["https://lms.example"]])
def test_V_04_the_issuer_is_compared_exactly(world, issuer):
    assert said(refused(world, iss=issuer)) == ("issuer_mismatch", 401)


@pytest.mark.parametrize(
    "audience", ["client-2", ["client-2"], ["client-1", "evil"], [["client-1"]], {"client-1": 1}, ["client-1"] * 21, 5]
)
def test_V_05_the_audience_is_us_and_nobody_that_we_do_not_trust(world, audience):
    assert said(refused(world, aud=audience, azp="client-1")) == ("audience", 401)


@pytest.mark.parametrize(
    ("audience", "party"),
    [(["client-1", "client-2"], ...), (["client-1", "client-2"], "client-2"), ("client-1", "client-2"), ("client-1", "")],
)
def test_V_06_the_authorised_party_is_us(world, audience, party):
    world.registry.known.append(SECOND)
    assert said(refused(world, aud=audience, azp=party)) == ("azp", 401)


@pytest.mark.parametrize("nonce", ["mine", 5, ["x"]])
def test_V_07_a_nonce_that_is_not_ours(world, nonce):
    assert said(refused(world, nonce=nonce)) == ("nonce_mismatch", 401)


def test_V_07_the_nonce_of_another_login_does_not_fit(world):
    first, second = world.query(world.begin()), world.query(world.begin())
    with pytest.raises(LaunchRefused) as stopped:
        world.receive({"state": first["state"], "id_token": world.sign(world.claims(second))})
    assert stopped.value.reason == "nonce_mismatch"


def test_V_07_the_nonce_comes_back_to_be_spent_and_outlives_its_state(world):
    asked = world.query(world.begin())
    launch = world.receive({"state": asked["state"], "id_token": world.sign(world.claims(asked))})
    assert launch.nonce == asked["nonce"]
    with pytest.raises(LaunchRefused, match="state_expired"):
        world.receive({"state": asked["state"], "id_token": "x"}, now=launch.nonce_expires_at)
