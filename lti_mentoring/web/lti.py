# SPDX-License-Identifier: Apache-2.0
"""The LMS's way in: login initiation, launch, and the tool's public keys."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode, urlsplit, urlunsplit

import structlog
from flask import Blueprint, Response, jsonify, make_response, render_template, request, url_for
from prometheus_client import Counter

from lti_mentoring.domain.delivery import APPLICATION, COHORT
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.lti import launch as protocol
from lti_mentoring.lti import platforms
from lti_mentoring.lti.claims import DATA_PRIVACY, DEEP_LINKING, SUBMISSION_REVIEW
from lti_mentoring.lti.launch import Launch, LaunchRefused, StorageAsked
from lti_mentoring.services import people
from lti_mentoring.services.people import SignedIn
from lti_mentoring.services.tombstone import ErasedBefore
from lti_mentoring.web import frame, returning, session, storage
from lti_mentoring.web.access import public
from lti_mentoring.web.frame import ForeignForm
from lti_mentoring.web.telemetry import Sparing, request_id
from lti_mentoring.web.tool import onward
from lti_mentoring.web.wiring import the_request, wiring
from lti_mentoring.web.wording.launch import Refusal

bp = Blueprint("lti", __name__)
log = structlog.get_logger()

REFUSALS = Sparing(60)
"""Refusals of one registration are written down so many times a minute; the counter has all of them. Good launches are never limited."""

LAUNCHES = Counter("lti_mentoring_launches", "Launches by how they ended", ["outcome"])


def _sent() -> Mapping[str, str]:
    """The parameters of an LMS's message; a form's fields win over those in the address."""
    asked = the_request()
    return asked.args.to_dict() | asked.form.to_dict()


@bp.route("/lti/login", methods=["GET", "POST"])
@public("an LMS sends people here before they are known")
def login() -> Response:
    params = _sent()
    w = wiring()
    try:
        begun = protocol.begin(
            params,
            registry=w.registry,
            signer=w.signer,
            launch_url=w.settings.launch_url,
            public_url=w.settings.public_url,
            now=datetime.now(UTC),
        )
    except LaunchRefused as refusal:
        return refused(refusal)
    answer = onward(begun.location, 302) if begun.storage is None else storage.keep(begun)
    session.set_cookie(answer, begun.cookie_name, begun.cookie_value, max_age=begun.max_age)
    return answer


@bp.post("/lti/launch")
@public("carries its own proof: a signed token, and a state bound to this browser")
def launch() -> Response:
    sent = request.form.to_dict()  # never from the address: tokens there would reach the logs of proxies
    try:
        received, signed = _enter(sent)
    except StorageAsked as asked:
        return storage.ask(asked, sent)
    except ErasedBefore as erased:
        return returning.ask(erased)
    except LaunchRefused as refusal:
        return refused(refusal)
    return _entered(onward(_landing(signed), 303), received, signed)


@bp.post("/lti/complete")
@public("carries its own proof: a sealed launch, and a value that the LMS's page held for this browser alone")
def complete() -> Response:
    """The second step of a launch over platform storage."""
    given = request.form.to_dict()
    try:
        # Else somebody could have another's browser sent here with a launch and a value of their own.
        frame.check_origin(the_request())
        sent = storage.opened(given)
        received, signed = _enter(sent, stored=given.get("value", ""))
    except ForeignForm:
        return refused(LaunchRefused("state_unbound"))
    except ErasedBefore as erased:
        return returning.ask(erased)
    except LaunchRefused as refusal:
        log.warning("storage_failed", why=storage.failure(given), reference=request_id())
        return refused(refusal)
    return _entered(storage.carry(signed.token, _landing(signed), received, sent["state"]), received, signed)


def _entered(answer: Response, received: Launch, signed: SignedIn) -> Response:
    LAUNCHES.labels("accepted").inc()
    session.set_cookie(answer, session.COOKIE, signed.token, max_age=wiring().settings.session.absolute_hours * 3600)
    session.clear_cookie(answer, received.cookie_name)
    return answer


def _enter(sent: Mapping[str, str], *, stored: str | None = None, again: bool = True) -> tuple[Launch, SignedIn]:
    """Verify, and sign in. What the registry remembered may be seconds old; where that matters, it forgets, and looks ``again``."""
    w = wiring()
    received = protocol.receive(
        sent,
        request.cookies,
        registry=w.registry,
        keysets=w.keysets,
        signer=w.signer,
        launch_url=w.settings.launch_url,
        public_url=w.settings.public_url,
        leeway_seconds=w.settings.clock_leeway_seconds,
        now=datetime.now(UTC),
        stored=stored,
    )
    try:
        return received, people.sign_in(
            received,
            old_token=request.cookies.get(session.COOKIE),
            absolute=timedelta(hours=w.settings.session.absolute_hours),
            private_hosts=w.settings.private_platform_hosts,
        )
    except ErasedBefore:
        raise
    except RuleBroken as broken:
        if again and broken.code == "registration_gone":
            w.registry.forget()
            return _enter(sent, stored=stored, again=False)
        status = 403 if broken.code == "deployment_pending" else 401
        raise LaunchRefused(broken.code, status, registration=received.registration, return_url=received.return_url) from broken


def _landing(signed: SignedIn) -> str:
    """The page that this activity opens; somebody without a name is asked for one first."""
    target = _page(signed)
    return url_for("people.name", course=signed.course_id, next=target) if signed.nameless else target


_KEY = re.compile(r"[A-Za-z0-9_-]{1,40}")


def _page(signed: SignedIn) -> str:
    course = signed.course_id
    if signed.message_type == DEEP_LINKING:
        return url_for("linking.index", course=course, handle=signed.handle)
    if signed.message_type == SUBMISSION_REVIEW:
        endpoint = "review.person" if signed.about else "review.index"
        return url_for(endpoint, course=course, person=signed.about or None, activity=signed.placement_id or None)
    if signed.message_type == DATA_PRIVACY and signed.about == signed.person_id:
        return url_for("my_privacy.index", course=course)
    if signed.message_type == DATA_PRIVACY:
        return url_for("holdings.index", course=course, person=signed.about)
    kind, _, key = signed.item.partition(":")
    if kind == "module" and _KEY.fullmatch(key):
        return url_for("training.module", course=course, key=key)
    if kind == "observation" and not key:
        return url_for("observation.index", course=course)
    if kind in (APPLICATION, COHORT) and not key:
        return url_for("home.placed", course=course, item=kind)
    return url_for("home.index", course=course)


def refused(refusal: LaunchRefused) -> Response:
    """A page that a teacher can act on, in any frame, without a trace but one line in the log."""
    reference = request_id()
    registration = refusal.registration
    LAUNCHES.labels(refusal.reason).inc()
    known = registration.id if registration else None
    if REFUSALS.lets(known or "unknown", time.monotonic()):
        log.warning("launch_refused", reason=refusal.reason, reference=reference, registration=known)
    frame.allow_frames(frame.ANYONE)
    profile = platforms.profile(registration.family) if registration else None
    restart = refusal.restart if profile is not None and not profile.hints_single_use else None
    if restart is not None and registration is not None:
        frame.allow_form_to(registration.auth_url)
    page = Refusal(
        reason=refusal.reason,
        status=refusal.status,
        reference=reference,
        at=datetime.now(UTC),
        platform=registration.name if registration else None,
        return_url=_return_address(refusal.return_url, refusal.reason),
        # On top of its window already, another window would end here again.
        own_window=refusal.reason == "state_unbound" and request.headers.get("Sec-Fetch-Dest") != "document",
        restart=restart,
        detail=refusal.detail,
    )
    answer = make_response(render_template("error/refused.html", refusal=page), refusal.status)
    return answer


def _return_address(url: str | None, reason: str) -> str | None:
    """The LMS's own page with our reason attached (checklist V-17); https only, offered as a link and never followed by itself."""
    if not url or not url.startswith("https://"):
        return None
    parts = urlsplit(url)
    added = urlencode({"lti_errormsg": "The activity could not be opened.", "lti_errorlog": reason})
    return urlunsplit(parts._replace(query=f"{parts.query}&{added}" if parts.query else added))


@bp.get("/.well-known/jwks.json")
@public("platforms check our signatures with these keys")
def jwks() -> Response:
    answer = jsonify(keys=wiring().published_keys())
    answer.headers["Cache-Control"] = "public, max-age=3600"
    return answer
