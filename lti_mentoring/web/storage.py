# SPDX-License-Identifier: Apache-2.0
"""The small pages on which the LMS's page keeps a value for us and gives it back, where the browser may keep no cookie (checklist PM)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from flask import Response, make_response, render_template

from lti_mentoring.lti import storage as protocol
from lti_mentoring.lti.launch import Launch
from lti_mentoring.lti.login import LoginRedirect
from lti_mentoring.lti.storage import StorageAsked
from lti_mentoring.services import session as sessions
from lti_mentoring.web import frame, session
from lti_mentoring.web.wiring import wiring

STEP_MS = 1000
"""How long the LMS's page may take for an answer (PM-06); after that the next way is taken."""


def keep(begun: LoginRedirect) -> Response:
    """The login's page: ask the LMS's page to hold the value, then go on, whatever came of it. Without script it is a redirect."""
    frame.allow_frames(begun.registration.frame_origins)
    frame.allow_form_to(begun.registration.auth_url)
    return make_response(
        render_template("storage/keep.html", storage=begun.storage, value=begun.stored_value, onward=begun.location, step_ms=STEP_MS)
    )


def ask(asked: StorageAsked, sent: Mapping[str, str]) -> Response:
    """The launch's page: have the value from the LMS's page, and send it with the sealed launch to ``/lti/complete`` (PM-07)."""
    if asked.registration is not None:
        frame.allow_frames(asked.registration.frame_origins)
    handle = protocol.seal_launch(wiring().sealer, sent, datetime.now(UTC))
    return make_response(
        render_template("storage/ask.html", storage=asked.storage, state=sent["state"], handle=handle, step_ms=STEP_MS)
    )


def opened(sent: Mapping[str, str]) -> dict[str, str]:
    """The launch that a page of ``ask`` sent back, to be verified once more.

    :raises LaunchRefused: where it is not ours, is too old, or belongs to another state
    """
    return protocol.open_launch(wiring().sealer, sent.get("handle", ""), sent.get("state", ""), datetime.now(UTC))


FAILURES = ("", "timeout", "no_page", "unsupported", "no_script", "refused", "other")


def failure(sent: Mapping[str, str]) -> str:
    """Why the LMS's page did not give the value back, in one of our own words (PM-09)."""
    said = sent.get("failed", "")
    return said if said in FAILURES else "other"


def carry(token: str, target: str, received: Launch, state: str) -> Response:
    """The page that stays: its script fetches each page with the session in a header, and shows it in this one's place.

    What this page's policy forbids stays forbidden to all of them, so that it lets a form go back to the LMS from the first.
    """
    registration = received.registration
    frame.allow_frames(registration.frame_origins)
    if received.deep_linking is not None:
        frame.allow_form_to(received.deep_linking.return_url)
    now = datetime.now(UTC)
    held, storage = sessions.carry(token=token, now=now), protocol.storage_of(wiring().signer, registration, state, now)
    page = render_template("storage/carry.html", token=session.write(held), target=target, storage=storage, step_ms=STEP_MS)
    return make_response(page)
