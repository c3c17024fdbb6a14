# SPDX-License-Identifier: Apache-2.0
"""Grades on their way."""

from __future__ import annotations

import click

from lti_mentoring.cli.base import opened, say
from lti_mentoring.services import delivery as delivery_verbs
from lti_mentoring.services import platform as platform_verbs


@click.group("delivery")
def delivery_group() -> None:
    """Grades on their way to LMSs."""


@delivery_group.command("list")
@click.option("--organisation")
def delivery_list(organisation: str | None) -> None:
    """What waits or is stuck, a JSON line each."""
    with opened():
        org_id = platform_verbs.organisation_id(organisation) if organisation else None
        for row in delivery_verbs.listing(org_id=org_id):
            say(row)


@delivery_group.command("retry")
@click.argument("publication_id")
@click.option("--organisation", required=True)
def delivery_retry(publication_id: str, organisation: str) -> None:
    """Send a grade again that is stuck."""
    with opened():
        say(delivery_verbs.retry_by_operator(org_id=platform_verbs.organisation_id(organisation), publication_id=publication_id))
