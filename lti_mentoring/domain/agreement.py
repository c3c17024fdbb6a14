# SPDX-License-Identifier: Apache-2.0
"""How far two raters of the same sessions agree: shares with their intervals, which way one leans, coefficients where they say something.

Counts and means are exact; only the ends of an interval are floating point, and they are never compared with a bar but for drift.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from math import atan, cos, pi, sin, sqrt
from statistics import NormalDist

from lti_mentoring.domain.coefficient import (
    INTERVAL,
    NO_PAIRS,
    NO_SPREAD,
    NOMINAL,
    ORDINAL,
    TOO_FEW,
    Rated,
    Undefined,
    Value,
    ac2,
    alpha,
    icc_absolute,
    icc_consistency,
    kappa,
    quadratic,
)
from lti_mentoring.domain.programme import LEVELS

COEFFICIENTS_FROM = 30
"""From so many pairs on a page shows kappa and its kin. Of 20, a rater who is really 80 % exact gets anything from 0.69 to 0.98 (domain
map 6.3, decision 7)."""

CONFIDENCE = 0.95

Pair = tuple[int | None, int | None]
"""What two raters say of the same criterion of the same session: a level 1 to 4, or None for "not observed". First the one that the other
is held against: the master, the first rater, the other one."""


@dataclass(frozen=True, slots=True)
class Interval:
    """From ``low`` to ``high``, with 95 % confidence."""

    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class Share:
    """So many ``of`` so many."""

    count: int
    of: int

    @property
    def value(self) -> Value:
        """The share, exact; undefined of nothing."""
        return Fraction(self.count, self.of) if self.of else Undefined(NO_PAIRS)

    @property
    def interval(self) -> Interval | Undefined:
        """Wilson's score interval (1927), which stays within 0 to 1 and holds for few; undefined of nothing."""
        return wilson(self.count, self.of) if self.of else Undefined(NO_PAIRS)

    def reaches(self, percent: int) -> bool:
        """Whether the share is at least so many per cent, in whole numbers; of nothing it is not."""
        return self.of > 0 and 100 * self.count >= percent * self.of


@dataclass(frozen=True, slots=True)
class Bias:
    """The mean of the second rater's level less the first's: above 0 where the second rates higher.

    ``interval`` is Student's; undefined for one pair alone, and where all differ by the same, which leaves nothing to judge it by.
    """

    mean: Value
    interval: Interval | Undefined

    @property
    def sure(self) -> bool:
        """Whether the second rater leans, so far as the interval tells: it leaves 0 out, or all differ by the same and by more than 0."""
        if isinstance(self.mean, Undefined) or not self.mean:
            return False
        if isinstance(self.interval, Undefined):
            return self.interval.reason == NO_SPREAD
        return 0 not in self.interval


@dataclass(frozen=True, slots=True)
class Agreement:
    """What the pairs of two raters amount to. ``pairs`` have a level from both; of the rest only one saw it, or neither did, and they
    count in nothing else. ``exact`` have the same level, ``adjacent`` at most one apart."""

    pairs: int
    first_only: int
    second_only: int
    neither: int
    exact: Share
    adjacent: Share
    bias: Bias
    kappa: Value
    weighted: Value
    ac2: Value


@dataclass(frozen=True, slots=True)
class Further:
    """Coefficients for who asks for them: Krippendorff's alpha by metric, intraclass correlation in the absolute and without leaning."""

    alpha_nominal: Value
    alpha_ordinal: Value
    alpha_interval: Value
    icc_absolute: Value
    icc_consistency: Value


def agreement(pairs: Iterable[Pair]) -> Agreement:
    """How far the second rater agrees with the first. ValueError for a level that is not on the scale."""
    said = list(pairs)
    both = rated(said)
    apart = [second - first for first, second in both]
    return Agreement(
        pairs=len(both),
        first_only=sum(first is not None and second is None for first, second in said),
        second_only=sum(first is None and second is not None for first, second in said),
        neither=said.count((None, None)),
        exact=Share(apart.count(0), len(both)),
        adjacent=Share(sum(abs(one) <= 1 for one in apart), len(both)),
        bias=bias(apart),
        kappa=kappa(both),
        weighted=kappa(both, quadratic),
        ac2=ac2(both),
    )


def further(pairs: Iterable[Pair]) -> Further:
    """The coefficients that are only shown where somebody asks for them."""
    both = rated(pairs)
    raters = list(zip(*both, strict=True))
    return Further(
        alpha_nominal=alpha(raters, NOMINAL),
        alpha_ordinal=alpha(raters, ORDINAL),
        alpha_interval=alpha(raters, INTERVAL),
        icc_absolute=icc_absolute(both),
        icc_consistency=icc_consistency(both),
    )


def rated(pairs: Iterable[Pair]) -> list[Rated]:
    """The pairs in which both gave a level. ValueError for a level that is not on the scale."""
    said = list(pairs)
    unknown = {level for pair in said for level in pair if level is not None} - set(LEVELS)
    if unknown:
        raise ValueError(f"not on the scale: {sorted(unknown)}")
    return [(first, second) for first, second in said if first is not None and second is not None]


def on_page(found: Agreement, needed: int = COEFFICIENTS_FROM) -> Agreement:
    """The agreement as a page may show it: below ``needed`` pairs it has no coefficient, but says how many there are and it takes."""
    few = Undefined(TOO_FEW, found.pairs, needed)
    return found if found.pairs >= needed else replace(found, kappa=few, weighted=few, ac2=few)


def further_on_page(pairs: Sequence[Pair], needed: int = COEFFICIENTS_FROM) -> Further:
    """The further coefficients as a page may show them; of few pairs an ICC can be -2 (domain map 6.4, E)."""
    have = len(rated(pairs))
    if have >= needed:
        return further(pairs)
    few = Undefined(TOO_FEW, have, needed)
    return Further(few, few, few, few, few)


# --- intervals -------------------------------------------------------------------------------------------------------------------


def wilson(count: int, of: int, confidence: float = CONFIDENCE) -> Interval:
    """Wilson's score interval of ``count`` of ``of``; ValueError of nothing, or where there are more than all."""
    if not 0 <= count <= of or of == 0:
        raise ValueError(f"{count} of {of}")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, around = count / of, z * z / of
    middle = (share + around / 2) / (1 + around)
    half = z * sqrt(share * (1 - share) / of + around / (4 * of)) / (1 + around)
    # At the ends of the scale the formula gives exactly 0 and 1; floating point need not.
    return Interval(max(0.0, middle - half) if count else 0.0, min(1.0, middle + half) if count < of else 1.0)


def bias(apart: Sequence[int]) -> Bias:
    """The mean of differences between levels, with Student's interval."""
    if not apart:
        return Bias(Undefined(NO_PAIRS), Undefined(NO_PAIRS))
    count = len(apart)
    mean = Fraction(sum(apart), count)
    if count == 1:
        return Bias(mean, Undefined(TOO_FEW, 1, 2))
    spread = sum(((one - mean) ** 2 for one in apart), Fraction(0)) / (count - 1)
    if not spread:
        return Bias(mean, Undefined(NO_SPREAD))
    half = student(count - 1) * sqrt(spread / count)
    return Bias(mean, Interval(float(mean) - half, float(mean) + half))


@lru_cache(maxsize=1024)
def student(freedom: int, confidence: float = CONFIDENCE) -> float:
    """The value of Student's t that so large a share stays within, on both sides; by halving, to nine places."""
    low, high = 0.0, 1.0
    while _within(high, freedom) < confidence:
        low, high = high, 2 * high
    while high - low > 1e-10 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if _within(middle, freedom) < confidence else (low, middle)
    return (low + high) / 2


def _within(t: float, freedom: int) -> float:
    """The chance that Student's t lies within -t and t (Abramowitz and Stegun 26.7.3 and 26.7.4)."""
    angle = atan(t / sqrt(freedom))
    odd = freedom % 2
    term = cos(angle) if odd else 1.0
    total = term if freedom > 1 else 0.0
    for step in range(3 if odd else 2, freedom - 1, 2):
        term *= cos(angle) ** 2 * (step - 1) / step
        total += term
    return 2 / pi * (angle + sin(angle) * total) if odd else sin(angle) * total
