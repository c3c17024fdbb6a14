# SPDX-License-Identifier: Apache-2.0
"""Pairs and groups, read: who is in them, who sees to them, and the roles that follow from being in one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import Session

from lti_mentoring.domain import conflict as guard
from lti_mentoring.domain.conflict import Finding
from lti_mentoring.domain.mentorship import LEADING, PROTEGE, Seats
from lti_mentoring.domain.people import LEADS, Actor, display_name
from lti_mentoring.domain.rule import NotFound
from lti_mentoring.services import conflict
from lti_mentoring.store import base
from lti_mentoring.store.conflict import ConflictCheck, ConflictWatch
from lti_mentoring.store.mentorship import Mentorship, MentorshipMember
from lti_mentoring.store.people import Identity, Membership, Person
from lti_mentoring.store.qualification import FoundingMentor

KIND = "mentorship"
MOST_LISTED = 200


@dataclass(frozen=True, slots=True)
class MemberRow:
    """Somebody in a pair or group."""

    person_id: str
    name: str
    role: str
    started_on: date
    ended_on: date | None


@dataclass(frozen=True, slots=True)
class PairRow:
    """A pair or group in a list. ``verdict`` is what the conflict guard says of it now."""

    id: str
    kind: str
    label: str
    state: str
    started_on: date
    ended_on: date | None
    members: tuple[MemberRow, ...]
    verdict: str = guard.CLEAR

    @property
    def leading(self) -> tuple[str, ...]:
        """The names of those who lead it."""
        return tuple(one.name for one in self.members if one.role in LEADING)

    @property
    def proteges(self) -> tuple[str, ...]:
        """The names of the protégés."""
        return tuple(one.name for one in self.members if one.role == PROTEGE)


@dataclass(frozen=True, slots=True)
class PairsPage:
    """The pairs that the reader sees to, the newest first: all of the course for who leads it, else their own."""

    active: tuple[PairRow, ...]
    ended: tuple[PairRow, ...]
    total: int


@dataclass(frozen=True, slots=True)
class MakeForm:
    """Whom a pair can be made of: people of the course, (id, name). A mentor who does not lead the course leads the pair, is shown
    nobody's name, and names protégés by their addresses."""

    people: tuple[tuple[str, str], ...]
    own: bool
    today: date


# --- who is in it -----------------------------------------------------------------------------------------------------------


def _sees_to(actor: Actor) -> Any:
    """The pairs that somebody sees to."""
    here = Mentorship.course_id == actor.course_id
    if actor.is_any(*LEADS):
        return here
    led = select(MentorshipMember.mentorship_id).where(MentorshipMember.person_id == actor.person_id, MentorshipMember.role.in_(LEADING))
    return and_(here, Mentorship.id.in_(led))


def own(session: Session, actor: Actor, mentorship_id: str, *, lock: bool = False) -> Mentorship:
    """A pair for who leads the course or leads it; NotFound ``mentorship`` for everybody else."""
    query = select(Mentorship).where(Mentorship.id == mentorship_id, _sees_to(actor))
    row = session.scalar(query.with_for_update(of=Mentorship) if lock else query)
    if row is None:
        raise NotFound("mentorship")
    return row


def members_of(session: Session, mentorship_ids: Collection[str]) -> dict[str, tuple[MemberRow, ...]]:
    """The members of pairs by pair, those who lead first, then by name; one query."""
    found: dict[str, list[MemberRow]] = defaultdict(list)
    member = MentorshipMember
    here = (Membership.person_id == member.person_id, Membership.course_id == Mentorship.course_id)
    typed = case((~select(Membership.id).where(*here).exists(), member.said_name))  # whoever never came is called what was typed
    columns = (member.mentorship_id, member.person_id, member.role, member.started_on, member.ended_on, Person.name, Person.chosen_name)
    query = (
        select(*columns, typed.label("typed"))
        .join(Mentorship, and_(Mentorship.org_id == member.org_id, Mentorship.id == member.mentorship_id))
        .join(Person, and_(Person.org_id == member.org_id, Person.id == member.person_id))
        .where(member.mentorship_id.in_(mentorship_ids))
    )
    for row in session.execute(query):
        name = display_name(row.typed or row.name or row.chosen_name, row.person_id)
        found[row.mentorship_id].append(MemberRow(row.person_id, name, row.role, row.started_on, row.ended_on))
    order = (*LEADING, PROTEGE)
    return {key: tuple(sorted(rows, key=lambda one: (order.index(one.role), one.name.casefold()))) for key, rows in found.items()}


def seats_on(members: Sequence[MemberRow], day: date) -> Seats:
    """Who holds which seat on a day."""
    return [(one.person_id, one.role) for one in members if one.started_on <= day and (one.ended_on is None or day < one.ended_on)]


# --- pages -------------------------------------------------------------------------------------------------------------------


def page(*, actor: Actor) -> PairsPage:
    """The pairs that somebody sees to."""
    session = base.session()
    newest = select(Mentorship).where(_sees_to(actor)).order_by(Mentorship.state, Mentorship.started_on.desc(), Mentorship.id)
    rows = session.scalars(newest.limit(MOST_LISTED)).all()
    found = listed(session, rows)
    total = session.scalar(select(func.count(Mentorship.id)).where(_sees_to(actor))) or 0
    return PairsPage(tuple(one for one in found if one.state == "active"), tuple(one for one in found if one.state != "active"), total)


def listed(session: Session, rows: Sequence[Mentorship]) -> tuple[PairRow, ...]:
    """Pairs with their members and what the guard says of each; two queries."""
    ids = [row.id for row in rows]
    members, verdicts = members_of(session, ids), conflict.standing(session, KIND, ids)
    return tuple(_row(one, members.get(one.id, ()), verdicts.get(one.id, guard.CLEAR)) for one in rows)


def _row(row: Mentorship, members: tuple[MemberRow, ...], verdict: str) -> PairRow:
    return PairRow(row.id, row.kind, row.label, row.state, row.started_on, row.ended_on, members, verdict)


def findings(session: Session, mentorship_id: str) -> tuple[Finding, ...]:
    """What the conflict guard has found of a pair."""
    watched = (ConflictWatch.about_kind == KIND, ConflictWatch.about_id == mentorship_id, ConflictWatch.ended_at.is_(None))
    same = and_(ConflictWatch.org_id == ConflictCheck.org_id, ConflictWatch.check_id == ConflictCheck.id)
    row = session.scalar(select(ConflictCheck).join(ConflictWatch, same).where(*watched))
    return conflict.findings_of(row) if row is not None else ()


def form(*, actor: Actor) -> MakeForm:
    """Whom a pair can be made of."""
    if not actor.is_any(*LEADS):
        return MakeForm((), own=True, today=base.now().date())
    tested = select(Identity.id).where(Identity.person_id == Person.id, Identity.test_user).exists()
    query = (
        select(Person.id, Person.name, Person.chosen_name)
        .join(Membership, and_(Membership.org_id == Person.org_id, Membership.person_id == Person.id))
        .where(Membership.course_id == actor.course_id, Membership.status == "active", ~tested)
    )
    people = [(row.id, display_name(row.name or row.chosen_name, row.id)) for row in base.session().execute(query)]
    return MakeForm(tuple(sorted(people, key=lambda one: (one[1].casefold(), one[0]))), own=False, today=base.now().date())


# --- the roles that follow from it -----------------------------------------------------------------------------------------------


def roles_held(org_id: Any, course_id: Any, person_id: Any) -> tuple[Any, Any]:
    """Whether somebody is a mentor, and whether a protégé, in a course, as parts of a statement about them. Mentors are those who lead a
    pair that goes on, and founding mentors whom a sponsor has signed for."""

    def seated(*roles: str) -> Any:
        pair = and_(Mentorship.org_id == MentorshipMember.org_id, Mentorship.id == MentorshipMember.mentorship_id)
        held = (MentorshipMember.org_id == org_id, MentorshipMember.person_id == person_id, MentorshipMember.role.in_(roles))
        return select(MentorshipMember.id).join(Mentorship, pair).where(*held, Mentorship.course_id == course_id, *GOES_ON).exists()

    founds = select(FoundingMentor.id).where(
        FoundingMentor.org_id == org_id,
        FoundingMentor.course_id == course_id,
        FoundingMentor.person_id == person_id,
        FoundingMentor.signed_at.is_not(None),
        FoundingMentor.ended_at.is_(None),
    )
    return or_(seated(*LEADING), founds.exists()).label("mentors"), seated(PROTEGE).label("mentored")


GOES_ON = (Mentorship.state == "active", MentorshipMember.ended_on.is_(None))
