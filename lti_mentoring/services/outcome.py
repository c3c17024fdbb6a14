# SPDX-License-Identifier: Apache-2.0
"""Outcome measures of a pair: its protégé keeps them, those inside read them, nobody else does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from lti_mentoring.domain import outcome as rules
from lti_mentoring.domain.mentorship import LEADING
from lti_mentoring.domain.people import Actor, display_name
from lti_mentoring.domain.rule import NotAllowed, NotFound, RuleBroken
from lti_mentoring.services import outcome_statement, privacy
from lti_mentoring.services.outcome_statement import Statement
from lti_mentoring.services.talk_access import inside, seated
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.mentorship import MentorshipMember
from lti_mentoring.store.outcome import OutcomeMeasure, OutcomeReading
from lti_mentoring.store.people import Person

KIND = "outcome"
MOST_MEASURES = 100
MOST_READINGS = 100


@dataclass(frozen=True, slots=True)
class MeasureRow:
    """A measure with its readings, the baseline first; ``moved`` is None before any other. ``statements`` are for its owner alone."""

    id: str
    mine: bool
    kind: str
    direction: str
    baseline: float
    target: float
    horizon: int
    readings: tuple[tuple[date, float], ...]
    moved: bool | None
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class OutcomePage:
    """``learns``: the reader is a protégé and keeps measures. ``candidates``: those who lead the pair and are candidates, (id, name)."""

    pair_id: str
    learns: bool
    measures: tuple[MeasureRow, ...]
    candidates: tuple[tuple[str, str], ...]
    today: date


def page(*, actor: Actor, mentorship_id: str) -> OutcomePage:
    """The measures of a pair, for those inside. NotFound ``mentorship``."""
    session = base.session()
    seat = inside(session, person_id=actor.person_id, mentorship_id=mentorship_id, course_id=actor.course_id)
    newest = select(OutcomeMeasure).where(OutcomeMeasure.mentorship_id == mentorship_id).order_by(OutcomeMeasure.created_at.desc())
    rows = session.scalars(newest.limit(MOST_MEASURES)).all()
    ids = [row.id for row in rows]
    readings: dict[str, list[tuple[date, float]]] = {}
    found = select(OutcomeReading).where(OutcomeReading.measure_id.in_(ids)).order_by(OutcomeReading.read_on)
    for one in session.scalars(found):
        readings.setdefault(one.measure_id, []).append((one.read_on, one.value))
    said = outcome_statement.of_measures(session, [row.id for row in rows if row.owner_id == actor.person_id])
    measures = tuple(_row(row, readings.get(row.id, []), said.get(row.id, ()), actor) for row in rows)
    return OutcomePage(mentorship_id, seat.learns, measures, _candidates(session, mentorship_id, actor.course_id), base.now().date())


def _row(row: OutcomeMeasure, readings: list[tuple[date, float]], said: tuple[Statement, ...], actor: Actor) -> MeasureRow:
    moved = rules.moved(row.direction, row.baseline, readings[-1][1]) if readings else None
    told = ((row.started_on, row.baseline), *readings)
    facts = (row.kind, row.direction, row.baseline, row.target, row.horizon)
    return MeasureRow(row.id, row.owner_id == actor.person_id, *facts, told, moved, said)


def _candidates(session: Session, mentorship_id: str, course_id: str) -> tuple[tuple[str, str], ...]:
    seat = and_(MentorshipMember.org_id == Candidacy.org_id, MentorshipMember.person_id == Candidacy.person_id)
    query = (
        select(Candidacy.id, Person.id.label("person"), Person.name, Person.chosen_name)
        .join(MentorshipMember, seat)
        .join(Person, and_(Person.org_id == Candidacy.org_id, Person.id == Candidacy.person_id))
        .where(Candidacy.course_id == course_id, MentorshipMember.mentorship_id == mentorship_id, MentorshipMember.role.in_(LEADING))
        .where(seated(base.now().date()))
        .order_by(Candidacy.id)
    )
    return tuple((one.id, display_name(one.name or one.chosen_name, one.person)) for one in session.execute(query))


def add(*, actor: Actor, mentorship_id: str, measure_id: str, kind: str, baseline: float, target: float, horizon: int) -> None:
    """Begin a measure; its id is the form's own, so that sending it twice makes one.

    NotFound ``mentorship``, ``outcome``; NotAllowed ``outcome_protege``; RuleBroken ``outcome_many`` and those of ``domain.outcome.check``.
    """
    with base.transactional() as session:
        seat = inside(session, person_id=actor.person_id, mentorship_id=mentorship_id, course_id=actor.course_id, lock=True)
        if not seat.learns:
            raise NotAllowed("outcome_protege")
        known = session.execute(
            select(OutcomeMeasure.id, OutcomeMeasure.owner_id).where(OutcomeMeasure.mentorship_id == mentorship_id)
        ).all()
        if any(one.id == measure_id and one.owner_id == actor.person_id for one in known):
            return
        if session.scalar(select(OutcomeMeasure.id).where(OutcomeMeasure.id == measure_id)) is not None:
            raise NotFound("outcome")
        if len(known) >= MOST_MEASURES:
            raise RuleBroken("outcome_many")
        direction = rules.check(kind, baseline, target, horizon)
        facts = {"kind": kind, "direction": direction, "baseline": baseline, "target": target, "horizon": horizon}
        today = base.now().date()
        session.add(OutcomeMeasure(id=measure_id, mentorship_id=mentorship_id, owner_id=actor.person_id, started_on=today, **facts))
        privacy.record(session, actor=actor, verb="add", object_kind=KIND, object_id=measure_id)


def read(*, actor: Actor, mentorship_id: str, measure_id: str, day: date, value: float) -> None:
    """Write down where a measure of one's own stands; a day has one reading, the last that was written.

    NotFound ``mentorship``, ``outcome``; RuleBroken ``outcome_number``, ``outcome_day``, ``outcome_many``.
    """
    with base.transactional() as session:
        row = own(session, actor, mentorship_id, measure_id)
        rules.check_value(value)
        if not row.started_on < day <= base.now().date():
            raise RuleBroken("outcome_day", started_on=row.started_on)
        held = {one.read_on: one for one in session.scalars(select(OutcomeReading).where(OutcomeReading.measure_id == row.id))}
        if day in held:
            held[day].value = value
        elif len(held) >= MOST_READINGS:
            raise RuleBroken("outcome_many")
        else:
            session.add(OutcomeReading(measure_id=row.id, read_on=day, value=value))
        privacy.record(session, actor=actor, verb="read", object_kind=KIND, object_id=row.id)


def own(session: Session, actor: Actor, mentorship_id: str, measure_id: str) -> OutcomeMeasure:
    """A measure of one's own, with its pair locked. NotFound ``mentorship``, ``outcome``."""
    inside(session, person_id=actor.person_id, mentorship_id=mentorship_id, course_id=actor.course_id, lock=True)
    mine = (OutcomeMeasure.mentorship_id == mentorship_id, OutcomeMeasure.owner_id == actor.person_id)
    row = session.scalar(select(OutcomeMeasure).where(OutcomeMeasure.id == measure_id, *mine))
    if row is None:
        raise NotFound("outcome")
    return row


def agree(*, actor: Actor, mentorship_id: str, measure_id: str, candidacy_id: str) -> None:
    """Let one statement of a measure join the award case of a candidate who leads the pair, as it stands now. A second time while it
    stands changes nothing. NotFound ``mentorship``, ``outcome``, ``outcome_candidate``; RuleBroken ``outcome_no_reading``."""
    with base.transactional() as session:
        row = own(session, actor, mentorship_id, measure_id)
        if candidacy_id not in dict(_candidates(session, mentorship_id, actor.course_id)):
            raise NotFound("outcome_candidate")
        newest = select(OutcomeReading).where(OutcomeReading.measure_id == row.id).order_by(OutcomeReading.read_on.desc())
        last = session.scalars(newest.limit(1)).first()
        if last is None:
            raise RuleBroken("outcome_no_reading")
        moved, months = rules.moved(row.direction, row.baseline, last.value), rules.months(row.started_on, last.read_on)
        outcome_statement.give(session, actor, row, candidacy_id, moved=moved, months=months)


def withdraw(*, actor: Actor, mentorship_id: str, measure_id: str) -> None:
    """Take back every statement of a measure. NotFound ``mentorship``, ``outcome``."""
    with base.transactional() as session:
        outcome_statement.take_back(session, actor, own(session, actor, mentorship_id, measure_id))
