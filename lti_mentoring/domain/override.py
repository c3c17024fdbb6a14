# SPDX-License-Identifier: Apache-2.0
"""What follows from a check: exceptions, who has to agree to them and who may approve them; what becomes of a rating."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date

from lti_mentoring.domain.conflict import CLOSED, NEVER, OVERRIDE, RULES, UNATTESTED, WARN, Check, Finding, Question
from lti_mentoring.domain.period import add_months, holds
from lti_mentoring.domain.standing import Facts, attested, in_line

LONGEST_MONTHS = 12
"""An exception ends within a year; who still needs it asks again."""

LONGEST_WORDS = 2000


@dataclass(frozen=True, slots=True)
class Exemption:
    """An exception for one purpose and these people from ``start`` until before ``end``: why, what keeps it harmless, who of the people
    concerned has agreed in writing, and who approved it."""

    purpose: str
    rules: frozenset[str]
    people: frozenset[str]
    start: date
    end: date
    reason: str = ""
    safeguards: str = ""
    agreed: frozenset[str] = frozenset()
    approved: frozenset[str] = frozenset()


def needed(check: Check) -> frozenset[str]:
    """The rules that an exception has to be made of before this goes on; empty where none is needed, or none can help."""
    if any(one.verdict in (CLOSED, UNATTESTED) for one in check.findings):
        return frozenset()
    return frozenset(one.rule for one in check.findings if one.verdict == OVERRIDE)


def agreeing(asked: Question, rules: Collection[str]) -> frozenset[str]:
    """Who has to agree in writing: the protégé in a pair or in the room, the members of a group, the candidate who is judged."""
    parts = {"concerned": asked.concerned, "present": asked.present}
    return frozenset(person for rule in rules for person in parts.get(RULES[rule].agrees, ()))


def gaps(asked: Question, check: Check, made: Exemption, *, today: date) -> tuple[str, ...]:
    """What an exception lacks before anybody can approve it, as codes; ``override_never`` where there is none to have,
    ``override_unattested`` where something is not known yet that may make one needless, or impossible."""
    wanted = needed(check)
    if check.verdict == UNATTESTED and not made.rules & NEVER:
        return ("override_unattested",)
    if not wanted or made.rules & NEVER:
        return ("override_never",)
    found = (
        ("override_rules", not made.rules >= wanted),
        ("override_reason", not made.reason.strip()),
        ("override_safeguards", not made.safeguards.strip()),
        ("override_long", max(len(made.reason), len(made.safeguards)) > LONGEST_WORDS),
        ("override_end", not max(made.start, today) < made.end <= latest_end(made.start)),
    )
    return tuple(code for code, missing in found if missing)


def latest_end(start: date) -> date:
    """The last day that an exception from ``start`` may end before."""
    return add_months(start, LONGEST_MONTHS)


def may_approve(facts: Facts, approver: str, people: Iterable[str], *, asked_by: str = "") -> str:
    """Why somebody may not approve an exception for these people, "" where they may: nobody who is one of them, has asked for it, stands in
    a line with one of them, or works where one of them does; and it is known where they do."""
    people = set(people)
    if approver in people or approver == asked_by:
        return "override_of_ones_own"
    if any(in_line(facts, approver, one, recent=True) for one in people):
        return "override_in_line"
    if not attested(facts, approver):
        return "override_line_unknown"
    units = {facts.units.get(one, "") for one in people}
    if not facts.units.get(approver) or "" in units:
        return "override_unit_unknown"
    return "override_same_unit" if facts.units[approver] in units else ""


def stands_with(asked: Question, made: Exemption, *, approvers: int, on: date) -> bool:
    """Whether an exception holds on a day: everybody has agreed who has to, enough have approved, and it has not ended."""
    agreed = agreeing(asked, made.rules) <= made.agreed
    return agreed and len(made.approved) >= max(approvers, 1) and holds(made.start, made.end, on)


def applied(asked: Question, check: Check, exemptions: Iterable[Exemption], *, approvers: int, on: date) -> Check:
    """The check with its exceptions: what one covers is still told, as a warning with the day on which it ends."""
    people = frozenset(asked.people)
    valid = [one for one in exemptions if one.purpose == asked.purpose and people <= one.people]
    valid = [one for one in valid if stands_with(asked, one, approvers=approvers, on=on)]
    ends = {rule: max(one.end for one in valid if rule in one.rules) for one in valid for rule in one.rules - NEVER}

    def softened(found: Finding) -> Finding:
        if found.verdict != OVERRIDE or found.rule not in ends:
            return found
        return replace(found, verdict=WARN, facts={**found.facts, "exempt_until": ends[found.rule]})

    return replace(check, findings=tuple(map(softened, check.findings)))


def consequence(verdict: str, *, released: bool) -> str:
    """What a verdict on a rating that was made does to it: ``void`` where no exception can be; ``hold``, or ``flag`` where its candidate
    has read it already, while people decide whether an exception is agreed or it is set aside; ``hold`` until what is unknown is said; or
    nothing."""
    if verdict == CLOSED:
        return "void"
    if verdict == OVERRIDE:
        return "flag" if released else "hold"
    return "hold" if verdict == UNATTESTED else ""
