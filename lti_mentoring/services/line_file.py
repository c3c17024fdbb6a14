# SPDX-License-Identifier: Apache-2.0
"""Taking over an institution's file of reporting lines: all of it that concerns the people of a course, or nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, insert, select, union
from sqlalchemy.orm import Session

from lti_mentoring.domain import line_file as rules
from lti_mentoring.domain.line_file import Row, RowFault
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.reporting_line import ALWAYS
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.services import privacy, reporting_line
from lti_mentoring.store import base
from lti_mentoring.store.field import Participant
from lti_mentoring.store.mentorship import MentorshipMember
from lti_mentoring.store.people import Identity, Membership, Person, RoleGrant
from lti_mentoring.store.reporting_line import LineAttestation, ReportingLine

SOURCE = "csv"
_address = func.lower(Person.email)


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a file: how many rows it has, for how many people it says something now, lines begun and ended, whom of the course it
    does not name (ids), and circles of addresses that should be looked at. ``kept`` are the rows of which something is kept; ``own`` are
    the numbers of those about whoever takes it over, which are left out: of oneself it is said on one's own page."""

    rows: int
    people: int
    begun: int
    ended: int
    unnamed: tuple[str, ...]
    circles: tuple[tuple[str, ...], ...]
    kept: tuple[Row, ...] = ()
    own: tuple[int, ...] = ()


class _Undone(Exception):
    """Ends a transaction that was only tried."""

    def __init__(self, taken: Taken) -> None:
        self.taken = taken


def check(text: str) -> tuple[RowFault, ...]:
    """All that is wrong with a file, by its lines; for a page that shows it before anything is taken over."""
    return rules.read(text).faults


def preview(*, actor: Actor, text: str) -> Taken:
    """What ``take_over`` would make of a file, and nothing of it kept: it is done, and undone. RuleBroken ``line_file_wrong`` (faults)."""
    rows = _read(text)
    try:
        with base.transactional() as session:
            raise _Undone(_take(session, actor, rows))
    except _Undone as undone:
        return undone.taken


def take_over(*, actor: Actor, text: str) -> Taken:
    """Keep what a file says of the people of this course and of those above them; of everybody else nothing is kept.

    What the last file said and this one does not, of somebody whom it names, ends today. Whoever it does not name stays as they were.
    Of who is not in this course and is known here for another reason than a file, lines begin, and nothing ends or counts as said.
    RuleBroken ``line_file_wrong`` (faults). The same file again begins and ends nothing.
    """
    rows = _read(text)
    with base.transactional() as session:
        return _take(session, actor, rows)


def _read(text: str) -> tuple[Row, ...]:
    found = rules.read(text)
    if found.faults:
        raise RuleBroken("line_file_wrong", faults=found.faults)
    return found.rows


def _take(session: Session, actor: Actor, told: tuple[Row, ...]) -> Taken:
    here = _here(session, actor.course_id)
    me = here.get(actor.person_id) or session.scalar(select(_address).where(Person.id == actor.person_id))
    own = tuple(row.number for row in told if row.person == me)
    rows = rules.kept([row for row in told if row.person != me], {address for address in here.values() if address})
    people = _people(session, rows)
    of: dict[str, list[Row]] = {row.person: [] for row in rows}
    for row in rows:
        of[row.person].append(row)
    said = {person: of[address] for address, ids in people.items() for person in ids if person != actor.person_id}
    others = _elsewhere(session, said.keys() - here.keys())
    known = _came(session, {row.manager for row in rows if row.manager})
    reporting_line.hold(session, said.keys())
    begun, ended = _write(session, actor, said, known, others)
    _attest(session, actor, {person: rows for person, rows in said.items() if person not in others})
    session.flush()
    reporting_line.look_again(session, said.keys())
    unnamed = tuple(sorted(here.keys() - said.keys() - ({actor.person_id} if own else set())))
    taken = Taken(len(told), len(said), begun, len(ended), unnamed, rules.circles(rows), rows, own)
    for person in sorted(set(ended)):
        privacy.record(session, actor=actor, verb="end", object_kind="reporting_line", object_id=person, lines=ended.count(person))
    about = {"verb": "take_over", "object_kind": "reporting_line", "object_id": actor.course_id}
    privacy.record(session, actor=actor, **about, rows=taken.rows, people=taken.people, begun=begun, ended=taken.ended)
    return taken


def _here(session: Session, course_id: str) -> dict[str, str]:
    """Everybody of a course, with their address."""
    here = select(Membership.person_id).where(Membership.course_id == course_id)
    return {row.id: (row.email or "").lower() for row in session.execute(select(Person.id, Person.email).where(Person.id.in_(here)))}


def _elsewhere(session: Session, people: Collection[str]) -> frozenset[str]:
    """Those of some people of no part in this course who have come, or act or are met in another one: their lines are theirs to tell."""
    tables = (Identity, Membership, RoleGrant, Participant, MentorshipMember)
    known = union(*(select(table.person_id).where(table.person_id.in_(people)) for table in tables))
    return frozenset(session.scalars(known))


def _people(session: Session, rows: Sequence[Row]) -> Mapping[str, tuple[str, ...]]:
    """The persons of each address that has rows. Somebody above who is no person here yet becomes one, with a name and an address only:
    the line goes on through them. They have no identity, so that nobody signs in as them."""
    found: dict[str, tuple[str, ...]] = {}
    wanted = {row.person for row in rows}
    for row in session.execute(select(Person.id, _address.label("address")).where(_address.in_(wanted)).order_by(Person.id)):
        found[row.address] = (*found.get(row.address, ()), row.id)
    named = {row.person: row.person_name for row in rows if row.person_name}
    named = {row.manager: row.manager_name for row in rows if row.manager_name} | named
    fresh = {address: base.new_id() for address in sorted(wanted - found.keys())}
    rows_of_them = [{"org_id": base.current_tenant(), "id": made, "name": named.get(one), "email": one} for one, made in fresh.items()]
    if rows_of_them:
        session.execute(insert(Person), rows_of_them)
    return found | {address: (made,) for address, made in fresh.items()}


def _came(session: Session, addresses: Collection[str]) -> Mapping[str, str]:
    """Address to person, where one person who has come has it; whoever comes later is found by the address."""
    came = select(Identity.id).where(Identity.person_id == Person.id).exists()
    found: dict[str, list[str]] = {}
    for row in session.execute(select(Person.id, _address.label("address")).where(_address.in_(addresses), came)):
        found.setdefault(row.address, []).append(row.id)
    return {address: ids[0] for address, ids in found.items() if len(ids) == 1}


def _write(
    session: Session, actor: Actor, said: Mapping[str, Sequence[Row]], known: Mapping[str, str], others: Collection[str]
) -> tuple[int, list[str]]:
    """Begin and end lines so that they are what the file says; of ``others`` they only begin. -> how many begin; whose end, for each"""
    today = base.now().date()
    before = {person: row.attested_at.date() for person, row in reporting_line.said(session, said.keys()).items()}
    held: dict[tuple[str, str, str], ReportingLine] = {}
    over: set[tuple[str, str, str, date | None]] = set()
    for line in session.scalars(select(ReportingLine).where(ReportingLine.subordinate_id.in_(said), ReportingLine.source == SOURCE)):
        key = (line.subordinate_id, line.kind, line.manager_email)
        if line.ended_on is None or line.ended_on > today:
            held[key] = line
        over.add((*key, line.ended_on))
    fresh = []
    for person, row in ((person, row) for person, rows in said.items() for row in rows if row.manager):
        found = held.pop((person, row.kind, row.manager), None)
        if found is not None and person in others:
            continue
        if found is not None:
            found.started_on = min(row.since or found.started_on, found.started_on)
            found.ended_on, found.manager_name = row.until, row.manager_name or found.manager_name
        elif row.until is None or (person, row.kind, row.manager, row.until) not in over:
            start = row.since or before.get(person, ALWAYS)
            fresh.append(_line(actor, person, row, known, start if row.until is None else min(start, row.until)))
    gone = [line for line in held.values() if line.subordinate_id not in others]
    for line in gone:
        line.ended_on = max(today, line.started_on)
    if fresh:
        session.execute(insert(ReportingLine), fresh)
    return len(fresh), [line.subordinate_id for line in gone]


def _line(actor: Actor, person: str, row: Row, known: Mapping[str, str], start: date) -> dict[str, Any]:
    return {
        "org_id": base.current_tenant(),
        "id": base.new_id(),
        "subordinate_id": person,
        "manager_id": known.get(row.manager),
        "manager_name": row.manager_name,
        "manager_email": row.manager,
        "kind": row.kind,
        "started_on": start,
        "ended_on": row.until,
        "source": SOURCE,
        "said_by": actor.person_id,
        "said_at": base.now(),
    }


def _attest(session: Session, actor: Actor, said: Mapping[str, Sequence[Row]]) -> None:
    """Whoever the file names is known from now on for twelve months, as if they had said it themself."""
    units = {person: next((row.unit for row in rows if row.unit), "") for person, rows in said.items()}
    held = reporting_line.said(session, said.keys())
    for person, row in held.items():
        row.attested_at, row.source, row.said_by = base.now(), SOURCE, actor.person_id
        row.unit = units[person] or row.unit
    shared = {"org_id": base.current_tenant(), "attested_at": base.now(), "source": SOURCE, "said_by": actor.person_id}
    fresh = [{**shared, "id": base.new_id(), "person_id": one, "unit": units[one]} for one in sorted(said.keys() - held.keys())]
    if fresh:
        session.execute(insert(LineAttestation), fresh)
