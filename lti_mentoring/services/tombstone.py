# SPDX-License-Identifier: Apache-2.0
"""The marks of erased identities: keyed hashes of (issuer, sub), by which a roster or a launch does not bring them back unasked."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Collection

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection

from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.lti.launch import Launch
from lti_mentoring.services import privacy
from lti_mentoring.store import base, centre
from lti_mentoring.store.centre import Tombstone, TombstoneKey

_K, _T = base.table(TombstoneKey), base.table(Tombstone)


class ErasedBefore(RuleBroken):
    """A launch by somebody who was erased and has not agreed to a new record; ``mark`` is theirs."""

    def __init__(self, org_id: str, mark: str) -> None:
        super().__init__("erased_before")
        self.org_id, self.mark = org_id, mark


def put(connection: Connection, *, org_id: str, person_id: str, issuer: str, sub: str) -> None:
    """Mark an identity as erased, in the caller's transaction; once more for one that was erased again."""
    mark = _mark(_key(connection, org_id) or _new_key(connection, org_id), issuer, sub)
    here = (_T.c.org_id == org_id, _T.c.mark == mark)
    if connection.execute(select(_T.c.id).where(*here)).first() is not None:
        connection.execute(update(_T).where(*here).values(person_id=person_id, made_at=base.now(), lifted_at=None))
        return
    row = {"org_id": org_id, "id": base.new_id(), "mark": mark, "person_id": person_id, "made_at": base.now(), "lifted_at": None}
    connection.execute(insert(_T), row)


def marked(connection: Connection, *, org_id: str, issuer: str, subs: Collection[str]) -> frozenset[str]:
    """Which of these identities were erased, and have not agreed to a new record."""
    key = _key(connection, org_id) if subs else None
    if key is None:  # nobody of this organisation was ever erased
        return frozenset()
    marks = {_mark(key, issuer, sub): sub for sub in subs}
    found = connection.execute(select(_T.c.mark).where(_T.c.org_id == org_id, _T.c.mark.in_(marks), _T.c.lifted_at.is_(None)))
    return frozenset(marks[one] for one in found.scalars())


def stop(connection: Connection, launch: Launch, org_id: str) -> None:
    """ErasedBefore for a launch by a marked identity, so that nothing of it is kept."""
    if marked(connection, org_id=org_id, issuer=launch.issuer, subs=[launch.sub]):
        key = _key(connection, org_id)
        raise ErasedBefore(org_id, _mark(key or b"", launch.issuer, launch.sub))


def lift(*, org_id: str, mark: str) -> None:
    """Whoever was erased has agreed: their next launch begins a new, empty record. A second time changes nothing."""
    with base.tenant(org_id), base.transactional() as session:
        here = update(Tombstone).where(Tombstone.org_id == org_id, Tombstone.mark == mark, Tombstone.lifted_at.is_(None))
        session.execute(here.values(lifted_at=base.now()))
        privacy.record(session, actor=privacy.SYSTEM, verb="agree", object_kind="tombstone", object_id=mark[:32])


def _key(connection: Connection, org_id: str) -> bytes | None:
    sealed = connection.execute(select(_K.c.key_sealed).where(_K.c.org_id == org_id)).scalar()
    return centre.sealer().open(sealed) if sealed is not None else None


def _new_key(connection: Connection, org_id: str) -> bytes:
    key = secrets.token_bytes(32)
    connection.execute(insert(_K), {"org_id": org_id, "id": base.new_id(), "key_sealed": centre.sealer().seal(key)})
    return key


def _mark(key: bytes, issuer: str, sub: str) -> str:
    return hmac.digest(key, f"{len(issuer)}.{issuer}.{sub}".encode(), hashlib.sha256).hex()
