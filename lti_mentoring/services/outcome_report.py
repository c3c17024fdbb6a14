# SPDX-License-Identifier: Apache-2.0
"""What is told of the outcomes of a course: of five people or more, once a month at most, never by a difference that is one person's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from lti_mentoring.domain import outcome as rules
from lti_mentoring.domain import suppression
from lti_mentoring.domain.people import Actor
from lti_mentoring.store import base
from lti_mentoring.store.mentorship import Mentorship
from lti_mentoring.store.outcome import OutcomeFigure, OutcomeMeasure, OutcomeReading
from lti_mentoring.store.people import Course


@dataclass(frozen=True, slots=True)
class Line:
    """A kind of measure: None where too few stand behind a figure."""

    kind: str
    people: int | None
    moved: int | None
    made_on: date | None


def report(*, actor: Actor) -> tuple[Line, ...]:
    """A line for each kind. The first who reads in a month has the figures made; then they stand."""
    today = base.now().date()
    month = today.replace(day=1)
    if _stale(base.session(), actor.course_id, month):
        with base.transactional() as session:
            session.scalar(select(Course.id).where(Course.id == actor.course_id).with_for_update())
            if _stale(session, actor.course_id, month):
                _make(session, actor.course_id, month)
    rows = base.session().scalars(select(OutcomeFigure).where(OutcomeFigure.course_id == actor.course_id)).all()
    held = {row.kind: row for row in rows}
    return tuple(_line(kind, held.get(kind)) for kind in rules.KINDS)


def _line(kind: str, row: OutcomeFigure | None) -> Line:
    if row is None:
        return Line(kind, None, None, None)
    counts = (row.moved, row.people - row.moved)
    people, moved = suppression.total(counts), suppression.parts(counts)[0]
    return Line(kind, people, moved, row.made_on if people is not None else None)


def _stale(session: Session, course_id: str, month: date) -> bool:
    made = session.scalars(select(OutcomeFigure.made_on).where(OutcomeFigure.course_id == course_id)).all()
    return not made or min(made) < month


def _make(session: Session, course_id: str, month: date) -> None:
    """Figures as of the last day of the month before: what is read in a month shows in the next one."""
    held = {row.kind: row for row in session.scalars(select(OutcomeFigure).where(OutcomeFigure.course_id == course_id))}
    counted = _counted(session, course_id, month)
    for kind in rules.KINDS:
        people, moved = counted.get(kind, (0, 0))
        row = held.get(kind)
        if row is None:
            row = OutcomeFigure(course_id=course_id, kind=kind, people=0, moved=0, made_on=month)
            session.add(row)
        if suppression.renewed(row.people, people):
            row.people, row.moved = people, moved
        row.made_on = month


def _counted(session: Session, course_id: str, before: date) -> dict[str, tuple[int, int]]:
    """Kind -> people with a reading before a day, and those of them whose newest reading of their newest measure has moved."""
    query = (
        select(OutcomeMeasure, OutcomeReading.value)
        .join(Mentorship, and_(Mentorship.org_id == OutcomeMeasure.org_id, Mentorship.id == OutcomeMeasure.mentorship_id))
        .join(OutcomeReading, and_(OutcomeReading.org_id == OutcomeMeasure.org_id, OutcomeReading.measure_id == OutcomeMeasure.id))
        .where(Mentorship.course_id == course_id, OutcomeReading.read_on < before)
        .order_by(OutcomeMeasure.created_at, OutcomeMeasure.id, OutcomeReading.read_on)
    )
    last: dict[tuple[str, str], bool] = {}
    for measure, value in session.execute(query):
        last[measure.kind, measure.owner_id] = rules.moved(measure.direction, measure.baseline, value)
    counted: dict[str, tuple[int, int]] = {}
    for (kind, _), moved in last.items():
        people, so_far = counted.get(kind, (0, 0))
        counted[kind] = (people + 1, so_far + moved)
    return counted
