# SPDX-License-Identifier: Apache-2.0
"""Access tokens at hand: read from the shared store once, kept until they end or are refused, and fetched by one for all (T-05, T-06)."""

from __future__ import annotations

import hashlib
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from lti_mentoring.lti.registration import CachedToken, Registration, TokenStore
from lti_mentoring.lti.verdict import Ended, Verdict

MARGIN_SECONDS = 60
_LEASE_SECONDS = 30.0
_POLL_SECONDS = 0.05


class Fetcher(Protocol):
    """What is asked of ``lti.connector.Connector``."""

    def now(self) -> datetime: ...

    def left(self) -> float: ...

    def fetch_token(self, asked: frozenset[str]) -> tuple[CachedToken, float]: ...


@dataclass(slots=True)
class _Place:
    """The token for one set of scopes in this process. ``rounds`` counts the searches for another one; ``ended`` is how the last failed."""

    name: str
    token: CachedToken | None = None
    rounds: int = 0
    ended: Verdict | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


class KeptTokens:
    """The tokens of one registration and deployment. Any thread may ask; while one looks for a token, the others wait for what it finds."""

    def __init__(self, registration: Registration, store: TokenStore, fetcher: Fetcher, deployment_id: str | None) -> None:
        self._id, self._store, self._fetcher, self._deployment_id = registration.id, store, fetcher, deployment_id
        self._places: dict[frozenset[str], _Place] = {}

    def token(self, asked: frozenset[str], refused: CachedToken | None = None) -> CachedToken:
        """A token for these scopes that lasts, and another one than ``refused``.

        :raises Ended: there is none to be had
        """
        place = self._places.get(asked) or self._places.setdefault(asked, _Place(_name(self._deployment_id, asked)))
        rounds, token = place.rounds, place.token
        if token is not None and self._good(token, refused):
            return token
        if not place.lock.acquire(timeout=max(0.0, self._fetcher.left())):
            raise Ended(Verdict("later", None, "", "busy"))
        try:
            if place.rounds != rounds:  # somebody has looked while we waited
                if place.token is not None and self._good(place.token, refused):
                    return place.token
                if place.ended is not None:
                    raise Ended(place.ended)
            return self._look(place, asked, refused)
        finally:
            place.lock.release()

    def _look(self, place: _Place, asked: frozenset[str], refused: CachedToken | None) -> CachedToken:
        place.token, place.ended = None, None
        try:
            place.token = self._shared(place.name, asked, refused)
        except Ended as ended:
            place.ended = ended.verdict
            raise
        finally:
            place.rounds += 1
        return place.token

    def _good(self, token: CachedToken, refused: CachedToken | None) -> bool:
        return (refused is None or token.token != refused.token) and self._fetcher.now() < token.expires_at

    def _shared(self, name: str, asked: frozenset[str], refused: CachedToken | None) -> CachedToken:
        """The stored token while it is good; else one worker fetches the next and the others wait for it (T-05)."""
        while True:
            token = self._store.load(self._id, name)
            if token is not None and self._good(token, refused):
                return token
            if self._store.claim_refresh(self._id, name, self._fetcher.now(), _LEASE_SECONDS):
                return self._refreshed(name, asked, refused)
            if self._fetcher.left() <= _POLL_SECONDS:
                raise Ended(Verdict("later", None, "", "busy"))
            time.sleep(_POLL_SECONDS)

    def _refreshed(self, name: str, asked: frozenset[str], refused: CachedToken | None) -> CachedToken:
        """The next token, by the one who may fetch it. Another worker may have fetched it between our look and our claim."""
        try:
            token = self._store.load(self._id, name)
            if token is None or not self._good(token, refused):
                fetched, lifetime = self._fetcher.fetch_token(asked)
                ends = self._fetcher.now() + timedelta(seconds=lifetime - MARGIN_SECONDS)
                token = CachedToken(fetched.token, fetched.granted, ends)
        except BaseException:
            self._store.drop(self._id, name)  # let the next worker try, not wait for the lease to end
            raise
        self._store.save(self._id, name, token.token, token.granted, token.expires_at)
        return token


def _name(deployment_id: str | None, asked: frozenset[str]) -> str:
    parts = "\n".join((deployment_id or "", *sorted(asked)))
    return hashlib.sha256(parts.encode()).hexdigest()[:32]
