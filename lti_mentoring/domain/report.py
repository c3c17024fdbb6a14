# SPDX-License-Identifier: Apache-2.0
"""The report on an observation: what was seen, strengths first, and what the next level would look like where something was short."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from lti_mentoring.domain.observation import Rating
from lti_mentoring.domain.programme import LEVELS, Criterion, Policy


@dataclass(frozen=True, slots=True)
class Seen:
    """One criterion of a result: the exact level, None where nobody observed it; ``how`` it came about, as in ``domain.scoring``.
    ``reasons`` are those of who did not observe it, ``own`` is what the candidate said of it where two led the session."""

    criterion: Criterion
    level: Fraction | None
    how: str
    note_ids: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    own: Rating | None = None

    @property
    def reached(self) -> int:
        """The level whose act was seen; between two, the lower one: nothing is rounded up."""
        return int(self.level) if self.level is not None else 0

    @property
    def next(self) -> int:
        """The level above it, 0 at the top and where nothing was observed."""
        return self.reached + 1 if self.reached in LEVELS[:-1] else 0


@dataclass(frozen=True, slots=True)
class Sorted:
    """The criteria of a result as a candidate reads them; within each part in the rubric's order, the highest level first."""

    strengths: tuple[Seen, ...]
    short: tuple[Seen, ...]
    unseen: tuple[Seen, ...]


def in_order(policy: Policy, seen: Iterable[Seen]) -> Sorted:
    """Strengths are what reaches the bar that the policy sets for a competency; short is what does not, the lowest level last, since what
    is easiest to reach comes first. A critical criterion at 1 is short whatever the bar."""
    strengths: list[Seen] = []
    short: list[Seen] = []
    unseen: list[Seen] = []
    for one in seen:
        if one.level is None:
            unseen.append(one)
        elif one.level < policy.competency_mean or (one.criterion.critical and policy.no_critical_at_one and one.level < 2):
            short.append(one)
        else:
            strengths.append(one)
    return Sorted(_highest_first(strengths), _highest_first(short), tuple(unseen))


def _highest_first(part: Iterable[Seen]) -> tuple[Seen, ...]:
    return tuple(sorted(part, key=lambda one: -(one.level or 0)))


def seen(
    criteria: Iterable[Criterion],
    levels: Mapping[str, tuple[Fraction | None, str]],
    ratings: Iterable[Mapping[str, Rating]],
    own: Mapping[str, Rating],
) -> tuple[Seen, ...]:
    """A line for each criterion, once: ``levels`` is criterion -> level and how; ``ratings`` what each rater said, the first one first."""
    said = list(ratings)
    rows = []
    for criterion in criteria:
        level, how = levels.get(criterion.key, (None, ""))
        of_it = [one[criterion.key] for one in said if criterion.key in one]
        notes = dict.fromkeys(note for one in of_it for note in one.note_ids)
        reasons = dict.fromkeys(one.reason.strip() for one in of_it if one.not_observed and one.reason.strip())
        rows.append(Seen(criterion, level, how, tuple(notes), tuple(reasons) if level is None else (), own.get(criterion.key)))
    return tuple(rows)
