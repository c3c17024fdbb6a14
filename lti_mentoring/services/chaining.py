# SPDX-License-Identifier: Apache-2.0
"""The record's chain: the worker chains what was committed, and anybody with the command line can check that it still holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import bindparam, exists, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lti_mentoring.domain.chaining import BEGINNING, Break, Line, Link, chain, first_break
from lti_mentoring.store import base
from lti_mentoring.store.platform import Organisation
from lti_mentoring.store.privacy import AuditEvent

BATCH = 500
"""Lines that one transaction chains."""
MOST_BATCHES = 20
"""Batches of one sweep; what is left waits for the next."""

_TABLE = base.table(AuditEvent)
_LINK = (
    update(_TABLE)
    .where(_TABLE.c.org_id == bindparam("of_org"), _TABLE.c.id == bindparam("of_line"), _TABLE.c.position.is_(None))
    .values(position=bindparam("at_position"), prev_hash=bindparam("after"), hash=bindparam("is_hash"))
)


@dataclass(frozen=True, slots=True)
class Verified:
    """How far the chain of an organisation holds. ``head`` is the hash of the last line that does: noted elsewhere, it shows a cut-off end.
    ``waiting`` lines are not chained yet."""

    organisation: str
    verified: int
    head: str
    waiting: int
    broken: Break | None


class Overtaken(Exception):
    """Another worker has chained these lines meanwhile."""


def _line(row: AuditEvent) -> Line:
    return Line(row.org_id, row.id, row.at, row.actor_id, row.verb, row.object_kind, row.object_id, row.reason, row.facts)


def _head(session: Session) -> tuple[int, str]:
    chained = select(AuditEvent.position, AuditEvent.hash).where(AuditEvent.position.is_not(None))
    found = session.execute(chained.order_by(AuditEvent.position.desc()).limit(1)).one_or_none()
    return (found.position or 0, found.hash or BEGINNING) if found is not None else (0, BEGINNING)


def link_batch(*, org_id: str, most: int = BATCH) -> int:
    """Chain the oldest lines of an organisation that are not yet. -> how many; 0 where another worker was faster, and nothing is lost.

    Each line is taken only while it has no position, and a position is given once: two workers cannot make two chains.
    """
    try:
        with base.tenant(org_id), base.transactional() as session:
            rows = session.scalars(
                select(AuditEvent).where(AuditEvent.position.is_(None)).order_by(AuditEvent.at, AuditEvent.id).limit(most)
            ).all()
            if not rows:
                return 0
            position, prev_hash = _head(session)
            links = chain((_line(row) for row in rows), position=position, prev_hash=prev_hash)
            values = [
                {"of_org": org_id, "of_line": row.id, "at_position": link.position, "after": link.prev_hash, "is_hash": link.hash}
                for row, link in zip(rows, links, strict=True)
            ]
            if session.connection().execute(_LINK, values).rowcount != len(values):
                raise Overtaken
            return len(values)
    except (IntegrityError, Overtaken):
        return 0


def sweep() -> int:
    """Chain what waits, of every organisation, as far as one sweep goes. -> how many lines"""
    with base.across_organisations("chain the record"):
        waits = exists().where(AuditEvent.org_id == Organisation.id, AuditEvent.position.is_(None))
        waiting = list(base.session().scalars(select(Organisation.id).where(waits).order_by(Organisation.id)))
    done = 0
    for _ in range(MOST_BATCHES):
        if not waiting:
            break
        org_id = waiting.pop(0)
        linked = link_batch(org_id=org_id)
        done += linked
        if linked == BATCH:
            waiting.append(org_id)
    return done


def verify(*, name: str = "") -> Iterator[Verified]:
    """How far the chain of each organisation holds, or of the one of that name."""
    found = select(Organisation.id, Organisation.name).order_by(Organisation.name)
    for org_id, called in base.session().execute(found.where(Organisation.name == name) if name else found).all():
        with base.tenant(org_id):
            yield _verified(called)


def _verified(name: str) -> Verified:
    session = base.session()
    waiting = session.scalar(select(func.count()).select_from(AuditEvent).where(AuditEvent.position.is_(None))) or 0
    reached, head = 0, BEGINNING
    last = 0
    while True:
        page = select(AuditEvent).where(AuditEvent.position > last).order_by(AuditEvent.position).limit(BATCH)
        rows = [(_line(row), Link(row.position or 0, row.prev_hash or "", row.hash or "")) for row in session.scalars(page)]
        session.expunge_all()
        if not rows:
            return Verified(name, reached, head, waiting, None)
        broken = first_break(rows, position=reached, prev_hash=head)
        if broken is not None:
            held = broken.position - 1
            return Verified(name, held, rows[held - reached - 1][1].hash if held > reached else head, waiting, broken)
        reached, head = reached + len(rows), rows[-1][1].hash
        last = rows[-1][1].position
