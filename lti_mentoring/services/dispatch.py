# SPDX-License-Identifier: Apache-2.0
"""One attempt to get one score across: claim it, say what is true now, settle what became of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol, cast

from sqlalchemy import CursorResult, and_, or_, select, update
from sqlalchemy.orm import Session

from lti_mentoring.domain import delivery as rules
from lti_mentoring.domain.delivery import DONE, HELD, REFUSED, SENDING, WAITING, Pace, ScoreState, Standing
from lti_mentoring.lti.grades import Result, Score, Verdict
from lti_mentoring.lti.platforms import profile
from lti_mentoring.lti.registration import Registration
from lti_mentoring.services import privacy
from lti_mentoring.services.score import no_column, target, where_it_stands
from lti_mentoring.store import base
from lti_mentoring.store.delivery import ScorePublication
from lti_mentoring.store.people import Identity, Membership, Placement

MOST_WORDS = 500
"""Characters that are kept of what an LMS said."""


class Grades(Protocol):
    """What is asked of ``lti.grades.Grades``; none of it raises for trouble at the other end."""

    def ensure_line_item(
        self, *, lineitems_url: str, resource_link_id: str, resource_id: str, tag: str, label: str, score_maximum: int
    ) -> str | Verdict: ...

    def post_score(self, lineitem_url: str, score: Score) -> Verdict: ...

    def result(self, lineitem_url: str, user_id: str) -> Result | Verdict | None: ...


@dataclass(frozen=True, slots=True)
class Due:
    """A score that may be claimed, as it was seen: a claim that finds another attempt number has come too late."""

    org_id: str
    id: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed score with all that its sending needs, so that no transaction is open meanwhile."""

    due: Due
    attempt: int
    wanted: int
    tries: int
    placement_id: str
    deployment: str
    item: str
    title: str
    resource_link_id: str
    lineitem_url: str | None
    lineitems_url: str | None
    user_id: str
    said: ScoreState
    timestamp: datetime

    def fingerprint(self, url: str | None) -> str:
        """What tells one message from another, but for its time."""
        return _fingerprint(url, self.user_id, self.said)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a job: the platform's verdict, where it was sent, and what the platform holds instead."""

    verdict: Verdict
    url: str | None = None
    theirs: Result | None = None
    wait: timedelta | None = None


def _fingerprint(url: str | None, user_id: str, said: ScoreState) -> str:
    parts = (url, user_id, said.activity, said.grading, said.given, said.maximum)
    return hashlib.sha256(repr(parts).encode()).hexdigest()


# --- claim -----------------------------------------------------------------------------------------------------------------------


def claim(due: Due, registration: Registration, pace: Pace) -> Job | None:
    """Take a score that is due and write down what will be sent, before it is sent. The tenant is in scope.

    One conditional update decides between workers, on any database. -> None if another one was faster, or if by the state of
    things now there is nothing to say; then the row is settled already.
    """
    now = base.now()
    with base.transactional() as session:
        taken = session.execute(
            update(ScorePublication)
            .where(ScorePublication.id == due.id, ScorePublication.attempt == due.attempt, due_at(now))
            .values(state=SENDING, attempt=due.attempt + 1, lease_until=now + timedelta(seconds=pace.lease_seconds), tried_at=now)
            .execution_options(synchronize_session=False)
        )
        if not cast(CursorResult[Any], taken).rowcount:
            return None
        row, placement = session.execute(
            select(ScorePublication, Placement)
            .join(Placement, and_(Placement.org_id == ScorePublication.org_id, Placement.id == ScorePublication.placement_id))
            .where(ScorePublication.id == due.id)
        ).one()
        job = _job(session, due, row, placement, registration, now)
        if job is None:
            row.state, row.lease_until, row.settled, row.tries = DONE, None, row.wanted, 0
        return job


def due_at(now: datetime) -> Any:
    """Which scores may be claimed: those whose time has come, and those whose worker has died."""
    return or_(
        and_(ScorePublication.state == WAITING, ScorePublication.next_at <= now),
        and_(ScorePublication.state == SENDING, ScorePublication.lease_until <= now),
    )


def _job(
    session: Session, due: Due, row: ScorePublication, placement: Placement, registration: Registration, now: datetime
) -> Job | None:
    """What to send by the state of things now; None for nothing. Writes the message's time and kind into the row."""
    if not rules.graded(placement.item) or no_column(placement):
        return None
    user_id = _gradable(session, row, placement, registration)
    if user_id is None:
        return None
    quirks = profile(registration.family)
    stands = where_it_stands(session, placement, row.person_id)
    if row.void and stands.stage != rules.FINAL:
        stands = Standing(rules.VOID)
    said = rules.score_for(
        stands,
        grading=placement.grading,
        wipes_on_nonfinal=quirks.wipes_on_nonfinal,
        final_sent=row.grading == rules.FULLY_GRADED,
        last_activity=row.activity,
    )
    url = target(placement, quirks)
    if said is None or row.last_payload_hash == _fingerprint(url, user_id, said):
        return None
    # From here on the platform may have it, whatever happens to this process.
    row.last_timestamp = rules.next_timestamp(now, row.last_timestamp, timedelta(seconds=quirks.timestamp_step_seconds))
    row.activity, row.grading = said.activity, said.grading
    row.given = float(said.given) if said.given is not None else None
    row.maximum = said.maximum
    return Job(
        due=due,
        attempt=row.attempt,
        wanted=row.wanted,
        tries=row.tries,
        placement_id=placement.id,
        deployment=placement.deployment_id,
        item=placement.item,
        title=placement.title or placement.item,
        resource_link_id=placement.resource_link_id,
        lineitem_url=url,
        lineitems_url=placement.lineitems_url,
        user_id=user_id,
        said=said,
        timestamp=row.last_timestamp,
    )


def _gradable(session: Session, row: ScorePublication, placement: Placement, registration: Registration) -> str | None:
    """The person's id at this platform, if they are a learner in this course and no test user."""
    found = session.execute(
        select(Identity.sub, Identity.test_user)
        .join(Membership, and_(Membership.org_id == Identity.org_id, Membership.person_id == Identity.person_id))
        .where(
            Identity.person_id == row.person_id,
            Identity.issuer == registration.issuer,
            Membership.course_id == placement.course_id,
            Membership.standing == "learner",
        )
        .order_by(Identity.registration_id != registration.id, Identity.id)
    ).first()
    return found.sub if found is not None and not found.test_user else None


# --- send ------------------------------------------------------------------------------------------------------------------------


def send(job: Job, grades: Grades, pace: Pace) -> Outcome:
    """Send a claimed score; the column is looked for or made first where the activity has none. No transaction is open."""
    url = job.lineitem_url
    if url is None:
        found = _column(job, grades, pace)
        if isinstance(found, Outcome):
            return found
        url = found
    verdict = grades.post_score(url, _score(job))
    if verdict.kind != "stale":
        return Outcome(verdict, url)
    theirs = grades.result(url, job.user_id)
    if isinstance(theirs, Verdict):
        # Without their side nothing can be decided: try again while that is of use, else show the first answer to staff.
        return Outcome(theirs if theirs.kind == "later" else verdict, url)
    return Outcome(verdict, url, theirs)


def _score(job: Job) -> Score:
    """No comment and no scorer: neither notes nor names leave with a grade."""
    said = job.said
    return Score(
        user_id=job.user_id,
        timestamp=job.timestamp,
        activity_progress=said.activity,
        grading_progress=said.grading,
        score_given=round(float(said.given), 4) if said.given is not None else None,
        score_maximum=said.maximum,
        comment=None,
    )


def _column(job: Job, grades: Grades, pace: Pace) -> str | Outcome:
    """Find or make the placement's column; one worker at a time, since two at once would make two."""
    if job.lineitems_url is None or not _claim_column(job, pace):
        verdict = Verdict(kind="later", status=None, words="", remedy="", retry_after=None)
        return Outcome(verdict, wait=timedelta(seconds=min(1.0, pace.base_seconds)))
    found = grades.ensure_line_item(
        lineitems_url=job.lineitems_url,
        resource_link_id=job.resource_link_id,
        # The item and not the placement: it survives the copy of a course (LI-04, LI-07).
        resource_id=job.item,
        tag=rules.tag(job.item),
        label=job.title,
        score_maximum=job.said.maximum or 1,
    )
    own = {"own_lineitem_url": found} if isinstance(found, str) else {}
    with base.transactional() as session:
        session.execute(update(Placement).where(Placement.id == job.placement_id).values(lineitem_until=None, **own))
    return found if isinstance(found, str) else Outcome(found)


def _claim_column(job: Job, pace: Pace) -> bool:
    now = base.now()
    with base.transactional() as session:
        taken = session.execute(
            update(Placement)
            .where(
                Placement.id == job.placement_id,
                Placement.own_lineitem_url.is_(None),
                or_(Placement.lineitem_until.is_(None), Placement.lineitem_until <= now),
            )
            .values(lineitem_until=now + timedelta(seconds=pace.lease_seconds))
            .execution_options(synchronize_session=False)
        )
    return bool(cast(CursorResult[Any], taken).rowcount)


# --- settle ----------------------------------------------------------------------------------------------------------------------


def settle(job: Job, outcome: Outcome, pace: Pace, chance: Callable[[], float]) -> datetime | None:
    """Write down what became of a job, if it is still ours: fenced by the attempt number. -> when it is due again, if it is."""
    now = base.now()
    with base.transactional() as session:
        row = session.scalar(
            select(ScorePublication)
            .where(ScorePublication.id == job.due.id, ScorePublication.attempt == job.attempt, ScorePublication.state == SENDING)
            .with_for_update()
        )
        if row is None:
            return None
        verdict = outcome.verdict
        row.lease_until, row.status, row.words, row.fault = None, verdict.status, verdict.words[:MOST_WORDS], verdict.remedy
        if verdict.kind == "done" or (verdict.kind == "stale" and _same(job, outcome.theirs)):
            _delivered(session, row, job, outcome, now)
        elif verdict.kind == "later" and not rules.gives_up(verdict.status, row.tries + 1):
            _postpone(row, outcome, pace, chance, now)
        else:
            _stuck(session, row, job, outcome, now)
        return row.next_at if row.state == WAITING else None


def _same(job: Job, theirs: Result | None) -> bool:
    if theirs is None:
        return job.said.given is None
    return rules.equal(job.said.given, job.said.maximum, theirs.score, theirs.maximum)


def _delivered(session: Session, row: ScorePublication, job: Job, outcome: Outcome, now: datetime) -> None:
    row.last_payload_hash, row.sent_at, row.settled = job.fingerprint(outcome.url), now, job.wanted
    row.tries, row.fault, row.words, row.stuck_at, row.lms_given, row.lms_maximum = 0, "", "", None, None, None
    row.void = row.void and row.wanted != job.wanted
    _done_or_again(row, job, now)
    _record(session, "deliver", row, told=job.said.grading)


def _done_or_again(row: ScorePublication, job: Job, now: datetime) -> None:
    """A decision that came while the score was on its way is sent next."""
    row.state = DONE
    if row.wanted != job.wanted:
        row.state, row.next_at, row.tries = WAITING, now, 0


def _postpone(row: ScorePublication, outcome: Outcome, pace: Pace, chance: Callable[[], float], now: datetime) -> None:
    row.state = WAITING
    if outcome.wait is not None:
        row.next_at = now + outcome.wait
        return
    row.tries += 1
    asked = outcome.verdict.retry_after
    row.next_at = now + rules.backoff(row.tries, pace, chance, retry_after=asked - now if asked is not None else None)


def _stuck(session: Session, row: ScorePublication, job: Job, outcome: Outcome, now: datetime) -> None:
    """Refused, or held because the platform has something newer: a person must look. A decision made meanwhile is sent first."""
    row.tries += 1
    row.settled = job.wanted
    _done_or_again(row, job, now)
    if row.state == WAITING:
        return
    row.state = HELD if outcome.verdict.kind == "stale" else REFUSED
    if row.state == HELD:
        row.lms_given = outcome.theirs.score if outcome.theirs is not None else None
        row.lms_maximum = outcome.theirs.maximum if outcome.theirs is not None else None
    row.stuck_at = row.stuck_at or now
    _record(session, {HELD: "hold", REFUSED: "refuse"}[row.state], row, status=row.status)


def _record(session: Session, verb: str, row: ScorePublication, **facts: str | int | None) -> None:
    lane = row.registration_id
    privacy.record(
        session, actor=privacy.SYSTEM, verb=verb, object_kind="score", object_id=row.id, reason=row.fault, registration=lane, **facts
    )
