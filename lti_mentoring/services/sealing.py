# SPDX-License-Identifier: Apache-2.0
"""Words that only a pair, or only one person, can read: sealed with a key of their own, which can be destroyed.

Opened words live in the answer alone. ``about`` says which row and which field they stand in, and whose: they open nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from lti_mentoring import keys
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.keys import CannotOpen, DataKeys
from lti_mentoring.store import base
from lti_mentoring.store.mentorship import Mentorship
from lti_mentoring.store.people import Person
from lti_mentoring.store.talk import OwnKey, TalkKey, data_keys

PAIR, OWN = "pair", "own"


def about(table: str, row_id: str, owner_id: str, field: str = "text") -> str:
    """Where words stand: table, row, owner, field."""
    return "/".join((table, row_id, owner_id, field))


# --- a pair's words -----------------------------------------------------------------------------------------------------------


def seal_for(session: Session, mentorship_id: str, text: str, *, about: str = "") -> str:
    """Words of a pair, sealed with its key, which is made with its first words. In the caller's transaction.

    NotFound ``mentorship``; RuleBroken ``talk_destroyed``."""
    return _seal(_key(session, TalkKey, mentorship_id, make=True), text, (PAIR, mentorship_id, about))


def open_for(session: Session, mentorship_id: str, sealed: str, *, about: str = "") -> str:
    """The words; ``keys.CannotOpen`` once the key is destroyed, and for what stood elsewhere."""
    return _open(_key(session, TalkKey, mentorship_id), sealed, (PAIR, mentorship_id, about))


def shown_for(session: Session, mentorship_id: str, sealed: str, *, about: str = "") -> str | None:
    """The words for a page, which stays up without them: None where they cannot be opened."""
    try:
        return open_for(session, mentorship_id, sealed, about=about)
    except CannotOpen:
        return None


def shown_many(session: Session, several: Sequence[tuple[str, str, str]]) -> list[str | None]:
    """The same for (mentorship, sealed, about) of many rows; one query for all keys."""
    pairs = {one for one, _, _ in several}
    held = session.execute(select(TalkKey.mentorship_id, TalkKey.wrapped).where(TalkKey.mentorship_id.in_(pairs)))
    locked = {pair: wrapped for pair, wrapped in held if wrapped is not None}
    return [_shown(session, locked.get(pair), sealed, (PAIR, pair, about)) for pair, sealed, about in several]


def _shown(session: Session, wrapped: str | None, sealed: str, bound: tuple[str, ...]) -> str | None:
    try:
        return _open(_unlocked(session, wrapped), sealed, bound) if wrapped is not None else None
    except CannotOpen:
        return None


def destroyed(session: Session, mentorship_id: str) -> bool:
    """Whether what a pair wrote is destroyed."""
    return session.scalar(select(TalkKey.id).where(TalkKey.mentorship_id == mentorship_id, TalkKey.wrapped.is_(None))) is not None


def destroy(session: Session, mentorship_id: str) -> None:
    """Destroy a pair's key, in the caller's transaction: nothing that was sealed for them opens any more, and nothing more is sealed."""
    _destroy(session, TalkKey, mentorship_id)


# --- one person's words ---------------------------------------------------------------------------------------------------------


def seal_own(session: Session, person_id: str, text: str, *, about: str = "") -> str:
    """Words of one person for themself, sealed with their own key. NotFound ``person``; RuleBroken ``talk_destroyed``."""
    return _seal(_key(session, OwnKey, person_id, make=True), text, (OWN, person_id, about))


def open_own(session: Session, person_id: str, sealed: str, *, about: str = "") -> str:
    """The words; ``keys.CannotOpen`` once the key is destroyed, and for what stood elsewhere."""
    return _open(_key(session, OwnKey, person_id), sealed, (OWN, person_id, about))


def shown_own(session: Session, person_id: str, sealed: str, *, about: str = "") -> str | None:
    """The words for a page, which stays up without them: None where they cannot be opened."""
    try:
        return open_own(session, person_id, sealed, about=about)
    except CannotOpen:
        return None


def destroy_own(session: Session, person_id: str) -> None:
    """Destroy a person's own key, in the caller's transaction."""
    _destroy(session, OwnKey, person_id)


# --- keys -----------------------------------------------------------------------------------------------------------------------


def ready_for(session: Session, mentorship_id: str) -> None:
    """Unlock a pair's key before a transaction begins, where a key-management service is asked over the network: it is kept for this
    piece of work."""
    _known(session, TalkKey, mentorship_id)


def ready_own(session: Session, person_id: str) -> None:
    """The same for a person's own key."""
    _known(session, OwnKey, person_id)


def reseal(wrapping: DataKeys) -> int:
    """Lock every key anew with what locks keys now. -> how many. A service is asked outside any transaction, a key at a time."""
    count = 0
    with base.across_organisations("keys reseal"):
        for kind in (TalkKey, OwnKey):
            found = base.session().execute(select(kind.org_id, kind.id, kind.wrapped).where(kind.wrapped.is_not(None))).all()
            base.end_read()
            for org_id, key_id, wrapped in found:
                if wrapped is None or not wrapping.stale(wrapped):
                    continue
                anew = wrapping.wrap(wrapping.unwrap(wrapped))
                same = (kind.org_id == org_id, kind.id == key_id, kind.wrapped == wrapped)  # destroyed meanwhile stays destroyed
                with base.transactional() as session:
                    session.execute(update(kind).where(*same).values(wrapped=anew))
                count += 1
    return count


def _whose(kind: Any) -> tuple[Any, Any, str]:
    """Column, table and noun of whom a key belongs to."""
    return (TalkKey.mentorship_id, Mentorship, "mentorship") if kind is TalkKey else (OwnKey.person_id, Person, "person")


def _row(session: Session, kind: Any, whose_id: str) -> Any:
    held = _whose(kind)[0]
    return session.execute(select(kind.wrapped, kind.made_at).where(held == whose_id)).first()


def _known(session: Session, kind: Any, whose_id: str) -> bytes | None:
    """The key of a pair or person; None where there is none, or none any more."""
    row = _row(session, kind, whose_id)
    return _unlocked(session, row.wrapped) if row is not None and row.wrapped is not None else None


def _unlocked(session: Session, wrapped: str) -> bytes:
    """A key, unlocked once for a piece of work; kept by its locked form, so that a destroyed one is never found."""
    kept: dict[str, bytes] = session.info.setdefault("data_keys", {})
    if wrapped not in kept:
        kept[wrapped] = data_keys().unwrap(wrapped)
    return kept[wrapped]


def _key(session: Session, kind: Any, whose_id: str, *, make: bool = False) -> bytes:
    found = _known(session, kind, whose_id)
    if found is not None:
        return found
    if not make:
        raise CannotOpen("its key is destroyed, or there never was one")
    held, owner, noun = _whose(kind)
    if session.scalar(select(owner.id).where(owner.id == whose_id).with_for_update()) is None:  # one makes the key, others wait
        raise NotFound(noun)
    if _row(session, kind, whose_id) is None:
        session.add(kind(**{held.key: whose_id, "wrapped": data_keys().wrap(keys.new_data_key())}))
        session.flush()
    found = _known(session, kind, whose_id)
    if found is None:
        raise RuleBroken("talk_destroyed")
    return found


def _destroy(session: Session, kind: Any, whose_id: str) -> None:
    held, owner, _ = _whose(kind)
    if session.scalar(select(owner.id).where(owner.id == whose_id).with_for_update()) is None:
        return
    gone = {"wrapped": None, "destroyed_at": base.now()}
    if _row(session, kind, whose_id) is None:
        session.add(kind(**{held.key: whose_id, **gone}))
        session.flush()
        return
    session.execute(update(kind).where(held == whose_id, kind.wrapped.is_not(None)).values(**gone))
    session.info.pop("data_keys", None)


def _seal(key: bytes, text: str, bound: tuple[str, ...]) -> str:
    return keys.seal_words(key, text, bound=(base.current_tenant(), *bound))


def _open(key: bytes, sealed: str, bound: tuple[str, ...]) -> str:
    return keys.open_words(key, sealed, bound=(base.current_tenant(), *bound))
