# SPDX-License-Identifier: Apache-2.0
"""Who may do what: roles, the permissions that they carry, and the person who acts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

GRANTED_ROLES = ("observer", "trainer", "coordinator", "deputy", "administrator")
"""Roles that somebody grants. Candidate follows from a candidacy, whether it goes on or not; mentor and protégé from a mentorship."""

COURSE_ROLES = ("observer", "trainer", "coordinator", "deputy")
"""Roles that hold in one course; administrator holds for one registration."""

STAFF_ROLES = frozenset({"observer", "trainer", "coordinator", "deputy"})

EVERYONE = frozenset({"member"})
LEADS = frozenset({"coordinator", "deputy"})
OFFICE = frozenset({"administrator"})
"""Held for the one registration by which somebody is signed in; it opens nothing of a course."""

PERMISSIONS: dict[str, frozenset[str]] = {
    "course.enter": EVERYONE,
    "people.choose_name": EVERYONE,
    "people.redeem": EVERYONE,
    "people.coordinate": frozenset({"teacher"}),
    "people.read": LEADS,
    "people.manage": LEADS,
    "roster.read": LEADS,
    "roster.sync": LEADS,
    "platform.ask_office": frozenset({"lms_administrator"}),
    "linking.author": frozenset({"teacher", "colleague", "lms_administrator", "coordinator", "deputy"}),
    "people.why": EVERYONE,
    "office.read": OFFICE,
    "office.manage": OFFICE,
    "placement.read": LEADS,
    "placement.edit": LEADS,
    "handout.read": EVERYONE,
    "training.learn": frozenset({"candidate"}),
    "training.read": frozenset({"candidate", "observer", "trainer", "coordinator", "deputy", "teacher", "colleague"}),
    "training.preview": frozenset({"observer", "trainer", "coordinator", "deputy", "teacher", "colleague"}),
    "practice.mark": LEADS | {"trainer"},
    "recognition.ask": frozenset({"candidate"}),
    "recognition.propose": LEADS,
    "recognition.decide": LEADS | {"trainer"},
    "candidacy.way": frozenset({"candidate"}),
    "candidacy.cohort": LEADS,
    "participation.own": frozenset({"candidate"}),
    "participation.decide": LEADS,
    "notification.read": EVERYONE,
    "notification.choose": EVERYONE,
    "line.own": EVERYONE,
    "line.enter": LEADS,
    "conflict.read": LEADS,
    "conflict.speak": EVERYONE,
    "review.open": EVERYONE,
    "privacy.read": EVERYONE,
    "privacy.own": EVERYONE,
    "concern.own": EVERYONE,
    "concern.confidants": LEADS,
    "application.apply": EVERYONE,
    "application.read": LEADS,
    "application.decide": LEADS,
    "application.review": STAFF_ROLES,
    "programme.open": LEADS,
    "programme.move": LEADS,
    "programme.edit": LEADS,
    "directory.read": EVERYONE,
    "directory.own": frozenset({"candidate", "mentor"}),
    "outcome.report": LEADS,
    "mentorship.manage": LEADS | {"mentor"},
    "mentoring.own": EVERYONE,
    "session.own": frozenset({"candidate", "mentor", "protege", "observer"}),
    "session.calendar": LEADS | {"candidate", "mentor", "protege", "observer"},
    "observation.plan_together": frozenset({"candidate", "mentor", "observer"}),
    "observation.plan": frozenset({"coordinator", "deputy", "observer"}),
    "observation.queue": frozenset({"observer"}),
    "observation.rate": frozenset({"observer", "candidate"}),
    "observation.void": LEADS,
    "observation.second": LEADS,
    "observation.capacity": LEADS,
    "calibration.practise": STAFF_ROLES,
    "qualification.read": LEADS,
    "agreement.read": LEADS,
    "consent.own": EVERYONE,
    "consent.ask": frozenset({"coordinator", "deputy", "observer"}),
    "founding.name": LEADS,
    "founding.sign": STAFF_ROLES,
    "observation.read": frozenset({"candidate", "observer", "coordinator", "deputy"}),
    "assistance.own": EVERYONE,
    "assistance.ask": frozenset({"candidate"}),
    "assistance.help": LEADS | {"trainer"},
    "delivery.read": LEADS,
    "delivery.retry": LEADS,
}
"""Permission -> the roles that carry it. Every endpoint names one; what somebody may see of one record is decided by its service."""


@dataclass(frozen=True, slots=True)
class Actor:
    """The person who acts, in one course, with the roles that hold there at this moment."""

    org_id: str
    person_id: str
    course_id: str
    name: str
    roles: frozenset[str]
    registration_id: str

    def is_any(self, *roles: str) -> bool:
        """Whether one of ``roles`` is held."""
        return not self.roles.isdisjoint(roles)


def roles_in_course(
    *,
    standing: str,
    granted: frozenset[str],
    is_candidate: bool,
    coordinated: bool,
    lms_administrator: bool = False,
    mentors: bool = False,
    mentored: bool = False,
) -> frozenset[str]:
    """The roles of a person in a course.

    An LMS role is a first guess and never a grant: a context Instructor is a ``teacher``, who may offer to coordinate a course that
    nobody coordinates and may look at its material, nothing else.
    """
    roles = set(granted) | {"member"}
    if standing == "instructor" and not lms_administrator:  # Moodle sends its administrators into every course as Instructor
        roles.add("teacher" if not coordinated else "colleague")
    if is_candidate:
        roles.add("candidate")
    if mentors:
        roles.add("mentor")
    if mentored:
        roles.add("protege")
    if lms_administrator:
        roles.add("lms_administrator")
    return frozenset(roles)


def led_alone(person_id: str, leading: Collection[tuple[str, datetime, datetime | None]], since: datetime) -> bool:
    """Whether somebody was the only one who led a course, at any moment from ``since`` on; ``leading`` says who led it, from when, and
    until when."""
    turns = {since, *(at for _, start, end in leading for at in (start, end) if at is not None and at > since)}
    return any({one for one, start, end in leading if start <= at and (end is None or at < end)} == {person_id} for at in turns)


def may(actor: Actor, permission: str) -> bool:
    """Whether ``actor`` holds a role that carries ``permission``. An unknown permission is a mistake of ours: KeyError."""
    return not PERMISSIONS[permission].isdisjoint(actor.roles)


def may_ask_why_of_others(actor: Actor) -> bool:
    """Whether ``actor`` may have verdicts about others explained: those who give roles here, and the LMS's administrator."""
    return actor.is_any(*LEADS, *OFFICE)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why somebody may or may not: the roles that carry a permission, and those of them that the person holds."""

    permission: str
    allowed: bool
    carried_by: tuple[str, ...]
    through: tuple[str, ...]


def verdict(permission: str, roles: frozenset[str]) -> Verdict:
    """The verdict of ``may`` with its reasons; KeyError for what is no permission."""
    carriers = PERMISSIONS[permission]
    through = tuple(sorted(carriers & roles))
    return Verdict(permission, bool(through), tuple(sorted(carriers)), through)


def display_name(name: str | None, person_id: str) -> str:
    """What to call a person: their name, else a stable pseudonym (checklist G-06). The e-mail's local part is never used."""
    return name.strip() if name and name.strip() else f"Participant {person_id[-4:].upper()}"
