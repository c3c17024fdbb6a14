# SPDX-License-Identifier: Apache-2.0
"""Getting claimed scores across: say what is true now of each, and send it; no transaction is open meanwhile."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol, cast

from sqlalchemy import CursorResult, or_, update

from lti_mentoring.domain import delivery as rules
from lti_mentoring.domain.delivery import DONE, WAITING, Pace, ScoreState, Standing
from lti_mentoring.domain.reconciliation import LOOK_FIRST, Theirs, somebody_elses
from lti_mentoring.lti.grades import RESULT as RESULT_SCOPE
from lti_mentoring.lti.grades import Result, Score, Verdict
from lti_mentoring.lti.platforms import Profile, profile
from lti_mentoring.services import claimed as scores
from lti_mentoring.services import lane
from lti_mentoring.services.claimed import Place
from lti_mentoring.services.connection import Service, services_of
from lti_mentoring.services.lane import Due
from lti_mentoring.services.score import no_column, target, where_they_stand
from lti_mentoring.store import base
from lti_mentoring.store.people import Placement


class Grades(Protocol):
    """What is asked of ``lti.grades.Grades``; none of it raises for trouble at the other end."""

    def work(self) -> AbstractContextManager[None]: ...

    def ensure_line_item(
        self, *, lineitems_url: str, resource_link_id: str | None, resource_id: str, tag: str, label: str, score_maximum: int
    ) -> str | Verdict: ...

    def post_score(self, lineitem_url: str, score: Score) -> Verdict: ...

    def result(self, lineitem_url: str, user_id: str) -> Result | Verdict | None: ...


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed score with all that its sending needs. Without ``lineitem_url`` its column must be looked for first, and nothing is
    said yet: then there is no ``timestamp``."""

    due: Due
    lane: str
    service: Service
    registration_id: str
    wanted: int
    tries: int
    placement_id: str
    item: str
    title: str
    resource_link_id: str | None
    lineitem_url: str | None
    lineitems_url: str | None
    user_id: str
    said: ScoreState
    timestamp: datetime | None
    ours: tuple[tuple[float | None, float | None], ...] | None = None
    """The scores that are ours if the gradebook holds them. Unless None, it is read first: what is none of them stays."""

    def fingerprint(self) -> str:
        """What tells one message from another, but for its time."""
        return _fingerprint(self.lineitem_url, self.user_id, self.said)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a job: the platform's verdict, and what the platform holds instead. With ``wait`` no score was sent, and it is
    due again after it; then a verdict of ``done`` says that its column was found."""

    verdict: Verdict
    theirs: Result | None = None
    wait: timedelta | None = None


def _fingerprint(url: str | None, user_id: str, said: ScoreState) -> str:
    parts = (url, user_id, said.activity, said.grading, said.given, said.maximum)
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _cell(url: str, user_id: str) -> str:
    return hashlib.sha256(f"{url}\n{user_id}".encode()).hexdigest()[:32]


# --- prepare ---------------------------------------------------------------------------------------------------------------------


def prepare(lane_key: str, claimed: Sequence[Due], pace: Pace) -> list[Job]:
    """What to send of claimed scores of one organisation by the state of things now, written down before it is sent.

    The tenant is in scope. Scores of which there is nothing to say are settled here. A cell of a gradebook that another request is
    on its way to waits for that one.
    """
    if not claimed:
        return []
    now = base.now()
    with base.transactional() as session:
        lane.lock(session, lane_key)  # two workers must not find one cell free
        connection = session.connection()
        rows = scores.with_places(connection, claimed)
        services = services_of(connection, {place.deployment_id for _, place in rows})
        graded = [(row, place) for row, place in rows if _may_be_told(place, services)]
        users = scores.users(connection, graded, services)
        stands = where_they_stand(connection, [(place, row.person_id) for row, place in graded if row.id in users])
        plans = [_plan(row, place, services, users, stands) for row, place in rows]
        addressed = [plan for plan in plans if plan.cell]
        cells = scores.cells_of(connection, {plan.cell for plan in addressed}, {plan.row.id for plan in addressed}, now)
        dues = {one.id: one for one in claimed}
        jobs, written, kept, unasked = [], [], [], set()
        for plan in plans:
            due = dues[plan.row.id]
            job, values = _decide(plan, due, lane_key, cells, pace, now)
            written.append(_TOLD.row(plan.row, values))
            if plan.row.void and plan.user_id and plan.said is None:
                kept.append(plan.row)
            if job is not None:
                jobs.append(job)
            elif due.probe:
                unasked.add(plan.row.registration_id)
        _TOLD.write(connection, written)
        scores.take_nothing_back(connection, kept)
        if unasked:
            lane.unasked(session, lane_key, unasked)
    return jobs


_TOLD = scores.Writer(
    *("state", "lease_until", "next_at", "settled", "tries", "cell", "last_timestamp", "activity", "grading", "given", "maximum"),
    "status",
)


def _may_be_told(place: Place, services: Mapping[str, Service]) -> bool:
    return place.deployment_id in services and rules.graded(place.item) and not no_column(place)


@dataclass(frozen=True, slots=True)
class _Plan:
    """A score with what may be said of it; nothing where ``said`` is None."""

    row: Any
    place: Place
    service: Service | None = None
    quirks: Profile | None = None
    user_id: str = ""
    said: ScoreState | None = None
    url: str | None = None
    cell: str = ""


def _plan(
    row: Any, place: Place, services: Mapping[str, Service], users: Mapping[str, str], stands: Mapping[tuple[str, str], Standing]
) -> _Plan:
    user_id = users.get(row.id)
    if user_id is None:
        return _Plan(row, place)
    service = services[place.deployment_id]
    quirks = profile(service.registration.family)
    standing = stands[place.id, row.person_id]
    if row.void and standing.stage != rules.FINAL:
        standing = Standing(rules.VOID)
    said = rules.score_for(
        standing,
        grading=place.grading,
        wipes_on_nonfinal=quirks.wipes_on_nonfinal,
        final_sent=row.grading == rules.FULLY_GRADED and row.given is not None,
        last_activity=row.activity,
        last_score=(row.given, row.maximum) if row.given is not None and row.maximum and not row.void else None,
    )
    url = target(place, quirks)
    if said is None or row.last_payload_hash == _fingerprint(url, user_id, said):
        return _Plan(row, place, user_id=user_id)
    return _Plan(row, place, service, quirks, user_id, said, url, _cell(url, user_id) if url else "")


def _decide(
    plan: _Plan, due: Due, lane_key: str, cells: dict[str, scores.Cell], pace: Pace, now: datetime
) -> tuple[Job | None, dict[str, Any]]:
    """The job, and what the row says from now on."""
    row, place, said, service = plan.row, plan.place, plan.said, plan.service
    values: dict[str, Any] = {}
    if said is None or service is None or plan.quirks is None:
        return None, values | {"state": DONE, "lease_until": None, "settled": row.wanted, "tries": 0}
    cell = cells.get(plan.cell, scores.Cell())
    if plan.cell and cell.taken:
        return None, values | {"state": WAITING, "lease_until": None, "next_at": now + timedelta(seconds=min(1.0, pace.base_seconds))}
    timestamp, ours = None, None
    if plan.url is not None:
        # From here on the platform may have it, whatever happens to this process.
        latest = max((at for at in (cell.last, row.last_timestamp) if at is not None), default=None)
        timestamp = rules.next_timestamp(now, latest, timedelta(seconds=plan.quirks.timestamp_step_seconds))
        given = float(said.given) if said.given is not None else None
        ours = _known(row, place, cell, said)
        cells[plan.cell] = scores.Cell(True, timestamp, cell.ours)
        values |= {"cell": plan.cell, "last_timestamp": timestamp, "given": given, "maximum": said.maximum}
        values |= {"activity": said.activity, "grading": said.grading, "status": None}  # until an answer is heard
    job = Job(
        due=due,
        lane=lane_key,
        service=service,
        registration_id=place.registration_id,
        wanted=row.wanted,
        tries=row.tries,
        placement_id=place.id,
        item=place.item,
        title=place.title or place.item,
        resource_link_id=place.resource_link_id if place.part_of is None else None,
        lineitem_url=plan.url,
        lineitems_url=place.lineitems_url,
        user_id=plan.user_id,
        said=said,
        timestamp=timestamp,
        ours=ours,
    )
    return job, values


def _known(row: Any, place: Place, cell: scores.Cell, said: ScoreState) -> tuple[tuple[float | None, float | None], ...] | None:
    """Every score that is ours if we find it in the cell; None where nobody needs to look before we send.

    Only where a score of ours may stand already, or where somebody's own grade was seen, may a person have written over it; a first
    score costs no request more. That something is complete without points, or no more, may clear whatever is there.
    Staff who have seen what is there may say that ours goes over it, and over nothing else.
    """
    now_said = (float(said.given) if said.given is not None else None, said.maximum)
    known = (*cell.ours, (row.given, row.maximum), (row.taken_given, row.taken_maximum), now_said)
    # Whoever answered with a refusal or a fault has not taken ours; where no answer was heard, it may be there.
    unheard = row.grading == rules.FULLY_GRADED and row.given is not None and row.status is None
    sent = row.taken_given is not None or unheard
    pointless = said.given is None and rules.FULLY_GRADED in (said.grading, row.grading)
    if RESULT_SCOPE not in place.ags_scopes or not (sent or pointless or row.overwrite or row.compared in LOOK_FIRST):
        return None
    if row.overwrite and row.lms_given is None:
        return None
    if row.overwrite:
        known = (*known, (row.lms_given, row.lms_maximum))
    return tuple(dict.fromkeys(pair for pair in known if pair[0] is not None))


# --- send ------------------------------------------------------------------------------------------------------------------------


def send(job: Job, grades: Grades, pace: Pace) -> Outcome:
    """Send a claimed score, or look for its column (and make it) where the activity has none. No transaction is open.

    All its requests share one total time, which the lease outlasts.
    """
    with grades.work():
        return _send(job, grades, pace)


def _send(job: Job, grades: Grades, pace: Pace) -> Outcome:
    if job.lineitem_url is None or job.timestamp is None:
        return _find_column(job, grades, pace)
    if job.ours is not None and (found := _look(job, job.lineitem_url, job.ours, grades)) is not None:
        return found
    verdict = grades.post_score(job.lineitem_url, _score(job, job.timestamp))
    if verdict.kind != "stale":
        return Outcome(verdict)
    theirs = grades.result(job.lineitem_url, job.user_id)
    if isinstance(theirs, Verdict):
        # Without their side nothing can be decided: try again while that is of use, else show the first answer to staff.
        return Outcome(theirs if theirs.kind == "later" else verdict)
    return Outcome(verdict, theirs)


_TELLING = frozenset({"column_gone", "credentials", "keys_unreachable", "address_refused", "redirected"})
"""Refusals of a look that the score would meet as well. Where reading alone is not allowed, nobody can look."""


def _look(job: Job, url: str, ours: tuple[tuple[float | None, float | None], ...], grades: Grades) -> Outcome | None:
    """Whether the gradebook holds a grade that is none of ours: then it stays, and staff decide. None: nothing is in the way."""
    found = grades.result(url, job.user_id)
    if isinstance(found, Verdict):
        if found.status == 500:
            found = replace(found, remedy="no_look")
        return Outcome(found) if found.kind == "later" or found.remedy in _TELLING else None
    theirs = Theirs(found.score, found.maximum) if found is not None else None
    decimals = profile(job.service.registration.family).result_decimals
    if not somebody_elses(ours, theirs, decimals=decimals):
        return None
    return Outcome(Verdict("stale", remedy=rules.TEACHER_GRADE), found)


def _score(job: Job, timestamp: datetime) -> Score:
    """No comment and no scorer: neither notes nor names leave with a grade."""
    said = job.said
    return Score(
        user_id=job.user_id,
        timestamp=timestamp,
        activity_progress=said.activity,
        grading_progress=said.grading,
        score_given=round(float(said.given), 4) if said.given is not None else None,
        score_maximum=said.maximum,
        comment=None,
    )


_NOTHING_SENT = Verdict(kind="later", status=None, words="", remedy="", retry_after=None)


def _find_column(job: Job, grades: Grades, pace: Pace) -> Outcome:
    """Find or make the placement's column; one worker at a time, since two at once would make two. The score is due once it is there."""
    if job.lineitems_url is None or not _claim_column(job, pace):
        return Outcome(_NOTHING_SENT, wait=timedelta(seconds=min(1.0, pace.base_seconds)))
    found = grades.ensure_line_item(
        lineitems_url=job.lineitems_url,
        resource_link_id=job.resource_link_id,
        # The item and not the placement: it survives the copy of a course (LI-04, LI-07).
        resource_id=job.item,
        tag=rules.tag(job.item),
        label=job.title,
        score_maximum=job.said.maximum or 1,
    )
    own = {"own_lineitem_url": found, "own_label": job.title[:400]} if isinstance(found, str) else {}
    with base.transactional() as session:
        session.execute(update(Placement).where(Placement.id == job.placement_id).values(lineitem_until=None, **own))
    return Outcome(Verdict("done"), wait=timedelta(0)) if isinstance(found, str) else Outcome(found)


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
