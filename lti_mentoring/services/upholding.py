# SPDX-License-Identifier: Apache-2.0
"""What becomes of an observation when the guard's verdict on it changes: held, told to who leads the course, set aside, or let go on."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_mentoring.domain import override
from lti_mentoring.domain.conflict import CLOSED, LETS_THROUGH, OVERRIDE
from lti_mentoring.domain.observation import NO_MORE, RATED, RELEASED
from lti_mentoring.services import attestation, conflict, notification, privacy, releasing, reminder
from lti_mentoring.services.conflict import About, Changed
from lti_mentoring.services.matter import OBSERVATION, RATER
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.rating import Rater

KINDS = (OBSERVATION, RATER)


def lock(session: Session, about: About) -> None:
    """Lock what a matter is about before the matter itself, in the order in which a submission does."""
    if about.kind in KINDS:
        _row(session, about)


def act(session: Session, changed: Changed) -> None:
    """Let a changed verdict take effect, in the caller's transaction, with its matter locked after ``lock``.

    What was rated under a conflict that no exception can cover is set aside. One that an exception could cover is held, or, where the
    candidate has read the result, flagged: who leads the course is told and decides. A further person's rating that cannot stand
    takes nobody's place any more; while the result is open, somebody else is asked.
    """
    row = _row(session, changed.about) if changed.about.kind in KINDS else None
    if row is None or row.state in NO_MORE:
        return
    if changed.after in LETS_THROUGH:
        releasing.settle(session, row, actor=privacy.SYSTEM)
        return
    if changed.after not in (OVERRIDE, CLOSED):
        _ask(session, changed, row)
        return
    what = override.consequence(changed.after, released=row.state == RELEASED)
    if changed.about.kind == RATER and row.state == RATED:
        _relieve(session, changed.about, row)
    elif what == "void" and row.state in (RATED, RELEASED):
        releasing.set_aside(session, row, "conflict", actor=privacy.SYSTEM)
    _tell(session, changed, row)


def _row(session: Session, about: About) -> Observation | None:
    observation_id = about.id
    if about.kind == RATER:
        observation_id = session.scalar(select(Rater.observation_id).where(Rater.id == about.id)) or ""
    return session.scalar(select(Observation).where(Observation.id == observation_id).with_for_update())


def _relieve(session: Session, about: About, row: Observation) -> None:
    session.scalars(select(Rater).where(Rater.id == about.id)).one().state = "ended"
    session.flush()
    privacy.record(session, actor=privacy.SYSTEM, verb="relieve", object_kind="observation", object_id=row.id, reason="conflict")
    conflict.end(session, about)
    releasing.settle(session, row, actor=privacy.SYSTEM)


def _ask(session: Session, changed: Changed, row: Observation) -> None:
    unknown = {one.one for one in changed.findings if one.rule == "R0"}
    attestation.want(session, unknown, org_id=row.org_id, course_id=row.course_id)


def _tell(session: Session, changed: Changed, row: Observation) -> None:
    """Who leads the course; each verdict on each matter once."""
    once = f"conflict:{changed.about.id}:{changed.after}"
    ids = {"course": row.course_id, "watched": changed.watch_id}
    for person_id in reminder.leads(session, row.course_id):
        whom = {"org_id": row.org_id, "person_id": person_id, "kind": "conflict_found", "endpoint": "conflict.sheet", "once": once}
        notification.tell(session, facts={"planned_for": row.planned_for}, ids=ids, **whom)
