# SPDX-License-Identifier: Apache-2.0
"""The tool's own signing keys, the platforms' public keys and the access tokens, shared between processes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, delete, or_, select, update
from sqlalchemy.exc import IntegrityError

from lti_mentoring.keys import CannotOpen, DataKeys, Sealer, SigningKey, new_signing_key
from lti_mentoring.lti.registration import CachedKeySet, CachedToken
from lti_mentoring.services import sealing
from lti_mentoring.store import base
from lti_mentoring.store.centre import PrivacyCopy, TombstoneKey
from lti_mentoring.store.concern import Concern
from lti_mentoring.store.platform import AccessToken, PlatformKeySet, ToolKey

OVERLAP = timedelta(days=2)
"""A new key is published this long before it signs, and an old one this long after: platforms cache key sets for a day."""


def signing_key(sealer: Sealer, *, now: datetime) -> SigningKey:
    """The key that signs now; makes the first one."""
    alive = select(ToolKey).where(or_(ToolKey.retired_at.is_(None), ToolKey.retired_at > now)).limit(1)
    row = base.session().scalar(alive.where(ToolKey.signs_from <= now).order_by(ToolKey.signs_from.desc()))
    if row is None:  # a clock that stepped back must not make a key that no platform has seen
        row = base.session().scalar(alive.order_by(ToolKey.signs_from))
    if row is None:
        made = new_signing_key()
        with base.transactional() as session:
            session.add(_row(made, sealer, signs_from=now))
        return made
    found = SigningKey(kid=row.kid, private_pem=sealer.open(row.private_sealed), public_jwk=row.public_jwk)
    base.end_read()
    return found


def _row(key: SigningKey, sealer: Sealer, *, signs_from: datetime) -> ToolKey:
    return ToolKey(kid=key.kid, private_sealed=sealer.seal(key.private_pem), public_jwk=key.public_jwk, signs_from=signs_from)


def published(*, now: datetime) -> list[dict[str, Any]]:
    """The public keys that platforms must find: those that sign, will sign, or signed until lately."""
    rows = base.session().scalars(
        select(ToolKey).where(or_(ToolKey.retired_at.is_(None), ToolKey.retired_at > now)).order_by(ToolKey.signs_from.desc())
    )
    return [row.public_jwk for row in rows]


def rotate(sealer: Sealer, *, now: datetime, at_once: bool = False) -> dict[str, str]:
    """Publish a new key; it signs once every platform can have seen it, and the old ones end after the overlap.

    ``at_once``: the old key is lost or leaked. It is retired immediately and the new one signs immediately.
    """
    made = new_signing_key()
    signs_from = now if at_once else now + OVERLAP
    # A key that is on its way out is still published: one that leaked must end with the rest.
    ends = or_(ToolKey.retired_at.is_(None), ToolKey.retired_at > now) if at_once else ToolKey.retired_at.is_(None)
    with base.transactional() as session:
        session.execute(update(ToolKey).where(ends).values(retired_at=now if at_once else signs_from + OVERLAP))
        session.add(_row(made, sealer, signs_from=signs_from))
    return {"kid": made.kid, "signs_from": signs_from.isoformat()}


def listing() -> list[dict[str, Any]]:
    """Every key of the tool, newest first."""
    rows = base.session().scalars(select(ToolKey).order_by(ToolKey.created_at.desc()))
    return [
        {"kid": row.kid, "signs_from": row.signs_from.isoformat(), "retired_at": row.retired_at.isoformat() if row.retired_at else None}
        for row in rows
    ]


def reseal(sealer: Sealer, wrapping: DataKeys) -> dict[str, int]:
    """Seal everything anew with the first encryption key, so that the others can be dropped; the keys of people's words with what locks
    those. -> how many of each."""
    words = sealing.reseal(wrapping)
    with base.transactional() as session:
        keys = [row for row in session.scalars(select(ToolKey)) if sealer.stale(row.private_sealed)]
        for row in keys:
            row.private_sealed = sealer.seal(sealer.open(row.private_sealed))
        tokens = [row for row in session.scalars(select(AccessToken)) if row.token_sealed and sealer.stale(row.token_sealed)]
        for token in tokens:
            token.token_sealed = sealer.seal(sealer.open(cast(str, token.token_sealed)))
    with base.across_organisations("keys reseal"), base.transactional() as session:
        marks = [row for row in session.scalars(select(TombstoneKey)) if sealer.stale(row.key_sealed)]
        for mark in marks:
            mark.key_sealed = sealer.seal(sealer.open(mark.key_sealed))
        copies = [row for row in session.scalars(select(PrivacyCopy)) if row.body_sealed and sealer.stale(row.body_sealed)]
        for copy in copies:
            copy.body_sealed = sealer.seal(sealer.open(cast(str, copy.body_sealed)))
        told = [row for row in session.scalars(select(Concern)) if row.words_sealed and sealer.stale(row.words_sealed)]
        for one in told:
            one.words_sealed = sealer.seal(sealer.open(one.words_sealed))
    counts = {"keys": len(keys), "tokens": len(tokens), "talk_keys": words}
    return counts | {"concerns": len(told), "marks": len(marks), "copies": len(copies)}


class KeySets:
    """Answers ``lti.keysets.KeySetStore`` from the database."""

    def load(self, url: str) -> CachedKeySet | None:
        """What was last fetched from ``url``."""
        row = base.session().get(PlatformKeySet, url, populate_existing=True)
        if row is None or row.fetched_at is None or row.fresh_until is None:
            return None
        return CachedKeySet(body=row.body, fetched_at=row.fetched_at, fresh_until=row.fresh_until)

    def save(self, url: str, body: Mapping[str, Any], fetched_at: datetime, fresh_until: datetime) -> None:
        """Keep a key set that was fetched well."""
        with base.transactional() as session:
            session.merge(PlatformKeySet(url=url, body=dict(body), fetched_at=fetched_at, fresh_until=fresh_until, missed_kid=None))

    def note_missed(self, url: str, kid: str) -> None:
        """Note for the doctor that somebody came with a key that is not in the set."""
        with base.transactional() as session:
            session.execute(update(PlatformKeySet).where(PlatformKeySet.url == url).values(missed_kid=kid[:100]))

    def claim_refetch(self, url: str, now: datetime, every_seconds: float) -> bool:
        """Whether this caller may fetch now; at most one in ``every_seconds`` over all processes."""
        return _claim(
            lambda: PlatformKeySet(url=url, body={}, missed_at=now),
            update(PlatformKeySet)
            .where(
                PlatformKeySet.url == url,
                or_(PlatformKeySet.missed_at.is_(None), PlatformKeySet.missed_at <= now - timedelta(seconds=every_seconds)),
            )
            .values(missed_at=now),
        )


def _claim(first: Callable[[], Any], again: Any) -> bool:
    """One winner among all processes: a conditional update or, where there is no row yet, a unique insert."""
    with base.transactional() as session:
        if cast(CursorResult[Any], session.execute(again)).rowcount:
            return True
    row = first()
    try:
        with base.transactional() as session:
            if session.get(type(row), _identity(row)) is not None:
                return False
            session.add(row)
    except IntegrityError:
        return False
    return True


def _identity(row: Any) -> Any:
    return row.url if isinstance(row, PlatformKeySet) else (row.registration_id, row.scopes_hash)


class Tokens:
    """Answers ``lti.connector.TokenStore`` from the database; tokens are sealed at rest."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def load(self, registration_id: str, scopes_hash: str) -> CachedToken | None:
        """The token kept for this registration and set of scopes. No transaction stays open: the LMS is asked next, and may take long."""
        row = base.session().get(AccessToken, (registration_id, scopes_hash), populate_existing=True)
        base.end_read()
        if row is None or not row.token_sealed or row.expires_at is None:
            return None
        try:
            token = self._sealer.open(row.token_sealed).decode()
        except CannotOpen:  # the encryption key that sealed it is gone: another token can be had
            return None
        return CachedToken(token=token, granted=frozenset(row.granted), expires_at=row.expires_at)

    def save(self, registration_id: str, scopes_hash: str, token: str, granted: frozenset[str], expires_at: datetime) -> None:
        """Keep a token and end the refresh that brought it."""
        with base.transactional() as session:
            session.merge(
                AccessToken(
                    registration_id=registration_id,
                    scopes_hash=scopes_hash,
                    token_sealed=self._sealer.seal(token.encode()),
                    granted=sorted(granted),
                    expires_at=expires_at,
                    refreshing_until=None,
                )
            )

    def claim_refresh(self, registration_id: str, scopes_hash: str, now: datetime, lease_seconds: float) -> bool:
        """Whether this caller may fetch a token now; the others wait for it until the lease ends."""
        until = now + timedelta(seconds=lease_seconds)
        return _claim(
            lambda: AccessToken(registration_id=registration_id, scopes_hash=scopes_hash, refreshing_until=until),
            update(AccessToken)
            .where(
                AccessToken.registration_id == registration_id,
                AccessToken.scopes_hash == scopes_hash,
                or_(AccessToken.refreshing_until.is_(None), AccessToken.refreshing_until <= now),
            )
            .values(refreshing_until=until),
        )

    def drop(self, registration_id: str, scopes_hash: str) -> None:
        """Forget a token that the platform no longer takes, or a refresh that failed."""
        with base.transactional() as session:
            session.execute(
                delete(AccessToken).where(AccessToken.registration_id == registration_id, AccessToken.scopes_hash == scopes_hash)
            )
