# SPDX-License-Identifier: Apache-2.0
"""What ``app`` hands to the pages: settings, the protocol's tools, and nothing that they could build themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from flask import Request, current_app, request

from lti_mentoring.keys import SigningKey
from lti_mentoring.lti.keysets import KeySets
from lti_mentoring.lti.launch import StateSigner
from lti_mentoring.lti.registration import Registry
from lti_mentoring.lti.storage import Sealer
from lti_mentoring.outbound import Client
from lti_mentoring.settings import Settings

EXTENSION = "lti_mentoring"


@dataclass(frozen=True)
class Wiring:
    """One app's tools. ``published_keys`` answers the tool's public keys, ``signing_key`` the one that signs now, ``ready`` the
    parts that do not work (none when all do)."""

    settings: Settings
    registry: Registry
    keysets: KeySets
    signer: StateSigner
    sealer: Sealer
    published_keys: Callable[[], list[dict[str, Any]]]
    signing_key: Callable[[], SigningKey]
    ready: Callable[[], list[str]]
    figures: Callable[[], str]
    http: Client


def wiring() -> Wiring:
    """The tools of the app that serves this request."""
    return cast(Wiring, current_app.extensions[EXTENSION])


def the_request() -> Request:
    """The request itself, and not Flask's stand-in for it, for what looks at it often and at every request: each look would cost twice."""
    found: Request = request._get_current_object()  # type: ignore[attr-defined]
    return found
