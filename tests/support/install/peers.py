# SPDX-License-Identifier: Apache-2.0
"""Builds the virtual environments of the LMSs that the tests run beside the product, each from a hashed lock of its own.

They stand under ``.venv/.peers``, since what they hold is neither the product's nor under its licence. One that is up to date is left
alone: a stamp names the lock and the Python that it was built from.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
import venv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[3]
OPENEDX = ROOT / "tests" / "peers" / "openedx"
HOMES = ROOT / ".venv" / ".peers"

VERSIONS = ("11.4.4", "9.14.5")
"""Of lti-consumer-xblock: the newest, and the last one that promises Python 3.11 (older Open edX releases run its like)."""


class Missing(Exception):
    """A peer cannot be installed; the message is one line that says why."""


def ensure(version: str) -> Path:
    """The Python of the Open edX peer with that version of the consumer; built first if it is not there, or not from today's lock."""
    HOMES.mkdir(parents=True, exist_ok=True)
    home, lock = HOMES / f"openedx-{version}", OPENEDX / "locks" / f"{version}.lock"
    # Two test workers may ask at once.
    with open(HOMES / f"openedx-{version}.busy", "w") as busy:
        fcntl.flock(busy, fcntl.LOCK_EX)
        stamp = f"{hashlib.sha256(lock.read_bytes()).hexdigest()} {sys.version}"
        ready = home / ".ready"
        if not ready.exists() or ready.read_text("utf-8") != stamp:
            shutil.rmtree(home, ignore_errors=True)
            _fill(home, lock, version)
            ready.write_text(stamp, "utf-8")
    return home / "bin" / "python"


def _fill(home: Path, lock: Path, version: str) -> None:
    print(f"installing the Open edX peer {version} (about a quarter of a minute)", file=sys.stderr)
    venv.create(home, with_pip=False, symlinks=True)
    # Wheels only: nothing is built, so nothing that the lock does not name is fetched to build it with.
    wanted = ["install", "--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes", "--requirement", str(lock)]
    pip = [sys.executable, "-m", "pip", "--python", str(home / "bin" / "python"), "--disable-pip-version-check", "--no-input"]
    done = subprocess.run([*pip, *wanted], capture_output=True, text=True, check=False)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.strip().splitlines() or ["no word"]
        raise Missing(f"the Open edX peer {version} cannot be installed with Python {sys.version.split()[0]}: {said[-1]}")


def main() -> None:
    """Make sure of all of them, side by side."""
    with ThreadPoolExecutor() as threads:
        building = [threads.submit(ensure, version) for version in VERSIONS]
    try:
        for one in building:
            one.result()
    except Missing as missing:
        sys.exit(str(missing))


if __name__ == "__main__":
    main()
