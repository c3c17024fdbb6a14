# SPDX-License-Identifier: Apache-2.0
"""What mentoring brings about: a measure with a baseline and readings, and whether it has moved toward its target."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date

from lti_mentoring.domain.rule import RuleBroken

KINDS = ("quality", "time", "cost", "amount", "people", "skill")
"""What a measure is of; fixed, so that a statement of it needs no private word."""

HORIZONS = (3, 6, 12)
"""Months until the target."""

UP, DOWN = "up", "down"
MOST = 1_000_000_000.0


def check(kind: str, baseline: float, target: float, horizon: int) -> str:
    """The direction in which the target lies. RuleBroken ``outcome_kind``, ``outcome_number``, ``outcome_target``, ``outcome_horizon``."""
    if kind not in KINDS:
        raise RuleBroken("outcome_kind")
    for value in (baseline, target):
        check_value(value)
    if baseline == target:
        raise RuleBroken("outcome_target")
    if horizon not in HORIZONS:
        raise RuleBroken("outcome_horizon")
    return UP if target > baseline else DOWN


def check_value(value: float) -> None:
    """RuleBroken ``outcome_number`` for what is no number that can be drawn."""
    if not math.isfinite(value) or abs(value) > MOST:
        raise RuleBroken("outcome_number")


def moved(direction: str, baseline: float, value: float) -> bool:
    """Whether a reading is nearer to where the target lies than the baseline; the same as the baseline is not."""
    return value > baseline if direction == UP else value < baseline


def months(since: date, day: date) -> int:
    """Whole months from the baseline to a reading."""
    return max(0, (day.year - since.year) * 12 + day.month - since.month - (day.day < since.day))


# --- where things are drawn --------------------------------------------------------------------------------------------------------

HIGH = 120
_EDGE = 14


def spots(values: Sequence[float], target: float) -> tuple[tuple[tuple[float, float], ...], float]:
    """(percent from the left, pixels from the top) of each value, and pixels from the top of the target."""
    low, high = min(*values, target), max(*values, target)
    wide = (high - low) or 1.0

    def up(value: float) -> float:
        return round(HIGH - _EDGE - (HIGH - 2 * _EDGE) * (value - low) / wide, 1)

    step = 92 / max(1, len(values) - 1)
    return tuple((round(4 + step * place, 2), up(value)) for place, value in enumerate(values)), up(target)
