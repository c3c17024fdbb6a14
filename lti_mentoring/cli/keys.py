# SPDX-License-Identifier: Apache-2.0
"""The operator's secrets and the tool's signing keys."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import click

from lti_mentoring import keys, settings
from lti_mentoring.cli.base import opened, say
from lti_mentoring.services import keys as key_verbs


@click.group()
def secrets() -> None:
    """The operator's secrets."""


@secrets.command("new")
def secrets_new() -> None:
    """Print a fresh set as NAME=value lines for the environment."""
    for name, value in keys.new_secrets().items():
        click.echo(f"{name}={value}")


@click.group("keys")
def keys_group() -> None:
    """The tool's signing keys."""


def _sealer() -> keys.Sealer:
    return keys.Sealer(settings.load(os.environ).encryption_keys)


@keys_group.command("list")
def keys_list() -> None:
    """Every key, a JSON line each."""
    with opened():
        for row in key_verbs.listing():
            say(row)


@keys_group.command("rotate")
@click.option("--at-once", is_flag=True, help="The old key is lost or leaked: end it now.")
def keys_rotate(at_once: bool) -> None:
    """Publish a new key; it signs once every platform can have seen it."""
    with opened():
        say(key_verbs.rotate(_sealer(), now=datetime.now(UTC), at_once=at_once))


@keys_group.command("reseal")
def keys_reseal() -> None:
    """Seal everything with the first encryption key, so that the others can go."""
    with opened() as app:
        say(key_verbs.reseal(_sealer(), app.extensions["data_keys"]))
