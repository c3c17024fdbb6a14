# SPDX-License-Identifier: Apache-2.0
"""One person's way through a programme version: what is required, what is open and why, and the one next thing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from lti_mentoring.domain.observation import WAITING, Verdict
from lti_mentoring.domain.programme import CO, INDEPENDENT, KINDS, STRUCTURED, Policy

STEPS = (
    "application",
    "selection",
    "training",
    "structured_observation",
    "co_mentoring",
    "independent_mentoring",
    "credential",
)
"""The seven steps of the way. A policy need not ask for all of them."""

STEP_OF: Mapping[str, str] = {STRUCTURED: "structured_observation", CO: "co_mentoring", INDEPENDENT: "independent_mentoring"}
"""Kind of observation -> the step that it belongs to."""


@dataclass(frozen=True, slots=True)
class ModuleRecord:
    """Where a candidate stands with one module."""

    key: str
    title: str
    mastered: bool
    attempts: int = 0
    open_attempt: bool = False


@dataclass(frozen=True, slots=True)
class ObservationRecord:
    """An observation that was planned for a candidate. ``verdict`` only once it is released."""

    id: str
    kind: str
    state: str
    planned_for: date
    observer: str
    verdict: Verdict | None = None

    @property
    def counts(self) -> bool:
        """Released, and met."""
        return self.verdict is not None and self.verdict.met


@dataclass(frozen=True, slots=True)
class Records:
    """All that a candidacy has to show; modules in the programme's order, observations oldest first."""

    modules: tuple[ModuleRecord, ...] = ()
    observations: tuple[ObservationRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class Requirement:
    """A node of what is required: a stable code with its facts. A node with children is met when they all are."""

    code: str
    facts: Mapping[str, object] = field(default_factory=dict)
    met: bool = False
    children: tuple[Requirement, ...] = ()


def _node(code: str, children: tuple[Requirement, ...]) -> Requirement:
    facts = {"done": sum(child.met for child in children), "of": len(children)}
    return Requirement(code, facts, all(child.met for child in children), children)


def requirements(policy: Policy, records: Records) -> Requirement:
    """What the policy asks, against what there is: ``programme`` over ``training`` and, as far as the policy asks for them,
    ``structured_observation``, ``co_mentoring`` and ``independent_mentoring``.

    Leaves: ``module_mastered`` (key, title, attempts, open_attempt), and under each ``observation_met`` (kind, number, of, state,
    and of the observation it stands for: observation, observer, planned_for) that was released as not yet, the verdict's
    reasons as leaves of their own.
    """
    asked = [kind for kind in KINDS if policy.asks(kind) or kind == INDEPENDENT]
    return _node("programme", (_training(policy, records), *(_observed(policy, records, kind) for kind in asked)))


def _training(policy: Policy, records: Records) -> Requirement:
    known = {module.key: module for module in records.modules}
    leaves = []
    for key in policy.modules_required:
        module = known.get(key, ModuleRecord(key, key, mastered=False))
        facts = {"key": key, "title": module.title, "attempts": module.attempts, "open_attempt": module.open_attempt}
        leaves.append(Requirement("module_mastered", facts, module.mastered))
    return _node("training", tuple(leaves))


def _observed(policy: Policy, records: Records, kind: str) -> Requirement:
    """Each required observation is met by one that counts; the first that is missing shows what is under way, or why not yet."""
    own = [one for one in records.observations if one.kind == kind and one.state != "cancelled"]
    counting = [one for one in own if one.counts]
    under_way = [one for one in own if one.state in WAITING]
    not_yet = [one for one in own if one.state == "released" and not one.counts]
    wanted = policy.asks(kind)
    leaves = []
    for number in range(1, wanted + 1):
        if number <= len(counting):
            shown: ObservationRecord | None = counting[number - 1]
        else:
            missing = number - len(counting)
            candidates = under_way or not_yet[-1:]
            shown = candidates[missing - 1] if missing <= len(candidates) else None
        leaves.append(_observation_leaf(kind, number, wanted, shown))
    return _node(STEP_OF[kind], tuple(leaves))


def _observation_leaf(kind: str, number: int, wanted: int, shown: ObservationRecord | None) -> Requirement:
    facts: dict[str, object] = {"kind": kind, "number": number, "of": wanted, "state": "none"}
    if shown is None:
        return Requirement("observation_met", facts)
    facts |= {"state": shown.state, "observation": shown.id, "observer": shown.observer, "planned_for": shown.planned_for}
    if shown.verdict is None:
        return Requirement("observation_met", facts)
    facts["state"] = "met" if shown.verdict.met else "not_yet"
    reasons = tuple(Requirement(reason.code, reason.facts) for reason in shown.verdict.reasons)
    return Requirement("observation_met", facts, shown.verdict.met, reasons)


def unmet(tree: Requirement) -> tuple[Requirement, ...]:
    """The open leaves of the tree, in its order."""
    return tuple(_open(tree))


def _open(node: Requirement) -> Iterator[Requirement]:
    if not node.children and not node.met:
        yield node
    for child in node.children:
        yield from _open(child)


@dataclass(frozen=True, slots=True)
class NextStep:
    """The one next thing, as a code with facts; ``yours`` says whether the candidate is the one who acts."""

    code: str
    facts: Mapping[str, object] = field(default_factory=dict)
    yours: bool = False


def next_step(policy: Policy, records: Records) -> NextStep:
    """What comes next for this candidate.

    ``take_module`` or ``go_on_module`` or ``retake_module`` (key, title) are the candidate's own; ``await_plan``, ``await_session`` and
    ``await_rating`` (observer, planned_for) and ``await_another`` (observation) wait for somebody else; ``all_met`` ends the way.
    """
    tree = requirements(policy, records)
    for leaf in tree.children[0].children:
        if not leaf.met:
            code = "take_module" if not leaf.facts["attempts"] else "retake_module"
            return NextStep("go_on_module" if leaf.facts["open_attempt"] else code, leaf.facts, yours=True)
    for leaf in (leaf for part in tree.children[1:] for leaf in part.children):
        if not leaf.met:
            waits = {"none": "await_plan", "planned": "await_session", "drafting": "await_rating", "not_yet": "await_another"}
            return NextStep(waits[str(leaf.facts["state"])], leaf.facts)
    return NextStep("all_met")
