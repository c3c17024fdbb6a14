# SPDX-License-Identifier: Apache-2.0
"""Roles and signed-in browsers."""

from __future__ import annotations

from collections.abc import Callable

import click

from lti_mentoring.cli.base import opened, say
from lti_mentoring.services import platform as platform_verbs
from lti_mentoring.services import roles as role_verbs
from lti_mentoring.services import session as session_verbs


@click.group()
def role() -> None:
    """Roles, given and taken by the operator."""


def _role_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option("--organisation", required=True),
        click.option("--person", required=True),
        click.option("--role", "name", required=True),
        click.option("--course"),
        click.option("--platform", "registration", help="For the role administrator."),
    ):
        command = option(command)
    return command


@role.command("grant")
@_role_options
def role_grant(organisation: str, person: str, name: str, course: str | None, registration: str | None) -> None:
    """Give a role."""
    with opened():
        changed = role_verbs.grant_by_operator(
            organisation_id=platform_verbs.organisation_id(organisation),
            person_id=person,
            role=name,
            course_id=course,
            registration_id=registration,
        )
    say({"person": person, "role": name, "changed": changed})


@role.command("revoke")
@_role_options
def role_revoke(organisation: str, person: str, name: str, course: str | None, registration: str | None) -> None:
    """Take a role back."""
    with opened():
        ended = role_verbs.revoke_by_operator(
            organisation_id=platform_verbs.organisation_id(organisation),
            person_id=person,
            role=name,
            course_id=course,
            registration_id=registration,
        )
    say({"person": person, "role": name, "ended": ended})


@click.group("session")
def session_group() -> None:
    """Signed-in browsers."""


@session_group.command("end")
@click.option("--person")
@click.option("--platform", "registration")
def session_end(person: str | None, registration: str | None) -> None:
    """Sign somebody out everywhere, or everybody of one LMS."""
    with opened():
        say({"ended": session_verbs.end_sessions(person_id=person, registration_id=registration)})
