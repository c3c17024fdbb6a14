# SPDX-License-Identifier: Apache-2.0
"""The virtual environment of the peers: filled from a hashed lock of its own, so that nothing of theirs is ever beside the product."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

from machine import say

FOLDER = Path(__file__).parent
LOCK = FOLDER / "peers.lock"
HOME = FOLDER.parents[1] / ".venv" / ".peers"
"""Below the product's environment, so that ``make clean`` takes it along; nothing there is on the product's path."""


def python() -> str:
    """The interpreter that has the peers; makes the environment when it is missing or the lock has changed."""
    mark, wanted = HOME / ".ready", hashlib.sha256(LOCK.read_bytes()).hexdigest()
    program = HOME / "bin" / "python"
    if not mark.exists() or mark.read_text() != wanted:
        say("filling the peers' environment (the first time half a minute)")
        subprocess.run([sys.executable, "-m", "venv", "--clear", HOME], check=True, stdout=sys.stderr)
        install = ["-m", "pip", "install", "-qq", "--require-hashes", "--only-binary", ":all:", "-r", LOCK]
        subprocess.run([program, *install], check=True, stdout=sys.stderr)
        mark.write_text(wanted)
    return str(program)
