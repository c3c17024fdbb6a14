# SPDX-License-Identifier: Apache-2.0
"""The door beside the LMS, for the operator."""

from __future__ import annotations

import click

from lti_mentoring.cli.base import opened, say
from lti_mentoring.services import door as verbs
from lti_mentoring.services import platform as platform_verbs
from lti_mentoring.web.wiring import wiring


@click.group()
def door() -> None:
    """The door beside the LMS."""


@door.command("link")
@click.option("--organisation", required=True)
@click.option("--person", required=True)
def door_link(organisation: str, person: str) -> None:
    """A link that lets somebody in once, within 30 minutes. It is printed once; that it was made is on the record."""
    with opened():
        token = verbs.link_by_operator(organisation_id=platform_verbs.organisation_id(organisation), person_id=person)
        say({"person": person, "link": f"{wiring().settings.public_url}/door/link#{token}"})
