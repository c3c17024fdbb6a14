# SPDX-License-Identifier: Apache-2.0
"""Organisations and LMSs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from lti_mentoring.cli.base import DEFAULT_PACK, check_url, opened, pack_folder, say
from lti_mentoring.cli.programme import import_pack
from lti_mentoring.services import invite as invite_verbs
from lti_mentoring.services import office as office_verbs
from lti_mentoring.services import people as people_verbs
from lti_mentoring.services import platform as platform_verbs
from lti_mentoring.services.privacy import OPERATOR


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


@platform.command("update")
@click.argument("registration_id")
@click.option("--name")
@click.option("--auth-url")
@click.option("--token-url")
@click.option("--jwks-url")
@click.option("--token-audience", help="Empty: none of its own.")
@click.option("--family")
@click.option("--frame-origin", "frame_origins", multiple=True)
@click.option("--enable", is_flag=True, help="Switch it on again.")
def platform_update(registration_id: str, **told: Any) -> None:
    """Change what is known of a registration; what is not named stays."""
    with opened():
        say(platform_verbs.update(registration_id=registration_id, check_url=check_url, **told))


@platform.command("show")
@click.argument("registration_id")
def platform_show(registration_id: str) -> None:
    """One registration with its deployments, role overrides, privacy switches and what the doctor found last."""
    with opened():
        say(office_verbs.details(registration_id=registration_id))


@platform.command("override")
@click.argument("registration_id")
@click.option("--role", required=True, help="The LTI role, as the LMS sends it.")
@click.option("--standing", default="", help="instructor, grader, learner or none; without it the role means the usual again.")
def platform_override(registration_id: str, role: str, standing: str) -> None:
    """Say what an LTI role of this LMS gives here, from the next launch on."""
    with opened():
        owner = office_verbs.organisations(registration_id=registration_id)[0]
        with people_verbs.within(owner):
            told = office_verbs.override(actor=OPERATOR, registration_id=registration_id, role=role, standing=standing)
    say({"id": registration_id, "role_overrides": told})


@platform.command("privacy")
@click.argument("registration_id")
@click.option("--names/--no-names", default=None, help="Keep the names that the LMS sends.")
@click.option("--email/--no-email", default=None, help="Keep the e-mail addresses that it sends.")
@click.option("--clear", is_flag=True, help="Delete for good what is switched off and still here.")
def platform_privacy(registration_id: str, names: bool | None, email: bool | None, clear: bool) -> None:
    """Whether names and e-mail addresses are kept, from the next launch on."""
    with opened():
        served = office_verbs.organisations(registration_id=registration_id)
        with people_verbs.within(served[0]):
            said = office_verbs.keep(actor=OPERATOR, registration_id=registration_id, names=names, email=email)
        cleared = []
        for org_id in served if clear else ():
            with people_verbs.within(org_id):
                cleared.append({"organisation": org_id, **office_verbs.clear(actor=OPERATOR, registration_id=registration_id)})
    say({"id": registration_id, **said, **({"cleared": cleared} if clear else {})})


@platform.command("invite")
@click.option("--organisation", required=True)
def platform_invite(organisation: str) -> None:
    """An address that shows an LMS administrator what to enter, for seven days; shown only now."""
    with opened() as app:
        token, until = invite_verbs.make(actor=OPERATOR, org_id=platform_verbs.organisation_id(organisation))
        say({"url": f"{app.extensions['doctor'].public_url}/lti/register/{token}", "expires_at": until.isoformat()})


@platform.command("invites")
@click.option("--organisation")
def platform_invites(organisation: str | None) -> None:
    """Invites that wait, a JSON line each."""
    with opened():
        org_id = platform_verbs.organisation_id(organisation) if organisation else None
        for one in invite_verbs.waiting(org_id=org_id):
            told = asdict(one)
            say({**told, "created_at": one.created_at.isoformat(), "expires_at": one.expires_at.isoformat()})


@platform.command("revoke-invite")
@click.argument("key")
def platform_revoke_invite(key: str) -> None:
    """End an invite by its key in the list."""
    with opened():
        invite_verbs.revoke(actor=OPERATOR, key=key)
        say({"key": key, "revoked": True})


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
