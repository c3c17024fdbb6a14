# SPDX-License-Identifier: Apache-2.0
"""Whether a candidate takes part: pause, come back, leave, come back later; the time that there is, and the timer that watches it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, cast

import structlog
from sqlalchemy import ColumnElement, CursorResult, and_, select, update
from sqlalchemy.orm import Session

from lti_mentoring.domain import participation as rules
from lti_mentoring.domain.participation import ACTIVE, CANDIDATE, COORDINATOR, DEFERRED, Act, Part
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.period import Period
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.services import delivery, intake, notification, planning, privacy, programme, queueing, reminder
from lti_mentoring.services.taking_part import Line, Report, enrolments_of, of, open_withdrawals, own, part_of, row_of
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import AT_ONCE, Candidacy
from lti_mentoring.store.delivery import ScorePublication
from lti_mentoring.store.participation import DeferralPeriod, EnrolmentPeriod, ParticipationChange, WithdrawalRecord
from lti_mentoring.store.people import Person, Placement

__all__ = ["Line", "Report", "come_back", "defer", "enrol", "extend", "of", "own", "reinstate", "settle", "sweep", "withdraw"]

log = structlog.get_logger()

MOST_AT_ONCE = 200
"""Candidacies that one sweep looks at; the next one goes on."""


# --- verbs ---------------------------------------------------------------------------------------------------------------------


def defer(*, actor: Actor, candidacy_id: str, reason: str, until: date) -> None:
    """Pause from today to the day before ``until``; the clock stops. By the candidate or who leads the course.

    NotFound ``candidacy``; RuleBroken ``reason_unknown``, ``deferral_end_past``, ``deferral_too_long`` (latest), ``deferral_used_up``,
    ``deferral_overlaps``, ``limit_passed``, ``participation_closed``, and ``participation_changed`` to the slower of two at once.
    """
    _act(actor, candidacy_id, "defer", reason, until)


def come_back(*, actor: Actor, candidacy_id: str) -> None:
    """End a deferral today; the clock goes on. By the candidate or who leads the course. NotFound; RuleBroken as in ``defer``."""
    _act(actor, candidacy_id, "return")


def withdraw(*, actor: Actor, candidacy_id: str, reason: str) -> None:
    """Leave. What was done is kept, and nothing new begins. By the candidate or who leads the course. NotFound; RuleBroken."""
    _act(actor, candidacy_id, "withdraw", reason)


def reinstate(*, actor: Actor, candidacy_id: str) -> None:
    """Take somebody back who has left. NotAllowed to the candidate; RuleBroken ``reinstate_late`` (until), ``limit_passed`` (deadline),
    ``candidacy_elsewhere``."""
    _act(actor, candidacy_id, "reinstate")


def extend(*, actor: Actor, candidacy_id: str, reason: str) -> None:
    """Give more time for the whole way. NotAllowed to the candidate; RuleBroken ``extensions_used`` (most), ``reason_unknown``."""
    _act(actor, candidacy_id, "extend", reason)


def settle(session: Session, *, actor: Actor | str, candidacy_id: str, verb: str, who: str, reason: str = "") -> None:
    """``complete`` or ``refuse`` by a decision on the award, ``exclude`` by an upheld case, ``withdraw`` by an erasure, in the caller's
    transaction.

    NotFound; RuleBroken ``participation_closed``, ``participation_changed``, ``reason_unknown``.
    """
    row = row_of(session, candidacy_id)
    _change(session, actor, row, Act(verb, who, base.now().date(), reason))


def enrol(*, actor: Actor, candidacy_id: str, state: str, day: date) -> None:
    """Write down how somebody stands at their institution from ``day`` on; what held before ends there. By who leads the course.

    NotFound; RuleBroken ``enrolment_unknown``, ``enrolment_same``, ``enrolment_order``, ``enrolment_before``.
    """
    with base.transactional() as session:
        row = row_of(session, candidacy_id, actor)
        # The row is the lock: two at once are put in order, and the second one sees what the first one wrote.
        _lock(session, row, {"extensions": row.extensions})
        held = session.scalars(enrolments_of(row.id)).all()
        last = rules.enrol([(one.state, Period(one.starts_on, one.ends_on)) for one in held], state, day)
        if held:
            held[-1].ends_on = last[-2][1].end
        session.add(EnrolmentPeriod(candidacy_id=row.id, state=state, starts_on=day))
        session.add(ParticipationChange(candidacy_id=row.id, actor_id=actor.person_id, verb="enrol", state=state, until=day))
        privacy.record(
            session, actor=actor, verb="enrol", object_kind="candidacy", object_id=row.id, state=state, day=day.isoformat()
        )


def _act(actor: Actor, candidacy_id: str, verb: str, reason: str = "", until: date | None = None) -> None:
    with base.transactional() as session:
        row = row_of(session, candidacy_id, actor)
        who = CANDIDATE if row.person_id == actor.person_id else COORDINATOR
        _change(session, actor, row, Act(verb, who, base.now().date(), reason, until))


def _change(session: Session, actor: Actor | str, row: Any, act: Act) -> Part:
    """One verb of the table, with all that follows from it. The conditional update is the lock: of two at once one finds it taken."""
    move = rules.find(row.participation, act.verb, act.who)
    extensions = row.extensions + (act.verb == "extend")
    _lock(session, row, {"participation": move.to, "extensions": extensions, "look_on": AT_ONCE})
    if act.verb == "reinstate":  # of two candidacies in one programme, one comes back; the place before the person, as everywhere
        intake.places_left(session, row.course_id, lock=True)
        session.execute(select(Person.id).where(Person.id == row.person_id).with_for_update())
    part, deferrals = part_of(session, row)
    limits = programme.load(row.programme_version_id).policy.time
    after = rules.after(part, act, limits)
    if part.state == DEFERRED and after.state != DEFERRED and deferrals:
        deferrals[-1].ends_on = cast(date, after.deferrals[-1].end)
    if act.verb == "defer" and act.until is not None:
        session.add(DeferralPeriod(candidacy_id=row.id, starts_on=act.today, ends_on=act.until, reason_code=act.reason))
    _withdrawals(session, row.id, actor, act)
    who = actor.person_id if isinstance(actor, Actor) else actor
    line = {"verb": act.verb, "state": after.state, "reason_code": act.reason, "until": act.until}
    session.add(ParticipationChange(candidacy_id=row.id, actor_id=who, **line))
    facts = {"before": part.state, "after": after.state, "until": act.until.isoformat() if act.until else None}
    privacy.record(session, actor=actor, verb=act.verb, object_kind="candidacy", object_id=row.id, reason=act.reason, **facts)
    if after.state != part.state:
        planning.call_off(session, candidacy_id=row.id, part=after, actor=actor, today=act.today)
        if after.state not in (ACTIVE, DEFERRED):
            queueing.place_freed(session, row.course_id, by=actor.person_id if isinstance(actor, Actor) else actor)
        _tell_gradebook(session, row)
    return after


def _lock(session: Session, row: Any, values: dict[str, Any]) -> None:
    """Change a candidacy if it is still as it was read. RuleBroken ``participation_changed`` if somebody was quicker."""
    query = update(Candidacy).where(
        Candidacy.id == row.id, Candidacy.participation == row.participation, Candidacy.extensions == row.extensions
    )
    done = session.execute(query.values(**values).execution_options(synchronize_session=False))
    if cast(CursorResult[Any], done).rowcount != 1:
        raise RuleBroken("participation_changed")


def _withdrawals(session: Session, candidacy_id: str, actor: Actor | str, act: Act) -> None:
    if act.verb == "withdraw":
        by = actor.person_id if isinstance(actor, Actor) else actor
        session.add(WithdrawalRecord(candidacy_id=candidacy_id, withdrawn_on=act.today, reason_code=act.reason, by=by))
    elif act.verb == "reinstate":
        for one in session.scalars(open_withdrawals(candidacy_id)):
            one.reinstated_on = act.today


def _tell_gradebook(session: Session, row: Any) -> None:
    """Bring those columns up to date that were told something of this person: a step that nobody waits for any more is not ready."""
    told = (
        select(Placement.item)
        .join(ScorePublication, and_(ScorePublication.org_id == Placement.org_id, ScorePublication.placement_id == Placement.id))
        .where(Placement.course_id == row.course_id, ScorePublication.person_id == row.person_id)
    )
    items = set(session.scalars(told))
    if items:
        delivery.want(session, org_id=row.org_id, course_id=row.course_id, person_id=row.person_id, items=items)


# --- the timer -----------------------------------------------------------------------------------------------------------------


def sweep(*, now: datetime) -> int:
    """What time alone brings: deferrals that end, warnings before the deadline, and its passing. -> how many candidacies were looked at.

    One query where nothing is due. Each candidacy has its own transaction and says when it is to be looked at next, so that a sweep
    which was cut off, or that two workers do at once, does nothing twice.
    """
    today = now.date()
    query = select(Candidacy.org_id, Candidacy.id).where(_due(today))
    with base.across_organisations("participation: what time brings"):
        found = base.session().execute(query.limit(MOST_AT_ONCE)).all()
    for org_id, candidacy_id in found:
        with base.tenant(org_id):
            try:
                _look(candidacy_id, today)
            except RuleBroken as broken:  # somebody was quicker: it is looked at again
                log.info("participation_swept_later", candidacy=candidacy_id, code=broken.code)
    return len(found)


def _due(today: date) -> ColumnElement[bool]:
    return and_(Candidacy.participation.in_((ACTIVE, DEFERRED)), Candidacy.look_on <= today)


def _look(candidacy_id: str, today: date) -> None:
    with base.transactional() as session:
        claim = update(Candidacy).where(Candidacy.id == candidacy_id, _due(today)).values(look_on=today)
        taken = session.execute(claim.execution_options(synchronize_session=False))
        if cast(CursorResult[Any], taken).rowcount != 1:
            return  # another worker was quicker
        row = row_of(session, candidacy_id)
        limits = programme.load(row.programme_version_id).policy.time
        part, _ = part_of(session, row)
        verb = rules.timer(part, today, limits)
        if verb:
            part = _change(session, privacy.SYSTEM, row, Act(verb, rules.SYSTEM, today))
            row = row_of(session, candidacy_id)
        deadline = part.deadline(limits)
        warned = set(session.scalars(_warned(candidacy_id, deadline)))
        given = rules.warnings_due(deadline, today, warned, limits.warn_days) if part.state == ACTIVE else ()
        for days in given:
            _warn(session, candidacy_id, days, deadline, part.state)
        if given:
            _tell(session, row, min(given), deadline)
        _lock(session, row, {"look_on": rules.look_on(part, warned | set(given), limits) or AT_ONCE})


def _warn(session: Session, candidacy_id: str, days: int, deadline: date, state: str) -> None:
    session.add(
        ParticipationChange(candidacy_id=candidacy_id, actor_id=privacy.SYSTEM, verb="warn", state=state, until=deadline, days=days)
    )
    told = deadline.isoformat()
    privacy.record(
        session, actor=privacy.SYSTEM, verb="warn", object_kind="candidacy", object_id=candidacy_id, days=days, deadline=told
    )


def _tell(session: Session, row: Any, days: int, deadline: date) -> None:
    """Tell the candidate, and who leads the course. Of several warnings at once it is one notice."""
    people = [(row.person_id, "time_short", "participation.own", {"course": row.course_id})]
    theirs = {"course": row.course_id, "candidacy": row.id}
    people += [(one, "time_short_for", "participation.candidate", theirs) for one in reminder.leads(session, row.course_id)]
    for person_id, kind, endpoint, ids in people:
        if kind == "time_short" or person_id != row.person_id:
            notification.tell(
                session,
                org_id=row.org_id,
                person_id=person_id,
                kind=kind,
                facts={"until": deadline},
                endpoint=endpoint,
                ids=ids,
                once=f"time:{row.id}:{deadline.isoformat()}:{days}",
            )


def _warned(candidacy_id: str, deadline: date) -> Any:
    """The warnings that were given of this very deadline; one that has moved is warned of anew."""
    line = ParticipationChange
    return select(line.days).where(line.candidacy_id == candidacy_id, line.verb == "warn", line.until == deadline)
