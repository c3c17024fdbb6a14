# SPDX-License-Identifier: Apache-2.0
"""A passkey in software: what a device answers to a challenge, and what a copied or a cheating one would."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import struct
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def head(major: int, number: int) -> bytes:
    """The first bytes of a CBOR item (RFC 8949, 3)."""
    if number < 24:
        return bytes([major << 5 | number])
    return bytes([major << 5 | 24, number]) if number < 256 else bytes([major << 5 | 25]) + struct.pack(">H", number)


def cbor(value: Any) -> bytes:
    """The few kinds of CBOR that a passkey is made of."""
    if isinstance(value, dict):
        return head(5, len(value)) + b"".join(cbor(key) + cbor(one) for key, one in value.items())
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value)) + value.encode()
    return head(0, value) if value >= 0 else head(1, -1 - value)


class Authenticator:
    """One passkey at one site."""

    def __init__(self, origin: str = "http://localhost:8000", rp_id: str = "localhost") -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id, self.origin, self.rp_id = secrets.token_bytes(20), origin, rp_id
        self.count, self.handle, self.verified = 0, "", True

    def _data(self, extra: int = 0) -> bytes:
        flags = 0x01 | (0x04 if self.verified else 0) | extra
        return hashlib.sha256(self.rp_id.encode()).digest() + bytes([flags]) + struct.pack(">I", self.count)

    def _client(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}).encode()

    def _answer(self, **response: str) -> str:
        return json.dumps({"id": b64(self.id), "rawId": b64(self.id), "type": "public-key", "response": response})

    def make(self, options: dict[str, Any]) -> str:
        """What a device answers when it makes a passkey."""
        self.handle = options["user"]["id"]
        point = self.key.public_key().public_numbers()
        public = cbor({1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")})
        data = self._data(0x40) + bytes(16) + struct.pack(">H", len(self.id)) + self.id + public
        attested = cbor({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer(clientDataJSON=b64(self._client("webauthn.create", options["challenge"])), attestationObject=b64(attested))

    def sign(self, options: dict[str, Any], *, count: int | None = None) -> str:
        """What it answers when it lets its owner in."""
        self.count = self.count + 1 if count is None else count
        data, client = self._data(), self._client("webauthn.get", options["challenge"])
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        told = {"authenticatorData": b64(data), "signature": b64(signature), "userHandle": self.handle}
        return self._answer(clientDataJSON=b64(client), **told)
