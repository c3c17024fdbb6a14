# SPDX-License-Identifier: Apache-2.0
"""Who manages and appraises whom: said by the people themselves, by who leads the course, or by a file; and when it was last said."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from lti_mentoring.domain import reporting_line as rules
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.reporting_line import ALWAYS, Lines
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import chain, privacy
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import AT_ONCE
from lti_mentoring.store.conflict import ConflictParty, ConflictWatch
from lti_mentoring.store.field import Participant
from lti_mentoring.store.mentorship import Mentorship, MentorshipMember
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.people import Identity, Membership, Person, RoleGrant
from lti_mentoring.store.reporting_line import LineAttestation, ReportingLine


@dataclass(frozen=True, slots=True)
class Manager:
    """Somebody who manages or appraises: a person of ours, or a name and an address. ``since``, where it is said; ``until``, of what is
    over."""

    kind: str
    person_id: str | None = None
    name: str = ""
    email: str = ""
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Attestation:
    """When somebody last said themself who manages and appraises them, None where they never did; ``holds`` within a year (R0)."""

    on: date | None
    holds: bool


def attestation(session: Session, person_id: str, *, on: date) -> Attestation:
    """Whether it is known who manages somebody, on a day. Their managers are not asked: a line manager sees nothing of an application."""
    said = session.scalar(select(LineAttestation.attested_at).where(LineAttestation.person_id == person_id))
    return Attestation(said.date(), rules.known_until(said.date()) > on) if said is not None else Attestation(None, holds=False)


def attest(session: Session, *, actor: Actor, managers: Collection[Manager], handed_by: str = "") -> None:
    """Write down who manages and appraises the actor, nobody included, in the caller's transaction; ``say`` tells what becomes of it.

    ``handed_by``: who was shown the link by which they came. As far as anybody knows these are that one's words, and are kept as such.
    """
    source, said_by = ("staff", handed_by) if handed_by else ("self", actor.person_id)
    said = say(session, person_id=actor.person_id, managers=managers, source=source, said_by=said_by, ends_others=not handed_by)
    privacy.record(session, actor=actor, verb="attest", object_kind="reporting_line", object_id=actor.person_id, lines=said)


def enter(*, actor: Actor, person_id: str, managers: Collection[Manager], unit: str | None = None) -> None:
    """Who leads the course says who manages somebody of it, and where they work; an empty list says that nobody here does. Of somebody who
    is not in the course and signs in nowhere, too; then what others wrote of them stays.

    NotFound ``person``; RuleBroken ``line_of_ones_own``: what somebody says of themself is ``attest``.
    """
    with base.transactional() as session:
        here = select(Membership.id).where(Membership.course_id == actor.course_id, Membership.person_id == person_id)
        member = session.scalar(here) is not None
        if not member and person_id not in outside(session, actor.course_id):
            raise NotFound("person")
        if person_id == actor.person_id:
            raise RuleBroken("line_of_ones_own")
        by = actor.person_id
        said = say(session, person_id=person_id, managers=managers, source="staff", said_by=by, unit=unit, ends_others=member)
        privacy.record(session, actor=actor, verb="enter", object_kind="reporting_line", object_id=person_id, lines=said)


def outside(session: Session, course_id: str) -> frozenset[str]:
    """Who is in the rooms or pairs of a course, or observes in it, without being in it, and signs in nowhere: nobody but who leads the
    course, or a link, can say who manages them."""
    came = select(Identity.id).where(Identity.person_id == Person.id).exists()
    here = select(Membership.id).where(Membership.person_id == Person.id, Membership.course_id == course_id).exists()
    row = and_(Observation.org_id == Participant.org_id, Observation.id == Participant.observation_id)
    pair = and_(Mentorship.org_id == MentorshipMember.org_id, Mentorship.id == MentorshipMember.mentorship_id)
    among = or_(
        Person.id.in_(select(Participant.person_id).join(Observation, row).where(Observation.course_id == course_id)),
        Person.id.in_(select(MentorshipMember.person_id).join(Mentorship, pair).where(Mentorship.course_id == course_id)),
        Person.id.in_(select(RoleGrant.person_id).where(RoleGrant.course_id == course_id, RoleGrant.revoked_at.is_(None))),
    )
    return frozenset(session.scalars(select(Person.id).where(among, ~came, ~here)))


def say(
    session: Session,
    *,
    person_id: str,
    managers: Collection[Manager],
    source: str,
    said_by: str,
    unit: str | None = None,
    ends_others: bool = True,
) -> int:
    """Keep what one source says of somebody's managers, in the caller's transaction. -> how many lines it says

    Lines that this source no longer names end today, with ``ends_others`` whoever of it said them; what another has said stays. A line
    without ``since`` may have begun at any time after the last word of that person's managers, and counts from then: whoever was not
    asked is not cleared by being asked now. An address that one person here has is that person. What is watched for conflicts is looked
    at again.
    """
    today = base.now().date()
    held, before = _held(session, person_id)
    named = [_known(session, one) for one in managers]
    wanted = {_key(one.kind, one.person_id, one.email, one.name): one for one in named}
    own = [ReportingLine.subordinate_id == person_id, ReportingLine.ended_on.is_(None), ReportingLine.source == source]
    own += [] if ends_others else [ReportingLine.said_by == said_by]
    for row in session.scalars(select(ReportingLine).where(*own)):
        found = wanted.pop(_key(row.kind, row.manager_id, row.manager_email, row.manager_name), None)
        if found is None:
            row.ended_on = max(today, row.started_on)
        else:
            row.started_on, row.ended_on = min(found.since or row.started_on, row.started_on), found.until
    session.add_all(_row(person_id, one, before, source, said_by) for one in wanted.values())
    held.attested_at, held.source, held.said_by = base.now(), source, "" if said_by == person_id else said_by
    held.unit = held.unit or "" if unit is None else " ".join(unit.split())[:200]
    session.flush()
    look_again(session, {person_id})
    return len(named)


def _held(session: Session, person_id: str) -> tuple[LineAttestation, date]:
    """The row of what was last said of somebody, locked, and the day of it; made where nothing was, by one of two who come at once."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    made = insert(LineAttestation).values(org_id=base.current_tenant(), id=base.new_id(), person_id=person_id, attested_at=base.now())
    unique = made.on_conflict_do_nothing(index_elements=["org_id", "person_id"]).returning(LineAttestation.id)
    fresh = session.scalar(unique) is not None
    row = session.scalars(select(LineAttestation).where(LineAttestation.person_id == person_id).with_for_update()).one()
    return row, ALWAYS if fresh else row.attested_at.date()


def hold(session: Session, people: Collection[str]) -> None:
    """Lock what was last said of these people, in the caller's transaction, in one order and before their lines, as ``say`` does."""
    query = select(LineAttestation).where(LineAttestation.person_id.in_(people)).order_by(LineAttestation.id)
    session.scalars(query.with_for_update().execution_options(populate_existing=True)).all()


def _row(person_id: str, one: Manager, start: date, source: str, said_by: str) -> ReportingLine:
    return ReportingLine(
        subordinate_id=person_id,
        manager_id=one.person_id,
        manager_name=one.name,
        manager_email=one.email,
        kind=one.kind,
        started_on=one.since or start,
        ended_on=one.until,
        source=source,
        said_by=said_by,
    )


def look_again(session: Session, people: Collection[str]) -> None:
    """Have everything that is watched for conflicts looked at again that is about these people, or about anybody below them."""
    about = set(people) | chain.below(session, people, on=base.now().date())
    watched = select(ConflictParty.watch_id).where(ConflictParty.person_id.in_(about))
    open_yet = select(ConflictWatch.id).where(ConflictWatch.id.in_(watched), ConflictWatch.ended_at.is_(None))
    ids = session.scalars(open_yet.order_by(ConflictWatch.id).with_for_update()).all()  # in one order, so that no two wait for each other
    if ids:
        session.execute(update(ConflictWatch).where(ConflictWatch.id.in_(ids)).values(look_on=AT_ONCE))


def _key(kind: str, person_id: str | None, email: str, name: str) -> tuple[str, str]:
    return kind, person_id or email or name.casefold()


def _known(session: Session, one: Manager) -> Manager:
    """With the person who has that address; nobody who never came, so that whoever comes with it later is found by it."""
    email = one.email.strip().lower()
    if one.person_id is not None or not email:
        return replace(one, name=one.name.strip(), email=email)
    came = select(Identity.id).where(Identity.person_id == Person.id).exists()
    found = session.scalars(select(Person.id).where(func.lower(Person.email) == email, came)).all()
    return replace(one, person_id=found[0] if len(found) == 1 else None, name=one.name.strip(), email=email)


def of(session: Session, person_id: str, *, on: date) -> Lines:
    """Where everybody stands to one person on a day, within the organisation in scope; managers known only by an address are matched to
    whoever has that address now. Two statements."""
    found = rules.lines_of(person_id, chain.above(session, [person_id], on=on).lines, on)
    return replace(found, below=chain.below(session, [person_id], on=on))


def led_by(session: Session, person_id: str, *, on: date) -> frozenset[str]:
    """Everybody whom a person manages or appraises, or whose direct line leads up to them, on a day."""
    return chain.below(session, [person_id], on=on)


def said(session: Session, people: Collection[str]) -> Mapping[str, LineAttestation]:
    """What was last said of each of these people's managers, and where they work."""
    return {row.person_id: row for row in session.scalars(select(LineAttestation).where(LineAttestation.person_id.in_(people)))}
