# SPDX-License-Identifier: Apache-2.0
"""What two mentors plan before they lead a session together: written by both, agreed by both to one revision, before it begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta

from lti_mentoring.domain.rule import RuleBroken

PARTS = ("purpose", "opening", "roles", "closing")
"""Purpose, how it opens, who leads what, how it closes: in the order in which they are written."""

CANDIDATE, MENTOR = "candidate", "mentor"
WRITERS = (CANDIDATE, MENTOR)

LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Plan:
    """A joint plan as it stands. ``agreed`` says to which revision each of the two has agreed, ``agreed_at`` since when both agree to
    this one."""

    words: Mapping[str, str] = field(default_factory=lambda: dict.fromkeys(PARTS, ""))
    revision: int = 0
    agreed: Mapping[str, int] = field(default_factory=dict)
    agreed_at: datetime | None = None

    def stands_for(self, writer: str) -> bool:
        """Whether this writer agrees to the plan as it is now."""
        return self.revision > 0 and self.agreed.get(writer) == self.revision

    @property
    def stands(self) -> bool:
        """Whether both agree to the plan as it is now."""
        return all(map(self.stands_for, WRITERS))

    @property
    def empty(self) -> tuple[str, ...]:
        """The parts of which nothing is written yet."""
        return tuple(part for part in PARTS if not self.words[part])


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody has typed into a part, and what stood there when they began."""

    text: str
    known: str = ""


def written(plan: Plan, said: Mapping[str, Said]) -> tuple[Plan, tuple[str, ...]]:
    """The plan after somebody has typed, and the parts that clash: somebody else has changed them meanwhile to something else.

    What clashes is not written; everything else is. Whatever changes makes a new revision, to which nobody has agreed yet. RuleBroken
    ``plan_part`` for what is no part, ``plan_long`` (part, most).
    """
    words, clashes = dict(plan.words), []
    for part, typed in said.items():
        if part not in PARTS:
            raise RuleBroken("plan_part")
        text, known = tidy(typed.text), tidy(typed.known)
        if len(text) > LONGEST:
            raise RuleBroken("plan_long", part=part, most=LONGEST)
        if text in (words[part], known):  # the same already, or nothing was typed here, whatever somebody else has written since
            continue
        if words[part] in (known, ""):
            words[part] = text
        else:
            clashes.append(part)
    if words == dict(plan.words):
        return plan, tuple(clashes)
    return replace(plan, words=words, revision=plan.revision + 1, agreed_at=None), tuple(clashes)


def agreed(plan: Plan, writer: str, revision: int, *, now: datetime) -> Plan:
    """The plan with one writer's agreement to the revision that they have read. RuleBroken ``plan_changed`` where it is another one by
    now, ``plan_open`` (parts) where a part is empty."""
    if revision != plan.revision:
        raise RuleBroken("plan_changed")
    if plan.empty:
        raise RuleBroken("plan_open", parts=plan.empty)
    found = replace(plan, agreed={**plan.agreed, writer: revision})
    return replace(found, agreed_at=plan.agreed_at or now) if found.stands else found


def in_time(plan: Plan, begins: datetime) -> bool:
    """Whether both had agreed to the plan as it stands before the session began."""
    return plan.stands and plan.agreed_at is not None and plan.agreed_at < begins


def end_of(day: date) -> datetime:
    """When a session begins of which only the day is known: at that day's end (UTC)."""
    return datetime.combine(day + timedelta(days=1), time(), UTC)


def check_open(begins: datetime, *, now: datetime) -> None:
    """RuleBroken ``plan_closed`` once the session has begun: what is planned afterwards is no plan."""
    if now >= begins:
        raise RuleBroken("plan_closed")


def tidy(text: str) -> str:
    """As it is kept: one kind of line break, no blank at the ends."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()
