# SPDX-License-Identifier: Apache-2.0
"""The outbox: what must reach an LMS is written in the transaction that caused it, and sent afterwards, until it has arrived."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from lti_mentoring.domain import delivery as rules
from lti_mentoring.domain.delivery import SENDING, WAITING, Pace
from lti_mentoring.domain.lane import Limits
from lti_mentoring.lti.grades import ATTENTION
from lti_mentoring.lti.registration import Registration as KnownRegistration
from lti_mentoring.services import lane
from lti_mentoring.services.dispatch import Grades, prepare, send
from lti_mentoring.services.gradebook import listing, retry, retry_all, retry_by_operator, set_aside, stuck
from lti_mentoring.services.score import GradeLine, grade_line, grade_lines, no_column
from lti_mentoring.services.settlement import settle
from lti_mentoring.store import base
from lti_mentoring.store.application import Application
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.delivery import ScorePublication
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.people import Identity, Membership, Placement
from lti_mentoring.store.platform import Registration as RegistrationRow
from lti_mentoring.store.recognition import Recognition
from lti_mentoring.store.training import CheckAttempt

__all__ = [
    "GradeLine",
    "Limits",
    "Pace",
    "grade_line",
    "grade_lines",
    "listing",
    "placement_changed",
    "retry",
    "retry_all",
    "retry_by_operator",
    "run",
    "set_aside",
    "stuck",
    "sweep",
    "void",
    "want",
]

# --- what is wanted --------------------------------------------------------------------------------------------------------------


def want(session: Session, *, org_id: str, course_id: str, person_id: str, items: Collection[str]) -> None:
    """Ask for a person's scores of ``items`` (and of the programme) to be brought up to date; in the transaction that changed them.

    One row for each placement and person, however often it is asked for. Placements without a column of the gradebook get none, nor
    do people who are no learners in the course, nor test users. What is sent is decided when it is sent.
    """
    wanted = set(items)
    if wanted != {rules.APPLICATION}:  # whoever applies is on no way yet
        wanted.add(rules.PROGRAMME)
    placements = _placements(session, and_(Placement.course_id == course_id, _named(wanted)))
    targets = [one for one in placements if rules.graded(one.place.item) and not no_column(one.place)]
    if targets and _learners(session, course_id, [person_id]):
        _want(session, org_id, [(one, person_id) for one in targets])


def _named(items: Collection[str]) -> ColumnElement[bool]:
    """Placements of these items; with the observations the competencies that were rated in them."""
    named: ColumnElement[bool] = Placement.item.in_(items)
    return or_(named, Placement.item.startswith(rules.COMPETENCY, autoescape=True)) if rules.OBSERVATION in items else named


def placement_changed(session: Session, *, org_id: str, placement_id: str, voids: bool = False) -> None:
    """Bring a placement's column up to date, in the transaction that made the placement or changed where its grades go.

    ``voids``: it opens something else now, so the grades that were sent do not hold; whoever has not finished the new item is
    cleared. Only candidates with something to show get a row, and of an application those who have one.
    """
    (target,) = _placements(session, Placement.id == placement_id)
    placement = target.place
    if voids:
        _void(session, and_(ScorePublication.placement_id == placement_id, ScorePublication.given.is_not(None)))
    if not rules.graded(placement.item) or no_column(placement):
        return
    people = session.scalars(_with_something_to_show(placement)).all()
    _want(session, org_id, [(target, person) for person in _learners(session, placement.course_id, people)])


def _with_something_to_show(placement: Placement) -> Select[str]:
    if placement.item == rules.APPLICATION:
        return select(Application.person_id).where(Application.course_id == placement.course_id).distinct()
    tried = exists().where(CheckAttempt.org_id == Candidacy.org_id, CheckAttempt.candidacy_id == Candidacy.id)
    recognised = exists().where(Recognition.org_id == Candidacy.org_id, Recognition.candidacy_id == Candidacy.id)
    seen = exists().where(Observation.org_id == Candidacy.org_id, Observation.candidacy_id == Candidacy.id)
    return select(Candidacy.person_id).where(Candidacy.course_id == placement.course_id, or_(tried, recognised, seen))


def void(session: Session, *, course_id: str, person_id: str, items: Collection[str]) -> None:
    """What a person's final scores of ``items`` (and of the programme) stood on holds no more: they are cleared where the item is open
    again. In the transaction that changed it, before the scores are wanted."""
    places = select(Placement.id).where(Placement.course_id == course_id, _named({*items, rules.PROGRAMME}))
    _void(session, and_(ScorePublication.placement_id.in_(places), ScorePublication.person_id == person_id))


def _void(session: Session, which: ColumnElement[bool]) -> None:
    session.execute(
        update(ScorePublication)
        .where(which, ScorePublication.grading == rules.FULLY_GRADED)
        .values(void=True)
        .execution_options(synchronize_session=False)
    )


@dataclass(frozen=True, slots=True)
class _Target:
    """A placement and the LMS that its grades go to."""

    place: Placement
    issuer: str
    lane: str
    host: str


def _placements(session: Session, which: ColumnElement[bool]) -> list[_Target]:
    rows = session.execute(
        select(Placement, RegistrationRow.issuer).join(RegistrationRow, RegistrationRow.id == Placement.registration_id).where(which)
    )
    return [_Target(place, issuer, *lane.of_placement(place, issuer)) for place, issuer in rows]


def _learners(session: Session, course_id: str, people: Collection[str]) -> list[str]:
    """Those of ``people`` who get grades in this course."""
    tested = exists().where(Identity.org_id == Membership.org_id, Identity.person_id == Membership.person_id, Identity.test_user)
    query = select(Membership.person_id).where(
        Membership.course_id == course_id, Membership.standing == "learner", Membership.person_id.in_(people), ~tested
    )
    return list(session.scalars(query)) if people else []


def _want(session: Session, org_id: str, pairs: Sequence[tuple[_Target, str]]) -> None:
    now = base.now()
    rows: list[dict[str, Any]] = [
        {
            "org_id": org_id,
            "id": base.new_id(),
            "placement_id": one.place.id,
            "person_id": person,
            "registration_id": one.place.registration_id,
            "lane": one.lane,
            "next_at": now,
        }
        for one, person in sorted(pairs, key=lambda pair: (pair[0].place.id, pair[1]))
    ]
    if not rows:
        return
    lane.ensure(session, {(one.lane, one.issuer, one.host) for one, _ in pairs})
    table = ScorePublication
    insert = postgresql.insert(table) if session.get_bind().dialect.name == "postgresql" else sqlite.insert(table)
    # A score that is on its way is settled first, and one that waits out a back-off goes on waiting: that is the platform's, not the row's.
    keeps_waiting = or_(table.state == SENDING, and_(table.state == WAITING, table.tries > 0))
    session.execute(
        insert.on_conflict_do_update(
            index_elements=["org_id", "placement_id", "person_id"],
            set_={
                "wanted": table.wanted + 1,
                "registration_id": insert.excluded.registration_id,
                "lane": insert.excluded.lane,
                "state": case((table.state == SENDING, SENDING), else_=WAITING),
                "tries": case((keeps_waiting, table.tries), else_=0),
                "next_at": case((keeps_waiting, table.next_at), else_=insert.excluded.next_at),
            },
        ),
        rows,
    )
    for key in sorted({row["lane"] for row in rows}):
        base.wake_after_commit(key)


# --- the sweep -------------------------------------------------------------------------------------------------------------------


def sweep() -> list[str]:
    """The lanes that have work which no wake-up may have announced: due scores, leases that ended, rests that are over."""
    _give_lanes()
    now = base.now()
    with base.across_organisations("delivery: sweep"):
        held = and_(ScorePublication.state == rules.REFUSED, ScorePublication.fault.in_(ATTENTION), RegistrationRow.held_until <= now)
        query = (
            select(ScorePublication.lane)
            .join(RegistrationRow, RegistrationRow.id == ScorePublication.registration_id)
            .where(RegistrationRow.active, or_(due_at(now), held))
            .distinct()
        )
        return sorted(base.session().scalars(query))


def due_at(now: datetime) -> Any:
    """Which scores may be claimed: those whose time has come, and those whose worker has died."""
    return or_(
        and_(ScorePublication.state == WAITING, ScorePublication.next_at <= now),
        and_(ScorePublication.state == SENDING, ScorePublication.lease_until <= now),
    )


def _give_lanes() -> None:
    """Name the LMS of what the release before this one has put into the outbox, while both run side by side (a rolling upgrade)."""
    with base.across_organisations("delivery: lanes"):
        query = select(ScorePublication.org_id, ScorePublication.placement_id).where(ScorePublication.lane == "").distinct()
        nameless = base.session().execute(query).all()
    for org_id in sorted({row.org_id for row in nameless}):
        with base.tenant(org_id), base.transactional() as session:
            places = _placements(session, Placement.id.in_([row.placement_id for row in nameless if row.org_id == org_id]))
            lane.ensure(session, {(one.lane, one.issuer, one.host) for one in places})
            for one in places:
                session.execute(
                    update(ScorePublication)
                    .where(ScorePublication.placement_id == one.place.id, ScorePublication.lane == "")
                    .values(lane=one.lane)
                    .execution_options(synchronize_session=False)
                )


# --- one after the other ---------------------------------------------------------------------------------------------------------


def run(
    lane_key: str,
    *,
    grades_for: Callable[[KnownRegistration, str | None], Grades],
    pace: Pace,
    limits: Limits,
    chance: Callable[[], float] = random.random,
) -> datetime | None:
    """Send what is due in a lane, one score after the other, at most ``pace.batch``; the courier of a worker sends many at once.

    Holds no transaction itself (decision 18). -> when to look again; None if nothing waits.
    """
    for _ in range(pace.batch):
        admission = lane.admit(lane_key, most=1, pace=pace, limits=limits)
        if not admission.due:
            return admission.again
        with base.tenant(admission.due[0].org_id):
            for job in prepare(lane_key, admission.due, pace):
                outcome = send(job, grades_for(job.service.registration, job.service.deployment_id), pace)
                settle([(job, outcome)], pace=pace, limits=limits, chance=chance)
    return base.now()
