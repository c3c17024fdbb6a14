# SPDX-License-Identifier: Apache-2.0
"""The sessions of a pair: planned, moved, called off, held or not; and what is observed of them goes along."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_mentoring.domain import consent
from lti_mentoring.domain import mentorship as rules
from lti_mentoring.domain.conflict import CLOSED, OVERRIDE, Finding
from lti_mentoring.domain.mentorship import IN_PERSON, MODES
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.releasing import SELF
from lti_mentoring.domain.reminder import RATING_DAYS
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import conflict, dropping, guest_letter, mentorship, naming, notification, privacy, reaching, room
from lti_mentoring.services.mentorship import PairRow
from lti_mentoring.store import base
from lti_mentoring.store.field import Participant
from lti_mentoring.store.handing_in import HandingIn
from lti_mentoring.store.mentorship import MentoringSession, Mentorship
from lti_mentoring.store.observation import EvidenceNote, Observation
from lti_mentoring.store.rating import Rater, SubmittedRating

KIND = "mentoring_session"
LONGEST_PLACE = 200
MOST_LISTED = 100


@dataclass(frozen=True, slots=True)
class When:
    """When, how long, how and where. ``starts_at`` is in the zone of whoever says it: the session's day is theirs."""

    starts_at: datetime
    minutes: int = 60
    mode: str = IN_PERSON
    place: str = ""


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session of a pair, for who sees to it. ``observed``: codes of what is observed of it."""

    id: str
    day: date
    starts_at: datetime
    minutes: int
    mode: str
    place: str
    state: str
    observed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PairPage:
    """A pair with its sessions, those ahead first, next first; then the others, the newest first. ``matter_id`` and ``findings`` are what
    the conflict guard has to say of it, with ``names`` for its sentences."""

    pair: PairRow
    ahead: tuple[SessionRow, ...]
    past: tuple[SessionRow, ...]
    findings: tuple[Finding, ...]
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SessionPage:
    """A session with its pair, and what can be done with it now."""

    row: SessionRow
    pair: PairRow
    verbs: tuple[str, ...]


def day_of(row: MentoringSession) -> date:
    """The day of a session, as whoever planned it has it in their calendar."""
    return (row.starts_at + timedelta(minutes=row.utc_offset)).date()


# --- pages ---------------------------------------------------------------------------------------------------------------------


def pair_page(*, actor: Actor, mentorship_id: str) -> PairPage:
    """A pair, for who sees to it. NotFound ``mentorship``."""
    session = base.session()
    pair = mentorship.own(session, actor, mentorship_id)
    (told,) = mentorship.listed(session, [pair])
    newest = select(MentoringSession).where(MentoringSession.mentorship_id == pair.id).order_by(MentoringSession.starts_at.desc())
    rows = rows_of(session, session.scalars(newest.limit(MOST_LISTED)).all())
    ahead = tuple(row for row in reversed(rows) if row.state == "planned")
    findings = mentorship.findings(session, pair.id)
    people = {person for one in findings for person in (one.one, one.other, str(one.facts.get("manager", "")))} - {""}
    past, names = tuple(row for row in rows if row.state != "planned"), naming.names(session, pair.course_id, people)
    return PairPage(told, ahead, past, findings, names)


def session_page(*, actor: Actor, session_id: str) -> SessionPage:
    """A session, for who sees to its pair. NotFound ``session``, ``mentorship``."""
    session = base.session()
    row = session.scalar(select(MentoringSession).where(MentoringSession.id == session_id))
    if row is None:
        raise NotFound("session")
    pair = mentorship.own(session, actor, row.mentorship_id)
    (told,), (shown,) = mentorship.listed(session, [pair]), rows_of(session, [row])
    can = rules.verbs(row.state, starts_at=row.starts_at, now=base.now())
    return SessionPage(shown, told, tuple(verb for verb in can if verb != "change" or pair.state == "active"))


def rows_of(session: Session, rows: Sequence[MentoringSession], *, observed: bool = True) -> list[SessionRow]:
    """Sessions as they are listed. What is observed of them is not told where ``observed`` says so: a protégé is asked that in private."""
    kinds: dict[str, list[str]] = {}
    if observed:
        on_it = (Observation.session_id.in_([row.id for row in rows]), Observation.state != "cancelled")
        query = select(Observation.session_id, Observation.kind).where(*on_it).order_by(Observation.kind)
        for held, kind in session.execute(query):
            kinds.setdefault(str(held), []).append(kind)
    return [
        SessionRow(row.id, day_of(row), row.starts_at, row.minutes, row.mode, row.place, row.state, tuple(kinds.get(row.id, ())))
        for row in rows
    ]


# --- planning and moving -----------------------------------------------------------------------------------------------------


def plan(*, actor: Actor, mentorship_id: str, when: When, session_id: str) -> str:
    """Plan a session of a pair. -> its id, which is the form's own, so that sending it twice plans once.

    NotFound ``mentorship``; RuleBroken ``mentorship_ended``, ``pair_held``, ``session_minutes``, ``session_mode``,
    ``session_before`` the pair began.
    """
    with base.transactional() as session:
        pair = mentorship.own(session, actor, mentorship_id, lock=True)
        of = session.scalar(select(MentoringSession.mentorship_id).where(MentoringSession.id == session_id))
        if of is None:
            planned(session, actor, pair, when, session_id)
        elif of != pair.id:
            raise NotFound("session")
        return session_id


def planned(session: Session, actor: Actor, pair: Mentorship, when: When, session_id: str) -> MentoringSession:
    """The same in the caller's transaction, with the pair's row locked."""
    if pair.state != "active":
        raise RuleBroken("mentorship_ended")
    if conflict.standing(session, mentorship.KIND, [pair.id]).get(pair.id) in (OVERRIDE, CLOSED):
        raise RuleBroken("pair_held")
    row = MentoringSession(id=session_id, mentorship_id=pair.id, created_by=actor.person_id, minutes=0, sequence=0)
    _set(row, pair, when)
    row.state = rules.after("new", "plan", starts_at=row.starts_at, now=base.now())
    session.add(row)
    session.flush()
    privacy.record(session, actor=actor, verb="plan", object_kind=KIND, object_id=row.id)
    return row


def _set(row: MentoringSession, pair: Mentorship, when: When) -> None:
    if when.mode not in MODES:
        raise RuleBroken("session_mode")
    offset = when.starts_at.utcoffset() or timedelta()
    row.starts_at, row.utc_offset = when.starts_at, int(offset.total_seconds() // 60)
    if day_of(row) < pair.started_on:
        raise RuleBroken("session_before", started_on=pair.started_on)
    row.minutes, row.mode = rules.check_length(when.minutes), when.mode
    row.place = " ".join(when.place.split())[:LONGEST_PLACE]


def change(*, actor: Actor, session_id: str, when: When) -> None:
    """Move a planned session, or change how or where it is. Its observation goes along, and who has to do with it hears; who is in the
    room is asked anew with another day or place.

    NotFound ``session``; RuleBroken ``session_closed``, ``session_observed`` once notes are taken of it, and most of ``plan``.
    """
    with base.transactional() as session:
        row, pair = _own(session, actor, session_id)
        if pair.state != "active":
            raise RuleBroken("mentorship_ended")
        state = rules.after(row.state, "change", starts_at=row.starts_at, now=base.now())
        was = (row.starts_at, row.minutes, row.mode, row.place)
        _set(row, pair, when)
        if (row.starts_at, row.minutes, row.mode, row.place) == was:
            return
        row.state, row.sequence = state, row.sequence + 1
        for one in _observations(session, row.id):
            if one.state != "planned" or _written(session, one.id):
                raise RuleBroken("session_observed")
            _take_along(session, actor, one, row)
        privacy.record(session, actor=actor, verb="change", object_kind=KIND, object_id=row.id, sequence=row.sequence)


# --- how it went --------------------------------------------------------------------------------------------------------------


def hold(*, actor: Actor, session_id: str, minutes: int) -> None:
    """It took place, and lasted so long. NotFound ``session``; RuleBroken ``session_ahead``, ``session_closed``, ``session_minutes``."""
    with base.transactional() as session:
        row, _ = _own(session, actor, session_id)
        row.state = rules.after(row.state, "hold", starts_at=row.starts_at, now=base.now())
        row.minutes = rules.check_length(minutes)
        privacy.record(session, actor=actor, verb="hold", object_kind=KIND, object_id=row.id, minutes=minutes)


def miss(*, actor: Actor, session_id: str) -> None:
    """Somebody did not come. What was to be observed is called off. RuleBroken as ``hold``; ``session_observed``."""
    _drop(actor, session_id, "miss")


def cancel(*, actor: Actor, session_id: str) -> None:
    """It does not take place. What was to be observed is called off. NotFound ``session``; RuleBroken ``session_closed``,
    ``session_observed`` once notes are taken of it."""
    _drop(actor, session_id, "cancel")


def _drop(actor: Actor, session_id: str, verb: str) -> None:
    with base.transactional() as session:
        row, _ = _own(session, actor, session_id)
        row.state = rules.after(row.state, verb, starts_at=row.starts_at, now=base.now())
        row.sequence += 1
        found = _observations(session, row.id)
        if any(one.state != "planned" for one in found):
            raise RuleBroken("session_observed")
        dropping.drop(session, found, actor=actor, why="session")
        privacy.record(session, actor=actor, verb=verb, object_kind=KIND, object_id=row.id)


def call_off(session: Session, actor: Actor, pair: Mentorship) -> None:
    """Call off what a pair has planned from now on, in the caller's transaction, after ``hold_candidates``: the pair has ended. What is
    observed already goes on."""
    off: list[Observation] = []
    ahead = (MentoringSession.mentorship_id == pair.id, MentoringSession.state == "planned", MentoringSession.starts_at > base.now())
    for row in session.scalars(select(MentoringSession).where(*ahead).order_by(MentoringSession.id).with_for_update()):
        found = _observations(session, row.id)
        if any(one.state != "planned" for one in found):
            continue
        row.state, row.sequence = rules.after(row.state, "cancel", starts_at=row.starts_at, now=base.now()), row.sequence + 1
        off += found
        privacy.record(session, actor=actor, verb="cancel", object_kind=KIND, object_id=row.id)
    dropping.drop(session, off, actor=actor, why="session")


def hold_candidates(session: Session, mentorship_id: str) -> None:
    """Lock the candidacies of whoever is observed with a pair, in the caller's transaction, before the pair."""
    theirs = select(MentoringSession.id).where(MentoringSession.mentorship_id == mentorship_id)
    dropping.hold_candidates(session, Observation.session_id.in_(theirs))


# --- inside -------------------------------------------------------------------------------------------------------------------


def _own(session: Session, actor: Actor, session_id: str) -> tuple[MentoringSession, Mentorship]:
    """A session, locked after the candidacies of what is observed of it, and its pair, for who sees to the pair."""
    dropping.hold_candidates(session, Observation.session_id == session_id)
    query = select(MentoringSession).where(MentoringSession.id == session_id)
    row = session.scalar(query.with_for_update().execution_options(populate_existing=True))
    if row is None:
        raise NotFound("session")
    return row, mentorship.own(session, actor, row.mentorship_id)


def _observations(session: Session, session_id: str) -> list[Observation]:
    """What is observed of a session and was not called off, locked."""
    on_it = (Observation.session_id == session_id, Observation.state != "cancelled")
    query = select(Observation).where(*on_it).order_by(Observation.id).with_for_update()
    return list(session.scalars(query.execution_options(populate_existing=True)))


def _written(session: Session, observation_id: str) -> bool:
    """Whether anybody has written of it, who watched, led or was asked to rate: that was of the day and place as they were."""
    kinds = (EvidenceNote, HandingIn, SubmittedRating)
    return any(session.scalar(select(kind.id).where(kind.observation_id == observation_id).limit(1)) is not None for kind in kinds)


def _take_along(session: Session, actor: Actor, one: Observation, row: MentoringSession) -> None:
    """What is observed of a session, locked, goes where the session goes. Whoever observes or was asked to rate hears, and a yes is for
    one day and place."""
    elsewhere = (one.planned_for, one.place) != (day_of(row), row.place)
    one.planned_for, one.place = day_of(row), row.place
    waits = (Rater.observation_id == one.id, Rater.state == "asked", Rater.purpose != SELF)
    raters = session.scalars(select(Rater).where(*waits).execution_options(populate_existing=True)).all()
    for seat in raters:
        seat.due_on = max(one.planned_for, base.now().date()) + RATING_DAYS
    for person_id in sorted({one.observer_id, *(seat.person_id for seat in raters)} - {actor.person_id}):
        _tell(session, one, person_id, "observation_moved", "observation.sheet")
    if elsewhere:
        _ask_anew(session, actor, one)


def _ask_anew(session: Session, actor: Actor, one: Observation) -> None:
    """Everybody in the room hears of another day or place, whatever they have said, so that nobody learns who said what; whoever is of
    the pair by then is asked, and whoever is not any more is not. Whom nothing tells so is rung by who leads."""
    one.consent_at, one.consent_by = None, None
    room.leave_out(session, actor=actor, row=one)
    inside, outside = reaching.everybody(session, one)
    asked = select(Participant).where(Participant.observation_id == one.id).order_by(Participant.id)
    for mine in session.scalars(asked.execution_options(populate_existing=True)).all():
        mine.consent, before = consent.after(mine.consent, consent.MOVED, one.state), mine.consent
        mine.answered_at = mine.answered_at if mine.consent == before else None
        if mine.person_id in inside:
            _tell(session, one, mine.person_id, "consent_anew", "consent.one")
    guest_letter.follow(session, actor=actor, row=one, people=outside, kind=guest_letter.MOVED)
    session.flush()
    privacy.record(session, actor=actor, verb="ask_anew", object_kind="observation", object_id=one.id)
    room.ask(session, actor=actor, row=one)
    reaching.tell_unheard(session, one)


def _tell(session: Session, row: Observation, person_id: str, kind: str, endpoint: str) -> None:
    ids = {"course": row.course_id, "observation": row.id}
    whom = {"org_id": row.org_id, "person_id": person_id, "kind": kind, "endpoint": endpoint}
    notification.tell(session, facts={"planned_for": row.planned_for}, ids=ids, **whom)
