# SPDX-License-Identifier: Apache-2.0
"""Founding mentors: people who start the observed steps of a first cohort before anybody holds a credential. Two people sign for each."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lti_mentoring.domain.people import LEADS, Actor, display_name
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import privacy
from lti_mentoring.services.roles import people_page
from lti_mentoring.store import base
from lti_mentoring.store.people import NEVER, Membership, Person
from lti_mentoring.store.qualification import FoundingMentor

KIND = "founding_mentor"
LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Founder:
    """Somebody who was named: why, by whom, and who signed as well. ``may_sign``: the reader may; ``may_end``: they may take it back."""

    id: str
    person_id: str
    name: str
    reason: str
    named_by: str
    named_at: datetime
    signed_by: str | None
    signed_at: datetime | None
    may_sign: bool
    may_end: bool


@dataclass(frozen=True, slots=True)
class Page:
    """The founding mentors of a course, and whom the reader may name: (id, name)."""

    founders: tuple[Founder, ...]
    people: tuple[tuple[str, str], ...]


def of(session: Session, course_id: str) -> frozenset[str]:
    """The founding mentors of a course by their ids: named, signed by a second person, and not ended."""
    query = select(FoundingMentor.person_id).where(FoundingMentor.course_id == course_id, FoundingMentor.ended_at.is_(None))
    return frozenset(session.scalars(query.where(FoundingMentor.signed_at.is_not(None))))


def were(session: Session, course_id: str, people: Collection[str | None], at: datetime) -> frozenset[str]:
    """Those of these people who were founding mentors at that moment, whatever became of it since."""
    here = (FoundingMentor.course_id == course_id, FoundingMentor.person_id.in_([one for one in people if one]))
    then = (FoundingMentor.signed_at <= at, FoundingMentor.ended_at.is_(None) | (FoundingMentor.ended_at > at))
    return frozenset(session.scalars(select(FoundingMentor.person_id).where(*here, *then)))


def page(*, actor: Actor) -> Page:
    """Who was named in the actor's course; three queries, and two more for who may name somebody."""
    session = base.session()
    here = (FoundingMentor.course_id == actor.course_id, FoundingMentor.ended_at.is_(None))
    rows = session.scalars(select(FoundingMentor).where(*here).order_by(FoundingMentor.named_at, FoundingMentor.id)).all()
    names = _names(session, {one for row in rows for one in (row.person_id, row.named_by, row.signed_by) if one})
    leads = actor.is_any(*LEADS)
    founders = tuple(
        Founder(
            id=row.id,
            person_id=row.person_id,
            name=names[row.person_id],
            reason=row.reason,
            named_by=names[row.named_by],
            named_at=row.named_at,
            signed_by=names[row.signed_by] if row.signed_by else None,
            signed_at=row.signed_at,
            may_sign=row.signed_at is None and actor.person_id not in (row.named_by, row.person_id),
            may_end=leads,
        )
        for row in rows
    )
    named = {row.person_id for row in rows} | {actor.person_id}
    people = people_page(actor=actor).colleagues if leads else ()
    return Page(founders, tuple((one.person_id, one.name) for one in people if one.person_id not in named))


def _names(session: Session, people: Collection[str]) -> dict[str, str]:
    rows = session.execute(select(Person.id, Person.name, Person.chosen_name).where(Person.id.in_(people)))
    return {row.id: display_name(row.name or row.chosen_name, row.id) for row in rows}


def name(*, actor: Actor, person_id: str, reason: str) -> str:
    """Name somebody as a founding mentor; from the second signature on they are one. -> its id

    NotFound ``person``; RuleBroken ``founding_oneself``, ``founding_without_reason``, ``reason_long``, ``founding_named``.
    """
    said = reason.strip()
    if person_id == actor.person_id:
        raise RuleBroken("founding_oneself")
    if not said:
        raise RuleBroken("founding_without_reason")
    if len(said) > LONGEST_REASON:
        raise RuleBroken("reason_long", most=LONGEST_REASON)
    with base.transactional() as session:
        here = (Membership.course_id == actor.course_id, Membership.person_id == person_id, Membership.launched_at > NEVER)
        if session.scalar(select(Membership.id).where(*here)) is None:
            raise NotFound("person")
        held = session.scalar(_one(actor, FoundingMentor.person_id == person_id))
        if held is not None and held.ended_at is None:
            raise RuleBroken("founding_named")
        row = held or FoundingMentor(id=base.new_id(), course_id=actor.course_id, person_id=person_id)
        row.reason, row.named_by, row.named_at = said, actor.person_id, base.now()
        row.signed_by = row.signed_at = row.ended_at = None
        session.add(row)
        try:
            session.flush()
        except IntegrityError as error:  # somebody else has just named them
            raise RuleBroken("founding_named") from error
        privacy.record(session, actor=actor, verb="name", object_kind=KIND, object_id=row.id, person=person_id)
        return row.id


def sign(*, actor: Actor, founding_id: str) -> None:
    """Sign for somebody whom another person has named. Twice by the same person is harmless.

    NotFound ``founding``; RuleBroken ``founding_oneself``, ``founding_same_person``, ``founding_signed``.
    """
    with base.transactional() as session:
        row = _held(session, actor, founding_id)
        if row.signed_by == actor.person_id:
            return
        if row.person_id == actor.person_id:
            raise RuleBroken("founding_oneself")
        if row.named_by == actor.person_id:
            raise RuleBroken("founding_same_person")
        if row.signed_at is not None:
            raise RuleBroken("founding_signed")
        row.signed_by, row.signed_at = actor.person_id, base.now()
        privacy.record(session, actor=actor, verb="sign", object_kind=KIND, object_id=row.id, person=row.person_id)


def end(*, actor: Actor, founding_id: str) -> None:
    """Take it back: what they did meanwhile stays. NotFound ``founding``."""
    with base.transactional() as session:
        row = _held(session, actor, founding_id)
        row.ended_at = base.now()
        privacy.record(session, actor=actor, verb="end", object_kind=KIND, object_id=row.id, person=row.person_id)


def _one(actor: Actor, *which: ColumnElement[bool]) -> Select[FoundingMentor]:
    here = FoundingMentor.course_id == actor.course_id
    return select(FoundingMentor).where(here, *which).with_for_update().execution_options(populate_existing=True)


def _held(session: Session, actor: Actor, founding_id: str) -> FoundingMentor:
    row = session.scalar(_one(actor, FoundingMentor.id == founding_id, FoundingMentor.ended_at.is_(None)))
    if row is None:
        raise NotFound("founding")
    return row
