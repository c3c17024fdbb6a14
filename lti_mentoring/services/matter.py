# SPDX-License-Identifier: Apache-2.0
"""What the conflict guard holds in a course, and the exceptions from it, as people read them: who, why, and whose word is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from lti_mentoring.domain import override
from lti_mentoring.domain.conflict import CLOSED, LETS_THROUGH, OVERRIDE, Finding, Question
from lti_mentoring.domain.observation import RELEASED
from lti_mentoring.domain.people import LEADS, STAFF_ROLES, Actor
from lti_mentoring.domain.rule import NotFound
from lti_mentoring.services import attestation, conflict, naming
from lti_mentoring.services.attestation import Somebody
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.conflict import ConflictCheck, ConflictOverride, ConflictParty, ConflictWatch, OverrideVoice
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.rating import Rater

MOST_LISTED = 200

OBSERVATION, RATER = "observation", "rater"
"""What is watched of observing: its observer's part, and the part of each further person who rates."""


@dataclass(frozen=True, slots=True)
class Matter:
    """Something that was asked of the guard. ``day`` and ``state`` are those of the observation that it is about, where it is about
    one; ``acting`` and ``concerned`` are names. ``blind``: whoever may not learn of it while the result is open."""

    id: str
    kind: str
    purpose: str
    verdict: str
    findings: tuple[Finding, ...]
    names: Mapping[str, str]
    acting: tuple[str, ...]
    concerned: tuple[str, ...]
    day: date | None = None
    state: str = ""
    observation_id: str = ""
    blind: frozenset[str] = frozenset()

    @property
    def released(self) -> bool:
        """Whether its candidate has read the result already."""
        return self.state == RELEASED


@dataclass(frozen=True, slots=True)
class ExceptionRow:
    """An exception as it stands: who has agreed and approved, whose agreement is missing, and what the reader can do."""

    id: str
    matter: Matter
    rules: tuple[str, ...]
    reason: str
    safeguards: str
    ends_on: date
    asked_by: str
    agreed: tuple[str, ...]
    missing: tuple[str, ...]
    approved: tuple[str, ...]
    wanted: int
    may_agree: bool
    may_approve: bool
    may_end: bool

    @property
    def holds(self) -> bool:
        """Whether everybody has said their word."""
        return not self.missing and len(self.approved) >= self.wanted


@dataclass(frozen=True, slots=True)
class Overview:
    """The page of who leads the course: what is held, the gravest first, what goes on with a remark, exceptions, and everybody of whom
    it is not known who manages them."""

    held: tuple[Matter, ...]
    remarked: int
    exceptions: tuple[ExceptionRow, ...]
    unknown: tuple[Somebody, ...]
    people: tuple[Somebody, ...]


@dataclass(frozen=True, slots=True)
class Looked:
    """One look at a matter: when, what it came to, and what was found."""

    at: datetime
    as_of: date
    verdict: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One matter with its exceptions and all that was found in it so far, newest first. ``wanted``: rules that an exception can be made
    of; ``agreeing``: whose agreement it needs."""

    matter: Matter
    exceptions: tuple[ExceptionRow, ...]
    history: tuple[Looked, ...]
    wanted: tuple[str, ...]
    agreeing: tuple[str, ...]
    approvers: int
    latest: date


def overview(*, actor: Actor) -> Overview:
    """Everything that is held in this course; a constant number of statements."""
    session = base.session()
    here = (ConflictWatch.course_id == actor.course_id, ConflictWatch.ended_at.is_(None))
    rows = session.scalars(select(ConflictWatch).where(*here).where(ConflictWatch.verdict != "clear").limit(5 * MOST_LISTED)).all()
    matters = {key: one for key, one in _matters(session, rows).items() if actor.person_id not in one.blind}
    rows = [row for row in rows if row.id in matters]
    held = [one for one in matters.values() if one.verdict not in LETS_THROUGH]
    order = {CLOSED: 0, OVERRIDE: 1}
    people = attestation.everybody(actor=actor)
    return Overview(
        held=tuple(sorted(held, key=lambda one: (order.get(one.verdict, 2), one.day or date.max, one.id)))[:MOST_LISTED],
        remarked=len(matters) - len(held),
        exceptions=_exceptions(session, actor, matters, rows),
        unknown=tuple(one for one in people if not one.known),
        people=people,
    )


def sheet(*, actor: Actor, matter_id: str) -> Sheet:
    """One matter, for who leads its course. NotFound ``conflict``."""
    session = base.session()
    own = (ConflictWatch.id == matter_id, ConflictWatch.course_id == actor.course_id)
    watch = session.scalar(select(ConflictWatch).where(*own))
    if watch is None or is_blind(session, actor, watch):
        raise NotFound("conflict")
    about = (ConflictCheck.about_kind == watch.about_kind, ConflictCheck.about_id == watch.about_id)
    query = select(ConflictCheck).where(*about, ConflictCheck.purpose == watch.purpose).order_by(ConflictCheck.checked_at.desc())
    checks = session.scalars(query.limit(20)).all()
    matters = _matters(session, [watch], checks)
    one, question = matters[watch.id], conflict.question_of(watch.question)
    standing = {found.rule for found in one.findings if found.verdict == OVERRIDE} if one.verdict == OVERRIDE else set()
    start = watch.fixed_on or base.now().date()
    return Sheet(
        matter=one,
        exceptions=_exceptions(session, actor, matters, [watch]),
        history=tuple(Looked(row.checked_at, row.as_of, row.verdict, conflict.findings_of(row)) for row in checks),
        wanted=tuple(sorted(standing)),
        agreeing=tuple(one.names.get(person, "") for person in sorted(override.agreeing(question, standing))),
        approvers=watch.approvers,
        latest=override.latest_end(start),
    )


def held(*, actor: Actor, observation_id: str) -> Matter | None:
    """What holds an observation because of its observer, for who has planned it or leads its course; None where nothing does."""
    session = base.session()
    here = select(Observation.created_by).where(Observation.id == observation_id, Observation.course_id == actor.course_id)
    if session.scalar(here) != actor.person_id and not (actor.is_any(*LEADS) and session.scalar(here)):
        return None
    about = (ConflictWatch.about_kind == OBSERVATION, ConflictWatch.about_id == observation_id, ConflictWatch.ended_at.is_(None))
    watch = session.scalar(select(ConflictWatch).where(*about, ConflictWatch.verdict.not_in(LETS_THROUGH)))
    return _matters(session, [watch])[watch.id] if watch is not None else None


def for_me(*, actor: Actor) -> tuple[ExceptionRow, ...]:
    """Exceptions that wait for the actor: for their agreement, or, where they are of the staff, for their approval."""
    session = base.session()
    going = select(ConflictOverride.watch_id).where(ConflictOverride.ended_at.is_(None), ConflictOverride.ends_on > base.now().date())
    query = select(ConflictWatch).where(ConflictWatch.id.in_(going), ConflictWatch.ended_at.is_(None))
    party = select(ConflictParty.watch_id).where(ConflictParty.person_id == actor.person_id)
    mine: Any = ConflictWatch.id.in_(party)
    if actor.is_any(*STAFF_ROLES):
        mine = mine | (ConflictWatch.course_id == actor.course_id)
    watches = session.scalars(query.where(mine).limit(MOST_LISTED)).all()
    matters = _matters(session, watches)
    found = _exceptions(session, actor, matters, watches)
    # Whose agreement is needed has to read what it is about, whoever they are.
    seen = (one for one in found if one.may_agree or actor.person_id not in one.matter.blind)
    return tuple(one for one in seen if one.may_agree or one.may_approve or one.may_end)


def is_blind(session: Session, actor: Actor, watch: ConflictWatch) -> bool:
    """Whether somebody may not learn of a matter, nor do anything about it, as they rate the same session and its result is open."""
    return actor.person_id in blind_to(session, [watch])[watch.id]


def blind_to(session: Session, watches: Sequence[ConflictWatch]) -> dict[str, frozenset[str]]:
    """Matter -> whoever learns nothing of it while the result is open (I9): of a further rater's part, everybody else who rates the
    session, and its candidate."""
    seats = {row.id: row for row in session.scalars(select(Rater).where(Rater.id.in_([row.about_id for row in watches])))}
    about = {row.id: seats[row.about_id] for row in watches if row.about_kind == RATER and row.about_id in seats}
    ids = {seat.observation_id for seat in about.values()}
    rating: dict[str, set[str]] = {key: set() for key in ids}
    open_ones = (Observation.id.in_(ids), Observation.state != RELEASED)
    query = select(Observation.id, Observation.observer_id, Candidacy.person_id)
    joined = query.join(Candidacy, and_(Candidacy.org_id == Observation.org_id, Candidacy.id == Observation.candidacy_id))
    for observation_id, *people in session.execute(joined.where(*open_ones)):
        rating[observation_id] |= set(people)
    others = select(Rater.observation_id, Rater.person_id).where(Rater.observation_id.in_(ids), Rater.state != "ended")
    for observation_id, person_id in session.execute(others):
        if rating[observation_id]:
            rating[observation_id].add(person_id)
    found = {key: frozenset(rating[seat.observation_id]) - {seat.person_id} for key, seat in about.items()}
    return {row.id: found.get(row.id, frozenset()) for row in watches}


# --- inside -----------------------------------------------------------------------------------------------------------------------


def _matters(session: Session, watches: Sequence[ConflictWatch], more: Sequence[ConflictCheck] = ()) -> dict[str, Matter]:
    checks = session.scalars(select(ConflictCheck).where(ConflictCheck.id.in_([row.check_id for row in watches]))).all()
    found = {row.id: conflict.findings_of(row) for row in checks}
    asked = {row.id: conflict.question_of(row.question) for row in watches}
    people = {person for question in asked.values() for person in question.people}
    named = [*found.values(), *(conflict.findings_of(row) for row in more)]
    people |= {str(one) for findings in named for each in findings for one in (each.one, each.other, each.facts.get("manager", "")) if one}
    names = {course: naming.names(session, course, people) for course in sorted({row.course_id for row in watches})}
    observed, blind = _observed(session, watches), blind_to(session, watches)
    made = {row.id: _matter(row, asked[row.id], found.get(row.check_id, ()), names[row.course_id], observed) for row in watches}
    return {key: replace(one, blind=blind[key]) for key, one in made.items()}


def _matter(
    row: ConflictWatch,
    question: Question,
    findings: tuple[Finding, ...],
    names: Mapping[str, str],
    observed: Mapping[str, Observation],
) -> Matter:
    about = observed.get(row.about_id)
    return Matter(
        id=row.id,
        kind=row.about_kind,
        purpose=row.purpose,
        verdict=row.verdict,
        findings=findings,
        names=names,
        acting=tuple(names.get(one, "") for one in dict.fromkeys(question.acting)),
        concerned=tuple(names.get(one, "") for one in dict.fromkeys(question.concerned)),
        day=about.planned_for if about is not None else None,
        state=about.state if about is not None else "",
        observation_id=about.id if about is not None else "",
    )


def _observed(session: Session, watches: Sequence[ConflictWatch]) -> dict[str, Observation]:
    """The observation that each matter is about, by the id of what is watched."""
    ids = {kind: [row.about_id for row in watches if row.about_kind == kind] for kind in (OBSERVATION, RATER)}
    seats = {row.id: row.observation_id for row in session.scalars(select(Rater).where(Rater.id.in_(ids[RATER])))}
    rows = {row.id: row for row in session.scalars(select(Observation).where(Observation.id.in_([*ids[OBSERVATION], *seats.values()])))}
    return rows | {seat: rows[about] for seat, about in seats.items() if about in rows}


def _exceptions(
    session: Session, actor: Actor, matters: Mapping[str, Matter], watches: Sequence[ConflictWatch]
) -> tuple[ExceptionRow, ...]:
    of = {row.id: row for row in watches}
    query = select(ConflictOverride).where(ConflictOverride.watch_id.in_(of), ConflictOverride.ended_at.is_(None))
    rows = session.scalars(query.order_by(ConflictOverride.asked_at.desc(), ConflictOverride.id)).all()
    voices = session.scalars(select(OverrideVoice).where(OverrideVoice.override_id.in_([row.id for row in rows]))).all()
    people = {row.asked_by for row in rows} | {voice.person_id for voice in voices}
    names = {course: naming.names(session, course, people) for course in sorted({of[row.watch_id].course_id for row in rows})}
    return tuple(_exception(actor, row, of[row.watch_id], matters[row.watch_id], voices, names[of[row.watch_id].course_id]) for row in rows)


def _exception(
    actor: Actor,
    row: ConflictOverride,
    watch: ConflictWatch,
    matter: Matter,
    voices: Sequence[OverrideVoice],
    names: Mapping[str, str],
) -> ExceptionRow:
    said = {verb: {one.person_id for one in voices if (one.override_id, one.verb) == (row.id, verb)} for verb in ("agree", "approve")}
    question, me = conflict.question_of(watch.question), actor.person_id
    agreeing = override.agreeing(question, row.rules)
    stranger = me not in question.people and me != row.asked_by
    staff = watch.course_id == actor.course_id and actor.is_any(*STAFF_ROLES)
    leads = watch.course_id == actor.course_id and actor.is_any(*LEADS)
    known = {**matter.names, **names}
    wanted = max(watch.approvers, 1)
    return ExceptionRow(
        id=row.id,
        matter=matter,
        rules=tuple(row.rules),
        reason=row.reason,
        safeguards=row.safeguards,
        ends_on=row.ends_on,
        asked_by=known.get(row.asked_by, ""),
        agreed=tuple(sorted(known.get(one, "") for one in said["agree"])),
        missing=tuple(sorted(known.get(one, "") for one in agreeing - said["agree"])),
        approved=tuple(sorted(known.get(one, "") for one in said["approve"])),
        wanted=wanted,
        may_agree=me in agreeing - said["agree"],
        may_approve=staff and stranger and me not in said["approve"] and len(said["approve"]) < wanted,
        may_end=leads or me in said["agree"],
    )
