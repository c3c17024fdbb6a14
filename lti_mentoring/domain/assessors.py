# SPDX-License-Identifier: Apache-2.0
"""The conflict guard asked of very many people at once: the answers are those of ``conflict.check``, one by one, and come much quicker."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace

from lti_mentoring.domain.conflict import Check, Finding, Question, check
from lti_mentoring.domain.reporting_line import Line
from lti_mentoring.domain.standing import Facts, Tie

AskMany = Callable[[Question, Collection[str]], Mapping[str, Check]]
"""(a question, who might act in it) -> each of them with the answer for them alone."""


def asker(facts: Facts) -> AskMany:
    """Ask about one person after another in the light of the same facts.

    Most people have nothing to do with a candidate: no line joins them, nothing ties them, nobody shares a name. Of these only what each
    has said of their own lines is looked at (R0); all rules are held against the others, with the facts around them.
    """
    over, under = _neighbours(facts.lines)
    by_subordinate: dict[str, list[Line]] = {}
    for line in facts.lines:
        by_subordinate.setdefault(line.subordinate, []).append(line)

    def ask(asked: Question, people: Collection[str]) -> dict[str, Check]:
        fixed = {*asked.concerned, *asked.present}
        ties = tuple(tie for tie in facts.ties if tie.one in fixed or tie.other in fixed)
        near = _reached(fixed, over) | _reached(fixed, under) | {person for tie in ties for person in (tie.one, tie.other)}
        near |= {person for pair in facts.namesakes if fixed.intersection(pair) for person in pair}
        about = replace(asked, acting=())
        far = check(about, _around(facts, fixed, by_subordinate, over, ties)).findings

        def one(person: str) -> Check:
            alone = replace(asked, acting=(person,))
            if person in near:
                return check(alone, _around(facts, {*fixed, person}, by_subordinate, over, ties))
            return Check(asked.purpose, (*_own(person, asked, facts), *far))

        return {person: one(person) for person in people}

    return ask


def _own(person: str, asked: Question, facts: Facts) -> tuple[Finding, ...]:
    """What is found of somebody alone: the same whomever they judge."""
    return check(Question(asked.purpose, (person,), ()), Facts(on=facts.on, said=facts.said)).findings


def _neighbours(lines: Iterable[Line]) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """Person -> who is directly over them, and who directly under, by any kind of line."""
    over: dict[str, set[str]] = {}
    under: dict[str, set[str]] = {}
    for line in lines:
        over.setdefault(line.subordinate, set()).add(line.manager)
        under.setdefault(line.manager, set()).add(line.subordinate)
    return over, under


def _reached(people: Collection[str], ways: Mapping[str, Collection[str]]) -> set[str]:
    """These people and everybody to whom the ways lead from them."""
    found, step = set(people), set(people)
    while step:
        step = {other for person in step for other in ways.get(person, ())} - found
        found |= step
    return found


def _around(
    facts: Facts, people: Collection[str], lines: Mapping[str, list[Line]], over: Mapping[str, Collection[str]], ties: tuple[Tie, ...]
) -> Facts:
    """The facts as far as they can matter to these people: their own lines and those of everybody over them."""
    held = tuple(line for person in _reached(people, over) for line in lines.get(person, ()))
    return replace(facts, lines=held, ties=ties)
