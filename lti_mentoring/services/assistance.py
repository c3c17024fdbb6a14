# SPDX-License-Identifier: Apache-2.0
"""Help as its candidate meets it: offered, asked for, followed, ended; and who has helped whom with what."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from lti_mentoring.domain import assistance as rules
from lti_mentoring.domain.assistance import Case, Topic
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import calling, candidacy, privacy, programme
from lti_mentoring.services.helping import (
    Board,
    ContactRow,
    RequestPage,
    RequestRow,
    add_contact,
    answer,
    board,
    hand_back,
    listed,
    request_page,
    rows,
    take,
)
from lti_mentoring.services.offering import Rounds, offer_after_check, offer_to_inactive
from lti_mentoring.store import base
from lti_mentoring.store.assistance import AssistanceContact, AssistanceRequest
from lti_mentoring.store.candidacy import Candidacy

__all__ = [
    "AskForm",
    "Board",
    "ContactRow",
    "OwnPage",
    "RequestPage",
    "RequestRow",
    "Rounds",
    "accept",
    "add_contact",
    "answer",
    "ask",
    "board",
    "close",
    "decline",
    "form",
    "hand_back",
    "helped",
    "offer_after_check",
    "offer_to_inactive",
    "page",
    "reopen",
    "request_page",
    "take",
    "withdraw",
]

MOST_LISTED = 200


@dataclass(frozen=True, slots=True)
class OwnPage:
    """A candidate's own offers and requests, the newest first. ``takes_part``: something new can be asked for now."""

    offers: tuple[RequestRow, ...]
    open: tuple[RequestRow, ...]
    ended: tuple[RequestRow, ...]
    takes_part: bool


@dataclass(frozen=True, slots=True)
class AskForm:
    """What help can be asked with, and each urgency with the days within which an answer is due; ``offer`` is about to be accepted."""

    topics: tuple[Topic, ...]
    urgencies: tuple[tuple[str, int], ...]
    offer: RequestRow | None = None


# --- pages -----------------------------------------------------------------------------------------------------------------


def page(*, actor: Actor) -> OwnPage:
    """The actor's own offers and requests in this course. NotFound ``candidacy`` for who is no candidate there."""
    own = candidacy.of(actor)
    session = base.session()
    query = listed(actor.person_id).where(AssistanceRequest.candidacy_id == own.id)
    newest = query.order_by(AssistanceRequest.changed_at.desc(), AssistanceRequest.id).limit(MOST_LISTED)
    found = rows(session, session.execute(newest).all(), actor.person_id)
    return OwnPage(
        offers=tuple(row for row in found if row.state == "offered"),
        open=tuple(row for row in found if row.state in rules.OPEN),
        ended=tuple(row for row in found if row.state != "offered" and row.state not in rules.OPEN),
        takes_part=own.participation == "active",
    )


def form(*, actor: Actor, offer_id: str = "") -> AskForm:
    """What help can be asked with. NotFound ``assistance`` for an offer that is not the actor's own, or is open no more."""
    own = candidacy.of(actor)
    version = programme.load(own.programme_version_id)
    made = AskForm(rules.topics(version), tuple(zip(rules.URGENCIES, version.policy.assistance.due_days, strict=True)))
    if not offer_id:
        return made
    session = base.session()
    mine = and_(AssistanceRequest.id == offer_id, AssistanceRequest.candidacy_id == own.id, AssistanceRequest.state == "offered")
    offers = rows(session, session.execute(listed(actor.person_id).where(mine)), actor.person_id)
    if not offers:
        raise NotFound("assistance")
    return replace(made, offer=offers[0])


# --- verbs -----------------------------------------------------------------------------------------------------------------


def ask(*, actor: Actor, request_id: str, topic: str, urgency: str, text: str) -> str:
    """Ask for help. -> the request's id, which is the form's own, so that sending it twice asks once.

    RuleBroken ``topic_unknown``, ``urgency_unknown``, ``help_text_empty``, ``help_text_long``, ``not_taking_part``.
    """
    with base.transactional() as session:
        own = _own_candidacy(session, actor)
        if session.scalar(select(AssistanceRequest.id).where(AssistanceRequest.id == request_id)) is not None:
            return request_id
        about = rules.topic(programme.load(own.programme_version_id), topic)
        rules.check_request(about, urgency, text)
        now = base.now()
        made = AssistanceRequest(
            id=request_id,
            candidacy_id=own.id,
            course_id=own.course_id,
            topic_kind=about.kind,
            topic_key=about.key,
            urgency=urgency,
            text=text.strip(),
            state=rules.after("new", "ask", Case(actor.person_id, own.person_id)),
            made_at=now,
            asked_at=now,
            changed_at=now,
        )
        session.add(made)
        session.flush()
        _record(session, actor, "ask", made.id)
        calling.asked(session, made)
        return made.id


def accept(*, actor: Actor, request_id: str, topic: str, urgency: str, text: str) -> None:
    """Make a request of an offer; from now on helpers see it. RuleBroken as for ``ask``; accepting twice accepts once."""
    with base.transactional() as session:
        own = _own_candidacy(session, actor)
        row = _own(session, actor, request_id)
        if row.state in rules.UNDER_WAY:
            return
        about = rules.topic(programme.load(own.programme_version_id), topic)
        rules.check_request(about, urgency, text, offered=True)
        _move(session, actor, row, "accept")
        row.topic_kind, row.topic_key, row.urgency, row.text = about.kind, about.key, urgency, text.strip()
        row.offer_key, row.asked_at = None, row.changed_at
        calling.asked(session, row)


def decline(*, actor: Actor, request_id: str) -> None:
    """Say no to an offer. Nobody hears of it."""
    with base.transactional() as session:
        row = _own(session, actor, request_id)
        if row.state == "declined":
            return
        _move(session, actor, row, "decline")
        row.offer_key = None


def withdraw(*, actor: Actor, request_id: str) -> None:
    """Take a request back, whatever has become of it; helpers see it no more."""
    _end(actor, request_id, "withdraw", "withdrawn")


def close(*, actor: Actor, request_id: str) -> None:
    """Say that the answer was enough."""
    _end(actor, request_id, "close", "closed")


def reopen(*, actor: Actor, request_id: str) -> None:
    """Ask again: the answer was not enough. Anybody who may help can take it, and what is due counts from now. RuleBroken
    ``not_taking_part``."""
    with base.transactional() as session:
        row = _own(session, actor, request_id)
        _own_candidacy(session, actor)
        if row.state == "requested":
            return
        _move(session, actor, row, "reopen")
        row.helper_id, row.taken_at, row.asked_at = None, None, row.changed_at


def _end(actor: Actor, request_id: str, verb: str, state: str) -> None:
    with base.transactional() as session:
        row = _own(session, actor, request_id)
        if row.state != state:
            _move(session, actor, row, verb)


def _own_candidacy(session: Session, actor: Actor) -> Candidacy:
    # The lock puts two tabs that send one form in order on PostgreSQL; SQLite has one writer at a time anyway.
    query = select(Candidacy).where(Candidacy.course_id == actor.course_id, Candidacy.person_id == actor.person_id)
    own = session.scalar(query.with_for_update())
    if own is None:
        raise NotFound("candidacy")
    if own.participation != "active":
        raise RuleBroken("not_taking_part")
    return own


def _own(session: Session, actor: Actor, request_id: str) -> AssistanceRequest:
    query = (
        select(AssistanceRequest)
        .join(Candidacy, and_(Candidacy.org_id == AssistanceRequest.org_id, Candidacy.id == AssistanceRequest.candidacy_id))
        .where(AssistanceRequest.id == request_id, Candidacy.course_id == actor.course_id, Candidacy.person_id == actor.person_id)
    )
    found = session.scalar(query.with_for_update(of=AssistanceRequest))
    if found is None:
        raise NotFound("assistance")
    return found


def _move(session: Session, actor: Actor, row: AssistanceRequest, verb: str) -> None:
    row.state = rules.after(row.state, verb, Case(actor.person_id, actor.person_id, row.helper_id or ""))
    row.changed_at = base.now()
    _record(session, actor, verb, row.id)


def _record(session: Session, actor: Actor, verb: str, request_id: str) -> None:
    """Who did what to which request, and nothing of what it is about."""
    privacy.record(session, actor=actor, verb=verb, object_kind="assistance_request", object_id=request_id)


# --- who has helped --------------------------------------------------------------------------------------------------------


def helped(session: Session, candidacy_id: str, *, at: datetime | None = None) -> set[tuple[str, frozenset[str]]]:
    """Who has had contact with a candidate about what they asked, with the competencies that it was about, in the twelve months before
    ``at`` (now). None are named where it was about the platform or something else. For ``domain.assistance.assessor_conflict``.
    """
    until = at or base.now()
    query = (
        select(AssistanceContact.helper_id, AssistanceRequest.topic_kind, AssistanceRequest.topic_key, Candidacy.programme_version_id)
        .join(
            AssistanceRequest,
            and_(AssistanceRequest.org_id == AssistanceContact.org_id, AssistanceRequest.id == AssistanceContact.request_id),
        )
        .join(Candidacy, and_(Candidacy.org_id == AssistanceRequest.org_id, Candidacy.id == AssistanceRequest.candidacy_id))
        .where(
            AssistanceRequest.candidacy_id == candidacy_id,
            AssistanceContact.noted_at <= until,
            AssistanceContact.noted_at > until - timedelta(days=rules.HELP_COUNTS_DAYS),
        )
        .distinct()
    )
    return {
        (helper_id, rules.competencies_of(programme.load(version_id), kind, key))
        for helper_id, kind, key, version_id in session.execute(query).all()
    }
