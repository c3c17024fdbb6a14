# SPDX-License-Identifier: Apache-2.0
"""Platforms' public keys: fetched rarely, kept as key objects, and never lost to one bad answer (checklist K-05)."""

from __future__ import annotations

import math
import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey, EllipticCurvePublicNumbers
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers

from lti_mentoring.keys import from_base64url
from lti_mentoring.lti.registration import CachedKeySet, KeySetStore
from lti_mentoring.outbound import Client, Refused, Unreachable

PublicKey = RSAPublicKey | EllipticCurvePublicKey

FRESH_AT_LEAST = timedelta(minutes=5)
FRESH_UNSAID = timedelta(hours=1)
FRESH_AT_MOST = timedelta(hours=24)
STALE_AT_MOST = timedelta(days=7)
"""How long keys serve while their address gives none. After that a withdrawn key would be trusted for too long."""

REFETCH_SECONDS = 60.0
_FETCH_SECONDS = 5.0
_WAIT_SECONDS = 2.0
_POLL_SECONDS = 0.05
_MAX_BYTES = 512 * 1024
_MAX_KEYS = 100
_MAX_AGE = re.compile(r"max-age\s*=\s*\"?(\d{1,10})", re.IGNORECASE)


class KeyUnknown(LookupError):
    """The platform's key set has no such usable key, also after looking again."""


class KeysUnreachable(LookupError):
    """We have no key set of this platform, and its address gives none."""


@dataclass(frozen=True, slots=True)
class PlatformKey:
    """A public key that may verify signatures made with ``algorithm``."""

    kid: str
    algorithm: str
    key: PublicKey


@dataclass(frozen=True, slots=True)
class _Loaded:
    keys: Mapping[str, PlatformKey]
    fetched_at: datetime
    fresh_until: datetime


class KeySets:
    """The key sets of all platforms; one per process, safe between threads."""

    def __init__(self, store: KeySetStore, http: Client, *, noted: Callable[[str], None] = lambda outcome: None) -> None:
        """``noted`` hears of every fetch how it ended: ``fetched``, ``unreachable`` or ``unusable``."""
        self._store = store
        self._http = http
        self._noted = noted
        self._loaded: dict[str, _Loaded] = {}
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._in_vain: dict[str, float] = {}
        self._looked: dict[str, float] = {}

    def verify_key(self, url: str, kid: str, now: datetime) -> PlatformKey:
        """The key ``kid`` of the key set at ``url``. A network call happens only for an unknown id or an outdated set, and at
        most once a minute over all processes.

        :raises KeyUnknown: not in the set
        :raises KeysUnreachable: there is no set
        """
        loaded = self._loaded.get(url)
        if loaded is not None and now < loaded.fresh_until and kid in loaded.keys:
            return loaded.keys[kid]
        arrived = time.monotonic()
        with self._locks[url]:
            loaded = self._look(url, kid, now, arrived)
        if loaded is None or now > loaded.fresh_until + STALE_AT_MOST:
            raise KeysUnreachable
        if kid not in loaded.keys:
            raise KeyUnknown
        return loaded.keys[kid]

    def _look(self, url: str, kid: str, now: datetime, arrived: float) -> _Loaded | None:
        """What we know of ``url`` once everything that may be done for ``kid`` has been done."""
        loaded = self._from_store(url)
        if _serves(loaded, kid, now) or self._looked.get(url, 0.0) > arrived:
            return loaded
        if self._store.claim_refetch(url, now, REFETCH_SECONDS):
            fetched = self._fetch(url, now)
            if fetched is not None and kid not in fetched.keys:
                self._store.note_missed(url, kid)
            loaded = fetched or loaded
        elif loaded is None or kid not in loaded.keys:
            loaded = self._await_another(url, kid, now)
        self._looked[url] = time.monotonic()
        return loaded

    def _from_store(self, url: str) -> _Loaded | None:
        cached = self._store.load(url)
        held = self._loaded.get(url)
        if cached is not None and (held is None or cached.fetched_at != held.fetched_at):
            held = self._loaded[url] = _Loaded(usable_keys(cached.body), cached.fetched_at, cached.fresh_until)
        return held

    def _await_another(self, url: str, kid: str, now: datetime) -> _Loaded | None:
        """Another process claimed the refetch within the last minute. If nothing was saved since, it is still at it (or
        failed): wait a little, or a class that opens its first launch together would be turned away."""
        in_vain = time.monotonic() - self._in_vain.get(url, -math.inf) < REFETCH_SECONDS
        until = time.monotonic() + (0 if in_vain else _WAIT_SECONDS)  # strangers with made-up key ids must not hold our threads
        while True:
            loaded = self._from_store(url)
            settled = loaded is not None and now - loaded.fetched_at < timedelta(seconds=REFETCH_SECONDS)
            if settled or (loaded is not None and kid in loaded.keys):
                return loaded
            if time.monotonic() >= until:
                if not in_vain:
                    self._in_vain[url] = time.monotonic()
                return loaded
            time.sleep(_POLL_SECONDS)

    def _fetch(self, url: str, now: datetime) -> _Loaded | None:
        """A fresh set, saved; None if the answer is no good (errors are never kept)."""
        try:
            answer = self._http.request("GET", url, headers={"Accept": "application/json"}, max_bytes=_MAX_BYTES, seconds=_FETCH_SECONDS)
            body = answer.json()
        except (Refused, Unreachable, ValueError):
            self._failed(url, "unreachable")
            return None
        keys = usable_keys(body) if answer.status == 200 else {}
        if not keys:
            self._failed(url, "unusable")
            return None
        self._noted("fetched")
        kept = CachedKeySet(body, now, now + _freshness(answer.headers.get("Cache-Control", "")))
        self._store.save(url, kept.body, kept.fetched_at, kept.fresh_until)
        loaded = self._loaded[url] = _Loaded(keys, kept.fetched_at, kept.fresh_until)
        self._in_vain.pop(url, None)
        return loaded

    def _failed(self, url: str, outcome: str) -> None:
        self._in_vain[url] = time.monotonic()
        self._noted(outcome)


def _serves(loaded: _Loaded | None, kid: str, now: datetime) -> bool:
    return loaded is not None and kid in loaded.keys and now < loaded.fresh_until


def _freshness(cache_control: str) -> timedelta:
    if "no-store" in cache_control.lower() or "no-cache" in cache_control.lower():
        return FRESH_AT_LEAST  # Brightspace says no-store and rotates by the hour; an unknown key id brings the new set at once
    said = _MAX_AGE.search(cache_control)
    if said is None:
        return FRESH_UNSAID
    return min(max(timedelta(seconds=int(said[1])), FRESH_AT_LEAST), FRESH_AT_MOST)


def usable_keys(body: Any) -> dict[str, PlatformKey]:
    """Key id -> key. What is malformed, for encryption, too short or of another kind is skipped, not fatal."""
    entries = body.get("keys") if isinstance(body, Mapping) else None
    keys: dict[str, PlatformKey] = {}
    for entry in entries[:_MAX_KEYS] if isinstance(entries, list) else ():
        try:
            key = _public_key(entry)
        except (ValueError, TypeError, KeyError, AttributeError):
            continue
        keys.setdefault(key.kid, key)
    return keys


def _public_key(entry: Mapping[str, Any]) -> PlatformKey:
    kid, kind, use, operations = entry["kid"], entry["kty"], entry.get("use"), entry.get("key_ops")
    if not isinstance(kid, str) or not kid or use not in (None, "sig") or (operations and "verify" not in operations):
        raise ValueError("not a key for signatures")
    if kind == "RSA":
        modulus = _number(entry["n"])
        if not 2048 <= modulus.bit_length() <= 8192:
            raise ValueError("too short or too long")
        # Brightspace leaves `alg` out: RS256 then, as the security framework has it.
        return _checked(kid, entry.get("alg", "RS256"), "RS", RSAPublicNumbers(_number(entry["e"]), modulus).public_key())
    if kind == "EC" and entry.get("crv") == "P-256":
        numbers = EllipticCurvePublicNumbers(_number(entry["x"]), _number(entry["y"]), SECP256R1())
        return _checked(kid, entry.get("alg", "ES256"), "ES256", numbers.public_key())
    raise ValueError("of another kind")


def _checked(kid: str, algorithm: Any, family: str, key: PublicKey) -> PlatformKey:
    if not isinstance(algorithm, str) or not algorithm.startswith(family):
        raise ValueError("key and algorithm do not fit")
    return PlatformKey(kid, algorithm, key)


def _number(text: str) -> int:
    return int.from_bytes(from_base64url(text.rstrip("=")))
