# SPDX-License-Identifier: Apache-2.0
"""Flask without what this product never uses, and what costs at every request all the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, Request, Response, request
from werkzeug.datastructures import Headers

from lti_mentoring.services.collision import once_more

MOST_BYTES = 1_000_000
"""The largest form that is read. A launch is a few kilobytes; 64 kB of token are refused with their own reason."""


class Asked(Request):
    """A request whose limits are the same wherever it goes; by itself, Flask looks each of them up in the app's settings for each form."""

    max_content_length = MOST_BYTES
    max_form_memory_size = 500_000
    max_form_parts = 1_000


class Tool(Flask):
    """No function of ours is a coroutine, so none is asked whether it is one."""

    request_class = Asked

    def dispatch_request(self) -> Any:
        """A verb that was in another one's way at the database is done once more; a page only reads."""
        if request.method == "GET":
            return super().dispatch_request()
        return once_more(super().dispatch_request, self._again)

    def _again(self) -> Any:
        for file in request.files.values():
            file.seek(0)  # it was read the first time
        return super().dispatch_request()

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """As it is."""
        return func


class Onward(Response):
    """A redirect without a page, which no browser shows. Its headers are complete as they stand; the address is a URI already, so
    nobody looks through it for letters that an address cannot have."""

    default_mimetype = None

    def get_wsgi_headers(self, environ: Any) -> Headers:
        """As they are."""
        return self.headers


def onward(url: str, status: int) -> Onward:
    """Send the browser on to ``url``: a URI, or a path of ours; ASCII either way."""
    answer = Onward(status=status)
    answer.headers.extend((("Location", url), ("Content-Length", "0")))
    return answer
