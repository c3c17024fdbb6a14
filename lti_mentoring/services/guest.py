# SPDX-License-Identifier: Apache-2.0
"""Links for people without an account: made for one person and one observation, opened once, and the pass that a browser holds after."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import and_, select, update
from sqlalchemy.orm import Session

from lti_mentoring.domain import guest as rules
from lti_mentoring.domain.guest import FIELD, LIVES
from lti_mentoring.domain.people import LEADS, Actor, display_name
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import notification, privacy, reporting_line
from lti_mentoring.services.roles import Here
from lti_mentoring.services.seat import seat
from lti_mentoring.services.session import hashed
from lti_mentoring.store import base
from lti_mentoring.store.field import GuestLink
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.people import Course, Person, RoleGrant
from lti_mentoring.store.platform import Organisation

_TOKEN = re.compile(r"(?P<org>[0-9a-f]{32})-(?P<secret>[A-Za-z0-9_-]{32,64})")
"""The organisation stands in the link, so that opening it works within its tenant from the first statement."""

PAGE = 16
"""Characters of a pass's hash that tell it from others in an address."""


@dataclass(frozen=True, slots=True)
class Guest:
    """Whoever holds a pass: who they are, and the one thing that they may do; ``late``: only send what they wrote before it ended.
    ``page`` tells their pass from others of the same browser, and opens nothing; ``handed_by``: who was shown the link, to hand it
    over."""

    org_id: str
    course_id: str
    person_id: str
    purpose: str
    observation_id: str
    late: bool = False
    page: str = ""
    handed_by: str = ""


# --- making and ending -----------------------------------------------------------------------------------------------------------


def new_token(org_id: str, known: str = "") -> str:
    """A link's secret. ``known`` is given where the same link must be made again."""
    return f"{org_id}-{known or secrets.token_urlsafe(32)}"


def issue(
    session: Session,
    *,
    actor: Actor | str,
    person_id: str,
    course_id: str,
    observation_id: str,
    purpose: str,
    token: str = "",
    handed: bool = False,
    lives: timedelta = LIVES,
) -> str:
    """A link for somebody, in the caller's transaction; only its hash is kept. Links of theirs that nobody opened yet end. -> the token

    ``handed``: whoever made it is shown it; ``lives``: how long it waits to be opened.
    """
    org_id = base.current_tenant()
    token = token or new_token(org_id)
    _end(session, GuestLink.spent_at.is_(None), GuestLink.about_id == observation_id, GuestLink.person_id == person_id, purpose=purpose)
    session.add(
        GuestLink(
            token_hash=hashed(token),
            org_id=org_id,
            course_id=course_id,
            person_id=person_id,
            purpose=purpose,
            about_id=observation_id,
            created_by=actor.person_id if isinstance(actor, Actor) else actor,
            handed=handed,
            expires_at=base.now() + lives,
        )
    )
    session.flush()
    facts = {"person": person_id, "purpose": purpose}
    privacy.record(session, actor=actor, verb="issue_link", object_kind="observation", object_id=observation_id, **facts)
    return token


def revoke(session: Session, *, actor: Actor | str, observation_id: str, people: Collection[str], purpose: str) -> int:
    """Take back the links of these people, opened ones included, in the caller's transaction. -> how many. What was written can still be
    sent."""
    ended = _end(session, GuestLink.about_id == observation_id, GuestLink.person_id.in_(people), purpose=purpose)
    if ended:
        told = {"object_kind": "observation", "object_id": observation_id}
        privacy.record(session, actor=actor, verb="revoke_link", purpose=purpose, count=ended, **told)
    return ended


def dismiss(session: Session, *, actor: Actor, person_id: str) -> None:
    """Take back every link of an observer to assignments of the actor's course, in the caller's transaction. As ``revoke``."""
    ended = _end(session, GuestLink.course_id == actor.course_id, GuestLink.person_id == person_id, purpose=FIELD)
    if ended:
        privacy.record(session, actor=actor, verb="revoke_link", object_kind="person", object_id=person_id, purpose=FIELD, count=ended)


def lengthen(session: Session, *, observation_id: str, person_id: str, until: datetime) -> bool:
    """Let the links that wait for somebody in a room, and the pages that they opened, open until then, in the caller's transaction.
    -> whether any does"""
    mine = (GuestLink.org_id == base.current_tenant(), GuestLink.about_id == observation_id, GuestLink.person_id == person_id)
    query = select(GuestLink).where(*mine, GuestLink.purpose == rules.CONSENT).order_by(GuestLink.token_hash).with_for_update()
    found = session.scalars(query.execution_options(populate_existing=True)).all()
    waits = [row for row in found if not rules.refusal(_link(row), base.now())]
    opened = [row for row in found if rules.opens(_link(row), rules.CONSENT, base.now())]
    for row in waits:
        row.expires_at = until
    for row in opened:
        row.pass_expires_at = until
    return bool(waits or opened)


def observes(session: Session, row: Observation) -> bool:
    """Whether the observer of an observation may still be one there."""
    held = (RoleGrant.course_id == row.course_id, RoleGrant.person_id == row.observer_id, RoleGrant.role == "observer")
    return session.scalar(select(RoleGrant.id).where(*held, RoleGrant.revoked_at.is_(None)).limit(1)) is not None


def opened(session: Session, observation_id: str, person_id: str, purpose: str) -> bool:
    """Whether somebody ever opened a link of theirs to an observation."""
    mine = (GuestLink.org_id == base.current_tenant(), GuestLink.about_id == observation_id, GuestLink.person_id == person_id)
    spent = select(GuestLink.token_hash).where(*mine, GuestLink.purpose == purpose, GuestLink.spent_at.is_not(None))
    return session.scalar(spent.limit(1)) is not None


def _end(session: Session, *which: object, purpose: str) -> int:
    mine = (GuestLink.org_id == base.current_tenant(), GuestLink.purpose == purpose, GuestLink.revoked_at.is_(None))
    query = update(GuestLink).where(*mine, *which).values(revoked_at=base.now())  # type: ignore[arg-type]
    return len(session.execute(query.execution_options(synchronize_session=False).returning(GuestLink.token_hash)).all())


# --- opening ---------------------------------------------------------------------------------------------------------------------


def organisation_of(token: str) -> str:
    """The organisation that a link names. NotFound for what is no link."""
    found = _TOKEN.fullmatch(token)
    if found is None:
        raise NotFound("guest_link")
    return found["org"]


def is_link(token: str) -> bool:
    """Whether this is a link, opened or over as it may be. No tenant need be in scope."""
    return base.session().scalar(select(GuestLink.org_id).where(GuestLink.token_hash == hashed(token))) is not None


def exchange(*, token: str) -> tuple[str, Guest]:
    """Spend a link, within the organisation that it names. -> the secret of the pass, and what it opens.

    NotFound ``guest_link``; RuleBroken ``guest_link_spent``, ``guest_link_old``, ``guest_link_revoked``. Of two at once, one gets it.
    """
    secret, now = secrets.token_urlsafe(32), base.now()
    with base.transactional() as session:
        mine = (GuestLink.org_id == base.current_tenant(), GuestLink.token_hash == hashed(token))
        unspent = (GuestLink.spent_at.is_(None), GuestLink.revoked_at.is_(None), GuestLink.expires_at > now)
        spend = update(GuestLink).where(*mine, *unspent).values(spent_at=now, pass_hash=hashed(secret))
        taken = session.execute(spend.execution_options(synchronize_session=False).returning(GuestLink.token_hash)).first()
        row = session.scalar(select(GuestLink).where(*mine).execution_options(populate_existing=True))
        if row is None:
            raise NotFound("guest_link")
        if taken is None:
            raise RuleBroken(rules.refusal(_link(row), now) or rules.SPENT)
        row.pass_expires_at = max(row.expires_at, now + LIVES)
        facts = {"purpose": row.purpose}
        privacy.record(session, actor=row.person_id, verb="open_link", object_kind="observation", object_id=row.about_id, **facts)
        return secret, _guest(row)


def ask_again(*, token: str) -> None:
    """Somebody whose link opens nothing any more asks for another one: who leads the course is told, once a day and link.

    NotFound ``guest_link``.
    """
    with base.transactional() as session:
        mine = (GuestLink.org_id == base.current_tenant(), GuestLink.token_hash == hashed(token))
        row = session.scalar(select(GuestLink).where(*mine))
        if row is None:
            raise NotFound("guest_link")
        day = session.scalar(select(Observation.planned_for).where(Observation.id == row.about_id))
        leads = select(RoleGrant.person_id).where(
            RoleGrant.course_id == row.course_id, RoleGrant.role.in_(LEADS), RoleGrant.revoked_at.is_(None)
        )
        for person_id in sorted(set(session.scalars(leads))):
            notification.tell(
                session,
                org_id=row.org_id,
                person_id=person_id,
                kind="guest_asks",
                facts={"planned_for": day} if day is not None else {},
                endpoint="consent.people",
                ids={"course": row.course_id, "observation": row.about_id},
                once=f"guest:{row.token_hash[:20]}:{base.now().date().isoformat()}",
            )


def _link(row: GuestLink) -> rules.Link:
    return rules.Link(row.purpose, row.expires_at, row.spent_at, row.revoked_at, row.pass_expires_at)


def _guest(row: GuestLink) -> Guest:
    page = (row.pass_hash or "")[:PAGE]
    handed_by = row.created_by if row.handed else ""
    return Guest(row.org_id, row.course_id, row.person_id, row.purpose, row.about_id, page=page, handed_by=handed_by)


# --- passes ----------------------------------------------------------------------------------------------------------------------


def holder(
    passes: Sequence[str], *, purpose: str, course_id: str = "", observation_id: str = "", page: str = "", author: str = ""
) -> Guest | None:
    """Who holds one of these passes, if it opens this: whoever wrote what is sent (``author``) first, then one that still shows
    something, then the newest. No tenant need be in scope."""
    meant = (
        one
        for one in _held(passes, purpose)
        if course_id in ("", one.course_id) and observation_id in ("", one.observation_id) and page in ("", one.page)
    )
    return min(meant, key=lambda one: (one.person_id != author, one.late), default=None)


def pages(passes: Sequence[str], held: Guest) -> tuple[tuple[str, date], ...]:
    """The other pages of the same person that these passes open, and the day of each, in the scope of their organisation."""
    mine = {one.observation_id: one.page for one in reversed(_held(passes, held.purpose)) if one.person_id == held.person_id}
    mine.pop(held.observation_id, None)
    query = select(Observation.id, Observation.planned_for).where(Observation.id.in_(mine)).order_by(Observation.planned_for)
    return tuple((mine[row.id], row.planned_for) for row in base.session().execute(query)) if mine else ()


def _held(passes: Sequence[str], purpose: str) -> list[Guest]:
    """What these passes open, the newest first."""
    if not passes:
        return []
    query = select(GuestLink).where(GuestLink.pass_hash.in_([hashed(one) for one in passes])).order_by(GuestLink.spent_at.desc())
    now, rows = base.now(), base.session().scalars(query)
    opened = [row for row in rows if rules.opens(_link(row), purpose, now)]
    return [replace(_guest(row), late=not rules.opens(_link(row), row.purpose, now)) for row in opened]


def seated(*, org_id: str, person_id: str, course_id: str, observation_id: str) -> bool:
    """Whether somebody has a seat at an observation, whatever passes lie about on their device."""
    with base.tenant(org_id):
        try:
            seat(base.session(), Actor(org_id, person_id, course_id, "", frozenset(), ""), observation_id)
        except NotFound:
            return False
        return True


def here(held: Guest) -> Here:
    """The holder of a pass as a page needs them, in the scope of their organisation: an observer of one observation, or of no role."""
    query = (
        select(Person.name, Person.chosen_name, Course.title, Course.label, Organisation.name)
        .join(Course, and_(Course.org_id == Person.org_id, Course.id == held.course_id))
        .join(Organisation, Organisation.id == Person.org_id)
        .where(Person.id == held.person_id)
    )
    found = base.session().execute(query).first()
    if found is None:
        raise NotFound("guest_link")
    roles = frozenset({"observer"}) if held.purpose == FIELD else frozenset[str]()
    name = display_name(found[0] or found[1], held.person_id)
    actor = Actor(held.org_id, held.person_id, held.course_id, name, roles, "")
    course, organisation, today = found[2] or found[3], found[4], base.now().date()
    asks = held.purpose == FIELD and not reporting_line.attestation(base.session(), held.person_id, on=today).holds
    here = Here(actor, course, organisation, nameless=False, coordinated=True, guest=True, late=held.late)
    return replace(here, handed_by=held.handed_by, asks_line=asks)


@dataclass(frozen=True, slots=True)
class LinkRow:
    """The newest link of somebody, for who has sent it: until when it can be opened or stays open; ``state`` is ``waits``, ``open`` or
    ``ended``."""

    state: str
    until: datetime


def links(session: Session, observation_id: str, purpose: str) -> dict[str, LinkRow]:
    """The newest link of each person for an observation, by the person; without those that were sent by themselves, to who agreed."""
    mine = (GuestLink.org_id == base.current_tenant(), GuestLink.about_id == observation_id, GuestLink.purpose == purpose)
    found = {}
    for row in session.scalars(select(GuestLink).where(*mine, GuestLink.created_by != privacy.SYSTEM).order_by(GuestLink.created_at)):
        link, now = _link(row), base.now()
        state = "waits" if not rules.refusal(link, now) else "open" if rules.opens(link, purpose, now) else "ended"
        found[row.person_id] = LinkRow(state, row.pass_expires_at or row.expires_at)
    return found

