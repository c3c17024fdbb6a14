# SPDX-License-Identifier: Apache-2.0
"""Redirects that cost little: an address that is a URI already, and no page that nobody reads."""

from __future__ import annotations

from typing import Any

from flask import Response
from werkzeug.datastructures import Headers


class Onward(Response):
    """A redirect without a body. The address must be a URI, that is ASCII: Flask's own would look through it for what is not."""

    default_mimetype = None

    def get_wsgi_headers(self, environ: Any) -> Headers:
        """They are complete as they stand."""
        return self.headers


def onward(url: str, status: int) -> Onward:
    """Send the browser on to ``url``."""
    answer = Onward(status=status)
    answer.headers.extend((("Location", url), ("Content-Length", "0")))
    return answer
