# SPDX-License-Identifier: Apache-2.0
"""Links of the door: made for one person, opened once, disowned by whoever did not open theirs."""

from __future__ import annotations

import re
import secrets
from datetime import timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from lti_mentoring.domain import door as rules
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import door_place, privacy
from lti_mentoring.services import session as sessions
from lti_mentoring.services.session import hashed
from lti_mentoring.store import base
from lti_mentoring.store.door import DoorLink, Passkey
from lti_mentoring.store.people import Person, WebSession

_TOKEN = re.compile(r"(?P<org>[0-9a-f]{32})-(?P<secret>[A-Za-z0-9_-]{32,64})")
"""The organisation stands in the link, so that opening it works within its tenant from the first statement."""


def new_token(org_id: str, known: str = "") -> str:
    """A link's secret. ``known`` is given where the same link must be made again."""
    return f"{org_id}-{known or secrets.token_urlsafe(32)}"


def organisation_of(token: str) -> str:
    """The organisation that a link names. NotFound for what is no link."""
    found = _TOKEN.fullmatch(token)
    if found is None:
        raise NotFound("door_link")
    return found["org"]


def issue(session: Session, *, actor: str, person_id: str, kind: str, token: str = "") -> str:
    """A link for somebody, in the caller's transaction; only its hash is kept, and older ones end. -> the token"""
    org_id, now = base.current_tenant(), base.now()
    token = token or new_token(org_id)
    revoke(session, person_id)
    link = DoorLink(token_hash=hashed(token), org_id=org_id, person_id=person_id, kind=kind, created_by=actor)
    link.expires_at = now + rules.LIVES[kind]
    session.add(link)
    session.flush()
    privacy.record(session, actor=actor, verb="issue_door_link", object_kind="person", object_id=person_id, kind=kind)
    return token


def revoke(session: Session, person_id: str) -> None:
    """End the links of somebody that nobody opened, in the caller's transaction."""
    mine = (DoorLink.org_id == base.current_tenant(), DoorLink.person_id == person_id)
    waits = update(DoorLink).where(*mine, DoorLink.spent_at.is_(None), DoorLink.revoked_at.is_(None)).values(revoked_at=base.now())
    session.execute(waits.execution_options(synchronize_session=False))


def again(session: Session, token: str, kind: str) -> bool | None:
    """Let a link that an earlier try of its mail made live on. -> None where none was made, False where it opens nothing any more"""
    mine = (DoorLink.org_id == base.current_tenant(), DoorLink.token_hash == hashed(token))
    known = session.scalar(select(DoorLink).where(*mine).with_for_update())
    if known is None:
        return None
    if known.spent_at is not None or known.revoked_at is not None:
        return False
    known.expires_at = base.now() + rules.LIVES[kind]
    return True


def exchange(*, token: str, browser: str, old_token: str | None) -> str:
    """Spend a link, within the organisation that it names, and sign its owner in. -> the token of the session.

    NotFound ``door_link``; RuleBroken ``door_link_spent`` with when and where, ``door_link_old``, ``door_link_revoked``. Of two at once,
    one gets it.
    """
    now = base.now()
    with base.transactional() as session:
        mine = (DoorLink.org_id == base.current_tenant(), DoorLink.token_hash == hashed(token))
        unspent = (DoorLink.spent_at.is_(None), DoorLink.revoked_at.is_(None), DoorLink.expires_at > now)
        spend = update(DoorLink).where(*mine, *unspent).values(spent_at=now, spent_in=browser[:60])
        taken = session.execute(spend.execution_options(synchronize_session=False).returning(DoorLink.token_hash)).first()
        row = session.scalar(select(DoorLink).where(*mine).execution_options(populate_existing=True))
        if row is None:
            raise NotFound("door_link")
        if taken is None:
            code = rules.refusal(rules.Link(row.expires_at, row.spent_at, row.revoked_at), now) or rules.SPENT
            raise RuleBroken(code, at=row.spent_at, browser=row.spent_in, disowns=_disowns(row))
        return enter(session, row.person_id, old_token, by_link=row.token_hash)


def _disowns(row: DoorLink) -> bool:
    return row.spent_at is not None and base.now() < row.spent_at + rules.DISOWNS


def enter(session: Session, person_id: str, old_token: str | None, *, by_link: str, passkey: str = "") -> str:
    """Sign somebody in by the door, in the caller's transaction. -> the token of the session. RuleBroken ``door_link_revoked`` where
    nothing here is theirs any more."""
    person = session.scalar(select(Person).where(Person.id == person_id))
    if person is None or not door_place.has_place(person_id):
        raise RuleBroken(rules.REVOKED)
    held = {"door": {"link": by_link, "at": base.now().isoformat()}}
    made = sessions.begin_at_door(
        session, org_id=person.org_id, person_id=person.id, locale=person.locale, old_token=old_token, lasts=rules.LASTS, held=held
    )
    how = "passkey" if passkey else "link"
    privacy.record(session, actor=person_id, verb="open_door", object_kind="person", object_id=person_id, by=how)
    return made


def disown(session: Session, *, token: str) -> str:
    """The owner of a link did not open it: what was opened by it ends, and passkeys that were added by it go, in the caller's
    transaction. -> the person. NotFound ``door_link`` for what is none, or was opened too long ago."""
    row = session.scalar(select(DoorLink).where(DoorLink.org_id == base.current_tenant(), DoorLink.token_hash == hashed(token)))
    if row is None or not _disowns(row):
        raise NotFound("door_link")
    added = (Passkey.org_id == row.org_id, Passkey.person_id == row.person_id, Passkey.by_link == row.token_hash)
    session.execute(delete(Passkey).where(*added))
    theirs = select(WebSession).where(WebSession.org_id == row.org_id, WebSession.person_id == row.person_id, WebSession.by_door)
    for one in session.scalars(theirs).all():
        if one.payload.get("door", {}).get("link") == row.token_hash:
            session.delete(one)
    privacy.record(session, actor=row.person_id, verb="disown_door_link", object_kind="person", object_id=row.person_id)
    return row.person_id


def end_sessions(session: Session, person_id: str) -> None:
    """End what somebody opened by the door, on every device, in the caller's transaction."""
    session.execute(
        delete(WebSession).where(WebSession.org_id == base.current_tenant(), WebSession.person_id == person_id, WebSession.by_door)
    )


def forget_old(session: Session, *, keeps: timedelta) -> None:
    """Delete links that ended that long ago, in the caller's transaction."""
    before = base.now() - keeps
    session.execute(delete(DoorLink).where(DoorLink.expires_at < before, or_(DoorLink.spent_at.is_(None), DoorLink.spent_at < before)))
