# SPDX-License-Identifier: Apache-2.0
"""Machines on a network of a test's own: a network namespace each, one bridge between them, and a cable that can be pulled out."""

from __future__ import annotations

import json
import os
import random
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from support import forward
from support.databases import end_with_parent
from support.install import servers
from support.live import Town
from support.workers import Worker

ASK = "import sys, urllib.request as r, urllib.error as e\ntry: a = r.urlopen(sys.argv[1])\nexcept e.HTTPError as x: a = x\n"
ASK += "print(a.status, a.read().decode())"


class Host:
    """A machine: its namespace, its address, and its cable."""

    def __init__(self, network: Network, number: int) -> None:
        self.name, self.address = f"{network.name}-{number}", f"{network.prefix}.{10 + number}"
        self._network, self._cable = network, f"{network.name}v{number}"
        self._ip = network.ip

    def make(self, stack: ExitStack) -> None:
        """Plug it in; ``stack`` takes it away again."""
        self._ip("netns", "add", self.name)
        stack.callback(self._ip, "netns", "del", self.name)
        self._ip("link", "add", self._cable, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        stack.callback(self._ip, "link", "del", self._cable)
        self._ip("link", "set", self._cable, "master", self._network.name, "up")
        for inside in (["addr", "add", f"{self.address}/24", "dev", "eth0"], ["link", "set", "eth0", "up"], ["link", "set", "lo", "up"]):
            self._ip("-n", self.name, *inside)

    def cut(self) -> None:
        """Pull the cable out. Nothing that runs there is told."""
        self._ip("link", "set", self._cable, "down")

    def plug_in(self) -> None:
        """Put the cable back."""
        self._ip("link", "set", self._cable, "up")

    def command(self, *words: str) -> list[str]:
        """Words that run a command there."""
        return [self._network.program, "netns", "exec", self.name, *words]

    def ask(self, url: str) -> subprocess.Popen[str]:
        """Ask for an address from within; ``answer`` reads what came."""
        return subprocess.Popen(self.command(sys.executable, "-c", ASK, url), stdout=subprocess.PIPE, text=True)


def answer(asked: subprocess.Popen[str]) -> tuple[int, dict[str, object]]:
    """Status and JSON of what a host was asked."""
    said, _ = asked.communicate(timeout=60)
    status, _, body = said.partition(" ")
    return int(status), json.loads(body)


class Network:
    """A bridge with an address on a network that nobody else uses here."""

    def __init__(self) -> None:
        self.program = str(servers.ensure("iproute2"))
        self.name = f"lm{secrets.token_hex(3)}"
        taken = self.ip("-4", "addr", "show")
        self.prefix = random.choice([one for one in (f"10.213.{number}" for number in range(1, 255)) if f"{one}." not in taken])
        self.address, self.range = f"{self.prefix}.1", f"{self.prefix}.0/24"

    def ip(self, *words: str) -> str:
        """Run ``ip``."""
        done = subprocess.run([self.program, *words], capture_output=True, text=True, check=False)
        if done.returncode:
            raise OSError(f"ip {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout

    def make(self, stack: ExitStack) -> None:
        """Put it up; ``stack`` takes it away again."""
        self.ip("link", "add", self.name, "type", "bridge")
        stack.callback(self.ip, "link", "del", self.name)
        self.ip("addr", "add", f"{self.address}/24", "dev", self.name)
        self.ip("link", "set", self.name, "up")


@contextmanager
def machines(many: int) -> Iterator[tuple[Network, list[Host]]]:
    """So many hosts on a network; the test is skipped, with the reason, where this machine makes none."""
    with ExitStack() as stack:
        try:
            if os.geteuid() != 0:
                raise OSError("only root can")
            network = Network()
            hosts = [Host(network, number) for number in range(many)]
            network.make(stack)
            for one in hosts:
                one.make(stack)
        except (OSError, servers.Missing) as reason:
            pytest.skip(f"no network namespaces can be made here: {reason}")
        yield network, hosts


class Member(Worker):
    """A process of the product on a host."""

    def __init__(self, host: Host, words: Sequence[str], town: Town, told: Mapping[str, str], log: Path, **changes: str) -> None:
        super().__init__(town, told, log, **changes)
        self.host, self.command = host, host.command(sys.executable, "-m", "lti_mentoring", *words)


@contextmanager
def reaches(host: Host, port: int, target: forward.Address) -> Iterator[None]:
    """Let a host find at its own loopback address what is at ``target``: the pocket LMS answers on a loopback address only."""
    words = (sys.executable, str(Path(forward.__file__)), f"127.0.0.1:{port}", f"{target[0]}:{target[1]}")
    process = subprocess.Popen(host.command(*words), preexec_fn=end_with_parent)
    try:
        yield
    finally:
        process.kill()
        process.wait()
