# SPDX-License-Identifier: Apache-2.0
"""Somebody's copy of what is held about them: asked for by them, made by the worker, kept sealed for a week, taken by them alone."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, select, update
from sqlalchemy.orm import Session

from lti_mentoring.domain.holding_register import REGISTER
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import own_rows, privacy
from lti_mentoring.store import base, centre
from lti_mentoring.store.centre import PrivacyCopy

KEPT = timedelta(days=7)
WAITING, READY, GONE = "waiting", "ready", "gone"

Rows = Mapping[str, list[dict[str, Any]]]
Page = Callable[[Rows], str]
"""Puts rows by table into one readable page, in HTML."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy as its owner sees it."""

    id: str
    state: str
    asked_at: datetime
    expires_at: datetime | None


def newest(session: Session, person_id: str) -> Copy | None:
    """The newest copy that somebody has asked for, unless it is gone."""
    mine = select(PrivacyCopy).where(PrivacyCopy.person_id == person_id, PrivacyCopy.state != GONE)
    row = session.scalar(mine.order_by(PrivacyCopy.asked_at.desc()).limit(1))
    return Copy(row.id, row.state, row.asked_at, row.expires_at) if row is not None else None


def ask(*, actor: Actor) -> None:
    """Ask for a copy; while one is being made, it is that one."""
    with base.transactional() as session:
        waiting = select(PrivacyCopy.id).where(PrivacyCopy.person_id == actor.person_id, PrivacyCopy.state == WAITING)
        if session.scalar(waiting) is None:
            session.add(PrivacyCopy(person_id=actor.person_id))
            privacy.record(session, actor=actor, verb="ask_copy", object_kind="person", object_id=actor.person_id)


def take(*, actor: Actor, copy_id: str) -> bytes:
    """The file, for its owner alone. NotFound ``copy``; RuleBroken ``copy_waits``."""
    with base.transactional() as session:
        row = session.scalar(select(PrivacyCopy).where(PrivacyCopy.id == copy_id, PrivacyCopy.person_id == actor.person_id))
        if row is None or row.state == GONE or (row.expires_at is not None and row.expires_at <= base.now()):
            raise NotFound("copy")
        if row.body_sealed is None:
            raise RuleBroken("copy_waits")
        privacy.record(session, actor=actor, verb="take_copy", object_kind="person", object_id=actor.person_id)
        return centre.sealer().open(row.body_sealed)


# --- making it ------------------------------------------------------------------------------------------------------------------


def step(page: Page) -> bool:
    """Make the oldest copy that waits; the worker's errand. What is made twice is made alike. -> whether there was any"""
    forget()
    with base.across_organisations("copies that wait"):
        waiting = select(PrivacyCopy.org_id, PrivacyCopy.id, PrivacyCopy.person_id).where(PrivacyCopy.state == WAITING)
        found = base.session().execute(waiting.order_by(PrivacyCopy.asked_at, PrivacyCopy.id).limit(1)).first()
    if found is None:
        return False
    with base.tenant(found.org_id):
        body = packed(gathered(base.session(), found.org_id, found.person_id), page)
        now = base.now()
        made = {"state": READY, "made_at": now, "expires_at": now + KEPT, "body_sealed": centre.sealer().seal(body)}
        with base.transactional() as session:
            session.execute(update(PrivacyCopy).where(PrivacyCopy.id == found.id, PrivacyCopy.state == WAITING).values(**made))
    return True


def forget() -> None:
    """Copies whose week is over go."""
    over = PrivacyCopy.state == READY, PrivacyCopy.expires_at <= base.now()
    with base.across_organisations("copies whose week is over"):
        if base.session().scalar(select(PrivacyCopy.id).where(*over).limit(1)) is None:
            return
        with base.transactional() as session:
            session.execute(update(PrivacyCopy).where(*over).values(state=GONE, body_sealed=None))


def gathered(session: Session, org_id: str, person_id: str) -> dict[str, list[dict[str, Any]]]:
    """Every row of the register that is somebody's own, without what others said in confidence and without anybody else's id."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name, table in own_rows.tables().items():
        if REGISTER[name].owners:
            rows = session.execute(select(table).where(own_rows.own(table, org_id, person_id))).all()
            if rows:
                found[name] = [_row(table, row._mapping, person_id) for row in rows]
    return found


def _row(table: Table, row: Any, person_id: str) -> dict[str, Any]:
    held = REGISTER[table.name]
    left_out = {*held.hides, "org_id", *(one for one in held.names if row[one] != person_id)}
    sealed = {one.name for one in table.c if "sealed" in one.name}
    return {one.name: _plain(row[one.name]) for one in table.c if one.name not in left_out | sealed}


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def packed(rows: Rows, page: Page) -> bytes:
    """A ZIP with ``data.json`` and ``index.html``."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.json", json.dumps(rows, ensure_ascii=False, indent=1))
        archive.writestr("index.html", page(rows))
    return file.getvalue()
