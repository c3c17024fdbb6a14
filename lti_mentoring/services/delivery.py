# SPDX-License-Identifier: Apache-2.0
"""The outbox: what must reach an LMS is written in the transaction that caused it, and sent afterwards, until it has arrived."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, exists, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from lti_mentoring.domain import delivery as rules
from lti_mentoring.domain.delivery import SENDING, WAITING, Pace
from lti_mentoring.lti.grades import ATTENTION
from lti_mentoring.lti.registration import Registration
from lti_mentoring.services import platform
from lti_mentoring.services.dispatch import Due, Grades, claim, due_at, send, settle
from lti_mentoring.services.gradebook import listing, retry, retry_all, retry_by_operator, set_aside, stuck
from lti_mentoring.services.score import GradeLine, grade_line, grade_lines, no_column
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.delivery import ScorePublication
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.people import Identity, Membership, Placement
from lti_mentoring.store.platform import Registration as RegistrationRow
from lti_mentoring.store.training import CheckAttempt

__all__ = [
    "GradeLine",
    "Pace",
    "figures",
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
    "want",
]

TROUBLES_IN_A_ROW = 3
"""After so many scores one after the other that were postponed, or refused for what concerns the whole registration, a run leaves the
platform alone until a score is due again, or until the sweep."""


# --- what is wanted --------------------------------------------------------------------------------------------------------------


def want(session: Session, *, org_id: str, course_id: str, person_id: str, items: Collection[str]) -> None:
    """Ask for a person's scores of ``items`` (and of the programme) to be brought up to date; in the transaction that changed them.

    One row for each placement and person, however often it is asked for. Placements without a column of the gradebook get none, nor
    do people who are no learners in the course, nor test users. What is sent is decided when it is sent.
    """
    wanted = {*items, rules.PROGRAMME}
    placements = session.scalars(select(Placement).where(Placement.course_id == course_id, Placement.item.in_(wanted))).all()
    targets = [one for one in placements if rules.graded(one.item) and not no_column(one)]
    if targets and _learners(session, course_id, [person_id]):
        _want(session, org_id, [(one, person_id) for one in targets])


def placement_changed(session: Session, *, org_id: str, placement_id: str, voids: bool = False) -> None:
    """Bring a placement's column up to date, in the transaction that made the placement or changed where its grades go.

    ``voids``: it opens something else now, so the grades that were sent do not hold; whoever has not finished the new item is
    cleared. Only candidates with something to show get a row.
    """
    placement = session.scalars(select(Placement).where(Placement.id == placement_id)).one()
    if voids:
        session.execute(
            update(ScorePublication)
            .where(ScorePublication.placement_id == placement_id, ScorePublication.grading == rules.FULLY_GRADED)
            .values(void=True)
            .execution_options(synchronize_session=False)
        )
    if not rules.graded(placement.item) or no_column(placement):
        return
    tried = exists().where(CheckAttempt.org_id == Candidacy.org_id, CheckAttempt.candidacy_id == Candidacy.id)
    seen = exists().where(Observation.org_id == Candidacy.org_id, Observation.candidacy_id == Candidacy.id)
    people = session.scalars(select(Candidacy.person_id).where(Candidacy.course_id == placement.course_id, or_(tried, seen))).all()
    _want(session, org_id, [(placement, person) for person in _learners(session, placement.course_id, people)])


def _learners(session: Session, course_id: str, people: Collection[str]) -> list[str]:
    """Those of ``people`` who get grades in this course."""
    tested = exists().where(Identity.org_id == Membership.org_id, Identity.person_id == Membership.person_id, Identity.test_user)
    query = select(Membership.person_id).where(
        Membership.course_id == course_id, Membership.standing == "learner", Membership.person_id.in_(people), ~tested
    )
    return list(session.scalars(query)) if people else []


def _want(session: Session, org_id: str, pairs: Iterable[tuple[Placement, str]]) -> None:
    now = base.now()
    rows: list[dict[str, Any]] = [
        {
            "org_id": org_id,
            "id": base.new_id(),
            "placement_id": one.id,
            "person_id": person,
            "registration_id": one.registration_id,
            "next_at": now,
        }
        for one, person in pairs
    ]
    if not rows:
        return
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
                "state": case((table.state == SENDING, SENDING), else_=WAITING),
                "tries": case((keeps_waiting, table.tries), else_=0),
                "next_at": case((keeps_waiting, table.next_at), else_=insert.excluded.next_at),
            },
        ),
        rows,
    )
    for lane in sorted({row["registration_id"] for row in rows}):
        base.wake_after_commit(lane)


# --- the loop --------------------------------------------------------------------------------------------------------------------


def run(
    lane: str, *, grades_for: Callable[[Registration, str | None], Grades], pace: Pace, chance: Callable[[], float] = random.random
) -> datetime | None:
    """Send what is due in a lane (a registration), at most ``pace.batch`` scores. Holds no transaction itself (decision 18).

    Several may run at once, on several machines; each score has one sender. ``grades_for`` makes the client of a platform.
    -> when to look again; None if nothing was ours to do, or nothing waits.
    """
    registration = platform.registration(lane)
    if registration is None:
        return None
    handled = troubles = 0
    for due in _due(lane, pace.batch):
        with base.tenant(due.org_id):
            job = claim(due, registration, pace)
            if job is None:
                continue
            outcome = send(job, grades_for(*platform.at_deployment(registration, job.deployment)), pace)
            again = settle(job, outcome, pace, chance)
        handled += 1
        for_all = outcome.verdict.remedy in ATTENTION
        if for_all or outcome.verdict.kind == "done":
            _mark(lane, outcome.verdict.remedy)
        troubles = troubles + 1 if for_all or outcome.verdict.kind == "later" else 0
        if for_all or troubles == TROUBLES_IN_A_ROW:
            return again
    return _next_due(lane) if handled else None


def _mark(lane: str, remedy: str) -> None:
    """Note on the registration what its administrator must mend, or that it works again (T-06)."""
    if base.session().scalar(select(RegistrationRow.attention).where(RegistrationRow.id == lane)) != remedy:
        platform.needs_attention(registration_id=lane, what=remedy)


def _due(lane: str, limit: int) -> list[Due]:
    with base.across_organisations("delivery: claim"):
        rows = base.session().execute(
            select(ScorePublication.org_id, ScorePublication.id, ScorePublication.attempt)
            .where(ScorePublication.registration_id == lane, due_at(base.now()))
            .order_by(ScorePublication.next_at)
            .limit(limit)
        )
        return [Due(*row) for row in rows]


def _next_due(lane: str) -> datetime | None:
    with base.across_organisations("delivery: next"):
        return base.session().scalar(
            select(ScorePublication.next_at)
            .where(ScorePublication.registration_id == lane, ScorePublication.state == WAITING)
            .order_by(ScorePublication.next_at)
            .limit(1)
        )


def sweep() -> list[str]:
    """The lanes of active registrations that have work which no wake-up may have announced: due scores, and leases that ended."""
    with base.across_organisations("delivery: sweep"):
        query = (
            select(ScorePublication.registration_id)
            .join(RegistrationRow, RegistrationRow.id == ScorePublication.registration_id)
            .where(RegistrationRow.active, due_at(base.now()))
            .distinct()
        )
        return sorted(base.session().scalars(query))


# --- numbers to watch ------------------------------------------------------------------------------------------------------------

PREFIX = "lti_mentoring_delivery"


def figures() -> list[tuple[str, str, dict[str, str], float]]:
    """Name, help text, labels and value of each number about the outbox, by platform; two queries."""
    now = base.now()
    with base.across_organisations("delivery: metrics"):
        session = base.session()
        states = session.execute(
            select(ScorePublication.registration_id, ScorePublication.state, func.count()).group_by(
                ScorePublication.registration_id, ScorePublication.state
            )
        ).all()
        waiting: Any = session.execute(
            select(ScorePublication.registration_id, func.count(), func.min(ScorePublication.next_at))
            .where(due_at(now))
            .group_by(ScorePublication.registration_id)
        ).all()
    made: list[tuple[str, str, dict[str, str], float]] = []
    for lane, state, count in states:
        made.append((f"{PREFIX}_scores", "Scores in the outbox, by state", {"platform": lane, "state": state}, float(count)))
    oldest = {lane: (count, at) for lane, count, at in waiting}
    for lane in sorted({row[0] for row in states}):
        count, at = oldest.get(lane, (0, None))
        age = max(0.0, (now - at).total_seconds()) if at is not None else 0.0
        made.append((f"{PREFIX}_due", "Scores that could be sent now", {"platform": lane}, float(count)))
        made.append((f"{PREFIX}_oldest_due_seconds", "How long the oldest of them has been due", {"platform": lane}, age))
    return made
