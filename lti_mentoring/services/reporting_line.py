# SPDX-License-Identifier: Apache-2.0
"""Who manages and appraises whom, as people here have said, and when they last said it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from lti_mentoring.domain import reporting_line as rules
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.reporting_line import DEEPEST, Line, Lines
from lti_mentoring.services import privacy
from lti_mentoring.store import base
from lti_mentoring.store.people import Person
from lti_mentoring.store.reporting_line import LineAttestation, ReportingLine


@dataclass(frozen=True, slots=True)
class Manager:
    """Somebody who manages or appraises: a person of ours, or a name and an address."""

    kind: str
    person_id: str | None = None
    name: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Attestation:
    """When somebody last said themself who manages and appraises them, None where they never did; ``holds`` within a year (R0)."""

    on: date | None
    holds: bool


def attestation(session: Session, person_id: str, *, on: date) -> Attestation:
    """Whether it is known who manages somebody, on a day. Their managers are not asked: a line manager sees nothing of an application."""
    said = session.scalar(select(LineAttestation.attested_at).where(LineAttestation.person_id == person_id))
    return Attestation(said.date(), rules.known_until(said.date()) > on) if said is not None else Attestation(None, holds=False)


def attest(session: Session, *, actor: Actor, managers: Collection[Manager]) -> None:
    """Write down who manages and appraises the actor from today on, nobody included, in the caller's transaction.

    Lines that they no longer name end today; those that go on are left as they are. An address that one person here has is that person.
    """
    today = base.now().date()
    named = [_known(session, one) for one in managers]
    wanted = {_key(one.kind, one.person_id, one.email, one.name): one for one in named}
    own = (ReportingLine.subordinate_id == actor.person_id, ReportingLine.ended_on.is_(None))
    for row in session.scalars(select(ReportingLine).where(*own)):
        if wanted.pop(_key(row.kind, row.manager_id, row.manager_email, row.manager_name), None) is None:
            row.ended_on = today
    for one in wanted.values():
        session.add(
            ReportingLine(
                subordinate_id=actor.person_id,
                manager_id=one.person_id,
                manager_name=one.name,
                manager_email=one.email,
                kind=one.kind,
                started_on=today,
                said_by=actor.person_id,
            )
        )
    said = session.scalar(select(LineAttestation).where(LineAttestation.person_id == actor.person_id))
    if said is None:
        session.add(LineAttestation(person_id=actor.person_id))
    else:
        said.attested_at = base.now()
    privacy.record(session, actor=actor, verb="attest", object_kind="reporting_line", object_id=actor.person_id, lines=len(named))


def _key(kind: str, person_id: str | None, email: str, name: str) -> tuple[str, str]:
    return kind, person_id or email or name.casefold()


def _known(session: Session, one: Manager) -> Manager:
    email = one.email.strip().lower()
    if one.person_id is not None or not email:
        return Manager(one.kind, one.person_id, one.name.strip(), email)
    found = session.scalars(select(Person.id).where(func.lower(Person.email) == email)).all()
    return Manager(one.kind, found[0] if len(found) == 1 else None, one.name.strip(), email)


def of(session: Session, person_id: str, *, on: date) -> Lines:
    """Where everybody stands to one person on a day, within the organisation in scope; managers known only by an address are matched to
    whoever has that address now."""
    return rules.lines_of(person_id, _around(session, person_id), on)


def led_by(session: Session, person_id: str, *, on: date) -> frozenset[str]:
    """Everybody whom a person manages or appraises, or whose direct line leads up to them, on a day; two statements a step."""
    reached, step = {person_id}, {person_id}
    for depth in range(DEEPEST):
        of_step = or_(ReportingLine.manager_id.in_(step), ReportingLine.manager_email.in_(_emails(session, step)))
        rows = session.scalars(select(ReportingLine).where(of_step)).all()
        counting = [row for row in rows if _line(row, "").counts(on) and (row.kind == rules.DIRECT or not depth)]
        direct = {row.subordinate_id for row in counting if row.kind == rules.DIRECT}
        step = direct - reached
        reached |= {row.subordinate_id for row in counting}
        if not step:
            break
    return frozenset(reached - {person_id})


def _around(session: Session, person_id: str) -> list[Line]:
    """The lines that touch one person: down one step, and up as far as a line is followed, a statement for each step of it."""
    found: dict[str, ReportingLine] = {}
    emails = _emails(session, {person_id})
    below = or_(ReportingLine.manager_id == person_id, ReportingLine.manager_email.in_(emails))
    lines = [_line(row, person_id) for row in session.scalars(select(ReportingLine).where(below))]
    step = {person_id}
    for _ in range(DEEPEST):
        rows = session.scalars(select(ReportingLine).where(ReportingLine.subordinate_id.in_(step))).all()
        fresh = [row for row in rows if row.id not in found]
        found |= {row.id: row for row in fresh}
        known = _people(session, {row.manager_email for row in fresh if row.manager_id is None and row.manager_email})
        made = [_line(row, row.manager_id or known.get(row.manager_email, "")) for row in fresh]
        lines += [line for line in made if line.manager]
        step = {line.manager for line in made if line.manager and line.kind == rules.DIRECT}
        if not step:
            break
    return lines


def _line(row: ReportingLine, manager: str) -> Line:
    return Line(row.subordinate_id, manager, row.kind, row.started_on, row.ended_on)


def _emails(session: Session, people: Iterable[str]) -> set[str]:
    return {email.lower() for email in session.scalars(select(Person.email).where(Person.id.in_(people))) if email}


def _people(session: Session, emails: Collection[str]) -> dict[str, str]:
    """Address to person, where one person has it."""
    if not emails:
        return {}
    rows = session.execute(select(Person.id, Person.email).where(func.lower(Person.email).in_(emails))).all()
    found: dict[str, str] = {}
    for row in rows:
        key = row.email.lower()
        found[key] = "" if key in found else row.id
    return {email: person for email, person in found.items() if person}
