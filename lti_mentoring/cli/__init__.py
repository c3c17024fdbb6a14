# SPDX-License-Identifier: Apache-2.0
"""The switchboard: what an operator says on the command line."""

from __future__ import annotations

import click

from lti_mentoring import __version__
from lti_mentoring.cli import conformance, delivery, doctor, door, keys, operate, people, platform, privacy, programme, rights
from lti_mentoring.cli.base import Group


@click.group(cls=Group)
@click.version_option(__version__)
def main() -> None:
    """An LTI 1.3 tool that takes people from applicant to credentialed mentor."""


for command in (
    operate.db,
    operate.serve,
    operate.worker,
    operate.demo,
    conformance.conformance,
    platform.organisation,
    platform.platform,
    people.role,
    people.session_group,
    delivery.delivery_group,
    keys.secrets,
    keys.keys_group,
    programme.programme_group,
    rights.privacy_group,
    doctor.doctor,
    privacy.audit_group,
    door.door,
):
    main.add_command(command)
