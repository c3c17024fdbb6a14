# SPDX-License-Identifier: Apache-2.0
"""The LMS of the load generator: one issuer with one key, its answers ready in memory, every request counted."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httptools
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
AGS = "https://purl.imsglobal.org/spec/lti-ags/"
COURSE = "http://purl.imsglobal.org/vocab/lis/v2/course#CourseOffering"
MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership#"


def b64(data: bytes) -> bytes:
    """base64url without padding, as JWTs have it."""
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def dumps(value: object) -> bytes:
    """Compact JSON."""
    return json.dumps(value, separators=(",", ":")).encode()


class Platform:
    """Issuer ``http://127.0.0.1:<port>/p/0``, client ``client-0``, deployment ``1``."""

    client_id = "client-0"
    deployment_id = "1"

    def __init__(self, port: int, key_file: Path, launch_url: str, *, courses: int = 20) -> None:
        self.issuer, self.port, self.launch_url, self.courses = f"http://127.0.0.1:{port}/p/0", port, launch_url, courses
        self.counts: Counter[str] = Counter()
        self._key = kept_key(key_file)
        numbers = self._key.public_key().public_numbers()
        jwk = {"e": b64(numbers.e.to_bytes(3, "big")).decode(), "kty": "RSA", "n": b64(numbers.n.to_bytes(256, "big")).decode()}
        kid = b64(hashlib.sha256(dumps(jwk)).digest()).decode()
        self.jwks = dumps({"keys": [jwk | {"kid": kid, "alg": "RS256", "use": "sig"}]})
        self._header = b64(dumps({"alg": "RS256", "typ": "JWT", "kid": kid})) + b"."

    def sign(self, claims: dict[str, Any]) -> str:
        """A message as an id_token."""
        data = self._header + b64(dumps(claims))
        return (data + b"." + b64(self._key.sign(data, padding.PKCS1v15(), hashes.SHA256()))).decode()

    def claims(self, user: int, nonce: str) -> dict[str, Any]:
        """A resource link launch of a person, in the one course that they are in; every fiftieth is an instructor."""
        now, course = int(time.time()), 1 + user % self.courses
        return {
            "iss": self.issuer,
            "aud": self.client_id,
            "azp": self.client_id,
            "sub": f"u{user}",
            "iat": now,
            "exp": now + 3600,
            "nonce": nonce,
            "name": f"Given{user} Family{user}",
            "given_name": f"Given{user}",
            "family_name": f"Family{user}",
            "email": f"user{user}@example.edu",
            "locale": "en",
            CLAIM + "message_type": "LtiResourceLinkRequest",
            CLAIM + "version": "1.3.0",
            CLAIM + "deployment_id": self.deployment_id,
            CLAIM + "target_link_uri": self.launch_url,
            CLAIM + "roles": [MEMBERSHIP + ("Instructor" if user % 50 == 0 else "Learner")],
            CLAIM + "context": {"id": f"c{course}", "label": f"C{course}", "title": f"Course {course}", "type": [COURSE]},
            CLAIM + "resource_link": {"id": f"r{course}", "title": f"Mentoring activity {course}"},
            CLAIM + "custom": {"item": "programme"},
            CLAIM + "tool_platform": {"guid": "lms", "name": "LMS", "version": "2026041500", "product_family_code": "moodle"},
            CLAIM + "launch_presentation": {"locale": "en", "document_target": "iframe", "return_url": f"{self.issuer}/return"},
            AGS + "claim/endpoint": {
                "scope": [f"{AGS}scope/{name}" for name in ("lineitem", "result.readonly", "score")],
                "lineitems": f"{self.issuer}/ags/c{course}/lineitems",
                "lineitem": f"{self.issuer}/ags/c{course}/lineitems/{course}",
            },
        }

    def answer(self, path: str) -> tuple[int, bytes]:
        """Status and body for a request of the tool."""
        what = path.rpartition("/")[2]
        self.counts[what] += 1
        return (200, self.jwks) if what == "jwks" else (404, b"{}")

    async def serve(self) -> asyncio.Server:
        """Listen."""
        return await asyncio.get_running_loop().create_server(lambda: _Answering(self), "127.0.0.1", self.port, backlog=512)


def public_pem(key: rsa.RSAPrivateKey) -> bytes:
    """The public half, as text."""
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def kept_key(file: Path) -> rsa.RSAPrivateKey:
    """The key in this file, made if there is none."""
    if file.exists():
        kept = serialization.load_pem_private_key(file.read_bytes(), None)
        assert isinstance(kept, rsa.RSAPrivateKey)
        return kept
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = made.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(pem)
    return made


class _Answering(asyncio.Protocol):
    """One keep-alive HTTP/1.1 connection to the platform."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self._begin()

    def _begin(self) -> None:
        self.parser, self.url = httptools.HttpRequestParser(self), b""

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_message_complete(self) -> None:
        status, body = self.platform.answer(self.url.decode().partition("?")[0])
        keep = self.parser.should_keep_alive()
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nCache-Control: max-age=3600\r\nContent-Length: {len(body)}\r\n"
        self.transport.write((head + ("" if keep else "Connection: close\r\n") + "\r\n").encode() + body)
        if not keep:
            self.transport.close()
        self._begin()

    def data_received(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self.transport.close()
