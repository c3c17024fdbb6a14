# SPDX-License-Identifier: Apache-2.0
"""The cohort board, people by requirements: what a cell says, whom somebody waits for, which rows were asked for and in which order."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

from lti_mentoring.domain.assistance import inactive
from lti_mentoring.domain.candidacy import STEPS, NextStep, Requirement
from lti_mentoring.domain.observation import WAITING
from lti_mentoring.domain.participation import ACTIVE, PARTICIPATION
from lti_mentoring.domain.programme import Policy

MET, PROGRESS, WAITS, OPEN, NOT_ASKED = "met", "progress", "waits", "open", "not_asked"
STATES = (MET, PROGRESS, WAITS, OPEN, NOT_ASKED)
"""What a cell says: nothing to do, under way, somebody else acts, not begun, or that this person's version does not ask for it."""

CANDIDATE, OBSERVER, TRAINER, COORDINATOR, REVIEWER, NOBODY = "candidate", "observer", "trainer", "coordinator", "reviewer", "nobody"
WAITED_FOR = (CANDIDATE, OBSERVER, TRAINER, COORDINATOR, REVIEWER, NOBODY)

APPLYING = "applying"
"""What stands for the participation of somebody whose application is not decided."""

PARTS = (*PARTICIPATION, APPLYING)

ALL_MET = "all_met"
REACHED = (*STEPS, ALL_MET)
"""Where somebody can stand: at a step, or past all of them."""

OVER, SOON, QUIET = "over", "soon", "quiet"
ALERTS = (QUIET, SOON, OVER)
"""Nothing done for as long as the policy says; the last day is near; it has passed. Of people who take part."""

SORTS = ("name", "progress", "activity", "time")
PER_PAGE = 50


# --- cells -----------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cell:
    """How one requirement stands for one person; ``done`` of ``of`` where it is met in parts."""

    state: str = NOT_ASKED
    done: int = 0
    of: int = 0


@dataclass(frozen=True, slots=True, order=True)
class Column:
    """One requirement: ``key`` is the step, or ``step.name`` for what stands by itself under it, as a module does under training."""

    step: str
    name: str = ""
    title: str = field(default="", compare=False)

    @property
    def key(self) -> str:
        """How an address names it."""
        return f"{self.step}.{self.name}" if self.name else self.step


_cell = lru_cache(maxsize=4096)(Cell)


_SHORT = ("not_yet", "aside", "again")
"""States of an observation that is still wanted though there was one."""


def _leaf_state(leaf: Requirement, step: NextStep) -> str:
    """Of any leaf, whatever it requires: by what its facts say, and by whether it is the next thing and somebody else's to do."""
    if leaf.met:
        return MET
    facts = leaf.facts
    if facts.get("state") in WAITING or (not step.yours and facts == step.facts):
        return WAITS
    if facts.get("recognition") == "asked" or (facts.get("mastered") and facts.get("practice") == "handed_in"):
        return WAITS
    begun = facts.get("open_attempt") or facts.get("attempts") or facts.get("mastered") or facts.get("state") in _SHORT
    return PROGRESS if begun or facts.get("practice", "none") not in ("", "none") else OPEN


def _together(states: Sequence[str]) -> Cell:
    done = states.count(MET)
    if done == len(states):
        state = MET
    elif WAITS in states:
        state = WAITS
    else:
        state = PROGRESS if done or PROGRESS in states else OPEN
    return _cell(state, done, len(states))


def cells(tree: Requirement, step: NextStep) -> dict[str, Cell]:
    """Column key -> cell: each step of the tree as a whole, and what has a key of its own under it. ``step`` is the next thing."""
    found: dict[str, Cell] = {}
    for part in tree.children:
        whole: list[str] = []
        single: dict[str, list[str]] = {}
        for leaf in part.children:
            state = _leaf_state(leaf, step)
            whole.append(state)
            if "key" in leaf.facts:
                single.setdefault(f"{part.code}.{leaf.facts['key']}", []).append(state)
        if whole:
            found[part.code] = _together(whole)
        for key, states in single.items():
            found[key] = _together(states)
    return found


def columns_of(tree: Requirement) -> dict[str, Column]:
    """The columns that a tree asks for, by key; a step stands for itself where nothing under it has a key of its own."""
    found: dict[str, Column] = {}
    for part in tree.children:
        named = [leaf for leaf in part.children if "key" in leaf.facts]
        for leaf in named:
            made = Column(part.code, str(leaf.facts["key"]), str(leaf.facts.get("title", "")))
            found.setdefault(made.key, made)
        if part.children and not named:
            found[part.code] = Column(part.code)
    return found


def in_order(columns: Iterable[Column]) -> tuple[Column, ...]:
    """In the order of the way; what stands under a step in the order in which it was found first."""
    once = list(dict.fromkeys(columns))
    place = {step: number for number, step in enumerate(STEPS)}
    return tuple(sorted(once, key=lambda one: place.get(one.step, len(STEPS))))


# --- who is waited for, and what is urgent -----------------------------------------------------------------------------------------


def waits_for(step: NextStep, participation: str) -> str:
    """Who acts next: nobody where all is met or somebody takes no part at present."""
    if not PARTICIPATION.get(participation, False) or step.code == ALL_MET:
        return NOBODY
    if step.yours:
        return CANDIDATE
    if step.code == "await_practice":
        return TRAINER
    return OBSERVER if step.facts.get("state") in WAITING else COORDINATOR


APPLICATION: Mapping[str, tuple[str, str, str]] = {
    "submitted": (MET, WAITS, COORDINATOR),
    "under_review": (MET, WAITS, REVIEWER),
    "information_asked": (WAITS, WAITS, CANDIDATE),
    "waitlisted": (MET, WAITS, COORDINATOR),
    "offered": (MET, WAITS, CANDIDATE),
}
"""State of an application that is not decided -> its cells under application and selection, and who acts next. Nobody reads a draft."""


def applying(state: str, *, reviews_open: bool) -> tuple[dict[str, Cell], str]:
    """The cells of an applicant, and who acts next; once all reviews are in, that is who decides."""
    applied, selected, who = APPLICATION[state]
    who = COORDINATOR if who == REVIEWER and not reviews_open else who
    return {"application": _cell(applied, int(applied == MET), 1), "selection": _cell(selected, 0, 1)}, who


APPLIED, RECORDED = "applied", "recorded"
_ENTERED: Mapping[str, Mapping[str, Cell]] = {
    APPLIED: {"application": _cell(MET, 1, 1), "selection": _cell(MET, 1, 1)},
    RECORDED: {"selection": _cell(MET, 1, 1)},
}


def entered(how: str) -> Mapping[str, Cell]:
    """The cells that lie behind a candidate: of who applied, of who was selected elsewhere, of none where a launch was enough."""
    return _ENTERED.get(how, {})


def alerts(policy: Policy, participation: str, active_at: datetime, deadline: date, now: datetime) -> frozenset[str]:
    """What is urgent about somebody; nothing is where they take no part."""
    if participation != ACTIVE:
        return frozenset()
    found = {QUIET} if inactive(policy, active_at, now) else set()
    left = (deadline - now.date()).days
    if left < 0:
        found.add(OVER)
    elif left <= max(policy.time.warn_days, default=0):
        found.add(SOON)
    return frozenset(found)


# --- rows ------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """One person. ``id`` is a candidacy's, or an application's where ``part`` is applying. ``done`` of ``of`` requirements are met;
    ``reached`` is the step where they stand; ``deadline`` the last day, None for an applicant and who takes part no more."""

    id: str
    name: str
    part: str
    cells: Mapping[str, Cell]
    waits: str
    step: NextStep
    done: int = 0
    of: int = 0
    enrolment: str = ""
    active_at: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    deadline: date | None = None
    alerts: frozenset[str] = frozenset()

    def cell(self, key: str) -> Cell:
        """The cell of a column; not asked where this person's version does not ask for it."""
        return self.cells.get(key) or _cell()

    @property
    def reached(self) -> str:
        """The first step of the way that is asked and not met."""
        for step in STEPS:
            cell = self.cells.get(step)
            if cell is not None and cell.state not in (MET, NOT_ASKED):
                return step
        return ALL_MET


def figures(rows: Iterable[Row], steps: Iterable[str]) -> dict[str, Counter[str]]:
    """Step -> how many people in each state."""
    counted: dict[str, Counter[str]] = {step: Counter() for step in steps}
    for row in rows:
        for step, counter in counted.items():
            counter[row.cell(step).state] += 1
    return counted


# --- what was asked for --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an address asks for; an empty one asks for everybody, by name. ``sort`` with a minus goes the other way round.

    ``state`` is that of the requirement ``req``, a column's key or a step; of any requirement where none is named.
    """

    q: str = ""
    step: str = ""
    req: str = ""
    state: str = ""
    part: str = ""
    enrolment: str = ""
    waits: str = ""
    alert: str = ""
    sort: str = "name"
    page: int = 1

    def address(self, **changes: Any) -> dict[str, object]:
        """The parameters of the address that asks for this, with some of them changed; the page is the first unless it is named."""
        asked = replace(self, **{"page": 1, **changes})
        plain = Wanted()
        return {name: value for name in self.__slots__ if (value := getattr(asked, name)) != getattr(plain, name)}

    @property
    def filters(self) -> bool:
        """Whether it leaves anybody out."""
        return bool(self.address(sort="name"))


NOT_KNOWN = "unknown"
"""The enrolment of somebody of whom nothing was written down."""


def folded(text: str) -> str:
    """Text as it is searched and sorted: without accents and case."""
    return "".join(one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one)).casefold()


def chosen(rows: Iterable[Row], wanted: Wanted) -> list[Row]:
    """The rows that were asked for, in their order."""
    return ordered(_kept(rows, wanted), wanted.sort)


def _kept(rows: Iterable[Row], wanted: Wanted) -> Iterator[Row]:
    words = folded(wanted.q).split()
    for row in rows:
        if (
            (not wanted.part or row.part == wanted.part)
            and (not wanted.waits or row.waits == wanted.waits)
            and (not wanted.enrolment or (row.enrolment or NOT_KNOWN) == wanted.enrolment)
            and (not wanted.alert or wanted.alert in row.alerts)
            and (not wanted.step or row.reached == wanted.step)
            and (not (wanted.req or wanted.state) or _stands(row, wanted.req, wanted.state))
            and (not words or all(word in folded(row.name) for word in words))
        ):
            yield row


def _stands(row: Row, req: str, state: str) -> bool:
    """Whether a requirement stands so; with no state named, whether it is asked and not met."""
    if not req:
        return any(cell.state == state for cell in row.cells.values())
    found = row.cell(req).state
    return found == state if state else found not in (MET, NOT_ASKED)


def ordered(rows: Iterable[Row], sort: str) -> list[Row]:
    """By name and then by id, so that no two are alike; then, keeping that order, by what was asked for. Who has no last day comes last."""
    found = sorted(rows, key=lambda row: (folded(row.name), row.id))
    what, backwards = sort.lstrip("-"), sort.startswith("-")
    if what == "name":
        return found[::-1] if backwards else found
    if what == "time":
        limited = [row for row in found if row.deadline is not None]
        limited.sort(key=lambda row: row.deadline or date.max, reverse=backwards)
        return limited + [row for row in found if row.deadline is None]
    keys: Mapping[str, Callable[[Row], float]] = {
        "progress": lambda row: row.done / row.of if row.of else 0.0,
        "activity": lambda row: row.active_at.timestamp(),
    }
    return sorted(found, key=keys[what], reverse=backwards)


def page_of(count: int, page: int) -> tuple[int, int]:
    """(page, pages): the page that was asked for, or the nearest one that there is."""
    pages = max(1, -(-count // PER_PAGE))
    return min(max(page, 1), pages), pages


def cut(rows: Sequence[Row], page: int) -> Sequence[Row]:
    """The rows of one page."""
    return rows[(page - 1) * PER_PAGE : page * PER_PAGE]


def quiet_days(row: Row, now: datetime) -> int:
    """Whole days since somebody did something."""
    return max(0, (now - row.active_at) // timedelta(days=1))
