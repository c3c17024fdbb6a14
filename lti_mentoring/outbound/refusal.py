# SPDX-License-Identifier: Apache-2.0
"""Why a request was not made, or had no proper answer."""

from __future__ import annotations

from urllib.parse import urlsplit


class Refused(Exception):
    """We do not make this request or do not take its answer. ``code``: url, scheme, userinfo, host, port, address,
    host_not_tied, too_large, encoding."""

    def __init__(self, code: str, url: str) -> None:
        super().__init__(f"{code}: {_origin(url)}")
        self.code = code
        self.url = url


class Unreachable(Exception):
    """The other side did not answer properly. ``code``: name, connect, tls, timeout, deadline, broken."""

    def __init__(self, code: str, url: str) -> None:
        super().__init__(f"{code}: {_origin(url)}")
        self.code = code
        self.url = url


def _origin(url: str) -> str:
    """Scheme and host only: paths and queries carry tokens and do not belong in a log."""
    try:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.hostname}"
    except ValueError:
        return "an address that cannot be read"
