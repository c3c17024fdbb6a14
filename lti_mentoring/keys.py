# SPDX-License-Identifier: Apache-2.0
"""Keys of every kind: sealing at rest, short-lived signed tokens, and the tool's own signing keys."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

RSA_BITS = 2048
_NONCE_BYTES = 12


class CannotOpen(ValueError):
    """Something sealed cannot be opened: its key is not among ours, or it was changed."""


class BadToken(ValueError):
    """A signed token is not ours, was changed, or is past its time (``expired``)."""

    def __init__(self, *, expired: bool = False) -> None:
        super().__init__("expired" if expired else "not one of ours")
        self.expired = expired


def base64url(data: bytes) -> str:
    """Base64url without padding, as in JOSE."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """The inverse of :func:`base64url`; ValueError on anything outside its alphabet."""
    if not text.isascii() or "+" in text or "/" in text:
        raise ValueError("not base64url")
    return base64.b64decode(text.translate(_FROM_URL) + "=" * (-len(text) % 4), validate=True)


_FROM_URL = str.maketrans("-_", "+/")


# --- at rest ----------------------------------------------------------------------------------------------------------


class Sealer:
    """Encrypts what rests in the database (AES-256-GCM). The first key seals, all of them open.

    A key is 32 bytes in base64url, as ``lti-mentoring secrets new`` prints it. ValueError names what is wrong with one.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise ValueError("no encryption key is set")
        self._by_name = {name: AESGCM(raw) for name, raw in map(_encryption_key, keys)}
        self._first = _encryption_key(keys[0])[0]

    def seal(self, secret: bytes) -> str:
        """``<key name>.<base64url>``. The name is a fingerprint, so that a row tells which key it needs."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        ciphertext = self._by_name[self._first].encrypt(nonce, secret, self._first.encode())
        return f"{self._first}.{base64url(nonce + ciphertext)}"

    def open(self, sealed: str) -> bytes:
        """What was sealed; CannotOpen if no key of ours fits or a bit was changed."""
        name, _, body = sealed.partition(".")
        cipher = self._by_name.get(name)
        if cipher is None:
            raise CannotOpen("sealed with a key that is not in the list")
        try:
            raw = from_base64url(body)
            return cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], name.encode())
        except (ValueError, InvalidTag):
            raise CannotOpen("changed since it was sealed") from None

    def stale(self, sealed: str) -> bool:
        """Whether another key than the first sealed it (``keys reseal`` moves such rows)."""
        return sealed.partition(".")[0] != self._first


def _encryption_key(text: str) -> tuple[str, bytes]:
    try:
        raw = from_base64url(text.strip().rstrip("="))
    except ValueError:
        raw = b""
    if len(raw) != 32:
        raise ValueError("an encryption key is 32 bytes in base64url; `lti-mentoring secrets new` prints one")
    return hashlib.sha256(b"name of an encryption key" + raw).hexdigest()[:8], raw


# --- what people say to each other --------------------------------------------------------------------------------------

DATA_KEY_BYTES = 32
_WORDS = "w1"
_HOOKED = "hook:"


class KeyWrapper(Protocol):
    """A key-management service. Both ask it: what is wrapped comes back only as long as the service still has its key."""

    def wrap(self, key: bytes) -> str:
        """A data key, locked away."""
        ...

    def unwrap(self, wrapped: str) -> bytes:
        """The data key again; CannotOpen where the service will not or cannot."""
        ...


class DataKeys:
    """Data keys as they rest: locked by a deployer's :class:`KeyWrapper` where one is set, else by our own :class:`Sealer`.

    What the sealer locked before there was a wrapper opens all the same, until ``keys reseal`` has moved it.
    """

    def __init__(self, sealer: Sealer, hook: KeyWrapper | None = None) -> None:
        if hook is not None and not (hasattr(hook, "wrap") and hasattr(hook, "unwrap")):
            raise TypeError("it has no wrap and unwrap")
        self._sealer, self._hook = sealer, hook

    def wrap(self, key: bytes) -> str:
        """A data key as it may rest in the database."""
        return self._sealer.seal(key) if self._hook is None else f"{_HOOKED}{self._hook.wrap(key)}"

    def unwrap(self, wrapped: str) -> bytes:
        """The data key; CannotOpen where its key-encryption key is gone."""
        if not wrapped.startswith(_HOOKED):
            return self._sealer.open(wrapped)
        if self._hook is None:
            raise CannotOpen("wrapped by a key wrapper that is not set any more")
        return self._hook.unwrap(wrapped.removeprefix(_HOOKED))

    def stale(self, wrapped: str) -> bool:
        """Whether ``keys reseal`` should wrap it anew. What a service wrapped always counts: only the service knows its own keys."""
        return wrapped.startswith(_HOOKED) or self._hook is not None or self._sealer.stale(wrapped)


def new_data_key() -> bytes:
    """A fresh key for one pair's or one person's words."""
    return secrets.token_bytes(DATA_KEY_BYTES)


def seal_words(key: bytes, words: str, *, bound: Sequence[str]) -> str:
    """Words under a data key (AES-256-GCM). ``bound`` says where they rest, so that they cannot be opened anywhere else."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return f"{_WORDS}.{base64url(nonce + AESGCM(key).encrypt(nonce, words.encode('utf-8', 'surrogatepass'), _where(bound)))}"


def open_words(key: bytes, sealed: str, *, bound: Sequence[str]) -> str:
    """The words again; CannotOpen under another key, in another place, or with a bit changed."""
    kind, _, body = sealed.partition(".")
    try:
        raw = from_base64url(body) if kind == _WORDS else b""
        return AESGCM(key).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], _where(bound)).decode("utf-8", "surrogatepass")
    except (ValueError, InvalidTag):
        raise CannotOpen("another key, another place, or changed since it was sealed") from None


def _where(bound: Sequence[str]) -> bytes:
    return _compact([_WORDS, *bound]).encode()


# --- for a short while ------------------------------------------------------------------------------------------------

_compact = json.JSONEncoder(separators=(",", ":")).encode


class Signer:
    """Signs what leaves the house and comes back soon (HMAC-SHA256). ``fallbacks`` are earlier secrets, still read."""

    def __init__(self, secret: str, fallbacks: Sequence[str] = ()) -> None:
        if not secret:
            raise ValueError("no secret key is set")
        self._secrets = tuple(one.encode() for one in (secret, *fallbacks))

    def sign(
        self, payload: Mapping[str, Any], lifetime_s: float, *, purpose: str = "", now: float | None = None
    ) -> str:
        """A URL-safe token that carries ``payload`` in clear. A token for one ``purpose`` is worthless for another."""
        expires = int((time.time() if now is None else now) + lifetime_s)
        body = base64url(_compact([expires, payload]).encode())
        return f"{body}.{self._mac(self._secrets[0], purpose, body)}"

    def read(self, token: str, *, purpose: str = "", now: float | None = None) -> dict[str, Any]:
        """The payload of a token of ours; BadToken otherwise."""
        body, _, mac = token.partition(".")
        if not self._fits(purpose, body, mac):
            raise BadToken
        expires, payload = json.loads(from_base64url(body))
        if (time.time() if now is None else now) >= expires:
            raise BadToken(expired=True)
        return cast("dict[str, Any]", payload)

    def mac(self, text: str) -> str:
        """43 characters that only we can make from ``text``."""
        return self._mac(self._secrets[0], "mac", text)

    def mac_fits(self, text: str, mac: str) -> bool:
        """Whether we made ``mac`` from ``text``, with the present secret or an earlier one; in constant time."""
        return self._fits("mac", text, mac)

    def _fits(self, purpose: str, text: str, mac: str) -> bool:
        given = mac.encode("utf-8", "replace")
        return any(hmac.compare_digest(self._mac(one, purpose, text).encode(), given) for one in self._secrets)

    @staticmethod
    def _mac(secret: bytes, purpose: str, text: str) -> str:
        message = f"{len(purpose)}.{purpose}.{text}".encode("utf-8", "replace")
        return base64url(hmac.digest(secret, message, "sha256"))


# --- the tool's own keys ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key pair of the tool. ``public_jwk`` is what the key set shows (K-01); no repr shows the private part."""

    kid: str
    private_pem: bytes = field(repr=False)
    public_jwk: dict[str, str]


def new_signing_key() -> SigningKey:
    """A fresh RSA key; its id is its thumbprint (RFC 7638), so that no id is ever used twice."""
    private = generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    numbers = private.public_key().public_numbers()
    core = {"e": _number(numbers.e), "kty": "RSA", "n": _number(numbers.n)}
    kid = base64url(hashlib.sha256(json.dumps(core, separators=(",", ":"), sort_keys=True).encode()).digest())
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return SigningKey(kid, pem, {**core, "kid": kid, "use": "sig", "alg": "RS256"})


@lru_cache(maxsize=16)
def load_private(pem: bytes) -> RSAPrivateKey:
    """The key object, kept: loading it from PEM text checks the key anew and costs a hundred times a signature."""
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("not an RSA key")
    return key


def _number(value: int) -> str:
    return base64url(value.to_bytes((value.bit_length() + 7) // 8))


def new_secrets() -> dict[str, str]:
    """A fresh set for the environment: name -> value."""
    return {
        "LTI_MENTORING_SECRET_KEY": secrets.token_urlsafe(48),
        "LTI_MENTORING_ENCRYPTION_KEYS": base64url(secrets.token_bytes(32)),
        "LTI_MENTORING_METRICS_TOKEN": secrets.token_urlsafe(32),
    }
