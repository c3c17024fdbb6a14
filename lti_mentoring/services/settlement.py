# SPDX-License-Identifier: Apache-2.0
"""What became of scores that were sent, written down: arrived, to be tried again and when, or stuck until a person looks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import update

from lti_mentoring.domain import delivery as rules
from lti_mentoring.domain import lane as lane_rules
from lti_mentoring.domain.delivery import DONE, HELD, REFUSED, WAITING, Pace
from lti_mentoring.domain.lane import Limits
from lti_mentoring.domain.reconciliation import LMS_DIFFERS
from lti_mentoring.lti.grades import ATTENTION, Result
from lti_mentoring.services import claimed as scores
from lti_mentoring.services import lane, privacy
from lti_mentoring.services.connection import hold, note_attention
from lti_mentoring.services.dispatch import Job, Outcome
from lti_mentoring.store import base
from lti_mentoring.store.delivery import ScorePublication

MOST_WORDS = 500
"""Characters that are kept of what an LMS said."""

Ended = tuple[Job, Outcome]

_SCORE: Any = ScorePublication.__table__


def settle(ended: Sequence[Ended], *, pace: Pace, limits: Limits, chance: Callable[[], float]) -> None:
    """Write down what became of jobs of one lane and one organisation, those that are still ours: fenced by the attempt number.

    The tenant is in scope. One transaction for all of them, with what their lane learns.
    """
    if not ended:
        return
    now = base.now()
    with base.transactional() as session:
        gate = lane.lock(session, ended[0][0].lane)  # who locks a lane locks it first
        connection = session.connection()
        rows = {row.id: row for row in scores.still_ours(connection, {job.due.id: job.due.attempt for job, _ in ended})}
        # What a worker brings that was cut off for a while, and has lost its scores, is old news: the gate learns nothing from it.
        news = [(job, outcome) for job, outcome in ended if job.due.id in rows]
        told = [_told(outcome) for _, outcome in news if _asked(outcome)]
        if gate is not None:
            lane.heard(session, gate, told, limits=limits, now=now, chance=chance)
        if unasked := {job.registration_id for job, outcome in news if job.due.probe and not _asked(outcome)}:
            lane.unasked(session, ended[0][0].lane, unasked)
        written, lines = [], []
        for job, outcome in news:
            row = rows[job.due.id]
            values = _values(row, job, outcome, pace, chance, now)
            written.append(_SETTLED.row(row, values))
            lines += _line(row, job, values)
        _SETTLED.write(connection, written)
        privacy.note_many(connection, lines, org_id=base.current_tenant())
    _note_registrations(news, pace, limits, chance)


def _asked(outcome: Outcome) -> bool:
    """Whether the LMS was asked anything, if only for a column."""
    return outcome.wait is None or outcome.verdict.kind == "done"


def _told(outcome: Outcome) -> tuple[str, str, lane_rules.Event]:
    verdict = outcome.verdict
    event = lane_rules.event_of(kind=verdict.kind, status=verdict.status, remedy=verdict.remedy, retry_after=verdict.retry_after)
    return verdict.kind if outcome.wait is None else "", verdict.remedy, event


_SETTLED = scores.Writer(
    *("state", "settled", "void", "tries", "next_at", "lease_until", "last_payload_hash", "lms_given", "lms_maximum"),
    *("taken_given", "taken_maximum", "overwrite", "compared", "compared_at"),
    *("fault", "status", "words", "stuck_at", "sent_at"),
)


# --- one score -------------------------------------------------------------------------------------------------------------------


def _values(row: Any, job: Job, outcome: Outcome, pace: Pace, chance: Callable[[], float], now: datetime) -> dict[str, Any]:
    """What the row says from now on."""
    verdict = outcome.verdict
    values = {"lease_until": None, "status": verdict.status, "words": verdict.words[:MOST_WORDS], "fault": verdict.remedy}
    if outcome.wait is not None:
        return {"lease_until": None, "state": WAITING, "next_at": now + outcome.wait}
    if verdict.kind == "done" or (verdict.kind == "stale" and _same(job, outcome.theirs)):
        return values | _delivered(row, job, now)
    if verdict.kind == "later" and not rules.gives_up(verdict.status, row.tries + 1):
        asked = verdict.retry_after
        wait = rules.backoff(row.tries + 1, pace, chance, retry_after=asked - now if asked is not None else None)
        return values | {"state": WAITING, "tries": row.tries + 1, "next_at": now + wait, "stuck_at": None}
    return values | _stuck(row, job, outcome, now)


def _same(job: Job, theirs: Result | None) -> bool:
    if theirs is None:
        return job.said.given is None
    return rules.equal(job.said.given, job.said.maximum, theirs.score, theirs.maximum)


def _delivered(row: Any, job: Job, now: datetime) -> dict[str, Any]:
    return {
        "last_payload_hash": job.fingerprint(),
        "sent_at": now,
        "settled": job.wanted,
        **{"tries": 0, "fault": "", "words": "", "stuck_at": None, "lms_given": None, "lms_maximum": None},
        "taken_given": float(job.said.given) if job.said.given is not None else None,
        **{"taken_maximum": job.said.maximum, "overwrite": False, "compared": "", "compared_at": None},
        "void": row.void and row.wanted != job.wanted,
        **_done_or_again(row, job, now),
    }


def _done_or_again(row: Any, job: Job, now: datetime) -> dict[str, Any]:
    """A decision that came while the score was on its way is sent next."""
    return {"state": DONE} if row.wanted == job.wanted else {"state": WAITING, "next_at": now, "tries": 0}


def _stuck(row: Any, job: Job, outcome: Outcome, now: datetime) -> dict[str, Any]:
    """Refused, or held because the platform has something newer: a person must look. A decision made meanwhile is sent first."""
    values = {"tries": row.tries + 1, "settled": job.wanted, **_done_or_again(row, job, now)}
    if values["state"] == WAITING:
        return values
    values |= {"state": HELD if outcome.verdict.kind == "stale" else REFUSED, "stuck_at": row.stuck_at or now}
    if values["state"] == HELD:
        theirs = outcome.theirs
        values |= {"lms_given": theirs.score if theirs else None, "lms_maximum": theirs.maximum if theirs else None}
        values |= {"compared": LMS_DIFFERS, "compared_at": now, "overwrite": False}
    return values


def _line(row: Any, job: Job, values: dict[str, Any]) -> list[dict[str, Any]]:
    """The line of the record, if something has ended."""
    facts: dict[str, str | int | None] = {"registration": row.registration_id}
    if values.get("sent_at") is not None:
        verb, facts = "deliver", facts | {"told": job.said.grading}
    elif values["state"] in (HELD, REFUSED) and row.stuck_at is None:
        verb, facts = {HELD: "hold", REFUSED: "refuse"}[values["state"]], facts | {"status": values["status"]}
    else:
        return []
    line = {"actor_id": privacy.SYSTEM, "verb": verb, "object_kind": "score", "object_id": row.id}
    return [{**line, "reason": values["fault"], "facts": facts}]


# --- the registration as a whole -------------------------------------------------------------------------------------------------


def _note_registrations(ended: Sequence[Ended], pace: Pace, limits: Limits, chance: Callable[[], float]) -> None:
    """Note what an administrator must mend at the LMS, or that it works again (T-06). While our sign-in itself is refused, one grade
    at a time asks whether it is mended; then those that were turned away go out by themselves."""
    noted: set[tuple[str, str]] = set()
    for job, outcome in ended:
        verdict, registration_id = outcome.verdict, job.registration_id
        for_all = verdict.remedy in ATTENTION
        taken = job.service.attention and not for_all and verdict.kind != "later"  # also by a refusal of this one person
        if not (for_all or taken) or (registration_id, verdict.remedy) in noted:
            continue
        noted.add((registration_id, verdict.remedy))
        if for_all and verdict.everywhere:
            hold(
                registration_id=registration_id,
                what=verdict.remedy,
                until=lambda refusals: lane_rules.rest(limits, refusals, base.now(), chance),
            )
        else:
            note_attention(registration_id=registration_id, what=verdict.remedy if for_all else "")
        if not for_all:
            _revive(job)


def _revive(job: Job) -> None:
    """The platform takes our sign-in again: what was turned away for that, in this organisation, is due."""
    with base.transactional() as session:
        session.execute(
            update(_SCORE)
            .where(
                _SCORE.c.org_id == base.current_tenant(),
                _SCORE.c.registration_id == job.registration_id,
                _SCORE.c.lane == job.lane,
                _SCORE.c.state == REFUSED,
                _SCORE.c.fault.in_(ATTENTION),
            )
            .values(state=WAITING, next_at=base.now(), tries=0, stuck_at=None, last_payload_hash="")
        )
        base.wake_after_commit(job.lane)
