# SPDX-License-Identifier: Apache-2.0
"""The database handle, the tenant fence, and the only place that commits."""

from __future__ import annotations

import functools
import re
import secrets
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, cast

import structlog
from flask import Flask, current_app
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import DateTime, Engine, ForeignKey, ForeignKeyConstraint, MetaData, String, Table, event
from sqlalchemy.engine import Connection
from sqlalchemy.orm import DeclarativeBase, Mapped, ORMExecuteState, Session, mapped_column, with_loader_criteria
from sqlalchemy.types import TypeDecorator

from lti_mentoring.store import engine as engine_room
from lti_mentoring.store.lifting import lifted

log = structlog.get_logger()

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

Id = String(32)


class Base(DeclarativeBase):
    """All tables, with names for their constraints so that one migration history serves both databases."""

    metadata = MetaData(naming_convention=NAMING)


class _Session(FlaskSession):
    """Reads take no transaction on PostgreSQL: each of their statements sees what is committed either way, and two round trips fewer."""

    def get_bind(self, *args: Any, **kwargs: Any) -> Engine | Connection:
        found = super().get_bind(*args, **kwargs)
        return found if _writing.get() or not isinstance(found, Engine) else engine_room.for_reads(found)


db = SQLAlchemy(model_class=Base, disable_autonaming=True, session_options={"expire_on_commit": False, "class_": _Session})


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime in UTC; naive values are refused, SQLite's naive answers are given their zone back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: object) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without a zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: object) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def table(model: type[Base]) -> Table:
    """The table of a model, for statements that do without the ORM."""
    return cast(Table, model.__table__)


def now() -> datetime:
    """The clock of everything at rest: aware, UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    """32 hex digits: 48 bits of milliseconds, so that indexes grow at one end, and 80 bits of chance."""
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(10)}"


# --- the tenant fence -------------------------------------------------------------------------------------------------

EVERYWHERE = "*"
_scope: ContextVar[str | None] = ContextVar("tenant", default=None)


class FenceBroken(RuntimeError):
    """A statement reached for tenant data with no organisation in scope, or with another one."""


def current_tenant() -> str:
    """The organisation in scope; FenceBroken without one. The default of every ``org_id``."""
    org_id = _scope.get()
    if org_id is None or org_id == EVERYWHERE:
        raise FenceBroken("a row of tenant data needs its organisation")
    return org_id


class TenantMixin:
    """A table whose rows belong to one organisation. The key is (org_id, id), so that foreign keys cannot cross organisations."""

    org_id: Mapped[str] = mapped_column(Id, ForeignKey("organisation.id"), primary_key=True, default=current_tenant)
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)


def belongs_to(table: str, column: str, *, ondelete: str | None = None) -> ForeignKeyConstraint:
    """A composite foreign key to a tenant table: same organisation, that id."""
    return ForeignKeyConstraint(["org_id", column], [f"{table}.org_id", f"{table}.id"], ondelete=ondelete)


@contextmanager
def tenant(org_id: str) -> Iterator[None]:
    """Work within one organisation. Scopes of different organisations do not nest, since a session remembers what it loaded."""
    held = _scope.get()
    if held is not None and held != org_id:
        raise FenceBroken("another organisation is in scope")
    token = _scope.set(org_id)
    try:
        yield
    finally:
        _scope.reset(token)
        if held is None and not _writing.get():
            db.session.remove()


@contextmanager
def across_organisations(reason: str) -> Iterator[None]:
    """Work over all organisations: worker claim, doctor, retention, migrations. ``reason`` says which."""
    if not reason:
        raise FenceBroken("say why")
    if _scope.get() not in (None, EVERYWHERE):
        raise FenceBroken("an organisation is in scope")
    log.info("across_organisations", reason=reason)
    token = _scope.set(EVERYWHERE)
    try:
        yield
    finally:
        _scope.reset(token)
        if not _writing.get():
            db.session.remove()


def tenant_tables() -> frozenset[str]:
    """The names of the tables behind the fence."""
    return frozenset(str(mapper.local_table) for mapper in Base.registry.mappers if issubclass(mapper.class_, TenantMixin))


@functools.cache
def frozen_tables() -> frozenset[str]:
    """The names of the tables whose rows never change once written."""
    return frozenset(str(mapper.local_table) for mapper in Base.registry.mappers if issubclass(mapper.class_, Frozen))


_CHANGES = re.compile(r'\s*(UPDATE|DELETE FROM|INSERT INTO) "?(\w+)')


@functools.cache
def _tenant_names() -> re.Pattern[str]:
    return re.compile(r"\b(" + "|".join(sorted(tenant_tables())) + r")\b")


@functools.lru_cache(maxsize=5_000)
def _seen(statement: str) -> tuple[bool, str, bool]:
    """What there is to know of a statement's text, found once: whether it names a tenant table, which table it changes, and whether it
    changes or deletes rows that never change."""
    pragma = statement.lstrip().startswith("PRAGMA")
    touches = not pragma and _tenant_names().search(statement) is not None
    changed = _CHANGES.match(statement)
    if changed is None:
        return touches, "", False
    return touches, changed[2], changed[1] != "INSERT INTO" and changed[2] in frozen_tables()


def _check_scope(conn: Connection, cursor: object, statement: str, parameters: object, context: Any, executemany: bool) -> None:
    touches, changed, breaks = _seen(statement)
    if touches and _scope.get() is None and not (context is not None and context.isddl):
        raise FenceBroken(f"no organisation in scope for: {statement[:120]}")
    if breaks and not lifted():  # whoever asks, and by whichever door: the ORM's own events see its statements only
        raise FenceBroken("published versions never change")
    if changed:
        conn.info.setdefault("changed", set()).add(changed)


@event.listens_for(Session, "do_orm_execute")
def _fence_reads(state: ORMExecuteState) -> None:
    org_id = _scope.get()
    if org_id is None or org_id == EVERYWHERE or state.is_column_load or state.is_relationship_load:
        return
    if state.is_select or state.is_update or state.is_delete:
        state.statement = state.statement.options(with_loader_criteria(TenantMixin, lambda cls: cls.org_id == org_id, include_aliases=True))


@event.listens_for(TenantMixin, "before_insert", propagate=True)
@event.listens_for(TenantMixin, "before_update", propagate=True)
def _fence_writes(mapper: object, connection: object, target: TenantMixin) -> None:
    scope = _scope.get()
    if target.org_id is not None and scope not in (EVERYWHERE, target.org_id):
        raise FenceBroken("a row of another organisation")


class Frozen:
    """A table whose rows never change once written (invariant I4)."""


@event.listens_for(Frozen, "before_update", propagate=True)
@event.listens_for(Frozen, "before_delete", propagate=True)
def _never_change(mapper: object, connection: object, target: object) -> None:
    raise FenceBroken(f"{type(target).__name__} rows never change")


# --- transactions -----------------------------------------------------------------------------------------------------

_writing: ContextVar[bool] = ContextVar("writing", default=False)
_commits: ContextVar[int] = ContextVar("commits", default=0)
AfterCommit = Callable[[Collection[str]], None]


def in_transaction() -> bool:
    """Whether a writing transaction is open here; the network is forbidden then."""
    return _writing.get()


def commits() -> int:
    """How many transactions were committed here: whoever does something again asks whether a part of it was."""
    return _commits.get()


def session() -> Session:
    """The session for reads. It ends with the app context or the tenant scope."""
    return db.session()


def connection() -> Connection:
    """The connection below the session for reads: for statements of the hot path, built once and sent without the ORM's machinery.

    The fence adds nothing to them, so they name their organisation themselves (decision 15).
    """
    return db.session().connection()


def end_read() -> None:
    """End the read transaction that is open here, if one is; what was loaded stays as it is."""
    held = db.session()
    if not _writing.get() and held.in_transaction():
        held.expunge_all()
        held.rollback()


@contextmanager
def transactional(*, durable: bool = True) -> Iterator[Session]:
    """One verb, one transaction: the only commit of the product. Never nests.

    Not ``durable``: PostgreSQL does not wait for the disk. For what may be lost with the power as long as the durable commit that
    follows it is lost as well; that one takes it along, since what is committed reaches the disk in its order.

    A read transaction that is still open is ended first: on SQLite, a read, a foreign commit and then a write in one
    session is "database is locked" at once, whatever the timeout says.
    """
    if _writing.get():
        raise RuntimeError("a transaction is open already")
    held = db.session()
    if held.in_transaction():
        held.rollback()
    held.expire_all()  # what an earlier transaction loaded may have changed since; a write on stale values would lose an update
    token = _writing.set(True)
    changed: set[str] = set()
    try:
        connection = held.connection()
        connection.info["changed"] = changed
        if not durable and connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
        yield held
        held.commit()
        _commits.set(_commits.get() + 1)
    except BaseException:
        held.rollback()
        held.info.pop("lanes", None)
        raise
    finally:
        _writing.reset(token)
    _tell(changed)
    lanes = held.info.pop("lanes", None)
    if lanes:
        after_commit: AfterCommit | None = current_app.extensions.get("after_commit")
        if after_commit is not None:
            after_commit(lanes)


def _tell(changed: Collection[str]) -> None:
    """Whoever keeps something of these tables in memory hears that they have changed."""
    for table, forget in current_app.extensions["after_change"].items():
        if table in changed:
            forget()


def wake_after_commit(lane: str) -> None:
    """Ask for this lane's delivery to be woken once the open transaction has committed."""
    db.session().info.setdefault("lanes", set()).add(lane)


# --- engines ----------------------------------------------------------------------------------------------------------


def init_app(
    app: Flask,
    *,
    database_url: str,
    sqlite_synchronous: str = "FULL",
    after_commit: AfterCommit | None = None,
    after_change: Mapping[str, Callable[[], None]] | None = None,
) -> None:
    """Bind the handle to an app: engine options, SQLite pragmas, fence. ``after_change`` is table -> whom to tell of its changes."""
    options: dict[str, Any] = {
        "hide_parameters": True,  # an error's text goes into the log, and a statement's values are people's words
        "connect_args": engine_room.connect_args(database_url),
    }
    app.config["SQLALCHEMY_DATABASE_URI"] = database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options
    db.init_app(app)
    app.extensions["after_change"] = dict(after_change or {})
    if after_commit is not None:
        app.extensions["after_commit"] = after_commit
    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", _check_scope)
    if engine.dialect.name == "sqlite":
        engine_room.prepare_sqlite(engine, sqlite_synchronous, writing=in_transaction)
    elif engine.dialect.name == "postgresql":
        engine_room.prepare_postgresql(engine)
