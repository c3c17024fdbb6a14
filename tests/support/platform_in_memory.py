# SPDX-License-Identifier: Apache-2.0
"""A platform in memory: it signs with another library than ours, and stores what this floor asks to be remembered."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from joserfc import jws
from joserfc.jwk import RSAKey

from lti_mentoring.keys import Signer
from lti_mentoring.lti.keysets import KeySets
from lti_mentoring.lti.launch import LaunchRefused, begin, receive
from lti_mentoring.lti.registration import CachedKeySet, CachedToken, Deployment, Registration
from lti_mentoring.outbound import Answer, Unreachable

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
TOOL = "https://tool.example"
LTI = "https://purl.imsglobal.org/spec/lti/claim/"
MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership#"

REGISTRATION = Registration(
    id="r1",
    org_id="o1",
    name="North",
    issuer="https://lms.example",
    client_id="client-1",
    auth_url="https://lms.example/auth",
    token_url="https://lms.example/token",
    jwks_url="https://lms.example/jwks",
)


class Registrations:
    """Registry."""

    def __init__(self, *known: Registration) -> None:
        self.known = list(known)
        self.deployments = {("r1", "1"): Deployment("1", "o1", "active")}
        self.asked = 0

    def registrations(self, issuer):
        return [one for one in self.known if one.issuer == issuer]

    def registration(self, issuer, client_id):
        self.asked += 1
        return next((one for one in self.known if (one.issuer, one.client_id) == (issuer, client_id)), None)

    def by_deployment(self, issuer, deployment_id):
        return [one for one in self.registrations(issuer) if (one.id, deployment_id) in self.deployments]

    def deployment(self, registration_id, deployment_id):
        return self.deployments.get((registration_id, deployment_id))


class KeySetRows:
    """KeySetStore, as two processes share it."""

    def __init__(self) -> None:
        self.rows: dict[str, CachedKeySet] = {}
        self.claims: dict[str, datetime] = {}
        self.lock = threading.Lock()
        self.loads = 0

    def load(self, url):
        self.loads += 1
        return self.rows.get(url)

    def save(self, url, body, fetched_at, fresh_until):
        self.rows[url] = CachedKeySet(body, fetched_at, fresh_until)

    def note_missed(self, url, kid):
        self.missed = (url, kid)

    def claim_refetch(self, url, now, every_seconds):
        with self.lock:
            last = self.claims.get(url)
            if last is not None and now - last < timedelta(seconds=every_seconds):
                return False
            self.claims[url] = now
            return True


class TokenRows:
    """TokenStore, as two processes share it."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], CachedToken] = {}
        self.leases: dict[tuple[str, str], datetime] = {}
        self.lock = threading.Lock()

    def load(self, registration_id, scopes_hash):
        return self.rows.get((registration_id, scopes_hash))

    def save(self, registration_id, scopes_hash, token, granted, expires_at):
        with self.lock:
            self.rows[registration_id, scopes_hash] = CachedToken(token, granted, expires_at)
            self.leases.pop((registration_id, scopes_hash), None)

    def claim_refresh(self, registration_id, scopes_hash, now, lease_seconds):
        with self.lock:
            until = self.leases.get((registration_id, scopes_hash))
            if until is not None and now < until:
                return False
            self.leases[registration_id, scopes_hash] = now + timedelta(seconds=lease_seconds)
            return True

    def drop(self, registration_id, scopes_hash):
        with self.lock:
            self.rows.pop((registration_id, scopes_hash), None)
            self.leases.pop((registration_id, scopes_hash), None)


class KeyServer:
    """The wire to key sets: answers per address, and a list of what was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, object] = {}
        self.asked: list[str] = []

    def request(self, method, url, **kwargs):
        self.asked.append(url)
        answer = self.answers.get(url)
        if callable(answer):
            answer = answer()
        if answer is None:
            raise Unreachable("connect", url)
        return answer


def key_set(*entries, status=200, cache_control="max-age=3600") -> Answer:
    return Answer(status, {"Cache-Control": cache_control}, json.dumps({"keys": list(entries)}).encode(), "")


def make_key(kid: str, bits: int = 2048) -> RSAKey:
    return RSAKey.generate_key(bits, {"kid": kid}, auto_kid=False)


def public(key: RSAKey, **changes) -> dict:
    entry = {**key.as_dict(private=False), "use": "sig", "alg": "RS256", **changes}
    return {name: value for name, value in entry.items() if value is not None}


class World:
    """One LMS, one tool, one browser."""

    def __init__(self, key: RSAKey) -> None:
        self.key = key
        self.now = NOW
        self.registry = Registrations(REGISTRATION)
        self.store = KeySetRows()
        self.wire = KeyServer()
        self.wire.answers[REGISTRATION.jwks_url] = key_set(public(key))
        self.keysets = KeySets(self.store, self.wire)
        self.signer = Signer("secret")
        self.cookies: dict[str, str] = {}

    def change(self, **changes) -> None:
        self.registry.known[0] = replace(self.registry.known[0], **changes)

    def begin(self, **params):
        given = {"iss": REGISTRATION.issuer, "login_hint": "7", "target_link_uri": f"{TOOL}/lti/launch", "client_id": "client-1"}
        given |= params
        given = {name: value for name, value in given.items() if value is not None}
        redirect = begin(given, registry=self.registry, signer=self.signer, launch_url=f"{TOOL}/lti/launch", public_url=TOOL, now=self.now)
        self.cookies[redirect.cookie_name] = redirect.cookie_value
        return redirect

    def query(self, redirect) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(redirect.location).query, keep_blank_values=True))

    def claims(self, asked, **changes) -> dict:
        moment = int(self.now.timestamp())
        body = {
            "iss": REGISTRATION.issuer,
            "aud": "client-1",
            "sub": "user-7",
            "iat": moment,
            "exp": moment + 60,
            "nonce": asked["nonce"],
            LTI + "version": "1.3.0",
            LTI + "message_type": "LtiResourceLinkRequest",
            LTI + "deployment_id": "1",
            LTI + "target_link_uri": f"{TOOL}/lti/launch",
            LTI + "roles": [MEMBERSHIP + "Learner"],
            LTI + "resource_link": {"id": "link-1", "title": "Week 1"},
            LTI + "context": {"id": "course-1", "title": "Mentoring", "label": "M", "type": ["CourseSection"]},
        }
        for name, value in changes.items():
            body[name if name in body or ":" in name or name in PLAIN else LTI + name] = value
        return {name: value for name, value in body.items() if value is not ...}

    def sign(self, body, *, key=None, header=None) -> str:
        key = key or self.key
        head = {"alg": "RS256", "kid": key.kid, **(header or {})}
        return jws.serialize_compact({name: value for name, value in head.items() if value is not None}, json.dumps(body), key)

    def receive(self, params, cookies=None, *, leeway=60, now=None):
        return receive(
            params,
            self.cookies if cookies is None else cookies,
            registry=self.registry,
            keysets=self.keysets,
            signer=self.signer,
            launch_url=f"{TOOL}/lti/launch",
            public_url=TOOL,
            leeway_seconds=leeway,
            now=now or self.now,
        )

    def launch(self, **changes):
        """Login, then a launch with these claims (``...`` takes one out)."""
        asked = self.query(self.begin())
        return self.receive({"state": asked["state"], "id_token": self.sign(self.claims(asked, **changes))})


PLAIN = {
    "azp", "nbf", "name", "given_name", "family_name", "email", "locale", "picture",
    "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint",
}  # fmt: skip


def refused(world, **changes) -> LaunchRefused:
    with pytest.raises(LaunchRefused) as stopped:
        world.launch(**changes)
    assert stopped.value.registration == world.registry.known[0]
    return stopped.value


def refused_token(world, token, **more) -> LaunchRefused:
    """Post ``token`` (or what it makes of the login's parameters) in answer to a fresh login."""
    asked = world.query(world.begin())
    with pytest.raises(LaunchRefused) as stopped:
        world.receive({"state": asked["state"], "id_token": token(asked) if callable(token) else token, **more})
    return stopped.value


def said(stopped: LaunchRefused) -> tuple[str, int]:
    return stopped.reason, stopped.status
