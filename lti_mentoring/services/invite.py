# SPDX-License-Identifier: Apache-2.0
"""Invites to whoever connects an LMS: addresses of an organisation, or of one registration, that end by themselves."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, or_, select, update
from sqlalchemy.orm import Session

from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import privacy
from lti_mentoring.services.session import hashed
from lti_mentoring.store import base
from lti_mentoring.store.platform import Organisation, Registration, RegistrationInvite

VALID_DAYS = 7
MOST_OPEN = 20
"""Invites of an organisation that may wait at once."""

AGAIN_FOR = timedelta(hours=1)
"""How long the LMS that has used an invite may come back with it, to mend what it led to."""

SHORT = 12
"""Letters of the hash by which an invite is named where it is listed; the invite itself is shown once."""


@dataclass(frozen=True, slots=True)
class Invite:
    """An invite that waits. ``registration_id``: it updates that registration, and nothing else can be made by it."""

    key: str
    org_id: str
    organisation: str
    registration_id: str | None
    created_by: str
    created_at: datetime
    expires_at: datetime


def make(*, actor: Actor | str, org_id: str, registration_id: str | None = None) -> tuple[str, datetime]:
    """A new invite of an organisation. An administrator's is always of their own registration. RuleBroken ``invites_many``.

    -> its token, which is kept nowhere, and when it ends
    """
    if isinstance(actor, Actor):
        org_id, registration_id = actor.org_id, _own(actor)
    token, now = secrets.token_urlsafe(32), base.now()
    with base.transactional() as session:
        session.execute(select(Organisation.id).where(Organisation.id == org_id).with_for_update())
        held = session.scalars(select(RegistrationInvite.token_hash).where(_open(), RegistrationInvite.org_id == org_id)).all()
        if len(held) >= MOST_OPEN:
            raise RuleBroken("invites_many", most=MOST_OPEN)
        row = RegistrationInvite(
            token_hash=hashed(token),
            org_id=org_id,
            created_by=actor.person_id if isinstance(actor, Actor) else actor,
            expires_at=now + timedelta(days=VALID_DAYS),
            registration_id=registration_id,
        )
        session.add(row)
        with base.tenant(org_id):
            privacy.record(session, actor=actor, verb="invite", object_kind="platform", object_id=row.token_hash[:SHORT])
            session.flush()
        return token, row.expires_at


def _own(actor: Actor) -> str:
    """The registration of an administrator, where it is their organisation's."""
    owner = base.session().scalar(select(Registration.org_id).where(Registration.id == actor.registration_id))
    if owner != actor.org_id or not actor.is_any("administrator"):
        raise NotFound("platform")
    return actor.registration_id


def _open() -> Any:
    """Good for something: not used, or used so lately that it may be used again."""
    now = base.now()
    lately = and_(RegistrationInvite.registration_id.is_not(None), RegistrationInvite.spent_at > now - AGAIN_FOR)
    return and_(RegistrationInvite.expires_at > now, or_(RegistrationInvite.spent_at.is_(None), lately))


def find(token: str, *, again: bool = False) -> Invite:
    """The invite of an address. ``again``: one that was used may be found by the LMS that used it, to update what it led to.

    NotFound for a made-up one; RuleBroken ``invite_old`` (run out or ended), ``invite_spent``.
    """
    query = select(RegistrationInvite, Organisation.name).join(Organisation, Organisation.id == RegistrationInvite.org_id)
    found = base.session().execute(query.where(RegistrationInvite.token_hash == hashed(token))).first()
    if found is None:
        raise NotFound("invite")
    row, name = found
    check(row, again=again)
    return Invite(row.token_hash[:SHORT], row.org_id, name, row.registration_id, row.created_by, row.created_at, row.expires_at)


def check(row: RegistrationInvite, *, again: bool) -> None:
    """Whether an invite is still good; see ``find``."""
    if row.expires_at <= base.now():
        raise RuleBroken("invite_old")
    lately = row.spent_at is not None and row.spent_at > base.now() - AGAIN_FOR
    if row.spent_at is not None and not (again and lately and row.registration_id is not None):
        raise RuleBroken("invite_spent")


def waiting(*, org_id: str | None = None, registration_id: str | None = None) -> Sequence[Invite]:
    """Invites that wait: of an organisation, of one registration, or all."""
    query = select(RegistrationInvite, Organisation.name).join(Organisation, Organisation.id == RegistrationInvite.org_id).where(_open())
    if org_id is not None:
        query = query.where(RegistrationInvite.org_id == org_id)
    if registration_id is not None:
        query = query.where(RegistrationInvite.registration_id == registration_id)
    return [
        Invite(row.token_hash[:SHORT], row.org_id, name, row.registration_id, row.created_by, row.created_at, row.expires_at)
        for row, name in base.session().execute(query.order_by(RegistrationInvite.created_at))
    ]


def revoke(*, actor: Actor | str, key: str) -> None:
    """End an invite by its short name. RuleBroken ``invite_unknown``, also for one of another registration than the administrator's."""
    with base.transactional() as session:
        query = select(RegistrationInvite).where(_open(), RegistrationInvite.token_hash.startswith(key, autoescape=True))
        if isinstance(actor, Actor):
            query = query.where(RegistrationInvite.org_id == actor.org_id, RegistrationInvite.registration_id == _own(actor))
        found = session.scalars(query.limit(2)).all()
        if len(key) < SHORT or len(found) != 1:
            raise RuleBroken("invite_unknown", key=key)
        row = found[0]
        row.expires_at = base.now()
        with base.tenant(row.org_id):
            privacy.record(session, actor=actor, verb="revoke_invite", object_kind="platform", object_id=row.token_hash[:SHORT])
            session.flush()


def end_of(session: Session, person_id: str) -> None:
    """End the invites that a person has made, in the caller's transaction."""
    theirs = and_(RegistrationInvite.created_by == person_id, RegistrationInvite.expires_at > base.now())
    session.execute(update(RegistrationInvite).where(theirs).values(expires_at=base.now()))
