# SPDX-License-Identifier: Apache-2.0
"""From ratings to a result: what still holds one back, the resolution once nothing does, its release, and setting it aside."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction

import structlog
from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from lti_mentoring.domain import candidacy as candidacies
from lti_mentoring.domain import counting, scoring
from lti_mentoring.domain import observation as rules
from lti_mentoring.domain import releasing as holding
from lti_mentoring.domain.counting import ObservationRecord
from lti_mentoring.domain.observation import Case
from lti_mentoring.domain.people import LEADS, Actor
from lti_mentoring.domain.programme import Programme, Rubric
from lti_mentoring.domain.qualification import COUNTS
from lti_mentoring.domain.releasing import FIRST, SELF, Hold, Submitted
from lti_mentoring.domain.reminder import RATING_DAYS
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import (
    assessor,
    bulkhead,
    candidacy,
    conflict,
    delivery,
    dropping,
    impartial,
    notification,
    privacy,
    programme,
    rater,
    reading_time,
    reminder,
    unreleased,
)
from lti_mentoring.services import seat as seats
from lti_mentoring.services import sheet as sheets
from lti_mentoring.services.conflict import About
from lti_mentoring.services.matter import RATER
from lti_mentoring.services.seat import Seat
from lti_mentoring.services.sheet import Subject
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.field import Participant
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.rating import Rater, Resolution, ResolvedLevel, SubmittedRating

log = structlog.get_logger()

MOST_AT_ONCE = 200
"""Observations that one sweep looks at; what is left waits for the next."""


# --- what holds ---------------------------------------------------------------------------------------------------------------


def submissions(session: Session, observation_id: str) -> tuple[Submitted, ...]:
    """The ratings of an observation that stand; of each rater the newest."""
    ids = [observation_id]
    return unreleased.submissions(session, ids, unreleased.seats_of(session, ids)).get(observation_id, ())


def holds(session: Session, row: Observation) -> tuple[Hold, ...]:
    """What a rated observation waits for; empty where it can be released, and of one that is not rated."""
    if row.state != rules.RATED:
        return ()
    version, rubric = _rules_of(session, row)
    return holding.holds(version.policy, rubric, unreleased.state_of(session, row), base.now())


def _rules_of(session: Session, row: Observation) -> tuple[Programme, Rubric]:
    return sheets.subject_of(session, row).version, programme.rubric(row.rubric_version_id)


# --- submitted, settled, released -----------------------------------------------------------------------------------------------


def rated(session: Session, seat: Seat, subject: Subject, made: SubmittedRating, *, actor: Actor) -> None:
    """Somebody has just submitted, in the caller's transaction: ask for a second person where the rating says so, and settle."""
    if seat.purpose == FIRST:
        _ask_for_another(session, seat.row, subject, made)
    if seat.purpose == FIRST and made.number == 1:
        _others_can_begin(session, seat.row)
    if not settle(session, seat.row, actor=actor) and seat.purpose == FIRST and made.number == 1:
        reading_time.tell(session, seat.row)


def _ask_for_another(session: Session, row: Observation, subject: Subject, made: SubmittedRating) -> None:
    """The reasons that are known once the first rating is in, beside those that were known before (domain map 4.5)."""
    policy, rubric = subject.version.policy, programme.rubric(row.rubric_version_id)
    levels = {key: rating.level for key, rating in holding.read(made.said).items()}
    means = _means(session, row, subject.version, rubric, levels)
    reasons = {*row.second_reasons.split(), *scoring.afterwards(policy.doubling, policy, rubric, row.kind, levels, means)}
    if made.weight != COUNTS:
        reasons.add(made.weight)
    row.second_reasons = " ".join(sorted(reasons))


def _means(
    session: Session, row: Observation, version: Programme, rubric: Rubric, levels: Mapping[str, int | None]
) -> Mapping[str, Fraction]:
    """Competency -> the mean that the bar is held against: of this rating, or, where sessions are judged together, of all that count so
    far and this one."""
    if version.policy.counting is None or row.kind not in scoring.SUMMATIVE:
        return rules.means_of(rubric, levels).competencies
    held = session.scalars(select(Candidacy).where(Candidacy.id == row.candidacy_id)).one()
    steps = candidacies.steps(version.policy, candidacy.records(session, held))
    this = ObservationRecord(row.id, row.kind, row.state, row.planned_for, row.observer_id, levels=levels, rubric=rubric)
    return counting.means((*(steps[row.kind].counting if row.kind in steps else ()), this)).competencies


def _others_can_begin(session: Session, row: Observation) -> None:
    """The days of who rates from the notes, and of the candidate for their own part, count from now; the former is told so, once."""
    waits = (Rater.observation_id == row.id, Rater.from_notes | (Rater.purpose == SELF), Rater.state == "asked")
    for seat in session.scalars(select(Rater).where(*waits)):
        seat.due_on = max(seat.due_on or base.now().date(), base.now().date() + RATING_DAYS)
        if seat.purpose == SELF:
            continue
        whom = {"org_id": row.org_id, "person_id": seat.person_id, "kind": "rating_asked", "endpoint": "observation.sheet"}
        ids = {"course": row.course_id, "observation": row.id}
        notification.tell(session, facts={"planned_for": row.planned_for}, ids=ids, once=f"notes_in:{seat.id}", **whom)


def settle(session: Session, row: Observation, *, actor: Actor | str) -> bool:
    """Release a rated observation if nothing holds it, in the caller's transaction, with its row locked. -> whether it was.

    Whatever may end a hold calls this: a rating, a line struck or read, a changed conflict, the end of a waiting time.
    """
    if row.state != rules.RATED:
        return False
    assessor.relieve(session, row)
    subject = sheets.subject_of(session, row)
    rubric, state = programme.rubric(row.rubric_version_id), unreleased.state_of(session, row)
    held = holding.holds(subject.version.policy, rubric, state, base.now())
    _want(session, row, subject)
    if held:
        for wanted in {holding.ANOTHER, holding.THIRD_OPINION} & {one.code for one in held}:
            rater.tell_leads(session, row, wanted)
        return False
    case = Case(subject_id=subject.person_id, assessor_id=row.observer_id, held=tuple(one.code for one in held))
    row.state = rules.after(row.state, "release", case)
    row.released_at = base.now()
    _free_others(session, row)
    row.helped_with = " ".join(impartial.noted(session, row, subject.version, rubric))[:200]
    made = _resolve(session, row, subject.version, rubric, holding.counting(state.ratings), spared=state.spared)
    met = sheets.verdict_of(subject.version, row, sheets.levels_of(session, row)).met
    privacy.record(session, actor=actor, verb="release", object_kind="observation", object_id=row.id, method=made.method, met=met)
    _tell(session, row, subject, "observation_released", "observation.report", observation=row.id)
    return True


def _free_others(session: Session, row: Observation) -> None:
    """Whoever was asked and has not rated need not any more: what becomes known of them has no part in the result."""
    asked = (Rater.observation_id == row.id, Rater.state == "asked")
    seats = session.scalars(select(Rater).where(*asked).order_by(Rater.id)).all()
    ids, facts = {"course": row.course_id}, {"planned_for": row.planned_for}
    for seat in seats:
        seat.state = "ended"
        whom = {"org_id": row.org_id, "person_id": seat.person_id, "kind": "rating_excused", "endpoint": "observation.index"}
        notification.tell(session, facts=facts, ids=ids, **whom)
    session.flush()
    conflict.end(session, *(About(RATER, seat.id, row.course_id) for seat in seats))


def _resolve(
    session: Session, row: Observation, version: Programme, rubric: Rubric, ratings: tuple[Submitted, ...], *, spared: bool = False
) -> Resolution:
    found = holding.resolution(version.policy, rubric, ratings, spared=spared)
    before = session.scalar(select(func.max(Resolution.number)).where(Resolution.observation_id == row.id)) or 0
    made = Resolution(
        id=base.new_id(),
        observation_id=row.id,
        number=before + 1,
        method=found.method,
        ratings=[one.id for one in ratings],
        inputs_hash=holding.digest(ratings),
    )
    session.add(made)
    session.flush()
    for one in found.results:
        numerator, denominator = (None, 1) if one.level is None else (one.level.numerator, one.level.denominator)
        level = ResolvedLevel(resolution_id=made.id, criterion=one.criterion, numerator=numerator, denominator=denominator, how=one.how)
        session.add(level)
    row.resolution_id = made.id
    session.flush()
    return made


def _want(session: Session, row: Observation, subject: Subject) -> None:
    delivery.want(session, org_id=row.org_id, course_id=row.course_id, person_id=subject.person_id, items=("observation",))


def _tell(session: Session, row: Observation, subject: Subject, kind: str, endpoint: str, **ids: str) -> None:
    whom = {"org_id": row.org_id, "person_id": subject.person_id, "kind": kind, "endpoint": endpoint}
    notification.tell(session, facts={"planned_for": row.planned_for}, ids={"course": row.course_id, **ids}, **whom)


def void(*, actor: Actor, observation_id: str, reason: str) -> None:
    """Set aside what was rated: it counts for nothing any more, and its grade is taken back (domain map 1d). Only who leads the course.

    NotFound; RuleBroken ``void_reason_unknown``, ``observation_closed``. Twice is harmless.
    """
    if reason not in rules.VOID_REASONS:
        raise RuleBroken("void_reason_unknown")
    with base.transactional() as session:
        here = (Observation.id == observation_id, Observation.course_id == actor.course_id)
        dropping.hold_candidates(session, *here)
        row = session.scalar(select(Observation).where(*here).with_for_update()) if actor.is_any(*LEADS) else None
        if row is None:
            raise NotFound("observation")
        set_aside(session, row, reason, actor=actor)


def set_aside(session: Session, row: Observation, reason: str, *, actor: Actor | str) -> None:
    """The same, in the caller's transaction, with its candidacy and then itself locked."""
    if row.state == rules.VOID:
        return
    was_read = row.state == rules.RELEASED
    row.state, row.voided_at, row.void_reason = rules.after(row.state, "void"), base.now(), reason
    dropping.close(session, [row], actor=actor)
    privacy.record(session, actor=actor, verb="void", object_kind="observation", object_id=row.id, reason=reason)
    reckon(session, row)
    if was_read:
        subject = sheets.subject_of(session, row)
        _tell(session, row, subject, "observation_news", "home.way")
    _tell_set_aside(session, row, actor)


def _tell_set_aside(session: Session, row: Observation, actor: Actor | str) -> None:
    """Who observed and who leads learn that something changed, whatever the reason is: the notice does not say that it was an answer."""
    told = {row.observer_id, *reminder.leads(session, row.course_id)} - {actor.person_id if isinstance(actor, Actor) else ""}
    for person_id in sorted(told):
        whom = {"org_id": row.org_id, "person_id": person_id, "kind": "observation_changed", "endpoint": "consent.people"}
        ids = {"course": row.course_id, "observation": row.id}
        notification.tell(session, facts={"planned_for": row.planned_for}, ids=ids, **whom)


def reckon(session: Session, row: Observation) -> None:
    """What was released counts otherwise than before, in the caller's transaction: a grade that stood on it is taken back where it stands
    on nothing else."""
    person_id = sheets.subject_of(session, row).person_id
    delivery.void(session, course_id=row.course_id, person_id=person_id, items=("observation",))
    _want(session, row, sheets.subject_of(session, row))


def settle_due(*, now: datetime) -> int:
    """Release what only waited for time: nobody strikes lines any more. The worker calls it. -> how many were released"""
    unread = (Participant.read_at.is_(None), ~Participant.waits_for_link)
    here = (Participant.org_id == Observation.org_id, Participant.observation_id == Observation.id)
    over = (Observation.state == rules.RATED, Observation.rated_at <= now - holding.READING, exists().where(*here, *unread))
    with base.across_organisations("observations: due"):
        query = select(Observation.org_id, Observation.id).where(*over).order_by(Observation.rated_at, Observation.id)
        found = bulkhead.due("settle", query, MOST_AT_ONCE)
    released = 0
    for org_id, observation_id in found:
        with bulkhead.apart("settle", observation=observation_id), base.tenant(org_id), base.transactional() as session:
            row = session.scalar(select(Observation).where(Observation.id == observation_id, *over).with_for_update(skip_locked=True))
            if row is None:  # another worker was quicker
                continue
            for one in session.scalars(select(Participant).where(Participant.observation_id == row.id, *unread)):
                one.read_at = now  # their time is up; the next sweep need not look again
            session.flush()
            released += settle(session, row, actor=privacy.SYSTEM)
    return released


def adopt() -> int:
    """Give a resolution to what an earlier version of this tool, running beside this one, has released: its one rating. -> how many"""
    bare = (Observation.state == rules.RELEASED, Observation.resolution_id.is_(None))
    with base.across_organisations("observations: without a resolution"):
        query = select(Observation.org_id, Observation.id).where(*bare).order_by(Observation.released_at, Observation.id)
        found = bulkhead.due("adopt", query, MOST_AT_ONCE)
    for org_id, observation_id in found:
        with bulkhead.apart("adopt", observation=observation_id), base.tenant(org_id), base.transactional() as session:
            row = session.scalar(select(Observation).where(Observation.id == observation_id, *bare).with_for_update(skip_locked=True))
            if row is not None:
                _adopt(session, row)
    return len(found)


def _adopt(session: Session, row: Observation) -> None:
    version, rubric = _rules_of(session, row)
    said = seats.ratings_of(session, row.id, row.observer_id)
    case = Case(row.observer_id, row.observer_id, rubric=rubric, ratings=said)
    made = SubmittedRating(
        id=base.new_id(),
        observation_id=row.id,
        assessor_id=row.observer_id,
        rubric_version_id=row.rubric_version_id,
        number=1,
        purpose=FIRST,
        said=holding.plain({one.criterion: one for one in case.said()}),
        weight=COUNTS,
        submitted_at=row.released_at or base.now(),
    )
    session.add(made)
    session.flush()
    row.rated_at = made.submitted_at
    _resolve(session, row, version, rubric, (Submitted(made.id, made.assessor_id, FIRST, holding.read(made.said)),))
