# SPDX-License-Identifier: Apache-2.0
"""A tool that does no more than the protocol asks, to try the pocket LMS with."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jwt
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Flask, redirect, request

from lti_mentoring.demo.gradebook import ITEMS, RESULTS, SCORE_TYPE
from lti_mentoring.demo.site import LINEITEM, LINEITEM_READ, MEMBERS_READ, RESULT_READ, SCORE, SOUTH, Site

ALL = " ".join([LINEITEM, LINEITEM_READ, RESULT_READ, SCORE, MEMBERS_READ])
AUTH = {"scope": "openid", "response_type": "id_token", "response_mode": "form_post", "prompt": "none"}


@dataclass
class Tool:
    """A tool of a few lines: keys, login, and whatever arrives at its launch address."""

    url: str
    lms_url: str
    key: Any = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))
    kid: str = "tool-1"
    auth: dict[str, str | None] = field(default_factory=dict)
    arrived: list[dict[str, str]] = field(default_factory=list)
    keys_status: int = 200
    mail_folder: Path | None = None

    def app(self) -> Flask:
        made = Flask("little-tool")

        @made.get("/.well-known/jwks.json")
        def keys() -> Any:
            public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
            return {"keys": [{**public, "kid": self.kid, "use": "sig", "alg": "RS256"}]}, self.keys_status

        @made.route("/lti/login", methods=["GET", "POST"])
        def login() -> Any:
            asked = request.values
            parameters = {
                **AUTH,
                "client_id": asked["client_id"],
                "redirect_uri": f"{self.url}/lti/launch",
                "login_hint": asked["login_hint"],
                "lti_message_hint": asked["lti_message_hint"],
                "state": uuid.uuid4().hex,
                "nonce": uuid.uuid4().hex,
                **self.auth,
            }
            return redirect(f"{asked['iss']}/auth?{urlencode({k: v for k, v in parameters.items() if v is not None})}")

        @made.post("/lti/launch")
        def launch() -> Any:
            self.arrived.append(request.form.to_dict())
            return "arrived"

        return made

    def assertion(self, site: Site, client_id: str, **changes: Any) -> dict[str, Any]:
        """The claims of a good assertion, with changes; None leaves a claim out."""
        now = int(time.time())
        good = {
            "iss": client_id,
            "sub": client_id,
            "aud": f"{self.lms_url}/{site.key}/token",
            "iat": now - 30,
            "exp": now + 60,
            "jti": uuid.uuid4().hex,
        }
        return {name: value for name, value in {**good, **changes}.items() if value is not None}

    def ask(
        self, site: Site, scopes: str, *, activity: str = "programme", kid: str | None = "", key: Any = None, **changes: Any
    ) -> requests.Response:
        """A token request."""
        client_id = site.client_id(site.activity(activity))
        headers = {} if kid is None else {"kid": kid or self.kid}
        signed = jwt.encode(self.assertion(site, client_id, **changes), key or self.key, algorithm="RS256", headers=headers)
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": signed,
            "scope": scopes,
        }
        with requests.Session() as session:
            return session.post(f"{self.lms_url}/{site.key}/token", data=form, timeout=10)

    def token(self, site: Site, scopes: str, activity: str = "programme") -> str:
        """A good token."""
        return str(json.loads(self.ask(site, scopes, activity=activity).text)["access_token"])


def claims_of(tool: Tool, site: Site, *, number: int = -1) -> dict[str, Any]:
    """The verified claims of what arrived at the tool."""
    with requests.Session() as session:
        keys = jwt.PyJWKSet.from_dict(session.get(f"{tool.lms_url}/{site.key}/jwks", timeout=10).json())
    token = tool.arrived[number]["id_token"]
    key = keys[jwt.get_unverified_header(token)["kid"]]
    return dict(jwt.decode(token, key, algorithms=["RS256"], options={"verify_aud": False}))


class Wire:
    """Requests of a tool that has a token."""

    def __init__(self, tool: Any, site: Site, activity: str = "programme", scopes: str = ALL) -> None:
        self.tool, self.site, self.activity = tool, site, site.activity(activity)
        self.token = tool.token(site, scopes, activity)

    def send(self, method: str, url: str, *, token: str | None = "", **more: Any) -> requests.Response:
        headers = {"Accept": None, **more.pop("headers", {})}
        if token is not None:
            headers["Authorization"] = f"Bearer {token or self.token}"
        with requests.Session() as session:
            return session.request(method, url, headers=headers, timeout=10, **more)

    @property
    def container(self) -> str:
        base = f"{self.tool.lms_url}/{self.site.key}/ags/{self.site.service_scope(self.activity)}/lineitems"
        return base if self.site is SOUTH else f"{base}?type_id=7"

    def items(self, query: str = "") -> list[dict[str, Any]]:
        joint = "&" if "?" in self.container else "?"
        return self.send("GET", f"{self.container}{joint}{query}", headers={"Accept": ITEMS}).json()

    @property
    def item(self) -> str:
        link = self.site.resource_link_id(self.activity)
        return next(one["id"] for one in self.items() if one.get("resourceLinkId") == link)

    def part(self, name: str, item: str | None = None) -> str:
        path, _, query = (item or self.item).partition("?")
        return f"{path}/{name}" + (f"?{query}" if query else "")

    def score(self, persona: str = "candidate", *, item: str | None = None, media: str = SCORE_TYPE, **changes: Any) -> requests.Response:
        person = self.site.persona(persona)
        good = {
            "userId": self.site.sub(person) if person else persona,
            "timestamp": "2026-03-01T10:00:00.000Z",
            "activityProgress": "Completed",
            "gradingProgress": "FullyGraded",
            "scoreGiven": 1,
            "scoreMaximum": 1,
        }
        body = {name: value for name, value in {**good, **changes}.items() if value != "leave out"}
        return self.send("POST", self.part("scores", item), json=body, headers={"Content-Type": media})

    def results(self) -> list[dict[str, Any]]:
        return self.send("GET", self.part("results"), headers={"Accept": RESULTS}).json()
