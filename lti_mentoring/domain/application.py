# SPDX-License-Identifier: Apache-2.0
"""An application's way from a draft to a decision, as a table; nobody is ever declined by a machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from lti_mentoring.domain.form import Problem
from lti_mentoring.domain.period import add_months
from lti_mentoring.domain.programme import Selection
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.domain.selection import Standing

APPLICANT, COORDINATOR, SYSTEM = "applicant", "coordinator", "system"

DECLINE_REASONS = ("not_yet", "not_eligible", "role_conflict", "no_capacity", "other")
"""Why somebody may be declined. ``not_eligible`` and ``role_conflict`` can be seen without reviews; the others follow them."""

WITHOUT_REVIEWS = frozenset({"not_eligible", "role_conflict"})

LIVE = frozenset({"draft", "submitted", "under_review", "information_asked", "waitlisted", "offered", "accepted"})
"""States in which the person has no second application in the same course (I3)."""

DECIDED = frozenset({"accepted", "declined", "withdrawn", "lapsed"})
"""States in which nobody waits for a decision."""

LEAST_FEEDBACK = 20
"""Characters of feedback that a decline takes: somebody reads it."""


@dataclass(frozen=True, slots=True)
class Case:
    """The facts that guards look at; a verb needs those that its guards name."""

    now: datetime
    problems: tuple[Problem, ...] = ()
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    attested: bool = True
    attested_lately: bool = True
    refused: tuple[str, date | None] | None = None
    assigned: int = 0
    wanted: int = 1
    standing: Standing | None = None
    place_free: bool = True
    reason: str = ""
    feedback: str = ""
    offer_until: date | None = None
    agreed: bool = False


def window_is_open(now: datetime, opens_at: datetime | None, closes_at: datetime | None) -> bool:
    """Whether applications are taken: from ``opens_at`` until before ``closes_at``; what is not set does not bound."""
    return (opens_at is None or now >= opens_at) and (closes_at is None or now < closes_at)


def _complete(case: Case) -> None:
    if case.problems:
        raise RuleBroken("application_incomplete", problems=case.problems, count=len(case.problems))


def _window(case: Case) -> None:
    if not window_is_open(case.now, case.opens_at, case.closes_at):
        raise RuleBroken("window_closed", opens_at=case.opens_at, closes_at=case.closes_at)


def _attested(case: Case) -> None:
    if not case.attested:
        raise RuleBroken("manager_unattested")


def _attested_lately(case: Case) -> None:
    """R0: what nobody has said for a year is not known."""
    if not case.attested_lately:
        raise RuleBroken("attestation_old")


def _may_apply(case: Case) -> None:
    if case.refused is not None:
        code, again = case.refused
        raise RuleBroken(code, again=again)


def _reviewers(case: Case) -> None:
    if case.assigned < case.wanted:
        raise RuleBroken("reviewers_missing", wanted=case.wanted, assigned=case.assigned)


def _reviewed(case: Case) -> None:
    if case.standing is None or case.standing.missing:
        raise RuleBroken("reviews_missing", missing=case.standing.missing if case.standing else case.wanted)
    if case.standing.needs_further:
        raise RuleBroken("reviewers_apart", criteria=case.standing.apart)


def _reviewed_or_formal(case: Case) -> None:
    if case.reason not in WITHOUT_REVIEWS:
        _reviewed(case)


def _reaches(case: Case) -> None:
    if case.standing is not None and case.standing.short:
        raise RuleBroken("below_the_bar", short=case.standing.short)


def _place(case: Case) -> None:
    if not case.place_free:
        raise RuleBroken("no_place_left")


def _reasoned(case: Case) -> None:
    if case.reason not in DECLINE_REASONS:
        raise RuleBroken("decision_reason_missing")
    if len(case.feedback.strip()) < LEAST_FEEDBACK:
        raise RuleBroken("feedback_missing", least=LEAST_FEEDBACK)


def _in_time(case: Case) -> None:
    if case.offer_until is not None and case.now.date() > case.offer_until:
        raise RuleBroken("offer_ended", until=case.offer_until)


def _agreed(case: Case) -> None:
    if not case.agreed:
        raise RuleBroken("agreement_unsigned")


def _ended(case: Case) -> None:
    if case.offer_until is None or case.now.date() <= case.offer_until:
        raise RuleBroken("offer_running", until=case.offer_until)


GUARDS: Mapping[str, Callable[[Case], None]] = {
    "form complete": _complete,
    "window open": _window,
    "line managers attested": _attested,
    "line managers attested within a year": _attested_lately,
    "may apply": _may_apply,
    "reviewers enough": _reviewers,
    "reviews in, not apart": _reviewed,
    "reviews in, or a formal reason": _reviewed_or_formal,
    "bar reached": _reaches,
    "place free": _place,
    "reason and feedback": _reasoned,
    "within the deadline": _in_time,
    "agreement signed": _agreed,
    "deadline over": _ended,
}


@dataclass(frozen=True, slots=True)
class Move:
    """One line of the table: in ``state``, ``verb`` by ``by`` leads to ``to`` if the guards let it."""

    state: str
    verb: str
    to: str
    by: str
    guards: tuple[str, ...] = ()


_OFFER = ("line managers attested within a year", "reviews in, not apart", "bar reached", "place free")
_DECLINE = ("reason and feedback", "reviews in, or a formal reason")

MOVES = (
    Move("new", "begin", "draft", APPLICANT, ("may apply",)),
    Move("draft", "submit", "submitted", APPLICANT, ("window open", "may apply", "form complete", "line managers attested")),
    Move("draft", "withdraw", "withdrawn", APPLICANT),
    Move("submitted", "review", "under_review", COORDINATOR, ("reviewers enough",)),
    Move("submitted", "ask_information", "information_asked", COORDINATOR),
    Move("submitted", "decline", "declined", COORDINATOR, _DECLINE),
    Move("submitted", "withdraw", "withdrawn", APPLICANT),
    Move("under_review", "ask_information", "information_asked", COORDINATOR),
    Move("under_review", "offer", "offered", COORDINATOR, _OFFER),
    Move("under_review", "waitlist", "waitlisted", COORDINATOR, ("reviews in, not apart", "bar reached")),
    Move("under_review", "decline", "declined", COORDINATOR, _DECLINE),
    Move("under_review", "withdraw", "withdrawn", APPLICANT),
    Move("information_asked", "give_information", "submitted", APPLICANT),
    Move("information_asked", "decline", "declined", COORDINATOR, _DECLINE),
    Move("information_asked", "withdraw", "withdrawn", APPLICANT),
    Move("waitlisted", "offer", "offered", COORDINATOR, _OFFER),
    Move("waitlisted", "decline", "declined", COORDINATOR, _DECLINE),
    Move("waitlisted", "withdraw", "withdrawn", APPLICANT),
    Move("offered", "accept", "accepted", APPLICANT, ("within the deadline", "agreement signed")),
    Move("offered", "withdraw", "withdrawn", APPLICANT),
    Move("offered", "lapse", "lapsed", SYSTEM, ("deadline over",)),
    Move("lapsed", "offer", "offered", COORDINATOR, _OFFER),
)
"""The whole machine. ``decline`` is a coordinator's alone: no timer and no rule leads to it."""

TABLE: Mapping[tuple[str, str], Move] = {(move.state, move.verb): move for move in MOVES}
STATES = tuple(dict.fromkeys(move.to for move in MOVES))


def after(state: str, verb: str, case: Case) -> str:
    """The state that ``verb`` leads to. RuleBroken ``application_closed`` (state, verb) without such a move, else the guard's code."""
    move = TABLE.get((state, verb))
    if move is None:
        raise RuleBroken("application_closed", state=state, verb=verb)
    for name in move.guards:
        GUARDS[name](case)
    return move.to


def hindrance(state: str, verb: str, case: Case) -> RuleBroken | None:
    """What stands against a verb as things are; None where it can be done. For a page that shows why not, in place of a button."""
    try:
        after(state, verb, case)
    except RuleBroken as broken:
        return broken
    return None


def open_verbs(state: str, by: str) -> tuple[str, ...]:
    """What somebody of this side may try in a state, in the table's order."""
    return tuple(move.verb for move in MOVES if move.state == state and move.by == by)


def diagram() -> str:
    """The table as a Mermaid state diagram, guards in brackets. The one in the documentation is made by this."""
    lines = ["stateDiagram-v2"]
    for move in MOVES:
        guard = f" [{'; '.join(move.guards)}]" if move.guards else ""
        start = "[*]" if move.state == "new" else move.state
        lines.append(f"    {start} --> {move.to}: {move.verb.replace('_', ' ')}{guard}")
    lines += [f"    {state} --> [*]" for state in sorted({move.to for move in MOVES} - {move.state for move in MOVES})]
    return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class Earlier:
    """An application of the same person that has ended: when it was submitted, and when it was declined, if it was."""

    submitted_on: date | None
    declined_on: date | None = None


def refusal(selection: Selection, earlier: Iterable[Earlier], today: date) -> tuple[str, date | None] | None:
    """Why somebody may not apply today, with the first day on which they may; None if they may.

    After a decline ``reapply_months`` pass, and no more than ``most_in_three_years`` are submitted within 36 months. Withdrawn drafts
    never count.
    """
    told = sorted(earlier, key=lambda one: one.submitted_on or date.min)
    declined = [one.declined_on for one in told if one.declined_on is not None]
    again = add_months(max(declined), selection.reapply_months) if declined else None
    if again is not None and today < again:
        return "reapply_later", again
    recent = [one.submitted_on for one in told if one.submitted_on is not None and add_months(one.submitted_on, 36) > today]
    if len(recent) >= selection.most_in_three_years:
        return "applied_often", add_months(recent[-selection.most_in_three_years], 36)
    return None
