# SPDX-License-Identifier: Apache-2.0
"""Requests for help as the helping side meets them: the board, one request, taking it, contacts, the answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, Select, and_, func, literal, or_, select, update
from sqlalchemy.orm import Session, aliased

from lti_mentoring.domain import assistance as rules
from lti_mentoring.domain.assistance import OPEN, Case, Topic
from lti_mentoring.domain.observation import NO_MORE
from lti_mentoring.domain.people import LEADS, Actor, display_name
from lti_mentoring.services import notification, privacy, programme
from lti_mentoring.store import base
from lti_mentoring.store.assistance import AssistanceContact, AssistanceRequest
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.observation import Assessment, Observation
from lti_mentoring.store.people import Person

MOST_LISTED = 500


@dataclass(frozen=True, slots=True)
class ContactRow:
    """A contact as candidate and helpers read it."""

    id: str
    helper: str
    minutes: int
    mode: str
    outcome: str
    follow_up: date | None
    noted_at: datetime


@dataclass(frozen=True, slots=True)
class RequestRow:
    """A request as candidate and helpers read it. ``due`` is there while an answer is owed, ``mine`` says that the reader has taken it."""

    id: str
    candidate: str
    topic: Topic
    urgency: str
    text: str
    state: str
    reason: str
    helper: str
    mine: bool
    made_at: datetime
    asked_at: datetime | None
    due: date | None
    overdue: bool
    contacts: tuple[ContactRow, ...] = ()

    @property
    def follow_up(self) -> date | None:
        """The day on which the last contact is to be followed up."""
        return self.contacts[-1].follow_up if self.contacts else None


@dataclass(frozen=True, slots=True)
class Board:
    """What helpers have to do with, what is due first at the top. ``more``: there is more than is shown."""

    waiting: tuple[RequestRow, ...]
    mine: tuple[RequestRow, ...]
    others: tuple[RequestRow, ...]
    more: bool = False

    @property
    def overdue(self) -> int:
        """How many of them are late."""
        return sum(row.overdue for row in (*self.waiting, *self.mine, *self.others))


@dataclass(frozen=True, slots=True)
class RequestPage:
    """One request, and the verbs that the reader can do with it now."""

    request: RequestRow
    verbs: frozenset[str]


# --- rows ------------------------------------------------------------------------------------------------------------------

_Helper = aliased(Person)


def assesses(person_id: Any) -> ColumnElement[bool]:
    """Whether somebody observes a request's candidate, has observed them or has assessed them; what was called off does not count."""
    of_candidate = and_(
        Observation.org_id == AssistanceRequest.org_id,
        Observation.candidacy_id == AssistanceRequest.candidacy_id,
        Observation.state.not_in(NO_MORE),
    )
    observed = select(Observation.id).where(of_candidate, Observation.observer_id == person_id).exists()
    assessed = (
        select(Assessment.id)
        .join(Observation, and_(Observation.org_id == Assessment.org_id, Observation.id == Assessment.observation_id))
        .where(of_candidate, Assessment.assessor_id == person_id)
        .exists()
    )
    return or_(observed, assessed)


def theirs_to_see(person_id: Any, *, coordinates: Any) -> ColumnElement[bool]:
    """Which requests a helper may know of, for counting where no row is read: as ``may_help`` says of each."""
    own = select(Candidacy.id).where(
        Candidacy.org_id == AssistanceRequest.org_id, Candidacy.id == AssistanceRequest.candidacy_id, Candidacy.person_id == person_id
    )
    return and_(~own.correlate(AssistanceRequest).exists(), or_(coordinates, ~assesses(person_id)))


def listed(person_id: str) -> Select[*tuple[Any, ...]]:
    """Requests with all that a row of them and the rules about it need."""
    return (
        select(
            AssistanceRequest,
            Candidacy.programme_version_id,
            Candidacy.person_id,
            Person.name,
            Person.chosen_name,
            _Helper.name.label("helper_name"),
            _Helper.chosen_name.label("helper_chosen"),
            assesses(person_id).label("assesses"),
        )
        .join(Candidacy, and_(Candidacy.org_id == AssistanceRequest.org_id, Candidacy.id == AssistanceRequest.candidacy_id))
        .join(Person, and_(Person.org_id == Candidacy.org_id, Person.id == Candidacy.person_id))
        .outerjoin(_Helper, and_(_Helper.org_id == AssistanceRequest.org_id, _Helper.id == AssistanceRequest.helper_id))
    )


def rows(session: Session, found: Iterable[Any], reader_id: str) -> tuple[RequestRow, ...]:
    """Rows for people, each with its contacts; one query, and one for each programme version that this process has not met."""
    found = tuple(found)
    contacts = _contacts(session, [one[0].id for one in found])
    return tuple(_row(one, reader_id, contacts.get(one[0].id, ())) for one in found)


def _row(found: Any, reader_id: str, contacts: Iterable[ContactRow]) -> RequestRow:
    one: AssistanceRequest = found[0]
    version = programme.load(found.programme_version_id)
    due = rules.due(one.urgency, one.asked_at, version.policy) if one.asked_at and one.state in rules.UNDER_WAY else None
    return RequestRow(
        id=one.id,
        candidate=display_name(found.name or found.chosen_name, found.person_id),
        topic=next((of for of in rules.topics(version) if (of.kind, of.key) == (one.topic_kind, one.topic_key)), rules.OTHER),
        urgency=one.urgency,
        text=one.text,
        state=one.state,
        reason=one.reason,
        helper=display_name(found.helper_name or found.helper_chosen, one.helper_id) if one.helper_id else "",
        mine=one.helper_id == reader_id,
        made_at=one.made_at,
        asked_at=one.asked_at,
        due=due,
        overdue=due is not None and rules.overdue(one.state, due, base.now().date()),
        contacts=tuple(contacts),
    )


def _contacts(session: Session, request_ids: Collection[str]) -> dict[str, list[ContactRow]]:
    found: dict[str, list[ContactRow]] = defaultdict(list)
    query = (
        select(AssistanceContact, Person.name, Person.chosen_name)
        .join(Person, and_(Person.org_id == AssistanceContact.org_id, Person.id == AssistanceContact.helper_id))
        .where(AssistanceContact.request_id.in_(request_ids))
        .order_by(AssistanceContact.noted_at, AssistanceContact.id)
    )
    for one, name, chosen in session.execute(query):
        helper = display_name(name or chosen, one.helper_id)
        row = ContactRow(one.id, helper, one.minutes, one.mode, one.outcome, one.follow_up, one.noted_at)
        found[one.request_id].append(row)
    return found


# --- the board -------------------------------------------------------------------------------------------------------------


def board(*, actor: Actor) -> Board:
    """The open requests of the course that this person may know of, what is due first at the top."""
    session = base.session()
    query = listed(actor.person_id).where(AssistanceRequest.course_id == actor.course_id, AssistanceRequest.state.in_(OPEN))
    # So that the limit counts what is theirs to see; the rule below decides.
    query = query.where(theirs_to_see(actor.person_id, coordinates=literal(actor.is_any("coordinator"))))
    found = session.execute(query.order_by(AssistanceRequest.asked_at, AssistanceRequest.id).limit(MOST_LISTED + 1)).all()
    seen = rows(session, (one for one in found[:MOST_LISTED] if _may_help(actor, one)), actor.person_id)
    ordered = sorted(seen, key=lambda row: (row.due or date.max, row.asked_at or row.made_at, row.id))
    return Board(
        waiting=tuple(row for row in ordered if row.state == "requested"),
        mine=tuple(row for row in ordered if row.state != "requested" and row.mine),
        others=tuple(row for row in ordered if row.state != "requested" and not row.mine),
        more=len(found) > MOST_LISTED,
    )


def request_page(*, actor: Actor, request_id: str) -> RequestPage:
    """One request for a helper. NotFound ``assistance`` for whoever may not know of it."""
    session = base.session()
    found = _found(session, actor, request_id)
    (row,) = rows(session, [found], actor.person_id)
    case = _case(session, actor, found)
    return RequestPage(row, frozenset(verb for verb in ("take", "hand_back", "contact", "answer") if _can(row.state, verb, case)))


def _can(state: str, verb: str, case: Case) -> bool:
    move = rules.TABLE.get((state, verb))
    return move is not None and not any(rules.GUARDS[name](case) for name in move.guards)


def _may_help(actor: Actor, found: Any) -> bool:
    return rules.may_help(
        person_id=actor.person_id,
        roles=actor.roles,
        subject_id=found.person_id,
        state=found[0].state,
        assesses=bool(found.assesses),
    )


def _found(session: Session, actor: Actor, request_id: str, *, lock: bool = False) -> Any:
    query = listed(actor.person_id).where(AssistanceRequest.id == request_id, AssistanceRequest.course_id == actor.course_id)
    found = session.execute(query.with_for_update(of=AssistanceRequest) if lock else query).first()
    rules.known(found is not None and _may_help(actor, found))
    return found


def _case(session: Session, actor: Actor, found: Any) -> Case:
    one: AssistanceRequest = found[0]
    contacts = 0
    if one.taken_at is not None:
        since = and_(AssistanceContact.request_id == one.id, AssistanceContact.noted_at >= one.taken_at)
        contacts = session.scalar(select(func.count(AssistanceContact.id)).where(since)) or 0
    return Case(actor.person_id, found.person_id, one.helper_id or "", _may_help(actor, found), actor.is_any(*LEADS), contacts)


# --- verbs -----------------------------------------------------------------------------------------------------------------


def take(*, actor: Actor, request_id: str) -> None:
    """Take a request that waits. Of two at the same moment one has it; taking one's own again changes nothing.

    NotFound ``assistance``; RuleBroken ``assistance_taken``, ``assistance_moved_on``.
    """
    with base.transactional() as session:
        found = _found(session, actor, request_id)
        one: AssistanceRequest = found[0]
        if one.state == "taken" and one.helper_id == actor.person_id:
            return
        state = rules.after(one.state, "take", _case(session, actor, found))
        now = base.now()
        taken = session.execute(
            update(AssistanceRequest)
            .where(AssistanceRequest.id == request_id, AssistanceRequest.state == one.state)
            .values(state=state, helper_id=actor.person_id, taken_at=now, changed_at=now)
            .execution_options(synchronize_session=False)
        )
        if not cast(CursorResult[Any], taken).rowcount:
            rules.lost()
        _record(session, actor, "take", request_id)


def hand_back(*, actor: Actor, request_id: str) -> None:
    """Let a request wait for somebody else: its helper, or who leads the course. What is due stays due. RuleBroken
    ``assistance_of_another``."""
    with base.transactional() as session:
        found = _found(session, actor, request_id, lock=True)
        _move(session, actor, found, "hand_back", helper_id=None, taken_at=None)


def add_contact(
    *,
    actor: Actor,
    request_id: str,
    contact_id: str,
    minutes: int,
    mode: str,
    outcome: str,
    follow_up: date | None = None,
    answers: bool = False,
) -> None:
    """Keep a contact about a request that one has taken; ``answers``: with it the request is answered.

    ``contact_id`` is the form's own, so that sending it twice keeps one. RuleBroken ``minutes_unknown``, ``mode_unknown``,
    ``outcome_empty``, ``help_text_long``, ``follow_up_past``, ``assistance_of_another``, ``assistance_moved_on``.
    """
    now = base.now()
    rules.check_contact(minutes, mode, outcome, follow_up, now.date())
    with base.transactional() as session:
        found = _found(session, actor, request_id, lock=True)
        if session.scalar(select(AssistanceContact.id).where(AssistanceContact.id == contact_id)) is not None:
            return
        rules.after(found[0].state, "contact", _case(session, actor, found))
        made = AssistanceContact(
            id=contact_id,
            request_id=request_id,
            helper_id=actor.person_id,
            minutes=minutes,
            mode=mode,
            outcome=outcome.strip(),
            follow_up=follow_up,
            noted_at=now,
        )
        session.add(made)
        session.flush()
        _move(session, actor, found, "contact")
        if answers and found[0].state == "taken":
            _move(session, actor, found, "answer")


def answer(*, actor: Actor, request_id: str) -> None:
    """Say that a request is answered; its candidate closes it, or asks again. RuleBroken ``contact_missing``."""
    with base.transactional() as session:
        found = _found(session, actor, request_id, lock=True)
        if found[0].state == "answered" and found[0].helper_id == actor.person_id:
            return
        _move(session, actor, found, "answer")


def _move(session: Session, actor: Actor, found: Any, verb: str, **values: Any) -> None:
    one: AssistanceRequest = found[0]
    one.state = rules.after(one.state, verb, _case(session, actor, found))
    one.changed_at = base.now()
    for name, value in values.items():
        setattr(one, name, value)
    _record(session, actor, verb, one.id)
    if verb == "answer":
        ids = {"course": one.course_id}
        notification.tell(
            session, org_id=one.org_id, person_id=found.person_id, kind="help_answered", facts={}, endpoint="assistance.index", ids=ids
        )


def _record(session: Session, actor: Actor, verb: str, request_id: str) -> None:
    """Who did what to which request, and nothing of what it is about."""
    privacy.record(session, actor=actor, verb=verb, object_kind="assistance_request", object_id=request_id)
