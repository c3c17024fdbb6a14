# SPDX-License-Identifier: Apache-2.0
"""How a request travels: to a vetted address under its own name, within a deadline and a size, and never further."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Collection
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import SplitResult, urlsplit

import certifi
import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NameResolutionError, NewConnectionError
from urllib3.poolmanager import PoolManager
from urllib3.util.connection import create_connection
from urllib3.util.ssl_ import create_urllib3_context

from lti_mentoring.outbound.addresses import Rules
from lti_mentoring.outbound.refusal import Refused, Unreachable

DEFAULT_MAX_BYTES = 1024 * 1024
_CHUNK = 64 * 1024


class _Deadline:
    """Cuts a connection when a request has taken too long in all: a timeout per read does not stop a slow drip."""

    def __init__(self, seconds: float) -> None:
        self.at = time.monotonic() + seconds
        self.passed = False
        self._lock = threading.Lock()
        self._over = False
        self._timer: threading.Timer | None = None

    def left(self) -> float:
        return max(0.01, self.at - time.monotonic())

    def watch(self, sock: socket.socket) -> None:
        self._timer = threading.Timer(self.left(), self._cut, [sock])
        self._timer.daemon = True
        self._timer.start()

    def _cut(self, sock: socket.socket) -> None:
        with self._lock:
            if self._over:
                return
            self.passed = True
            # The plain socket's shutdown: that of a TLS socket takes its state away under the reading thread.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def close(self) -> None:
        with self._lock:
            self._over = True
        if self._timer is not None:
            self._timer.cancel()


class _Current(threading.local):
    deadline: _Deadline | None = None


def _connections(rules: Rules | None, current: _Current) -> dict[str, type[HTTPConnectionPool]]:
    """urllib3's pools, with connections that go to a vetted address (``rules`` is None towards the operator's own proxy)
    while SNI, certificate check and Host header keep the name."""

    class Guarded(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            deadline = current.deadline or _Deadline(5)
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
                current.deadline.watch(self.sock)
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
        self._current = _Current()
        self._tls: ssl.SSLContext | None = None
        super().__init__(pool_connections=50, pool_maxsize=64)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any) -> None:
        self.poolmanager = PoolManager(num_pools=connections, maxsize=maxsize, block=block, **pool_kwargs)
        self.poolmanager.pool_classes_by_scheme = _connections(self._rules, self._current)

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **proxy_kwargs)
        manager.pool_classes_by_scheme = _connections(None, self._current)
        return manager

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        parts = urlsplit(request.url)
        place = {"scheme": parts.scheme, "host": parts.hostname, "port": parts.port}
        return place, {"ssl_context": self._tls_context()} if parts.scheme == "https" else {}

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Nothing to set per connection: the context always asks for a certificate of that host name."""

    def _tls_context(self) -> ssl.SSLContext:
        if self._tls is None:
            context = create_urllib3_context()
            context.load_verify_locations(certifi.where())
            if self._ca_bundle:
                context.load_verify_locations(self._ca_bundle)
            self._tls = context
        return self._tls

    def send(self, request: Any, *args: Any, **kwargs: Any) -> requests.Response:
        """As HTTPAdapter.send, but ours decide on time limits, certificates and proxy, not the caller's."""
        return self.fetch(request, max_bytes=DEFAULT_MAX_BYTES, hosts=None, seconds=self._total)

    def fetch(self, request: Any, *, max_bytes: int, hosts: Collection[str] | None, seconds: float, cut: bool = False) -> requests.Response:
        """The whole answer within ``seconds`` and ``max_bytes``, unpacked.

        :raises Refused: see there
        :raises Unreachable: see there
        """
        if self._forbid is not None:
            self._forbid()
        parts = self._rules.check(request.url, hosts)
        deadline = self._current.deadline = _Deadline(seconds)
        try:
            if self._proxy:
                self._vet_for_proxy(parts)
            response = super().send(
                request,
                stream=True,
                timeout=(min(self._timeouts[0], seconds), min(self._timeouts[1], seconds)),
                proxies={"https": self._proxy, "http": self._proxy} if self._proxy else {},
            )
            try:
                _take_body(response, max_bytes, cut=cut)
            finally:
                response.close()
        except Refused as refused:
            raise Refused(refused.code, request.url) from None
        except (requests.RequestException, HTTPError, OSError) as error:
            raise Unreachable("deadline" if deadline.passed else _trouble(error), request.url) from error
        finally:
            deadline.close()
            self._current.deadline = None
        if deadline.passed:
            raise Unreachable("deadline", request.url)
        return response

    def _vet_for_proxy(self, parts: SplitResult) -> None:
        """The proxy resolves the name; where we can resolve it too, a private address is still refused."""
        with contextlib.suppress(OSError):
            self._rules.addresses(str(parts.hostname), parts.port or 443, self._timeouts[0])


def _take_body(response: requests.Response, max_bytes: int, *, cut: bool) -> None:
    """Read and unpack within bounds; what the other side says of its length is not believed."""
    url, body = str(response.url), bytearray()
    while len(body) <= max_bytes and (chunk := response.raw.read(_CHUNK, decode_content=False)):
        body += chunk
    if len(body) > max_bytes:
        response.raw.close()
        if not cut:
            raise Refused("too_large", url)
    try:
        plain = _unpacked(bytes(body), response.headers.get("Content-Encoding", ""), max_bytes, url)
    except (Refused, Unreachable):
        if not cut:
            raise
        plain = b""
    response._content = plain[:max_bytes]
    response._content_consumed = True  # type: ignore[attr-defined]  # how requests itself marks a body that was read


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
    reason = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(error, requests.exceptions.SSLError):
        return "tls"
    if isinstance(reason, NameResolutionError):
        return "name"
    if isinstance(reason, NewConnectionError):
        return "connect"
    if isinstance(error, requests.Timeout | TimeoutError) or "Timeout" in type(error).__name__:
        return "timeout"
    return "broken"


class Session(requests.Session):
    """No redirect is followed and no cookie kept, whatever the caller asks; nothing comes from the environment."""

    def __init__(self, guard: Guard) -> None:
        super().__init__()
        self.trust_env = False
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        # Moodle answers 403 to a request without a User-Agent.
        self.headers.update({"User-Agent": "lti-mentoring", "Accept-Encoding": "gzip"})
        self.mount("https://", guard)
        self.mount("http://", guard)

    def get_redirect_target(self, resp: Any) -> None:
        return None
