# SPDX-License-Identifier: Apache-2.0
"""The sites that the pocket LMS plays: their people, courses, activities, and the ways of the LMS family that each follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal
from uuid import NAMESPACE_URL, uuid5

from lti_mentoring.demo.family import MOODLE, OPENEDX, Kind, Profile

AGS = "https://purl.imsglobal.org/spec/lti-ags/scope/"
LINEITEM = f"{AGS}lineitem"
LINEITEM_READ = f"{AGS}lineitem.readonly"
RESULT_READ = f"{AGS}result.readonly"
SCORE = f"{AGS}score"
NOTICES = "https://purl.imsglobal.org/spec/lti/scope/noticehandlers"
GROUPS_READ = "https://purl.imsglobal.org/spec/lti-gs/scope/contextgroup.readonly"
MEMBERS_READ = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"

Book = Literal["column", "columns", "programmatic", "none"]


@dataclass(frozen=True, slots=True)
class Persona:
    """Somebody who can be signed in as. ``number`` is the user id within the site; an empty name is a site that sends none."""

    key: str
    number: int
    kind: Kind
    given: str
    family: str
    part: str
    locale: str = "en"
    enrolled: bool = True

    @property
    def name(self) -> str:
        """The whole name, "" if the site sends none."""
        return f"{self.given} {self.family}".strip()

    @property
    def shown(self) -> str:
        """What the pocket LMS itself calls this person."""
        return self.name or f"Participant {self.number}"

    @property
    def staff(self) -> bool:
        """Whether this person may see everybody's grades."""
        return self.kind in {"instructor", "administrator"}

    @property
    def gradable(self) -> bool:
        """Whether the gradebook has a row for this person (Moodle: learners only)."""
        return self.kind in {"learner", "test_user"} and self.enrolled


@dataclass(frozen=True, slots=True)
class Course:
    """A course of a site; ``context_id`` is what the LMS sends."""

    number: int
    context_id: str
    label: str
    title: str
    about: str
    copied_from: str = ""


@dataclass(frozen=True, slots=True)
class Activity:
    """A placement of the tool in a course. ``book``: one coupled column, columns that the tool may make, none at all."""

    key: str
    number: int
    course: int
    title: str
    intro: str
    custom: tuple[tuple[str, str], ...] = ()
    book: Book = "column"
    maximum: float = 100
    window: bool = False
    target: str = ""
    """The tool's address that deep linking brought; "" is the tool's launch address."""
    copied_from: str = ""
    """The resource link that this one is a copy of."""


@dataclass(frozen=True, slots=True)
class Site:
    """One LMS site: the issuer, its people and its courses."""

    key: str
    name: str
    motto: str
    profile: Profile
    courses: tuple[Course, ...]
    people: tuple[Persona, ...]
    activities: tuple[Activity, ...]
    storage: str = ""
    """The ``lti_storage_target`` of a site whose pages keep values for tools: Sakai says "_parent", Canvas names a frame, and Moodle and
    Open edX have none, so that a site of theirs is one on which somebody has added it."""

    def persona(self, key: str) -> Persona | None:
        """The person of that key."""
        return next((one for one in self.people if one.key == key), None)

    def by_sub(self, sub: str) -> Persona | None:
        """The person whom the tool knows by that subject."""
        return next((one for one in self.people if self.sub(one) == sub), None)

    def activity(self, key: str) -> Activity | None:
        """The activity of that key."""
        return next((one for one in self.activities if one.key == key), None)

    def course(self, number: int) -> Course | None:
        """The course of that number."""
        return next((one for one in self.courses if one.number == number), None)

    def sub(self, person: Persona) -> str:
        """The subject: Moodle sends the user id, Open edX an external UUID."""
        if self.profile.client_per_placement:
            return str(uuid5(NAMESPACE_URL, f"{self.key}/people/{person.number}"))
        return str(person.number)

    def client_id(self, activity: Activity) -> str:
        """The client id of a placement: Open edX has one for each block, Moodle one for the tool."""
        if self.profile.client_per_placement:
            return str(uuid5(NAMESPACE_URL, f"{self.key}/blocks/{activity.key}"))
        return f"{self.key}-pocket-client"

    @property
    def deployment_id(self) -> str:
        """Open edX always says "1"; Moodle says the tool type's id."""
        return "1" if self.profile.client_per_placement else "7"

    def resource_link_id(self, activity: Activity) -> str:
        """The id of a placement: a number on Moodle, a usage key on Open edX."""
        if not self.profile.client_per_placement:
            return str(activity.number)
        course = next(one for one in self.courses if one.number == activity.course)
        return f"{course.context_id.replace('course-v1:', 'block-v1:')}+type@lti_consumer+block@{activity.number:032x}"

    def by_link(self, resource_link_id: str) -> Activity | None:
        """The activity with that resource link id."""
        return next((one for one in self.activities if self.resource_link_id(one) == resource_link_id), None)

    def service_scope(self, activity: Activity) -> str:
        """The part of a service address that says whose columns are meant: the course on Moodle, the block on Open edX."""
        return str(activity.number if self.profile.client_per_placement else activity.course)

    def scopes(self, client_id: str) -> frozenset[str]:
        """What an access token of that client may be good for."""
        if not self.profile.client_per_placement:
            return frozenset({LINEITEM, LINEITEM_READ, RESULT_READ, SCORE, MEMBERS_READ, GROUPS_READ, NOTICES})
        mine = next((one for one in self.activities if self.client_id(one) == client_id), None)
        return ags_scopes(self, mine) | {MEMBERS_READ} if mine else frozenset()

    def client_ids(self) -> tuple[str, ...]:
        """Every client id of this site, in the order of its activities."""
        return tuple(dict.fromkeys(self.client_id(one) for one in self.activities))


def ags_scopes(site: Site, activity: Activity) -> frozenset[str]:
    """The AGS scopes that a launch of this placement announces; none if it has no gradebook at all."""
    if activity.book == "none":
        return frozenset()
    if site.profile.client_per_placement and activity.book == "column":
        return frozenset({LINEITEM_READ, RESULT_READ, SCORE})  # Open edX, "declarative"
    return frozenset({LINEITEM, LINEITEM_READ, RESULT_READ, SCORE})


def issuer(site: Site, base_url: str) -> str:
    """The issuer of a site, exactly as it stands in its messages."""
    return f"{base_url}/{site.key}"


def site_registrations(site: Site, base_url: str) -> list[dict[str, Any]]:
    """What an administrator of the tool enters to add this site, one for each client id; the organisation is theirs to choose."""
    address = issuer(site, base_url)
    shared = {
        "issuer": address,
        "deployment_id": site.deployment_id,
        "auth_url": f"{address}/auth",
        "token_url": f"{address}/token",
        "jwks_url": f"{address}/jwks",
        "family": site.profile.family,
        "frame_origins": (),
    }
    if not site.profile.client_per_placement:
        return [{**shared, "name": site.name, "client_id": site.client_ids()[0]}]
    return [{**shared, "name": f"{site.name}: {one.title}", "client_id": site.client_id(one)} for one in site.activities]


def _activities(first: int, course: int, other: int) -> tuple[Activity, ...]:
    return (
        Activity("programme", first, course, "Mentor foundations", "Your way through the programme, and the one next step."),
        Activity(
            "module-m1",
            first + 1,
            course,
            "Module 1: before you begin",
            "Read, check what you know, and practise.",
            custom=(("item", "module:M1"),),
            maximum=10,
        ),
        Activity(
            "observation",
            first + 2,
            course,
            "Observed mentoring conversation",
            "A colleague watches one of your conversations and tells you what they saw.",
            custom=(("item", "observation"),),
            maximum=20,
        ),
        Activity(
            "overview",
            first + 3,
            course,
            "About this programme",
            "The programme once more, in a place that has no gradebook column.",
            custom=(("item", "programme"),),
            book="columns",
        ),
        Activity(
            "window",
            first + 4,
            course,
            "Mentor foundations, in its own window",
            "The same programme, for browsers that allow nothing inside a frame.",
            custom=(("item", "programme"),),
            maximum=1,
            window=True,
        ),
        Activity("elsewhere", first + 5, other, "Mentor foundations", "The programme in another course of the same people."),
    )


NORTH = Site(
    key="north",
    name="Northgate Lyceum",
    motto="Teacher education since the lighthouse was built",
    profile=MOODLE,
    courses=(
        Course(2, "2", "MENTOR-1", "Becoming a mentor", "How to see, ask and say it so that a new teacher grows."),
        Course(3, "3", "MENTOR-2", "Mentoring in small schools", "A second course with the same people in it."),
    ),
    people=(
        Persona("candidate", 11, "learner", "Amina", "Quillfeather", "Candidate: wants to become a mentor"),
        Persona("second", 12, "learner", "Tomasz", "Larkspur-Lind", "Candidate: started later"),
        Persona("observer", 21, "instructor", "Grace", "Okonjo-Vale", "Teacher who observes and rates"),
        Persona("second_observer", 22, "instructor", "Bao", "Marigold", "Teacher who observes too"),
        Persona("coordinator", 23, "instructor", "Henrik", "Moonbury", "Teacher who runs the programme"),
        Persona("administrator", 2, "administrator", "Priya", "Starling", "Administrator of this LMS", enrolled=False),
        Persona("nameless", 13, "learner", "", "", "Candidate whose name is never sent"),
        Persona("testuser", 99, "test_user", "Test", "Student", "The LMS's own test student"),
    ),
    activities=_activities(101, 2, 3),
)

SOUTH = Site(
    key="south",
    name="Southwater Open Academy",
    motto="Courses for people who teach",
    profile=OPENEDX,
    courses=(
        Course(2, "course-v1:Southwater+MENT101+2026", "MENT101", "Mentoring beginnings", "Eight weeks, one conversation at a time."),
        Course(3, "course-v1:Southwater+MENT102+2026", "MENT102", "Mentoring across subjects", "For those who mentor outside their field."),
    ),
    people=(
        Persona("candidate", 31, "learner", "Lucía", "Harrowgate", "Candidate: wants to become a mentor", "es"),
        Persona("second", 32, "learner", "ليلى", "نور البستان", "Candidate: started later", "ar"),
        Persona("observer", 41, "instructor", "Mei-Ling", "Thistledown", "Teacher who observes and rates"),
        Persona("second_observer", 42, "instructor", "Yusuf", "Pennywhistle", "Teacher who observes too"),
        Persona("coordinator", 43, "instructor", "Oluwaseun", "Birchmere", "Teacher who runs the programme"),
        Persona("administrator", 3, "administrator", "Sofie", "Windermoor", "Administrator of this LMS", enrolled=False),
        Persona("nameless", 33, "learner", "", "", "Candidate whose name is never sent"),
        Persona("testuser", 98, "test_user", "Test", "Learner", "The LMS's own test learner"),
    ),
    activities=(
        *_activities(201, 2, 3),
        Activity("quiet", 208, 2, "Mentor foundations, without grades", "A placement whose author switched grading off.", book="none"),
        Activity(
            "programmatic",
            209,
            2,
            "Mentor foundations, columns by the tool",
            "A placement in which the tool makes its own column.",
            book="programmatic",
        ),
    ),
)

SITES = (NORTH, SOUTH)
