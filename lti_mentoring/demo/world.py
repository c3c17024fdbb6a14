# SPDX-License-Identifier: Apache-2.0
"""What every room of the pocket LMS shares: its sites, its memory, its keys and its counters."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast

from flask import abort, current_app, g
from itsdangerous import BadSignature, URLSafeSerializer

from lti_mentoring.demo import site as sites
from lti_mentoring.demo.meter import Meter
from lti_mentoring.demo.signing import Keyring
from lti_mentoring.demo.site import Persona, Site
from lti_mentoring.demo.state import State

EXTENSION = "pocket_lms"


@dataclass(slots=True, eq=False)
class Held:
    """A request whose answer is held back until somebody lets it go."""

    place: str
    title: str
    go: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def among(self, others: list[Held]) -> Iterator[Held]:
        """Be on the list of what is held."""
        others.append(self)
        try:
            yield self
        finally:
            others.remove(self)


@dataclass(slots=True)
class World:
    """One running pocket LMS."""

    sites: dict[str, Site]
    state: State
    keys: Keyring
    base_url: str
    tool_url: str
    cookies: URLSafeSerializer
    meters: dict[str, Meter]
    held: dict[str, list[Held]]
    drawn: dict[int, Counter[str]]
    originals: dict[str, Site]
    """The sites as they were in the beginning."""

    def change(self, site: Site) -> None:
        """Play a site as it is now."""
        self.sites[site.key] = site

    @property
    def launch_url(self) -> str:
        """The tool's one launch address."""
        return f"{self.tool_url}/lti/launch"

    @property
    def login_url(self) -> str:
        """The tool's login address."""
        return f"{self.tool_url}/lti/login"

    def issuer(self, site: Site) -> str:
        """The issuer of a site."""
        return sites.issuer(site, self.base_url)

    def token_url(self, site: Site) -> str:
        """Where the tool gets its access tokens, and what an assertion must name as its audience."""
        return f"{self.issuer(site)}/token"


def build(*, state: State, base_url: str, tool_url: str, secret: str, played: Iterable[Site]) -> World:
    """Put a world together."""
    by_key = {one.key: one for one in played}
    return World(
        sites=by_key,
        state=state,
        keys=Keyring(state),
        base_url=base_url.rstrip("/"),
        tool_url=tool_url.rstrip("/"),
        cookies=URLSafeSerializer(secret, salt="pocket-lms-persona"),
        meters={key: Meter() for key in by_key},
        held={key: [] for key in by_key},
        drawn={},
        originals=dict(by_key),
    )


def world() -> World:
    """The world of this request."""
    return cast(World, current_app.extensions[EXTENSION])


def here() -> Site:
    """The site of this request."""
    return cast(Site, g.site)


def enter(key: str) -> None:
    """Put the site of an address in scope; 404 if nobody plays it."""
    found = world().sites.get(key)
    if found is None:
        abort(404)
    g.site = found


def cookie_name(site: Site) -> str:
    """The cookie that says who is signed in at a site."""
    return f"pocket_{site.key}"


def cookie_value(site: Site, persona: Persona) -> str:
    """The signed value of that cookie."""
    return str(world().cookies.dumps([site.key, persona.key]))


def signed_in(raw: str | None) -> Persona | None:
    """Who a cookie says is signed in here."""
    if not raw:
        return None
    try:
        key, persona = world().cookies.loads(raw)
    except (BadSignature, ValueError, TypeError):
        return None
    return here().persona(persona) if key == here().key else None
