# SPDX-License-Identifier: Apache-2.0
"""Personal and financial relations that people declare themselves (R6): that there is one, and since when; never what it is."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import or_, select

from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import privacy, reporting_line
from lti_mentoring.store import base
from lti_mentoring.store.conflict import DeclaredRelation
from lti_mentoring.store.people import Membership, Person


def declare(*, actor: Actor, other_id: str, since: date | None = None) -> None:
    """The actor says that they have a personal or financial relation to somebody of their course; twice is once.

    NotFound ``person``; RuleBroken ``relation_to_oneself``, ``relation_later`` where it has not begun yet.
    """
    with base.transactional() as session:
        session.scalars(select(Person.id).where(Person.id == actor.person_id).with_for_update()).one()
        here = select(Membership.id).where(Membership.course_id == actor.course_id, Membership.person_id == other_id)
        if session.scalar(here) is None:
            raise NotFound("person")
        if other_id == actor.person_id:
            raise RuleBroken("relation_to_oneself")
        if session.scalars(_standing(actor, other_id)).first() is not None:
            return
        start = since or base.now().date()
        if start > base.now().date():
            raise RuleBroken("relation_later")
        session.add(DeclaredRelation(one_id=actor.person_id, other_id=other_id, started_on=start, said_by=actor.person_id))
        session.flush()
        reporting_line.look_again(session, {actor.person_id})
        privacy.record(session, actor=actor, verb="declare", object_kind="declared_relation", object_id=actor.person_id)


def over(*, actor: Actor, other_id: str) -> None:
    """The relation that the actor declared has ended today; it counts for twelve months more. NotFound ``relation_unknown``."""
    with base.transactional() as session:
        row = session.scalars(_standing(actor, other_id).with_for_update()).first()
        if row is None:
            raise NotFound("relation_unknown")
        row.ended_on = max(base.now().date(), row.started_on)
        session.flush()
        reporting_line.look_again(session, {actor.person_id})
        privacy.record(session, actor=actor, verb="end", object_kind="declared_relation", object_id=actor.person_id)


def declared(*, actor: Actor) -> tuple[str, ...]:
    """To whom the actor has declared a relation that goes on; only they read this."""
    own = or_(DeclaredRelation.ended_on.is_(None), DeclaredRelation.ended_on > base.now().date())
    found = base.session().scalars(select(DeclaredRelation.other_id).where(DeclaredRelation.one_id == actor.person_id, own))
    return tuple(sorted(found))


def _standing(actor: Actor, other_id: str) -> Any:
    said = (DeclaredRelation.one_id == actor.person_id, DeclaredRelation.other_id == other_id, DeclaredRelation.ended_on.is_(None))
    return select(DeclaredRelation).where(*said)
