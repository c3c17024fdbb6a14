# SPDX-License-Identifier: Apache-2.0
"""Grades on their way."""

from __future__ import annotations

import click

from lti_mentoring.cli.base import opened, say
from lti_mentoring.services import delivery as delivery_verbs
from lti_mentoring.services import lane as lane_verbs
from lti_mentoring.services import mail as mail_verbs
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
        for row in (*delivery_verbs.listing(org_id=org_id), *mail_verbs.listing(org_id=org_id)):
            say(row)


@delivery_group.command("retry")
@click.argument("publication_id")
@click.option("--organisation", required=True)
def delivery_retry(publication_id: str, organisation: str) -> None:
    """Send a grade or a mail again that is stuck."""
    with opened():
        org_id = platform_verbs.organisation_id(organisation)
        mail = mail_verbs.retry_by_operator(org_id=org_id, mail_id=publication_id)
        say(mail or delivery_verbs.retry_by_operator(org_id=org_id, publication_id=publication_id))


@delivery_group.command("lanes")
def delivery_lanes() -> None:
    """Every LMS that grades go to, and the mail server: whether it rests or is paused, what waits for it; a JSON line each."""
    with opened():
        for row in lane_verbs.listing():
            say(row)


@delivery_group.command("pause")
@click.argument("lane")
def delivery_pause(lane: str) -> None:
    """Send nothing to an LMS until it is resumed."""
    with opened():
        say(lane_verbs.pause(lane=lane, paused=True))


@delivery_group.command("resume")
@click.argument("lane")
def delivery_resume(lane: str) -> None:
    """Send to an LMS again, at once and whatever it rested for."""
    with opened():
        say(lane_verbs.pause(lane=lane, paused=False))


@delivery_group.command("limit")
@click.argument("lane")
@click.option("--most-at-once", type=int, help="Requests at once, over all workers.")
@click.option("--per-second", type=float, help="Requests a second; 0: no such limit.")
def delivery_limit(lane: str, most_at_once: int | None, per_second: float | None) -> None:
    """Give one LMS limits of its own; what is not named goes back to the settings."""
    with opened():
        say(lane_verbs.limit(lane=lane, most_at_once=most_at_once, per_second=per_second))
