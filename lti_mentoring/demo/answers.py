# SPDX-License-Identifier: Apache-2.0
"""How a site answers machines: errors in its family's own shape, pages by opaque cursor, media types to the letter."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode

from flask import Response, request

from lti_mentoring.demo.site import Site

Row = TypeVar("Row")


class Refusal(Exception):
    """A service request that the site turns down. ``fields`` is Open edX's way of naming what is wrong."""

    def __init__(self, status: int, words: str, fields: dict[str, list[str]] | None = None, *, html: bool = False) -> None:
        super().__init__(words)
        self.status = status
        self.words = words
        self.fields = fields
        self.html = html


def refused(site: Site, refusal: Refusal) -> Response:
    """The refusal as this LMS family words it."""
    if refusal.html:
        page = f"<!DOCTYPE html><html lang=en><title>{site.name}</title><h1>{refusal.words}</h1></html>"
        return Response(page, refusal.status, mimetype="text/html")
    if site.profile.client_per_placement:
        return as_json(refusal.fields or {"detail": refusal.words}, refusal.status)
    body = {
        "status": refusal.status,
        "reason": refusal.words,
        "request": {"method": request.method, "url": request.full_path, "accept": request.headers.get("Accept", "")},
    }
    answer = as_json(body, refusal.status, "application/json; charset=utf-8")
    answer.status = f"{refusal.status} {refusal.words}"  # Moodle puts its words into the status line
    return answer


def as_json(body: object, status: int = 200, media_type: str = "application/json", links: Sequence[str] = ()) -> Response:
    """A JSON answer of a given media type."""
    answer = Response(json.dumps(body, ensure_ascii=False), status, content_type=media_type)
    for link in links:
        answer.headers.add("Link", link)
    return answer


def accepted(*types: str, absent: bool = False) -> None:
    """Insist on one of these types in Accept; the LMSs that we play know no wildcard here."""
    given = [part.split(";")[0].strip() for part in request.headers.get("Accept", "").split(",") if part.strip()]
    if (not given and absent) or any(one in types for one in given):
        return
    raise Refusal(NOT_ACCEPTABLE[_family()], f"No handler found for {request.path} {request.headers.get('Accept', '')}".strip())


def content_type(*types: str) -> None:
    """Insist on one of these types in Content-Type."""
    if request.mimetype not in types:
        raise Refusal(UNSUPPORTED[_family()], f"No handler found for {request.path} {request.mimetype}".strip())


NOT_ACCEPTABLE = {"moodle": 400, "openedx": 406}
UNSUPPORTED = {"moodle": 400, "openedx": 415}


def _family() -> str:
    return str(request.environ["pocket_lms.family"])


def paged(rows: Sequence[Row], size: int | None, url: str) -> tuple[Sequence[Row], list[str]]:
    """One page of rows, and a proper Link to the next. The cursor is opaque and its case matters."""
    start = _read_cursor(request.args.get("cursor"))
    if size is None:
        return rows[start:], []
    page = rows[start : start + size]
    if start + size >= len(rows):
        return page, []
    query = [pair for pair in parse_qsl(request.query_string.decode(), keep_blank_values=True) if pair[0] != "cursor"]
    target = f"{url}?{urlencode([*query, ('cursor', cursor(start + size))])}"
    return page, [f'<{target}>; rel="next"']


def cursor(start: int) -> str:
    """An opaque place in a list."""
    return base64.urlsafe_b64encode(f"Page:{start}:From".encode()).decode()


def _read_cursor(text: str | None) -> int:
    if text is None:
        return 0
    try:
        found = re.fullmatch(rb"Page:(\d+):From", base64.urlsafe_b64decode(text))
    except ValueError:
        found = None
    if found is None:
        raise Refusal(400, "Invalid cursor")
    return int(found.group(1))


def limit() -> int | None:
    """The page size asked for."""
    text = request.args.get("limit", "")
    return int(text) if text.isdigit() and int(text) > 0 else None


def body() -> dict[str, Any]:
    """The JSON object of the request."""
    try:
        found = json.loads(request.get_data())
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Refusal(400, "The body is not a JSON object")
    return found
