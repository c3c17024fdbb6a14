# SPDX-License-Identifier: Apache-2.0
"""What an LMS's roles say of a person: context roles first, and never more than a first guess (checklist R-01 to R-07)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, get_args

Standing = Literal["instructor", "grader", "learner", "none"]
STANDINGS: tuple[Standing, ...] = get_args(Standing)

TEST_USER = "http://purl.imsglobal.org/vocab/lti/system/person#TestUser"

_CONTEXT = ("http://purl.imsglobal.org/vocab/lis/v2/membership#", "urn:lti:role:ims/lis/")
_SUB_ROLE = "http://purl.imsglobal.org/vocab/lis/v2/membership/"
_ABOVE_THE_COURSE = (
    "http://purl.imsglobal.org/vocab/lis/v2/institution/person#",
    "http://purl.imsglobal.org/vocab/lis/v2/system/person#",
    "http://purl.imsglobal.org/vocab/lis/v2/person#",  # LTI 2, deprecated
    "urn:lti:instrole:ims/lis/",
    "urn:lti:sysrole:ims/lis/",
)
_ADMINISTRATORS = frozenset({"Administrator", "SysAdmin", "AccountAdmin"})

_MEANING: dict[str, Standing] = {
    "Instructor": "instructor",
    "Learner": "learner",
    # A principal role in LIS 1 (URN), and what some LMSs send as a short name.
    "TeachingAssistant": "grader",
}
_BY_SUB_ROLE: dict[str, Standing] = {"Instructor": "grader", "TeachingAssistant": "grader", "Learner": "learner"}


def standing(roles: Iterable[str], overrides: Mapping[str, Standing] | None = None) -> Standing:
    """The highest standing that the *context* roles give (G-02). Institution and system roles give none (R-02).

    A sub-role without its principal role (Open edX sends ``membership/Instructor#TeachingAssistant`` alone for a Group
    Moderator) makes a grader, not an instructor (R-03). LTI's Mentor is a parent or auditor and gives nothing (R-06).
    ``overrides`` say of single roles, of whatever level, what they give at this LMS; a standing is all that they can give.
    """
    said = overrides or {}
    held = {said[role] if role in said else _standing(role) for role in roles}
    for one in ("instructor", "grader", "learner"):
        if one in held:
            return one
    return "none"


def _standing(role: str) -> Standing:
    if role.startswith(_SUB_ROLE):
        return _BY_SUB_ROLE.get(role.removeprefix(_SUB_ROLE).partition("#")[0], "none")
    for prefix in _CONTEXT:
        if role.startswith(prefix):
            name, _, below = role.removeprefix(prefix).partition("/")
            return (_BY_SUB_ROLE if below else _MEANING).get(name, "none")
    return _MEANING.get(role, "none")  # the deprecated short names (G-03); anything unknown gives nothing (G-04)


_SAID_ABOVE = {
    "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Instructor": _CONTEXT[0] + "Instructor",
    "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Student": _CONTEXT[0] + "Learner",
}


def of_the_course(roles: Iterable[str]) -> tuple[str, ...]:
    """The same roles, and where none of them is the course's, those that the institution's words stand for.

    For an LMS that makes the institution's roles from the course's (``Profile.course_roles_said_above``) and nothing else; what it
    says of a whole system is then about the course too, and gives no office.
    """
    given = tuple(roles)
    if any(role.startswith((*_CONTEXT, _SUB_ROLE)) or role in _MEANING for role in given):
        return given
    return tuple(_SAID_ABOVE[role] for role in given if role in _SAID_ABOVE)


def standing_at(roles: Iterable[str], *, above: bool, overrides: Mapping[str, Standing]) -> Standing:
    """The standing that the roles of a launch or of a roster's line give at one LMS. ``above``: it may say the course's roles in the
    institution's words. An override counts for a role of whatever level."""
    given = tuple(roles)
    counted = of_the_course(given) if above else given
    return standing((*counted, *(role for role in given if role in overrides)) if overrides else counted, overrides)


def administrator(roles: Iterable[str]) -> bool:
    """Whether the person administers the LMS or its institution. It opens a page that asks for the office, no power."""
    return any(role.removeprefix(prefix) in _ADMINISTRATORS for role in roles for prefix in _ABOVE_THE_COURSE if role.startswith(prefix))


def is_test_user(roles: Iterable[str]) -> bool:
    """Whether this is the LMS's preview person ("student view"): never graded, counted or written to (R-04)."""
    return TEST_USER in roles
