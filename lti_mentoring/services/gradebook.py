# SPDX-License-Identifier: Apache-2.0
"""What staff see of deliveries: which grades are stuck and why, which are on their way, and sending them again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from lti_mentoring.domain.delivery import DONE, HELD, SENDING, SET_ASIDE, STUCK, WAITING
from lti_mentoring.domain.people import Actor, display_name
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import connection, privacy
from lti_mentoring.services.resending import send_again
from lti_mentoring.store import base
from lti_mentoring.store.delivery import DeliveryLane, ScorePublication
from lti_mentoring.store.people import Person, Placement
from lti_mentoring.store.platform import Registration

MOST_ROWS = 500
"""Stuck grades that one page shows; what is beyond them is counted."""

LATELY = 20
"""How many of the newest deliveries the page shows."""


@dataclass(frozen=True, slots=True)
class StuckGrade:
    """One grade that needs a person. ``ours`` and ``theirs`` are score and maximum; ``theirs`` is None where we do not know it."""

    id: str
    person: str
    column: str
    grading: str
    ours: tuple[float, float] | None
    theirs: tuple[float, float] | None
    tries: int
    tried_at: datetime | None


@dataclass(frozen=True, slots=True)
class Cause:
    """Grades that are stuck for one reason. ``remedy`` is a code, ``words`` are the LMS's own, ``key`` names the cause in a form."""

    key: str
    platform: str
    state: str
    remedy: str
    status: int | None
    words: str
    since: datetime
    grades: tuple[StuckGrade, ...]

    @property
    def held(self) -> bool:
        """Whether the platform has something newer, which we do not overwrite unasked."""
        return self.state == HELD


@dataclass(frozen=True, slots=True)
class OnTheWay:
    """Grades of one platform that go out by themselves, and why they have not yet; without a reason they just wait their turn, and
    without ``next_at`` until whoever runs the tool resumes."""

    platform: str
    count: int
    next_at: datetime | None
    tries: int
    remedy: str
    status: int | None
    words: str


@dataclass(frozen=True, slots=True)
class Sent:
    """One delivery of late."""

    person: str
    column: str
    grading: str
    given: tuple[float, float] | None
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class StuckPage:
    """The page of grades: counts, causes (most grades first), what is on its way, what was sent lately."""

    need_person: int
    on_their_way: int
    delivered_lately: int
    platforms: tuple[str, ...]
    causes: tuple[Cause, ...]
    on_the_way: tuple[OnTheWay, ...]
    sent: tuple[Sent, ...]

    @property
    def beyond(self) -> int:
        """Stuck grades that are not shown."""
        return self.need_person - sum(len(cause.grades) for cause in self.causes)


# --- the page --------------------------------------------------------------------------------------------------------------------


def _of_course(actor: Actor, *entities: Any) -> Any:
    return (
        select(*entities)
        .join(Placement, and_(Placement.org_id == ScorePublication.org_id, Placement.id == ScorePublication.placement_id))
        .join(Registration, Registration.id == ScorePublication.registration_id)
        .where(ScorePublication.org_id == actor.org_id, Placement.course_id == actor.course_id)
    )


_NAMED = and_(Person.org_id == ScorePublication.org_id, Person.id == ScorePublication.person_id)


def stuck(*, actor: Actor) -> StuckPage:
    """The grades of the actor's course that need a person, grouped by cause; five queries, whatever their number."""
    session = base.session()
    since = base.now() - timedelta(days=1)
    counts = session.execute(
        _of_course(
            actor,
            func.count().filter(ScorePublication.state.in_(STUCK)),
            func.count().filter(ScorePublication.state.in_((WAITING, SENDING))),
            func.count().filter(ScorePublication.sent_at > since),
        )
    ).one()
    rows = session.execute(
        _of_course(actor, ScorePublication, Placement, Person.name, Person.chosen_name, Registration.name)
        .join(Person, _NAMED)
        .where(ScorePublication.state.in_(STUCK))
        .order_by(ScorePublication.stuck_at, ScorePublication.id)
        .limit(MOST_ROWS)
    ).all()
    platforms = session.scalars(
        select(Registration.name)
        .join(Placement, Placement.registration_id == Registration.id)
        .where(Placement.org_id == actor.org_id, Placement.course_id == actor.course_id)
        .distinct()
        .order_by(Registration.name)
    ).all()
    return StuckPage(
        need_person=counts[0],
        on_their_way=counts[1],
        delivered_lately=counts[2],
        platforms=tuple(platforms),
        causes=_causes(rows),
        on_the_way=_on_the_way(session, actor),
        sent=_sent(session, actor),
    )


def cause_key(row: ScorePublication) -> str:
    """Names a reason for being stuck. The LMS's words are part of it only where we have no code for them: they may differ by row."""
    unexplained = row.words if row.fault in ("", "unknown") else ""
    parts = (row.registration_id, row.state, row.fault, str(row.status), unexplained)
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]


def _causes(rows: Sequence[Any]) -> tuple[Cause, ...]:
    grouped: dict[str, list[Any]] = {}
    for row in rows:
        grouped.setdefault(cause_key(row[0]), []).append(row)
    made = []
    for key, members in grouped.items():
        first, _, _, _, platform = members[0]
        grades = tuple(_stuck_grade(row, placement, name or chosen) for row, placement, name, chosen, _ in members)
        since = min(row[0].stuck_at or row[0].created_at for row in members)
        made.append(Cause(key, platform, first.state, first.fault, first.status, first.words, since, grades))
    return tuple(sorted(made, key=lambda cause: (-len(cause.grades), cause.since)))


def _stuck_grade(row: ScorePublication, placement: Placement, name: str | None) -> StuckGrade:
    return StuckGrade(
        id=row.id,
        person=display_name(name, row.person_id),
        column=placement.title or placement.item,
        grading=placement.grading,
        ours=_pair(row.given, row.maximum),
        theirs=_pair(row.lms_given, row.lms_maximum),
        tries=row.tries,
        tried_at=row.tried_at,
    )


def _pair(given: float | None, maximum: float | None) -> tuple[float, float] | None:
    return (given, maximum) if given is not None and maximum else None


def _on_the_way(session: Session, actor: Actor) -> tuple[OnTheWay, ...]:
    why = (Registration.name, ScorePublication.fault, ScorePublication.status)
    gate = (DeliveryLane.paused, DeliveryLane.rests_until, DeliveryLane.rests_for, Registration.held_until, Registration.attention)
    latest = (func.count(), func.min(ScorePublication.next_at), func.max(ScorePublication.tries), func.max(ScorePublication.words))
    rows = session.execute(
        _of_course(actor, *why, *latest, *gate)
        .outerjoin(DeliveryLane, DeliveryLane.key == ScorePublication.lane)
        .where(ScorePublication.state.in_((WAITING, SENDING)))
        .group_by(*why, *gate)
        .order_by(func.min(ScorePublication.next_at))
    )
    return tuple(_waits(*row) for row in rows)


def _waits(
    platform: str,
    fault: str,
    status: int | None,
    count: int,
    next_at: datetime,
    tries: int,
    words: str,
    paused: bool | None,
    rests_until: datetime | None,
    rests_for: str | None,
    held_until: datetime | None,
    attention: str,
) -> OnTheWay:
    """Grades that wait for one reason: their own, or that the whole LMS is left alone, or that it refuses our sign-in."""
    if paused:
        return OnTheWay(platform, count, None, tries, "paused", None, "")
    now = base.now()
    if rests_until is not None and rests_until > max(now, next_at):
        return OnTheWay(platform, count, rests_until, max(tries, 1), fault or rests_for or "", status, words)
    if held_until is not None:
        return OnTheWay(platform, count, max(held_until, now), max(tries, 1), fault or attention, status, words)
    return OnTheWay(platform, count, next_at, tries, fault, status, words)


def _sent(session: Session, actor: Actor) -> tuple[Sent, ...]:
    rows = session.execute(
        _of_course(actor, ScorePublication, Placement, Person.name, Person.chosen_name)
        .join(Person, _NAMED)
        .where(ScorePublication.state == DONE, ScorePublication.sent_at.is_not(None))
        .order_by(ScorePublication.sent_at.desc())
        .limit(LATELY)
    )
    return tuple(
        Sent(
            person=display_name(name or chosen, row.person_id),
            column=placement.title or placement.item,
            grading=placement.grading,
            given=_pair(row.given, row.maximum),
            sent_at=row.sent_at,
        )
        for row, placement, name, chosen in rows
    )


# --- verbs -----------------------------------------------------------------------------------------------------------------------


def retry(*, actor: Actor, publication_id: str) -> int:
    """Send one stuck grade again, with today's time and over what the platform holds. NotFound if it is not of this course."""
    return _again(actor, _one(publication_id), actor.course_id, NotFound("grade"))


def retry_all(*, actor: Actor, cause: str) -> int:
    """Send all grades again that are stuck for one cause. -> how many. RuleBroken ``nothing_stuck`` if none is any more."""
    return _again(actor, lambda row: cause_key(row) == cause, actor.course_id, RuleBroken("nothing_stuck"))


def set_aside(*, actor: Actor, cause: str = "", publication_id: str = "") -> int:
    """Let stuck grades rest, such as those of people who have left, or where the LMS's own grade stands; a new result sends again."""
    which = _one(publication_id) if publication_id else lambda row: cause_key(row) == cause
    with base.transactional() as session:
        rows = _stuck_rows(session, which, actor.course_id)
        if not rows:
            raise NotFound("grade") if publication_id else RuleBroken("nothing_stuck")
        for row in rows:
            row.state = SET_ASIDE
            privacy.record(session, actor=actor, verb="set_aside", object_kind="score", object_id=row.id, reason=row.fault)
    return len(rows)


def retry_by_operator(*, org_id: str, publication_id: str) -> dict[str, Any]:
    """Send one grade of an organisation again, from the command line. NotFound if it has no such stuck grade."""
    with base.tenant(org_id):
        _again(privacy.OPERATOR, _one(publication_id), None, NotFound("grade", id=publication_id))
    return {"id": publication_id, "state": WAITING}


Choice = Callable[[ScorePublication], bool]


def _one(publication_id: str) -> Choice:
    return lambda row: row.id == publication_id


def _stuck_rows(session: Session, which: Choice, course_id: str | None) -> list[ScorePublication]:
    query = (
        select(ScorePublication)
        .join(Placement, and_(Placement.org_id == ScorePublication.org_id, Placement.id == ScorePublication.placement_id))
        .where(ScorePublication.state.in_(STUCK))
        .order_by(ScorePublication.id)
        .with_for_update(of=ScorePublication)
    )
    rows = session.scalars(query.where(Placement.course_id == course_id) if course_id is not None else query)
    return [row for row in rows if which(row)]


def _again(actor: Actor | str, which: Choice, course_id: str | None, otherwise: RuleBroken) -> int:
    with base.transactional() as session:
        rows = _stuck_rows(session, which, course_id)
        if not rows:
            raise otherwise
        send_again(session, actor, rows)
        connection.try_again(session, {row.registration_id for row in rows})
    return len(rows)


def listing(*, org_id: str | None = None) -> list[dict[str, Any]]:
    """What waits or is stuck, of one organisation or of all, for the command line: ids, states and the LMS's words, no names."""
    query = (
        select(ScorePublication)
        .where(ScorePublication.state.not_in((DONE, SET_ASIDE)))
        .order_by(ScorePublication.state, ScorePublication.next_at, ScorePublication.id)
    )
    with base.tenant(org_id) if org_id is not None else base.across_organisations("delivery: list"):
        return [
            {
                "id": row.id,
                "organisation": row.org_id,
                "platform": row.registration_id,
                "placement": row.placement_id,
                "person": row.person_id,
                "state": row.state,
                "tries": row.tries,
                "next_at": row.next_at.isoformat() if row.state == WAITING else None,
                "fault": row.fault,
                "status": row.status,
                "words": row.words,
            }
            for row in base.session().scalars(query)
        ]
