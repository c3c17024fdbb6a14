# SPDX-License-Identifier: Apache-2.0
"""Carries TCP connections on: a balancer before several web hosts, and the way from a network of the test's own to a loopback address.

In a thread of the test (``with Forwarder(...)``), or as a program: ``forward.py 127.0.0.1:8001 10.0.0.1:8001``.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

Address = tuple[str, int]
PATIENCE = 1.0


@dataclass(eq=False)
class _Line:
    """A connection; ``asked`` while its peer waits for an answer."""

    peer: str
    asked: bool = False


class Forwarder:
    """Carries what connects to ``listen`` on to the next of ``targets``; one that cannot be reached is dropped."""

    def __init__(self, listen: Address, targets: Sequence[Address]) -> None:
        self.listen, self.targets = listen, list(targets)
        self.carried: Counter[Address] = Counter()
        self._lines: set[_Line] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._up, self._end = threading.Event(), asyncio.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="forwarder")

    def waiting(self, peer: str) -> int:
        """How many requests of a peer have no answer yet."""
        return sum(line.peer == peer and line.asked for line in list(self._lines))

    def adopt(self, target: Address) -> None:
        """Take back a target that was dropped."""
        self.targets.append(target)

    def __enter__(self) -> Forwarder:
        self._thread.start()
        assert self._up.wait(10), f"nothing listens on {self.listen}"
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()

    def _run(self) -> None:
        self._loop.run_until_complete(self.serve())
        self._loop.close()

    async def serve(self) -> None:
        """Until the end."""
        server = await asyncio.start_server(self._accept, *self.listen)
        self._up.set()
        await self._end.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._carry(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = _Line(writer.get_extra_info("peername")[0])
        self._lines.add(line)
        far: asyncio.StreamWriter | None = None
        try:
            answers, far = await self._reach()
            ways = [asyncio.create_task(_pump(reader, far, line, True)), asyncio.create_task(_pump(answers, writer, line, False))]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        except OSError:
            pass
        finally:
            self._lines.discard(line)
            for end in (writer, far):
                if end is not None:
                    end.close()

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while self.targets:
            target = self.targets[0]
            self.targets.append(self.targets.pop(0))
            try:
                made = await asyncio.wait_for(asyncio.open_connection(*target), PATIENCE)
            except (OSError, TimeoutError):
                if target in self.targets:
                    self.targets.remove(target)
                continue
            self.carried[target] += 1
            return made
        raise ConnectionError("no target is left")


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: _Line, asks: bool) -> None:
    while data := await reader.read(65_536):
        line.asked = asks
        writer.write(data)
        await writer.drain()


def _address(text: str) -> Address:
    host, _, port = text.rpartition(":")
    return host, int(port)


class Lasting(Forwarder):
    """One that never drops its only target."""

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(*self.targets[0])


if __name__ == "__main__":
    asyncio.run(Lasting(_address(sys.argv[1]), [_address(sys.argv[2])]).serve())
