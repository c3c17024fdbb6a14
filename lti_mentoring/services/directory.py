# SPDX-License-Identifier: Apache-2.0
"""The directory of mentors: writing one's own entry, listing it or not, and finding others'. Nobody stands in it without their own yes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from lti_mentoring.domain import directory as rules
from lti_mentoring.domain.directory import HOLDS_A_PLACE, TAKES_PART, Entry
from lti_mentoring.domain.mentorship import LEADING, PROTEGE
from lti_mentoring.domain.participation import COMPLETED
from lti_mentoring.domain.people import Actor, display_name
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import intake, privacy, programme
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.directory import MentorEntry
from lti_mentoring.store.mentorship import Mentorship, MentorshipMember
from lti_mentoring.store.people import Identity, Membership, Person
from lti_mentoring.store.qualification import FoundingMentor

KIND = "mentor_entry"
PAGE = 20
_E = MentorEntry


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry as others read it, and as its owner's preview does. ``free``: room for so many more; who has the places is never here."""

    id: str
    person_id: str
    name: str
    in_training: bool
    areas: tuple[str, ...]
    own: str
    languages: tuple[str, ...]
    hours: int
    meets: tuple[str, ...]
    about: str
    paused: bool
    free: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for."""

    text: str = ""
    area: str = ""
    language: str = ""
    free: bool = False
    number: int = 1


@dataclass(frozen=True, slots=True)
class Directory:
    """A page of entries; ``areas`` are (key, title) of what can be chosen."""

    entries: tuple[Shown, ...]
    more: bool
    areas: tuple[tuple[str, str], ...]
    wanted: Wanted
    writes: bool


@dataclass(frozen=True, slots=True)
class Mine:
    """One's own entry, if there is one, with the preview."""

    entry: Entry
    preview: Shown | None
    listed: bool
    areas: tuple[tuple[str, str], ...]


def areas(actor: Actor) -> dict[str, str]:
    """The content areas of a course: the competencies of the programme that it works with, key -> title."""
    version = intake.version_in(base.connection(), org_id=actor.org_id, course_id=actor.course_id)
    return {one.key: one.title for one in programme.load(version).competencies} if version is not None else {}


# --- one's own -----------------------------------------------------------------------------------------------------------------


def mine(*, actor: Actor) -> Mine:
    """What the actor says of themself here."""
    titles = areas(actor)
    found = base.session().execute(_shown(actor).where(_E.person_id == actor.person_id)).first()
    if found is None:
        return Mine(Entry(), None, False, tuple(titles.items()))
    row = found[0]
    entry = Entry(
        areas=tuple(row.areas),
        own=row.own,
        languages=tuple(row.languages),
        capacity=row.capacity,
        hours=row.hours,
        meets=tuple(row.meets),
        about=row.about,
        paused=row.paused,
    )
    return Mine(entry, _row(found, titles), row.listed_at is not None, tuple(titles.items()))


def write(*, actor: Actor, entry: Entry) -> None:
    """Write one's own entry. It stays listed or not, as it was. RuleBroken of ``domain.directory.check``."""
    titles = areas(actor)
    rules.check(entry, areas=titles)
    with base.transactional() as session:
        row = _own(session, actor)
        if row is None:
            row = _E(course_id=actor.course_id, person_id=actor.person_id)
            session.add(row)
        row.areas, row.own, row.languages = list(entry.areas), entry.own.strip(), list(entry.languages)
        row.capacity, row.hours, row.meets = entry.capacity, entry.hours, list(entry.meets)
        row.about, row.paused, row.updated_at = entry.about.strip(), entry.paused, base.now()
        row.marks = rules.marks(entry)
        row.folded = rules.found_by(entry, [titles[key] for key in entry.areas])
        session.flush()
        privacy.record(session, actor=actor, verb="write_entry", object_kind=KIND, object_id=row.id, paused=entry.paused)


def list_entry(*, actor: Actor, listed: bool) -> None:
    """Show one's own entry to the course, or to nobody, from this moment on. RuleBroken ``entry_missing``."""
    with base.transactional() as session:
        row = _own(session, actor)
        if row is None:
            raise RuleBroken("entry_missing")
        if (row.listed_at is not None) == listed:
            return
        row.listed_at = base.now() if listed else None
        privacy.record(session, actor=actor, verb="list_entry" if listed else "unlist_entry", object_kind=KIND, object_id=row.id)


def _own(session: Session, actor: Actor) -> MentorEntry | None:
    # The membership's row puts two windows of one person in order.
    here = (Membership.course_id == actor.course_id, Membership.person_id == actor.person_id)
    if session.scalar(select(Membership.id).where(*here).with_for_update()) is None:
        raise NotFound("person")
    return session.scalar(select(_E).where(_E.course_id == actor.course_id, _E.person_id == actor.person_id).with_for_update())


# --- others' -------------------------------------------------------------------------------------------------------------------


def page(*, actor: Actor, wanted: Wanted, writes: bool = False) -> Directory:
    """Who is listed in a course and fits; by name, a page at a time, whoever has paused is not among them."""
    titles = areas(actor)
    query = _shown(actor).where(*listed(), ~_E.paused)
    for word in rules.words(wanted.text):
        query = query.where(_E.folded.contains(word, autoescape=True))
    for kind, key in (("a", wanted.area), ("l", wanted.language)):
        if key:
            query = query.where(_E.marks.contains(f"|{rules.mark(kind, key)}|", autoescape=True))
    if wanted.free:
        query = query.where(_E.capacity > taken())
    called = func.lower(func.coalesce(Person.chosen_name, Person.name, ""))
    first = PAGE * (max(wanted.number, 1) - 1)
    rows = base.session().execute(query.order_by(called, _E.id).offset(first).limit(PAGE + 1)).all()
    found = tuple(_row(row, titles) for row in rows[:PAGE])
    return Directory(found, len(rows) > PAGE, tuple(titles.items()), wanted, writes)


def listed() -> tuple[Any, ...]:
    """Who may be shown at this moment: by their own yes, in the course, and taking part."""
    here = and_(Membership.course_id == _E.course_id, Membership.person_id == _E.person_id, Membership.status == "active")
    theirs = and_(Candidacy.course_id == _E.course_id, Candidacy.person_id == _E.person_id)
    return (
        _E.listed_at.is_not(None),
        select(Membership.id).where(here).exists(),
        ~select(Identity.id).where(Identity.person_id == _E.person_id, Identity.test_user).exists(),
        or_(_founds(), ~exists().where(theirs), exists().where(theirs, Candidacy.participation.in_(TAKES_PART))),
    )


def _founds() -> Any:
    """Whether they are a founding mentor whom a sponsor has signed for."""
    signed = (FoundingMentor.signed_at.is_not(None), FoundingMentor.ended_at.is_(None))
    return exists().where(FoundingMentor.course_id == _E.course_id, FoundingMentor.person_id == _E.person_id, *signed)


def taken() -> Any:
    """How many protégés the mentor of an entry has now, all over the organisation; a number, never who."""
    leads, protege = aliased(MentorshipMember), aliased(MentorshipMember)
    return (
        select(func.count(func.distinct(protege.id)))
        .select_from(leads)
        .join(Mentorship, and_(Mentorship.org_id == leads.org_id, Mentorship.id == leads.mentorship_id))
        .join(protege, and_(protege.org_id == leads.org_id, protege.mentorship_id == leads.mentorship_id))
        .where(leads.org_id == _E.org_id, leads.person_id == _E.person_id, leads.role.in_(LEADING), leads.ended_on.is_(None))
        .where(protege.role == PROTEGE, protege.ended_on.is_(None), Mentorship.state.in_(HOLDS_A_PLACE))
        .correlate(_E)
        .scalar_subquery()
    )


def _shown(actor: Actor) -> Any:
    theirs = and_(Candidacy.course_id == _E.course_id, Candidacy.person_id == _E.person_id, Candidacy.participation != COMPLETED)
    training = and_(exists().where(theirs), ~_founds())
    return (
        select(_E, Person.name, Person.chosen_name, taken().label("taken"), training.label("training"))
        .join(Person, and_(Person.org_id == _E.org_id, Person.id == _E.person_id))
        .where(_E.course_id == actor.course_id)
    )


def _row(found: Any, titles: Mapping[str, str]) -> Shown:
    row = found[0]
    return Shown(
        id=row.id,
        person_id=row.person_id,
        name=display_name(found.chosen_name or found.name, row.person_id),
        in_training=bool(found.training),
        areas=tuple(titles[key] for key in row.areas if key in titles),
        own=row.own,
        languages=tuple(row.languages),
        hours=row.hours,
        meets=tuple(row.meets),
        about=row.about,
        paused=row.paused,
        free=rules.free(row.capacity, found.taken),
    )
