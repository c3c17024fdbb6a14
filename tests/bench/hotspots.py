# SPDX-License-Identifier: Apache-2.0
"""Where the time of our launches goes: in one process, without a server, under Python's own profiler.

The profiler makes Python calls dearer than they are and C calls cheaper, so shares are a guide and not a measure; the CPU milliseconds of
``run.py`` are the measure. Prints JSON; expects our settings in the environment and an address for the platform's key set.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import json
import os
import pstats
import re
import sysconfig
import threading
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import structlog
from flask.testing import FlaskClient
from issuer import Platform
from loadgen import Browser, find_auth_request
from sqlalchemy import event

from lti_mentoring import app as wiring
from lti_mentoring import settings
from lti_mentoring.store import base

LIBRARIES = Path(sysconfig.get_path("purelib"))
PACKAGE = Path(wiring.__file__).parent


class Visits:
    """Logins and launches through the app itself."""

    def __init__(self, client: FlaskClient, platform: Platform) -> None:
        self.client, self.platform = client, platform

    def login(self, user: int) -> tuple[Browser, dict[str, str]]:
        """Begin a launch."""
        platform, browser = self.platform, Browser("")
        form = {"iss": platform.issuer, "login_hint": str(user), "target_link_uri": platform.launch_url, "client_id": platform.client_id}
        answer = self.client.post("/lti/login", data=form)
        browser.keep(list(answer.headers))
        found = find_auth_request(answer.headers.get("Location"), answer.data, f"{platform.issuer}/auth")
        assert found, answer.status
        return browser, found

    def signed(self, user: int, begun: dict[str, str]) -> dict[str, str]:
        """What the platform would make the browser post."""
        return {"state": begun["state"], "id_token": self.platform.sign(self.platform.claims(user, begun["nonce"]))}

    def launch(self, browser: Browser, form: dict[str, str]) -> None:
        """Launch, and follow to the first page."""
        answer = self.client.post("/lti/launch", data=form, headers=self._cookies(browser))
        browser.keep(list(answer.headers))
        while answer.status_code in (301, 302, 303):
            path = urlsplit(answer.headers["Location"]).path
            answer = self.client.get(path, headers=self._cookies(browser))
            browser.keep(list(answer.headers))
        assert answer.status_code == 200, answer.data[:2000]

    @staticmethod
    def _cookies(browser: Browser) -> dict[str, str]:
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in browser.cookies.items())}


def room(file: str, function: str) -> str:
    """Whose code a line of the profile is: a floor of ours, a library, or Python."""
    path = Path(file)
    if path.is_relative_to(PACKAGE):
        return f"lti_mentoring.{path.relative_to(PACKAGE).with_suffix('').parts[0]}"
    if path.is_relative_to(LIBRARIES):
        return path.relative_to(LIBRARIES).parts[0].removesuffix(".py")
    if file == "~":
        named = re.search(r"sqlite3|cryptography|_hashlib|_json|zlib", function)
        return f"C: {named[0]}" if named else "C: other"
    return "templates, compiled" if file.startswith("<template") or file.endswith(".html") else "Python's own library"


def report(profile: cProfile.Profile, launches: int, statements: int) -> dict[str, Any]:
    """Milliseconds a launch by room (own time), and the functions of ours with the most time in and below them."""
    rows: Any = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    own: Counter[str] = Counter()
    below: Counter[str] = Counter()
    for (file, _line, function), (_calls, _primitive, own_time, total, _callers) in rows.items():
        own[room(file, function)] += own_time
        if Path(file).is_relative_to(PACKAGE):
            below[f"{Path(file).relative_to(PACKAGE).with_suffix('')}.{function}"] = max(
                below[f"{Path(file).relative_to(PACKAGE).with_suffix('')}.{function}"], total
            )
    whole = sum(own.values())
    return {
        "sql_statements_a_launch": round(statements / launches, 1),
        "ms_a_launch_under_the_profiler": round(whole * 1000 / launches, 2),
        "own_time_share": {name: round(spent / whole, 3) for name, spent in own.most_common(14)},
        "ms_in_and_below": {name: round(spent * 1000 / launches, 3) for name, spent in below.most_common(25)},
    }


def main() -> None:
    """Profile launches of people known and people new."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--platform-port", type=int, required=True)
    parser.add_argument("--key-file", type=Path, required=True)
    parser.add_argument("--n", type=int, default=150)
    parser.add_argument("--first-user", type=int, required=True)
    told = parser.parse_args()
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    configured = settings.load(os.environ)
    platform = Platform(told.platform_port, told.key_file, f"{configured.public_url}/lti/launch")
    _serve(platform)
    app = wiring.create_app(configured)
    statements: Counter[str] = Counter()
    with app.app_context():
        event.listen(base.db.engine, "before_cursor_execute", lambda conn, cursor, text, *_: statements.update([text]))
    visits = Visits(app.test_client(use_cookies=False), platform)
    out = {}
    people = list(range(told.first_user, told.first_user + told.n))
    visits.launch(*_ready(visits, told.first_user - 1))
    for who in ("new", "known"):
        ready = [_ready(visits, user) for user in people]
        statements.clear()
        profile = cProfile.Profile()
        profile.enable()
        for browser, form in ready:
            visits.launch(browser, form)
        profile.disable()
        out[who] = report(profile, told.n, statements.total())
    print(json.dumps(out))


def _ready(visits: Visits, user: int) -> tuple[Browser, dict[str, str]]:
    browser, begun = visits.login(user)
    return browser, visits.signed(user, begun)


def _serve(platform: Platform) -> None:
    """Answer for the key set, beside the profiled thread."""
    loop = asyncio.new_event_loop()
    loop.run_until_complete(platform.serve())
    threading.Thread(target=loop.run_forever, daemon=True).start()


if __name__ == "__main__":
    main()
