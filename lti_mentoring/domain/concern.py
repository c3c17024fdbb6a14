# SPDX-License-Identifier: Apache-2.0
"""Something I said got out: the steps of a private report, who takes each, and by when. Nothing is automatic, nobody is suspended."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from lti_mentoring.domain.rule import RuleBroken

REPORTED, RECEIVED, TALKED, HEARD = "reported", "received", "talked_with_reporter", "other_side_heard"
FOUND, NOT_FOUND, CLOSED, WITHDRAWN = "found", "not_found", "closed", "withdrawn"
REPORTER, CONFIDANT = "reporter", "confidant"

LEAST_CONFIDANTS = 2
FEWEST = 5
"""Of fewer reports than this, whoever leads the course is told no number."""

LONGEST = 6000


@dataclass(frozen=True, slots=True)
class Move:
    """One step: from where, by which verb, to where, by whom."""

    state: str
    verb: str
    to: str
    who: str


MOVES = (
    Move(REPORTED, "receive", RECEIVED, CONFIDANT),
    Move(RECEIVED, "talk", TALKED, CONFIDANT),
    Move(TALKED, "hear", HEARD, CONFIDANT),
    Move(HEARD, "find", FOUND, CONFIDANT),
    Move(HEARD, "not_find", NOT_FOUND, CONFIDANT),
    Move(TALKED, "close", CLOSED, CONFIDANT),
    Move(FOUND, "close", CLOSED, CONFIDANT),
    Move(NOT_FOUND, "close", CLOSED, CONFIDANT),
    *(Move(state, "withdraw", WITHDRAWN, REPORTER) for state in (REPORTED, RECEIVED, TALKED, HEARD, FOUND, NOT_FOUND)),
)

DAYS = {REPORTED: 3, RECEIVED: 7, TALKED: 14, HEARD: 14, FOUND: 7, NOT_FOUND: 7}
"""Days within which the next step is to be taken."""


def after(state: str, verb: str, who: str, *, may_tell: bool) -> str:
    """The state after a verb. RuleBroken ``concern_step``; ``concern_not_told`` where the other side would hear of what the reporter
    has not agreed to."""
    for move in MOVES:
        if (move.state, move.verb, move.who) == (state, verb, who):
            if verb == "hear" and not may_tell:
                raise RuleBroken("concern_not_told")
            return move.to
    raise RuleBroken("concern_step")


def verbs(state: str, who: str, *, may_tell: bool) -> tuple[str, ...]:
    """What this one can do now."""
    return tuple(one.verb for one in MOVES if (one.state, one.who) == (state, who) and (one.verb != "hear" or may_tell))


def due(state: str, since: datetime) -> datetime | None:
    """By when the next step is to be taken; None where nothing waits."""
    return since + timedelta(days=DAYS[state]) if state in DAYS else None


def outside(confidants: Collection[str], *, parties: Collection[str], above: Collection[str], below: Collection[str]) -> tuple[str, ...]:
    """The confidants who are no party, and outside the lines of every party, upwards and downwards."""
    barred = {*parties, *above, *below}
    return tuple(one for one in confidants if one not in barred)


def shown(count: int) -> int | None:
    """A number for whoever leads the course; None where it is so small that it could point at somebody."""
    return count if count >= FEWEST else None
