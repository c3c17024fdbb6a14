# SPDX-License-Identifier: Apache-2.0
"""Consent of who is in the room, read: whether all of it stands, and what each of them is told and may read."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session, aliased

from lti_mentoring.domain import consent as rules
from lti_mentoring.domain.consent import GRANTED, MENTOR, PROTEGE
from lti_mentoring.domain.people import Actor, display_name
from lti_mentoring.domain.releasing import READING
from lti_mentoring.domain.rule import NotFound
from lti_mentoring.services import reporting_line
from lti_mentoring.services.seat import handed_in
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.field import Participant
from lti_mentoring.store.mentorship import MentoringSession, MentorshipMember
from lti_mentoring.store.observation import EvidenceNote, Observation
from lti_mentoring.store.people import Course, Person
from lti_mentoring.store.platform import Organisation
from lti_mentoring.store.rating import Rater


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it stands; without text once it was struck."""

    id: str
    text: str
    noted_at: datetime
    struck: bool


@dataclass(frozen=True, slots=True)
class OwnPage:
    """What somebody in the room is told, and what they said. ``role`` is theirs; ``asker`` planned it; ``to_read``: a result waits for them
    to have read, until ``reading_until`` where a time is set; ``line_known``: they said within a year who they report to. ``rates``: they
    rate here, so that they read nothing of it before it is released. ``about``: the day and place that a yes is for; the answer brings it
    back."""

    observation_id: str
    state: str
    kind: str
    role: str
    consent: str
    answered_at: datetime | None
    read_at: datetime | None
    candidate: str
    observer: str
    asker: str
    organisation: str
    course: str
    planned_for: date
    place: str
    lines: tuple[Line, ...]
    to_read: bool
    reading_until: datetime | None
    line_known: bool
    rates: bool
    about: str


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose the consent of a session is where it may not be everybody's own: by the observer's word, since nobody was asked themself, or
    by links that these were shown, to hand over."""

    by_word: bool = False
    handed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OwnRow:
    """One observation that somebody was asked about, in a list."""

    observation_id: str
    planned_for: date
    candidate: str
    observer: str
    consent: str
    state: str
    to_read: bool


# --- whether it can be observed ----------------------------------------------------------------------------------------------------


def stands(session: Session, row: Observation) -> bool:
    """Whether a session can be observed as far as consent goes; where no participant has a person, the observer's own word holds."""
    return standing(session, [row])[row.id]


def standing(session: Session, rows: Collection[Observation]) -> dict[str, bool]:
    """The same for many, by their ids; one query."""
    said: dict[str, list[str]] = {row.id: [] for row in rows}
    query = select(Participant.observation_id, Participant.consent).where(Participant.observation_id.in_(list(said)))
    for observation_id, answer in session.execute(query):
        said[observation_id].append(answer)
    return {row.id: rules.stands(said[row.id], row.consent_at is not None) for row in rows}


def whose(session: Session, row: Observation) -> Whose:
    """Whose the consent of a session is, for pages of one where it stands or stood."""
    said = session.scalars(select(Participant.handed_by).where(Participant.observation_id == row.id)).all()
    names = _names(session, {one for one in said if one is not None})
    return Whose(by_word=not said and row.consent_at is not None, handed=tuple(sorted(names.values())))


def waits(session: Session, observation_id: str) -> bool:
    """Whether no words about it are taken, since not everybody who was asked has agreed; asked anew for every line that arrives."""
    return rules.waits(session.scalars(select(Participant.consent).where(Participant.observation_id == observation_id)).all())


def taking_part(session: Session, row: Observation) -> list[tuple[str, str]]:
    """Who takes part in the session that is observed by belonging to its pair, on that day: (person, ``protege`` or ``mentor``)."""
    query = (
        _members(row)
        .where(MentorshipMember.started_on <= row.planned_for)
        .where(or_(MentorshipMember.ended_on.is_(None), MentorshipMember.ended_on > row.planned_for))
    )
    return [(person_id, PROTEGE if role == PROTEGE else MENTOR) for person_id, role in session.execute(query)]


def left(session: Session, row: Observation) -> set[str]:
    """Who was asked since they belonged to the pair of the session, and do not on its day; nobody where nobody else would be asked."""
    there = {one for one, _ in taking_part(session, row)} - {candidate_of(session, row)[0], row.observer_id}
    asked = select(Participant.person_id, Participant.said_name).where(Participant.observation_id == row.id)
    found = {one.person_id: one.said_name is not None for one in session.execute(asked)}
    members = {one for one, _ in session.execute(_members(row))}
    gone = {one for one, named in found.items() if one in members and not named} - there - {row.mentor_id}
    return gone if there | (found.keys() - gone) else set()


def _members(row: Observation) -> Select[str, str]:
    """Who ever belonged to the pair of the session that is observed, and as what."""
    return (
        select(MentorshipMember.person_id, MentorshipMember.role)
        .join(
            MentoringSession,
            and_(MentoringSession.org_id == MentorshipMember.org_id, MentoringSession.mentorship_id == MentorshipMember.mentorship_id),
        )
        .where(MentoringSession.id == row.session_id)
    )


def asked(session: Session, row: Observation) -> bool:
    """Whether anybody in the room is asked themself, so that the observer's word is not needed."""
    return session.scalar(select(Participant.id).where(Participant.observation_id == row.id).limit(1)) is not None


# --- the page ----------------------------------------------------------------------------------------------------------------------


def page(*, actor: Actor, observation_id: str) -> OwnPage:
    """All that somebody in the room is told of a session. NotFound ``consent`` for everybody else."""
    session = base.session()
    row, mine = seat_of(session, actor, observation_id)
    _, candidate = candidate_of(session, row)
    names = _names(session, {row.observer_id, row.created_by})
    course = session.get_one(Course, (row.org_id, row.course_id))
    rates = row.state != "released" and rates_here(session, row, actor.person_id)
    waits = row.state == "rated" and mine.consent == GRANTED and mine.read_at is None and row.rated_at is not None
    return OwnPage(
        observation_id=row.id,
        state=row.state,
        kind=row.kind,
        role=mine.role,
        consent=mine.consent,
        answered_at=mine.answered_at,
        read_at=mine.read_at,
        candidate=candidate,
        observer=names.get(row.observer_id, ""),
        asker=names.get(row.created_by, ""),
        organisation=session.get_one(Organisation, row.org_id).name,
        course=course.title or course.label,
        planned_for=row.planned_for,
        place=row.place,
        lines=() if rates else lines(session, row),
        to_read=waits,
        reading_until=row.rated_at + READING if waits and row.rated_at is not None and not mine.waits_for_link else None,
        line_known=reporting_line.attestation(session, actor.person_id, on=base.now().date()).holds,
        rates=rates,
        about=about(row),
    )


def about(row: Observation) -> str:
    """The day and the place of a session, in one piece."""
    return f"{row.planned_for.isoformat()} {row.place}".strip()


def lines(session: Session, row: Observation) -> tuple[Line, ...]:
    """All that was noted in the room, whoever noted it, in the order of the session, and what the candidate handed in of one that they
    watched: everybody in the room can be in each of them."""
    found = session.scalars(notes(row).order_by(EvidenceNote.noted_at, EvidenceNote.id))
    noted = [Line(one.id, one.text, one.noted_at, one.struck_at is not None) for one in found]
    account = handed_in(session, row.id)
    if account is not None and account.handed_in_at is not None:
        noted.append(Line(account.id, account.account, account.kept_at, not account.account))
    return tuple(noted)


def notes(row: Observation) -> Select[EvidenceNote]:
    """The lines of an observation, of everybody who notes."""
    return select(EvidenceNote).where(EvidenceNote.observation_id == row.id)


def own(*, actor: Actor) -> tuple[OwnRow, ...]:
    """The observations of this course that somebody was asked about, the newest first."""
    candidate, observer = aliased(Person), aliased(Person)
    query = (
        select(Participant, Observation, candidate.id, candidate.name, candidate.chosen_name, observer.name, observer.chosen_name)
        .join(Observation, and_(Observation.org_id == Participant.org_id, Observation.id == Participant.observation_id))
        .join(Candidacy, and_(Candidacy.org_id == Observation.org_id, Candidacy.id == Observation.candidacy_id))
        .join(candidate, and_(candidate.org_id == Candidacy.org_id, candidate.id == Candidacy.person_id))
        .join(observer, and_(observer.org_id == Observation.org_id, observer.id == Observation.observer_id))
        .where(Participant.person_id == actor.person_id, Observation.course_id == actor.course_id)
        .order_by(Observation.planned_for.desc(), Observation.id)
        .limit(200)
    )
    return tuple(
        OwnRow(
            observation_id=row.id,
            planned_for=row.planned_for,
            candidate=display_name(chosen or name, candidate_id),
            observer=display_name(observer_chosen or observer_name, row.observer_id),
            consent=mine.consent,
            state=row.state,
            to_read=row.state == "rated" and mine.consent == GRANTED and mine.read_at is None,
        )
        for mine, row, candidate_id, name, chosen, observer_name, observer_chosen in base.session().execute(query)
    )


# --- for the verbs that write ----------------------------------------------------------------------------------------------------



def seat_of(session: Session, actor: Actor, observation_id: str, *, lock: bool = False) -> tuple[Observation, Participant]:
    """An observation that the actor was asked about, and their own part in it. NotFound ``consent``; ``lock`` for a verb that writes."""
    query = select(Observation).where(Observation.id == observation_id, Observation.course_id == actor.course_id)
    row = session.scalar(query.with_for_update().execution_options(populate_existing=True) if lock else query)
    theirs = select(Participant).where(Participant.observation_id == observation_id, Participant.person_id == actor.person_id)
    mine = session.scalar(theirs.execution_options(populate_existing=True))
    if row is None or mine is None:
        raise NotFound("consent")
    return row, mine


def candidate_of(session: Session, row: Observation) -> tuple[str, str]:
    """The id and name of whom an observation is about."""
    query = (
        select(Person.id, Person.name, Person.chosen_name)
        .join(Candidacy, and_(Candidacy.org_id == Person.org_id, Candidacy.person_id == Person.id))
        .where(Candidacy.id == row.candidacy_id)
    )
    found = session.execute(query).one()
    return found.id, display_name(found.chosen_name or found.name, found.id)


def _names(session: Session, people: set[str]) -> dict[str, str]:
    found = session.execute(select(Person.id, Person.name, Person.chosen_name).where(Person.id.in_(people)))
    return {row.id: display_name(row.chosen_name or row.name, row.id) for row in found}


def rates_here(session: Session, row: Observation, person_id: str) -> bool:
    """Whether somebody rates an observation, so that they read nothing of it before it is released."""
    seat = select(Rater.id).where(Rater.observation_id == row.id, Rater.person_id == person_id)
    return person_id == row.observer_id or session.scalar(seat) is not None
