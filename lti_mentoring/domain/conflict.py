# SPDX-License-Identifier: Apache-2.0
"""The conflict guard: rules R0 to R13, each with what it is checked for, and what a question comes to on a day. Unknown is never clear."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations, product

from lti_mentoring.domain import selection
from lti_mentoring.domain.reporting_line import DIRECT, DOTTED, Line, lines_of
from lti_mentoring.domain.standing import (
    ASSESSED,
    CO_MENTORED,
    DECIDED,
    HELPED,
    MENTORED,
    NOMINATED,
    REFEREED,
    RELATED,
    TIES,
    TRAINED,
    Facts,
    Tie,
    attested,
    in_line,
    stands,
)

EDITION = 1
"""The edition of these rules; a check is kept with the one that it was made by."""

PAIRING, ASSESSMENT, REVIEW, AWARD, APPEAL = "pairing", "assessment", "review", "award", "appeal"
GROUP, DETERMINATION = "group", "determination"
PURPOSES = (PAIRING, ASSESSMENT, REVIEW, AWARD, APPEAL, GROUP, DETERMINATION)

CLEAR, WARN, OVERRIDE, UNATTESTED, CLOSED = "clear", "warn", "needs_override", "unattested", "closed"
VERDICTS = (CLEAR, WARN, OVERRIDE, UNATTESTED, CLOSED)
"""From the mildest. ``needs_override`` holds until people agree to an exception, ``unattested`` until somebody says who manages them;
``closed`` has no exception."""

LETS_THROUGH = frozenset({CLEAR, WARN})

NEVER = frozenset({"R1", "R2", "R5", "R6", "R11"})
"""Rules without an exception. The published practice is silent on some; that none of these has one is our stricter choice."""

MAY_STAND = frozenset({HELPED, CO_MENTORED})
"""What a policy may let stand where somebody assesses (R7); reporting lines never."""

ONE_TO_ONE, PEER, RECIPROCAL, REVERSE = "one_to_one", "peer", "reciprocal", "reverse"
AMONG_PEERS = frozenset({PEER, RECIPROCAL})

@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. ``acting`` have the say: the mentor, the assessor, the reviewer, the deciders, the panel, the facilitators, the
    observer of each observation. ``concerned`` are the protégé, the candidate, the applicant, the members; ``present`` are protégés
    in the room.

    ``kind`` is a mentorship's. ``summative``: the rating counts. ``shared``: a co-mentor rates the session that both led (step 5).
    ``outside``: how many deciders the policy wants from elsewhere. ``noted``: ties that the policy lets stand for an assessor (who has
    helped, who has co-mentored), and that are noted."""

    purpose: str
    acting: tuple[str, ...]
    concerned: tuple[str, ...]
    present: tuple[str, ...] = ()
    kind: str = ONE_TO_ONE
    summative: bool = True
    shared: bool = False
    competencies: frozenset[str] = frozenset()
    outside: int = 1
    noted: frozenset[str] = frozenset()

    @property
    def people(self) -> tuple[str, ...]:
        """Everybody whom it is about, each once."""
        return tuple(dict.fromkeys((*self.acting, *self.concerned, *self.present)))


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence of an explanation: ``rule``, ``code`` and ``facts`` say it. ``one`` stands so to ``other`` (ids of persons)."""

    rule: str
    code: str
    verdict: str
    one: str = ""
    other: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Check:
    """What a question comes to: the gravest of what was found, each finding with its rule."""

    purpose: str
    findings: tuple[Finding, ...] = ()

    @property
    def verdict(self) -> str:
        """The gravest verdict; clear only where every rule could be looked at and found nothing."""
        return max((one.verdict for one in self.findings), key=VERDICTS.index, default=CLEAR)

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules that found something."""
        return tuple(dict.fromkeys(one.rule for one in self.findings))


Found = Iterator[Finding]


# --- what is known at all ----------------------------------------------------------------------------------------------------


def _r0(asked: Question, facts: Facts) -> Found:
    alone = asked.purpose in (REVIEW, AWARD, DETERMINATION)  # there, what is looked at hangs on the lines of the one judged
    people = tuple(dict.fromkeys(asked.concerned)) if alone else asked.people
    for person in people:
        if not attested(facts, person):
            code = "line_outdated" if person in facts.said else "line_unknown"
            yield Finding("R0", code, UNATTESTED, person, facts={"said": facts.said.get(person)})
    for lower, upper in sorted(facts.namesakes):
        if {lower, upper} <= set(asked.people):
            yield Finding("R0", "namesake", UNATTESTED, upper, lower)


# --- pairs --------------------------------------------------------------------------------------------------------------------


def _pairs(asked: Question) -> list[tuple[str, str]]:
    """(mentor, protégé); both ways where both are both."""
    pairs = list(product(asked.acting, asked.concerned))
    return [*pairs, *((protege, mentor) for mentor, protege in pairs)] if asked.kind == RECIPROCAL else pairs


def _r1(asked: Question, facts: Facts) -> Found:
    for mentor, protege in _pairs(asked):
        if mentor == protege:
            yield Finding("R1", "oneself", CLOSED, mentor, protege)
        found = stands(facts, mentor, protege)
        yield from (Finding("R1", code, CLOSED, mentor, protege) for code in ("manages", "appraises") if code in found)


def _r2(asked: Question, facts: Facts) -> Found:
    for mentor, protege in _pairs(asked):
        way = stands(facts, mentor, protege).get("above")
        if way:
            yield Finding("R2", "above", CLOSED, mentor, protege, {"way": way, "steps": len(way)})


def _r3(asked: Question, facts: Facts) -> Found:
    for mentor, protege in _pairs(asked):
        now, lines = stands(facts, mentor, protege), [one for one in facts.lines if (one.subordinate, one.manager) == (protege, mentor)]
        if "dotted" in now:
            yield Finding("R3", "dotted", OVERRIDE, mentor, protege)
        for line in lines:
            if line.kind != DOTTED and line.counts(facts.on) and not line.holds(facts.on) and not {"manages", "appraises"} & now.keys():
                yield Finding("R3", f"was_{line.kind}", OVERRIDE, mentor, protege, {"until": line.end})


def _r4(asked: Question, facts: Facts) -> Found:
    for mentor, protege in product(asked.acting, asked.concerned) if asked.kind not in AMONG_PEERS else ():
        over = {one: {line.manager for line in _direct(facts) if line.subordinate == one} for one in (mentor, protege)}
        for manager in sorted(over[mentor] & over[protege]) if mentor != protege else ():
            yield Finding("R4", "same_manager", WARN, mentor, protege, {"manager": manager})


def _direct(facts: Facts) -> list[Line]:
    return [line for line in facts.lines if line.kind == DIRECT and line.holds(facts.on)]


def _r5(asked: Question, facts: Facts) -> Found:
    """Asked of every pair but a reciprocal one, where R1 and R2 look both ways: whoever is mentored has no power over the mentor."""
    for mentor, protege in product(asked.acting, asked.concerned) if asked.kind != RECIPROCAL else ():
        found = {code: way for code, way in stands(facts, protege, mentor).items() if code != "dotted"}
        yield from (Finding("R5", f"protege_{code}", CLOSED, protege, mentor, {"steps": len(way)}) for code, way in found.items())


def _r6(asked: Question, facts: Facts) -> Found:
    for one, other in sorted(set(product(asked.acting, (*asked.concerned, *asked.present)))):
        if any(tie.kind == RELATED and {tie.one, tie.other} == {one, other} and tie.lately(facts.on) for tie in facts.ties):
            yield Finding("R6", "related", CLOSED, one, other)


def _r13(asked: Question, facts: Facts) -> Found:
    """A pair of facilitator and member as any pair; of two members whoever manages the other. No exception opens here what R1 closes."""
    for one, other in product(asked.acting, asked.concerned):
        pair = Question(PAIRING, (one,), (other,))
        for found in (found for rule in (_r1, _r2, _r3, _r5) for found in rule(pair, facts)):
            yield Finding("R13", found.code, found.verdict, found.one, found.other, {**found.facts, "of": found.rule})
    for one, other in combinations(dict.fromkeys(asked.concerned), 2):
        both = Question(PAIRING, (one,), (other,), kind=RECIPROCAL)
        for found in (found for rule in (_r1, _r2, _r3) for found in rule(both, facts)):
            yield Finding("R13", found.code, OVERRIDE, found.one, found.other, {**found.facts, "of": found.rule})


# --- judging ------------------------------------------------------------------------------------------------------------------


def _r7(asked: Question, facts: Facts) -> Found:
    verdict = OVERRIDE if asked.summative else WARN
    for one, other in product(asked.acting, asked.concerned):
        if one == other:
            yield Finding("R7", "oneself", CLOSED, one, other)
        line = in_line(facts, one, other, recent=True)
        if line is not None:
            yield Finding("R7", f"line_{line[2]}", verdict, line[0], line[1])
        for kind in dict.fromkeys(tie.kind for tie in facts.ties if _speaks_against(tie, asked, one, other, facts)):
            yield Finding("R7", kind, WARN if kind in asked.noted & MAY_STAND else verdict, one, other)


def _speaks_against(tie: Tie, asked: Question, assessor: str, candidate: str, facts: Facts) -> bool:
    """A co-mentor's own rating of the session that both led (step 5) does not stand against itself."""
    ways = {
        MENTORED: {(assessor, candidate), (candidate, assessor)},
        CO_MENTORED: set() if asked.shared else {(assessor, candidate), (candidate, assessor)},
        TRAINED: {(assessor, candidate)},
        HELPED: {(assessor, candidate)},
    }
    if (tie.one, tie.other) not in ways.get(tie.kind, set()) or not tie.lately(facts.on):
        return False
    about = tie.competencies & asked.competencies if tie.competencies and asked.competencies else tie.competencies | asked.competencies
    shared = not about and not (tie.competencies and asked.competencies)  # neither says what it is about
    if tie.kind == TRAINED:  # only who was the one trainer for something
        trained = [one for one in facts.ties if one.kind == TRAINED and one.other == candidate and one.lately(facts.on)]
        others = [one for one in trained if one.one != tie.one]
        about -= frozenset(key for one in others for key in one.competencies)
        shared = shared and not others
    return shared or bool(about)


def _r8(asked: Question, facts: Facts) -> Found:
    for one, other in product(asked.acting, asked.present):
        line = in_line(facts, one, other)
        if line is not None:
            yield Finding("R8", f"line_{line[2]}", OVERRIDE, line[0], line[1])


def _r9(asked: Question, facts: Facts) -> Found:
    for reviewer, applicant in product(asked.acting, asked.concerned):
        lines = lines_of(applicant, facts.lines, facts.on)
        referees = {tie.one for tie in facts.ties if tie.kind == REFEREED and tie.other == applicant}
        below = lines.below | ({reviewer} if stands(facts, applicant, reviewer, recent=True) else set())
        told = selection.conflicts(
            applicant=applicant, reviewer=reviewer, managers=lines.managers, above=lines.above, below=below, referees=referees
        )
        for found in told:
            yield Finding("R9", found.code, CLOSED if found.code == "oneself" else OVERRIDE, reviewer, applicant)
        if any(tie.kind == NOMINATED and {tie.one, tie.other} == {reviewer, applicant} for tie in facts.ties):
            yield Finding("R9", "nominated", OVERRIDE, reviewer, applicant)


def _r10(asked: Question, facts: Facts) -> Found:
    for candidate in asked.concerned:
        apart = {one: _apart(facts, one, candidate) for one in dict.fromkeys(asked.acting)}
        outside = sum(said == "outside" for said in apart.values())
        unknown = [one for one, said in apart.items() if said == "unknown"]
        if candidate in apart:
            yield Finding("R10", "oneself", CLOSED, candidate, candidate)
        short = max(asked.outside - outside, 0)
        if not outside or short:
            open_yet = len(unknown) >= max(short, 1)
            grave = (UNATTESTED if open_yet else OVERRIDE) if short else WARN
            told = {"wanted": asked.outside, "outside": outside, "people": tuple(unknown)}
            yield Finding("R10", "unit_unknown" if open_yet else "same_unit", grave, other=candidate, facts=told)
        for one in apart:
            if all(_alone(facts, kind, one, candidate) for kind in (TRAINED, ASSESSED)):
                yield Finding("R10", "did_all", OVERRIDE, one, candidate)


def _apart(facts: Facts, one: str, other: str) -> str:
    """``outside``, ``inside`` or ``unknown``. Nobody in somebody's line is outside, wherever they work."""
    if in_line(facts, one, other, recent=True) is not None or one == other:
        return "inside"
    units = facts.units.get(one), facts.units.get(other)
    if not all(units):
        return "unknown"
    return "inside" if units[0] == units[1] else "outside" if attested(facts, one) else "unknown"


def _alone(facts: Facts, kind: str, one: str, candidate: str) -> bool:
    return {tie.one for tie in facts.ties if tie.kind == kind and tie.other == candidate} == {one}


def _r11(asked: Question, facts: Facts) -> Found:
    for member, appellant in product(asked.acting, asked.concerned):
        if member == appellant:
            yield Finding("R11", "oneself", CLOSED, member, appellant)
        for kind in dict.fromkeys(tie.kind for tie in facts.ties if {tie.one, tie.other} == {member, appellant} and tie.start <= facts.on):
            yield Finding("R11", kind, CLOSED, member, appellant)
        line = in_line(facts, member, appellant, recent=True)
        if line is not None:
            yield Finding("R11", f"line_{line[2]}", CLOSED, line[0], line[1])
        deciders = {tie.one for tie in facts.ties if tie.kind == DECIDED and tie.other == appellant} - {member}
        for decider in sorted(deciders):
            units = facts.units.get(member), facts.units.get(decider)
            if not all(units):
                yield Finding("R11", "unit_unknown", UNATTESTED, other=appellant, facts={"people": (member, decider)})
            elif units[0] == units[1]:
                yield Finding("R11", "unit_of_decider", CLOSED, member, decider)


def _r12(asked: Question, facts: Facts) -> Found:
    for candidate in asked.concerned if len(asked.acting) > 1 and len(set(asked.acting)) == 1 else ():
        yield Finding("R12", "one_observer", OVERRIDE, asked.acting[0], candidate, {"observations": len(asked.acting)})


# --- the table ------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rule:
    """``purposes`` says what it is checked for, ``codes`` what it can find; ``agrees`` who has to agree to an exception besides those who
    approve it."""

    purposes: tuple[str, ...]
    found: Callable[[Question, Facts], Iterable[Finding]]
    codes: tuple[str, ...]
    agrees: str = ""


_OVER = ("manages", "appraises", "above")
_PROTEGE = tuple(f"protege_{code}" for code in _OVER)
_LINE = tuple(f"line_{code}" for code in (*_OVER, "dotted"))

RULES: Mapping[str, Rule] = {
    "R0": Rule(PURPOSES, _r0, ("line_unknown", "line_outdated", "namesake")),
    "R1": Rule((PAIRING,), _r1, ("oneself", "manages", "appraises")),
    "R2": Rule((PAIRING,), _r2, ("above",)),
    "R3": Rule((PAIRING,), _r3, ("dotted", "was_direct", "was_appraiser"), agrees="concerned"),
    "R4": Rule((PAIRING,), _r4, ("same_manager",)),
    "R5": Rule((PAIRING,), _r5, _PROTEGE),
    "R6": Rule(PURPOSES, _r6, ("related",)),
    "R7": Rule((ASSESSMENT,), _r7, ("oneself", *_LINE, MENTORED, CO_MENTORED, TRAINED, HELPED), agrees="concerned"),
    "R8": Rule((ASSESSMENT,), _r8, _LINE, agrees="present"),
    "R9": Rule((REVIEW,), _r9, ("oneself", "manages", "above", "managed", REFEREED, NOMINATED)),
    "R10": Rule((AWARD,), _r10, ("oneself", "same_unit", "unit_unknown", "did_all")),
    "R11": Rule((APPEAL,), _r11, ("oneself", *_LINE, *TIES, "unit_of_decider", "unit_unknown")),
    "R12": Rule((DETERMINATION,), _r12, ("one_observer",)),
    "R13": Rule((GROUP,), _r13, ("oneself", *_OVER, "dotted", "was_direct", "was_appraiser", *_PROTEGE), agrees="concerned"),
}


def check(asked: Question, facts: Facts) -> Check:
    """Every rule that is checked for this purpose, held against the facts; ValueError for what is no purpose."""
    if asked.purpose not in PURPOSES:
        raise ValueError(f"no purpose: {asked.purpose}")
    found = (one for rule in RULES.values() if asked.purpose in rule.purposes for one in rule.found(asked, facts))
    return Check(asked.purpose, tuple(found))
