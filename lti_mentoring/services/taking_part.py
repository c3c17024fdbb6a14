# SPDX-License-Identifier: Apache-2.0
"""Somebody's part in the programme, read: what its rules look at, and the page that shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session

from lti_mentoring.domain import participation as rules
from lti_mentoring.domain.participation import CANDIDATE, COORDINATOR, WITHDRAWN, Part
from lti_mentoring.domain.people import LEADS, Actor, display_name
from lti_mentoring.domain.period import Period
from lti_mentoring.domain.programme import TimeLimits
from lti_mentoring.domain.rule import NotFound
from lti_mentoring.services import elsewhere, intake, privacy, programme
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.participation import DeferralPeriod, EnrolmentPeriod, ParticipationChange, WithdrawalRecord
from lti_mentoring.store.people import Person


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the history. ``by`` is empty for a timer. ``until`` is the end of a deferral, or the deadline warned of in ``days``."""

    at: datetime
    verb: str
    state: str
    by: str
    reason: str
    until: date | None
    days: int | None


@dataclass(frozen=True, slots=True)
class Report:
    """Somebody's part as its page shows it. ``verbs`` are open to the reader; ``mine`` says that the reader is the candidate.

    ``deadline`` is the last day of the time for the whole way, ``days_left`` until it; ``latest`` the day to which a deferral from today
    could go; ``deferred_until`` the first day after the one that goes on; ``back_until`` the last day for coming back; ``elsewhere``
    that who has left takes part in the same programme in another course, ``place_free`` that there is a place for them to come back to.
    """

    candidacy_id: str
    name: str
    mine: bool
    state: str
    started_on: date
    today: date
    deadline: date
    days_left: int
    deferrals: tuple[tuple[Period, str], ...]
    deferred_days: int
    deferred_until: date | None
    latest: date
    back_until: date | None
    elsewhere: bool
    place_free: bool
    extensions_left: int
    limits: TimeLimits
    enrolments: tuple[tuple[str, Period], ...]
    enrolment_next: tuple[str, ...]
    history: tuple[Line, ...]
    verbs: tuple[str, ...]


# --- the page ------------------------------------------------------------------------------------------------------------------


def own(*, actor: Actor) -> Report:
    """The reader's own part. NotFound for who is no candidate."""
    found = base.session().scalar(
        select(Candidacy.id).where(Candidacy.course_id == actor.course_id, Candidacy.person_id == actor.person_id)
    )
    if found is None:
        raise NotFound("candidacy")
    return of(actor=actor, candidacy_id=found)


def of(*, actor: Actor, candidacy_id: str) -> Report:
    """Somebody's part: for themself, and for who leads the course. NotFound for everybody else."""
    session = base.session()
    row = row_of(session, candidacy_id, actor)
    limits = programme.load(row.programme_version_id).policy.time
    part, deferrals = part_of(session, row)
    mine, today = row.person_id == actor.person_id, base.now().date()
    enrolments = tuple((one.state, Period(one.starts_on, one.ends_on)) for one in session.scalars(enrolments_of(row.id)))
    deadline = part.deadline(limits)
    return Report(
        candidacy_id=row.id,
        name=display_name(row.name or row.chosen_name, row.person_id),
        mine=mine,
        state=part.state,
        started_on=part.started_on,
        today=today,
        deadline=deadline,
        days_left=(deadline - today).days,
        deferrals=tuple((Period(one.starts_on, one.ends_on), one.reason_code) for one in deferrals),
        deferred_days=sum(one.days for one in part.deferrals),
        deferred_until=part.deferred_until(),
        latest=part.latest_end(today, limits),
        back_until=part.back_until(limits),
        elsewhere=part.elsewhere,
        place_free=part.place_free,
        extensions_left=max(limits.extensions - part.extensions, 0),
        limits=limits,
        enrolments=enrolments,
        enrolment_next=rules.ENROLMENT[enrolments[-1][0] if enrolments else ""],
        history=_history(session, row.id),
        verbs=rules.offered(part, CANDIDATE if mine else COORDINATOR, today, limits),
    )


def _history(session: Session, candidacy_id: str) -> tuple[Line, ...]:
    """Oldest first."""
    line = ParticipationChange
    rows = session.execute(
        select(line, Person.name, Person.chosen_name)
        .outerjoin(Person, and_(Person.org_id == line.org_id, Person.id == line.actor_id))
        .where(line.candidacy_id == candidacy_id)
        .order_by(line.at, line.id)
    )
    return tuple(
        Line(
            at=one.at,
            verb=one.verb,
            state=one.state,
            by="" if one.actor_id == privacy.SYSTEM else display_name(name or chosen, one.actor_id),
            reason=one.reason_code,
            until=one.until,
            days=one.days,
        )
        for one, name, chosen in rows
    )


# --- rows ----------------------------------------------------------------------------------------------------------------------


def row_of(session: Session, candidacy_id: str, actor: Actor | None = None) -> Any:
    """A candidacy: in the actor's course, and their own unless they lead it. NotFound."""
    query = (
        select(
            Candidacy.org_id,
            Candidacy.id,
            Candidacy.person_id,
            Candidacy.course_id,
            Candidacy.programme_version_id,
            Candidacy.participation,
            Candidacy.started_at,
            Candidacy.extensions,
            Person.name,
            Person.chosen_name,
        )
        .join(Person, and_(Person.org_id == Candidacy.org_id, Person.id == Candidacy.person_id))
        .where(Candidacy.id == candidacy_id)
    )
    if actor is not None:
        query = query.where(Candidacy.course_id == actor.course_id)
    row = session.execute(query).first()
    if row is None or (actor is not None and row.person_id != actor.person_id and not actor.is_any(*LEADS)):
        raise NotFound("candidacy")
    return row


def part_of(session: Session, row: Any) -> tuple[Part, Sequence[DeferralPeriod]]:
    """What the rules look at, with the rows of the deferrals, oldest first."""
    deferrals = session.scalars(
        select(DeferralPeriod).where(DeferralPeriod.candidacy_id == row.id).order_by(DeferralPeriod.starts_on, DeferralPeriod.created_at)
    ).all()
    left = session.scalars(open_withdrawals(row.id)).first()
    part = Part(
        state=row.participation,
        started_on=row.started_at.date(),
        deferrals=tuple(Period(one.starts_on, one.ends_on) for one in deferrals),
        extensions=row.extensions,
        withdrawn_on=left.withdrawn_on if left is not None else None,
        elsewhere=row.participation == WITHDRAWN and _elsewhere(session, row),
        place_free=row.participation != WITHDRAWN or intake.places_left(session, row.course_id, besides=row.id) != 0,
    )
    return part, deferrals


def _elsewhere(session: Session, row: Any) -> bool:
    return bool(elsewhere.taking_part(session, [row.person_id], version_id=row.programme_version_id, course_id=row.course_id))


def open_withdrawals(candidacy_id: str) -> Select[WithdrawalRecord]:
    """The withdrawal that nobody has come back from."""
    held = WithdrawalRecord
    return select(held).where(held.candidacy_id == candidacy_id, held.reinstated_on.is_(None)).order_by(held.created_at.desc())


def enrolments_of(candidacy_id: str) -> Select[EnrolmentPeriod]:
    """How somebody has stood at their institution, oldest first."""
    held = EnrolmentPeriod
    return select(held).where(held.candidacy_id == candidacy_id).order_by(held.starts_on, held.created_at)
