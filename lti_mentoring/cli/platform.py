# SPDX-License-Identifier: Apache-2.0
"""Organisations and LMSs."""

from __future__ import annotations

from typing import Any

import click

from lti_mentoring.cli.base import DEFAULT_PACK, check_url, opened, pack_folder, say
from lti_mentoring.cli.programme import import_pack
from lti_mentoring.services import platform as platform_verbs


@click.group()
def organisation() -> None:
    """Organisations."""


@organisation.command("add")
@click.argument("name")
def organisation_add(name: str) -> None:
    """Make an organisation, with the default programme."""
    with opened():
        made = platform_verbs.add_organisation(name=name)
        import_pack(made["id"], pack_folder(DEFAULT_PACK))
    say(made)


@click.group()
def platform() -> None:
    """LMSs."""


@platform.command("add")
@click.option("--organisation", required=True)
@click.option("--name", required=True)
@click.option("--issuer", required=True)
@click.option("--client-id", required=True)
@click.option("--deployment-id", required=True)
@click.option("--auth-url", required=True)
@click.option("--token-url", required=True)
@click.option("--jwks-url", required=True)
@click.option("--token-audience")
@click.option("--family", default="generic", show_default=True)
@click.option("--frame-origin", "frame_origins", multiple=True)
@click.option("--update", "update_known", is_flag=True, help="Change the addresses of a known registration.")
def platform_add(update_known: bool, **told: Any) -> None:
    """Register an LMS, or add a deployment to one."""
    with opened():
        made = platform_verbs.add_platform(platform_verbs.NewPlatform(**told), update_known=update_known, check_url=check_url)
    say(made)


@platform.command("list")
def platform_list() -> None:
    """Every registration, a JSON line each."""
    with opened():
        for row in platform_verbs.listing():
            say(row)


@platform.command("disable")
@click.argument("registration_id")
def platform_disable(registration_id: str) -> None:
    """Switch a registration off."""
    with opened():
        say(platform_verbs.disable(registration_id=registration_id))


@platform.command("approve-deployment")
@click.argument("registration_id")
@click.argument("deployment_id")
@click.option("--organisation", required=True)
def platform_approve(registration_id: str, deployment_id: str, organisation: str) -> None:
    """Let a deployment that waits join an organisation."""
    with opened():
        say(platform_verbs.approve_deployment(registration_id=registration_id, deployment_id=deployment_id, organisation=organisation))
