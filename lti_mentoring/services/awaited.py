# SPDX-License-Identifier: Apache-2.0
"""What of observing waits for somebody: an answer or lines to read in private, opinions to ask for, links to hand over, conflicts, and
lines nobody knows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, and_, bindparam, func, or_, select
from sqlalchemy.orm import aliased

from lti_mentoring.domain.conflict import LETS_THROUGH, UNATTESTED
from lti_mentoring.domain.consent import ASKED, GRANTED, OPEN
from lti_mentoring.domain.observation import RATED, WAITING
from lti_mentoring.domain.people import LEADS, Actor
from lti_mentoring.domain.releasing import SECOND, THIRD
from lti_mentoring.services import opinion, reporting_line
from lti_mentoring.services.matter import RATER
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.conflict import ConflictParty, ConflictWatch
from lti_mentoring.store.field import Participant
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.people import RoleGrant
from lti_mentoring.store.rating import Rater

_org: Any = bindparam("org")
_course: Any = bindparam("course")
_me: Any = bindparam("person")


def _there(*which: Any) -> Select[int]:
    """In how many sessions of this course somebody is in the room themself and this holds."""
    there = and_(Observation.org_id == Participant.org_id, Observation.id == Participant.observation_id)
    mine = (Participant.org_id == _org, Participant.person_id == _me, Observation.course_id == _course)
    return select(func.count(Participant.id)).join(Observation, there).where(*mine, *which)


def _asked(purpose: str, *which: Any) -> Any:
    """Whether somebody was asked for an opinion on an observation."""
    rater = aliased(Rater)
    here = (rater.org_id == Observation.org_id, rater.observation_id == Observation.id, rater.purpose == purpose, rater.state != "ended")
    return select(rater.id).where(*here, *(one(rater) for one in which)).exists()


_own = select(Candidacy.id).where(Candidacy.org_id == _org, Candidacy.person_id == _me)
# Of their own sessions nobody is told that another opinion is wanted, whatever else they are in the course.
_others = (
    Observation.org_id == _org,
    Observation.course_id == _course,
    Observation.observer_id != _me,
    Observation.candidacy_id.not_in(_own),
)
# A link is handed over by who leads, and neither observes nor is observed where anybody else leads.
_candidate = select(Candidacy.person_id).where(Candidacy.org_id == Observation.org_id, Candidacy.id == Observation.candidacy_id)
_someone_else_leads = (
    select(RoleGrant.id)
    .where(RoleGrant.org_id == Observation.org_id, RoleGrant.course_id == Observation.course_id, RoleGrant.role.in_(LEADS))
    .where(RoleGrant.revoked_at.is_(None), RoleGrant.person_id != Observation.observer_id, RoleGrant.person_id.not_in(_candidate))
    .exists()
)
_unreached = (
    select(Participant.id)
    .where(Participant.org_id == Observation.org_id, Participant.observation_id == Observation.id, Participant.waits_for_link)
    .where(Participant.consent == GRANTED, Participant.read_at.is_(None))
    .exists()
)
_watched = (
    ConflictWatch.org_id == _org,
    ConflictWatch.course_id == _course,
    ConflictWatch.ended_at.is_(None),
    ConflictWatch.about_kind != RATER,  # who is asked beside the observer is not for everybody who leads
)

OWN = {
    "answers": _there(Participant.consent == ASKED, Observation.state.in_(OPEN)),
    "unread": _there(Participant.consent == GRANTED, Participant.read_at.is_(None), Observation.state == RATED),
}
"""What waits for anybody, whatever their part in the course."""

COUNTED = OWN | {
    "opinions": select(func.count(Observation.id)).where(
        *_others, Observation.second_reasons != "", Observation.state.in_((*WAITING, RATED)), ~_asked(SECOND)
    ),
    "disputed": select(func.count(Observation.id)).where(
        *_others, Observation.state == RATED, _asked(SECOND, lambda rater: rater.state == "submitted"), ~_asked(THIRD)
    ),
    "links": select(func.count(Observation.id)).where(
        Observation.org_id == _org,
        Observation.course_id == _course,
        Observation.state == RATED,
        _unreached,
        or_(and_(*_others), ~_someone_else_leads),
    ),
    "conflicts": select(func.count(ConflictWatch.id)).where(*_watched, ConflictWatch.verdict.not_in((*LETS_THROUGH, UNATTESTED))),
    "unknown_lines": select(func.count(ConflictWatch.id)).where(*_watched, ConflictWatch.verdict == UNATTESTED),
    "own_line": select(func.count(ConflictWatch.id))
    .join(ConflictParty, and_(ConflictParty.org_id == ConflictWatch.org_id, ConflictParty.watch_id == ConflictWatch.id))
    .where(
        ConflictWatch.org_id == _org,
        ConflictWatch.course_id == _course,
        ConflictWatch.ended_at.is_(None),
        ConflictWatch.verdict == UNATTESTED,
        ConflictParty.person_id == _me,
    ),
}
"""The rest is for who leads the course, and ``own_line`` for whoever has a part in what is held until it is known who manages whom."""


def own(actor: Actor) -> dict[str, int]:
    """What waits for somebody who has no other part in the course, in one statement."""
    asked = select(*(query.scalar_subquery().label(name) for name, query in OWN.items()))
    row = base.connection().execute(asked, {"org": actor.org_id, "course": actor.course_id, "person": actor.person_id}).one()
    return {name: int(getattr(row, name)) for name in OWN}


def sure(actor: Actor, counts: dict[str, int]) -> dict[str, int]:
    """The same counts where numbers alone do not tell: whether two who have rated disagree, whether a policy does without another opinion,
    and whether it is the reader's own line that is not known. Nothing is asked where there is nothing to ask about."""
    found = dict(counts)
    if (counts["opinions"] or counts["disputed"]) and actor.is_any(*LEADS):
        found["opinions"] = sum(not one.rater and not one.spared for one in opinion.waiting(actor=actor))
    if counts["own_line"]:
        known = reporting_line.attestation(base.session(), actor.person_id, on=base.now().date()).holds
        found["own_line"] = 0 if known else counts["own_line"]
    return found
