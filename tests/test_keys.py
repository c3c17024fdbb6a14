# SPDX-License-Identifier: Apache-2.0
"""Sealing, short-lived tokens and the tool's own keys."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from joserfc.jwk import RSAKey

from lti_mentoring import keys
from lti_mentoring.keys import BadToken, CannotOpen, Sealer, Signer

OLD = keys.base64url(b"o" * 32)
NEW = keys.base64url(b"n" * 32)


def test_what_is_sealed_opens_again_and_never_looks_the_same_twice():
    sealer = Sealer([NEW])
    one, two = sealer.seal(b"secret \x00"), sealer.seal(b"secret \x00")
    assert one != two
    assert sealer.open(one) == sealer.open(two) == b"secret \x00"
    assert "secret" not in one


def test_all_keys_open_the_first_seals_and_reseal_finds_the_rest():
    sealed = Sealer([OLD]).seal(b"x")
    both = Sealer([NEW, OLD])
    assert both.open(sealed) == b"x"
    assert both.stale(sealed)
    assert not both.stale(both.seal(b"x"))


@pytest.mark.parametrize(
    "change", [lambda s: s[:-1], lambda s: s[:-2] + "AA", lambda s: "00000000" + s[8:], lambda s: "", lambda s: s + "é"]
)
def test_a_changed_seal_does_not_open(change):
    sealer = Sealer([NEW])
    with pytest.raises(CannotOpen):
        sealer.open(change(sealer.seal(b"something")))


@pytest.mark.parametrize("bad", [[], ["short"], ["x" * 43 + "!"], [""]])
def test_a_bad_encryption_key_is_refused_in_words(bad):
    with pytest.raises(ValueError, match="encryption key"):
        Sealer(bad)


def test_a_token_carries_its_payload_for_its_time_and_purpose():
    signer = Signer("secret")
    token = signer.sign({"a": "é", "b": [1]}, 60, now=1000)
    assert signer.read(token, now=1059) == {"a": "é", "b": [1]}
    with pytest.raises(BadToken) as late:
        signer.read(token, now=1060)
    assert late.value.expired
    with pytest.raises(BadToken) as other:
        signer.read(token, purpose="other", now=1000)
    assert not other.value.expired


@pytest.mark.parametrize("bad", ["", ".", "a.b", "é.é", "e30.x" * 50])
def test_a_forged_token_is_refused(bad):
    with pytest.raises(BadToken):
        Signer("secret").read(bad)


def test_every_changed_character_breaks_a_token():
    signer = Signer("secret")
    token = signer.sign({"a": 1}, 60)
    for place in range(len(token)):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        with pytest.raises(BadToken):
            signer.read(changed)


def test_an_earlier_secret_is_still_accepted():
    token, mac = Signer("old").sign({"a": 1}, 60), Signer("old").mac("text")
    signer = Signer("new", ["old"])
    assert signer.read(token) == {"a": 1}
    assert signer.mac_fits("text", mac)
    assert not signer.mac_fits("text ", mac)
    assert signer.mac("text") != mac
    with pytest.raises(BadToken):
        Signer("new").read(token)


def test_no_secret_is_no_signer():
    with pytest.raises(ValueError, match="secret"):
        Signer("")


def test_a_new_signing_key_shows_public_parts_only_and_names_itself_by_thumbprint():
    key = keys.new_signing_key()
    assert set(key.public_jwk) == {"kty", "n", "e", "kid", "use", "alg"}
    assert RSAKey.import_key({part: key.public_jwk[part] for part in ("kty", "n", "e")}).thumbprint() == key.kid
    assert "PRIVATE" not in repr(key)
    json.dumps(key.public_jwk)


def test_the_private_key_is_loaded_once_and_fits_the_public_part():
    key = keys.new_signing_key()
    private = keys.load_private(key.private_pem)
    assert keys.load_private(key.private_pem) is private
    assert private.key_size == 2048
    signature = private.sign(b"m", padding.PKCS1v15(), hashes.SHA256())
    RSAKey.import_key(key.public_jwk).public_key.verify(signature, b"m", padding.PKCS1v15(), hashes.SHA256())


def test_new_secrets_are_fresh_and_fit():
    first, second = keys.new_secrets(), keys.new_secrets()
    assert all(first[name] != second[name] for name in first)
    Sealer([first["LTI_MENTORING_ENCRYPTION_KEYS"]])
    Signer(first["LTI_MENTORING_SECRET_KEY"])
