# SPDX-License-Identifier: Apache-2.0
"""The record of who did what: whether it is still what was written."""

from __future__ import annotations

import sys

import click

from lti_mentoring.cli.base import opened, say
from lti_mentoring.services import chaining
from lti_mentoring.services import platform as platform_verbs


@click.group("audit")
def audit_group() -> None:
    """The record of who did what."""


@audit_group.command("verify")
@click.option("--organisation", default="", help="Only this one.")
def audit_verify(organisation: str) -> None:
    """Check the chain of each organisation, a JSON line each; status 1 where one does not hold."""
    with opened():
        if organisation:
            platform_verbs.organisation_id(organisation)
        sound = True
        for one in chaining.verify(name=organisation):
            broken = one.broken
            at = None if broken is None else {"position": broken.position, "line": broken.line_id, "why": broken.why}
            held = {"organisation": one.organisation, "verified": one.verified, "head": one.head}
            say({**held, "not_chained_yet": one.waiting, "broken": at})
            sound = sound and broken is None
    sys.exit(0 if sound else 1)
