# SPDX-License-Identifier: Apache-2.0
"""Platform storage: the LMS's page keeps a value for us where the browser keeps no cookie of ours (checklist PM)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import urlsplit

from lti_mentoring.keys import CannotOpen
from lti_mentoring.lti.refusal import LaunchRefused
from lti_mentoring.lti.registration import Registration
from lti_mentoring.lti.state import PREFIX, StateSigner, digest, read_state

PARAMETER = "lti_storage_target"
_MAX_TARGET = 100
_HANDLE_SECONDS = 60
_CARRIED = ("state", "id_token")


class Sealer(Protocol):
    """What is asked of ``keys.Sealer``."""

    def seal(self, secret: bytes) -> str: ...

    def open(self, sealed: str) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Storage:
    """Where a value of ours is kept: which frame of the LMS's page is asked, of which origin, under which name.

    ``origin`` is that of the registered authorisation address; no other page is told the value or believed (PM-04, PM-05).
    """

    target: str
    origin: str
    key: str


class StorageAsked(LaunchRefused):
    """A launch that is good but for its cookie, where the LMS's page may hold the value that binds it to this browser.

    Whoever does not know of storage refuses it.
    """

    def __init__(self, storage: Storage, registration: Registration, restart: Mapping[str, str] | None) -> None:
        super().__init__("state_unbound", registration=registration, restart=restart)
        self.storage = storage


def target_of(params: Mapping[str, str]) -> str | None:
    """The frame that an LMS names in a login, if it offers storage at all (PM-01)."""
    target = params.get(PARAMETER, "")
    return target if 0 < len(target) <= _MAX_TARGET and target.isprintable() else None


def storage(target: str, registration: Registration, state: str) -> Storage:
    """Where the value of a state is kept; the key tells nothing of the state."""
    parts = urlsplit(registration.auth_url)
    return Storage(target, f"{parts.scheme}://{parts.netloc}", f"lti_state_{digest(state)}")


def storage_of(signer: StateSigner, registration: Registration, state: str, now: datetime) -> Storage:
    """Where the value of a state rests, which is not needed any more (PM-08)."""
    return storage(read_state(signer, state, now).storage_target or "", registration, state)


def value(signer: StateSigner, state: str) -> str:
    """What is kept: nobody else can make it, and it opens nothing without the state and the launch that belong to it."""
    return signer.mac(f"storage {state.removeprefix(PREFIX)}")


def value_fits(signer: StateSigner, state: str, given: str) -> bool:
    """Whether ``given`` is the value of this state; in constant time."""
    return signer.mac_fits(f"storage {state.removeprefix(PREFIX)}", given)


def seal_launch(sealer: Sealer, params: Mapping[str, str], now: datetime) -> str:
    """What was posted to the launch address, to be verified once more when the value is there: nothing is kept here meanwhile."""
    said = {name: params[name] for name in _CARRIED if name in params}
    return sealer.seal(json.dumps({"until": now.timestamp() + _HANDLE_SECONDS, "said": said}).encode())


def open_launch(sealer: Sealer, handle: str, state: str, now: datetime) -> dict[str, str]:
    """What ``seal_launch`` sealed; LaunchRefused where it is not ours, too old or of another state."""
    try:
        held = json.loads(sealer.open(handle))
        until, said = held["until"], held["said"]
    except (CannotOpen, ValueError, KeyError, TypeError):
        raise LaunchRefused("state_invalid") from None
    if now.timestamp() >= until:
        raise LaunchRefused("state_expired")
    if said.get("state") != state:
        raise LaunchRefused("state_invalid")
    return {str(name): str(text) for name, text in said.items()}
