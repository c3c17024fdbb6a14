# SPDX-License-Identifier: Apache-2.0
"""People named by a name and an address: who that is here, and what a course calls somebody who never came to it."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from lti_mentoring.domain.guest import has_address
from lti_mentoring.domain.mail import mailable
from lti_mentoring.domain.people import Actor, display_name
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.services import privacy
from lti_mentoring.store import base
from lti_mentoring.store.field import Participant
from lti_mentoring.store.mentorship import Mentorship, MentorshipMember
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.people import Identity, Membership, Person

LONGEST_NAME, LONGEST_ADDRESS = 120, 200


def plain(name: str) -> str:
    """A name as it is kept. RuleBroken ``name_is_address``: it would stand in mails, as a link of somebody else's choice."""
    kept = " ".join(name.split())[:LONGEST_NAME]
    if has_address(kept):
        raise RuleBroken("name_is_address", name=kept)
    return kept


def person(session: Session, actor: Actor, name: str, email: str) -> str:
    """The person with this address, in the caller's transaction: somebody of the course first, then who signs in elsewhere; else a new
    one, with a name and an address only. They have no identity, so that nobody signs in as them. RuleBroken ``name_is_address``."""
    name, held = plain(name), None
    if email:
        here = select(Membership.id).where(Membership.person_id == Person.id, Membership.course_id == actor.course_id).exists()
        came = select(Identity.id).where(Identity.person_id == Person.id).exists()
        same = select(Person.id).where(func.lower(Person.email) == email.lower())
        held = session.scalar(same.order_by(here.desc(), came.desc(), Person.id).limit(1))
    if held is None:
        held = base.new_id()
        session.add(Person(id=held, name=name, email=email or None))
        session.flush()
    privacy.record(session, actor=actor, verb="name", object_kind="person", object_id=held)
    return held


def typed(session: Session, actor: Actor, name: str, email: str) -> str:
    """The same of what somebody typed; nobody is enrolled by it. RuleBroken ``guest_name_empty``, ``guest_address`` too."""
    email = email.strip()[:LONGEST_ADDRESS]
    if not name.strip():
        raise RuleBroken("guest_name_empty")
    if email and mailable(email) is None:
        raise RuleBroken("guest_address", address=email)
    return person(session, actor, name, email)


def names(session: Session, course_id: str, people: Collection[str]) -> dict[str, str]:
    """What some people are called in a course, by their ids; one statement. Whoever never came to it is called what was typed here: an
    address that somebody knows tells them no name."""
    here = select(Membership.id).where(Membership.person_id == Person.id, Membership.course_id == course_id).exists()
    pair = and_(Mentorship.org_id == MentorshipMember.org_id, Mentorship.id == MentorshipMember.mentorship_id)
    row = and_(Observation.org_id == Participant.org_id, Observation.id == Participant.observation_id)
    paired = select(func.min(MentorshipMember.said_name)).join(Mentorship, pair)
    asked = select(func.min(Participant.said_name)).join(Observation, row)
    typed = func.coalesce(
        paired.where(MentorshipMember.person_id == Person.id, Mentorship.course_id == course_id).scalar_subquery(),
        asked.where(Participant.person_id == Person.id, Observation.course_id == course_id).scalar_subquery(),
    )
    query = select(Person.id, Person.name, Person.chosen_name, here.label("here"), typed.label("typed")).where(Person.id.in_(people))
    found = session.execute(query)
    return {one.id: display_name((None if one.here else one.typed) or one.name or one.chosen_name, one.id) for one in found}
