# SPDX-License-Identifier: Apache-2.0
"""The one guarded door to other people's servers (checklist AS-05): no private address, no redirect, no endless answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests

from lti_mentoring.outbound.addresses import Rules
from lti_mentoring.outbound.refusal import Refused, Unreachable
from lti_mentoring.outbound.transport import DEFAULT_MAX_BYTES, HEADERS, Guard, Limits, Session

__all__ = ["DEFAULT_MAX_BYTES", "Answer", "Client", "Refused", "Unreachable"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status is the caller's to judge, redirects included. Header names are case-insensitive."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str

    def json(self) -> Any:
        """The body as JSON whatever its media type says (Moodle's token answer says text/html); ValueError if it is not."""
        try:
            return json.loads(self.body)
        except RecursionError:
            raise ValueError("nested too deeply") from None

    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


class Client:
    """One per process. Times are seconds; a request takes at most ``total_timeout`` in all (both others together, if unsaid).

    ``private_hosts`` are host names or networks that may be private (https still required); ``ports`` the allowed ones;
    ``allow_local`` lifts scheme, port and private addresses (development only), but never link-local and metadata;
    ``ca_bundle`` is a file of further authorities; ``forbid`` is called before each request and raises where none may be made.
    """

    def __init__(
        self,
        *,
        allow_local: bool = False,
        private_hosts: Collection[str] = (),
        ports: Sequence[int] = (443,),
        ca_bundle: str | None = None,
        proxy: str | None = None,
        connect_timeout: float = 5,
        read_timeout: float = 15,
        total_timeout: float | None = None,
        forbid: Callable[[], None] | None = None,
    ) -> None:
        self._rules = Rules(allow_local=allow_local, private_hosts=private_hosts, ports=ports)
        self.total_timeout = total_timeout or connect_timeout + read_timeout
        timeouts = (connect_timeout, read_timeout)
        self._guard = Guard(self._rules, ca_bundle=ca_bundle, proxy=proxy, timeouts=timeouts, total=self.total_timeout, forbid=forbid)
        self.session: requests.Session = Session(self._guard)

    def listed(self, url: str) -> bool:
        """Whether the operator's list of private hosts names the host of ``url``, or its network."""
        return self._rules.listed(urlsplit(url).hostname or "")

    def check(self, url: str) -> None:
        """Whether we would ever call ``url``, as far as that can be said without a network; Refused if not."""
        self._rules.check(url)

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        data: bytes | str | Mapping[str, str] | None = None,
        max_bytes: int = DEFAULT_MAX_BYTES,
        hosts: Collection[str] | None = None,
        seconds: float | None = None,
        cut: bool = False,
    ) -> Answer:
        """One request, one answer. ``hosts``: the only host names that it may go to; ``seconds``: a shorter total than usual;
        ``cut``: keep the beginning of an answer that is too long or packed in a way we do not know, instead of refusing it.

        :raises Refused: we do not make it or do not take the answer
        :raises Unreachable: no proper answer
        """
        sent, body = {**HEADERS, **(headers or {})}, data.encode() if isinstance(data, str) else data
        if body is not None and not isinstance(body, bytes):
            sent["Content-Type"], body = "application/x-www-form-urlencoded", urlencode(body).encode()
        limits = Limits(max_bytes, seconds or self.total_timeout, cut)
        try:
            status, got, plain = self._guard.fetch(method, url if url.isascii() else _prepared(url), sent, body, limits, hosts=hosts)
        except (UnicodeError, ValueError, requests.RequestException):
            raise Refused("url", url) from None
        return Answer(status, got, plain, url)


def _prepared(url: str) -> str:
    """A name in other letters than ASCII, as requests writes it (IDNA)."""
    request = requests.PreparedRequest()
    request.prepare_url(url, None)
    return str(request.url)
