# SPDX-License-Identifier: Apache-2.0
"""Programme packs."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from lti_mentoring.cli.base import opened, say
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.services import people as people_verbs
from lti_mentoring.services import platform as platform_verbs
from lti_mentoring.services import programme as programme_verbs


def import_pack(org_id: str, path: Path) -> dict[str, Any]:
    """Publish a pack to an organisation; a pack with faults is told line by line."""
    try:
        with people_verbs.within(org_id):
            return asdict(programme_verbs.import_pack(org_id=org_id, path=path, actor="operator"))
    except RuleBroken as error:
        for fault in error.facts.get("faults", ()):  # type: ignore[attr-defined]
            click.echo(f"{fault.file}:{fault.line}: {fault.message} {fault.remedy}", err=True)
        raise


@click.group("programme")
def programme_group() -> None:
    """Programme packs."""


@programme_group.command("check")
@click.argument("path", type=click.Path(exists=True, file_okay=False, path_type=Path))
def programme_check(path: Path) -> None:
    """Say what is wrong with a pack: file, line and remedy."""
    faults = programme_verbs.check(path)
    for fault in faults:
        click.echo(f"{fault.file}:{fault.line}: {fault.message} {fault.remedy}")
    if faults:
        sys.exit(1)
    click.echo("nothing is wrong")


@programme_group.command("import")
@click.argument("path", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--organisation", required=True)
def programme_import(path: Path, organisation: str) -> None:
    """Publish a pack to an organisation as a version that never changes."""
    with opened():
        say(import_pack(platform_verbs.organisation_id(organisation), path))
