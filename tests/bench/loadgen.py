# SPDX-License-Identifier: Apache-2.0
"""Drives logins and launches against any LTI 1.3 tool, up to the first page, and says how long and how much of the server they took.

A run has three parts: N timed login initiations; N tokens signed, outside of the timed part, with the nonces that the tool chose; N timed
launches, each followed to the first page. CPU time is read from /proc for the process trees named by ``--server-pid``.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import html
import json
import re
import statistics
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httptools
from issuer import Platform
from machine import cpu_seconds

GONE = re.compile(r"max-age=0\b|expires=thu, 01[ -]jan[ -]1970")


class Reply:
    """An answer of the tool."""

    __slots__ = ("body", "headers", "status")

    def __init__(self) -> None:
        self.status, self.headers, self.body = 0, [], b""

    def header(self, name: str) -> str | None:
        """The first header of that name."""
        return next((value for key, value in self.headers if key == name), None)


class Connection(asyncio.Protocol):
    """A keep-alive client connection; reconnects when the server has closed it."""

    def __init__(self, port: int) -> None:
        self.port, self.transport, self.waiter = port, None, None

    async def request(self, data: bytes) -> Reply:
        """Send, and wait for the answer."""
        loop = asyncio.get_running_loop()
        for attempt in (0, 1):
            if self.transport is None or self.transport.is_closing():
                await loop.create_connection(lambda: self, "127.0.0.1", self.port)
            self.reply, self.waiter = Reply(), loop.create_future()
            self.parser = httptools.HttpResponseParser(self)
            self.transport.write(data)
            try:
                return await self.waiter
            except ConnectionError:
                if attempt:
                    raise
        raise ConnectionError

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        if self.waiter and not self.waiter.done():
            self.waiter.set_exception(ConnectionResetError("closed by the server"))
        self.transport = None

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_header(self, name: bytes, value: bytes) -> None:
        self.reply.headers.append((name.decode("latin1").lower(), value.decode("latin1")))

    def on_headers_complete(self) -> None:
        self.reply.status = self.parser.get_status_code()

    def on_body(self, body: bytes) -> None:
        self.reply.body += body

    def on_message_complete(self) -> None:
        if not self.parser.should_keep_alive() and self.transport:
            self.transport.close()
            self.transport = None
        if self.waiter and not self.waiter.done():
            self.waiter.set_result(self.reply)


class Browser:
    """One person's visit: a cookie jar."""

    __slots__ = ("cookies", "host")

    def __init__(self, host: str) -> None:
        self.cookies, self.host = {}, host

    def build(self, method: str, target: str, form: dict[str, str] | None = None) -> bytes:
        """A request with the cookies of this moment."""
        head = [f"{method} {target} HTTP/1.1", f"Host: {self.host}", "Accept: text/html", "User-Agent: loadgen"]
        if self.cookies:
            head.append("Cookie: " + "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        body = urlencode(form).encode() if form is not None else b""
        if form is not None:
            head += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
        return ("\r\n".join(head) + "\r\n\r\n").encode() + body

    def keep(self, headers: list[tuple[str, str]]) -> None:
        """Take over the cookies of an answer."""
        for name, value in headers:
            if name.lower() == "set-cookie":
                pair, _, attributes = value.partition(";")
                key, _, held = pair.strip().partition("=")
                if GONE.search(attributes.lower()):
                    self.cookies.pop(key, None)
                else:
                    self.cookies[key] = held


class Launch:
    """One launch between the parts of a run."""

    __slots__ = ("auth", "browser", "data", "target", "user")

    def __init__(self, host: str, user: int) -> None:
        self.browser, self.user = Browser(host), user
        self.auth, self.data, self.target = None, b"", ""


def find_auth_request(location: str | None, body: bytes, auth_url: str) -> dict[str, str] | None:
    """The OIDC authentication request, from a redirect, a link or script, or a form that submits itself."""
    text = location or html.unescape(body.decode("utf-8", "replace")).replace("\\/", "/").replace("\\u0026", "&")
    at = text.find(auth_url)
    if at < 0:
        return None
    url = text if location else re.split(r"[\"'<>\s]", text[at:], maxsplit=1)[0]
    found = {key: values[0] for key, values in parse_qs(urlsplit(url).query).items()}
    if "nonce" not in found:
        found |= {hit["n"]: hit["v"] for hit in re.finditer(r'<input[^>]*name="(?P<n>\w+)"[^>]*value="(?P<v>[^"]*)"', text)}
    return found if "nonce" in found and "state" in found else None


# --- measuring --------------------------------------------------------------------------------------------------------


def summary(times: list[float], wall: float, cpu: float, errors: Counter[str]) -> dict[str, Any]:
    """Rates and times of one part of a run; ``cpu_ms`` is the server's, for each."""
    ordered = sorted(times)
    at = {f"p{share}_ms": round(ordered[min(len(ordered) - 1, len(ordered) * share // 100)] * 1000, 2) for share in (50, 95, 99) if ordered}
    mean = round(statistics.fmean(ordered) * 1000, 2) if ordered else None
    done = len(ordered) + sum(errors.values())
    return {"ok": len(ordered), "errors": dict(errors), "per_s": round(len(ordered) / wall, 1), "mean_ms": mean, **at} | {
        "cpu_ms": round(cpu * 1000 / max(1, done), 3)
    }


Job = Callable[[Connection, Launch], Awaitable[str | None]]


class Run:
    """N logins, then N launches, over C connections."""

    def __init__(self, told: argparse.Namespace, platform: Platform) -> None:
        self.told, self.platform = told, platform
        tool = urlsplit(told.tool)
        self.port, self.host = tool.port or 80, tool.netloc
        self.connections = [Connection(self.port) for _ in range(told.c)]

    def target(self, url: str, base: str = "/") -> str | None:
        """The path of an address of the tool; None for one that is not the tool's."""
        parts = urlsplit(urljoin(f"http://{self.host}{base}", url))
        if parts.netloc.lower() not in (self.host, f"localhost:{self.port}", f"127.0.0.1:{self.port}"):
            return None
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    async def drive(self, items: list[Launch], job: Job) -> dict[str, Any]:
        """Each item once, as fast as the connections allow."""
        times: list[float] = []
        errors: Counter[str] = Counter()
        left = iter(items)
        before = cpu_seconds(self.told.server_pid)
        gc.collect()
        gc.disable()
        start = time.perf_counter()

        async def worker(connection: Connection) -> None:
            for item in left:
                begun = time.perf_counter()
                try:
                    bad = await asyncio.wait_for(job(connection, item), self.told.patience)
                except (OSError, TimeoutError) as error:
                    bad = type(error).__name__
                if bad:
                    errors[bad] += 1
                else:
                    times.append(time.perf_counter() - begun)

        await asyncio.gather(*(worker(connection) for connection in self.connections))
        wall = time.perf_counter() - start
        gc.enable()
        return summary(times, wall, cpu_seconds(self.told.server_pid) - before, errors)

    async def login(self, connection: Connection, launch: Launch) -> str | None:
        """Begin a launch. -> what went wrong"""
        platform = self.platform
        form = {
            "iss": platform.issuer,
            "login_hint": str(launch.user),
            "target_link_uri": platform.launch_url,
            "lti_message_hint": "m",
            "client_id": platform.client_id,
            "lti_deployment_id": platform.deployment_id,
        }
        path = self.target(self.told.login_path) or "/"
        for _ in range(2):
            reply = await connection.request(launch.browser.build("POST", path, form))
            launch.browser.keep(reply.headers)
            launch.auth = find_auth_request(reply.header("location"), reply.body, f"{platform.issuer}/auth")
            if launch.auth or b"lti1p3_new_window" not in reply.body:
                break
            form["lti1p3_new_window"] = "1"  # pylti1p3's cookie page asks for the same address again
        return None if launch.auth else f"login {reply.status}"

    def sign(self, launches: list[Launch]) -> None:
        """Make the launches' requests ready."""
        for one in launches:
            assert one.auth
            token = self.platform.sign(self.platform.claims(one.user, one.auth["nonce"]))
            one.target = self.target(one.auth["redirect_uri"]) or "/"
            one.data = one.browser.build("POST", one.target, {"state": one.auth["state"], "id_token": token})

    async def launch(self, connection: Connection, one: Launch) -> str | None:
        """Launch, and follow to the first page. -> what went wrong"""
        reply = await connection.request(one.data)
        path: str | None = one.target
        for _ in range(0 if self.told.alone else 6):
            one.browser.keep(reply.headers)
            if reply.status not in (301, 302, 303):
                break
            path = self.target(reply.header("location") or "", path or "/")
            if path is None:
                return "redirected off the tool"
            reply = await connection.request(one.browser.build("GET", path))
        if self.told.alone and reply.status in (200, 302, 303):
            return None
        if reply.status == 200 and self.told.expect.encode() in reply.body:
            return None
        if self.told.verbose:
            print(reply.status, reply.body[:3000].decode("utf-8", "replace"), file=sys.stderr)
        return f"launch {reply.status}"

    async def batch(self, users: range) -> dict[str, Any]:
        """Logins and launches of these people, one each."""
        items = [Launch(self.host, user) for user in users]
        logins = await self.drive(items, self.login)
        good = [one for one in items if one.auth]
        self.sign(good)
        fetched = self.platform.counts["jwks"]
        launches = await self.drive(good, self.launch)
        return {"login": logins, "launch": launches | {"key_set_fetches": self.platform.counts["jwks"] - fetched}}


def main() -> None:
    """Measure as the command line says, and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--tool", required=True, help="base address of the tool")
    add("--login-path", default="/lti/login")
    add("--launch-path", default="/lti/launch")
    add("--platform-port", type=int, default=9700)
    add("--key-file", type=Path, default=Path("platform_key.pem"))
    add("--first-user", type=int, default=1, help="number of the first person; the next ones follow")
    add("--n", type=int, default=400, help="people who launch, once each")
    add("--warm-up", type=int, default=0, help="how many of the same people launch once before, unmeasured")
    add("--c", type=int, default=4, help="connections")
    add("--expect", default="", help="text that the first page must hold")
    add("--server-pid", type=int, action="append", default=[])
    add("--alone", action="store_true", help="only the launch request itself, without the page that it leads to")
    add("--patience", type=float, default=30, help="seconds for one login or launch")
    add("--verbose", action="store_true")
    told = parser.parse_args()
    platform = Platform(told.platform_port, told.key_file, urljoin(told.tool, told.launch_path))

    async def work() -> dict[str, Any]:
        server = await platform.serve()
        run = Run(told, platform)
        users = range(told.first_user, told.first_user + told.n)
        if told.warm_up:
            await run.batch(users[: told.warm_up])
        result = await run.batch(users)
        server.close()
        return result

    print(json.dumps(asyncio.run(work())))


if __name__ == "__main__":
    main()
