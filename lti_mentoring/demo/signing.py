# SPDX-License-Identifier: Apache-2.0
"""The sites' signing keys, proper signatures by joserfc, and wrong signatures made on purpose."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from joserfc import jws
from joserfc.jwk import RSAKey

from lti_mentoring.demo.state import State

HASHES: dict[str, hashes.HashAlgorithm] = {"RS256": hashes.SHA256(), "RS384": hashes.SHA384(), "RS512": hashes.SHA512()}

SIGNATURES = ("proper", "foreign_key", "embedded_key", "tampered", "none", "hs256_public", "rs384", "es256")
"""How a launch can be signed; all but the first are what a tool must refuse."""


class Keyring:
    """The keys of every site, kept as objects once read."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._lock = threading.Lock()
        self._objects: dict[str, RSAKey] = {}

    def signing_key(self, site: str) -> RSAKey:
        """The key that signs now, made at first need."""
        with self._lock:
            with self._state.read() as db:
                row = db.execute("SELECT kid, pem FROM signing_key WHERE site = ? AND signs = 1", (site,)).fetchone()
            if row is None:
                return self._make(site)
            return self._load(row["kid"], row["pem"])

    def public(self, site: str, *, old: bool = False) -> dict[str, Any]:
        """The key set that the site publishes; ``old``: as it was before the key that signs now."""
        self.signing_key(site)
        which = "signs = 0" if old else "published = 1"
        with self._lock, self._state.read() as db:
            rows = db.execute(f"SELECT kid, pem FROM signing_key WHERE site = ? AND {which} ORDER BY signs", (site,)).fetchall()  # noqa: S608  # nosec B608
            return {"keys": [self._load(row["kid"], row["pem"]).as_dict(private=False) for row in rows]}

    def rotate(self, site: str, *, keep_old: bool) -> str:
        """Sign with a new key from now on; the old one disappears from the key set unless kept."""
        with self._lock:
            with self._state.write() as db:
                db.execute("UPDATE signing_key SET published = signs AND ?, signs = 0 WHERE site = ?", (int(keep_old), site))
            return str(self._make(site).kid)

    def _make(self, site: str) -> RSAKey:
        kid = f"{site}-{secrets.token_hex(4)}"
        key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256", "kid": kid})
        with self._state.write() as db:
            db.execute("INSERT INTO signing_key VALUES (?, ?, ?, 1, 1)", (site, kid, key.as_pem(private=True).decode()))
        self._objects[kid] = key
        return key

    def _load(self, kid: str, pem: str) -> RSAKey:
        if kid not in self._objects:
            self._objects[kid] = RSAKey.import_key(pem, {"use": "sig", "alg": "RS256", "kid": kid})
        return self._objects[kid]


def sign(claims: dict[str, Any], key: RSAKey) -> str:
    """A proper id_token."""
    header = {"typ": "JWT", "alg": "RS256", "kid": key.kid}
    return jws.serialize_compact(header, json.dumps(claims).encode(), key)


def sign_oddly(claims: dict[str, Any], key: RSAKey, how: str, header: dict[str, Any]) -> str:
    """An id_token that is wrong in one way; a header value of None leaves that header out."""
    algorithm = {"none": "none", "hs256_public": "HS256", "rs384": "RS384", "es256": "ES256"}.get(how, "RS256")
    foreign = rsa.generate_private_key(65537, 2048) if how in {"foreign_key", "embedded_key"} else None
    head: dict[str, Any] = {"typ": "JWT", "alg": algorithm, "kid": key.kid}
    if how == "embedded_key" and foreign is not None:
        head["jwk"] = RSAKey.import_key(foreign.public_key()).as_dict(private=False)
    head = {name: value for name, value in {**head, **header}.items() if value is not None}
    text = f"{_encode(json.dumps(head).encode())}.{_encode(json.dumps(claims).encode())}"
    signature = _raw_signature(algorithm, text.encode(), foreign or key.private_key, key)
    if how == "tampered":
        text = f"{text.split('.')[0]}.{_encode(json.dumps({**claims, 'sub': 'somebody-else'}).encode())}"
    return f"{text}.{_encode(signature)}"


def _raw_signature(algorithm: str, text: bytes, private: Any, key: RSAKey) -> bytes:
    if algorithm == "none":
        return b""
    if algorithm == "HS256":  # the classic confusion: the public key, which everybody has, as the shared secret
        return hmac.new(key.as_pem(private=False), text, hashlib.sha256).digest()
    if algorithm == "ES256":
        r, s = decode_dss_signature(ec.generate_private_key(ec.SECP256R1()).sign(text, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")
    return bytes(private.sign(text, padding.PKCS1v15(), HASHES[algorithm]))


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
