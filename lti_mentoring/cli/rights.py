# SPDX-License-Identifier: Apache-2.0
"""People's rights over their data, exercised for them by the operator."""

from __future__ import annotations

import os

import click

from lti_mentoring import settings
from lti_mentoring.cli.base import opened, say
from lti_mentoring.services import erasure as erasure_verbs
from lti_mentoring.services import people as people_verbs
from lti_mentoring.services import platform as platform_verbs


@click.group("privacy")
def privacy_group() -> None:
    """Erasing a person, and holding what must not be erased yet."""


@privacy_group.command("erase")
@click.option("--organisation", required=True)
@click.option("--person", required=True)
def privacy_erase(organisation: str, person: str) -> None:
    """Erase a person now, and say what went and until when backups may hold it."""
    days = settings.load(os.environ).privacy.backup_days
    with opened():
        org_id = platform_verbs.organisation_id(organisation)
        with people_verbs.within(org_id):
            erasure_id = erasure_verbs.by_operator(org_id=org_id, person_id=person)
            while erasure_verbs.run(erasure_id=erasure_id):
                pass
            say(erasure_verbs.report(erasure_id=erasure_id, backup_days=days))


@privacy_group.command("hold")
@click.option("--organisation", required=True)
@click.option("--person", required=True)
@click.option("--reason", required=True)
def privacy_hold(organisation: str, person: str, reason: str) -> None:
    """Keep a person's programme records for now; what they wrote in private is not held."""
    with opened(), people_verbs.within(platform_verbs.organisation_id(organisation)):
        erasure_verbs.hold(person_id=person, reason=reason)
        say({"person": person, "held": True})


@privacy_group.command("release")
@click.option("--organisation", required=True)
@click.option("--person", required=True)
def privacy_release(organisation: str, person: str) -> None:
    """End a hold; an erasure that waited goes on."""
    with opened(), people_verbs.within(platform_verbs.organisation_id(organisation)):
        erasure_verbs.release(person_id=person)
        say({"person": person, "held": False})
