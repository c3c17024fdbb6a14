# SPDX-License-Identifier: Apache-2.0
"""The tool and the pocket LMS, each on a port of its own, as an LMS and a browser meet them: over HTTP."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask

from lti_mentoring import app as wiring
from lti_mentoring.demo import site as sites
from lti_mentoring.demo.lms import create_lms
from lti_mentoring.demo.site import Site
from lti_mentoring.services import delivery, lane, platform
from lti_mentoring.settings import Settings
from lti_mentoring.store import base
from support import published
from support.closing import let_go
from support.driver import Browser, Lms, serving
from support.ports import free_port

PACK = Path(__file__).parent / "packs" / "one-module"


@dataclass
class Town:
    """A running tool with an organisation for each site of a running pocket LMS."""

    app: Flask
    tool_url: str
    lms_url: str
    organisations: dict[str, str]
    sites: dict[str, Site]

    def browser(self, **how: Any) -> Browser:
        """A fresh browser."""
        return Browser(self.tool_url, lms_url=self.lms_url, **how)

    def lms(self, site: str) -> Lms:
        """A handle on one site of the pocket LMS."""
        return Lms(self.lms_url, site)

    def resume(self) -> None:
        """Forget what any LMS rests for."""
        with self.app.app_context():
            for one in lane.listing():
                lane.pause(lane=one["lane"], paused=False)

    def deliver(self) -> None:
        """What a worker would do at this moment: look what is due, and send it."""
        with self.app.app_context():
            pace, limits = self.app.extensions["pace"], self.app.extensions["limits"]
            for key in delivery.sweep():
                delivery.run(key, grades_for=self.app.extensions["grades_for"], pace=pace, limits=limits)


@contextmanager
def town(
    make_settings: Callable[..., Settings],
    empty_database: Path,
    folder: Path,
    *,
    played: Sequence[Site] = sites.SITES,
    serve_tool: Callable[[Flask, int], AbstractContextManager[object]] = serving,
    registered: bool = True,
    **changes: str,
) -> Iterator[Town]:
    """Start both, register every site (unless they do it themselves), and end both.
    ``database_url`` in ``changes`` is an empty database, in place of an SQLite file.
    ``serve_tool`` may let somebody else answer on the tool's port."""
    database = folder / "tool.sqlite3"
    if "database_url" not in changes:
        shutil.copy(empty_database, database)
    tool_port, lms_port = free_port(), free_port()
    tool_url, lms_url = f"http://localhost:{tool_port}", f"http://127.0.0.1:{lms_port}"
    app = wiring.create_app(
        make_settings(
            **{
                "database_url": f"sqlite:///{database}",
                "sqlite_synchronous": "NORMAL",
                "public_url": tool_url,
                "allow_local_platforms": "true",
                "delivery__base_seconds": "1",
                "delivery__per_second": "0",
                **changes,
            }
        )
    )
    if "database_url" in changes:
        with app.app_context():
            wiring.migrate_database()
    secret = secrets.token_urlsafe(16)
    lms = create_lms(state_path=folder / "lms.sqlite3", base_url=lms_url, tool_url=tool_url, secret=secret, sites=played)
    with serve_tool(app, tool_port), serving(lms, lms_port):
        yield Town(app, tool_url, lms_url, _register(app, lms_url, played if registered else (), played), {one.key: one for one in played})
    with app.app_context():
        let_go()


def _register(app: Flask, lms_url: str, registered: Sequence[Site], played: Sequence[Site]) -> dict[str, str]:
    organisations = {}
    with app.app_context():
        for site in played:
            organisations[site.key] = platform.add_organisation(name=site.name)["id"]
            with base.tenant(organisations[site.key]):
                published.publish(organisations[site.key], PACK)
            for told in sites.site_registrations(site, lms_url) if site in registered else ():
                platform.add_platform(platform.NewPlatform(organisation=site.name, **told), check_url=lambda url: None)
    return organisations
