# SPDX-License-Identifier: Apache-2.0
"""Practice tasks as those meet them who mark: what waits, one person's text held by one marker, its marks, and its return."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, func, or_, select, true
from sqlalchemy.orm import Session, aliased

from lti_mentoring.domain import practice as rules
from lti_mentoring.domain.module import Module, TaskCriterion
from lti_mentoring.domain.people import LEADS, Actor, display_name
from lti_mentoring.domain.practice import WAITING, Case, Mark
from lti_mentoring.domain.rule import NotAllowed, NotFound, RuleBroken
from lti_mentoring.services import candidacy, delivery, impartial, notification, practice, privacy, programme
from lti_mentoring.services.practice import Attempt
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.people import Person
from lti_mentoring.store.practice import PracticeMark, PracticeSubmission

MOST_LISTED = 200


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A practice task that waits for somebody to mark it; ``mine``: the reader holds it; ``barred``: and may only hand it back."""

    id: str
    candidate: str
    module: str
    number: int
    handed_in_at: datetime
    due: date
    overdue: bool
    marker: str
    mine: bool
    barred: bool = False


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits, the oldest first: free, held by the reader, held by others. ``more``: there is more than is shown; ``peer``: the reader
    is a candidate here, and so marks nobody."""

    free: tuple[QueueRow, ...]
    mine: tuple[QueueRow, ...]
    others: tuple[QueueRow, ...]
    more: bool = False
    peer: bool = False

    @property
    def overdue(self) -> int:
        """How many of them are late."""
        return sum(row.overdue for row in (*self.free, *self.mine, *self.others))


@dataclass(frozen=True, slots=True)
class Sheet:
    """One person's text with the rubric. ``verbs`` are what the reader can do now; ``marks`` stand in the rubric's order, and are there
    for whoever holds it and once it is returned. ``earlier`` are the attempts before this one, newest first."""

    id: str
    candidate: str
    module: Module
    number: int
    state: str
    text: str
    handed_in_at: datetime
    due: date
    overdue: bool
    marker: str
    marks: tuple[tuple[TaskCriterion, Mark], ...]
    feedback: str
    revision: int
    earlier: tuple[Attempt, ...]
    verbs: frozenset[str]

    @property
    def short(self) -> tuple[str, ...]:
        """The criteria that do not reach their level as the marks stand."""
        return rules.below(self.module.practice, {mark.criterion: mark for _, mark in self.marks})


_Marker = aliased(Person)


def _listed() -> Select[*tuple[Any, ...]]:
    return (
        select(
            PracticeSubmission,
            Candidacy.person_id,
            Person.name,
            Person.chosen_name,
            _Marker.name.label("marker_name"),
            _Marker.chosen_name.label("marker_chosen"),
        )
        .join(Candidacy, and_(Candidacy.org_id == PracticeSubmission.org_id, Candidacy.id == PracticeSubmission.candidacy_id))
        .join(Person, and_(Person.org_id == Candidacy.org_id, Person.id == Candidacy.person_id))
        .outerjoin(_Marker, and_(_Marker.org_id == PracticeSubmission.org_id, _Marker.id == PracticeSubmission.marker_id))
    )


def queue(*, actor: Actor) -> Queue:
    """What waits in the course for somebody to mark it and the reader may mark, the oldest first; and what they hold."""
    session = base.session()
    theirs = impartial.judged_by(session, actor)
    query = _listed().where(
        PracticeSubmission.course_id == actor.course_id,
        PracticeSubmission.state.in_(WAITING),
        or_(theirs, PracticeSubmission.marker_id == actor.person_id),
    )
    found = session.execute(query.order_by(PracticeSubmission.handed_in_at, PracticeSubmission.id).limit(MOST_LISTED + 1)).all()
    open_to = set(session.scalars(select(Candidacy.person_id).where(Candidacy.course_id == actor.course_id, theirs)))
    rows = [replace(_row(one, actor), barred=one.person_id not in open_to) for one in found[:MOST_LISTED]]
    return Queue(
        peer=impartial.on_the_way(session, actor.course_id, [actor.person_id]) != frozenset(),
        free=tuple(row for row in rows if not row.marker),
        mine=tuple(row for row in rows if row.mine),
        others=tuple(row for row in rows if row.marker and not row.mine),
        more=len(found) > MOST_LISTED,
    )


def _row(found: Any, actor: Actor) -> QueueRow:
    one: PracticeSubmission = found[0]
    module = programme.module(one.module_version_id)
    handed_in_at = one.handed_in_at or one.saved_at
    due = rules.due(handed_in_at, Case("", "", task=module.practice).marking)
    return QueueRow(
        id=one.id,
        candidate=display_name(found.chosen_name or found.name, found.person_id),
        module=f"{module.key} {module.title}",
        number=one.number,
        handed_in_at=handed_in_at,
        due=due,
        overdue=one.state in WAITING and base.now().date() > due,
        marker=display_name(found.marker_chosen or found.marker_name, one.marker_id) if one.marker_id else "",
        mine=one.marker_id == actor.person_id,
    )


def sheet(*, actor: Actor, submission_id: str) -> Sheet:
    """One text with its rubric. NotFound while it is a draft, which is its writer's alone; NotAllowed ``marker_self``, ``marker_peer``,
    ``marker_line``."""
    session = base.session()
    found = _found(session, actor, submission_id)
    one: PracticeSubmission = found[0]
    row, module = _row(found, actor), programme.module(one.module_version_id)
    held = practice.marks_of(session, [one.id])[one.id] if row.mine or one.state not in WAITING else {}
    before = select(PracticeSubmission).where(
        PracticeSubmission.candidacy_id == one.candidacy_id,
        PracticeSubmission.module_key == one.module_key,
        PracticeSubmission.number < one.number,
    )
    earlier = practice.attempts(session, session.scalars(before.order_by(PracticeSubmission.number.desc())).all())
    holds = one.state == "claimed" and row.mine
    verbs = {"claim"} if one.state == "handed_in" else {"mark", "hand_back"} if holds else set()
    if one.state == "claimed" and actor.is_any(*LEADS):
        verbs.add("hand_back")
    return Sheet(
        id=one.id,
        candidate=row.candidate,
        module=module,
        number=one.number,
        state=one.state,
        text=one.text,
        handed_in_at=row.handed_in_at,
        due=row.due,
        overdue=row.overdue,
        marker=row.marker,
        marks=tuple((criterion, held.get(criterion.key, Mark(criterion.key))) for criterion in module.practice.criteria),
        feedback=one.feedback if holds or one.state not in WAITING else "",
        revision=one.marked_revision,
        earlier=tuple(earlier),
        verbs=frozenset(verbs),
    )


def _found(session: Session, actor: Actor, submission_id: str, *, lock: bool = False, lets_go: bool = False) -> Any:
    query = _listed().where(
        PracticeSubmission.id == submission_id, PracticeSubmission.course_id == actor.course_id, PracticeSubmission.state != "draft"
    )
    # SQLite has one writer at a time anyway; on PostgreSQL the row lock puts two markers in order, and whoever moves the candidate.
    if lock:
        held = select(PracticeSubmission.candidacy_id).where(PracticeSubmission.id == submission_id)
        candidacy.hold(session, held.where(PracticeSubmission.course_id == actor.course_id))
    found = session.execute(query.with_for_update(of=PracticeSubmission) if lock else query).first()
    if found is None:
        raise NotFound("practice")
    why = "" if lets_go and found[0].marker_id == actor.person_id else impartial.barred(session, actor, found.person_id)
    if why:
        raise NotAllowed(f"marker_{why}")
    return found


# --- verbs --------------------------------------------------------------------------------------------------------------


def claim(*, actor: Actor, submission_id: str) -> None:
    """Hold a text to mark it. Of two at the same moment one has it; taking one's own again changes nothing. RuleBroken
    ``practice_claimed``, ``practice_closed``."""
    with base.transactional() as session:
        found = _found(session, actor, submission_id, lock=True)
        one: PracticeSubmission = found[0]
        if one.state == "claimed" and one.marker_id == actor.person_id:
            return
        one.state = rules.after(one.state, "claim", _case(actor, found))
        one.marker_id = actor.person_id
        _record(session, actor, "claim", one)


def hand_back(*, actor: Actor, submission_id: str) -> None:
    """Let somebody else mark it: its marker, or who leads the course. What was marked so far goes, so that the next one judges afresh.

    Whoever has come into a line with the candidate since, or is a candidate now, can do this and nothing else."""
    with base.transactional() as session:
        found = _found(session, actor, submission_id, lock=True, lets_go=True)
        one: PracticeSubmission = found[0]
        one.state = rules.after(one.state, "hand_back", _case(actor, found))
        one.marker_id, one.feedback = None, ""
        session.execute(delete(PracticeMark).where(PracticeMark.submission_id == one.id).execution_options(synchronize_session=False))
        _record(session, actor, "hand_back", one)


def keep(*, actor: Actor, submission_id: str, marks: Sequence[Mark], feedback: str, revision: int, returned: str = "") -> int:
    """Keep marks that are not returned yet. -> their revision. ``returned``: the state that they are to be returned with; where that has
    happened already, nothing changes, since it is a second press.

    RuleBroken ``practice_of_another``, ``practice_closed``, ``draft_conflict`` (revision) where another window of the same marker has
    kept something since, and as ``domain.practice.check_marks``.
    """
    with base.transactional() as session:
        found = _found(session, actor, submission_id, lock=True)
        one: PracticeSubmission = found[0]
        if returned and one.state == returned and one.marker_id == actor.person_id:
            return one.marked_revision
        one.state = rules.after(one.state, "mark", _case(actor, found))
        rules.check_marks(programme.module(one.module_version_id).practice, marks, feedback)
        held = practice.marks_of(session, [one.id])[one.id]
        said = {mark.criterion: Mark(mark.criterion, mark.level, mark.reason.strip()) for mark in marks}
        if held | said == held and feedback == one.feedback:
            return one.marked_revision
        if revision != one.marked_revision:
            raise RuleBroken("draft_conflict", revision=one.marked_revision)
        _write(session, one, said.values())
        one.feedback = feedback
        one.marked_revision += 1
        _record(session, actor, "mark", one)
        return one.marked_revision


def _write(session: Session, one: PracticeSubmission, marks: Iterable[Mark]) -> None:
    rows = {row.criterion: row for row in session.scalars(select(PracticeMark).where(PracticeMark.submission_id == one.id))}
    for mark in marks:
        row = rows.get(mark.criterion)
        if row is None:
            row = PracticeMark(submission_id=one.id, criterion=mark.criterion)
            session.add(row)
        row.level, row.reason = mark.level, mark.reason
    session.flush()


def give_back(*, actor: Actor, submission_id: str, met: bool, revision: int) -> None:
    """Return a text with the marks that are kept: met, or once more. It never changes again; the candidate is told, the grade follows.

    RuleBroken ``practice_unmarked``, ``practice_reason_missing``, ``practice_below`` (criteria), ``practice_reached``,
    ``practice_feedback_missing``, ``draft_conflict``, ``practice_of_another``. A second press changes nothing.
    """
    with base.transactional() as session:
        found = _found(session, actor, submission_id, lock=True)
        one: PracticeSubmission = found[0]
        if one.marker_id == actor.person_id and one.state == ("met" if met else "once_more"):
            return
        if one.state == "claimed" and revision != one.marked_revision:
            raise RuleBroken("draft_conflict", revision=one.marked_revision)
        marks = practice.marks_of(session, [one.id])[one.id]
        one.state = rules.after(one.state, "find_met" if met else "ask_again", _case(actor, found, marks))
        one.returned_at = base.now()
        session.flush()
        _record(session, actor, "return", one, met=met)
        whom = {"org_id": one.org_id, "person_id": found.person_id}
        delivery.want(session, course_id=one.course_id, items={f"module:{one.module_key}"}, **whom)
        ids = {"course": one.course_id, "key": one.module_key}
        facts = {"module": one.module_key}
        notification.tell(session, kind="practice_returned", facts=facts, endpoint="training.practice", ids=ids, **whom)


def _case(actor: Actor, found: Any, marks: dict[str, Mark] | None = None) -> Case:
    """Who stands in a line with the candidate has been turned away before."""
    one: PracticeSubmission = found[0]
    return Case(
        actor_id=actor.person_id,
        subject_id=found.person_id,
        marker_id=one.marker_id or "",
        leads=actor.is_any(*LEADS),
        text=one.text,
        task=programme.module(one.module_version_id).practice,
        marks=marks or {},
        feedback=one.feedback,
    )


def _record(session: Session, actor: Actor, verb: str, one: PracticeSubmission, **facts: Any) -> None:
    """Who did what, and nothing of what was written."""
    facts |= {"module": one.module_key, "number": one.number}
    privacy.record(session, actor=actor, verb=verb, object_kind="practice_submission", object_id=one.id, **facts)


def waiting(org_id: Any, course_id: Any, person_id: Any, theirs: ColumnElement[bool] | None = None) -> Any:
    """How many texts wait for somebody to take them, or for this person, as a part of a statement about them. ``theirs``: whom they may
    judge; without it, more may be counted than they can do."""
    held = and_(PracticeSubmission.state == "claimed", PracticeSubmission.marker_id == person_id)
    return (
        select(func.count(PracticeSubmission.id))
        .join(Candidacy, and_(Candidacy.org_id == PracticeSubmission.org_id, Candidacy.id == PracticeSubmission.candidacy_id))
        .where(
            PracticeSubmission.org_id == org_id,
            PracticeSubmission.course_id == course_id,
            Candidacy.person_id != person_id,
            or_(and_(PracticeSubmission.state == "handed_in", theirs if theirs is not None else true()), held),
        )
    )
