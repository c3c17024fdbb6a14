# SPDX-License-Identifier: Apache-2.0
"""Exceptions to the conflict guard: asked for with safeguards and an end, agreed to by those concerned, approved by others from outside."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_mentoring.domain import conflict as rules
from lti_mentoring.domain import override
from lti_mentoring.domain.conflict import Question
from lti_mentoring.domain.override import Exemption
from lti_mentoring.domain.people import LEADS, STAFF_ROLES, Actor
from lti_mentoring.domain.rule import NotAllowed, NotFound, RuleBroken
from lti_mentoring.services import conflict, matter, notification, privacy, upholding
from lti_mentoring.services.conflict import About
from lti_mentoring.store import base
from lti_mentoring.store.conflict import ConflictOverride, ConflictWatch, OverrideVoice
from lti_mentoring.store.people import RoleGrant

MOST_TOLD = 50
"""People of the staff who are told of an exception; it takes two of them."""


def request(*, actor: Actor, matter_id: str, reason: str, safeguards: str, ends_on: date) -> str:
    """Who leads the course asks for an exception in a matter that is held. -> its id. It holds for nothing until others have agreed.

    It is made of every rule that stands against the matter, so that nobody has to know which. NotAllowed ``override_not_yours``; NotFound
    ``conflict``; RuleBroken with the first of ``domain.override.gaps``, and all of them in ``gaps``.
    """
    if not actor.is_any(*LEADS):
        raise NotAllowed("override_not_yours")
    with base.transactional() as session:
        watch, question = _matter(session, actor, matter_id)
        blind = matter.blind_to(session, [watch])[watch.id]
        if actor.person_id in blind:
            raise NotFound("conflict")
        today = base.now().date()
        start = watch.fixed_on or today
        found = rules.check(question, conflict.facts_of(session, question.people, on=start))
        wanted = override.needed(found)
        made = Exemption(watch.purpose, wanted, frozenset(question.people), start, ends_on, reason, safeguards)
        lacking = override.gaps(question, found, made, today=today)
        if lacking:
            raise RuleBroken(lacking[0], gaps=lacking)
        row = ConflictOverride(
            id=base.new_id(),
            watch_id=watch.id,
            rules=sorted(wanted),
            reason=reason.strip(),
            safeguards=safeguards.strip(),
            starts_on=start,
            ends_on=ends_on,
            asked_by=actor.person_id,
        )
        session.add(row)
        told = {"rules": " ".join(row.rules), "until": ends_on.isoformat()}
        privacy.record(session, actor=actor, verb="request", object_kind="conflict_override", object_id=row.id, **told)
        _tell(session, actor, question, wanted, blind)
        return row.id


def _tell(session: Session, actor: Actor, question: Question, wanted: Collection[str], blind: Collection[str]) -> None:
    """Whoever has to agree, and the staff of the course who have no part in it, and rate nothing beside it; what it is about stands on
    their own page."""
    held = (RoleGrant.course_id == actor.course_id, RoleGrant.role.in_(STAFF_ROLES), RoleGrant.revoked_at.is_(None))
    strangers = RoleGrant.person_id.not_in((*question.people, *blind, actor.person_id))
    staff = session.scalars(select(RoleGrant.person_id).where(*held, strangers).distinct().order_by(RoleGrant.person_id).limit(MOST_TOLD))
    for person_id in sorted({*staff, *override.agreeing(question, wanted)}):
        whom = {"org_id": actor.org_id, "person_id": person_id, "kind": "exception_waits", "ids": {"course": actor.course_id}}
        notification.tell(session, facts={}, endpoint="reporting_line.own", **whom)


def agree(*, actor: Actor, override_id: str) -> None:
    """Somebody concerned agrees, in writing, to an exception: the protégé, the members, the candidate. NotFound ``override`` for others."""
    with base.transactional() as session:
        row, watch, question = _own(session, override_id)
        if actor.person_id not in override.agreeing(question, row.rules):
            raise NotFound("override")
        _speak(session, actor, row, watch, "agree")


def approve(*, actor: Actor, override_id: str) -> None:
    """Somebody of the staff, from outside the units concerned, approves an exception.

    NotFound ``override`` for who is not of the staff of its course; RuleBroken ``override_of_ones_own``, ``override_in_line``,
    ``override_line_unknown``, ``override_unit_unknown``, ``override_same_unit``.
    """
    with base.transactional() as session:
        row, watch, question = _own(session, override_id)
        if watch.course_id != actor.course_id or not actor.is_any(*STAFF_ROLES) or matter.is_blind(session, actor, watch):
            raise NotFound("override")
        facts = conflict.facts_of(session, (*question.people, actor.person_id), on=base.now().date())
        why = override.may_approve(facts, actor.person_id, question.people, asked_by=row.asked_by)
        if why:
            raise RuleBroken(why)
        _speak(session, actor, row, watch, "approve")


def take_back(*, actor: Actor, override_id: str) -> None:
    """End an exception before its day: who leads the course, or whoever had agreed to it. The matter is held again at once."""
    with base.transactional() as session:
        row, watch, question = _own(session, override_id)
        leads = watch.course_id == actor.course_id and actor.is_any(*LEADS)
        if not leads and actor.person_id not in override.agreeing(question, row.rules):
            raise NotFound("override")
        row.ended_at = base.now()
        session.flush()
        privacy.record(session, actor=actor, verb="take_back", object_kind="conflict_override", object_id=row.id)
        _look(session, actor, watch)


def _speak(session: Session, actor: Actor, row: ConflictOverride, watch: ConflictWatch, verb: str) -> None:
    """Keep somebody's word, once, and look at the matter with it."""
    said = (OverrideVoice.override_id == row.id, OverrideVoice.person_id == actor.person_id, OverrideVoice.verb == verb)
    if session.scalar(select(OverrideVoice.id).where(*said)) is not None:
        return
    session.add(OverrideVoice(override_id=row.id, person_id=actor.person_id, verb=verb))
    session.flush()
    privacy.record(session, actor=actor, verb=verb, object_kind="conflict_override", object_id=row.id)
    _look(session, actor, watch)


def _look(session: Session, actor: Actor, watch: ConflictWatch) -> None:
    """Look at a matter with what was just said; what changes takes effect at once."""
    changed = conflict.look(session, watch, today=base.now().date(), actor_id=actor.person_id)
    if changed is not None:
        upholding.act(session, changed)


def _matter(session: Session, actor: Actor, matter_id: str) -> tuple[ConflictWatch, Question]:
    here = (ConflictWatch.course_id == actor.course_id, ConflictWatch.ended_at.is_(None))
    watch = session.scalar(select(ConflictWatch).where(ConflictWatch.id == matter_id, *here).with_for_update())
    if watch is None:
        raise NotFound("conflict")
    return watch, conflict.question_of(watch.question)


def _own(session: Session, override_id: str) -> tuple[ConflictOverride, ConflictWatch, Question]:
    """An exception that was not taken back, with its matter; the matter's row is locked, so that two words are heard one after another."""
    row = session.scalar(select(ConflictOverride).where(ConflictOverride.id == override_id))
    if row is None:
        raise NotFound("override")
    query = select(ConflictWatch).where(ConflictWatch.id == row.watch_id)
    watch = session.scalars(query).one()
    upholding.lock(session, About(watch.about_kind, watch.about_id, watch.course_id))
    watch = session.scalars(query.with_for_update().execution_options(populate_existing=True)).one()
    session.refresh(row)
    if row.ended_at is not None:
        raise NotFound("override")
    return row, watch, conflict.question_of(watch.question)
