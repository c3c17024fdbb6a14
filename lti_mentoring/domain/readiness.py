# SPDX-License-Identifier: Apache-2.0
"""Whether a programme can open: its eight components, and the fewest people that its policy needs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from lti_mentoring.domain.programme import Policy, Programme

COMPONENTS = (
    "application",
    "competencies",
    "outcomes",
    "recognition",
    "selection",
    "training",
    "support",
    "credential",
)
"""What a mentoring programme consists of: how one applies, the competencies of mentors, what the mentoring is to bring about, how likely
candidates are recognised, how they are selected, trained and supported, and the credential."""

MANY_OBSERVERS = 4
"""With fewer observers than this, ``starter`` is the policy to begin with."""


@dataclass(frozen=True, slots=True)
class Component:
    """One of the eight: how much of it there is, and whether that is enough to open."""

    key: str
    there: bool
    facts: Mapping[str, int] = field(default_factory=dict)


def components(programme: Programme) -> tuple[Component, ...]:
    """The eight components of a programme, in their order."""
    policy, form = programme.policy, programme.form
    judged = policy.selection.rubric in {rubric.key for rubric in programme.rubrics}
    asked = sum(len(section.fields) for section in form.sections) if form else 0
    eligibility = len(form.eligibility) if form else 0
    indicators = sum(len(one.indicators) for one in programme.competencies)
    found = {
        "application": (asked > 0, {"questions": asked}),
        "competencies": (indicators > 0, {"competencies": len(programme.competencies), "indicators": indicators}),
        "outcomes": (bool(programme.purpose), {"outcomes": len(programme.purpose)}),
        "recognition": (eligibility > 0, {"conditions": eligibility}),
        "selection": (judged, {"reviewers": policy.selection.reviewers}),
        "training": (bool(policy.modules_required), {"modules": len(policy.modules_required), "planned": len(programme.outlines)}),
        "support": (bool(programme.support), {"days": policy.assistance.due_days[-1]}),
        "credential": (bool(programme.certificate), {"months": policy.award.validity_months}),
    }
    return tuple(Component(key, *found[key]) for key in COMPONENTS)


def offered(programme: Programme, observers: int) -> str:
    """The policy that a programme is offered: ``starter`` where it names fewer than four observers, if it has one."""
    names = [one.name for one in programme.policies]
    small = observers < MANY_OBSERVERS
    return next((name for name in (("starter", "assured") if small else ("assured", "starter")) if name in names), "")


# --- people -------------------------------------------------------------------------------------------------------------

COORDINATOR, MENTOR = "coordinator", "mentor"


@dataclass(frozen=True, slots=True)
class Need:
    """A task with the fewest people that it takes. ``of`` are the kinds of people who can do it; ``not_those_of`` names another task whose
    people cannot: who co-mentored is not the only one who observes, who decides may not be who trained and observed alone."""

    code: str
    people: int
    of: tuple[str, ...]
    not_those_of: tuple[str, ...] = ()


def needs(policy: Policy) -> tuple[Need, ...]:
    """What one candidate's way takes in people under a policy, fewest first.

    ``starter``: a co-mentor may observe, but somebody else observes at least once; the coordinator awards and one other person confirms.
    Otherwise whoever co-mentored does not rate the independent sessions (R7), and one decider comes from outside.
    """
    mentors = max(policy.structured_observations, policy.co_mentoring_sessions, 1 if policy.independent_observations else 0)
    found = [Need("review", policy.selection.reviewers, (COORDINATOR, MENTOR))] if policy.selection.rubric else []
    if policy.structured_observations or policy.co_mentoring_sessions:
        found.append(Need("model", _models(policy, mentors), (MENTOR,)))
    if policy.independent_observations:
        apart = ("model",) if strict(policy) and policy.co_mentoring_sessions else ()
        found.append(Need("observe", max(policy.independent_observers, 1 if apart else _elsewhere(policy)), (MENTOR,), apart))
    found.append(Need("decide", policy.award.deciders, (COORDINATOR, MENTOR)))
    return tuple(found)


def strict(policy: Policy) -> bool:
    """Whether whoever helped or co-mentored may not assess (R7 as it stands); softer policies note it."""
    return not policy.assistance.helper_may_assess


def _models(policy: Policy, mentors: int) -> int:
    """Accomplished mentors to watch and to co-mentor with: different ones where the policy asks for more than one of each."""
    return mentors if strict(policy) else 1


def _elsewhere(policy: Policy) -> int:
    """Observers where a co-mentor may observe: somebody else does at least once."""
    return 2 if policy.co_mentoring_sessions and policy.independent_observations > 1 else 1


@dataclass(frozen=True, slots=True)
class Staffing:
    """The fewest people that a policy needs, who there are, and who is missing: by kind, all of them different people."""

    coordinators: int
    mentors: int
    outside: int
    has_coordinators: int
    has_mentors: int
    has_outside: int

    @property
    def missing(self) -> Mapping[str, int]:
        """How many are missing of each kind; nothing where there are enough."""
        found = {
            "coordinator": self.coordinators - self.has_coordinators,
            "mentor": self.mentors - self.has_mentors,
            "outside": self.outside - self.has_outside,
        }
        return {kind: count for kind, count in found.items() if count > 0}

    @property
    def enough(self) -> bool:
        """Whether the programme can be run with who there is."""
        return not self.missing


def staffing(policy: Policy, *, coordinators: int, mentors: int, outside: int = 0) -> Staffing:
    """Hold who there is against the fewest that the policy needs.

    The mentors are the fewest with whom every task is done without one that excludes another being done by the same person; reviewers and
    deciders come from the coordinators first, then from the mentors.
    """
    tasks = {need.code: need for need in needs(policy)}
    fewest = 1 if tasks.get("observe") or tasks.get("model") else 0
    while not _enough(tasks, 1, fewest):
        fewest += 1
    return Staffing(1, fewest, policy.award.outside, coordinators, mentors, outside)


def _enough(tasks: Mapping[str, Need], coordinators: int, mentors: int) -> bool:
    everybody = [f"c{number}" for number in range(coordinators)] + [f"m{number}" for number in range(mentors)]
    need = tasks.get("model")
    # Mentors are alike here, so that those who are watched may be the first of them: nothing depends on which.
    models = _able(need, everybody)[: need.people] if need else []
    return len(models) == (need.people if need else 0) and _fits(tasks, everybody, frozenset(models))


def _able(need: Need, everybody: Iterable[str]) -> list[str]:
    letters = {kind[0] for kind in need.of}
    return [one for one in everybody if one[0] in letters]


def _fits(tasks: Mapping[str, Need], everybody: Collection[str], models: frozenset[str]) -> bool:
    for code, need in tasks.items():
        if code == "model":
            continue
        able = [one for one in _able(need, everybody) if not (need.not_those_of and one in models)]
        if len(able) < need.people:
            return False
    return True


def shortfalls(programme: Programme) -> Iterator[str]:
    """The components that keep a programme from opening, in their order."""
    for component in components(programme):
        if not component.there:
            yield component.key
