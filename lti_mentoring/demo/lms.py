# SPDX-License-Identifier: Apache-2.0
"""Makes the pocket LMS: one process that plays several LMS sites on a loopback address, and signs anyone in."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, abort, g, request
from werkzeug.exceptions import HTTPException
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from lti_mentoring.demo import (
    columns,
    control,
    gradebook,
    growing,
    linking,
    mails,
    notices,
    pages,
    protocol,
    registering,
    reviewing,
    roster,
    troubles,
    world,
)
from lti_mentoring.demo.site import SITES, Site
from lti_mentoring.demo.state import State
from lti_mentoring.settings import resources


class NotLoopback(ValueError):
    """The pocket LMS signs anyone in; it is for this machine only."""


def create_lms(
    *, state_path: Path | str, base_url: str, tool_url: str, secret: str, sites: Sequence[Site] = SITES, mail_folder: Path | None = None
) -> Flask:
    """The pocket LMS at ``base_url``, in front of the tool at ``tool_url``; its memory is an SQLite file of its own. ``mail_folder`` is
    where the tool writes its mails, which the LMS shows."""
    host = urlsplit(base_url).hostname or ""
    if not _loopback(host):
        raise NotLoopback(f"the pocket LMS runs on a loopback address only, not on {host or base_url}")
    app = Flask(
        "lti_mentoring.demo",
        static_folder=Path(__file__).parent / "static",
        static_url_path="/static",
        template_folder=resources("templates")[0],
    )
    app.config["MAX_CONTENT_LENGTH"] = 4 * 1024 * 1024
    app.config[mails.FOLDER] = mail_folder
    state = State(state_path)
    app.extensions[world.EXTENSION] = world.build(state=state, base_url=base_url, tool_url=tool_url, secret=secret, played=sites)
    for site in sites:
        columns.prepare(state, site)
    growing.restore(app.extensions[world.EXTENSION])
    protocol.COMPANIONS |= {"deep_linking": linking.asking, "review": reviewing.reviewing, "privacy": reviewing.on_privacy}
    app.url_value_preprocessor(_enter_site)
    app.before_request(_guard)
    app.after_request(_headers)
    app.register_error_handler(HTTPException, _failed)
    app.context_processor(lambda: {"site": g.get("site"), "me": g.get("me"), "tool_url": world.world().tool_url})
    rooms = (pages, troubles, protocol, gradebook, roster, notices, linking, registering, reviewing, mails, control)
    for blueprint in (pages.front, *(room.bp for room in rooms)):
        app.register_blueprint(blueprint)
    return app


def _enter_site(endpoint: str | None, values: dict[str, Any] | None) -> None:
    if values and "site" in values:
        world.enter(values.pop("site"))


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _guard() -> None:
    """Answer this machine only, under our own name only, and take forms from our own pages only."""
    if not _loopback(request.remote_addr or "") or request.host != urlsplit(world.world().base_url).netloc:
        abort(403, "The pocket LMS answers on its own loopback address only.")
    if request.method == "POST" and (request.blueprint in {"pages", "troubles"} or request.endpoint == "registering.activate"):
        origin = request.headers.get("Origin")
        if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin" or origin not in (None, world.world().base_url):
            abort(403, "This form was not sent from one of our own pages.")


def _headers(answer: Response) -> Response:
    answer.headers.setdefault("X-Content-Type-Options", "nosniff")
    answer.headers.setdefault("Referrer-Policy", "strict-origin-when-cross-origin")
    return answer


def _failed(problem: HTTPException) -> Response:
    if request.blueprint == "control":
        answer = Response(problem.description or "", problem.code or 500, mimetype="text/plain")
        return answer
    return pages.plain(problem.description or "Something went wrong.", problem.code or 500)


class QuietHandler(WSGIRequestHandler):
    """Keeps connections open, and keeps its requests off the terminal: the message log has them."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


def server(app: Flask, host: str, port: int) -> BaseWSGIServer:
    """A threaded server for it; call ``serve_forever()``. Loopback only, whatever the address."""
    if not _loopback(host):
        raise NotLoopback(f"the pocket LMS runs on a loopback address only, not on {host}")
    return make_server(host, port, app, threaded=True, request_handler=QuietHandler)
