# SPDX-License-Identifier: Apache-2.0
"""Virtual environments filled from hashed locks: the product's as its users install it, without a developer's tools, and the peers',
so that nothing of theirs is ever beside the product."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

from machine import say

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
PRODUCT = ROOT / "requirements.lock"
LOCKS = {"product": (PRODUCT,), "servers": (PRODUCT, FOLDER / "servers.lock"), "peers": (FOLDER / "peers.lock",)}
HOMES = ROOT / ".venv" / ".bench"
"""Below the developer's environment, so that ``make clean`` takes them along; nothing there is on its path."""


USED: dict[str, str] = {}
"""Interpreters to take instead of making an environment."""


def python(name: str) -> str:
    """The interpreter of one of them; makes the environment when it is missing or the lock has changed."""
    if name in USED:
        return USED[name]
    home, locks = HOMES / name, LOCKS[name]
    mark, wanted = home / ".ready", hashlib.sha256(b"".join(lock.read_bytes() for lock in locks)).hexdigest()
    program = home / "bin" / "python"
    if not mark.exists() or mark.read_text() != wanted:
        say(f"filling the environment of the {name} (the first time half a minute)")
        subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True, stdout=sys.stderr)
        install = ["-m", "pip", "install", "-qq", "--no-deps", "--require-hashes", "--only-binary", ":all:"]
        subprocess.run([program, *install, *(f"-r{lock}" for lock in locks)], check=True, stdout=sys.stderr)
        mark.write_text(wanted)
    return str(program)
