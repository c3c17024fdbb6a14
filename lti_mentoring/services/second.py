# SPDX-License-Identifier: Apache-2.0
"""Second and third opinions: asking somebody for one, asking somebody else instead, and doing without."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_mentoring.domain.capacity import CONFLICT, UNQUALIFIED, UNTOLD
from lti_mentoring.domain.observation import RATED
from lti_mentoring.domain.people import LEADS, Actor
from lti_mentoring.domain.releasing import SELF
from lti_mentoring.domain.reminder import RATING_DAYS
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import assessor, conflict, notification, opinion, privacy, rater, releasing
from lti_mentoring.services.conflict import About
from lti_mentoring.services.drawing import decide_again, decide_beforehand
from lti_mentoring.services.opinion import Choice, Matter, choose, waiting
from lti_mentoring.services.rater import Possible, eligible
from lti_mentoring.store import base
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.rating import Rater

__all__ = [
    "Choice",
    "Matter",
    "Possible",
    "assign",
    "choose",
    "decide_again",
    "decide_beforehand",
    "eligible",
    "excuse",
    "go_on_without",
    "waiting",
]

# --- asking somebody ---------------------------------------------------------------------------------------------------------------


def assign(*, actor: Actor, observation_id: str, person_id: str, from_notes: bool = False, instead_of: str = "") -> str:
    """Ask somebody for the opinion that an observation wants. -> the purpose. They sit in the room, or rate ``from_notes`` of who did,
    which it is wherever the session is over. ``instead_of`` frees the person who was asked before. Who is asked already and was not in the
    room after all is let rate from the notes by asking them once more.

    NotFound ``observation``, ``person``; RuleBroken ``second_not_wanted``, ``rater_asked`` where somebody else was asked meanwhile,
    ``rater_submitted`` where the one to be freed has rated meanwhile, and why somebody may not rate: ``observation_of_oneself``,
    ``rater_present``, ``rater_twice``, ``rater_unqualified``, ``conflict_needs_override``, ``conflict_closed``. What is not known yet holds
    their rating, and whoever could tell is asked.
    Sending it twice is harmless.
    """
    with base.transactional() as session:
        row, matter = _held(session, actor, observation_id)
        if matter.rater_id == person_id:
            _move(session, row, matter, from_notes=from_notes, actor=actor)
            return matter.purpose
        if instead_of and instead_of != matter.rater_id:
            raise RuleBroken("rater_submitted")
        if matter.rater_id and not instead_of:
            raise RuleBroken("rater_asked", name=matter.rater)
        _check(session, row, person_id)
        if instead_of:
            _end(session, row, instead_of, actor)
        _ask(session, row, matter, person_id, from_notes=from_notes or not matter.ahead, actor=actor)
        return matter.purpose


def _held(session: Session, actor: Actor, observation_id: str) -> tuple[Observation, Matter]:
    """The observation, held for this transaction, and what it wants now."""
    query = select(Observation).where(Observation.id == observation_id, Observation.course_id == actor.course_id)
    row = session.scalar(query.with_for_update().execution_options(populate_existing=True)) if actor.is_any(*LEADS) else None
    if row is None:
        raise NotFound("observation")
    matter = opinion.matter_of(session, actor, row)
    if matter is None or matter.purpose == SELF:
        raise RuleBroken("second_not_wanted")
    return row, matter


def _check(session: Session, row: Observation, person_id: str) -> None:
    found = next((one for one in rater.eligible(session, row) if one.id == person_id), None)
    if found is None:
        raise NotFound("person")
    own = [code for code in found.why if code not in (CONFLICT, UNTOLD)]  # of conflicts the guard speaks itself, and keeps its answer
    if own:
        raise RuleBroken("rater_unqualified" if own[0] == UNQUALIFIED else own[0], name=found.name)


def _ask(session: Session, row: Observation, matter: Matter, person_id: str, *, from_notes: bool, actor: Actor) -> None:
    """A row for who is asked; who was asked and freed before, and has not rated, takes their place again."""
    today = base.now().date()
    held = session.scalar(select(Rater).where(Rater.observation_id == row.id, Rater.person_id == person_id))
    seat = held or Rater(id=base.new_id(), observation_id=row.id, person_id=person_id)
    seat.purpose, seat.from_notes, seat.state = matter.purpose, from_notes, "asked"
    seat.due_on = (max(row.planned_for, today) if matter.ahead else today) + RATING_DAYS
    seat.assigned_by, seat.assigned_at = actor.person_id, base.now()
    session.add(seat)
    session.flush()
    assessor.invite(session, actor=actor, row=row, person_id=person_id, rater_id=seat.id)
    facts: dict[str, str | bool] = {"person": person_id, "purpose": matter.purpose, "from_notes": from_notes}
    privacy.record(session, actor=actor, verb="ask_rater", object_kind="observation", object_id=row.id, reason="", **facts)
    _tell(session, row, person_id, "rating_asked")


def _move(session: Session, row: Observation, matter: Matter, *, from_notes: bool, actor: Actor) -> None:
    if from_notes and not matter.from_notes:
        seat = session.scalars(select(Rater).where(Rater.observation_id == row.id, Rater.person_id == matter.rater_id)).one()
        seat.from_notes = True
        privacy.record(session, actor=actor, verb="rate_from_notes", object_kind="observation", object_id=row.id, person=seat.person_id)


def _tell(session: Session, row: Observation, person_id: str, kind: str) -> None:
    """What waits for somebody, and never why."""
    ids, facts = {"course": row.course_id, "observation": row.id}, {"planned_for": row.planned_for}
    ids, endpoint = (ids, "observation.sheet") if kind == "rating_asked" else ({"course": row.course_id}, "observation.index")
    notification.tell(session, org_id=row.org_id, person_id=person_id, kind=kind, facts=facts, endpoint=endpoint, ids=ids)


def excuse(*, actor: Actor, observation_id: str, person_id: str) -> None:
    """Free somebody who was asked, and has not rated yet; the candidate, who rates their own part, once their days for it are over.

    NotFound, also for who rates the session and may not learn of it; RuleBroken ``rater_submitted``, ``own_part_early``. Twice is harmless.
    """
    with base.transactional() as session:
        query = select(Observation).where(Observation.id == observation_id, Observation.course_id == actor.course_id)
        row = session.scalar(query.with_for_update()) if actor.is_any(*LEADS) else None
        if row is None:
            raise NotFound("observation")
        if actor.person_id in rater.involved(session, row) and opinion.matter_of(session, actor, row) is None:
            raise NotFound("observation")
        if _end(session, row, person_id, actor) == SELF:
            releasing.settle(session, row, actor=actor)


def _end(session: Session, row: Observation, person_id: str, actor: Actor | str) -> str:
    """-> for what they were asked"""
    seat = session.scalar(select(Rater).where(Rater.observation_id == row.id, Rater.person_id == person_id))
    if seat is None:
        raise NotFound("person")
    if seat.state == "submitted":
        raise RuleBroken("rater_submitted")
    if seat.purpose == SELF and (row.state != RATED or seat.due_on is None or base.now().date() <= seat.due_on):
        raise RuleBroken("own_part_early")
    if seat.state == "asked":
        seat.state = "ended"
        session.flush()
        conflict.end(session, About("rater", seat.id, row.course_id))
        privacy.record(session, actor=actor, verb="excuse_rater", object_kind="observation", object_id=row.id, person=person_id)
        _tell(session, row, person_id, "rating_excused")
    return seat.purpose


def go_on_without(*, actor: Actor, observation_id: str) -> bool:
    """Let a result stand without a second or third opinion, as the policy does where nobody may give one. -> whether nothing else holds it.

    NotFound; RuleBroken ``second_not_wanted``, ``rater_asked``, ``second_possible`` where somebody may, or the policy insists.
    """
    with base.transactional() as session:
        row, matter = _held(session, actor, observation_id)
        if row.state != RATED or not matter.spared:
            raise RuleBroken("second_possible")
        if matter.rater_id:
            raise RuleBroken("rater_asked", name=matter.rater)
        return releasing.settle(session, row, actor=actor)
