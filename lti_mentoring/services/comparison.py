# SPDX-License-Identifier: Apache-2.0
"""What staff see of the gradebook compared with ours, person by person, and what one click does about a difference."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session

from lti_mentoring.domain import delivery, people
from lti_mentoring.domain import reconciliation as rules
from lti_mentoring.domain.delivery import DONE, HELD, REFUSED, SENDING, SET_ASIDE, WAITING
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.reconciliation import KEEP_THEIRS, SEND_OURS
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.lti.grades import RESULT
from lti_mentoring.services import connection, privacy
from lti_mentoring.services.reconciliation import NO_COLUMN, NOT_READABLE, RUNNING, enter, soon
from lti_mentoring.services.resending import send_again
from lti_mentoring.services.score import no_column
from lti_mentoring.store import base
from lti_mentoring.store.delivery import Reconciliation, ScorePublication
from lti_mentoring.store.people import Person, Placement
from lti_mentoring.store.platform import Registration

MOST_ROWS = 500
"""People that one page names; those who differ come first, and what is beyond is counted."""

NOT_LOOKED = "not_looked"
"""The verdict on a grade that has arrived, before the first look."""


@dataclass(frozen=True, slots=True)
class Line:
    """One person's cell. ``code`` is a verdict of ``domain.reconciliation`` or ``not_looked``; ``fault`` a remedy code where it is stuck.
    ``ours`` and ``theirs`` are score and maximum, None where there is none. ``seen`` names what the reader saw, for a click."""

    id: str
    person: str
    code: str
    fault: str
    ours: tuple[float, float] | None
    theirs: tuple[float, float] | None
    looked_at: datetime | None
    clicks: tuple[str, ...]
    seen: str


@dataclass(frozen=True, slots=True)
class Column:
    """One activity's column. ``why_not``: why it cannot be compared, a code; ``state``: never, waiting, running, done or failed."""

    id: str
    title: str
    grading: str
    platform: str
    why_not: str
    state: str
    finished_at: datetime | None
    next_at: datetime | None
    fault: str
    status: int | None
    words: str
    counts: Mapping[str, int]
    lines: tuple[Line, ...]

    @property
    def people(self) -> int:
        """How many have a grade here, sent or to be sent."""
        return sum(self.counts.values())

    @property
    def agreeing(self) -> int:
        """How many cells hold what we sent."""
        return self.counts.get(rules.SAME, 0)

    @property
    def differing(self) -> int:
        """How many cells staff may want to do something about."""
        return sum(self.counts.get(code, 0) for code in (*rules.DIFFERING, rules.WAITS_FOR_STAFF))


@dataclass(frozen=True, slots=True)
class ComparisonPage:
    """Every column of the course, those that differ first."""

    columns: tuple[Column, ...]
    beyond: int = 0
    differing: int = field(default=0)


# --- the page --------------------------------------------------------------------------------------------------------------------

_NOW = case(
    (ScorePublication.state.in_((WAITING, SENDING)), rules.ON_ITS_WAY),
    (ScorePublication.state.in_((HELD, REFUSED)), rules.WAITS_FOR_STAFF),
    (ScorePublication.state == SET_ASIDE, rules.RESTS),
    (and_(ScorePublication.compared == "", ScorePublication.taken_given.is_not(None)), NOT_LOOKED),
    (ScorePublication.compared.in_(("", rules.NOTHING)), rules.NOTHING),
    (ScorePublication.compared.in_((rules.SAME, *rules.DIFFERING)), ScorePublication.compared),
    else_=NOT_LOOKED,
)
"""What is true of a cell at this moment: what was last seen there, unless something has happened since."""

_FIRST = case({rules.LMS_DIFFERS: 0, rules.WAITS_FOR_STAFF: 0, rules.MISSING: 1, rules.THEIRS_ONLY: 1}, value=_NOW, else_=2)


def page(*, actor: Actor) -> ComparisonPage:
    """The columns of the actor's course and who differs in them; three queries, whatever their number."""
    session = base.session()
    places = session.execute(
        select(Placement, Registration.name, Reconciliation)
        .join(Registration, Registration.id == Placement.registration_id)
        .outerjoin(Reconciliation, and_(Reconciliation.org_id == Placement.org_id, Reconciliation.placement_id == Placement.id))
        .where(Placement.org_id == actor.org_id, Placement.course_id == actor.course_id, Placement.item_source != "part_off")
        .order_by(Placement.title, Placement.id)
    ).all()
    counts: dict[str, dict[str, int]] = {}
    for placement_id, code, many in session.execute(
        _of_course(actor, ScorePublication.placement_id, _NOW.label("code"), func.count()).group_by(ScorePublication.placement_id, "code")
    ):
        if code != rules.NOTHING:
            counts.setdefault(placement_id, {})[code] = many
    lines: dict[str, list[Line]] = {}
    for row, code, name, chosen in session.execute(
        _of_course(actor, ScorePublication, _NOW, Person.name, Person.chosen_name)
        .join(Person, and_(Person.org_id == ScorePublication.org_id, Person.id == ScorePublication.person_id))
        .where(_NOW.not_in((rules.SAME, rules.NOTHING)))
        .order_by(_FIRST, func.coalesce(Person.name, Person.chosen_name), ScorePublication.id)
        .limit(MOST_ROWS)
    ):
        lines.setdefault(row.placement_id, []).append(_line(row, code, people.display_name(name or chosen, row.person_id)))
    found = [
        _column(place, platform, look, counts.get(place.id, {}), tuple(lines.get(place.id, ())))
        for place, platform, look in places
        if delivery.graded(place.item)
    ]
    found.sort(key=lambda one: -one.differing)
    named = sum(len(one.lines) for one in found)
    return ComparisonPage(tuple(found), sum(one.people - one.agreeing for one in found) - named, sum(one.differing for one in found))


def _of_course(actor: Actor, *entities: Any) -> Any:
    return (
        select(*entities)
        .join(Placement, and_(Placement.org_id == ScorePublication.org_id, Placement.id == ScorePublication.placement_id))
        .where(ScorePublication.org_id == actor.org_id, Placement.course_id == actor.course_id)
    )


def _column(
    place: Placement, platform: str, look: Reconciliation | None, counts: Mapping[str, int], lines: tuple[Line, ...]
) -> Column:
    why_not = no_column(place)
    if not why_not:
        why_not = NOT_READABLE if RESULT not in place.ags_scopes else NO_COLUMN if look is not None and look.fault == NO_COLUMN else ""
    return Column(
        id=place.id,
        title=place.title or place.item,
        grading=place.grading,
        platform=platform,
        why_not=why_not,
        state=look.state if look is not None and (look.finished_at or look.asked_by or look.state != DONE) else "never",
        finished_at=look.finished_at if look is not None else None,
        next_at=look.next_at if look is not None else None,
        fault=look.fault if look is not None and look.fault not in (NOT_READABLE, NO_COLUMN) else "",
        status=look.status if look is not None else None,
        words=look.words if look is not None else "",
        counts=counts,
        lines=lines,
    )


def _line(row: ScorePublication, code: str, person: str) -> Line:
    # What waits or is stuck is what we want to have there; else what has arrived is ours.
    wanted = row.state in (WAITING, SENDING, HELD, REFUSED) or row.taken_given is None
    ours = (row.given, row.maximum) if wanted else (row.taken_given, row.taken_maximum)
    return Line(
        id=row.id,
        person=person,
        code=code,
        fault=row.fault if row.state in (HELD, REFUSED) else "",
        ours=_pair(*ours),
        theirs=_pair(row.lms_given, row.lms_maximum),
        looked_at=row.compared_at,
        clicks=rules.CLICKS.get(code, ()),
        seen=_seen(row),
    )


def _pair(given: float | None, maximum: float | None) -> tuple[float, float] | None:
    return (given, maximum) if given is not None and maximum else None


def _seen(row: ScorePublication) -> str:
    """Names what stands on the page, so that nobody decides about something else than what they saw."""
    parts = (row.state, row.compared, row.given, row.maximum, row.taken_given, row.lms_given, row.lms_maximum, row.fault)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


# --- clicks ----------------------------------------------------------------------------------------------------------------------


def send_ours(*, actor: Actor, line: str, seen: str) -> None:
    """Put ours where the LMS holds something else, or nothing. NotFound; RuleBroken ``grade_moved_on`` if another thing stands there by
    now than what was ``seen``. If the LMS turns out to hold yet another grade when it is sent, it is held again."""
    with base.transactional() as session:
        row = _choose(session, actor, line, seen, SEND_OURS)
        send_again(session, actor, [row])
        connection.try_again(session, {row.registration_id})
        # Moodle says yes and keeps what a teacher has overridden: whether it has really taken ours is seen by looking.
        soon(session, actor.org_id, row.placement_id, row.registration_id, base.now() + rules.SOONEST)


def keep_theirs(*, actor: Actor, line: str, seen: str) -> None:
    """Let what the LMS holds stand: nothing is sent until there is a new result. NotFound; RuleBroken ``grade_moved_on``."""
    with base.transactional() as session:
        row = _choose(session, actor, line, seen, KEEP_THEIRS)
        privacy.record(session, actor=actor, verb="set_aside", object_kind="score", object_id=row.id, reason=row.fault or row.compared)
        row.state, row.stuck_at = SET_ASIDE, None


def _choose(session: Session, actor: Actor, line: str, seen: str, click: str) -> ScorePublication:
    query = _of_course(actor, ScorePublication, _NOW).where(ScorePublication.id == line).with_for_update(of=ScorePublication)
    found = session.execute(query).first()
    if found is None:
        raise NotFound("grade")
    row, code = found
    if _seen(row) != seen or click not in rules.CLICKS.get(code, ()):
        raise RuleBroken("grade_moved_on")
    return row  # type: ignore[no-any-return]


def ask(*, actor: Actor, placement_id: str) -> bool:
    """Have a column compared now, by a worker. -> False if one is at it already. NotFound; RuleBroken ``compared_just_now``, or
    ``not_comparable`` where the LMS does not let us read it."""
    with base.transactional() as session:
        place = session.scalar(select(Placement).where(Placement.id == placement_id, Placement.course_id == actor.course_id))
        if place is None:
            raise NotFound("placement")
        if not delivery.graded(place.item) or no_column(place) or RESULT not in place.ags_scopes:
            raise RuleBroken("not_comparable")
        now = base.now()
        enter(session, actor.org_id, [(place.id, place.registration_id)], next_at=now)
        look = session.scalars(select(Reconciliation).where(Reconciliation.placement_id == place.id).with_for_update()).one()
        if look.state == RUNNING or (look.state == WAITING and look.next_at <= now):
            return False
        if look.finished_at is not None and look.finished_at > now - rules.SOONEST:
            raise RuleBroken("compared_just_now")
        look.state, look.asked_by, look.asked_at, look.next_at, look.tries = WAITING, actor.person_id, now, now, 0
        privacy.record(session, actor=actor, verb="ask_comparison", object_kind="placement", object_id=place.id)
    return True
