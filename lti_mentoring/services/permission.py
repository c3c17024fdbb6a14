# SPDX-License-Identifier: Apache-2.0
"""Why somebody may do something in a course, or may not: which roles carry it, which they hold, and where those come from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import aliased

from lti_mentoring.domain.people import PERMISSIONS, Actor, Verdict, display_name, may_ask_why_of_others, roles_in_course, verdict
from lti_mentoring.domain.rule import NotAllowed, NotFound
from lti_mentoring.services.mentorship import roles_held
from lti_mentoring.services.privacy import OPERATOR
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.people import Identity, Membership, Person, RoleGrant
from lti_mentoring.store.platform import Registration

MOST_PEOPLE = 500
"""People that the page offers to choose from."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a role comes from. ``origin``: launch, grant, candidacy, mentorship or lms; ``by`` is who gave it ("operator" is the command
    line)."""

    role: str
    origin: str
    at: datetime | None = None
    by: str = ""


@dataclass(frozen=True, slots=True)
class WhyPage:
    """One verdict explained. ``standing`` and ``lti_roles`` are what the LMS said, ``overridden`` those of the roles that mean something
    else at this LMS. ``people`` is empty where the reader may ask about themself only."""

    person_id: str
    name: str
    verdict: Verdict
    roles: tuple[Source, ...]
    standing: str
    lti_roles: tuple[str, ...]
    overridden: tuple[tuple[str, str], ...]
    launched_at: datetime
    coordinated: bool
    people: tuple[tuple[str, str], ...]
    permissions: tuple[str, ...]


def why(*, actor: Actor, person_id: str, permission: str) -> WhyPage:
    """Explain a verdict about somebody of this course. NotFound for a person or a permission that there is not; NotAllowed ``why_others``
    where somebody without a leading role asks about another person."""
    if permission not in PERMISSIONS:
        raise NotFound("permission_unknown", permission=permission)
    row = _member(actor.course_id, person_id)
    leads = may_ask_why_of_others(actor)
    if person_id != actor.person_id and not leads:
        raise NotAllowed("why_others")
    member: Membership = row[0]
    sources, coordinated = _granted(actor, person_id)
    if row.candidate_since is not None:
        sources.append(Source("candidate", "candidacy", row.candidate_since))
    sources += [Source(role, "mentorship") for role, held in (("mentor", row.mentors), ("protege", row.mentored)) if held]
    held = roles_in_course(
        standing=member.standing,
        granted=frozenset(one.role for one in sources if one.origin == "grant"),
        is_candidate=row.candidate_since is not None,
        coordinated=coordinated,
        lms_administrator=person_id == actor.person_id and actor.is_any("lms_administrator"),
        mentors=row.mentors,
        mentored=row.mentored,
    )
    known = {one.role for one in sources}
    sources += [Source(role, "launch", member.launched_at) for role in sorted(held - known)]
    return WhyPage(
        person_id=person_id,
        name=display_name(row.name or row.chosen_name, person_id),
        verdict=verdict(permission, held),
        roles=tuple(sources),
        standing=member.standing,
        lti_roles=tuple(member.lti_roles),
        overridden=_overridden(row.registration_id, member.lti_roles),
        launched_at=member.launched_at,
        coordinated=coordinated,
        people=_people(actor) if leads else (),
        permissions=tuple(sorted(PERMISSIONS)),
    )


def _member(course_id: str, person_id: str) -> Any:
    """Somebody in the course, with their name and their candidacy. NotFound where they are not in it."""
    candidacy = and_(Candidacy.course_id == Membership.course_id, Candidacy.person_id == Membership.person_id)
    found = (
        base.session()
        .execute(
            select(
                *(Membership, Person.name, Person.chosen_name, Candidacy.started_at.label("candidate_since"), Identity.registration_id),
                *roles_held(Membership.org_id, Membership.course_id, Membership.person_id),
            )
            .join(Person, and_(Person.org_id == Membership.org_id, Person.id == Membership.person_id))
            .outerjoin(Identity, and_(Identity.org_id == Person.org_id, Identity.person_id == Person.id))
            .outerjoin(Candidacy, candidacy)
            .where(Membership.course_id == course_id, Membership.person_id == person_id)
            .limit(1)
        )
        .first()
    )
    if found is None:
        raise NotFound("person")
    return found


def _granted(actor: Actor, person_id: str) -> tuple[list[Source], bool]:
    """The person's grants here, with who gave them; and whether anybody coordinates the course."""
    giver = aliased(Person)
    rows = base.session().execute(
        select(RoleGrant, giver.name, giver.chosen_name)
        .outerjoin(giver, and_(giver.org_id == RoleGrant.org_id, giver.id == RoleGrant.granted_by))
        .where(
            RoleGrant.revoked_at.is_(None),
            or_(
                and_(RoleGrant.course_id == actor.course_id, or_(RoleGrant.person_id == person_id, RoleGrant.role == "coordinator")),
                and_(
                    RoleGrant.course_id.is_(None),
                    RoleGrant.registration_id == actor.registration_id,
                    RoleGrant.person_id == person_id,
                ),
            ),
        )
        .order_by(RoleGrant.granted_at)
    )
    sources, coordinated = [], False
    for grant, name, chosen in rows:
        coordinated = coordinated or (grant.role == "coordinator" and grant.course_id is not None)
        if grant.person_id == person_id:
            by = OPERATOR if grant.granted_by == OPERATOR else display_name(name or chosen, grant.granted_by)
            sources.append(Source(grant.role, "grant", grant.granted_at, by))
    return sources, coordinated


def _overridden(registration_id: str | None, lti_roles: list[str]) -> tuple[tuple[str, str], ...]:
    said = base.session().scalar(select(Registration.role_overrides).where(Registration.id == registration_id)) or {}
    return tuple((role, said[role]) for role in lti_roles if role in said)


def _people(actor: Actor) -> tuple[tuple[str, str], ...]:
    rows = base.session().execute(
        select(Person.id, Person.name, Person.chosen_name)
        .join(Membership, and_(Membership.org_id == Person.org_id, Membership.person_id == Person.id))
        .where(Membership.course_id == actor.course_id)
        .order_by(Person.name)
        .limit(MOST_PEOPLE)
    )
    return tuple((one.id, display_name(one.name or one.chosen_name, one.id)) for one in rows)
