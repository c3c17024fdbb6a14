# SPDX-License-Identifier: Apache-2.0
"""How a request travels: to a vetted address under its own name, within a deadline and a size, and never further."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import zlib
from collections.abc import Callable, Collection, Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any, NamedTuple
from urllib.parse import SplitResult

import certifi
import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NameResolutionError, NewConnectionError, ReadTimeoutError, SSLError
from urllib3.poolmanager import PoolManager
from urllib3.response import BaseHTTPResponse
from urllib3.util import Timeout
from urllib3.util.connection import create_connection
from urllib3.util.ssl_ import create_urllib3_context

from lti_mentoring.outbound.addresses import Rules
from lti_mentoring.outbound.deadline import Deadline, Watchdog
from lti_mentoring.outbound.refusal import Refused, Unreachable

DEFAULT_MAX_BYTES = 1024 * 1024
_CHUNK = 64 * 1024
_MOST_HOSTS = 256
_MOST_AT_ONE_HOST = 64
"""Connections that are kept open; more are made where they are needed, and closed after use."""


class Limits(NamedTuple):
    """What an answer may cost: bytes, seconds in all, and whether the beginning of a longer one is of use."""

    max_bytes: int
    seconds: float
    cut: bool


class _Current(threading.local):
    deadline: Deadline | None = None


class _InOnePiece(HTTPConnection):
    """Head and body leave together: each system call costs as much as making the request."""

    _gathered: list[Any] | None = None

    def request(self, *args: Any, **kwargs: Any) -> None:
        self._gathered = []
        try:
            super().request(*args, **kwargs)
            pieces = self._gathered
        finally:
            self._gathered = None
        self.send(b"".join(pieces))

    def send(self, data: Any) -> None:
        if self._gathered is not None and isinstance(data, bytes):
            self._gathered.append(data)
        else:
            super().send(data)


def _connections(rules: Rules | None, current: _Current, watchdog: Watchdog) -> dict[str, type[HTTPConnectionPool]]:
    """urllib3's pools, with connections that go to a vetted address (``rules`` is None towards the operator's own proxy)
    while SNI, certificate check and Host header keep the name."""

    class Guarded(_InOnePiece):
        def _new_conn(self) -> socket.socket:
            deadline = current.deadline or Deadline(5)
            timeout = min(float(self.timeout or 5), deadline.left())
            try:
                found = [self.host] if rules is None else rules.addresses(self._dns_host, self.port, timeout)
            except OSError as error:
                raise NameResolutionError(self.host, self, socket.gaierror(str(error))) from error
            failure: OSError = TimeoutError("no time left")
            for address in found[:4]:
                try:
                    return create_connection((address, self.port), min(timeout, deadline.left()), socket_options=self.socket_options)
                except OSError as error:
                    failure = error
            if isinstance(failure, TimeoutError):
                raise ConnectTimeoutError(self, "timed out") from failure
            raise NewConnectionError(self, "refused") from failure

        def getresponse(self) -> Any:
            if current.deadline is not None and isinstance(self.sock, socket.socket):
                watchdog.watch(current.deadline, self.sock)
            return super().getresponse()

    class GuardedTls(Guarded, HTTPSConnection):
        pass

    class Pool(HTTPConnectionPool):
        ConnectionCls = Guarded

    class TlsPool(HTTPSConnectionPool):
        ConnectionCls = GuardedTls

    return {"http": Pool, "https": TlsPool}


class Guard(HTTPAdapter):
    """The transport under every request, whoever makes it (pylti1p3's classes included)."""

    def __init__(
        self,
        rules: Rules,
        *,
        ca_bundle: str | None,
        proxy: str | None,
        timeouts: tuple[float, float],
        total: float,
        forbid: Callable[[], None] | None,
    ) -> None:
        self._rules, self._ca_bundle, self._proxy, self._forbid = rules, ca_bundle, proxy, forbid
        self._timeouts, self._total = timeouts, total
        self._current, self._watchdog = _Current(), Watchdog()
        self._tls: ssl.SSLContext | None = None
        self._pools: dict[tuple[str, str], HTTPConnectionPool] = {}
        super().__init__(pool_connections=_MOST_HOSTS, pool_maxsize=_MOST_AT_ONE_HOST)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any) -> None:
        self.poolmanager = PoolManager(num_pools=connections, maxsize=maxsize, block=block, **pool_kwargs)
        self.poolmanager.pool_classes_by_scheme = _connections(self._rules, self._current, self._watchdog)

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **proxy_kwargs)
        manager.pool_classes_by_scheme = _connections(None, self._current, self._watchdog)
        return manager

    def _tls_context(self) -> ssl.SSLContext:
        if self._tls is None:
            context = create_urllib3_context()
            context.load_verify_locations(certifi.where())
            if self._ca_bundle:
                context.load_verify_locations(self._ca_bundle)
            self._tls = context
        return self._tls

    def send(self, request: Any, *args: Any, **kwargs: Any) -> requests.Response:
        """What a session of requests sends (pylti1p3's classes): ours decide on limits, certificates and proxy, not the caller's."""
        raw, body = self._exchange(
            request.method, request.url, request.headers, request.body, Limits(DEFAULT_MAX_BYTES, self._total, cut=False), hosts=None
        )
        response = self.build_response(request, raw)
        response._content = body
        response._content_consumed = True  # type: ignore[attr-defined]  # how requests itself marks a body that was read
        return response

    def fetch(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, limits: Limits, *, hosts: Collection[str] | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and the whole unpacked body, within the limits.

        :raises Refused: see there
        :raises Unreachable: see there
        """
        raw, plain = self._exchange(method, url, headers, body, limits, hosts=hosts)
        return raw.status, raw.headers, plain

    def _exchange(
        self, method: str, url: str, headers: Mapping[str, str], body: Any, limits: Limits, *, hosts: Collection[str] | None
    ) -> tuple[BaseHTTPResponse, bytes]:
        if self._forbid is not None:
            self._forbid()
        parts = self._rules.check(url, hosts)
        deadline = self._current.deadline = Deadline(limits.seconds)
        try:
            if self._proxy:
                self._vet_for_proxy(parts)
            raw = self._sent(method, parts, headers, body, limits.seconds)
            try:
                plain = _taken(raw, limits, url)
            finally:
                raw.close()  # a connection that was read to the end has gone back to its pool by then
        except Refused as refused:
            raise Refused(refused.code, url) from None
        except (HTTPError, OSError) as error:
            raise Unreachable("deadline" if deadline.passed else _trouble(error), url) from error
        finally:
            self._watchdog.let_go(deadline)
            self._current.deadline = None
        if deadline.passed:
            raise Unreachable("deadline", url)
        return raw, plain

    def _sent(self, method: str, parts: SplitResult, headers: Mapping[str, str], body: Any, seconds: float) -> BaseHTTPResponse:
        pool, target = self._pool(parts), parts.path or "/"
        if parts.query:
            target += f"?{parts.query}"
        if self._proxy and parts.scheme == "http":
            target = f"http://{parts.netloc}{target}"
        return pool.urlopen(
            method,
            target,
            body,
            headers,
            retries=False,
            redirect=False,
            assert_same_host=False,
            timeout=Timeout(connect=min(self._timeouts[0], seconds), read=min(self._timeouts[1], seconds)),
            preload_content=False,
            decode_content=False,
        )

    def _pool(self, parts: SplitResult) -> HTTPConnectionPool:
        """The connections to a host. Kept here as well, since urllib3's manager spends more on finding one than on using it."""
        place = (parts.scheme, parts.netloc)
        found = self._pools.get(place)
        if found is None:
            manager: Any = self.proxy_manager_for(self._proxy) if self._proxy else self.poolmanager
            tls = {"ssl_context": self._tls_context()} if parts.scheme == "https" else {}
            found = manager.connection_from_host(parts.hostname, parts.port, parts.scheme, pool_kwargs=tls)
            if len(self._pools) >= _MOST_HOSTS:
                self._pools.clear()
            self._pools[place] = found
        return found

    def _vet_for_proxy(self, parts: SplitResult) -> None:
        """The proxy resolves the name; where we can resolve it too, a private address is still refused."""
        with contextlib.suppress(OSError):
            self._rules.addresses(str(parts.hostname), parts.port or 443, self._timeouts[0])


def _taken(raw: BaseHTTPResponse, limits: Limits, url: str) -> bytes:
    """Read and unpack within bounds; what the other side says of its length is not believed."""
    body = bytearray()
    while len(body) <= limits.max_bytes and (chunk := raw.read(_CHUNK, decode_content=False)):
        body += chunk
    if len(body) > limits.max_bytes and not limits.cut:
        raise Refused("too_large", url)
    try:
        return _unpacked(bytes(body), raw.headers.get("Content-Encoding", ""), limits.max_bytes, url)[: limits.max_bytes]
    except (Refused, Unreachable):
        if not limits.cut:
            raise
        return b""


def _unpacked(body: bytes, encoding: str, max_bytes: int, url: str) -> bytes:
    encoding = encoding.strip().lower()
    if encoding in ("", "identity") or not body:
        return body
    if encoding not in ("gzip", "x-gzip"):
        raise Refused("encoding", url)
    unpacker = zlib.decompressobj(wbits=31)
    try:
        plain = unpacker.decompress(body, max_bytes + 1)
    except zlib.error:
        raise Unreachable("broken", url) from None
    if len(plain) > max_bytes:
        raise Refused("too_large", url)
    if not unpacker.eof:
        raise Unreachable("broken", url)
    return plain


def _trouble(error: BaseException) -> str:
    if isinstance(error, SSLError):
        return "tls"
    if isinstance(error, NameResolutionError):
        return "name"
    if isinstance(error, NewConnectionError):
        return "connect"
    if isinstance(error, ConnectTimeoutError | ReadTimeoutError | TimeoutError):
        return "timeout"
    return "broken"


# Moodle answers 403 to a request without a User-Agent.
HEADERS = {"User-Agent": "lti-mentoring", "Accept-Encoding": "gzip", "Accept": "*/*"}


class Session(requests.Session):
    """No redirect is followed and no cookie kept, whatever the caller asks; nothing comes from the environment."""

    def __init__(self, guard: Guard) -> None:
        super().__init__()
        self.trust_env = False
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.headers.update(HEADERS)
        self.mount("https://", guard)
        self.mount("http://", guard)

    def get_redirect_target(self, resp: Any) -> None:
        return None
