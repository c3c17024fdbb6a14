# SPDX-License-Identifier: Apache-2.0
"""Erasing a person: asked, 14 days to think again, then step by step, each in a transaction of its own that may be done again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, select, update
from sqlalchemy.orm import Session

from lti_mentoring.domain.holding_register import BLANK, DELETE, PRIVATE, REGISTER
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import erasing, own_rows, privacy
from lti_mentoring.store import base
from lti_mentoring.store.centre import Erasure, LegalHold
from lti_mentoring.store.people import Person

THINK_AGAIN = timedelta(days=14)
REST_UNDER_HOLD = timedelta(days=1)
REST_AFTER_TROUBLE = timedelta(minutes=15)
WAITING, RUNNING, DONE, TAKEN_BACK = "waiting", "running", "done", "taken_back"

Step = Callable[[Session, str, str], int]


@dataclass(frozen=True, slots=True)
class Standing:
    """An erasure that waits for its day."""

    asked_at: datetime
    due_at: datetime


# --- asking -----------------------------------------------------------------------------------------------------------------


def standing(session: Session, person_id: str) -> Standing | None:
    """The erasure that somebody has asked for and that has not begun."""
    row = session.scalar(select(Erasure).where(Erasure.person_id == person_id, Erasure.state == WAITING))
    return Standing(row.asked_at, row.due_at) if row is not None else None


def ask(*, actor: Actor, sure: bool, hasten: bool = False) -> None:
    """Ask for one's own erasure, or hasten one that was asked for. RuleBroken ``erasure_unsure`` without the second confirmation,
    ``erasure_not_sooner`` for whoever came by the door: whoever reads one mail of theirs must not destroy their record at once."""
    if hasten and not actor.registration_id:
        raise RuleBroken("erasure_not_sooner")
    if not sure:
        raise RuleBroken("erasure_unsure")
    with base.transactional() as session:
        _ask(session, actor.person_id, actor.person_id, base.now() + (timedelta() if hasten else THINK_AGAIN), sooner=hasten)


def take_back(*, actor: Actor) -> None:
    """Not to be erased after all; as long as it has not begun. RuleBroken ``erasure_begun``."""
    with base.transactional() as session:
        row = session.scalar(select(Erasure).where(Erasure.slot == actor.person_id).with_for_update())
        if row is None:
            return
        if row.state != WAITING:
            raise RuleBroken("erasure_begun")
        row.state, row.slot = TAKEN_BACK, row.id
        privacy.record(session, actor=actor, verb="keep", object_kind="person", object_id=actor.person_id)


def by_operator(*, org_id: str, person_id: str) -> str:
    """Begin an erasure at once. -> its id. NotFound ``person``."""
    with base.transactional() as session:
        return _ask(session, person_id, privacy.OPERATOR, base.now(), sooner=True)


def _ask(session: Session, person_id: str, by: str, due_at: datetime, *, sooner: bool) -> str:
    person = session.scalar(select(Person).where(Person.id == person_id).with_for_update())
    if person is None:
        raise NotFound("person")
    row = session.scalar(select(Erasure).where(Erasure.slot == person_id))
    if row is None:
        row = Erasure(id=base.new_id(), person_id=person_id, slot=person_id, asked_by=by, due_at=due_at)
        session.add(row)
    elif sooner and row.state == WAITING:
        row.due_at = due_at
    else:
        return row.id
    privacy.record(session, actor=by, verb="ask_erasure", object_kind="person", object_id=person_id, due_on=due_at.date().isoformat())
    return row.id


# --- holding ------------------------------------------------------------------------------------------------------------------


def hold(*, person_id: str, reason: str) -> None:
    """Programme records of a person must stay for now; what they wrote in private is not held. NotFound ``person``."""
    with base.transactional() as session:
        if session.scalar(select(Person.id).where(Person.id == person_id).with_for_update()) is None:
            raise NotFound("person")
        session.add(LegalHold(person_id=person_id, reason=reason))
        privacy.record(session, actor=privacy.OPERATOR, verb="hold", object_kind="person", object_id=person_id)


def release(*, person_id: str) -> None:
    """The hold ends; an erasure that waited for it goes on."""
    with base.transactional() as session:
        held = LegalHold.person_id == person_id, LegalHold.lifted_at.is_(None)
        session.execute(update(LegalHold).where(*held).values(lifted_at=base.now()))
        session.execute(update(Erasure).where(Erasure.slot == person_id, Erasure.state == RUNNING).values(due_at=base.now()))
        privacy.record(session, actor=privacy.OPERATOR, verb="release_hold", object_kind="person", object_id=person_id)


# --- doing it -------------------------------------------------------------------------------------------------------------------


def steps() -> tuple[tuple[str, bool, Step], ...]:
    """Each step by its name, whether a legal hold stops it, and what it does: the doors first, then private words, who it was, and the
    records. What somebody wrote meanwhile, having come back under a hold, goes at the end: from then on nobody comes back as them."""
    tables = list(reversed(list(own_rows.tables().items())))
    private = [(name, table) for name, table in tables if REGISTER[name].why == PRIVATE]
    others = [(name, table) for name, table in tables if REGISTER[name].why != PRIVATE and name not in ("person", "identity")]
    kinds = {DELETE: erasing.delete, BLANK: erasing.blank}

    def of(found: list[Any], hold_stops: bool) -> list[tuple[str, bool, Step]]:
        known = [(name, table, kinds.get(REGISTER[name].erasure)) for name, table in found]
        return [(name, hold_stops, _on(act, table)) for name, table, act in known if act is not None]

    words = [*of(private, False), ("pair_keys", False, erasing.destroy_pair_keys)]
    middle: list[tuple[str, bool, Step]] = [("who", True, erasing.forget_who), ("part", True, erasing.end_part)]
    last = [("last_doors", True, erasing.shut_doors), *((f"last_{name}", True, act) for name, _, act in words)]
    return (("doors", False, erasing.shut_doors), *words, *middle, *of(others, True), *last)


def _on(act: Callable[..., int], table: Table) -> Step:
    return lambda session, org_id, person_id: act(session, table, org_id, person_id)


def run(*, erasure_id: str) -> bool:
    """One step of an erasure, in one transaction. -> whether there may be more. A step that was cut off is done again."""
    with base.transactional() as session:
        row = session.scalar(select(Erasure).where(Erasure.id == erasure_id).with_for_update())
        if row is None or row.state not in (WAITING, RUNNING):
            return False
        row.state, row.slot = RUNNING, row.person_id
        waiting = [one for one in steps() if one[0] not in row.counts]
        if waiting and waiting[0][1] and _held(session, row.person_id):
            row.due_at = base.now() + REST_UNDER_HOLD
            return False
        if waiting:
            name, _, act = waiting[0]
            row.counts = {**row.counts, name: act(session, row.org_id, row.person_id)}
            row.step = len(row.counts)
            return True
        row.state, row.done_at, row.slot = DONE, base.now(), row.id
        total = sum(int(one) for one in row.counts.values())
        privacy.record(session, actor=privacy.SYSTEM, verb="erase", object_kind="person", object_id=row.person_id, rows=total)
        return False


def _held(session: Session, person_id: str) -> bool:
    """Looked at with the person locked, as ``hold`` locks them: one that is placed meanwhile wins for what is left."""
    session.scalar(select(Person.id).where(Person.id == person_id).with_for_update())
    standing_holds = select(LegalHold.id).where(LegalHold.person_id == person_id, LegalHold.lifted_at.is_(None))
    return session.scalar(standing_holds.limit(1)) is not None


def step() -> bool:
    """One step of the oldest erasure that is due; the worker's errand. -> whether there was any"""
    with base.across_organisations("erasures that are due"):
        due = select(Erasure.org_id, Erasure.id).where(Erasure.state.in_((WAITING, RUNNING)), Erasure.due_at <= base.now())
        found = base.session().execute(due.order_by(Erasure.due_at, Erasure.id).limit(1)).first()
    if found is None:
        return False
    with base.tenant(found.org_id):
        try:
            run(erasure_id=found.id)
        except Exception:
            _rest(found.id)  # one that cannot go on keeps nobody else's waiting
            raise
    return True


def _rest(erasure_id: str) -> None:
    with base.transactional() as session:
        session.execute(update(Erasure).where(Erasure.id == erasure_id).values(due_at=base.now() + REST_AFTER_TROUBLE))


def report(*, erasure_id: str, backup_days: int) -> dict[str, Any]:
    """What became of an erasure: rows by step, and until when a backup may still hold what was erased."""
    row = base.session().scalars(select(Erasure).where(Erasure.id == erasure_id)).one()
    done = row.done_at
    until = (done + timedelta(days=backup_days)).date().isoformat() if done is not None else None
    return {"person": row.person_id, "state": row.state, "rows": dict(row.counts), "backups_expire": until}
