# SPDX-License-Identifier: Apache-2.0
"""What the database says of claimed scores, and what it is told of them: statements built once, below the ORM, that name their
organisation themselves (the fence adds nothing to them)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, bindparam, select, update
from sqlalchemy.engine import Connection

from lti_mentoring.domain.delivery import SENDING
from lti_mentoring.services.connection import Service
from lti_mentoring.services.lane import Due
from lti_mentoring.store import base
from lti_mentoring.store.delivery import ScorePublication
from lti_mentoring.store.people import Identity, Membership, Placement

Place = Row[*tuple[Any, ...]]
"""A row of the placement table, its columns by name."""

_SCORE, _PLACE = base.table(ScorePublication), base.table(Placement)
_s, _i, _m = _SCORE.c, base.table(Identity).c, base.table(Membership).c
_org: Any = bindparam("org")


def _among(name: str) -> Any:
    return bindparam(name, expanding=True)


# The order is that of ``delivery.want``: nobody waits in a circle.
_ROWS = (
    select(_SCORE)
    .where(_s.org_id == _org, _s.id.in_(_among("ids")), _s.state == SENDING)
    .order_by(_s.placement_id, _s.person_id)
    .with_for_update()
)
_PLACES = select(_PLACE).where(_PLACE.c.org_id == _org, _PLACE.c.id.in_(_among("ids")))


def still_ours(connection: Connection, attempts: Mapping[str, int]) -> list[Any]:
    """The scores of these ids that are at these attempts yet; locked, so that a decision which is written at this moment is told next."""
    found = connection.execute(_ROWS, {"org": base.current_tenant(), "ids": list(attempts)})
    return [row for row in found if row.attempt == attempts[row.id]]


def with_places(connection: Connection, due: Sequence[Due]) -> list[tuple[Any, Place]]:
    """Those that are still ours, each with its placement."""
    rows = still_ours(connection, {one.id: one.attempt for one in due})
    ids = list({row.placement_id for row in rows})
    places = {one.id: one for one in connection.execute(_PLACES, {"org": base.current_tenant(), "ids": ids})} if ids else {}
    return [(row, places[row.placement_id]) for row in rows]


_USERS = (
    select(_i.person_id, _i.issuer, _i.sub, _i.test_user, _i.registration_id, _m.course_id)
    .select_from(base.table(Identity))
    .join(base.table(Membership), and_(_m.org_id == _i.org_id, _m.person_id == _i.person_id))
    .where(_i.org_id == _org, _i.person_id.in_(_among("people")), _m.course_id.in_(_among("courses")), _m.standing == "learner")
    .order_by(_i.id)
)


def users(connection: Connection, rows: Sequence[tuple[Any, Place]], services: Mapping[str, Service]) -> dict[str, str]:
    """Score -> the person's id at its platform, for those who are learners in the course and no test users."""
    if not rows:
        return {}
    known: dict[tuple[str, str, str], list[Any]] = {}
    keys = {"people": list({row.person_id for row, _ in rows}), "courses": list({place.course_id for _, place in rows})}
    for one in connection.execute(_USERS, {"org": base.current_tenant(), **keys}):
        known.setdefault((one.person_id, one.course_id, one.issuer), []).append(one)
    found = {}
    for row, place in rows:
        registration = services[place.deployment_id].registration
        theirs = known.get((row.person_id, place.course_id, registration.issuer), [])
        # Who has several ids at one issuer is told by the one that this registration has named.
        best = min(theirs, key=lambda one: one.registration_id != registration.id, default=None)
        if best is not None and not best.test_user:
            found[row.id] = best.sub
    return found


_IN_CELLS = select(
    *(_s[name] for name in ("id", "cell", "state", "lease_until", "last_timestamp", "given", "maximum", "taken_given", "taken_maximum"))
).where(_s.org_id == _org, _s.cell.in_(_among("cells")))


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a gradebook: whether another request is on its way to it, the latest time that any activity has put on a score there,
    and every score (given, maximum) that we know to be ours if it is found there."""

    taken: bool = False
    last: datetime | None = None
    ours: tuple[tuple[float | None, float | None], ...] = ()


def cells_of(connection: Connection, cells: Collection[str], ours: Collection[str], now: datetime) -> dict[str, Cell]:
    """What is known of these cells, by their keys; a request of one of ``ours`` is no other's."""
    found: dict[str, Cell] = {}
    if not cells:
        return found
    for one in connection.execute(_IN_CELLS, {"org": base.current_tenant(), "cells": list(set(cells))}):
        known = found.get(one.cell, Cell())
        sending = one.id not in ours and one.state == SENDING and one.lease_until is not None and one.lease_until > now
        times = [at for at in (known.last, one.last_timestamp) if at is not None]
        scores = (*known.ours, (one.given, one.maximum), (one.taken_given, one.taken_maximum))
        found[one.cell] = Cell(known.taken or sending, max(times, default=None), scores)
    return found


class Writer:
    """Writes these columns of scores, many at once; a row names its score by ``its_org`` and ``its_id``."""

    def __init__(self, *columns: str) -> None:
        self.columns = columns
        known = update(_SCORE).where(_s.org_id == bindparam("its_org"), _s.id == bindparam("its_id"))
        self._query = known.values({name: bindparam(name) for name in columns})

    def row(self, score: Any, values: Mapping[str, Any]) -> dict[str, Any]:
        """A score's columns as they are, but for what ``values`` says."""
        kept = {name: values.get(name, getattr(score, name)) for name in self.columns}
        return {"its_org": score.org_id, "its_id": score.id, **kept}

    def write(self, connection: Connection, rows: list[dict[str, Any]]) -> None:
        """All of them."""
        if rows:
            connection.execute(self._query, rows)


_MEANT = update(_SCORE).where(_s.org_id == bindparam("its_org"), _s.id == bindparam("its_id"), _s.wanted == bindparam("as_wanted"))
_NOT_VOID = _MEANT.values(void=False)


def take_nothing_back(connection: Connection, rows: Sequence[Any]) -> None:
    """A grade that was to be taken back stands again, or never stood: a later change must not take it back in that one's name. Unless it
    was decided anew meanwhile."""
    if rows:
        connection.execute(_NOT_VOID, [{"its_org": row.org_id, "its_id": row.id, "as_wanted": row.wanted} for row in rows])
