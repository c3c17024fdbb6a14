# SPDX-License-Identifier: Apache-2.0
"""Wires everything; the only file that knows every room."""

from __future__ import annotations

import functools
import importlib
import os
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import structlog
from flask import Flask
from huey import Huey, PostgresHuey, RedisHuey, SqliteHuey
from sqlalchemy import column, select, table
from werkzeug.middleware.proxy_fix import ProxyFix

from lti_mentoring import logs
from lti_mentoring import settings as settings_room
from lti_mentoring.domain.mail import lane_key
from lti_mentoring.keys import DataKeys, Sealer
from lti_mentoring.lti.connector import Connector
from lti_mentoring.lti.grades import Grades
from lti_mentoring.lti.registration import Registration
from lti_mentoring.outbound import Client
from lti_mentoring.services import assistance as assistance_verbs
from lti_mentoring.services import delivery as delivery_verbs
from lti_mentoring.services import door as door_verbs
from lti_mentoring.services import erasure as erasure_verbs
from lti_mentoring.services import keys as key_verbs
from lti_mentoring.services import notice as notice_verbs
from lti_mentoring.services import own_copy, postman, roll_call, sweeping
from lti_mentoring.services.courier import Courier
from lti_mentoring.services.doctor import Bag
from lti_mentoring.services.errands import Errands
from lti_mentoring.services.reconciliation import Comparer
from lti_mentoring.services.registry import Registrations
from lti_mentoring.settings import Settings, SettingsError
from lti_mentoring.store import base, delivery, platform, tables, talk
from lti_mentoring.web.tool import Tool

TABLES = tables.ROOMS
"""Every room of the store, so that migrations see every table."""

STATIC = Path(__file__).parent / "web" / "static"

QUEUE_TRIES = 5
"""Hosts that may be too late one after the other."""

REDIS = "?socket_connect_timeout=2&socket_timeout=3"
"""Seconds that Redis is waited for, unless its address has parameters of its own; longer than a consumer's look, which lasts one."""

MOST_CLIENTS = 2_000
"""LMSs whose clients a process keeps at hand."""

log = structlog.get_logger()


def create_app(settings: Settings, *, overlay: Path | None = None, pages: bool = True) -> Flask:
    """The tool as a WSGI app. ``overlay`` is a deployer's own folder, laid over ``templates/``; without ``pages`` it is a worker's."""
    settings.require_secrets()
    app = Tool("lti_mentoring", static_folder=str(STATIC), template_folder=None)
    app.config.update(SECRET_KEY=settings.secret_key, SECRET_KEY_FALLBACKS=list(settings.secret_key_fallbacks))
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    try:
        sealer = Sealer(settings.encryption_keys)
    except ValueError as error:
        raise SettingsError(f"LTI_MENTORING_ENCRYPTION_KEYS cannot be used: {error}") from error
    huey = make_huey(settings)
    registry = Registrations()
    base.init_app(
        app,
        database_url=settings.database_url,
        sqlite_synchronous=settings.sqlite_synchronous,
        after_commit=lambda lanes: _wake(app, lanes),
        after_change={"registration": registry.forget, "deployment": registry.forget},
    )
    http = make_client(settings)
    app.extensions["huey"], app.extensions["sealer"] = huey, sealer
    if settings.mail.place:
        place = settings.mail.place
        app.extensions["mail_way"] = delivery.MailWay(lane_key(place), place, settings.mail.wait_seconds)
    app.extensions[talk.EXTENSION] = make_data_keys(settings, sealer)
    app.extensions["grades_for"] = _grades_factory(sealer, http, settings.launch_url)
    app.extensions["connector_for"] = _connector_factory(sealer, http)
    app.extensions["doctor"] = Bag(
        http,
        sealer,
        settings.public_url,
        settings.clock_leeway_seconds,
        allow_local=settings.allow_local_platforms,
        broken=lambda: _broken_parts(app),
    )
    _tasks(app, huey, settings)
    if pages:
        _open_pages(app, settings, sealer, overlay=overlay, registry=registry, http=http)
    if settings.allow_local_platforms:
        log.warning("local_platforms_allowed", why="LMSs on plain http and private addresses are reached; for development only")
    return app


def _open_pages(
    app: Flask, settings: Settings, sealer: Sealer, *, overlay: Path | None, registry: Registrations, http: Client
) -> None:
    site = importlib.import_module("lti_mentoring.web.site")  # with libraries of 8 MiB, which a worker does without
    site.open_to_browsers(
        app,
        settings,
        overlay=overlay,
        registry=registry,
        http=http,
        signing_key=lambda: key_verbs.signing_key(sealer, now=datetime.now(UTC)),
        ready=lambda: _broken_parts(app),
    )


def from_environment(*, pages: bool = True) -> Flask:
    """The tool as the environment describes it; what the server and the worker start."""
    logs.write()
    return create_app(settings_room.load(os.environ), overlay=settings_room.overlay_folder(os.environ), pages=pages)


def make_client(settings: Settings) -> Client:
    """The one guarded door to the network."""
    return Client(
        allow_local=settings.allow_local_platforms,
        private_hosts=settings.private_platform_hosts,
        ports=settings.platform_ports,
        ca_bundle=settings.ca_bundle or None,
        proxy=settings.outbound_proxy or None,
        connect_timeout=settings.outbound.connect_seconds,
        read_timeout=settings.outbound.read_seconds,
        forbid=_forbid_in_transaction,
    )


def make_data_keys(settings: Settings, sealer: Sealer) -> DataKeys:
    """What locks the keys of the words that pairs keep: ours, or the deployer's own service (docs/talk.md)."""
    named = settings.talk.key_wrapper
    if not named:
        return DataKeys(sealer)
    module, _, factory = named.partition(":")
    try:
        return DataKeys(sealer, getattr(importlib.import_module(module), factory)())
    except (ImportError, AttributeError, ValueError, TypeError) as error:
        raise SettingsError(f"LTI_MENTORING_TALK__KEY_WRAPPER must be package.module:factory; {named} cannot be used: {error}") from error


def _forbid_in_transaction() -> None:
    if base.in_transaction():
        raise RuntimeError("the network inside a transaction")


def _grades_factory(sealer: Sealer, http: Client, launch_url: str) -> Any:
    tokens = key_verbs.Tokens(sealer)

    @functools.lru_cache(maxsize=MOST_CLIENTS)
    def grades_for(registration: Registration, deployment_id: str | None = None) -> Grades:
        """The client of an LMS, kept with its tokens for as long as the registration says the same."""
        return Grades(
            registration,
            signing_key=lambda: key_verbs.signing_key(sealer, now=datetime.now(UTC)),
            tokens=tokens,
            http=http,
            deployment_id=deployment_id,
            review_url=launch_url,
        )

    return grades_for


def _connector_factory(sealer: Sealer, http: Client) -> Any:
    tokens = key_verbs.Tokens(sealer)

    @functools.lru_cache(maxsize=MOST_CLIENTS)
    def connector_for(registration: Registration, deployment_id: str | None = None) -> Connector:
        """The way to the other services of an LMS, kept as its grades' is."""
        return Connector(
            registration,
            signing_key=lambda: key_verbs.signing_key(sealer, now=datetime.now(UTC)),
            tokens=tokens,
            http=http,
            deployment_id=deployment_id,
        )

    return connector_for


def migrate_database() -> str | None:
    """Bring the database of the current app to the newest schema. -> the revision that it is at."""
    revision: str | None = _schema().migrate()
    return revision


def _schema() -> ModuleType:
    """What knows Alembic, which takes 7 MiB and which a worker never asks."""
    return importlib.import_module("lti_mentoring.store.schema")


def _broken_parts(app: Flask) -> list[str]:
    broken = []
    try:
        base.session().execute(select(platform.Organisation.id).limit(1))
        if not _schema().stands(base.session().scalar(select(column("version_num")).select_from(table("alembic_version")))):
            broken.append("migrations")
    except Exception:
        log.exception("not_ready", part="database")
        broken.append("database")
    try:
        app.extensions["huey"].pending_count()
    except Exception:
        log.exception("not_ready", part="queue")
        broken.append("queue")
    return broken


# --- the queue --------------------------------------------------------------------------------------------------------


def make_huey(settings: Settings) -> Huey:
    """What wakes the worker (decision 19). A lost or doubled wake-up is harmless; the outbox is the record."""
    url = settings.queue_url
    database = settings.database_url
    if not url and database.startswith("sqlite:///"):
        url = f"sqlite:///{_queue_file(database.removeprefix('sqlite:///'))}"
    url = (url or database).replace("postgresql+psycopg://", "postgresql://")
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite":
        Path(rest.removeprefix("/")).parent.mkdir(parents=True, exist_ok=True)
        return SqliteHuey("lti-mentoring", filename=rest.removeprefix("/"), results=False)
    if scheme in ("redis", "rediss"):
        return _impatient(RedisHuey("lti-mentoring", url=url if "?" in url else f"{url}{REDIS}", results=False))
    if scheme == "postgresql":
        return _on_postgresql(url)
    raise SettingsError("LTI_MENTORING_QUEUE_URL must begin with sqlite:///, redis://, rediss:// or postgresql://")


def _on_postgresql(url: str) -> PostgresHuey:
    """The queue makes its own tables, and "if not exists" fails in PostgreSQL where two hosts that start together both make them: the
    one that was too late finds them made."""
    for tries_left in reversed(range(QUEUE_TRIES)):
        try:
            return PostgresHuey("lti-mentoring", dsn=url, results=False)
        except Exception as error:
            if type(error).__name__ != "UniqueViolation" or not tries_left:
                said = f"the queue's database cannot be reached ({type(error).__name__}); is PostgreSQL running there?"
                raise SettingsError(said) from error
    raise AssertionError("no try was made")


def _impatient(huey: RedisHuey) -> RedisHuey:
    """One try more and not ten, each as long as a timeout: a Redis that is cut off must not hold up the request that wakes a worker."""
    retry, backoff = importlib.import_module("redis.retry"), importlib.import_module("redis.backoff")
    huey.storage.conn.set_retry(retry.Retry(backoff.NoBackoff(), 1))
    return huey


def _queue_file(database: str) -> str:
    path = Path(database)
    return str(path.with_name(f"{path.stem}-queue{path.suffix}"))


def _wake(app: Flask, lanes: Collection[str]) -> None:
    deliver = app.extensions["deliver"]
    for lane in lanes:
        try:
            deliver(lane)
        except Exception:
            # The grade is in the outbox, and the sweep finds it: a queue that is down must not fail the request.
            log.exception("wake_lost", lane=lane)


def _tasks(app: Flask, huey: Huey, settings: Settings) -> None:
    told = settings.delivery
    pace = delivery_verbs.Pace(told.lease_seconds, told.base_seconds, told.cap_seconds, told.batch)
    limits = delivery_verbs.Limits(
        told.most_at_once, told.per_second, told.burst, told.breaker_failures, told.breaker_seconds, told.cap_seconds
    )
    app.extensions["pace"], app.extensions["limits"] = pace, limits

    @huey.task(name="deliver")
    def deliver(lane: str) -> None:
        """Runs in a worker, and only wakes: what there is to do is in the outbox."""
        app.extensions["courier"].wake(lane)

    def courier(threads: int) -> Courier:
        app.extensions["courier"] = made = Courier(
            context=app.app_context, grades_for=app.extensions["grades_for"], pace=pace, limits=limits, threads=threads
        )
        return made

    def sweep() -> list[str]:
        """The lanes that have work; what is due by the clock is done, and what is old forgotten."""
        with app.app_context():
            return sweeping.sweep(now=datetime.now(UTC))

    connector_for, handler = app.extensions["connector_for"], f"{settings.public_url}/lti/notices"
    app.extensions["errands"] = Errands(
        app.app_context,
        {
            "notices": lambda: notice_verbs.order_one(connector_for=connector_for, handler=handler),
            "roster": lambda: roll_call.run(connector_for=connector_for, pace=pace),
            "reconciliation": Comparer(app.extensions["grades_for"]).step,
            "assistance": assistance_verbs.Rounds().step,
            "erasure": erasure_verbs.step,
            "copy": _copier(app, settings),
        }
        | ({"mail": _postman(app, settings, pace, limits), "door": door_verbs.step} if settings.mail.place else {}),
    )
    app.extensions["deliver"] = deliver
    app.extensions["make_courier"] = courier
    app.extensions["sweep"], app.extensions["sweep_seconds"] = sweep, told.sweep_seconds


def _copier(app: Flask, settings: Settings) -> Callable[[], bool]:
    """The errand of copies of people's data, whose page knows many words, so that it is loaded with the first one."""
    page = functools.cache(lambda: importlib.import_module("lti_mentoring.web.copy_page").writer(app, settings.languages))
    return lambda: own_copy.step(lambda rows: str(page()(rows)))


def _postman(app: Flask, settings: Settings, pace: delivery_verbs.Pace, limits: delivery_verbs.Limits) -> Callable[[], bool]:
    """The errand of mails. What writes them knows the words of all pages, so a worker that has none to send does without."""

    @functools.cache
    def post() -> postman.Post:
        letterbox = importlib.import_module("lti_mentoring.web.letterbox")
        made: postman.Post = letterbox.post(app, settings, app.extensions["mail_way"], forbid=_forbid_in_transaction)
        return made

    app.extensions["post"] = post
    return lambda: postman.step(post, pace=pace, limits=limits)
