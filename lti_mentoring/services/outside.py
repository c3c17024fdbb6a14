# SPDX-License-Identifier: Apache-2.0
"""Observers who are not in the course: named by who leads it, planned like others, and reached by the link of an assignment alone."""

from __future__ import annotations

from sqlalchemy import Select, and_, select, update
from sqlalchemy.orm import Session

from lti_mentoring.domain.people import LEADS, Actor, display_name
from lti_mentoring.domain.rule import NotAllowed, NotFound
from lti_mentoring.services import guest, naming, privacy
from lti_mentoring.services.room import Named
from lti_mentoring.store import base
from lti_mentoring.store.people import NEVER, Membership, Person, RoleGrant

ROLE = "observer"


def observers(*, actor: Actor) -> tuple[tuple[str, str], ...]:
    """(id, name) of those who may be planned as observers here and have never come to the course, by name."""
    rows = base.session().execute(_outside(actor).with_only_columns(Person.id, Person.name, Person.chosen_name)).all()
    named = ((row.id, display_name(row.name or row.chosen_name, row.id)) for row in rows)
    return tuple(sorted(named, key=lambda one: (one[1].casefold(), one[0])))


def _outside(actor: Actor) -> Select[Person]:
    came = select(Membership.id).where(
        Membership.course_id == actor.course_id, Membership.person_id == Person.id, Membership.launched_at > NEVER
    )
    held = (RoleGrant.course_id == actor.course_id, RoleGrant.role == ROLE, RoleGrant.revoked_at.is_(None))
    granted = and_(RoleGrant.org_id == Person.org_id, RoleGrant.person_id == Person.id)
    return select(Person).join(RoleGrant, granted).where(*held, ~came.exists()).distinct()


def name(*, actor: Actor, named: Named) -> str:
    """Let somebody observe here who is not in the course. -> their id. It opens nothing to them but observations that they get a link to.

    NotAllowed ``role_not_grantable``; RuleBroken ``guest_name_empty``, ``guest_address``,
    ``name_is_address``. Twice is harmless.
    """
    _check(actor)
    with base.transactional() as session:
        person_id = naming.typed(session, actor, named.name, named.email)
        held = (RoleGrant.course_id == actor.course_id, RoleGrant.person_id == person_id, RoleGrant.role == ROLE)
        if session.scalar(select(RoleGrant.id).where(*held, RoleGrant.revoked_at.is_(None))) is None:
            session.add(RoleGrant(person_id=person_id, course_id=actor.course_id, role=ROLE, granted_by=actor.person_id))
            _note(session, actor, "grant", person_id)
        return person_id


def dismiss(*, actor: Actor, person_id: str) -> None:
    """They are planned no more, and what they opened closes; what is planned with them stays until it is called off, and what they have
    written still arrives. NotAllowed; NotFound ``person``."""
    _check(actor)
    with base.transactional() as session:
        if session.scalar(_outside(actor).with_only_columns(Person.id).where(Person.id == person_id)) is None:
            raise NotFound("person")
        held = (RoleGrant.course_id == actor.course_id, RoleGrant.person_id == person_id, RoleGrant.role == ROLE)
        ended = update(RoleGrant).where(*held, RoleGrant.revoked_at.is_(None)).values(revoked_at=base.now())
        session.execute(ended.execution_options(synchronize_session=False))
        guest.dismiss(session, actor=actor, person_id=person_id)
        _note(session, actor, "revoke", person_id)


def _check(actor: Actor) -> None:
    if not actor.is_any(*LEADS):
        raise NotAllowed("role_not_grantable", role=ROLE)


def _note(session: Session, actor: Actor, verb: str, person_id: str) -> None:
    privacy.record(session, actor=actor, verb=verb, object_kind="person", object_id=person_id, role=ROLE, course=actor.course_id)
