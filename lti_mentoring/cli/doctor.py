# SPDX-License-Identifier: Apache-2.0
"""What is wrong between this tool and its LMSs, in words, and how to mend it."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click

from lti_mentoring.cli.base import opened, say
from lti_mentoring.domain.diagnosis import CARE, NOTE, WRONG, anything_wrong
from lti_mentoring.services import doctor as doctor_verbs
from lti_mentoring.services.doctor import Bag, Report

MARKS = {WRONG: "WRONG", CARE: "look at", NOTE: "note"}


@click.command()
@click.option("--platform", "registration", help="Only this registration.")
@click.option("--json", "as_json", is_flag=True, help="A JSON line for the tool and for each LMS.")
def doctor(registration: str | None, as_json: bool) -> None:
    """Try each link of the chain; exit status 1 if anything is wrong."""
    with opened() as app:
        bag: Bag = app.extensions["doctor"]
        if registration is not None:
            doctor_verbs.registrations(registration_id=registration)  # a slip in the id is said before anything is tried
        reports = [doctor_verbs.examine_tool(bag)]
        tell = _tell_json if as_json else _tell
        tell(reports[0], bag)
        if not any(one.facts.get("part") in ("database", "migrations") for one in reports[0].findings):
            for one in doctor_verbs.registrations(registration_id=registration):
                reports.append(doctor_verbs.examine(bag, registration_id=one))
                tell(reports[-1], bag)
    if any(anything_wrong(one.findings) for one in reports):
        sys.exit(1)


def _words(report: Report, bag: Bag) -> list[Any]:
    wording = importlib.import_module("lti_mentoring.web.wording.diagnosis")  # its libraries are for those who read words
    return [
        (one, wording.diagnosis_words(one, family=report.family, registration=report.registration_id, tool=bag.public_url))
        for one in report.findings
    ]


def _tell(report: Report, bag: Bag) -> None:
    click.echo(f"{report.name} ({report.registration_id})" if report.registration_id else "This tool")
    if not report.findings:
        click.echo("  nothing is wrong")
    for one, words in _words(report, bag):
        click.echo(f"  {MARKS[one.severity]}: {words.title} [{one.code}]")
        click.echo(f"    {words.what}")
        if words.wire:
            click.echo(f"    it said: {words.wire}")
        for number, step in enumerate(words.steps, 1):
            click.echo(f"    {number}. {step}")


def _tell_json(report: Report, bag: Bag) -> None:
    say(
        {
            "platform": report.registration_id or None,
            "name": report.name or None,
            "checked_at": report.checked_at.isoformat(),
            "clock_skew": report.clock_skew,
            "scopes": list(report.scopes),
            "findings": [
                {
                    "code": one.code,
                    "severity": one.severity,
                    "link": one.link,
                    "facts": dict(one.facts),
                    "title": words.title,
                    "what": words.what,
                    "steps": list(words.steps),
                }
                for one, words in _words(report, bag)
            ],
        }
    )
