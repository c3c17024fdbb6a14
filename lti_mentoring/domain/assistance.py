# SPDX-License-Identifier: Apache-2.0
"""Technical assistance: a request from its offer to its end, who may see it and help, and what helping means for assessing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from lti_mentoring.domain.people import LEADS
from lti_mentoring.domain.programme import Policy, Programme
from lti_mentoring.domain.rule import NotFound, RuleBroken

URGENCIES = ("can_wait", "this_week", "blocked")
"""How soon help is needed; the policy has days for each, in this order."""

MODES = ("message", "call", "meeting")
"""How a contact took place."""

REASONS = ("failed_checks", "inactive")
"""Why help is offered to somebody who has not asked."""

OPEN = ("requested", "taken", "answered")
"""States in which helpers have to do with a request. An offer, and what has ended, is its candidate's alone."""

UNDER_WAY = ("requested", "taken")
"""States in which somebody owes the candidate an answer."""

HELPERS = LEADS | {"trainer"}
"""Roles that help."""

HELP_COUNTS_DAYS = 365
"""For so long somebody who helped with a competency has a part in it (rule R7: twelve months)."""

LONGEST_TEXT = 4000
MOST_MINUTES = 600


# --- what a request is about -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Topic:
    """What help is wanted with. ``kind`` is module, competency, platform or other; ``key`` names the module or the competency."""

    kind: str
    key: str = ""
    title: str = ""

    @property
    def code(self) -> str:
        """As a form names it: ``module:M1``, ``platform``."""
        return f"{self.kind}:{self.key}" if self.key else self.kind


PLATFORM, OTHER = Topic("platform"), Topic("other")


def topics(programme: Programme) -> tuple[Topic, ...]:
    """Everything that help can be asked with in a programme: its modules, its competencies, the platform, and something else."""
    modules = [Topic("module", one.key, one.title) for one in programme.modules]
    competencies = [Topic("competency", one.key, one.title) for one in programme.competencies]
    return (*modules, *competencies, PLATFORM, OTHER)


def topic(programme: Programme, code: str) -> Topic:
    """The topic with that code. RuleBroken ``topic_unknown``."""
    for one in topics(programme):
        if one.code == code:
            return one
    raise RuleBroken("topic_unknown")


def competencies_of(programme: Programme, kind: str, key: str) -> frozenset[str]:
    """The competencies that a topic is about; none for the platform, for something else, and for what the programme has not."""
    if kind == "competency":
        return frozenset({key})
    return frozenset(of for one in programme.modules if kind == "module" and one.key == key for of in one.competencies)


def check_request(about: Topic, urgency: str, text: str, *, offered: bool = False) -> None:
    """What a request must say. RuleBroken ``urgency_unknown``, ``help_text_long`` (most), and ``help_text_empty`` where nothing tells
    what it is about; an accepted offer has its reason."""
    if urgency not in URGENCIES:
        raise RuleBroken("urgency_unknown")
    if len(text) > LONGEST_TEXT:
        raise RuleBroken("help_text_long", most=LONGEST_TEXT)
    if about == OTHER and not text.strip() and not offered:
        raise RuleBroken("help_text_empty")


def check_contact(minutes: int, mode: str, outcome: str, follow_up: date | None, today: date) -> None:
    """What a contact must say. RuleBroken ``minutes_unknown`` (most), ``mode_unknown``, ``outcome_empty``, ``help_text_long`` (most),
    ``follow_up_past``."""
    if not 1 <= minutes <= MOST_MINUTES:
        raise RuleBroken("minutes_unknown", most=MOST_MINUTES)
    if mode not in MODES:
        raise RuleBroken("mode_unknown")
    if not outcome.strip():
        raise RuleBroken("outcome_empty")
    if len(outcome) > LONGEST_TEXT:
        raise RuleBroken("help_text_long", most=LONGEST_TEXT)
    if follow_up is not None and follow_up < today - timedelta(days=1):  # where the reader is, it may still be yesterday
        raise RuleBroken("follow_up_past")


def due(urgency: str, asked_at: datetime, policy: Policy) -> date:
    """The last day, in UTC, by which an answer is due: calendar days of the policy after the day on which it was asked."""
    return asked_at.date() + timedelta(days=policy.assistance.due_days[URGENCIES.index(urgency)])


def overdue(state: str, due_on: date, today: date) -> bool:
    """Whether an answer is owed and its last day is over."""
    return state in UNDER_WAY and today > due_on


# --- when help is offered --------------------------------------------------------------------------------------------------


def failures(attempts: Sequence[bool]) -> int:
    """Failed attempts at one module since the last mastered one; ``attempts`` says of each, oldest first, whether it mastered it."""
    count = 0
    for mastered in reversed(attempts):
        if mastered:
            break
        count += 1
    return count


def offers_after(policy: Policy, failed: int) -> bool:
    """Whether so many failures in a row are reason to offer help. A policy of 0 never offers."""
    return 0 < policy.assistance.failed_checks <= failed


def inactive(policy: Policy, last_act: datetime, now: datetime) -> bool:
    """Whether somebody has done nothing for as long as the policy says. A policy of 0 never offers."""
    days = policy.assistance.inactive_days
    return days > 0 and now - last_act >= timedelta(days=days)


# --- who sees, who helps ---------------------------------------------------------------------------------------------------


def may_see(*, person_id: str, roles: Collection[str], subject_id: str, state: str, assesses: bool) -> bool:
    """Whether somebody may know that there is this request, and read it.

    Its candidate always. Helpers while it is open; but whoever assesses the candidate learns nothing of it, so that asking for help
    carries no penalty, unless they coordinate the course.
    """
    if person_id == subject_id:
        return True
    if state not in OPEN or HELPERS.isdisjoint(roles):
        return False
    return "coordinator" in roles or not assesses


def may_help(*, person_id: str, roles: Collection[str], subject_id: str, state: str, assesses: bool) -> bool:
    """Whether somebody may take this request and answer it: who may see it as a helper. Nobody helps themself this way."""
    known = may_see(person_id=person_id, roles=roles, subject_id=subject_id, state=state, assesses=assesses)
    return known and person_id != subject_id and state in OPEN and not HELPERS.isdisjoint(roles)


# --- states ------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Case:
    """All that the guards look at. ``actor_id`` is "" for the system; ``contacts`` counts those since the request was taken."""

    actor_id: str
    subject_id: str
    helper_id: str = ""
    may_help: bool = False
    leads: bool = False
    contacts: int = 0


def _by_system(case: Case) -> str:
    return "" if not case.actor_id else "assistance_not_yours"


def _by_candidate(case: Case) -> str:
    return "" if case.actor_id == case.subject_id else "assistance_not_yours"


def _by_somebody_who_may_help(case: Case) -> str:
    return "" if case.may_help and case.actor_id else "assistance_not_yours"


def _by_its_helper(case: Case) -> str:
    own = bool(case.actor_id) and case.actor_id == case.helper_id
    return "" if case.may_help and own else "assistance_of_another"


def _by_its_helper_or_who_leads(case: Case) -> str:
    return "" if case.may_help and case.actor_id and case.leads else _by_its_helper(case)


def _after_a_contact(case: Case) -> str:
    return "" if case.contacts else "contact_missing"


GUARDS: dict[str, Callable[[Case], str]] = {
    "by the system": _by_system,
    "by the candidate": _by_candidate,
    "by somebody who may help": _by_somebody_who_may_help,
    "by its helper": _by_its_helper,
    "by its helper or who leads": _by_its_helper_or_who_leads,
    "after a contact": _after_a_contact,
}
"""Name of a guard -> the code of what it misses, "" for nothing."""

_CANDIDATE = ("by the candidate",)


@dataclass(frozen=True, slots=True)
class Move:
    """One row of the state table."""

    state: str
    verb: str
    to: str
    guards: tuple[str, ...]


MOVES = (
    Move("new", "offer", "offered", ("by the system",)),
    Move("new", "ask", "requested", _CANDIDATE),
    Move("offered", "accept", "requested", _CANDIDATE),
    Move("offered", "decline", "declined", _CANDIDATE),
    Move("requested", "take", "taken", ("by somebody who may help",)),
    Move("requested", "withdraw", "withdrawn", _CANDIDATE),
    Move("taken", "contact", "taken", ("by its helper",)),
    Move("taken", "hand_back", "requested", ("by its helper or who leads",)),
    Move("taken", "answer", "answered", ("by its helper", "after a contact")),
    Move("taken", "withdraw", "withdrawn", _CANDIDATE),
    Move("answered", "contact", "answered", ("by its helper",)),
    Move("answered", "close", "closed", _CANDIDATE),
    Move("answered", "reopen", "requested", _CANDIDATE),
    Move("answered", "withdraw", "withdrawn", _CANDIDATE),
    Move("closed", "reopen", "requested", _CANDIDATE),
)
"""The whole machine. The system only offers: no machine closes a request, and nobody but its candidate ends it."""

TABLE: Mapping[tuple[str, str], Move] = {(move.state, move.verb): move for move in MOVES}


def after(state: str, verb: str, case: Case) -> str:
    """The state that ``verb`` leads to.

    RuleBroken ``assistance_taken`` for the second of two who take it, ``assistance_moved_on`` (state, verb) where the table has no such
    move, else the code of what the first guard misses: ``assistance_not_yours``, ``assistance_of_another``, ``contact_missing``. Who may
    not know of the request at all is told ``NotFound`` before any of this, by ``known``.
    """
    move = TABLE.get((state, verb))
    if move is None:
        raise RuleBroken("assistance_taken" if (state, verb) == ("taken", "take") else "assistance_moved_on", state=state, verb=verb)
    for name in move.guards:
        missing = GUARDS[name](case)
        if missing:
            raise RuleBroken(missing, state=state, verb=verb)
    return move.to


def known(visible: bool) -> None:
    """NotFound ``assistance`` for whoever may not learn that there is such a request."""
    if not visible:
        raise NotFound("assistance")


def lost() -> None:
    """RuleBroken ``assistance_taken``: of two who took it at the same moment, the other one has it."""
    raise RuleBroken("assistance_taken")


def diagram() -> str:
    """The state table as a Mermaid state diagram, guards in brackets. The one in the documentation is made by this."""
    lines = ["stateDiagram-v2"]
    for move in MOVES:
        start = "[*]" if move.state == "new" else move.state
        lines.append(f"    {start} --> {move.to}: {move.verb.replace('_', ' ')} [{'; '.join(move.guards)}]")
    ends = {move.to for move in MOVES} - {move.state for move in MOVES}
    lines += [f"    {state} --> [*]" for state in sorted(ends)]
    return "\n".join(lines) + "\n"


# --- what helping means for assessing --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Conflict:
    """Whether somebody who helped may assess. ``verdict`` is blocked, noted or clear; ``reason`` is the code of why: ``helped`` where it
    follows from the policy, ``helped_no_other`` where nobody else would be left. ``competencies`` are those that they helped with."""

    verdict: str
    reason: str = ""
    competencies: tuple[str, ...] = ()


def assessor_conflict(
    policy: Policy,
    helped: Collection[tuple[str, frozenset[str]]],
    assessor: str,
    competencies: Collection[str],
    *,
    remaining_eligible: int | None = None,
) -> Conflict:
    """Rule R7 for help: whether ``assessor`` may assess these competencies of a candidate whom ``helped`` (helper, competencies) names.

    ``remaining_eligible`` is how many others could assess instead; None where that was not counted. Help never leaves a candidate
    without an observer: with 0, what would be blocked is noted.
    """
    shared = {key for helper, keys in helped if helper == assessor for key in keys} & set(competencies)
    if not shared:
        return Conflict("clear")
    found = tuple(sorted(shared))
    if policy.assistance.helper_may_assess:
        return Conflict("noted", "helped", found)
    if remaining_eligible is not None and remaining_eligible <= 0:
        return Conflict("noted", "helped_no_other", found)
    return Conflict("blocked", "helped", found)
