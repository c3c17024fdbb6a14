# SPDX-License-Identifier: Apache-2.0
"""The switchboard: what an operator says on the command line."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from flask import Flask

from lti_mentoring import __version__, app, keys, outbound, settings
from lti_mentoring.demo import run as demo_run
from lti_mentoring.demo import story as demo_story
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.services import delivery as delivery_verbs
from lti_mentoring.services import keys as key_verbs
from lti_mentoring.services import people as people_verbs
from lti_mentoring.services import platform as platform_verbs
from lti_mentoring.services import programme as programme_verbs
from lti_mentoring.services import roles as role_verbs
from lti_mentoring.settings import SettingsError
from lti_mentoring.web.wording import rule_words

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
        sys.exit(2)


def _words(error: RuleBroken) -> str:
    with Flask("words").test_request_context():
        return rule_words(error.code, error.facts)


@click.group(cls=Group)
@click.version_option(__version__)
def main() -> None:
    """An LTI 1.3 tool that takes people from applicant to credentialed mentor."""


@main.group()
def db() -> None:
    """The database."""


@db.command("upgrade")
def db_upgrade() -> None:
    """Migrate to the newest schema."""
    with opened():
        app.migrate_database()
    say({"revision": app.newest_revision()})


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@click.option("--workers", default=1, show_default=True, help="Processes; each has two threads.")
def serve(host: str, port: int, workers: int) -> None:
    """Serve the pages."""
    settings.load(os.environ).require_secrets()
    os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", tempfile.mkdtemp(prefix="lti-mentoring-metrics-"))
    options = ["--bind", f"{host}:{port}", "--workers", str(workers), "--worker-class", "gthread", "--threads", "2"]
    options += ["--no-control-socket", "--graceful-timeout", "20", "--timeout", "60", "--keep-alive", "15", "--log-level", "warning"]
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn", *options, "lti_mentoring.app:from_environment()"])


@main.command()
@click.option("--threads", default=2, show_default=True)
def worker(threads: int) -> None:
    """Deliver what is due; several may run, on several machines."""
    made = app.from_environment()
    every = made.extensions["lti_mentoring"].settings.delivery.sweep_seconds
    made.extensions["sweep"]()
    threading.Thread(target=_sweep_for_ever, args=(made.extensions["sweep"], every), daemon=True).start()
    made.extensions["huey"].create_consumer(workers=threads, periodic=False, initial_delay=0.1, max_delay=1.0, backoff=1.15).run()


def _sweep_for_ever(sweep: Callable[[], None], every: int) -> None:
    pause = threading.Event()
    while not pause.wait(every):
        try:
            sweep()
        except Exception:
            app.log.exception("sweep_failed")


@main.command()
@click.option("--part", type=click.Choice(["all", "lms"]), default="all", hidden=True)
def demo(part: str) -> None:
    """A pocket LMS, the tool and its worker, filled with a story. It signs anyone in, so it runs only when asked for by name."""
    folder = Path(os.environ.get("LTI_MENTORING_DEMO_FOLDER", "var/demo")).absolute()
    plan = demo_run.plan(folder, os.environ)
    if part == "lms":
        demo_run.serve_lms(plan)
        return
    os.environ.update(plan.environ)
    with opened():
        app.migrate_database()
    with opened():
        demo_story.fill(plan, check_url=_check_url, pack=_pack_folder(DEFAULT_PACK))
    demo_run.run(plan, tell=demo_story.tell)


def _check_url(url: str) -> None:
    app.make_client(settings.load(os.environ)).check(url)


def _pack_folder(name: str) -> Path:
    for folder in settings.resources("config", settings.overlay_folder(os.environ)):
        if (folder / "programmes" / name).is_dir():
            return folder / "programmes" / name
    raise SettingsError(f"there is no programme pack called {name}")


def import_pack(org_id: str, path: Path) -> dict[str, Any]:
    """Publish a pack to an organisation; a pack with faults is told line by line."""
    try:
        with people_verbs.within(org_id):
            return asdict(programme_verbs.import_pack(org_id=org_id, path=path, actor="operator"))
    except RuleBroken as error:
        for fault in error.facts.get("faults", ()):  # type: ignore[attr-defined]
            click.echo(f"{fault.file}:{fault.line}: {fault.message} {fault.remedy}", err=True)
        raise


@main.group()
def organisation() -> None:
    """Organisations."""


@organisation.command("add")
@click.argument("name")
def organisation_add(name: str) -> None:
    """Make an organisation, with the default programme."""
    with opened():
        made = platform_verbs.add_organisation(name=name)
        import_pack(made["id"], _pack_folder(DEFAULT_PACK))
    say(made)


@main.group()
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
        made = platform_verbs.add_platform(platform_verbs.NewPlatform(**told), update_known=update_known, check_url=_check_url)
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
        say(
            platform_verbs.approve_deployment(
                registration_id=registration_id, deployment_id=deployment_id, organisation=organisation
            )
        )


@main.group()
def role() -> None:
    """Roles, given and taken by the operator."""


def _role_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option("--organisation", required=True),
        click.option("--person", required=True),
        click.option("--role", "name", required=True),
        click.option("--course"),
        click.option("--platform", "registration", help="For the role administrator."),
    ):
        command = option(command)
    return command


@role.command("grant")
@_role_options
def role_grant(organisation: str, person: str, name: str, course: str | None, registration: str | None) -> None:
    """Give a role."""
    with opened():
        changed = role_verbs.grant_by_operator(
            organisation_id=platform_verbs.organisation_id(organisation),
            person_id=person,
            role=name,
            course_id=course,
            registration_id=registration,
        )
    say({"person": person, "role": name, "changed": changed})


@role.command("revoke")
@_role_options
def role_revoke(organisation: str, person: str, name: str, course: str | None, registration: str | None) -> None:
    """Take a role back."""
    with opened():
        ended = role_verbs.revoke_by_operator(
            organisation_id=platform_verbs.organisation_id(organisation),
            person_id=person,
            role=name,
            course_id=course,
            registration_id=registration,
        )
    say({"person": person, "role": name, "ended": ended})


@main.group("session")
def session_group() -> None:
    """Signed-in browsers."""


@session_group.command("end")
@click.option("--person")
@click.option("--platform", "registration")
def session_end(person: str | None, registration: str | None) -> None:
    """Sign somebody out everywhere, or everybody of one LMS."""
    with opened():
        say({"ended": people_verbs.end_sessions(person_id=person, registration_id=registration)})


@main.group("delivery")
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


@main.group()
def secrets() -> None:
    """The operator's secrets."""


@secrets.command("new")
def secrets_new() -> None:
    """Print a fresh set as NAME=value lines for the environment."""
    for name, value in keys.new_secrets().items():
        click.echo(f"{name}={value}")


@main.group("keys")
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
    with opened():
        say(key_verbs.reseal(_sealer()))


@main.group("programme")
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
