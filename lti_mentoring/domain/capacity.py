# SPDX-License-Identifier: Apache-2.0
"""Who can still observe whom, and what stands in the way: for each candidate and kind of session that is still to be observed.

Nothing is assigned here. It is asked whether what is left can be finished with the people there are, on whom it hangs, and which one
thing, were it lifted, would free the most people (domain map N7).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

UNQUALIFIED, UNTOLD, CONFLICT, ROLE, USED, CO_MENTOR = "unqualified", "untold", "conflict", "role", "used", "co_mentor"
HINDRANCES = (UNQUALIFIED, UNTOLD, CONFLICT, ROLE, USED, CO_MENTOR)
"""Why somebody cannot observe a candidate, in the order in which a coordinator can mend it: no qualification for the rubric; has not told
us who they report to, or the candidate has not; a conflict; is not an observer of the course; has observed the candidate, and what is left
needs somebody new; has co-mentored with the candidate, and somebody else has to observe at least once."""

NOBODY = "nobody"
"""What binds where there is nobody who could be freed."""

STUCK, TIGHT, ENOUGH = "stuck", "tight", "enough"
"""It cannot be finished with these people; it can, and hangs on one of them; it can without any one of them."""

Verdicts = Mapping[tuple[str, str], str]
"""(candidate, observer) -> ``conflict`` or ``untold``; who is clear is not in it."""


@dataclass(frozen=True, slots=True)
class Need:
    """``wanted`` more sessions of a kind are to be observed with a candidate, at least ``fresh`` of them by people who are not among
    ``used``, each by another one. ``co_mentors`` led sessions with the candidate; with ``outsider`` at least one other person has to
    observe."""

    candidate: str
    kind: str
    rubric: str
    wanted: int
    fresh: int = 0
    used: frozenset[str] = frozenset()
    co_mentors: frozenset[str] = frozenset()
    outsider: bool = False


@dataclass(frozen=True, slots=True)
class Observer:
    """Somebody who observes or could: the rubrics on which their rating would count, and whether they are an observer of the course."""

    id: str
    rubrics: frozenset[str]
    role: bool = True


@dataclass(frozen=True, slots=True)
class Outlook:
    """How it stands with one need. ``able`` may take the next one; without any of ``pillars`` it cannot be finished. ``binds`` is what
    bars the most people alone, ``barred`` how many that are, each hindrance for itself; empty where there are enough."""

    need: Need
    state: str
    able: tuple[str, ...]
    pillars: tuple[str, ...] = ()
    binds: str = ""
    barred: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Group:
    """Candidates whose need hangs on the same people for the same reason."""

    kind: str
    state: str
    binds: str
    able: tuple[str, ...]
    candidates: tuple[str, ...]
    frees: int
    """How many more people could observe all of them, were it not for what binds."""


def wants(asked: int, counted: Sequence[str], spread: int) -> tuple[int, int]:
    """How many more are to be observed, and how many of these by new people, where so many are asked for by ``spread`` different ones,
    and these (the observer of each, one that is planned as well) are there already."""
    wanted = max(asked - len(counted), 0)
    fresh = max(min(spread, asked) - len(set(counted)), 0)
    return max(wanted, fresh), fresh


def hindrances(need: Need, observer: Observer, verdicts: Verdicts) -> tuple[str, ...]:
    """Everything that keeps somebody from the next session, in the order of ``HINDRANCES``; none: they can."""
    verdict = verdicts.get((need.candidate, observer.id), "")
    found = {
        UNQUALIFIED: need.rubric not in observer.rubrics,
        UNTOLD: verdict == UNTOLD,
        CONFLICT: verdict == CONFLICT,
        ROLE: not observer.role,
        USED: need.fresh == need.wanted and observer.id in need.used,
        CO_MENTOR: need.outsider and need.wanted == 1 and observer.id in need.co_mentors,
    }
    return tuple(code for code in HINDRANCES if found[code])


def outlook(need: Need, observers: Iterable[Observer], verdicts: Verdicts) -> Outlook:
    """Whether a need can be met by these people, on whom it hangs, and what binds."""
    reasons = {one.id: hindrances(need, one, verdicts) for one in observers}
    able = tuple(person for person, found in reasons.items() if not found)
    free = [person for person, found in reasons.items() if not set(found) - {USED, CO_MENTOR}]  # some only beside others
    have = _Counts.of(need, free)
    pillars = tuple(person for person in free if not have.without(need, person).suffice(need)) if have.suffice(need) else ()
    if have.suffice(need) and not pillars:
        return Outlook(need, ENOUGH, able)
    barred = _barred(need, reasons)
    most = max(HINDRANCES, key=lambda code: (barred.get(code, 0), -HINDRANCES.index(code)))
    return Outlook(need, TIGHT if pillars else STUCK, able, pillars, most if barred else NOBODY, barred)


@dataclass(frozen=True, slots=True)
class _Counts:
    """How many may observe at all, who of them is new to the candidate, who has not co-mentored, and who is both."""

    all: int = 0
    new: int = 0
    other: int = 0
    both: int = 0

    @classmethod
    def of(cls, need: Need, people: Collection[str]) -> _Counts:
        new, other = set(people) - need.used, set(people) - need.co_mentors
        return cls(len(people), len(new), len(other), len(new & other))

    def without(self, need: Need, person: str) -> _Counts:
        new, other = person not in need.used, person not in need.co_mentors
        return _Counts(self.all - 1, self.new - new, self.other - other, self.both - (new and other))

    def suffice(self, need: Need) -> bool:
        """Whether the sessions that are left can be given to them: each new one to another person, and one to an outsider."""
        if (need.wanted and not self.all) or self.new < need.fresh:
            return False
        return not need.outsider or not need.wanted or bool(self.both if need.fresh == need.wanted else self.other)


def _barred(need: Need, reasons: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Hindrance -> how many are barred by it alone; where nobody is by one alone, how many are barred by it at all. Who may only repeat
    what they have done counts as used, and so does a co-mentor where an outsider is looked for."""
    told = []
    for person, found in reasons.items():
        also = {USED} if need.fresh and person in need.used else set()
        also |= {CO_MENTOR} if need.outsider and person in need.co_mentors else set()
        told.append(also | set(found))
    alone = [next(iter(codes)) for codes in told if len(codes) == 1] or [code for codes in told for code in codes]
    return {code: alone.count(code) for code in HINDRANCES if code in alone}


def groups(outlooks: Iterable[Outlook]) -> tuple[Group, ...]:
    """The needs that are stuck or hang on somebody, those together that hang on the same people for the same reason; the worst first: what
    is stuck, then what concerns the most candidates."""
    found: dict[tuple[str, str, str, tuple[str, ...]], list[Outlook]] = {}
    for one in outlooks:
        if one.state != ENOUGH:
            people = one.able if one.state == STUCK else one.pillars
            found.setdefault((one.need.kind, one.state, one.binds, tuple(sorted(people))), []).append(one)
    made = [
        Group(kind, state, binds, people, tuple(one.need.candidate for one in some), min(one.barred.get(binds, 0) for one in some))
        for (kind, state, binds, people), some in found.items()
    ]
    return tuple(sorted(made, key=lambda one: (one.state != STUCK, -len(one.candidates), one.kind, one.binds, one.able)))
