# SPDX-License-Identifier: Apache-2.0
"""Recognition of prior learning: asked or proposed for a module, agreed to by as many people as the policy says, and withdrawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from lti_mentoring.domain.candidacy import ModuleRecord
from lti_mentoring.domain.module import Module
from lti_mentoring.domain.participation import COMPLETED, EXCLUDED, REFUSED
from lti_mentoring.domain.people import LEADS
from lti_mentoring.domain.programme import Policy, Programme
from lti_mentoring.domain.rule import RuleBroken

LIVE = ("asked", "recognised")
"""States of which a module has one at a time."""

APPROVERS = LEADS | {"trainer"}
"""Roles that agree or refuse. One of those who agree leads the course."""

DECIDED = frozenset({COMPLETED, REFUSED, EXCLUDED})
"""Participation after the award, or the decision against it: nothing is recognised or withdrawn any more."""

LONGEST_TEXT = 4000
LONGEST_LINE = 200


@dataclass(frozen=True, slots=True)
class Claim:
    """What somebody learned, where, when, and what shows it, in words or links."""

    what: str
    place: str
    period: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Voice:
    """Somebody who agreed, and whether they led the course then."""

    person_id: str
    leads: bool


@dataclass(frozen=True, slots=True)
class Case:
    """All that the guards look at. ``related``: the actor stands in a reporting line with the candidate; ``wanted``: the module is asked
    for by the policy, and open."""

    actor_id: str
    subject_id: str
    related: bool = False
    approves: bool = False
    leads: bool = False
    reason: str = ""
    agreed: Sequence[Voice] = ()
    approvers: int = 1
    takes_part: bool = True
    decided: bool = False
    wanted: bool = True
    claim: Claim | None = None


def _by_candidate(case: Case) -> str:
    return "" if case.actor_id == case.subject_id else "recognition_not_yours"


def _by_lead(case: Case) -> str:
    return "" if case.leads else "recognition_needs_lead"


def _by_approver(case: Case) -> str:
    return "" if case.approves or case.leads else "recognition_not_yours"


def _impartial(case: Case) -> str:
    if case.actor_id == case.subject_id:
        return "approver_self"
    return "approver_line" if case.related else ""


def _takes_part(case: Case) -> str:
    return "" if case.takes_part else "not_taking_part"


def _wanted(case: Case) -> str:
    return "" if case.wanted else "recognition_not_needed"


def _filled(case: Case) -> str:
    claim = case.claim
    return "" if claim and all(one.strip() for one in (claim.what, claim.place, claim.period, claim.evidence)) else "recognition_incomplete"


def _reason(case: Case) -> str:
    return "" if case.reason.strip() else "recognition_reason_missing"


def _once(case: Case) -> str:
    return "recognition_agreed_already" if case.actor_id in {one.person_id for one in case.agreed} else ""


def _enough(case: Case) -> str:
    return "" if enough(case.agreed, case.approvers) else "recognition_needs_more"


def _before_award(case: Case) -> str:
    return "recognition_after_award" if case.decided else ""


GUARDS: Mapping[str, Callable[[Case], str]] = {
    "by the candidate": _by_candidate,
    "by who leads": _by_lead,
    "by an approver": _by_approver,
    "neither themself nor in their line": _impartial,
    "takes part": _takes_part,
    "the module is asked for and open": _wanted,
    "what, where, when and evidence": _filled,
    "a reason": _reason,
    "for the first time": _once,
    "enough people agree, one of whom leads": _enough,
    "before the award": _before_award,
}
"""Name of a guard -> the code of what it misses, "" for nothing."""


@dataclass(frozen=True, slots=True)
class Move:
    """One row of the state table."""

    state: str
    verb: str
    to: str
    guards: tuple[str, ...]


_BEGINS = ("takes part", "the module is asked for and open", "what, where, when and evidence")
_DECIDES = ("by an approver", "neither themself nor in their line", "before the award", "a reason")

MOVES = (
    Move("new", "ask", "asked", ("by the candidate", *_BEGINS)),
    Move("new", "propose", "asked", ("by who leads", "neither themself nor in their line", *_BEGINS)),
    Move("asked", "agree", "asked", (*_DECIDES, "for the first time")),
    Move("asked", "complete", "recognised", ("enough people agree, one of whom leads",)),
    Move("asked", "refuse", "refused", _DECIDES),
    Move("asked", "take_back", "taken_back", ("by the candidate",)),
    Move("recognised", "withdraw", "withdrawn", ("by who leads", "neither themself nor in their line", "before the award", "a reason")),
)
"""The whole machine. ``complete`` follows from the last ``agree``, in the same transaction."""

TABLE: Mapping[tuple[str, str], Move] = {(move.state, move.verb): move for move in MOVES}


def after(state: str, verb: str, case: Case) -> str:
    """The state that ``verb`` leads to. RuleBroken ``recognition_closed`` (state, verb) where the table has no such move, else the code of
    what the first guard misses."""
    move = TABLE.get((state, verb))
    if move is None:
        raise RuleBroken("recognition_closed", state=state, verb=verb)
    for name in move.guards:
        missing = GUARDS[name](case)
        if missing:
            raise RuleBroken(missing, state=state, verb=verb)
    return move.to


def can(state: str, verb: str, case: Case) -> bool:
    """Whether the verb would be let through, but for a reason that is still to be written."""
    move = TABLE.get((state, verb))
    return move is not None and not any(GUARDS[name](case) for name in move.guards if name != "a reason")


def enough(agreed: Sequence[Voice], approvers: int) -> bool:
    """Whether that many different people agree, one of whom leads the course."""
    return len({one.person_id for one in agreed}) >= approvers and any(one.leads for one in agreed)


def open_modules(programme: Programme, modules: Sequence[ModuleRecord]) -> tuple[ModuleRecord, ...]:
    """The modules that could be recognised: asked for by the policy, not met, and not asked for already."""
    return tuple(one for one in modules if wanted(programme.policy, one) and one.recognition not in LIVE)


def wanted(policy: Policy, module: ModuleRecord) -> bool:
    """Whether recognising it would change anything."""
    return module.key in policy.modules_required and not module.met


def critical(module: Module, programme: Programme) -> bool:
    """Whether the module has critical questions, or is about a critical competency: it can be recognised, and those who agree are told."""
    of = [programme.competency(key) for key in module.competencies]
    return any(item.critical for item in module.items) or any(one.critical for one in of)


def check_claim(claim: Claim) -> None:
    """RuleBroken ``recognition_long`` (field, most)."""
    for name, most in (("what", LONGEST_TEXT), ("evidence", LONGEST_TEXT), ("place", LONGEST_LINE), ("period", LONGEST_LINE)):
        if len(getattr(claim, name)) > most:
            raise RuleBroken("recognition_long", field=name, most=most)
