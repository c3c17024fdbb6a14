# SPDX-License-Identifier: Apache-2.0
"""The parts of a policy: how applications are judged, help, time, the award, and how observations count together."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from lti_mentoring.domain.body import LATER
from lti_mentoring.domain.reliability import Doubling, Qualifying


@dataclass(frozen=True, slots=True)
class Selection:
    """How applications are judged. An offer needs the mean over all criteria, ``critical_level`` in each critical one and none at 1; where
    two reviewers are more than ``most_apart`` on a criterion, a further one reviews."""

    rubric: str = ""
    reviewers: int = 2
    mean: Fraction = Fraction(5, 2)
    critical_level: int = 3
    most_apart: int = 1
    referees: int = 2
    offer_days: int = 14
    reapply_months: int = 6
    most_in_three_years: int = 3


@dataclass(frozen=True, slots=True)
class Assistance:
    """When help is offered, and by when it is due: days for the urgencies ``can_wait``, ``this_week`` and ``blocked``. Whether who
    helped with a competency may assess it, which is then noted."""

    failed_checks: int = 2
    inactive_days: int = 21
    due_days: tuple[int, int, int] = (10, 5, 2)
    helper_may_assess: bool = False


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """Months for the whole way, for all deferrals together, and after a withdrawal for coming back; days before the end at which a
    candidate is warned; how many ``extensions`` there may be, and the months that each adds."""

    months: int = 24
    deferral_months: int = 24
    reinstate_months: int = 12
    warn_days: tuple[int, ...] = (90, 30, 7)
    extensions: int = 1
    extension_months: int = field(default=6, metadata=LATER)


@dataclass(frozen=True, slots=True)
class Award:
    """Who decides on the credential, how many of them come from outside the unit, rounds of targeted re-observation, months it lasts."""

    deciders: int = 2
    outside: int = 1
    rounds: int = 2
    validity_months: int = 36


SELECTION, ASSISTANCE, TIME, AWARD = Selection(), Assistance(), TimeLimits(), Award()
"""As they are where a policy says nothing."""


@dataclass(frozen=True, slots=True)
class Counting:
    """How observations count beside one another; without it each is judged by itself, as policies did before there was this part.

    A step counts from when the one before it is complete; what is older than ``evidence_months`` counts no longer; so many
    ``independent_observers`` and ``independent_proteges`` are different people, and somebody who was not their co-mentor observes at least
    one (``beyond_co_mentor``). A session has at least ``session_minutes``. The means of the policy hold over all independent sessions
    together, ``critical_mean`` for critical competencies; each competency is seen in ``least_seen`` of them, and no critical criterion
    stands at 1 in the ``last_sessions``. Watching needs ``structured_mentors`` different mentors, and ``structured_level`` in each
    criterion by the last time (0: each time is judged by its means); a session together needs ``co_mentoring_level`` as its median.
    """

    independent_proteges: int = 1
    beyond_co_mentor: bool = False
    session_minutes: int = 0
    critical_mean: Fraction = Fraction(1)
    least_seen: int = 1
    last_sessions: int = 2
    structured_mentors: int = 1
    structured_level: int = 0
    co_mentoring_level: int = 0


OPTIONAL: dict[str, type[Qualifying | Doubling | Counting]] = {"qualifying": Qualifying, "doubling": Doubling, "counting": Counting}
"""Parts of a policy that need not be asked for."""
