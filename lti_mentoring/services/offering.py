# SPDX-License-Identifier: Apache-2.0
"""Help that is offered before anybody asks: after checks that failed, and to those who have done nothing for long."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lti_mentoring.domain import assistance as rules
from lti_mentoring.domain.assistance import OTHER, UNDER_WAY, Case
from lti_mentoring.services import privacy, programme
from lti_mentoring.store import base
from lti_mentoring.store.assistance import AssistanceRequest
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.people import Identity, Membership
from lti_mentoring.store.training import CheckAttempt

EVERY = timedelta(hours=1)
"""How often the inactive are looked for; days are what counts."""

MOST_AT_ONCE = 500
"""Candidacies that one step looks at."""


OFFERED = (
    select(AssistanceRequest.id)
    .where(
        AssistanceRequest.org_id == Candidacy.org_id,
        AssistanceRequest.candidacy_id == Candidacy.id,
        AssistanceRequest.offer_key.is_not(None),
    )
    .exists()
)
"""Whether help is offered to a candidacy of the statement around this, and not answered yet."""


def offer_after_check(session: Session, candidacy: Candidacy, module_key: str) -> str | None:
    """Offer help with a module, in the transaction that ends a failed attempt at it. -> the offer's id, None where there is no reason.

    Failures count since the last mastered attempt, and since help with this module was last offered or asked for; while that is open,
    nothing more is offered.
    """
    policy = programme.load(candidacy.programme_version_id).policy
    known = session.execute(
        select(AssistanceRequest.made_at, AssistanceRequest.state).where(
            AssistanceRequest.candidacy_id == candidacy.id,
            AssistanceRequest.topic_kind == "module",
            AssistanceRequest.topic_key == module_key,
        )
    ).all()
    if any(one.state in ("offered", *UNDER_WAY) for one in known):
        return None
    latest = max((one.made_at for one in known), default=None)
    attempts = session.execute(
        select(CheckAttempt.mastered, CheckAttempt.finished_at)
        .where(CheckAttempt.candidacy_id == candidacy.id, CheckAttempt.module_key == module_key, CheckAttempt.finished_at.is_not(None))
        .order_by(CheckAttempt.number)
    ).all()
    counted = [one.mastered for one in attempts if latest is None or one.finished_at > latest]
    if not rules.offers_after(policy, rules.failures(counted)):
        return None
    return _offer(session, candidacy.id, candidacy.course_id, "failed_checks", "module", module_key)


def _offer(session: Session, candidacy_id: str, course_id: str, reason: str, kind: str, key: str) -> str | None:
    """One open offer for a candidacy and a reason; of two at the same moment the unique key keeps one."""
    made = AssistanceRequest(
        id=base.new_id(),
        candidacy_id=candidacy_id,
        course_id=course_id,
        topic_kind=kind,
        topic_key=key,
        state=rules.after("new", "offer", Case(actor_id="", subject_id=candidacy_id)),
        reason=reason,
        offer_key=f"{reason}:{key}",
        made_at=base.now(),
        changed_at=base.now(),
    )
    try:
        with session.begin_nested():
            session.add(made)
            session.flush()
    except IntegrityError:
        return None
    privacy.record(session, actor=privacy.SYSTEM, verb="offer", object_kind="assistance_request", object_id=made.id)
    return made.id


# --- the inactive ----------------------------------------------------------------------------------------------------------

_open_already = (
    select(AssistanceRequest.id)
    .where(
        AssistanceRequest.org_id == Candidacy.org_id,
        AssistanceRequest.candidacy_id == Candidacy.id,
        AssistanceRequest.state.in_(("offered", *UNDER_WAY)),
    )
    .exists()
)
_tested = (
    select(Identity.id).where(Identity.org_id == Candidacy.org_id, Identity.person_id == Candidacy.person_id, Identity.test_user).exists()
)
_last_attempt = (
    select(func.max(func.coalesce(CheckAttempt.finished_at, CheckAttempt.started_at)))
    .where(CheckAttempt.org_id == Candidacy.org_id, CheckAttempt.candidacy_id == Candidacy.id)
    .scalar_subquery()
)
_last_request = (
    select(func.max(AssistanceRequest.changed_at))
    .where(AssistanceRequest.org_id == Candidacy.org_id, AssistanceRequest.candidacy_id == Candidacy.id)
    .scalar_subquery()
)
_ACTIVE = (
    select(
        Candidacy.org_id,
        Candidacy.id,
        Candidacy.course_id,
        Candidacy.programme_version_id,
        Candidacy.started_at,
        Membership.launched_at,
        _last_attempt.label("attempted_at"),
        _last_request.label("requested_at"),
    )
    .outerjoin(
        Membership,
        and_(
            Membership.org_id == Candidacy.org_id,
            Membership.course_id == Candidacy.course_id,
            Membership.person_id == Candidacy.person_id,
        ),
    )
    .where(Candidacy.participation == "active", ~_open_already, ~_tested)
    .order_by(Candidacy.org_id, Candidacy.id)
)

Place = tuple[str, str]
"""Organisation and candidacy up to which a round has come."""


def offer_to_inactive(*, now: datetime, after: Place = ("", ""), most: int = MOST_AT_ONCE) -> tuple[int, Place | None]:
    """Offer help to whoever has done nothing for as long as their programme's policy says: no launch, no check, no act about help.

    Looks at ``most`` candidacies after the place ``after``. -> how many offers were made, and the place to go on from, None at the end.
    Nobody is offered who has an open offer or waits for help, so a second round, and a second worker, change nothing.
    """
    org_id, candidacy_id = after
    further = or_(Candidacy.org_id > org_id, and_(Candidacy.org_id == org_id, Candidacy.id > candidacy_id))
    with base.across_organisations("assistance: the inactive"):
        rows = base.session().execute(_ACTIVE.where(further).limit(most)).all()
    by_organisation: dict[str, list[Row[*tuple[Any, ...]]]] = defaultdict(list)
    for row in rows:
        by_organisation[row.org_id].append(row)
    made = sum(_offer_in(org_id, found, now) for org_id, found in by_organisation.items())
    return made, ((rows[-1].org_id, rows[-1].id) if len(rows) == most else None)


def _offer_in(org_id: str, rows: Sequence[Row[*tuple[Any, ...]]], now: datetime) -> int:
    with base.tenant(org_id):
        quiet = [row for row in rows if rules.inactive(programme.load(row.programme_version_id).policy, _last_act(row), now)]
        if not quiet:
            return 0
        with base.transactional() as session:
            made = [_offer(session, row.id, row.course_id, "inactive", OTHER.kind, OTHER.key) for row in quiet]
    return sum(one is not None for one in made)


def _last_act(row: Row[*tuple[Any, ...]]) -> datetime:
    found: list[datetime | None] = [row.started_at, row.launched_at, row.attempted_at, row.requested_at]
    return max(at for at in found if at is not None)


class Rounds:
    """A worker's errand: a round over all candidacies once in ``EVERY``, a bounded step at a time."""

    def __init__(self) -> None:
        self._after: Place = ("", "")
        self._next: datetime | None = None
        self._lock = threading.Lock()

    def step(self) -> bool:
        """Look at the next of them, if it is time. -> whether the round goes on."""
        with self._lock:
            now = base.now()
            if self._next is not None and now < self._next:
                return False
            _, place = offer_to_inactive(now=now, after=self._after)
            self._after, self._next = place or ("", ""), None if place else now + EVERY
            return place is not None
