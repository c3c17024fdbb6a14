# SPDX-License-Identifier: Apache-2.0
"""What an LMS in trouble answers, in its family's own words."""

from __future__ import annotations

from collections.abc import Callable
from email.utils import formatdate
from typing import Any

from flask import Response, request

from lti_mentoring.demo.answers import NOT_ACCEPTABLE, UNSUPPORTED, Refusal, refused
from lti_mentoring.demo.faults import clock
from lti_mentoring.demo.world import here


def _flaky(_: dict[str, Any]) -> Response:
    return refused(here(), Refusal(503, "Service Unavailable", html=True))


def _failed(options: dict[str, Any]) -> Response:
    return refused(here(), Refusal(int(options["status"]), "Something went wrong on our side", html=True))


def _down(_: dict[str, Any]) -> Response:
    return refused(here(), Refusal(503, "Down for maintenance", html=True))


def _html(_: dict[str, Any]) -> Response:
    return refused(here(), Refusal(200, "Please sign in", html=True))


def _throttled(options: dict[str, Any]) -> Response:
    seconds = int(options["retry_after"])
    when = formatdate(clock(here().key) + seconds, usegmt=True) if options["as_date"] else str(seconds)
    return Response("Too Many Requests", 429, {"Retry-After": when}, mimetype="text/plain")


def _quota(_: dict[str, Any]) -> Response:
    return Response("403 Forbidden (Rate Limit Exceeded)", 403, {"X-Rate-Limit-Remaining": "0"}, mimetype="text/plain")


def _media_type(_: dict[str, Any]) -> Response:
    family = here().profile.family
    if request.method in ("POST", "PUT"):
        return refused(here(), Refusal(UNSUPPORTED[family], f"No handler found for {request.path} {request.mimetype}"))
    return refused(here(), Refusal(NOT_ACCEPTABLE[family], f"No handler found for {request.path} {request.headers.get('Accept', '')}"))


def _token(_: dict[str, Any]) -> Response:
    status = here().profile.unauthorised
    return refused(here(), Refusal(status, "Unauthorized" if status == 401 else "You do not have permission to perform this action."))


def _stale(options: dict[str, Any]) -> Response:
    if not here().profile.client_per_placement:  # Moodle compares whole seconds and says the same to equal and to older ones
        return refused(here(), Refusal(409, "Refusing score with an earlier timestamp for item and user"))
    words = "Score already exists for the provided timestamp" if options["equal"] else OLDER
    return refused(here(), Refusal(400, "timestamp", {"timestamp": [words]}))


OLDER = "Score timestamp can only be updated to a later point in time"


def _deleted_column(_: dict[str, Any]) -> Response:
    return refused(here(), Refusal(404, "Not Found: Grade item doesn't exist."))


def _not_gradable(_: dict[str, Any]) -> Response:
    if here().profile.client_per_placement:  # Open edX looks for the person and falls over
        return refused(here(), Refusal(500, "Server Error (500)", html=True))
    return refused(here(), Refusal(400, "Incorrect score received"))


def _closed_course(options: dict[str, Any]) -> Response:
    return refused(here(), Refusal(int(options["status"]), "This course has concluded"))


def _gone(_: dict[str, Any]) -> Response:
    return refused(here(), Refusal(404, "Page not found", html=True))


def _moved(options: dict[str, Any]) -> Response:
    return Response("", 301, {"Location": f"{options['to']}{request.path}"}, mimetype="text/html")


def _nothing(_: dict[str, Any]) -> Response:
    return Response("never answered", 504, mimetype="text/plain")  # for the log only


ANSWERS: dict[str, Callable[[dict[str, Any]], Response]] = {
    "flaky": _flaky,
    "error": _failed,
    "down": _down,
    "html": _html,
    "throttle": _throttled,
    "quota": _quota,
    "media_type": _media_type,
    "refused_token": _token,
    "stale": _stale,
    "deleted_column": _deleted_column,
    "not_gradable": _not_gradable,
    "closed_course": _closed_course,
    "gone": _gone,
    "moved": _moved,
    "black_hole": _nothing,
}
