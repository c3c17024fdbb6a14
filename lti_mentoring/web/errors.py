# SPDX-License-Identifier: Apache-2.0
"""Error pages that a teacher can act on, and problem+json for the API."""

from __future__ import annotations

import re
from typing import Any

import structlog
from flask import Flask, Response, g, jsonify, render_template, request, url_for
from flask_wtf.csrf import CSRFError
from marshmallow import ValidationError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.domain.rule import NotAllowed, NotFound, RuleBroken
from lti_mentoring.web import frame, session, telemetry
from lti_mentoring.web.frame import ForeignForm
from lti_mentoring.web.wording.rule import rule_words

log = structlog.get_logger()

SHOWN = frozenset({400, 401, 403, 404, 405, 409, 413, 429, 500, 503})
MOST_TYPED = 100_000
CHOSEN = re.compile(r"[0-9a-f-]{32,36}|.{0,3}")
"""Ids, numbers and boxes: chosen, not typed."""


def _wants_json() -> bool:
    return request.path.startswith("/api/")


def _answer(status: int, code: str, words: str, **more: Any) -> tuple[str | Response, int]:
    if _wants_json():
        answer = jsonify(type="about:blank", status=status, code=code, title=words, **more)
        answer.mimetype = "application/problem+json"
        return answer, status
    if request.path.startswith("/lti/") or status == 401:
        frame.allow_frames(frame.ANYONE)  # a session that ended in a frame must not end as the browser's blank box (decision 10)
    template = f"error/{status}.html" if status in SHOWN else "error/500.html"
    return render_template(template, code=code, words=words, **more), status


def _rule(error: RuleBroken) -> tuple[str | Response, int]:
    status = 404 if isinstance(error, NotFound) else 403 if isinstance(error, NotAllowed) else 409
    return _answer(status, error.code, rule_words(error.code, error.facts), **_why(error), **_kept())


def _why(error: RuleBroken) -> dict[str, Any]:
    """The page that explains the verdict, where a permission was missing; the person is in the course, or there would be none."""
    here, wanted = g.get("here"), error.facts.get("permission")
    if _wants_json() or error.code != "permission" or here is None or wanted is None:
        return {}
    return {"why": url_for("permission.why", course=here.actor.course_id, permission=wanted)}


def _invalid(error: ValidationError) -> tuple[str | Response, int]:
    return _answer(400, "form", rule_words("form", {}), errors=error.messages, **_kept())


def _typed() -> list[tuple[str, str]]:
    """What somebody wrote into a refused form, so that it is not lost with the refusal."""
    sent = [(name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"]
    texts = [(name, value) for name, value in sent if not CHOSEN.fullmatch(value.strip())]
    return texts if sum(len(value) for _, value in texts) <= MOST_TYPED else []


def _kept() -> dict[str, Any]:
    return {} if _wants_json() else {"typed": _typed()}


def _foreign(error: HTTPException) -> tuple[str | Response, int]:
    if session.current() is None and not isinstance(error, ForeignForm):
        return _answer(401, "http_401", rule_words("http_401", {}), **_kept())  # signed out while writing: the token went with the session
    return _answer(403, "foreign_form", rule_words("foreign_form", {}), **_kept())


def _http(error: HTTPException) -> tuple[str | Response, int] | AnyResponse:
    status = error.code or 500
    if status < 400:
        return error.get_response()
    content, status = _answer(status, f"http_{status}", rule_words(f"http_{status}", {}))
    answer = Response(content) if isinstance(content, str) else content
    for name, value in error.get_headers():
        if name == "Allow":
            answer.headers[name] = value
    return answer, status


def _unforeseen(error: Exception) -> tuple[str | Response, int]:
    telemetry.note_failure(log, "unforeseen", error)
    return _answer(500, "unforeseen", rule_words("unforeseen", {}), reference=telemetry.request_id())


def init_app(app: Flask) -> None:
    """Register the handlers, the most particular first."""
    app.register_error_handler(RuleBroken, _rule)
    app.register_error_handler(ValidationError, _invalid)
    app.register_error_handler(CSRFError, _foreign)
    app.register_error_handler(ForeignForm, _foreign)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unforeseen)
