# SPDX-License-Identifier: Apache-2.0
"""The ways of the LMS families that the pocket LMS plays, as measured on the real ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["learner", "instructor", "administrator", "test_user"]

VOCABULARY = "http://purl.imsglobal.org/vocab/lis/v2"
TEST_USER = "http://purl.imsglobal.org/vocab/lti/system/person#TestUser"


@dataclass(frozen=True, slots=True)
class Profile:
    """What one LMS family does in its own way; every value was measured on the LMS that it names."""

    family: str
    version: str
    grant_media_type: str
    unauthorised: int
    hint_once: bool
    id_token_seconds: int
    context_type: str
    client_per_placement: bool
    integer_maximum: bool
    whole_seconds: bool
    wipes: bool
    roles: dict[Kind, tuple[str, ...]]
    member_roles: dict[Kind, tuple[str, ...]]


MOODLE = Profile(
    family="moodle",
    version="2024100706",
    grant_media_type="text/html; charset=utf-8",  # Moodle answers its JSON as HTML
    unauthorised=401,
    hint_once=True,
    id_token_seconds=60,
    context_type="CourseSection",
    client_per_placement=False,
    integer_maximum=False,
    whole_seconds=True,
    wipes=True,
    roles={
        "learner": (f"{VOCABULARY}/membership#Learner",),
        "instructor": (f"{VOCABULARY}/membership#Instructor",),
        "administrator": (
            f"{VOCABULARY}/institution/person#Administrator",
            f"{VOCABULARY}/system/person#Administrator",
            f"{VOCABULARY}/membership#Instructor",
        ),
        "test_user": (f"{VOCABULARY}/membership#Learner", TEST_USER),
    },
    member_roles={"learner": ("Learner",), "instructor": ("Instructor",), "test_user": ("Learner",)},
)
"""Moodle 4.5 and 5.1."""

OPENEDX = Profile(
    family="openedx",
    version="11.4.4",
    grant_media_type="application/json",
    unauthorised=403,
    hint_once=False,
    id_token_seconds=3600,
    context_type=f"{VOCABULARY}/course#CourseGroup",
    client_per_placement=True,
    integer_maximum=True,
    whole_seconds=False,
    wipes=False,
    roles={
        "learner": (
            f"{VOCABULARY}/system/person#None",
            f"{VOCABULARY}/institution/person#Student",
            f"{VOCABULARY}/membership#Learner",
        ),
        "instructor": (
            f"{VOCABULARY}/system/person#None",
            f"{VOCABULARY}/institution/person#Instructor",
            f"{VOCABULARY}/membership#Instructor",
        ),
        "administrator": (
            f"{VOCABULARY}/system/person#Administrator",
            f"{VOCABULARY}/institution/person#Administrator",
            f"{VOCABULARY}/membership#Instructor",
        ),
        "test_user": (f"{VOCABULARY}/membership#Learner", TEST_USER),
    },
    member_roles={
        "learner": (f"{VOCABULARY}/membership#Learner",),
        "instructor": (f"{VOCABULARY}/membership#Instructor",),
        "test_user": (f"{VOCABULARY}/membership#Learner",),
    },
)
"""Open edX, lti-consumer-xblock 9 to 11."""
