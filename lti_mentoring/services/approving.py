# SPDX-License-Identifier: Apache-2.0
"""Recognition as those meet it who agree or refuse: what waits, one claim with its voices, and the withdrawal of what was recognised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select, true
from sqlalchemy.orm import Session

from lti_mentoring.domain import recognition as rules
from lti_mentoring.domain.people import LEADS, Actor
from lti_mentoring.domain.recognition import APPROVERS, DECIDED, Case
from lti_mentoring.domain.rule import NotAllowed, NotFound, RuleBroken
from lti_mentoring.services import candidacy, delivery, impartial, privacy, recognition
from lti_mentoring.services.recognition import RecognitionRow, listed, rows
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.recognition import Recognition, RecognitionVoice

MOST_LISTED = 200
LONGEST_REASON = 2000
VERBS = ("agree", "refuse", "withdraw")


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits for the reader's word, what they have agreed to and waits for others, and what is over, the newest first. ``peer``: the
    reader is a candidate here, and so decides for nobody."""

    waiting: tuple[RecognitionRow, ...]
    with_others: tuple[RecognitionRow, ...]
    over: tuple[RecognitionRow, ...]
    proposes: bool = False
    peer: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """One claim, and the verbs that the reader can do with it now."""

    row: RecognitionRow
    verbs: frozenset[str]
    needs_lead: bool = False


def queue(*, actor: Actor) -> Queue:
    """Everything of the course that the reader may judge: not their own, nothing of who stands in a line with them."""
    session = base.session()
    query = listed().where(Recognition.course_id == actor.course_id, impartial.judged_by(session, actor))
    found = rows(session, session.execute(query.limit(MOST_LISTED)).all())
    asked = [row for row in found if row.state == "asked"]
    mine = [row for row in asked if any(one.person_id == actor.person_id for one in row.voices)]
    peer = impartial.on_the_way(session, actor.course_id, [actor.person_id]) != frozenset()
    return Queue(
        waiting=tuple(reversed([row for row in asked if row not in mine])),
        with_others=tuple(mine),
        over=tuple(row for row in found if row.state != "asked"),
        proposes=actor.is_any(*LEADS) and not peer,
        peer=peer,
    )


def sheet(*, actor: Actor, recognition_id: str) -> Sheet:
    """One claim for somebody who may agree. NotFound; NotAllowed ``approver_self``, ``approver_peer``, ``approver_line``."""
    session = base.session()
    found = _found(session, actor, recognition_id)
    (row,) = rows(session, [found])
    case = _case(actor, found, row, "")
    needs_lead = row.state == "asked" and row.approvers - row.agreed <= 1 and not any(one.leads for one in row.voices)
    return Sheet(row, frozenset(verb for verb in VERBS if rules.can(row.state, verb, case)), needs_lead)


def agree(*, actor: Actor, recognition_id: str, reason: str) -> str:
    """Agree, with a reason; the last one who is needed makes the module recognised. -> the state then. A second time changes nothing.

    RuleBroken ``recognition_closed``, ``recognition_reason_missing``, ``recognition_after_award``; NotAllowed ``approver_self``,
    ``approver_line``.
    """
    with base.transactional() as session:
        found = _found(session, actor, recognition_id, lock=True)
        one: Recognition = found[0]
        (row,) = rows(session, [found])
        if any(voice.person_id == actor.person_id and voice.verb == "agree" for voice in row.voices):
            return one.state
        rules.after(one.state, "agree", _case(actor, found, row, reason))
        _say(session, actor, one, "agree", reason)
        (row,) = rows(session, [found])
        case = _case(actor, found, row, reason)
        if rules.enough(case.agreed, case.approvers):
            one.state = rules.after(one.state, "complete", case)
            one.ended_at = base.now()
            _follow(session, one, found.person_id)
        return one.state


def refuse(*, actor: Actor, recognition_id: str, reason: str) -> None:
    """Say no, with a reason that the candidate reads; one is enough to end it. It can be asked for again. RuleBroken as ``agree``."""
    _end(actor, recognition_id, "refuse", reason)


def withdraw(*, actor: Actor, recognition_id: str, reason: str) -> None:
    """Take back what was recognised, before the award; the module is open again, and a grade that stood on it is cleared."""
    _end(actor, recognition_id, "withdraw", reason)


def _end(actor: Actor, recognition_id: str, verb: str, reason: str) -> None:
    with base.transactional() as session:
        found = _found(session, actor, recognition_id, lock=True)
        one: Recognition = found[0]
        (row,) = rows(session, [found])
        if any(voice.person_id == actor.person_id and voice.verb == verb for voice in row.voices):
            return
        state = rules.after(one.state, verb, _case(actor, found, row, reason))
        _say(session, actor, one, verb, reason)
        recognition.end(one, state)
        _follow(session, one, found.person_id, voids=verb == "withdraw")


def _say(session: Session, actor: Actor, one: Recognition, verb: str, reason: str) -> None:
    if len(reason) > LONGEST_REASON:
        raise RuleBroken("recognition_long", field="reason", most=LONGEST_REASON)
    voice = RecognitionVoice(
        recognition_id=one.id, person_id=actor.person_id, verb=verb, leads=actor.is_any(*LEADS), reason=reason.strip(), said_at=base.now()
    )
    session.add(voice)
    session.flush()
    privacy.record(session, actor=actor, verb=verb, object_kind="recognition", object_id=one.id, module=one.module_key)


def _follow(session: Session, one: Recognition, person_id: str, *, voids: bool = False) -> None:
    """The candidate hears of it, and the gradebook follows."""
    session.flush()
    recognition.tell_candidate(session, one, person_id)
    if one.state == "refused":
        return
    items = {f"module:{one.module_key}"}
    if voids:
        delivery.void(session, course_id=one.course_id, person_id=person_id, items=items)
    delivery.want(session, org_id=one.org_id, course_id=one.course_id, person_id=person_id, items=items)


def _found(session: Session, actor: Actor, recognition_id: str, *, lock: bool = False) -> Any:
    query = listed().where(Recognition.id == recognition_id, Recognition.course_id == actor.course_id)
    # SQLite has one writer at a time anyway; on PostgreSQL the row lock lets the second of two see what the first has said, and the
    # candidacy's puts whoever moves the candidate in order.
    if lock:
        held = select(Recognition.candidacy_id).where(Recognition.id == recognition_id, Recognition.course_id == actor.course_id)
        candidacy.hold(session, held)
    found = session.execute(query.with_for_update(of=Recognition) if lock else query).first()
    if found is None:
        raise NotFound("recognition")
    why = impartial.barred(session, actor, found.person_id)
    if why:
        raise NotAllowed(f"approver_{why}")
    return found


def _case(actor: Actor, found: Any, row: RecognitionRow, reason: str) -> Case:
    """Who stands in a line with the candidate has been turned away before."""
    return Case(
        actor_id=actor.person_id,
        subject_id=found.person_id,
        approves=actor.is_any(*APPROVERS),
        leads=actor.is_any(*LEADS),
        reason=reason,
        agreed=recognition.agreed(row.voices),
        approvers=row.approvers,
        decided=found.participation in DECIDED,
    )


def waiting(org_id: Any, course_id: Any, person_id: Any, theirs: ColumnElement[bool] | None = None) -> Any:
    """How many claims wait for this person's word, as a part of a statement about them. ``theirs``: whom they may judge; without it, more
    may be counted than they can do."""
    said = select(RecognitionVoice.id).where(
        RecognitionVoice.org_id == Recognition.org_id,
        RecognitionVoice.recognition_id == Recognition.id,
        RecognitionVoice.person_id == person_id,
    )
    return (
        select(func.count(Recognition.id))
        .join(Candidacy, and_(Candidacy.org_id == Recognition.org_id, Candidacy.id == Recognition.candidacy_id))
        .where(
            Recognition.org_id == org_id,
            Recognition.course_id == course_id,
            Recognition.state == "asked",
            Candidacy.person_id != person_id,
            theirs if theirs is not None else true(),
            ~said.correlate(Recognition).exists(),
        )
    )
