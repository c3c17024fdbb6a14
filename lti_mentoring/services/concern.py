# SPDX-License-Identifier: Apache-2.0
"""Something I said got out: a private report to a confidant outside both lines, step by step, readable by the two of them alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from lti_mentoring.domain import concern as rules
from lti_mentoring.domain.concern import CONFIDANT, REPORTER
from lti_mentoring.domain.people import Actor, display_name
from lti_mentoring.domain.rule import NotAllowed, NotFound, RuleBroken
from lti_mentoring.services import chain, privacy
from lti_mentoring.store import base, centre
from lti_mentoring.store.concern import Concern, ConcernStep, Confidant
from lti_mentoring.store.mentorship import MentorshipMember
from lti_mentoring.store.people import Membership, Person

KIND = "concern"
Named = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A report in a list, with the part that the reader has in it."""

    id: str
    state: str
    made_at: datetime
    who: str


@dataclass(frozen=True, slots=True)
class Overview:
    """The reader's own page. ``people``: whom they meet in pairs; ``confidants``: who stands outside both lines, once they have said whom
    it concerns; ``asked``: they are named a confidant and have not answered."""

    reports: tuple[Row, ...]
    people: Named
    about: str
    confidants: Named
    asked: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """One report, for its reporter and its confidant."""

    id: str
    who: str
    words: str
    about: str
    confidant: str
    may_tell: bool
    state: str
    due_at: datetime | None
    steps: tuple[tuple[str, datetime], ...]
    verbs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Desk:
    """For who leads the course: the confidants, and how many reports there are where that points at nobody."""

    confidants: tuple[tuple[str, str, bool], ...]
    people: Named
    count: int | None
    enough: bool


# --- confidants -----------------------------------------------------------------------------------------------------------------


def name(*, actor: Actor, person_id: str) -> None:
    """Name somebody of the course a confidant; they agree themself. NotFound ``person``; NotAllowed ``confidant_self``."""
    if person_id == actor.person_id:
        raise NotAllowed("confidant_self")
    with base.transactional() as session:
        if session.scalar(select(Membership.id).where(Membership.course_id == actor.course_id, Membership.person_id == person_id)) is None:
            raise NotFound("person")
        row = _confidant(session, actor.course_id, person_id)
        if row is None:
            session.add(Confidant(course_id=actor.course_id, person_id=person_id, named_by=actor.person_id))
        elif row.ended_at is not None:
            row.ended_at, row.agreed_at = None, None
        privacy.record(session, actor=actor, verb="name", object_kind="confidant", object_id=person_id)


def agree(*, actor: Actor) -> None:
    """Be a confidant. NotFound ``person`` for whom nobody has named."""
    with base.transactional() as session:
        row = _confidant(session, actor.course_id, actor.person_id)
        if row is None or row.ended_at is not None:
            raise NotFound("person")
        row.agreed_at = row.agreed_at or base.now()
        privacy.record(session, actor=actor, verb="agree", object_kind="confidant", object_id=actor.person_id)


def _confidant(session: Session, course_id: str, person_id: str) -> Confidant | None:
    return session.scalar(select(Confidant).where(Confidant.course_id == course_id, Confidant.person_id == person_id).with_for_update())


def desk(*, actor: Actor) -> Desk:
    """The confidants of the course and a number, for who leads it: never who reported, nor about whom."""
    session = base.session()
    joined = and_(Person.org_id == Confidant.org_id, Person.id == Confidant.person_id)
    query = select(Confidant, Person).join(Person, joined).where(Confidant.course_id == actor.course_id, Confidant.ended_at.is_(None))
    rows = [(person.id, _called(person), row.agreed_at is not None) for row, person in session.execute(query.order_by(Confidant.named_at))]
    member = and_(Membership.org_id == Person.org_id, Membership.person_id == Person.id, Membership.course_id == actor.course_id)
    people = session.scalars(select(Person).join(Membership, member).order_by(Person.name, Person.id).limit(500)).all()
    known = {one for one, _, _ in rows} | {actor.person_id}
    count = session.scalar(select(func.count(Concern.id)).where(Concern.course_id == actor.course_id)) or 0
    enough = sum(1 for _, _, agreed in rows if agreed) >= rules.LEAST_CONFIDANTS
    return Desk(tuple(rows), tuple((one.id, _called(one)) for one in people if one.id not in known), rules.shown(count), enough)


def free(session: Session, actor: Actor, about_id: str) -> Named:
    """The confidants of the course who are outside the lines of both, by id and name."""
    joined = and_(Person.org_id == Confidant.org_id, Person.id == Confidant.person_id)
    there = Confidant.course_id == actor.course_id, Confidant.agreed_at.is_not(None), Confidant.ended_at.is_(None)
    people = {one.id: one for one in session.scalars(select(Person).join(Confidant, joined).where(*there, Person.erased_at.is_(None)))}
    parties, today = (actor.person_id, about_id), base.now().date()
    lines = chain.above(session, parties, on=today)
    above = {line.manager for line in lines.lines}
    named = {one for names in lines.named.values() for one in names}
    above |= {one.id for one in people.values() if _called(one).casefold() in named}
    found = rules.outside(list(people), parties=parties, above=above, below=chain.below(session, parties, on=today))
    return tuple((one, _called(people[one])) for one in found)


# --- reporting ---------------------------------------------------------------------------------------------------------------------


def overview(*, actor: Actor, about: str = "") -> Overview:
    """The reader's reports, as reporter and as confidant, and whom they could tell. NotFound ``person`` for whom they never met."""
    session = base.session()
    mine = Concern.course_id == actor.course_id, or_(Concern.reporter_id == actor.person_id, Concern.confidant_id == actor.person_id)
    rows = session.scalars(select(Concern).where(*mine).order_by(Concern.made_at.desc()).limit(100)).all()
    people = _met(session, actor)
    if about and about not in dict(people):
        raise NotFound("person")
    asked = select(Confidant.id).where(
        *(Confidant.course_id == actor.course_id, Confidant.person_id == actor.person_id),
        *(Confidant.agreed_at.is_(None), Confidant.ended_at.is_(None)),
    )
    return Overview(
        reports=tuple(Row(one.id, one.state, one.made_at, _part(one, actor)) for one in rows),
        people=people,
        about=about,
        confidants=free(session, actor, about) if about else (),
        asked=session.scalar(asked) is not None,
    )


def _met(session: Session, actor: Actor) -> Named:
    """Whom somebody is or was in a pair or group with."""
    own, other = aliased(MentorshipMember), aliased(MentorshipMember)
    together = and_(own.org_id == other.org_id, own.mentorship_id == other.mentorship_id, own.person_id == actor.person_id)
    met = select(other.person_id).join(own, together).where(other.person_id != actor.person_id)
    people = session.scalars(select(Person).where(Person.id.in_(met), Person.erased_at.is_(None)).order_by(Person.name, Person.id))
    return tuple((one.id, _called(one)) for one in people)


def report(*, actor: Actor, concern_id: str, about_id: str, confidant_id: str, words: str, may_tell: bool) -> None:
    """Tell a confidant. The id is the form's own, so that sending it twice tells once.

    NotFound ``person``; RuleBroken ``concern_empty``, ``concern_long`` (most), ``confidant_inside``."""
    said = words.strip()
    if not said:
        raise RuleBroken("concern_empty")
    if len(said) > rules.LONGEST:
        raise RuleBroken("concern_long", most=rules.LONGEST)
    with base.transactional() as session:
        if session.scalar(select(Concern.id).where(Concern.id == concern_id)) is not None:
            return
        if about_id not in dict(_met(session, actor)):
            raise NotFound("person")
        if confidant_id not in dict(free(session, actor, about_id)):
            known = _confidant(session, actor.course_id, confidant_id)
            raise RuleBroken("confidant_inside") if known is not None else NotFound("person")
        parts = {"course_id": actor.course_id, "reporter_id": actor.person_id, "about_id": about_id, "confidant_id": confidant_id}
        session.add(Concern(id=concern_id, **parts, words_sealed=_seal(said), may_tell=may_tell))
        session.flush()
        session.add(ConcernStep(concern_id=concern_id, state=rules.REPORTED))
        privacy.record(session, actor=privacy.PARTICIPANT, verb="report", object_kind=KIND, object_id=concern_id)


def act(*, actor: Actor, concern_id: str, verb: str) -> None:
    """Take a step, or for the reporter ``tell`` (the other side may be heard) and ``withdraw``. NotFound ``concern``; RuleBroken
    ``concern_step``, ``concern_not_told``."""
    with base.transactional() as session:
        row = _own(session, actor, concern_id, lock=True)
        who = _part(row, actor)
        if verb == "tell" and who == REPORTER:
            row.may_tell = True
        else:
            row.state = rules.after(row.state, verb, who, may_tell=row.may_tell)
            row.changed_at = base.now()
            session.add(ConcernStep(concern_id=row.id, state=row.state))
        privacy.record(session, actor=privacy.PARTICIPANT, verb=verb, object_kind=KIND, object_id=row.id)


def sheet(*, actor: Actor, concern_id: str) -> Sheet:
    """One report, for its reporter and its confidant; NotFound ``concern`` for everybody else, whoever leads the course included."""
    session = base.session()
    row = _own(session, actor, concern_id)
    who = _part(row, actor)
    names = {one.id: _called(one) for one in session.scalars(select(Person).where(Person.id.in_((row.about_id, row.confidant_id))))}
    steps = session.scalars(select(ConcernStep).where(ConcernStep.concern_id == row.id).order_by(ConcernStep.at, ConcernStep.id)).all()
    return Sheet(
        id=row.id,
        who=who,
        words=centre.sealer().open(row.words_sealed).decode() if row.words_sealed else "",
        about=names[row.about_id],
        confidant=names[row.confidant_id],
        may_tell=row.may_tell,
        state=row.state,
        due_at=rules.due(row.state, row.changed_at),
        steps=tuple((one.state, one.at) for one in steps),
        verbs=rules.verbs(row.state, who, may_tell=row.may_tell),
    )


def _own(session: Session, actor: Actor, concern_id: str, *, lock: bool = False) -> Concern:
    theirs = or_(Concern.reporter_id == actor.person_id, Concern.confidant_id == actor.person_id)
    query = select(Concern).where(Concern.id == concern_id, Concern.course_id == actor.course_id, theirs)
    row = session.scalar(query.with_for_update() if lock else query)
    if row is None:
        raise NotFound("concern")
    return row


def _part(row: Concern, actor: Actor) -> str:
    return REPORTER if row.reporter_id == actor.person_id else CONFIDANT


def _called(person: Person) -> str:
    return display_name(person.name or person.chosen_name, person.id)


def _seal(words: str) -> str:
    return centre.sealer().seal(words.encode())
