# SPDX-License-Identifier: Apache-2.0
"""A practice task that a trainer marks: written, handed in, marked on its rubric by one person, and returned."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from lti_mentoring.domain.answer import words
from lti_mentoring.domain.module import Marking, Task
from lti_mentoring.domain.observation import Gap
from lti_mentoring.domain.people import LEADS
from lti_mentoring.domain.programme import LEVELS
from lti_mentoring.domain.rule import RuleBroken

WAITING = ("handed_in", "claimed")
"""States in which a candidate waits for a trainer."""

MARKERS = LEADS | {"trainer"}
"""Roles that mark."""

MOST_TEXT = 20_000
LONGEST_REASON = 500
LONGEST_FEEDBACK = 4000


@dataclass(frozen=True, slots=True)
class Mark:
    """What a trainer says of one criterion: a level 1 to 4, and the reason in what was written."""

    criterion: str
    level: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """All that the guards look at. ``related``: the actor stands in a reporting line with the candidate."""

    actor_id: str
    subject_id: str
    marker_id: str = ""
    related: bool = False
    leads: bool = False
    takes_part: bool = True
    text: str = ""
    task: Task | None = None
    marks: Mapping[str, Mark] = field(default_factory=dict)
    feedback: str = ""

    @property
    def marking(self) -> Marking:
        """How the task is marked; the defaults where nothing says so."""
        return (self.task.marking if self.task else None) or Marking()


def _by_candidate(case: Case) -> Iterable[Gap]:
    return [] if case.actor_id == case.subject_id else [Gap("practice_not_yours")]


def _takes_part(case: Case) -> Iterable[Gap]:
    return [] if case.takes_part else [Gap("not_taking_part")]


def _has_text(case: Case) -> Iterable[Gap]:
    if not case.text.strip():
        return [Gap("practice_empty")]
    return [Gap("practice_long")] if words(case.text) > case.marking.words else []


def _impartial(case: Case) -> Iterable[Gap]:
    if case.actor_id == case.subject_id:
        return [Gap("marker_self")]
    return [Gap("marker_line")] if case.related else []


def _by_marker(case: Case) -> Iterable[Gap]:
    return [] if case.actor_id and case.actor_id == case.marker_id else [Gap("practice_of_another")]


def _by_marker_or_lead(case: Case) -> Iterable[Gap]:
    return [] if case.leads else _by_marker(case)


def _every_criterion(case: Case) -> Iterable[Gap]:
    criteria = case.task.criteria if case.task else ()
    said = [case.marks.get(one.key, Mark(one.key)) for one in criteria]
    open_ones = [Gap("practice_unmarked", one.criterion) for one in said if one.level is None]
    return open_ones or [Gap("practice_reason_missing", one.criterion) for one in said if not one.reason.strip()]


def _reached(case: Case) -> Iterable[Gap]:
    return [Gap("practice_below", key) for key in below(case.task, case.marks)]


def _fell_short(case: Case) -> Iterable[Gap]:
    return [] if below(case.task, case.marks) else [Gap("practice_reached")]


def _feedback(case: Case) -> Iterable[Gap]:
    return [] if case.feedback.strip() else [Gap("practice_feedback_missing")]


GUARDS: Mapping[str, Callable[[Case], Iterable[Gap]]] = {
    "by the candidate": _by_candidate,
    "takes part": _takes_part,
    "a text within its limit": _has_text,
    "neither themself nor in their line": _impartial,
    "by its marker": _by_marker,
    "by its marker or who leads": _by_marker_or_lead,
    "a level and a reason for each criterion": _every_criterion,
    "every criterion reaches its level": _reached,
    "a criterion falls short": _fell_short,
    "feedback": _feedback,
}
"""Name of a guard -> what it finds missing."""


@dataclass(frozen=True, slots=True)
class Move:
    """One row of the state table."""

    state: str
    verb: str
    to: str
    guards: tuple[str, ...]


_OWN = ("by the candidate", "takes part")
_MARKED = ("by its marker", "neither themself nor in their line", "a level and a reason for each criterion")

MOVES = (
    Move("new", "write", "draft", _OWN),
    Move("draft", "write", "draft", _OWN),
    Move("draft", "hand_in", "handed_in", (*_OWN, "a text within its limit")),
    Move("handed_in", "claim", "claimed", ("neither themself nor in their line",)),
    Move("claimed", "mark", "claimed", ("by its marker", "neither themself nor in their line")),
    Move("claimed", "hand_back", "handed_in", ("by its marker or who leads",)),
    Move("claimed", "find_met", "met", (*_MARKED, "every criterion reaches its level")),
    Move("claimed", "ask_again", "once_more", (*_MARKED, "a criterion falls short", "feedback")),
)
"""The whole machine. After ``once_more`` a new one begins; what was returned never changes."""

TABLE: Mapping[tuple[str, str], Move] = {(move.state, move.verb): move for move in MOVES}


def after(state: str, verb: str, case: Case) -> str:
    """The state that ``verb`` leads to.

    RuleBroken ``practice_claimed`` for the second of two who take it, ``practice_closed`` (state, verb) where the table has no such move,
    else the code of the first thing that a guard misses, with ``criteria`` that share it, ``words`` and ``most``.
    """
    move = TABLE.get((state, verb))
    if move is None:
        raise RuleBroken("practice_claimed" if (state, verb) == ("claimed", "claim") else "practice_closed", state=state, verb=verb)
    for name in move.guards:
        found = tuple(GUARDS[name](case))
        if found:
            criteria = tuple(gap.criterion for gap in found if gap.criterion)
            raise RuleBroken(found[0].code, criteria=criteria, words=words(case.text), most=case.marking.words)
    return move.to


def below(task: Task | None, marks: Mapping[str, Mark]) -> tuple[str, ...]:
    """The criteria that do not reach the level they need, in the rubric's order; one without a level is among them."""
    if task is None or task.marking is None:
        return ()
    found = []
    for criterion in task.criteria:
        needed = max(task.marking.level, task.marking.critical) if criterion.critical else task.marking.level
        if (marks.get(criterion.key, Mark(criterion.key)).level or 0) < needed:
            found.append(criterion.key)
    return tuple(found)


def check_marks(task: Task, marks: Iterable[Mark], feedback: str) -> None:
    """What even a draft of marks must keep. RuleBroken ``criterion_unknown``, ``level_unknown`` (criterion), ``reason_long``,
    ``feedback_long`` (most)."""
    keys = {one.key for one in task.criteria}
    for mark in marks:
        if mark.criterion not in keys:
            raise RuleBroken("criterion_unknown", criterion=mark.criterion)
        if mark.level is not None and mark.level not in LEVELS:
            raise RuleBroken("level_unknown", criterion=mark.criterion)
        if len(mark.reason) > LONGEST_REASON:
            raise RuleBroken("reason_long", most=LONGEST_REASON)
    if len(feedback) > LONGEST_FEEDBACK:
        raise RuleBroken("feedback_long", most=LONGEST_FEEDBACK)


def due(handed_in_at: datetime, marking: Marking) -> date:
    """The last day, in UTC, by which a trainer has written back: calendar days after the one on which it was handed in."""
    return handed_in_at.date() + timedelta(days=marking.days)
