# SPDX-License-Identifier: Apache-2.0
"""The occasion of an observation: a session of a pair, there already or planned with it, or a plain day where pairs are not kept here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from lti_mentoring.domain import mentorship as rules
from lti_mentoring.domain.participation import COMPLETED
from lti_mentoring.domain.people import Actor, display_name
from lti_mentoring.domain.programme import CO, STRUCTURED
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import meeting, mentorship
from lti_mentoring.services.meeting import When
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.mentorship import MentoringSession, Mentorship
from lti_mentoring.store.people import Membership, Person, RoleGrant
from lti_mentoring.store.qualification import FoundingMentor

MOST_LISTED = 200


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A planned session to choose: whose it is, and when."""

    id: str
    leading: tuple[str, ...]
    label: str
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class PairChoice:
    """A pair for which a session can be planned at once."""

    id: str
    leading: tuple[str, ...]
    label: str


@dataclass(frozen=True, slots=True)
class Occasions:
    """What an observation can be planned on: sessions that lie ahead, pairs that go on, and accomplished mentors as (id, name)."""

    sessions: tuple[SessionRow, ...] = ()
    pairs: tuple[PairChoice, ...] = ()
    mentors: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asks for: a session by its id, a new one of a pair (``new_id`` is the form's own), or else a plain day with a label
    for the protégé. ``mentor_id``: the accomplished mentor, where the kind has one."""

    session_id: str = ""
    mentorship_id: str = ""
    when: When | None = None
    new_id: str = ""
    mentor_id: str = ""
    day: date | None = None
    label: str = ""
    place: str = ""


NOTHING_ASKED = Asked()


@dataclass(frozen=True, slots=True)
class Occasion:
    """What comes of it. ``session_id`` is None on a plain day; ``proteges`` are the persons in the room."""

    session_id: str | None
    planned_for: date
    place: str
    label: str
    mentor_id: str | None
    proteges: tuple[str, ...] = ()


# --- to choose from -------------------------------------------------------------------------------------------------------------


def options(*, actor: Actor) -> Occasions:
    """What there is to choose, for who plans; four queries. Protégés are told by what their pair is called, or by initials."""
    session = base.session()
    active = (Mentorship.course_id == actor.course_id, Mentorship.state == "active")
    pairs = session.scalars(select(Mentorship).where(*active).order_by(Mentorship.started_on, Mentorship.id).limit(MOST_LISTED)).all()
    members = mentorship.members_of(session, [row.id for row in pairs])
    choices = {row.id: _choice(row, members.get(row.id, ())) for row in pairs}
    ahead = (MentoringSession.mentorship_id.in_(choices), MentoringSession.state == "planned", MentoringSession.starts_at > base.now())
    next_first = select(MentoringSession).where(*ahead).order_by(MentoringSession.starts_at, MentoringSession.id)
    found = session.scalars(next_first.limit(MOST_LISTED))
    sessions = tuple(
        SessionRow(row.id, choices[row.mentorship_id].leading, choices[row.mentorship_id].label, row.starts_at) for row in found
    )
    by_name = sorted(choices.values(), key=lambda one: (*map(str.casefold, one.leading), one.label, one.id))
    return Occasions(sessions, tuple(by_name), _mentors(session, actor))


def _choice(row: Mentorship, members: tuple[mentorship.MemberRow, ...]) -> PairChoice:
    leading = tuple(one.name for one in members if one.role in rules.LEADING)
    return PairChoice(row.id, leading, label_of(row, members))


def label_of(row: Mentorship, members: tuple[mentorship.MemberRow, ...]) -> str:
    """What the protégés of a pair are called where their names are nobody's business."""
    return row.label or rules.label_of(one.name for one in members if one.role == rules.PROTEGE)


def _mentors(session: Session, actor: Actor) -> tuple[tuple[str, str], ...]:
    """Accomplished mentors of the course: who observes there, founding mentors, and who has completed the programme."""
    found = session.execute(
        select(Person.id, Person.name, Person.chosen_name)
        .join(Membership, and_(Membership.org_id == Person.org_id, Membership.person_id == Person.id))
        .where(Membership.course_id == actor.course_id, _accomplished(actor.course_id))
    )
    named = [(row.id, display_name(row.name or row.chosen_name, row.id)) for row in found]
    return tuple(sorted(named, key=lambda one: (one[1].casefold(), one[0])))


def _accomplished(course_id: str) -> ColumnElement[bool]:
    observe = select(RoleGrant.person_id).where(
        RoleGrant.course_id == course_id, RoleGrant.role == "observer", RoleGrant.revoked_at.is_(None)
    )
    founded = select(FoundingMentor.person_id).where(
        FoundingMentor.course_id == course_id, FoundingMentor.signed_at.is_not(None), FoundingMentor.ended_at.is_(None)
    )
    passed = select(Candidacy.person_id).where(Candidacy.course_id == course_id, Candidacy.participation == COMPLETED)
    # Each found once: SQLite looks through all grants of a course anew for each person where they are asked person by person.
    return or_(*(Person.id.in_(one) for one in (observe, founded, passed)))


# --- chosen ---------------------------------------------------------------------------------------------------------------------


def of(session: Session, actor: Actor, asked: Asked, *, kind: str, candidate_id: str, observer_id: str) -> Occasion:
    """What was asked for, in the caller's transaction: a session is planned if it is a new one.

    NotFound ``session``, ``mentorship``, ``person``; RuleBroken ``day_missing``, ``protege_label_empty``, ``session_closed``,
    ``session_mentor``, ``mentor_observes``, ``mentor_unknown``, those of ``meeting.planned`` and of ``domain.mentorship.observed``.
    """
    row, pair = _session(session, actor, asked)
    mentor_id = _mentor(session, actor, asked.mentor_id, kind=kind, pair=pair)
    if mentor_id == candidate_id:
        raise RuleBroken("session_mentor")
    if row is None or pair is None:
        made = _plain(asked, mentor_id)
    else:
        day = meeting.day_of(row)
        members = mentorship.members_of(session, [pair.id]).get(pair.id, ())
        seats = mentorship.seats_on(members, day)
        found = rules.observed(kind, pair.kind, seats, candidate_id=candidate_id, mentor_id=mentor_id)
        made = Occasion(row.id, day, row.place, label_of(pair, members), found.mentor_id, found.proteges)
    if observer_id in made.proteges or (kind == STRUCTURED and made.mentor_id == observer_id):
        raise RuleBroken("mentor_observes")
    return made


def _plain(asked: Asked, mentor_id: str | None) -> Occasion:
    """A day and a few words, where the pair is not kept here."""
    label = " ".join(asked.label.split())[:120]
    if not label:
        raise RuleBroken("protege_label_empty")
    if asked.day is None:
        raise RuleBroken("day_missing")
    return Occasion(None, asked.day, " ".join(asked.place.split())[:200], label, mentor_id)


def _session(session: Session, actor: Actor, asked: Asked) -> tuple[MentoringSession | None, Mentorship | None]:
    """The session and its pair; the pair's row is locked, then the session's, so that nobody moves it or calls it off meanwhile."""
    if asked.session_id:
        which = select(MentoringSession).where(MentoringSession.id == asked.session_id)
        pair = _pair(session, actor, session.scalar(which.with_only_columns(MentoringSession.mentorship_id)) or "")
        row = session.scalar(which.with_for_update()) if pair is not None else None
        if row is None or pair is None:
            raise NotFound("session")
        if row.state != "planned":
            raise RuleBroken("session_closed", state=row.state)
        return row, pair
    if asked.mentorship_id and asked.when is not None:
        pair = _pair(session, actor, asked.mentorship_id)
        if pair is None:
            raise NotFound("mentorship")
        return meeting.planned(session, actor, pair, asked.when, asked.new_id or base.new_id()), pair
    return None, None


def _pair(session: Session, actor: Actor, mentorship_id: str) -> Mentorship | None:
    query = select(Mentorship).where(Mentorship.id == mentorship_id, Mentorship.course_id == actor.course_id)
    return session.scalar(query.with_for_update())


def _mentor(session: Session, actor: Actor, mentor_id: str, *, kind: str, pair: Mentorship | None) -> str | None:
    """The accomplished mentor who was chosen: one of the list, or one who leads the pair."""
    if not mentor_id or kind not in (STRUCTURED, CO):
        return None
    here = select(Membership.id).where(Membership.course_id == actor.course_id, Membership.person_id == mentor_id)
    if session.scalar(here) is None:
        raise NotFound("person")
    members = mentorship.members_of(session, [pair.id])[pair.id] if pair is not None else ()
    if any(one.person_id == mentor_id and one.role in rules.LEADING for one in members):
        return mentor_id
    if session.scalar(select(Person.id).where(Person.id == mentor_id, _accomplished(actor.course_id))) is None:
        raise RuleBroken("mentor_unknown")
    return mentor_id
