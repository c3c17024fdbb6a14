# SPDX-License-Identifier: Apache-2.0
"""One person's way through a programme version: what is required, what is open and why, and the one next thing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from lti_mentoring.domain import counting
from lti_mentoring.domain.counting import STEP_OF, UNDER_WAY, ObservationRecord, Step
from lti_mentoring.domain.observation import NO_MORE, Means, Reason
from lti_mentoring.domain.programme import INDEPENDENT, KINDS, Competency, Policy

__all__ = ["STEP_OF", "ObservationRecord"]

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

@dataclass(frozen=True, slots=True)
class ModuleRecord:
    """Where a candidate stands with one module.

    ``mastered`` is the knowledge check alone, as this version asks for it; ``unproven`` are titles of outcomes that the version which they
    have mastered did not have. ``practice`` is "" where nobody marks the practice task, else none, draft, handed_in, once_more or met.
    ``recognition`` is "" where prior learning was never asked for, else asked, recognised, refused, taken_back or withdrawn.
    """

    key: str
    title: str
    mastered: bool
    attempts: int = 0
    open_attempt: bool = False
    practice: str = ""
    recognition: str = ""
    unproven: tuple[str, ...] = ()

    @property
    def recognised(self) -> bool:
        """Whether prior learning stands for it."""
        return self.recognition == "recognised"

    @property
    def met(self) -> bool:
        """Whether nothing is left to do: recognised, or the check mastered and the practice task met where it is marked."""
        return self.recognised or (self.mastered and self.practice in ("", "met"))

    @property
    def facts(self) -> dict[str, object]:
        """What may be said of it beside a code."""
        told = ("key", "title", "mastered", "attempts", "open_attempt", "practice", "recognition", "recognised", "unproven")
        return {name: getattr(self, name) for name in told}


@dataclass(frozen=True, slots=True)
class Records:
    """All that a candidacy has to show; modules in the programme's order, observations oldest first. ``rated``: the competencies that
    independent sessions are rated on; ``on``: the day on which it is looked at, None where the age of evidence does not matter."""

    modules: tuple[ModuleRecord, ...] = ()
    observations: tuple[ObservationRecord, ...] = ()
    rated: tuple[Competency, ...] = ()
    on: date | None = None


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

    Leaves: ``module_mastered`` (the facts of a ``ModuleRecord``), and ``observation_met`` (kind, number, of, state, and of the observation
    it stands for: observation, observer, planned_for; ``missing``: titles of modules that come before it and are open). Under one that
    was released as not yet stand the verdict's reasons as leaves of their own. Where the policy counts observations together, a step has
    leaves for what they show together (the codes of ``domain.counting``), and one that does not count says why: ``too_early``,
    ``too_old``, ``too_short``, ``no_joint_plan``, ``median_below``.
    """
    asked = [kind for kind in KINDS if policy.asks(kind) or kind == INDEPENDENT]
    if policy.counting is None:
        return _node("programme", (_training(policy, records), *(_observed(policy, records, kind) for kind in asked)))
    before = tuple(f"{module.key} {module.title}" for module in before_observing(policy, records.modules))
    found = steps(policy, records)
    frozen = all(one.met for one in found.values())
    parts = (_together(policy, found.get(kind, Step(kind, 0)), before, ages=not frozen) for kind in asked)
    return _node("programme", (_training(policy, records), *parts))


def steps(policy: Policy, records: Records) -> dict[str, Step]:
    """Kind -> how it stands, where the policy counts observations together."""
    return counting.steps(policy, records.observations, records.rated, records.on)


def counted(policy: Policy, records: Records) -> tuple[Means, ...]:
    """The means that make up the grade of the independent sessions; none before there are enough that were met.

    Of those that were each judged by themselves the best; of those that count together, one that is over all of them.
    """
    wanted = policy.independent_observations
    if policy.counting is None:
        own = [one for one in records.observations if one.kind == INDEPENDENT and one.state not in NO_MORE]
        met = [one.verdict.means for one in own if one.verdict is not None and one.verdict.met]
        best = sorted(met, key=lambda one: one.overall or Fraction(0), reverse=True)
        return tuple(best[:wanted]) if wanted and len(met) >= wanted else ()
    found = steps(policy, records).get(INDEPENDENT)
    return (counting.means(found.counting),) if found is not None and found.met else ()


def _training(policy: Policy, records: Records) -> Requirement:
    known = {module.key: module for module in records.modules}
    leaves = []
    for key in policy.modules_required:
        module = known.get(key, ModuleRecord(key, key, mastered=False))
        leaves.append(Requirement("module_mastered", module.facts, module.met))
    return _node("training", tuple(leaves))


def before_observing(policy: Policy, modules: Iterable[ModuleRecord]) -> tuple[ModuleRecord, ...]:
    """The modules that are still open and come before any session of the candidate's is observed, in the policy's order."""
    known = {module.key: module for module in modules}
    asked = [known.get(key, ModuleRecord(key, key, mastered=False)) for key in policy.before_observing]
    return tuple(module for module in asked if not module.met)


def _observed(policy: Policy, records: Records, kind: str) -> Requirement:
    """Each required observation is met by one that counts; the first that is missing shows what is under way, or why not yet."""
    own = [one for one in records.observations if one.kind == kind and one.state not in NO_MORE]
    counting = [one for one in own if one.counts]
    under_way = [one for one in own if one.state in UNDER_WAY]
    not_yet = [one for one in own if one.state == "released" and not one.counts]
    wanted = policy.asks(kind)
    before = tuple(f"{module.key} {module.title}" for module in before_observing(policy, records.modules))
    leaves = []
    for number in range(1, wanted + 1):
        if number <= len(counting):
            shown: ObservationRecord | None = counting[number - 1]
        else:
            missing = number - len(counting)
            candidates = under_way or not_yet[-1:]
            shown = candidates[missing - 1] if missing <= len(candidates) else None
        leaves.append(_observation_leaf({"kind": kind, "number": number, "of": wanted, "state": "none"}, shown, before))
    return _node(STEP_OF[kind], tuple(leaves))


def _observation_leaf(facts: dict[str, object], shown: ObservationRecord | None, before: tuple[str, ...]) -> Requirement:
    if before and (shown is None or not shown.counts):
        facts["missing"] = before
    if shown is None:
        return Requirement("observation_met", facts)
    facts |= {**_told(shown), "state": shown.state}
    if shown.verdict is None:
        return Requirement("observation_met", facts)
    facts["state"] = "met" if shown.verdict.met else "not_yet"
    return Requirement("observation_met", facts, shown.verdict.met, _reasons(shown.verdict.reasons))


def _reasons(found: Iterable[Reason]) -> tuple[Requirement, ...]:
    return tuple(Requirement(reason.code, reason.facts) for reason in found)


ASIDE = frozenset({"too_early", "too_old", "too_short", "no_joint_plan"})
"""Why an observation does not count that says nothing of how it went."""


def _together(policy: Policy, step: Step, before: tuple[str, ...], *, ages: bool) -> Requirement:
    """A step whose observations count together: as many as are wanted, and below them what they have to show together. ``ages``: whether
    what counts may still fall out by its age."""
    missing = max(0, step.wanted - len(step.counting))
    waiting, behind = step.under_way[:missing], step.under_way[missing:]
    leaves = []
    for number in range(1, step.wanted + 1):
        facts: dict[str, object] = {"kind": step.kind, "number": number, "of": step.wanted, "state": "none", "together": True}
        if step.after:
            facts["after"] = step.after
        at = number - len(step.counting) - 1
        if at < 0:
            leaves.append(_counts(policy, facts, step.counting[number - 1], ages=ages))
        elif at < len(waiting) or not step.aside or at > len(waiting):
            leaves.append(_observation_leaf(facts, waiting[at] if at < len(waiting) else None, before))
        else:
            leaves.append(_aside_leaf(facts, step.aside[-1], before))
    for one in step.demands:
        state = "" if one.met else "with_next" if missing else behind[0].state if behind else "again"
        facts = {**one.facts, "kind": step.kind, "state": state}
        if state and behind and not missing:
            facts |= _told(behind[0])
        # Before there are enough of them, it says nothing that something was not seen yet.
        told = [reason for reason in one.open if not missing or reason.facts.get("mean", 0) is not None]
        leaves.append(Requirement(one.code, facts, one.met, _reasons(told)))
    return _node(STEP_OF[step.kind], tuple(leaves))


def _told(shown: ObservationRecord) -> dict[str, object]:
    return {"observation": shown.id, "observer": shown.observer, "planned_for": shown.planned_for}


def _counts(policy: Policy, facts: dict[str, object], shown: ObservationRecord, *, ages: bool) -> Requirement:
    facts |= {**_told(shown), "state": "met"}
    if ages:
        facts["until"] = counting.until(policy, shown)
    return Requirement("observation_met", facts, met=True)


def _aside_leaf(facts: dict[str, object], shown: counting.Aside, before: tuple[str, ...]) -> Requirement:
    if before:
        facts["missing"] = before
    state = "aside" if any(reason.code in ASIDE for reason in shown.reasons) else "not_yet"
    return Requirement("observation_met", facts | _told(shown.record) | {"state": state}, children=_reasons(shown.reasons))


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


def next_step(policy: Policy, records: Records, tree: Requirement | None = None) -> NextStep:
    """What comes next for this candidate; what comes before observing comes first. ``tree``: their requirements, where they are known.

    ``take_module``, ``go_on_module``, ``retake_module``, ``renew_module`` (a later version asks for more), and of a practice task that is
    marked ``do_practice``, ``go_on_practice`` and ``redo_practice`` (the facts of the module) are the candidate's own. ``await_practice``
    waits for a trainer, ``await_plan``, ``await_session``, ``await_rating`` and ``await_result`` (observer, planned_for) and
    ``await_another`` (observation), ``await_more`` (where one does not count) and ``await_again`` (where all are there and show too little
    together) for somebody else; ``all_met`` ends the way.
    """
    tree = tree or requirements(policy, records)
    first = policy.before_observing
    leaves = sorted(tree.children[0].children, key=lambda leaf: leaf.facts["key"] not in first)
    steps = [_module_step(leaf) for leaf in leaves if not leaf.met]
    for step in steps:
        if step.yours:
            return step
    held_up = [step for step in steps if step.facts["key"] in first]
    if held_up:
        return held_up[0]
    for leaf in (leaf for part in tree.children[1:] for leaf in part.children):
        if not leaf.met:
            return NextStep(_WAITS[str(leaf.facts["state"])], leaf.facts)
    return steps[0] if steps else NextStep("all_met")


_WAITS = {
    "none": "await_plan",
    "planned": "await_session",
    "drafting": "await_rating",
    "rated": "await_result",
    "not_yet": "await_another",
    "aside": "await_more",
    "again": "await_again",
    "with_next": "await_plan",
}
"""State of an observation that is still wanted -> what is waited for."""

PRACTICE_STEPS = {"none": "do_practice", "draft": "go_on_practice", "once_more": "redo_practice"}


def _module_step(leaf: Requirement) -> NextStep:
    """What is left of a module: its check first, then its practice task."""
    if not leaf.facts["mastered"]:
        code = "take_module" if not leaf.facts["attempts"] else "renew_module" if leaf.facts["unproven"] else "retake_module"
        return NextStep("go_on_module" if leaf.facts["open_attempt"] else code, leaf.facts, yours=True)
    code = PRACTICE_STEPS.get(str(leaf.facts["practice"]), "await_practice")
    return NextStep(code, leaf.facts, yours=code != "await_practice")
