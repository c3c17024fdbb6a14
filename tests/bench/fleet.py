# SPDX-License-Identifier: Apache-2.0
"""A fleet of fast LMSs for the benchmarks of deliveries and rosters: all in memory, every request counted, each platform with its faults.

It verifies nothing. Platform N is the issuer ``http://127.0.0.1:<its port>/p/N``. POST /control on the control port sets faults and
asks for the counts; see ``Fleet.control``.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httptools

SCORE_WORD = "/scores"
LEARNER = "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"


@dataclass
class Lms:
    """One platform: its faults, and what it got."""

    latency: float = 0.0
    unavailable: float = 0.0
    """Which share of the scores is answered 503, without effect."""
    down: str = ""
    """Empty, ``black_hole`` (no answer ever), ``drip`` (an answer that never ends), ``closed`` (hangs up) or ``503``."""
    most_per_second: int = 0
    """More scores than that in a second are answered 429."""
    members: int = 0
    """How many people its course's roster lists."""
    key_refused: bool = False
    """No token for us, and those that we had are no longer taken."""
    tokens: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    cells: dict[str, list[Any]] = field(default_factory=dict)
    """Line item and user -> share of the maximum, timestamp, how often a score was taken, how often an older one came."""
    simultaneous: int = 0
    most: int = 0
    first_at: float = 0.0
    last_at: float = 0.0
    second: tuple[int, int] = (0, 0)


class Fleet:
    """All platforms."""

    def __init__(self, count: int, seed: int) -> None:
        self.all = [Lms() for _ in range(count)]
        self.lot = random.Random(seed)
        self.most = self.simultaneous = self.most_per_cell = self.taken = 0
        self.busy: Counter[str] = Counter()
        self.holding = ""
        self.held: list[Callable[[], None]] = []

    # --- what the bench says ----------------------------------------------------------------------------------------------

    def control(self, told: dict[str, Any]) -> dict[str, Any]:
        """``set``: platform number -> faults. ``hold``: "before" or "after" the effect, answers are kept back from now on, ""
        forgets those kept back. ``cells``: also what every cell holds. -> the counts"""
        for number, faults in told.get("set", {}).items():
            for name, value in faults.items():
                setattr(self.all[int(number)], name, value)
        if "hold" in told:
            self.holding = told["hold"]
            if not self.holding:
                forgotten, self.held = self.held, []
                for drop in forgotten:
                    drop()
        made: dict[str, Any] = {"taken": self.taken, "simultaneous": self.simultaneous, "held": len(self.held)}
        made |= {"most": self.most, "most_per_cell": self.most_per_cell}
        made["platforms"] = [
            {"tokens": dict(one.tokens), "statuses": dict(one.statuses), "most": one.most, "cells": len(one.cells)}
            | {"first_at": one.first_at, "last_at": one.last_at}
            for one in self.all
        ]
        if told.get("cells"):
            made["cells"] = {key: cell for one in self.all for key, cell in one.cells.items()}
        return made

    # --- what the tool asks -----------------------------------------------------------------------------------------------

    async def answer(self, request: Request) -> None:
        """One request, to its end."""
        parts = urlsplit(request.url)
        _, _, number, rest = parts.path.split("/", 3)
        lms, path = self.all[int(number)], f"/{rest}"
        scores = path.endswith(SCORE_WORD)
        cell = f"{request.base}{parts.path[: -len(SCORE_WORD)]} {json.loads(request.body)['userId']}" if scores else ""
        self._enter(lms, cell)
        try:
            if lms.latency:
                await asyncio.sleep(lms.latency)
            if lms.down and await self._down(lms, request):
                return
            if scores and self.holding == "before":
                await self._hold(request)
                return
            status, said, headers = self._score(lms, cell, request) if scores else self._other(lms, path, parts.query, request)
            lms.statuses[f"{'score' if scores else path.rpartition('/')[2]} {status}"] += 1
            if scores and self.holding == "after":
                await self._hold(request)
                return
            request.reply(status, said, headers)
        finally:
            self._leave(lms, cell)

    def _enter(self, lms: Lms, cell: str) -> None:
        self.simultaneous += 1
        lms.simultaneous += 1
        self.most, lms.most = max(self.most, self.simultaneous), max(lms.most, lms.simultaneous)
        if cell:
            lms.first_at = lms.first_at or time.time()
            self.busy[cell] += 1
            self.most_per_cell = max(self.most_per_cell, self.busy[cell])

    def _leave(self, lms: Lms, cell: str) -> None:
        self.simultaneous -= 1
        lms.simultaneous -= 1
        if cell:
            self.busy[cell] -= 1
            if not self.busy[cell]:
                del self.busy[cell]

    async def _hold(self, request: Request) -> None:
        let_go = asyncio.Event()
        self.held.append(let_go.set)
        request.on_lost(let_go.set)
        await let_go.wait()
        request.close()

    async def _down(self, lms: Lms, request: Request) -> bool:
        """Whether that was the end of it."""
        lms.statuses[lms.down] += 1
        if lms.down == "503":
            request.reply(503, {}, "")
        elif lms.down == "closed":
            request.close()
        else:
            gone = asyncio.Event()
            request.on_lost(gone.set)
            if lms.down == "drip":
                request.begin()
            while not gone.is_set():
                try:
                    await asyncio.wait_for(gone.wait(), 0.2)
                except TimeoutError:
                    if lms.down == "drip":
                        request.drip()
                    elif not lms.down:
                        request.close()
                        break
        return True

    def _other(self, lms: Lms, path: str, query: str, request: Request) -> tuple[int, Any, str]:
        if path.endswith("/token"):
            if lms.key_refused:
                return 400, {"error": "invalid_client", "error_description": "unknown key"}, ""
            form = parse_qs(request.body.decode())
            lms.tokens[form["scope"][0]] += 1
            token = f"token-{lms.tokens.total()}"
            return 200, {"access_token": token, "token_type": "Bearer", "expires_in": 3600, "scope": form["scope"][0]}, ""
        if path.endswith("/results"):
            user = parse_qs(query).get("user_id", [""])[0]
            cell = lms.cells.get(f"{request.base}{urlsplit(request.url).path.removesuffix('/results')} {user}")
            return 200, [{"userId": user, "resultScore": cell[0], "resultMaximum": 1}] if cell else [], ""
        if path.endswith("/memberships"):
            return roster(lms, f"{request.base}{urlsplit(request.url).path}", parse_qs(query))
        return 404, {}, ""

    def _score(self, lms: Lms, cell: str, request: Request) -> tuple[int, Any, str]:
        if lms.key_refused:
            return 401, {}, ""
        second = int(time.monotonic())
        lms.second = (second, lms.second[1] + 1 if lms.second[0] == second else 1)
        if lms.most_per_second and lms.second[1] > lms.most_per_second:
            return 429, {}, "Retry-After: 1\r\n"
        if self.lot.random() < lms.unavailable:
            return 503, {}, ""
        said = json.loads(request.body)
        held = lms.cells.get(cell)
        if held is not None and said["timestamp"] <= held[1]:
            held[3] += 1
            return 409, {}, ""
        share = said["scoreGiven"] / said["scoreMaximum"] if "scoreGiven" in said else None
        lms.cells[cell] = [share, said["timestamp"], held[2] + 1 if held else 1, held[3] if held else 0]
        self.taken += 1
        lms.last_at = time.time()
        return 200, {}, ""


def roster(lms: Lms, address: str, query: dict[str, list[str]]) -> tuple[int, Any, str]:
    """One page of a course's people, as long as it is asked to be, and where the next one is: an opaque cursor of mixed case."""
    first = int(base64.b64decode(query["cursor"][0]).decode().removeprefix("From:")) if "cursor" in query else 0
    end = min(lms.members, first + int(query["limit"][0]))
    people = [
        {"user_id": f"member-{number}", "roles": [LEARNER], "name": f"Member No. {number}", "email": f"member-{number}@lms.example"}
        for number in range(first, end)
    ]
    cursor = quote(base64.b64encode(f"From:{end}".encode()).decode())
    link = f'Link: <{address}?limit={query["limit"][0]}&cursor={cursor}>; rel="next"\r\n' if end < lms.members else ""
    return 200, {"id": address, "context": {"id": "c1"}, "members": people}, link


class Request:
    """One request on its connection."""

    __slots__ = ("base", "body", "connection", "keep", "url")

    def __init__(self, connection: Connection, base: str) -> None:
        self.connection, self.base, self.url, self.body, self.keep = connection, base, "", b"", True

    def reply(self, status: int, said: Any, headers: str) -> None:
        """Answer in JSON."""
        body = json.dumps(said).encode()
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{headers}Content-Length: {len(body)}\r\n"
        self.connection.transport.write((head + ("" if self.keep else "Connection: close\r\n") + "\r\n").encode() + body)
        if not self.keep:
            self.close()

    def begin(self) -> None:
        """The head of an answer that never ends."""
        self.connection.transport.write(b"HTTP/1.1 200 X\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")

    def drip(self) -> None:
        """One byte more of it."""
        self.connection.transport.write(b" ")

    def close(self) -> None:
        """Hang up."""
        self.connection.transport.close()

    def on_lost(self, call: Callable[[], None]) -> None:
        """Be told when the other side has gone."""
        self.connection.lost.append(call)


class Connection(asyncio.Protocol):
    """One keep-alive HTTP/1.1 connection to a platform, or to the control."""

    def __init__(self, fleet: Fleet, port: int, *, control: bool) -> None:
        self.fleet, self.base, self.control = fleet, f"http://127.0.0.1:{port}", control
        self.lost: list[Callable[[], None]] = []
        self.tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self._begin()

    def connection_lost(self, error: Exception | None) -> None:
        for call in self.lost:
            call()

    def _begin(self) -> None:
        self.parser, self.request = httptools.HttpRequestParser(self), Request(self, self.base)

    def on_url(self, url: bytes) -> None:
        self.request.url += url.decode()

    def on_body(self, body: bytes) -> None:
        self.request.body += body

    def on_message_complete(self) -> None:
        request = self.request
        request.keep = self.parser.should_keep_alive()
        self._begin()
        if self.control:
            request.reply(200, self.fleet.control(json.loads(request.body or b"{}")), "")
            return
        task = asyncio.get_running_loop().create_task(self.fleet.answer(request))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def data_received(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self.transport.close()


async def serve(told: argparse.Namespace) -> None:
    """Listen until the end."""
    fleet, loop = Fleet(len(told.ports), told.seed), asyncio.get_running_loop()
    for port in (*told.ports, told.control):
        await loop.create_server(lambda port=port: Connection(fleet, port, control=port == told.control), "127.0.0.1", port, backlog=512)
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--control", type=int, required=True)
    parser.add_argument("--ports", type=int, nargs="+", required=True)
    parser.add_argument("--seed", type=int, default=1)
    asyncio.run(serve(parser.parse_args()))
