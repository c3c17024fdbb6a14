# SPDX-License-Identifier: Apache-2.0
"""What becomes of an observation or a pair when the guard's verdict on it changes: held, told to who leads the course, set aside, or let go
on."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_mentoring.domain import override
from lti_mentoring.domain.conflict import LETS_THROUGH
from lti_mentoring.domain.observation import NO_MORE, RATED, RELEASED
from lti_mentoring.services import assessor, attestation, dropping, mentorship, notification, privacy, releasing, reminder
from lti_mentoring.services.assessor import STOPS
from lti_mentoring.services.conflict import About, Changed
from lti_mentoring.services.matter import OBSERVATION, RATER, blind_to
from lti_mentoring.store import base
from lti_mentoring.store.conflict import ConflictWatch
from lti_mentoring.store.mentorship import Mentorship, MentorshipMember
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.people import Identity
from lti_mentoring.store.rating import Rater

KINDS = (OBSERVATION, RATER)


def lock(session: Session, about: About) -> None:
    """Lock what a matter is about before the matter itself, in the order of ``dropping``, since it may be set aside."""
    if about.kind in KINDS:
        dropping.hold_candidates(session, Observation.id == _observation_id(session, about))
        row = _row(session, about)
        if row is not None:
            assessor.hold(session, row)
    elif about.kind == mentorship.KIND:
        _pair(session, about)


def act(session: Session, changed: Changed) -> None:
    """Let a changed verdict take effect, in the caller's transaction, with its matter locked after ``lock``."""
    if changed.about.kind == mentorship.KIND:
        _pause(session, changed)
    row = _row(session, changed.about) if changed.about.kind in KINDS else None
    if row is not None and row.state not in NO_MORE:
        _uphold(session, changed, row)


# --- observations -------------------------------------------------------------------------------------------------------------------


def _uphold(session: Session, changed: Changed, row: Observation) -> None:
    """What was rated under a conflict that no exception can cover is set aside. One that an exception could cover is held; where the
    candidate has read the result, it counts for nothing until people have decided. A further person's rating that cannot stand takes
    nobody's place any more; while the result is open, somebody else is asked. Who never rated has no part in what was released.
    """
    if changed.about.kind == RATER and row.state == RELEASED and not _has_rated(session, changed.about.id):
        return
    what = override.consequence(changed.after, released=row.state == RELEASED)
    relieved = changed.about.kind == RATER and row.state == RATED
    if what == "void" and not relieved and row.state in (RATED, RELEASED):
        releasing.set_aside(session, row, "conflict", actor=privacy.SYSTEM)
    elif row.state == RELEASED:
        releasing.reckon(session, row)
    elif changed.after in LETS_THROUGH or relieved:
        releasing.settle(session, row, actor=privacy.SYSTEM)
    if changed.after in STOPS:
        _tell(session, changed, row)
    elif changed.after not in LETS_THROUGH:
        _ask(session, changed, row.org_id)


def _has_rated(session: Session, seat_id: str) -> bool:
    return session.scalar(select(Rater.state).where(Rater.id == seat_id)) == "submitted"


def _row(session: Session, about: About) -> Observation | None:
    return session.scalar(select(Observation).where(Observation.id == _observation_id(session, about)).with_for_update())


def _observation_id(session: Session, about: About) -> str:
    if about.kind != RATER:
        return about.id
    return session.scalar(select(Rater.observation_id).where(Rater.id == about.id)) or ""


def _ask(session: Session, changed: Changed, org_id: str) -> None:
    unknown = {one.one for one in changed.findings if one.rule == "R0"}
    attestation.want(session, unknown, org_id=org_id, course_id=changed.about.course_id)


def _tell(session: Session, changed: Changed, row: Observation) -> None:
    """Who leads the course, but for whoever is to learn nothing of it; each verdict on each matter once."""
    once = f"conflict:{changed.about.id}:{changed.after}"
    ids = {"course": row.course_id, "watched": changed.watch_id}
    watch = session.scalars(select(ConflictWatch).where(ConflictWatch.id == changed.watch_id)).all()
    blind = {person for people in blind_to(session, watch).values() for person in people}
    for person_id in sorted(set(reminder.leads(session, row.course_id)) - blind):
        whom = {"org_id": row.org_id, "person_id": person_id, "kind": "conflict_found", "endpoint": "conflict.sheet", "once": once}
        notification.tell(session, facts={"planned_for": row.planned_for}, ids=ids, **whom)


# --- pairs --------------------------------------------------------------------------------------------------------------------------


def _pair(session: Session, about: About) -> Mentorship | None:
    return session.scalar(select(Mentorship).where(Mentorship.id == about.id).with_for_update())


def _pause(session: Session, changed: Changed) -> None:
    """A pair plans no further session while something stands against it (``meeting.planned``): its people are told that it pauses, and
    who leads the course why (domain map 4.5)."""
    pair = _pair(session, changed.about)
    if pair is None or pair.state != "active" or changed.after in LETS_THROUGH:
        return
    if changed.after not in STOPS:
        _ask(session, changed, pair.org_id)
        return
    here, leads = {"course": pair.course_id}, reminder.leads(session, pair.course_id)
    members = select(MentorshipMember.person_id).where(MentorshipMember.mentorship_id == pair.id, MentorshipMember.ended_on.is_(None))
    came = set(session.scalars(select(Identity.person_id).where(Identity.person_id.in_(members)))) - set(leads)
    told = [(one, "pair_conflict", "conflict.sheet", {**here, "watched": changed.watch_id}) for one in leads]
    told += [(one, "pair_paused", "meeting.index", here) for one in sorted(came)]
    once = f"conflict:{pair.id}:{base.now().date().isoformat()}"
    for person_id, kind, endpoint, ids in told:
        whom = {"org_id": pair.org_id, "person_id": person_id, "kind": kind, "endpoint": endpoint, "once": once}
        notification.tell(session, facts={}, ids=ids, **whom)
