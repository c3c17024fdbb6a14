# SPDX-License-Identifier: Apache-2.0
"""Flask without what this product never uses, and what costs at every request all the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, Response
from werkzeug.datastructures import Headers


class Tool(Flask):
    """No function of ours is a coroutine, so none is asked whether it is one."""

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
