# SPDX-License-Identifier: Apache-2.0
"""Who manages whom as pages ask for it: one's own word, what who leads the course writes down, and of whom nothing is known yet."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from lti_mentoring.domain.people import Actor, display_name
from lti_mentoring.domain.reporting_line import KINDS, known_until
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import declaring, naming, notification, privacy, relation, reporting_line
from lti_mentoring.services.declaring import LONGEST_LINE, Declared
from lti_mentoring.services.reporting_line import Manager
from lti_mentoring.store import base
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.people import Identity, Membership, Person
from lti_mentoring.store.reporting_line import LineAttestation, ReportingLine


@dataclass(frozen=True, slots=True)
class Somebody:
    """A person of the course. ``said`` is the day on which it was last said who manages them, ``source`` who has; ``known`` within a
    year; ``outside``: they sign in nowhere, and can be asked by a link alone."""

    id: str
    name: str
    said: date | None = None
    source: str = ""
    known: bool = False
    unit: str = ""
    outside: bool = False


@dataclass(frozen=True, slots=True)
class LinesOf:
    """What is known of one person: what the page's own source says (``declared``), what others say of them (names), who can be chosen,
    and to whom a relation is declared."""

    person: Somebody
    declared: Declared
    others: tuple[str, ...]
    staff: tuple[tuple[str, str], ...]
    related: tuple[tuple[str, str], ...] = ()
    people: tuple[tuple[str, str], ...] = ()


def own(*, actor: Actor) -> LinesOf:
    """The actor's own page: what they have said, and the relations that they have declared, which only they read."""
    session = base.session()
    page = _lines_of(session, actor, actor.person_id, "self")
    people = tuple((one.id, one.name) for one in _people(session, actor.course_id) if one.id != actor.person_id)
    related = relation.declared(actor=actor)
    known = _names(session, related)
    return LinesOf(
        page.person,
        page.declared,
        page.others,
        page.staff,
        related=tuple((one, known[one]) for one in related),
        people=tuple(pair for pair in people if pair[0] not in related),
    )


def by_link(*, actor: Actor, observation_id: str) -> LinesOf:
    """What the observer of an observation has said, who may have come by a link: no name of the course is shown to them. NotFound
    ``observation``."""
    session = base.session()
    own = (Observation.id == observation_id, Observation.course_id == actor.course_id, Observation.observer_id == actor.person_id)
    if session.scalar(select(Observation.id).where(*own)) is None:
        raise NotFound("observation")
    page = _lines_of(session, actor, actor.person_id, "self")
    return LinesOf(page.person, page.declared, (), ())


def of(*, actor: Actor, person_id: str) -> LinesOf:
    """The page on which who leads the course writes down who manages somebody. NotFound ``person``."""
    session = base.session()
    here = select(Membership.id).where(Membership.course_id == actor.course_id, Membership.person_id == person_id)
    known = session.scalar(here) is not None or person_id in reporting_line.outside(session, actor.course_id)
    if person_id == actor.person_id or not known:
        raise NotFound("person")
    page = _lines_of(session, actor, person_id, "staff")
    names = naming.names(session, actor.course_id, [person_id])
    outside = person_id in reporting_line.outside(session, actor.course_id)
    return replace(page, person=replace(page.person, name=names[person_id], outside=outside))


def everybody(*, actor: Actor) -> tuple[Somebody, ...]:
    """Everybody of the course, and who takes part without being in it and signs in nowhere; those first of whom it is not known who manages
    them. A constant number of statements."""
    session = base.session()
    found = [*_people(session, actor.course_id), *_outside(session, actor.course_id)]
    return tuple(sorted(found, key=lambda one: (one.known, one.name.casefold(), one.id)))


def _outside(session: Session, course_id: str) -> list[Somebody]:
    people = reporting_line.outside(session, course_id)
    said, names = reporting_line.said(session, people), naming.names(session, course_id, people)
    return [replace(_somebody(one, names[one], said.get(one)), outside=True) for one in people]


def say(*, actor: Actor, declared: Declared, handed_by: str = "") -> None:
    """The actor says who manages and appraises them, or that nobody does; known for a year. ``handed_by`` as ``reporting_line.attest`` has
    it. RuleBroken ``manager_unattested``."""
    with base.transactional() as session:
        managers = _said(session, actor, actor.person_id, declared)
        reporting_line.attest(session, actor=actor, managers=managers, handed_by=handed_by)


def enter(*, actor: Actor, person_id: str, declared: Declared, unit: str) -> None:
    """Who leads the course writes it down for somebody. NotFound ``person``; RuleBroken ``manager_unattested``, ``line_of_ones_own``."""
    managers = _said(base.session(), actor, person_id, declared)
    reporting_line.enter(actor=actor, person_id=person_id, managers=managers, unit=unit)


def ask(*, actor: Actor, person_id: str) -> None:
    """Ask somebody of the course to say who manages them; asked twice, they are told once. NotFound ``person``."""
    with base.transactional() as session:
        here = select(Membership.id).where(Membership.course_id == actor.course_id, Membership.person_id == person_id)
        if session.scalar(here) is None:
            raise NotFound("person")
        want(session, [person_id], org_id=actor.org_id, course_id=actor.course_id)
        privacy.record(session, actor=actor, verb="ask_line", object_kind="reporting_line", object_id=person_id)


def want(session: Session, people: Collection[str], *, org_id: str, course_id: str) -> None:
    """Tell people of a course that something waits for their word on who manages them, in the caller's transaction; once a month.
    Whoever is not in this course says it in one that they are in; whoever signs in nowhere has the page of a link alone."""
    signs_in = select(Identity.id).where(Identity.person_id == Membership.person_id).exists()
    theirs = select(Membership.person_id, Membership.course_id).where(Membership.person_id.in_(people), signs_in)
    came = session.execute(theirs.order_by(Membership.launched_at)).all()
    courses = {row.person_id: row.course_id for row in came} | {row.person_id: course_id for row in came if row.course_id == course_id}
    month = base.now().strftime("%Y-%m")
    for person_id, course in sorted(courses.items()):
        whom = {"org_id": org_id, "person_id": person_id, "kind": "line_wanted", "once": f"line:{month}"}
        notification.tell(session, facts={}, endpoint="reporting_line.own", ids={"course": course}, **whom)


# --- inside -----------------------------------------------------------------------------------------------------------------------


def _people(session: Session, course_id: str) -> list[Somebody]:
    here = select(Membership.person_id).where(Membership.course_id == course_id)
    rows = session.execute(select(Person.id, Person.name, Person.chosen_name).where(Person.id.in_(here))).all()
    said = reporting_line.said(session, [row.id for row in rows]) if len(rows) < 500 else _said_here(session, course_id)
    return [_somebody(row.id, display_name(row.name or row.chosen_name, row.id), said.get(row.id)) for row in rows]


def _said_here(session: Session, course_id: str) -> Mapping[str, LineAttestation]:
    here = select(Membership.person_id).where(Membership.course_id == course_id)
    return {row.person_id: row for row in session.scalars(select(LineAttestation).where(LineAttestation.person_id.in_(here)))}


def _somebody(person_id: str, name: str, said: LineAttestation | None) -> Somebody:
    if said is None:
        return Somebody(person_id, name)
    day = said.attested_at.date()
    return Somebody(person_id, name, day, said.source, known_until(day) > base.now().date(), said.unit)


def _lines_of(session: Session, actor: Actor, person_id: str, source: str) -> LinesOf:
    today = base.now().date()
    open_yet = or_(ReportingLine.ended_on.is_(None), ReportingLine.ended_on > today)
    query = select(ReportingLine).where(ReportingLine.subordinate_id == person_id, open_yet).order_by(ReportingLine.id)
    rows = session.scalars(query).all()
    names = _names(session, {person_id, *(row.manager_id for row in rows if row.manager_id)})
    said = reporting_line.said(session, [person_id]).get(person_id)
    mine = [row for row in rows if row.source == source]
    chosen = {row.manager_id: names[row.manager_id] for row in mine if row.manager_id and not (row.manager_name or row.manager_email)}
    staff = {one: name for one, name in _staff(session, actor).items() if one != person_id} | chosen
    declared = Declared(
        nobody=said is not None and said.source == source and not mine,
        staff=tuple(chosen),
        managers=tuple(Manager(row.kind, None, row.manager_name, row.manager_email) for row in mine if row.manager_id not in chosen),
    )
    others = (row.manager_name or names.get(row.manager_id or "", "") or row.manager_email for row in rows if row.source != source)
    by_name = sorted(staff.items(), key=lambda one: (one[1].casefold(), one[0]))
    return LinesOf(_somebody(person_id, names[person_id], said), declared, tuple(dict.fromkeys(others)), tuple(by_name))


def _staff(session: Session, actor: Actor) -> dict[str, str]:
    return {**dict(declaring.staff(session, actor)), actor.person_id: actor.name}


def _said(session: Session, actor: Actor, person_id: str, declared: Declared) -> Sequence[Manager]:
    """What was said as lines: one thing only, and of people only who can be chosen."""
    source = "self" if person_id == actor.person_id else "staff"
    known = dict(_lines_of(session, actor, person_id, source).staff)
    named = tuple(
        Manager(one.kind if one.kind in KINDS else KINDS[0], None, _line(one.name), _line(one.email))
        for one in declared.managers
        if one.name.strip() or one.email.strip()
    )
    kept = Declared(declared.nobody, tuple(one for one in declared.staff if one in known), named)
    if not kept.attested():
        raise RuleBroken("manager_unattested")
    return kept.lines()


def _line(text: str) -> str:
    return " ".join(text.replace("\x00", "").split())[:LONGEST_LINE]


def _names(session: Session, people: Collection[str]) -> dict[str, str]:
    rows = session.execute(select(Person.id, Person.name, Person.chosen_name).where(Person.id.in_(people)))
    return {row.id: display_name(row.name or row.chosen_name, row.id) for row in rows}

