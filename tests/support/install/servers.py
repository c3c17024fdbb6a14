# SPDX-License-Identifier: Apache-2.0
"""Finds the programs that the tests run beside the product (a Chromium, PostgreSQL, Redis, ip), and installs those that are missing."""

from __future__ import annotations

import argparse
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

CHROMIUM = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


class Missing(Exception):
    """A program is not here and cannot be installed; the message is one line that says what to do."""


def chromium() -> Path | None:
    """The system's Chromium, else the one that Playwright has brought."""
    for name in CHROMIUM:
        if found := shutil.which(name):
            return Path(found)
    cache = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache/ms-playwright")
    return max(cache.glob("chromium-*/chrome-linux*/chrome"), default=None)


def postgresql() -> Path | None:
    """The folder of PostgreSQL's server programs: Debian keeps them off the PATH; the newest version wins."""
    debian = [folder for folder in Path("/usr/lib/postgresql").glob("*/bin") if (folder / "initdb").exists()]
    if debian:
        return max(debian, key=lambda folder: int(folder.parent.name) if folder.parent.name.isdigit() else 0)
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def redis() -> Path | None:
    """The Redis server, or Valkey, which answers the same."""
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    return Path(found) if found else None


def iproute2() -> Path | None:
    """The program that makes networks of a test's own."""
    found = shutil.which("ip") or shutil.which("ip", path="/usr/sbin:/sbin")
    return Path(found) if found else None


def ensure(name: str) -> Path:
    """The program called ``name``, installed by apt-get if it is missing, this is Debian and we are root; else Missing."""
    find, package = PROGRAMS[name]
    if found := find():
        return found
    if os.geteuid() == 0 and shutil.which("apt-get"):
        _apt(package)
        if found := find():
            return found
    if name == "chromium":
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False, stdout=sys.stderr)
        if found := find():
            return found
    raise Missing(REMEDIES[name])


def _apt(package: str) -> None:
    """Install a Debian package without starting what it brings; one at a time, since test workers may ask together."""
    with open(Path(tempfile.gettempdir()) / "lti-mentoring-apt.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        environ = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
        for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", package]):
            done = subprocess.run(["apt-get", *command], env=environ, capture_output=True, text=True, check=False)
            if done.returncode:
                raise Missing(f"apt-get {command[0]} {package} failed: {done.stderr.strip().splitlines()[-1:]}")


PROGRAMS: dict[str, tuple[Callable[[], Path | None], str]] = {
    "chromium": (chromium, "chromium"),
    "postgresql": (postgresql, "postgresql"),
    "redis": (redis, "redis-server"),
    "iproute2": (iproute2, "iproute2"),
}

REMEDIES = {
    "iproute2": "no ip: install it (Debian: apt install iproute2)",
    "chromium": "no Chromium: install one (Debian: apt install chromium)",
    "postgresql": "no PostgreSQL: set LTI_MENTORING_TEST_POSTGRES_URL, or install one (Debian: apt install postgresql)",
    "redis": "no Redis: set LTI_MENTORING_TEST_REDIS_URL, or install one (Debian: apt install redis-server)",
}


def main() -> None:
    """Make sure of the programs named on the command line; those whose address is given in the environment are not looked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("programs", nargs="+", choices=sorted(PROGRAMS))
    given = {"postgresql": "LTI_MENTORING_TEST_POSTGRES_URL", "redis": "LTI_MENTORING_TEST_REDIS_URL"}
    try:
        for name in parser.parse_args().programs:
            # Networks are root's to make: without root the test that makes some says that it is skipped, and needs no program for it.
            if not os.environ.get(given.get(name, "")) and (name != "iproute2" or os.geteuid() == 0):
                ensure(name)
    except Missing as missing:
        sys.exit(str(missing))


if __name__ == "__main__":
    main()
