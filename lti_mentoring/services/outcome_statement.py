# SPDX-License-Identifier: Apache-2.0
"""What a protégé lets be said of an outcome in a candidate's award case: present or not, never scored, without a word of theirs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_mentoring.domain.people import Actor
from lti_mentoring.services import privacy
from lti_mentoring.store import base
from lti_mentoring.store.outcome import OutcomeMeasure, OutcomeStatement

KIND = "outcome_statement"


@dataclass(frozen=True, slots=True)
class Said:
    """What an award case holds: the kind of measure, whether it moved, and by which month. Nobody's name, number or word."""

    kind: str
    moved: bool
    months: int


@dataclass(frozen=True, slots=True)
class Statement:
    """The owner's receipt of one."""

    id: str
    said: Said
    given_at: datetime
    withdrawn_at: datetime | None


def for_candidacy(session: Session, candidacy_id: str) -> tuple[Said, ...]:
    """What stands in the award case of a candidate now, in no order that tells who gave it."""
    stands = (OutcomeStatement.candidacy_id == candidacy_id, OutcomeStatement.withdrawn_at.is_(None))
    found = [Said(one.kind, one.moved, one.months) for one in session.scalars(select(OutcomeStatement).where(*stands))]
    return tuple(sorted(found, key=lambda one: (one.kind, one.moved, one.months)))


def of_measures(session: Session, measure_ids: Collection[str]) -> dict[str, tuple[Statement, ...]]:
    """The receipts of measures, by measure, the newest first; one query."""
    found: dict[str, list[Statement]] = {}
    query = select(OutcomeStatement).where(OutcomeStatement.measure_id.in_(measure_ids)).order_by(OutcomeStatement.given_at.desc())
    for one in session.scalars(query):
        said = Said(one.kind, one.moved, one.months)
        found.setdefault(one.measure_id, []).append(Statement(one.id, said, one.given_at, one.withdrawn_at))
    return {key: tuple(rows) for key, rows in found.items()}


def give(session: Session, actor: Actor, measure: OutcomeMeasure, candidacy_id: str, *, moved: bool, months: int) -> None:
    """Let it be said, in the caller's transaction, with the pair locked; once while it stands."""
    stands = (OutcomeStatement.measure_id == measure.id, OutcomeStatement.withdrawn_at.is_(None))
    if session.scalar(select(OutcomeStatement.id).where(*stands, OutcomeStatement.candidacy_id == candidacy_id)) is not None:
        return
    facts = {"kind": measure.kind, "moved": moved, "months": months}
    row = OutcomeStatement(id=base.new_id(), measure_id=measure.id, candidacy_id=candidacy_id, **facts)
    session.add(row)
    privacy.record(session, actor=actor, verb="agree", object_kind=KIND, object_id=row.id)


def take_back(session: Session, actor: Actor, measure: OutcomeMeasure) -> None:
    """Take back what stands of a measure, in the caller's transaction."""
    stands = (OutcomeStatement.measure_id == measure.id, OutcomeStatement.withdrawn_at.is_(None))
    for row in session.scalars(select(OutcomeStatement).where(*stands)):
        row.withdrawn_at = base.now()
        privacy.record(session, actor=actor, verb="withdraw", object_kind=KIND, object_id=row.id)
