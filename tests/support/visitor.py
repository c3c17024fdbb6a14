# SPDX-License-Identifier: Apache-2.0
"""Somebody signed in, as the web floor sees them: a client that carries their cookie and their pages' token."""

from __future__ import annotations

import re
import secrets
from contextvars import Context
from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from lti_mentoring.domain.people import Actor
from lti_mentoring.services.session import hashed
from lti_mentoring.store import base
from lti_mentoring.store.people import WebSession
from lti_mentoring.store.platform import Deployment

ORIGIN = "http://localhost:8000"


def handle(org_id: str) -> str:
    """The handle of the deep linking request that waits in every visitor's session."""
    return f"waiting-{org_id}"


def asked_to_place(actor: Actor) -> dict[str, Any]:
    """An LMS of this person's has asked what to place, and takes anything."""
    waiting = {
        "registration_id": actor.registration_id,
        "deployment_id": "1",
        "course_id": actor.course_id,
        "until": (base.now() + timedelta(hours=1)).isoformat(),
        "return_url": "https://lms.example/take",
        "accept_types": ["ltiResourceLink"],
        "accept_multiple": True,
        "accept_lineitem": None,
        "targets": ["iframe", "window"],
        "title": None,
        "data": "kept",
    }
    return {"linking": {handle(actor.org_id): waiting}}


class Visitor:
    """One person's browser at the tool. Paths are relative to their course unless they begin with a slash."""

    def __init__(self, app: Flask, actor: Actor, *, lms_administrator: bool = False) -> None:
        self.actor = actor
        self.client = app.test_client()
        token = secrets.token_urlsafe(32)
        with base.transactional() as session:
            deployment = session.scalar(select(Deployment.id).where(Deployment.registration_id == actor.registration_id))
            session.add(
                WebSession(
                    id_hash=hashed(token),
                    org_id=actor.org_id,
                    person_id=actor.person_id,
                    registration_id=actor.registration_id,
                    deployment_id=deployment,
                    lms_administrator=lms_administrator,
                    payload={"csrf_token": secrets.token_hex(20), **asked_to_place(actor)},
                    expires_at=base.now() + timedelta(hours=12),
                )
            )
        self.client.set_cookie("__Host-lti-mentoring", token, domain="localhost", secure=True, path="/")
        self._csrf = ""

    def path(self, path: str) -> str:
        """The whole path of a page of this person's course."""
        return path if path.startswith("/") else f"/courses/{self.actor.course_id}/{path}"

    def get(self, path: str = "", **more: Any) -> TestResponse:
        """Read a page."""
        answer = self.open("GET", path, **more)
        html = answer.get_data(as_text=True) if answer.mimetype == "text/html" else ""
        found = re.search(r'<meta name="csrf-token" content="([^"]+)"', html)
        if found:
            self._csrf = found[1]
        return answer

    @property
    def csrf(self) -> str:
        """The token of this person's pages."""
        if not self._csrf:
            self.get("name")
        return self._csrf

    def post(self, path: str, data: dict[str, Any] | None = None, **more: Any) -> TestResponse:
        """Send a form, as a browser would from one of our own pages."""
        sent = {"csrf_token": self.csrf, **(data or {})}
        return self.open("POST", path, data=sent, headers={"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}, **more)

    def send(self, method: str, path: str, body: Any) -> TestResponse:
        """Send JSON, as our own scripts do."""
        headers = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin", "X-CSRFToken": self.csrf}
        return self.open(method, path, json=body, headers=headers)

    def open(self, method: str, path: str, **more: Any) -> TestResponse:
        """Send a request as it is, in a context of its own: neither the test's app context nor its tenant scope may help."""
        return Context().run(self.client.open, self.path(path), method=method, base_url="https://localhost:8000", **more)
