# SPDX-License-Identifier: Apache-2.0
"""What every command shares: the app for its time, JSON out, one clear line when it cannot."""

from __future__ import annotations

import importlib
import json
import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from flask import Flask
from sqlalchemy.exc import DBAPIError

from lti_mentoring import app, outbound, settings
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.settings import SettingsError

DEFAULT_PACK = "foundations"


def say(made: object) -> None:
    """One JSON object on standard output."""
    click.echo(json.dumps(made, ensure_ascii=False))


@contextmanager
def opened() -> Iterator[Flask]:
    """The app, for one command."""
    made = app.from_environment()
    with made.app_context(), made.test_request_context():
        yield made


class Group(click.Group):
    """Commands whose mistakes end in one clear line and a non-zero status."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run, and put a broken rule into words."""
        try:
            return super().main(*args, **kwargs)
        except RuleBroken as error:
            click.echo(f"lti-mentoring: {_words(error)}", err=True)
        except outbound.Refused as error:
            click.echo(f"lti-mentoring: {error.url} cannot be used ({error.code})", err=True)
        except SettingsError as error:
            click.echo(f"lti-mentoring: {error}", err=True)
        except (DBAPIError, OSError, sqlite3.Error) as error:
            said = str(getattr(error, "orig", None) or error).splitlines()[0]
            click.echo(f"lti-mentoring: database or queue cannot be used ({said}); is it there, and migrated by 'db upgrade'?", err=True)
        sys.exit(2)


def _words(error: RuleBroken) -> str:
    babel, rule = (importlib.import_module(name) for name in ("flask_babel", "lti_mentoring.web.wording.rule"))  # nothing else needs them
    bare = Flask("words")  # the app of the command may be what cannot start
    babel.Babel(bare)
    with bare.test_request_context():
        said: str = rule.rule_words(error.code, error.facts)
    return said


def check_url(url: str) -> None:
    """Whether we would ever call an address; Refused if not."""
    app.make_client(settings.load(os.environ)).check(url)


def pack_folder(name: str) -> Path:
    """The folder of a bundled programme pack, or of the deployer's own of that name."""
    for folder in settings.resources("config", settings.overlay_folder(os.environ)):
        if (folder / "programmes" / name).is_dir():
            return folder / "programmes" / name
    raise SettingsError(f"there is no programme pack called {name}")
