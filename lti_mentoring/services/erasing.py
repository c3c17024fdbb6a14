# SPDX-License-Identifier: Apache-2.0
"""The steps of an erasure. Each is in the caller's transaction, and does nothing a second time."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import JSON, CursorResult, Table, and_, exists, func, or_, select, update
from sqlalchemy import delete as deletion
from sqlalchemy.orm import Session

from lti_mentoring.domain.application import LIVE
from lti_mentoring.domain.holding_register import DELETE, REGISTER, parents
from lti_mentoring.domain.participation import ACTIVE, CANDIDATE, DEFERRED
from lti_mentoring.services import door, own_rows, participation, tombstone
from lti_mentoring.store import base
from lti_mentoring.store.application import Application
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.field import GuestLink
from lti_mentoring.store.lifting import words_may_go
from lti_mentoring.store.mentorship import MentoringSession, Mentorship, MentorshipMember
from lti_mentoring.store.people import Identity, Person, RoleGrant, WebSession
from lti_mentoring.store.reporting_line import ReportingLine

CODES = frozenset({"criterion", "key", "kind", "notes", "level"})
"""What stands under these names is no word of anybody, and records are found by it."""


def delete(session: Session, table: Table, org_id: str, person_id: str) -> int:
    """Somebody's own rows of a table go, and first those that hang on them, which may be newer than their own step. -> how many"""
    count = 0
    for name, child in own_rows.tables().items():
        if REGISTER[name].erasure == DELETE and any(parent == table.name for _, parent in parents(REGISTER[name])):
            count += delete(session, child, org_id, person_id)
    return count + _count(session.execute(deletion(table).where(own_rows.own(table, org_id, person_id))))


def blank(session: Session, table: Table, org_id: str, person_id: str) -> int:
    """The words go out of somebody's own rows; the rows stay. -> how many rows"""
    held, mine = REGISTER[table.name], own_rows.own(table, org_id, person_id)
    columns = [table.c[one] for one in held.blanks]
    plain: dict[str, Any] = {one.name: None if one.nullable else "" for one in columns if not isinstance(one.type, JSON)}
    structured = [one for one in columns if isinstance(one.type, JSON)]
    with words_may_go():
        count = _count(session.execute(update(table).where(mine).values(**plain))) if plain else 0
        if structured:
            rows = session.execute(select(table.c.id, *structured).where(mine)).all()
            for row in rows:
                values = {one.name: without_words(row._mapping[one.name]) for one in structured}
                session.execute(update(table).where(table.c.org_id == org_id, table.c.id == row.id).values(**values))
            count = max(count, len(rows))
    return count


def without_words(value: Any) -> Any:
    """The same shape, with every text in it empty but for codes."""
    if isinstance(value, dict):
        return {key: one if key in CODES else without_words(one) for key, one in value.items()}
    if isinstance(value, list):
        return [without_words(one) for one in value]
    return "" if isinstance(value, str) else value


def shut_doors(session: Session, org_id: str, person_id: str) -> int:
    """Every browser, link, passkey and pass of theirs ends, and every role; a legal hold keeps none of them."""
    door.forget(session, person_id)
    count = _count(session.execute(deletion(WebSession).where(WebSession.org_id == org_id, WebSession.person_id == person_id)))
    count += _count(session.execute(deletion(GuestLink).where(GuestLink.org_id == org_id, GuestLink.person_id == person_id)))
    held = update(RoleGrant).where(RoleGrant.org_id == org_id, RoleGrant.person_id == person_id, RoleGrant.revoked_at.is_(None))
    return count + _count(session.execute(held.values(revoked_at=base.now())))


def destroy_pair_keys(session: Session, org_id: str, person_id: str) -> int:
    """The keys of pairs whose people are all erased, this one counted in: their words can be read by nobody who is left."""
    keys = base.Base.metadata.tables.get("talk_key")
    if keys is None:
        return 0
    theirs = select(MentorshipMember.mentorship_id).where(MentorshipMember.person_id == person_id)
    here = and_(Person.org_id == MentorshipMember.org_id, Person.id == MentorshipMember.person_id)
    left = exists().where(MentorshipMember.mentorship_id == keys.c.mentorship_id, here, Person.erased_at.is_(None), Person.id != person_id)
    gone = keys.c.org_id == org_id, keys.c.mentorship_id.in_(theirs), keys.c.wrapped.is_not(None), ~left
    return _count(session.execute(update(keys).where(*gone).values(wrapped=None, destroyed_at=base.now())))


def forget_who(session: Session, org_id: str, person_id: str) -> int:
    """Who it was: identities become marks, and the person a pseudonym, together, so that no launch or roster comes between."""
    person = session.scalars(select(Person).where(Person.id == person_id).with_for_update()).one()
    identities = session.scalars(select(Identity).where(Identity.person_id == person_id)).all()
    for one in identities:
        tombstone.put(session.connection(), org_id=org_id, person_id=person_id, issuer=one.issuer, sub=one.sub)
    session.execute(deletion(Identity).where(Identity.org_id == org_id, Identity.person_id == person_id))
    named: list[Any] = [ReportingLine.manager_id == person_id]
    if person.email:
        named.append(ReportingLine.manager_email == person.email.lower())
    lines = update(ReportingLine).where(ReportingLine.org_id == org_id, or_(*named))
    session.execute(lines.values(manager_id=person_id, manager_name="", manager_email=""))
    person.name = person.chosen_name = person.email = person.locale = None
    person.erased_at = person.erased_at or base.now()
    session.flush()
    return len(identities) + 1


def end_part(session: Session, org_id: str, person_id: str) -> int:
    """They take part no more: candidacies are withdrawn, applications that live too, pairs end without a reason."""
    ended = 0
    going = select(Candidacy.id).where(Candidacy.person_id == person_id, Candidacy.participation.in_((ACTIVE, DEFERRED)))
    for candidacy_id in session.scalars(going.order_by(Candidacy.id)).all():
        participation.settle(session, actor=person_id, candidacy_id=candidacy_id, verb="withdraw", who=CANDIDATE, reason="personal")
        ended += 1
    living = update(Application).where(Application.org_id == org_id, Application.person_id == person_id, Application.state.in_(LIVE))
    ended += _count(session.execute(living.values(state="withdrawn", slot=Application.id)))
    today = base.now().date()
    seats = MentorshipMember.org_id == org_id, MentorshipMember.person_id == person_id, MentorshipMember.ended_on.is_(None)
    pairs = session.scalars(select(MentorshipMember.mentorship_id).where(*seats)).all()
    session.execute(update(MentorshipMember).where(*seats).values(ended_on=func.coalesce(MentorshipMember.ended_on, today)))
    two = Mentorship.org_id == org_id, Mentorship.id.in_(pairs), Mentorship.kind != "group", Mentorship.state != "ended"
    session.execute(update(Mentorship).where(*two).values(state="ended", ended_on=today))
    ahead = MentoringSession.org_id == org_id, MentoringSession.state == "planned", MentoringSession.starts_at > base.now()
    over = select(Mentorship.id).where(Mentorship.id.in_(pairs), Mentorship.state == "ended")
    session.execute(update(MentoringSession).where(*ahead, MentoringSession.mentorship_id.in_(over)).values(state="cancelled"))
    return ended + len(pairs)


def _count(result: Any) -> int:
    return cast(CursorResult[Any], result).rowcount
