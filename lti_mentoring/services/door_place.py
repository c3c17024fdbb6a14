# SPDX-License-Identifier: Apache-2.0
"""What is somebody's own behind the door: the courses that they have a seat in, asked anew at every request."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import and_, bindparam, or_, select

from lti_mentoring.domain.people import Actor, display_name, roles_in_course
from lti_mentoring.services import mentorship
from lti_mentoring.services.mentorship import roles_held
from lti_mentoring.services.notification import unread_of
from lti_mentoring.services.roles import Here
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.mentorship import Mentorship, MentorshipMember
from lti_mentoring.store.people import NEVER, Course, Membership, Person
from lti_mentoring.store.platform import Organisation

GOES_ON = ("proposed", "agreed", "active", "paused")


@dataclass(frozen=True, slots=True)
class OwnPair:
    """A pair of somebody's, by the names of the others in it."""

    id: str
    kind: str
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A course in which something is somebody's own."""

    course_id: str
    title: str
    candidate: bool
    pairs: tuple[OwnPair, ...]


_PAIR = and_(Mentorship.org_id == MentorshipMember.org_id, Mentorship.id == MentorshipMember.mentorship_id)
_SEATED = (MentorshipMember.ended_on.is_(None), Mentorship.state.in_(GOES_ON))
_MEMBER = and_(Membership.status == "active", Membership.launched_at > NEVER)

_seat = (
    select(MentorshipMember.id)
    .join(Mentorship, _PAIR)
    .where(
        MentorshipMember.org_id == Person.org_id,
        MentorshipMember.person_id == Person.id,
        Mentorship.course_id == bindparam("course"),
        *_SEATED,
    )
    .exists()
)
_own = and_(Candidacy.org_id == Person.org_id, Candidacy.course_id == bindparam("course"), Candidacy.person_id == Person.id)
_member = and_(Membership.org_id == Person.org_id, Membership.course_id == bindparam("course"), Membership.person_id == Person.id, _MEMBER)

_HERE = (
    select(
        Course.title,
        Course.label,
        Person.name,
        Person.chosen_name,
        Organisation.name.label("organisation"),
        select(Candidacy.id).where(_own).exists().label("candidate"),
        unread_of(Person.org_id, Person.id),
        *roles_held(Person.org_id, bindparam("course"), Person.id),
    )
    .join(Course, and_(Course.org_id == Person.org_id, Course.id == bindparam("course")))
    .join(Organisation, Organisation.id == Person.org_id)
    .where(Person.org_id == bindparam("org"), Person.id == bindparam("person"), Person.erased_at.is_(None))
    .where(or_(_seat, select(Candidacy.id).where(_own).exists(), select(Membership.id).where(_member).exists()))
)


def here(*, org_id: str, person_id: str, course_id: str) -> Here | None:
    """Whoever came by the door, in a course; None where nothing there is theirs any more. Roles that were granted stay in the LMS."""
    row = base.session().execute(_HERE, {"org": org_id, "person": person_id, "course": course_id}).first()
    if row is None:
        return None
    held = {"is_candidate": bool(row.candidate), "mentors": bool(row.mentors), "mentored": bool(row.mentored)}
    roles = roles_in_course(standing="none", granted=frozenset(), coordinated=True, **held)
    name = row.name or row.chosen_name
    actor = Actor(org_id, person_id, course_id, display_name(name, person_id), roles, "")
    return Here(actor, row.title or row.label, row.organisation, nameless=not name, coordinated=True, unread=row.unread)


def places(person_id: str) -> tuple[Place, ...]:
    """The courses in which something is theirs, by title; in the scope of their organisation. Four queries."""
    session = base.session()
    seats = (
        select(Mentorship.course_id, Mentorship.id, Mentorship.kind)
        .join(MentorshipMember, _PAIR)
        .where(MentorshipMember.person_id == person_id, *_SEATED)
        .order_by(Mentorship.started_on.desc(), Mentorship.id)
    )
    seated = {row.id: row for row in session.execute(seats)}
    candidate = set(session.scalars(select(Candidacy.course_id).where(Candidacy.person_id == person_id)))
    member = set(session.scalars(select(Membership.course_id).where(Membership.person_id == person_id, _MEMBER)))
    wanted = {row.course_id for row in seated.values()} | candidate | member
    if not wanted:
        return ()
    members = mentorship.members_of(session, seated)
    found = []
    for course in session.execute(select(Course.id, Course.title, Course.label).where(Course.id.in_(wanted))):
        others = {
            key: tuple(one.name for one in members.get(key, ()) if one.person_id != person_id and one.ended_on is None) for key in seated
        }
        pairs = tuple(OwnPair(key, row.kind, others[key]) for key, row in seated.items() if row.course_id == course.id)
        found.append(Place(course.id, course.title or course.label, course.id in candidate, pairs))
    return tuple(sorted(found, key=lambda one: (one.title.casefold(), one.course_id)))


def has_place(person_id: str) -> bool:
    """Whether anything is theirs at all, in the scope of their organisation; nothing is of whoever was erased."""
    if base.session().scalar(select(Person.id).where(Person.id == person_id, Person.erased_at.is_(None))) is None:
        return False
    seats = select(MentorshipMember.id).join(Mentorship, _PAIR).where(MentorshipMember.person_id == person_id, *_SEATED)
    ways = (
        seats,
        select(Candidacy.id).where(Candidacy.person_id == person_id),
        select(Membership.id).where(Membership.person_id == person_id, _MEMBER),
    )
    return any(base.session().scalar(one.limit(1)) is not None for one in ways)


def name_of(person_id: str) -> str | None:
    """What somebody is called, in the scope of their organisation."""
    row = base.session().execute(select(Person.name, Person.chosen_name).where(Person.id == person_id)).first()
    return (row.name or row.chosen_name) if row is not None else None
