# SPDX-License-Identifier: Apache-2.0
"""Who holds which role in a course: the person who acts, appointments, invitations, and the name that somebody chooses."""

from __future__ import annotations

import secrets
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, bindparam, or_, select, update
from sqlalchemy.orm import Session

from lti_mentoring.domain.people import COURSE_ROLES, GRANTED_ROLES, LEADS, Actor, display_name, roles_in_course
from lti_mentoring.domain.rule import NotAllowed, NotFound, RuleBroken
from lti_mentoring.lti import claims
from lti_mentoring.services import invite as invites
from lti_mentoring.services import privacy
from lti_mentoring.services.candidacy import CandidacyRow
from lti_mentoring.services.mentorship import roles_held
from lti_mentoring.services.notification import unread_of
from lti_mentoring.services.offering import OFFERED
from lti_mentoring.services.session import hashed
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.people import NEVER, NOWHERE, Course, Identity, Membership, OneTimeLink, Person, RoleGrant
from lti_mentoring.store.platform import Organisation, Registration

INVITATION_DAYS = 14


@dataclass(frozen=True, slots=True)
class Here:
    """A person in a course, as every page needs it: ``offered`` is help that waits for their answer, ``unread`` counts their notices;
    ``own`` is their candidacy, ``graded`` whether the LMS gets grades of them, both known on a page's own visit only; ``guest``: they came
    by a link, and open this page alone; ``late``: it has ended, so that they send and are shown nothing; ``handed_by``: who was shown it;
    ``asks_line``: they observe by it, and have not said who manages them."""

    actor: Actor
    course_title: str
    organisation: str
    nameless: bool
    coordinated: bool
    own: CandidacyRow | None = None
    graded: bool | None = None
    offered: bool = False
    unread: int = 0
    guest: bool = False
    late: bool = False
    handed_by: str = ""
    asks_line: bool = False


@dataclass(frozen=True, slots=True)
class Colleague:
    """One line of the people page. ``roles`` are granted ones; ``standing`` is what the LMS says."""

    person_id: str
    name: str
    standing: str
    candidate: bool
    roles: tuple[str, ...]
    launched_at: datetime


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """Everybody who has launched in this course, and the roles that the reader may grant."""

    colleagues: tuple[Colleague, ...]
    grantable: tuple[str, ...]
    invitations: tuple[tuple[str, datetime], ...]


_OWN = and_(Candidacy.org_id == Membership.org_id, Candidacy.course_id == Membership.course_id, Candidacy.person_id == Membership.person_id)

_HERE = (
    select(
        Membership.standing,
        Course.title,
        Course.label,
        Person.name,
        Person.chosen_name,
        Candidacy.id.label("candidacy"),
        Organisation.name.label("organisation"),
        OFFERED.label("offered"),
        unread_of(Membership.org_id, Membership.person_id),
        *roles_held(Membership.org_id, Membership.course_id, Membership.person_id),
    )
    .join(Course, and_(Course.org_id == Membership.org_id, Course.id == Membership.course_id))
    .join(Person, and_(Person.org_id == Membership.org_id, Person.id == Membership.person_id))
    .join(Organisation, Organisation.id == Membership.org_id)
    .outerjoin(Candidacy, _OWN)
    .where(Membership.org_id == bindparam("org"), Membership.course_id == bindparam("course"), Membership.person_id == bindparam("person"))
    .where(Membership.launched_at > NEVER)  # a roster opens no page
)

_GRANTS = select(RoleGrant.person_id, RoleGrant.role).where(
    RoleGrant.org_id == bindparam("org"),
    RoleGrant.revoked_at.is_(None),
    or_(
        and_(RoleGrant.course_id == bindparam("course"), or_(RoleGrant.person_id == bindparam("person"), RoleGrant.role == "coordinator")),
        and_(RoleGrant.registration_id == bindparam("registration"), RoleGrant.person_id == bindparam("person")),
    ),
)


def here(*, org_id: str, person_id: str, course_id: str, registration_id: str, lms_administrator: bool = False) -> Here:
    """The person who acts in a course. NotFound where the course is not theirs: another organisation's and an unknown one look the same."""
    keys = {"org": org_id, "course": course_id, "person": person_id}
    row = base.session().execute(_HERE, keys).first()
    if row is None:
        raise NotFound("course")
    grants = base.session().execute(_GRANTS, {**keys, "registration": registration_id}).all()
    coordinated = any(grant.role == "coordinator" for grant in grants)
    roles = roles_in_course(
        standing=row.standing,
        granted=frozenset(grant.role for grant in grants if grant.person_id == person_id),
        is_candidate=row.candidacy is not None,
        coordinated=coordinated,
        **{"lms_administrator": lms_administrator, "mentors": row.mentors, "mentored": row.mentored},
    )
    name = row.name or row.chosen_name
    actor = Actor(org_id, person_id, course_id, display_name(name, person_id), roles, registration_id)
    title = row.title or row.label
    return Here(actor, title, row.organisation, not name, coordinated, offered=bool(row.offered), unread=row.unread)


def choose_name(*, actor: Actor, name: str) -> None:
    """What somebody wants to be called whom the LMS sends without a name. RuleBroken ``name_empty`` or ``name_long``.

    NotAllowed ``name_known`` where the LMS names them: nobody gives themself somebody else's name.
    """
    name = claims.text(name) or ""
    if not name:
        raise RuleBroken("name_empty")
    if len(name) > 120:
        raise RuleBroken("name_long", most=120)
    with base.transactional() as session:
        person = session.get_one(Person, (actor.org_id, actor.person_id))
        if person.name:
            raise NotAllowed("name_known")
        person.chosen_name = name
        privacy.record(session, actor=actor, verb="choose_name", object_kind="person", object_id=actor.person_id)


def take_coordination(*, actor: Actor) -> None:
    """The first teacher of a course without a coordinator becomes it. RuleBroken ``coordinator_exists`` for the second of two,
    ``course_none`` where messages meet that came from no course."""
    with base.transactional() as session:
        if _lock_course(session, actor.course_id) == NOWHERE:
            raise RuleBroken("course_none")
        theirs = and_(RoleGrant.course_id == actor.course_id, RoleGrant.role == "coordinator", RoleGrant.revoked_at.is_(None))
        if session.scalar(select(RoleGrant.id).where(theirs)) is not None:
            raise RuleBroken("coordinator_exists")
        _grant(session, actor, actor.person_id, "coordinator")


def _lock_course(session: Session, course_id: str) -> str | None:
    # SQLite has one writer at a time anyway; on PostgreSQL the row lock puts two appointments in order.
    return session.scalar(select(Course.context_id).where(Course.id == course_id).with_for_update())


def _grant(
    session: Session, actor: Actor | str, person_id: str, role: str, *, course_id: str | None = None, registration_id: str | None = None
) -> bool:
    if course_id is None and registration_id is None and isinstance(actor, Actor):
        course_id = actor.course_id
    held = session.scalar(
        select(RoleGrant.id).where(
            RoleGrant.person_id == person_id,
            RoleGrant.course_id == course_id if course_id else RoleGrant.registration_id == registration_id,
            RoleGrant.role == role,
            RoleGrant.revoked_at.is_(None),
        )
    )
    if held is not None:
        return False
    by = actor.person_id if isinstance(actor, Actor) else actor
    session.add(RoleGrant(person_id=person_id, course_id=course_id, registration_id=registration_id, role=role, granted_by=by))
    privacy.record(session, actor=actor, verb="grant", object_kind="person", object_id=person_id, role=role, course=course_id)
    return True


def grantable(actor: Actor) -> tuple[str, ...]:
    """The roles that this person may give and take here. A deputy does everything a coordinator does but appoint leaders."""
    if actor.is_any("coordinator"):
        return ("observer", "trainer", "deputy")
    return ("observer", "trainer") if actor.is_any("deputy") else ()


def appoint(*, actor: Actor, person_id: str, role: str) -> None:
    """Give a role to somebody who has launched in this course."""
    _require_grantable(actor, role)
    with base.transactional() as session:
        _lock_course(session, actor.course_id)
        _require_member(session, actor.course_id, person_id)
        _grant(session, actor, person_id, role)


def dismiss(*, actor: Actor, person_id: str, role: str) -> None:
    """Take a role back. The coordinator's own role is the operator's to take."""
    _require_grantable(actor, role)
    with base.transactional() as session:
        _require_member(session, actor.course_id, person_id)
        _revoke(session, actor, person_id, role, RoleGrant.course_id == actor.course_id)


def _revoke(session: Session, actor: Actor | str, person_id: str, role: str, where: object) -> int:
    ended = session.scalars(
        update(RoleGrant)
        .where(RoleGrant.person_id == person_id, RoleGrant.role == role, RoleGrant.revoked_at.is_(None), where)  # type: ignore[arg-type]
        .values(revoked_at=base.now())
        .returning(RoleGrant.course_id)
    ).all()
    if ended and role in LEADS:  # whoever may no longer give a role has not left it behind in a link
        theirs = and_(OneTimeLink.created_by == person_id, OneTimeLink.course_id.in_(ended), OneTimeLink.expires_at > base.now())
        session.execute(update(OneTimeLink).where(theirs).values(expires_at=base.now()))
    if ended and role == "administrator":
        invites.end_of(session, person_id)
    if ended:
        privacy.record(session, actor=actor, verb="revoke", object_kind="person", object_id=person_id, role=role)
    return len(ended)


def _require_grantable(actor: Actor, role: str) -> None:
    if role not in COURSE_ROLES:
        raise RuleBroken("role_unknown", role=role)
    if role not in grantable(actor):
        raise NotAllowed("role_not_grantable", role=role)


def _require_member(session: Session, course_id: str, person_id: str) -> None:
    if session.scalar(select(Membership.id).where(Membership.course_id == course_id, Membership.person_id == person_id)) is None:
        raise NotFound("person")


def people_page(*, actor: Actor) -> PeoplePage:
    """Everybody who has launched in this course, by name; test users are never listed."""
    # Not joined: a grant is found by its course alone, so that each of thousands would look at the grants of all.
    here = (RoleGrant.course_id == actor.course_id, RoleGrant.revoked_at.is_(None))
    among = Membership.person_id.in_(select(RoleGrant.person_id).where(*here))
    tested = select(Identity.id).where(Identity.person_id == Membership.person_id, Identity.test_user).exists()
    query = (
        select(Membership.person_id, Membership.standing, Membership.launched_at, Person.name, Person.chosen_name, Candidacy.id)
        .join(Person, and_(Person.org_id == Membership.org_id, Person.id == Membership.person_id))
        .outerjoin(Candidacy, and_(Candidacy.course_id == Membership.course_id, Candidacy.person_id == Membership.person_id))
        .where(Membership.course_id == actor.course_id, or_(Membership.launched_at > NEVER, among), ~tested)
    )
    granted: dict[str, set[str]] = defaultdict(set)
    for person_id, role in base.session().execute(select(RoleGrant.person_id, RoleGrant.role).where(*here)):
        granted[person_id].add(role)
    found = {}
    for person_id, standing, launched_at, name, chosen, candidacy in base.session().execute(query):
        held = tuple(sorted(granted.get(person_id, ())))
        found[person_id] = Colleague(person_id, display_name(name or chosen, person_id), standing, candidacy is not None, held, launched_at)
    return PeoplePage(
        tuple(sorted(found.values(), key=lambda one: (one.name.casefold(), one.person_id))), grantable(actor), _open_invitations(actor)
    )


def _open_invitations(actor: Actor) -> tuple[tuple[str, datetime], ...]:
    rows = base.session().execute(
        select(OneTimeLink.role, OneTimeLink.expires_at)
        .where(OneTimeLink.org_id == actor.org_id, OneTimeLink.course_id == actor.course_id)
        .where(OneTimeLink.spent_at.is_(None), OneTimeLink.expires_at > base.now())
        .order_by(OneTimeLink.expires_at)
    )
    return tuple((row.role, row.expires_at) for row in rows)


def invite(*, actor: Actor, role: str) -> str:
    """A code that gives ``role`` to the first who redeems it inside their own launch in this course, within INVITATION_DAYS."""
    _require_grantable(actor, role)
    code = secrets.token_urlsafe(16)
    with base.transactional() as session:
        session.add(
            OneTimeLink(
                token_hash=hashed(code),
                org_id=actor.org_id,
                course_id=actor.course_id,
                purpose="role",
                role=role,
                created_by=actor.person_id,
                expires_at=base.now() + timedelta(days=INVITATION_DAYS),
            )
        )
        privacy.record(session, actor=actor, verb="invite", object_kind="course", object_id=actor.course_id, role=role)
    return code


def redeem(*, actor: Actor, code: str) -> str:
    """Spend an invitation to this course. -> the role. RuleBroken ``invitation_unknown``, ``invitation_spent`` or ``invitation_old``."""
    with base.transactional() as session:
        link = session.scalar(select(OneTimeLink).where(OneTimeLink.token_hash == hashed(code.strip())).with_for_update())
        if link is None or link.org_id != actor.org_id or link.course_id != actor.course_id:
            raise RuleBroken("invitation_unknown")
        if link.spent_at is not None:
            raise RuleBroken("invitation_spent")
        if link.expires_at <= base.now():
            raise RuleBroken("invitation_old")
        link.spent_at, link.spent_by = base.now(), actor.person_id
        _grant(session, actor, actor.person_id, link.role)
        return link.role


def coordinators(*, actor: Actor) -> tuple[str, ...]:
    """The names of those who lead this course."""
    rows = base.session().execute(
        select(Person.id, Person.name, Person.chosen_name)
        .join(RoleGrant, and_(RoleGrant.org_id == Person.org_id, RoleGrant.person_id == Person.id))
        .where(RoleGrant.course_id == actor.course_id, RoleGrant.role.in_(LEADS), RoleGrant.revoked_at.is_(None))
        .order_by(RoleGrant.granted_at)
    )
    return tuple(display_name(row.name or row.chosen_name, row.id) for row in rows)


# --- the operator -----------------------------------------------------------------------------------------------------


def grant_by_operator(*, organisation_id: str, person_id: str, role: str, course_id: str | None, registration_id: str | None) -> bool:
    """``lti-mentoring role grant``. A course role needs the course, administrator the registration. -> whether anything changed."""
    with base.tenant(organisation_id), base.transactional() as session:
        _require_scope(session, person_id, role, course_id, registration_id)
        return _grant(session, privacy.OPERATOR, person_id, role, course_id=course_id, registration_id=registration_id)


def revoke_by_operator(*, organisation_id: str, person_id: str, role: str, course_id: str | None, registration_id: str | None) -> int:
    """``lti-mentoring role revoke``; the way to undo a coordinator. -> how many grants ended."""
    with base.tenant(organisation_id), base.transactional() as session:
        _require_scope(session, person_id, role, course_id, registration_id)
        where = RoleGrant.course_id == course_id if course_id else RoleGrant.registration_id == registration_id
        return _revoke(session, privacy.OPERATOR, person_id, role, where)


def _require_scope(session: Session, person_id: str, role: str, course_id: str | None, registration_id: str | None) -> None:
    if role not in GRANTED_ROLES:
        raise RuleBroken("role_unknown", role=role)
    if session.scalar(select(Person.id).where(Person.id == person_id)) is None:
        raise RuleBroken("person_unknown", id=person_id)
    if role == "administrator":
        if registration_id is None or session.get(Registration, registration_id) is None:
            raise RuleBroken("role_needs_platform", role=role)
        return
    if course_id is None or session.scalar(select(Course.id).where(Course.id == course_id)) is None:
        raise RuleBroken("role_needs_course", role=role)
    _require_member(session, course_id, person_id)
