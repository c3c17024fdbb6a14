# SPDX-License-Identifier: Apache-2.0
"""What a programme sets about who may rate, and about when a second person rates as well.

Shares are whole per cents and distances hundredths of a level, so that they are compared exactly. The numbers are defaults in the spirit
of published practice for other scales, not taken from a standard for four levels (domain map 4.5 and 8).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Qualifying:
    """How an observer qualifies, for how long, and when they are found to drift (domain map 4.5, ObserverQualification).

    At least ``exercises`` different ones with ``scores`` criteria that both they and the master gave a level; ``exact_percent`` the same,
    ``within_one_percent`` at most one apart, no critical criterion two apart. An exercise whose master ratings somebody saw within
    ``fresh_months`` does not count again. ``short_first`` lets somebody begin on short exercises, which may be repeated: the first
    ``short_ratings`` ratings count on them, the next one needs the whole calibration. Of the last ``drift_scores`` double-scored criteria
    fewer than ``drift_exact_percent`` the same, or a bias of more than ``drift_bias_hundredths`` that is sure, is drift.
    """

    exercises: int = 2
    scores: int = 16
    exact_percent: int = 70
    within_one_percent: int = 95
    months: int = 12
    fresh_months: int = 12
    short_first: bool = False
    short_ratings: int = 5
    drift_scores: int = 20
    drift_exact_percent: int = 60
    drift_bias_hundredths: int = 50


@dataclass(frozen=True, slots=True)
class Doubling:
    """When a second person rates without seeing the first rating (domain map 4.5, triggers a to e; 4.8).

    A candidate's ``first`` summative observation; ``percent`` of all, drawn; a ``critical`` criterion at 1; a competency mean within
    ``near_hundredths`` of the bar; an observer's first ``new_ratings``. With ``where_possible`` it is left out where nobody else may rate,
    and so is a third rating.
    """

    first: bool = True
    percent: int = 20
    critical: bool = True
    near_hundredths: int = 25
    new_ratings: int = 5
    where_possible: bool = False


BEFORE = {"observer_qualification": "qualifying", "double_scoring": "doubling"}
"""Settings of a policy that could only say ``not_required``, and the parts that came for them."""

ASSURED_QUALIFYING, ASSURED_DOUBLING = Qualifying(), Doubling()
STARTER_QUALIFYING, STARTER_DOUBLING = Qualifying(short_first=True), Doubling(where_possible=True)
"""For a programme that names fewer than four observers (domain map 4.8)."""
