# SPDX-License-Identifier: Apache-2.0
"""A programme as data: competencies, policy, modules and rubrics; one version of it never changes."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from lti_mentoring.domain.body import content_hash, from_body, to_body
from lti_mentoring.domain.module import Module

__all__ = [
    "LEVELS",
    "Competency",
    "Criterion",
    "Policy",
    "Programme",
    "Rubric",
    "content_hash",
    "from_body",
    "to_body",
]

LEVELS = (1, 2, 3, 4)
"""Not yet, emerging, competent, accomplished. "Not observed" is no level."""

NOT_REQUIRED = "not_required"


@dataclass(frozen=True, slots=True)
class Competency:
    """Something a mentor can do; ``critical`` ones weigh more in later policies."""

    key: str
    title: str
    critical: bool


@dataclass(frozen=True, slots=True)
class Criterion:
    """One line of a rubric: what is rated, and an observable act for each of the four levels, from 1 to 4."""

    key: str
    title: str
    competencies: tuple[str, ...]
    critical: bool
    anchors: tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Rubric:
    """Criteria with anchors; judged by, so never changed."""

    key: str
    title: str
    criteria: tuple[Criterion, ...]

    def criterion(self, key: str) -> Criterion:
        """The criterion with that key; KeyError if there is none."""
        for criterion in self.criteria:
            if criterion.key == key:
                return criterion
        raise KeyError(key)


@dataclass(frozen=True, slots=True)
class Policy:
    """What a programme may set. Reporting lines, consent, evidence, sealing and pinned versions are never fields.

    Means are exact fractions of the 1 to 4 scale. ``points`` maps levels 1 to 4 to gradebook points of 100, for placements that post
    points. ``retake_wait_hours`` is the wait before the second attempt at a check, the third, and so on; the last holds for all later.
    """

    modules_required: tuple[str, ...]
    observation_rubric: str
    independent_observations: int = 1
    overall_mean: Fraction = Fraction(11, 4)
    competency_mean: Fraction = Fraction(5, 2)
    no_critical_at_one: bool = True
    observer_qualification: str = NOT_REQUIRED
    double_scoring: str = NOT_REQUIRED
    points: tuple[int, int, int, int] = (0, 50, 75, 100)
    retake_wait_hours: tuple[int, ...] = (0, 24)


@dataclass(frozen=True, slots=True)
class Programme:
    """One version of a programme, in one language."""

    slug: str
    edition: str
    language: str
    title: str
    competencies: tuple[Competency, ...]
    policy: Policy
    modules: tuple[Module, ...]
    rubrics: tuple[Rubric, ...]

    def competency(self, key: str) -> Competency:
        """The competency with that key; KeyError if there is none."""
        for competency in self.competencies:
            if competency.key == key:
                return competency
        raise KeyError(key)

    def module(self, key: str) -> Module:
        """The module with that key; KeyError if there is none."""
        for module in self.modules:
            if module.key == key:
                return module
        raise KeyError(key)

    def rubric(self, key: str) -> Rubric:
        """The rubric with that key; KeyError if there is none."""
        for rubric in self.rubrics:
            if rubric.key == key:
                return rubric
        raise KeyError(key)
