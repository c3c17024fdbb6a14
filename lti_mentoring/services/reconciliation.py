# SPDX-License-Identifier: Apache-2.0
"""The gradebook compared with what we hold: column by column, at night and when staff ask; nothing is changed by looking."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Protocol, TypeVar, cast

from sqlalchemy import CursorResult, and_, exists, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from lti_mentoring.domain import reconciliation as rules
from lti_mentoring.domain.delivery import SENDING, WAITING
from lti_mentoring.domain.reconciliation import Ours, Theirs
from lti_mentoring.lti.grades import RESULT, Result
from lti_mentoring.lti.platforms import profile
from lti_mentoring.lti.registration import Registration as KnownRegistration
from lti_mentoring.lti.verdict import Ended, Verdict
from lti_mentoring.services import claimed, columns, lane, privacy
from lti_mentoring.services.connection import Service, services_of
from lti_mentoring.services.score import target
from lti_mentoring.store import base
from lti_mentoring.store.delivery import DeliveryLane, Reconciliation, ScorePublication
from lti_mentoring.store.people import Identity, Placement
from lti_mentoring.store.platform import Registration

RUNNING, FAILED, DONE = "running", "failed", "done"

LEASE = timedelta(minutes=10)
"""How long a worker may take from one batch of results to the next: longer than a page of an LMS may take."""

BATCH = 200
MOST_TRIES = 6
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)
IDLE_SECONDS = 5.0

NOT_READABLE, NO_COLUMN = "not_readable", "no_column"

_SCORE = base.table(ScorePublication)
_Found = TypeVar("_Found")


class Grades(columns.Columns, Protocol):
    """What is asked of ``lti.grades.Grades`` here."""

    def results(self, lineitem_url: str) -> Iterator[tuple[str, Result]]: ...


GradesFor = Callable[[KnownRegistration, str | None], Grades]


@dataclass(frozen=True, slots=True)
class _Look:
    """A comparison that is ours to make, at its attempt: who names an earlier one has come too late."""

    org_id: str
    id: str
    placement_id: str
    attempt: int
    tries: int
    begun: datetime


@dataclass(frozen=True, slots=True)
class _Column:
    service: Service
    url: str
    decimals: int
    own: Placement | None
    """The activity, if the column is one that we made."""


class Comparer:
    """The worker's errand. It remembers for a moment that there was nothing to do."""

    def __init__(self, grades_for: GradesFor, *, chance: Callable[[], float] = random.random) -> None:
        self._grades_for, self._chance, self._rests_until = grades_for, chance, 0.0

    def step(self) -> bool:
        """Compare one column, if one is due. -> whether one was"""
        if time.monotonic() < self._rests_until:
            return False
        look = _claim()
        if look is None:
            self._rests_until = time.monotonic() + IDLE_SECONDS
            return False
        with base.tenant(look.org_id):
            _compare(look, self._grades_for, self._chance)
        return True


# --- what is due -----------------------------------------------------------------------------------------------------------------


def enlist() -> None:
    """See to it that every column to which something was sent is compared at night; what the sweep does."""
    sent = exists().where(
        ScorePublication.org_id == Placement.org_id, ScorePublication.placement_id == Placement.id, ScorePublication.sent_at.is_not(None)
    )
    known = exists().where(Reconciliation.org_id == Placement.org_id, Reconciliation.placement_id == Placement.id)
    with base.across_organisations("reconciliation: enlist"):
        query = select(Placement.org_id, Placement.id, Placement.registration_id).where(sent, ~known).limit(1000)
        found = base.session().execute(query).all()
    for org_id in sorted({row.org_id for row in found}):
        with base.tenant(org_id), base.transactional() as session:
            at = rules.tonight(base.now(), random.random())  # nosec B311 (a place in the night)
            enter(session, org_id, [(row.id, row.registration_id) for row in found if row.org_id == org_id], next_at=at)


def enter(session: Session, org_id: str, placements: Iterable[tuple[str, str]], *, next_at: datetime) -> None:
    """Give activities that were never compared a row, in the caller's transaction: (placement, registration) of each."""
    insert = postgresql.insert(Reconciliation) if session.get_bind().dialect.name == "postgresql" else sqlite.insert(Reconciliation)
    made = {"org_id": org_id, "state": DONE, "asked_at": base.now(), "next_at": next_at}
    rows = [{**made, "id": base.new_id(), "placement_id": one, "registration_id": at} for one, at in placements]
    if rows:
        session.execute(insert.on_conflict_do_nothing(), rows)


def soon(session: Session, org_id: str, placement_id: str, registration_id: str, at: datetime) -> None:
    """Look at ``at``, unless a look is due sooner; in the caller's transaction."""
    enter(session, org_id, [(placement_id, registration_id)], next_at=at)
    mine = and_(Reconciliation.placement_id == placement_id, Reconciliation.state.in_((DONE, FAILED)), Reconciliation.next_at > at)
    session.execute(update(Reconciliation).where(mine).values(next_at=at))


def _claim() -> _Look | None:
    """The comparison that is due longest, for this worker alone until its lease ends."""
    now = base.now()
    due = or_(
        and_(Reconciliation.state.in_((WAITING, DONE, FAILED)), Reconciliation.next_at <= now),
        and_(Reconciliation.state == RUNNING, Reconciliation.lease_until <= now),
    )
    query = (
        select(Reconciliation.org_id, Reconciliation.id, Reconciliation.placement_id, Reconciliation.attempt, Reconciliation.tries)
        .join(Registration, Registration.id == Reconciliation.registration_id)
        .where(due, Registration.active)
        .order_by(Reconciliation.next_at)
        .limit(1)
    )
    with base.across_organisations("reconciliation: claim"):
        found = base.session().execute(query).first()
        if found is None:
            return None
        with base.transactional() as session:
            taken = session.execute(
                update(Reconciliation)
                .where(Reconciliation.org_id == found.org_id, Reconciliation.id == found.id, Reconciliation.attempt == found.attempt)
                .values(state=RUNNING, attempt=found.attempt + 1, lease_until=now + LEASE)
                .execution_options(synchronize_session=False)
            )
    if not cast(CursorResult[Any], taken).rowcount:
        return None
    return _Look(found.org_id, found.id, found.placement_id, found.attempt + 1, found.tries, now)


# --- one column ------------------------------------------------------------------------------------------------------------------


def _compare(look: _Look, grades_for: GradesFor, chance: Callable[[], float]) -> None:
    """Read the column page by page and write down what each cell says; no transaction is open while the LMS is asked.

    Whoever is killed in the middle leaves verdicts that are true, and the lease gives the column to the next worker, who begins anew.
    """
    column = _column(look)
    if isinstance(column, str):
        _end(look, state=DONE, fault=column, next_at=rules.tonight(look.begun, chance()))
        return
    if isinstance(column, datetime):
        _end(look, state=WAITING, next_at=column)
        return
    grades = grades_for(column.service.registration, column.service.deployment_id)
    if column.own is not None:
        columns.tend(column.own, column.url, grades)
    try:
        for batch in batched(grades.results(column.url), BATCH):
            if not _write(look, column, dict(batch)):
                return
    except Ended as ended:
        _failed(look, ended.verdict, chance)
        return
    if _absent(look, column):
        _finish(look, rules.tonight(look.begun, chance()))


def batched(found: Iterable[_Found], size: int) -> Iterator[list[_Found]]:
    """``found`` in lists of ``size``, the last one shorter; no more than one is kept."""
    them = iter(found)
    while batch := list(islice(them, size)):
        yield batch


def _column(look: _Look) -> _Column | str | datetime:
    """Where to read; or why there is nothing to read; or when to ask again, where the LMS is left alone."""
    place = base.session().scalars(select(Placement).where(Placement.id == look.placement_id)).one()
    service = services_of(base.connection(), {place.deployment_id}).get(place.deployment_id)
    if RESULT not in place.ags_scopes or service is None:
        return NOT_READABLE
    quirks = profile(service.registration.family)
    url = target(place, quirks)
    if url is None:
        return NO_COLUMN
    key, _ = lane.of_placement(place, service.registration.issuer)
    rests = base.session().execute(select(DeliveryLane.paused, DeliveryLane.rests_until).where(DeliveryLane.key == key)).first()
    if rests is not None and (rests.paused or (rests.rests_until is not None and rests.rests_until > look.begun)):
        return max(rests.rests_until or look.begun, look.begun + FIRST_WAIT)
    base.session().expunge(place)
    base.end_read()
    return _Column(service, url, quirks.result_decimals, place if columns.ours(place, url) else None)


def _still_ours(session: Session, look: _Look) -> bool:
    """Hold on to the lease for a while more; False for who has lost it."""
    done = session.execute(
        update(Reconciliation)
        .where(Reconciliation.id == look.id, Reconciliation.attempt == look.attempt, Reconciliation.state == RUNNING)
        .values(lease_until=base.now() + LEASE)
        .execution_options(synchronize_session=False)
    )
    return bool(cast(CursorResult[Any], done).rowcount)


_READ = ("org_id", "id", "cell", "state", "sent_at", "taken_given", "taken_maximum", "compared", "compared_at", "lms_given", "lms_maximum")
_WRITER = claimed.Writer("compared", "compared_at", "lms_given", "lms_maximum")


def _write(look: _Look, column: _Column, found: Mapping[str, Result]) -> bool:
    """What a batch of results says of our people; False if another worker has the column by now."""
    with base.transactional() as session:
        if not _still_ours(session, look):
            return False
        rows = session.execute(
            select(*(_SCORE.c[name] for name in _READ), Identity.sub)
            .join(Identity, and_(Identity.org_id == _SCORE.c.org_id, Identity.person_id == _SCORE.c.person_id))
            .where(
                _SCORE.c.org_id == look.org_id,
                _SCORE.c.placement_id == look.placement_id,
                Identity.issuer == column.service.registration.issuer,
                Identity.sub.in_(found),
            )
            # Who has several ids at one issuer is known by the one that this registration has named.
            .order_by(_SCORE.c.person_id, Identity.registration_id == column.service.registration.id)
            .with_for_update(of=_SCORE)
        ).all()
        rows = list({row.id: row for row in rows}.values())
        theirs = {row.id: Theirs(found[row.sub].score, found[row.sub].maximum) for row in rows}
        _note(session, look, column, rows, theirs)
    return True


def _absent(look: _Look, column: _Column) -> bool:
    """Those of whom the gradebook said nothing. The list has ended by itself, so what is not in it is not there."""
    while True:
        with base.transactional() as session:
            if not _still_ours(session, look):
                return False
            rows = session.execute(
                select(*(_SCORE.c[name] for name in _READ))
                .where(
                    _SCORE.c.org_id == look.org_id,
                    _SCORE.c.placement_id == look.placement_id,
                    or_(_SCORE.c.compared_at.is_(None), _SCORE.c.compared_at < look.begun),
                )
                .order_by(_SCORE.c.person_id)
                .limit(BATCH)
                .with_for_update()
            ).all()
            _note(session, look, column, rows, {})
        if len(rows) < BATCH:
            return True


def _note(session: Session, look: _Look, column: _Column, rows: Collection[Any], theirs: Mapping[str, Theirs]) -> None:
    verdicts = {}
    for row in rows:
        # What arrived after we had begun to read may be missing from what we have read.
        state = SENDING if row.sent_at is not None and row.sent_at >= look.begun else row.state
        ours = Ours(state, row.taken_given, row.taken_maximum)
        verdicts[row.id] = rules.verdict(ours, theirs.get(row.id), decimals=column.decimals)
    differing = [row for row in rows if verdicts[row.id] in rules.SOMEBODY_ELSES and row.cell]
    cells = claimed.cells_of(session.connection(), {row.cell for row in differing}, (), look.begun)
    for row in differing:  # two activities may share a column: what the other one sent is ours as well
        if not rules.somebody_elses(cells[row.cell].ours, theirs.get(row.id), decimals=column.decimals):
            verdicts[row.id] = rules.SAME
    now = base.now()
    written = []
    for row in rows:
        if verdicts[row.id] == rules.ON_ITS_WAY:  # what was seen there before is what it may be sent over
            written.append(_WRITER.row(row, {"compared_at": now}))
            continue
        held, told = theirs.get(row.id), verdicts[row.id] in (*rules.DIFFERING, rules.WAITS_FOR_STAFF, rules.RESTS)
        seen = {"lms_given": held.score, "lms_maximum": held.maximum} if held is not None and told else {}
        kept = {} if told and held is None else {"lms_given": None, "lms_maximum": None}
        written.append(_WRITER.row(row, {"compared": verdicts[row.id], "compared_at": now, **(seen or kept)}))
    _WRITER.write(session.connection(), written)


# --- its end ---------------------------------------------------------------------------------------------------------------------


def _finish(look: _Look, next_at: datetime) -> None:
    """Count what came of it. The counts are of all people of the column, whoever has compared them."""
    mine = and_(ScorePublication.placement_id == look.placement_id, ScorePublication.compared.not_in(("", rules.NOTHING)))
    query = select(func.count(), func.count().filter(ScorePublication.compared.in_(rules.DIFFERING))).where(mine)
    checked, differing = base.session().execute(query).one()
    told = {"checked": checked, "differing": differing, "finished_at": base.now(), "tries": 0}
    _end(look, state=DONE, next_at=next_at, **told)


def _failed(look: _Look, verdict: Verdict, chance: Callable[[], float]) -> None:
    """The LMS would not tell. What passes is tried again soon, a few times; what does not is shown, and tried again at night."""
    tries = look.tries + 1
    told = {"tries": tries, "fault": verdict.remedy, "status": verdict.status, "words": verdict.words}
    if verdict.kind == "later" and tries < MOST_TRIES:
        wait = min(FIRST_WAIT * 2 ** (tries - 1), LONGEST_WAIT)
        _end(look, state=WAITING, next_at=max(verdict.retry_after or look.begun, base.now() + wait), **told)
    else:
        _end(look, state=FAILED, next_at=rules.tonight(look.begun, chance()), finished_at=base.now(), **(told | {"tries": 0}))


def _end(look: _Look, **told: Any) -> None:
    """Give the column back, unless it is another worker's by now."""
    nothing: dict[str, Any] = {"fault": "", "status": None, "words": "", "lease_until": None}
    with base.transactional() as session:
        done = session.execute(
            update(Reconciliation)
            .where(Reconciliation.id == look.id, Reconciliation.attempt == look.attempt, Reconciliation.state == RUNNING)
            .values(**(nothing | told))
            .execution_options(synchronize_session=False)
        )
        if cast(CursorResult[Any], done).rowcount and told["state"] in (DONE, FAILED) and "finished_at" in told:
            privacy.record(
                session,
                actor=privacy.SYSTEM,
                verb="compare",
                object_kind="placement",
                object_id=look.placement_id,
                reason=told.get("fault", ""),
                checked=told.get("checked"),
                differing=told.get("differing"),
            )
