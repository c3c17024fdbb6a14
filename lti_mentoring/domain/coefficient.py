# SPDX-License-Identifier: Apache-2.0
"""Agreement beyond chance, in exact fractions: kappa, Gwet's AC2, Krippendorff's alpha, intraclass correlation.

Where a formula divides by nothing, the answer is a value that says why, never a number that looks like one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from lti_mentoring.domain.programme import LEVELS

NO_PAIRS, ONE_LEVEL, TOO_FEW, NO_SPREAD = "no_pairs", "one_level", "too_few", "no_spread"
"""Nothing was rated by two; all ratings are the same level; fewer than it takes; what the formula divides by is nothing."""


@dataclass(frozen=True, slots=True)
class Undefined:
    """That there is no such number, and why; of ``too_few`` also how many there are, and how many it takes."""

    reason: str
    have: int = 0
    needed: int = 0


Value = Fraction | Undefined

Rated = tuple[int, int]
"""The levels that two raters gave the same thing, in the order of the raters."""

Distance = Callable[[int, int], int]


def nominal(one: int, other: int) -> int:
    """How far two levels are apart: not at all, or by one whichever they are."""
    return int(one != other)


def linear(one: int, other: int) -> int:
    """How far two levels are apart, in levels."""
    return abs(one - other)


def quadratic(one: int, other: int) -> int:
    """How far two levels are apart, in levels, squared: two apart weigh four times as much as one apart."""
    return (one - other) ** 2


def kappa(rated: Sequence[Rated], distance: Distance = nominal) -> Value:
    """Cohen's kappa (1960), weighted (1968) by any distance: one less the distance that there is over the one that chance would make.

    Chance: each rater deals out their own levels at random. With one level alone, used by both, chance makes no distance and there is no
    kappa. Few pairs, or nearly all at one level, make it low whatever the raters do (the kappa paradox); ``ac2`` stands beside it.
    """
    if not rated:
        return Undefined(NO_PAIRS)
    first, second = (Counter(level) for level in zip(*rated, strict=True))
    there = sum(distance(*pair) for pair in rated)
    by_chance = sum(distance(one, other) * first[one] * second[other] for one in first for other in second)
    return 1 - Fraction(len(rated) * there, by_chance) if by_chance else Undefined(ONE_LEVEL)


def ac2(rated: Sequence[Rated], distance: Distance = quadratic, levels: Sequence[int] = LEVELS) -> Value:
    """Gwet's AC2 (2008, 2014), with the weights of a distance over the whole scale; AC1 where the distance is ``nominal``.

    Chance: a rater guesses only where a case is hard, so it is small where nearly everything is at one level. Defined for any pair.
    """
    if not rated:
        return Undefined(NO_PAIRS)
    farthest = distance(levels[0], levels[-1])
    there = 1 - Fraction(sum(distance(*pair) for pair in rated), len(rated) * farthest)
    used = Counter(level for pair in rated for level in pair)
    spread = Fraction(sum(used[level] * (2 * len(rated) - used[level]) for level in levels), (2 * len(rated)) ** 2)
    weights = len(levels) ** 2 - Fraction(sum(distance(one, other) for one in levels for other in levels), farthest)
    by_chance = weights * spread / (len(levels) * (len(levels) - 1))
    return (there - by_chance) / (1 - by_chance)


NOMINAL, ORDINAL, INTERVAL = "nominal", "ordinal", "interval"


def alpha(raters: Sequence[Sequence[int | None]], metric: str) -> Value:
    """Krippendorff's alpha (2011) of any number of raters, None where one did not rate; what fewer than two have rated is left out.

    ``metric``: nominal, ordinal (levels are as far apart as there are ratings between them) or interval. Unlike kappa it takes both raters
    to deal from one pack, so that a rater who is always one higher is counted against it.
    """
    units = [[level for level in unit if level is not None] for unit in zip(*raters, strict=True)]
    units = [unit for unit in units if len(unit) > 1]
    used = Counter(level for unit in units for level in unit)
    if not used:
        return Undefined(NO_PAIRS)
    apart = {(one, other): _apart(metric, one, other, used) for one in used for other in used}
    there = _sum(_sum(apart[one, other] for one in unit for other in unit) / (len(unit) - 1) for unit in units)
    by_chance = _sum(apart[one, other] * used[one] * used[other] for one in used for other in used)
    return 1 - (used.total() - 1) * there / by_chance if by_chance else Undefined(ONE_LEVEL)


def _apart(metric: str, one: int, other: int, used: Counter[int]) -> Fraction:
    if metric == NOMINAL:
        return Fraction(nominal(one, other))
    if metric == INTERVAL:
        return Fraction(quadratic(one, other))
    if metric != ORDINAL:
        raise ValueError(metric)
    low, high = sorted((one, other))
    between = sum(count for level, count in used.items() if low <= level <= high)
    return (between - Fraction(used[low] + used[high], 2)) ** 2


def icc_absolute(rated: Sequence[Sequence[int]]) -> Value:
    """ICC(A,1) of McGraw and Wong (1996): how far one rating says what the others say, a rater's leaning counted against it.

    Each entry holds the levels of one thing, one of each rater. Of few things it can lie far outside 0 to 1.
    """
    found = _spread(rated)
    if isinstance(found, Undefined):
        return found
    things, raters, rest, count, of = found
    return _over(things - rest, things + (of - 1) * rest + Fraction(of, count) * (raters - rest))


def icc_consistency(rated: Sequence[Sequence[int]]) -> Value:
    """ICC(C,1) of McGraw and Wong (1996): as ``icc_absolute``, but a rater who is always one level higher agrees perfectly."""
    found = _spread(rated)
    if isinstance(found, Undefined):
        return found
    things, _, rest, _, of = found
    return _over(things - rest, things + (of - 1) * rest)


def _over(above: Fraction, below: Fraction) -> Value:
    return above / below if below else Undefined(NO_SPREAD)


def _spread(rated: Sequence[Sequence[int]]) -> tuple[Fraction, Fraction, Fraction, int, int] | Undefined:
    """Mean squares of the two-way analysis of variance: of things, of raters, of what remains; how many things, how many raters."""
    if not rated:
        return Undefined(NO_PAIRS)
    count, of = len(rated), len(rated[0])
    if count < 2 or of < 2:
        return Undefined(TOO_FEW, min(count, of), 2)
    whole = Fraction(sum(map(sum, rated)), count * of)
    things = of * _squares((Fraction(sum(one), of) for one in rated), whole)
    raters = count * _squares((Fraction(sum(one), count) for one in zip(*rated, strict=True)), whole)
    total = _squares((Fraction(level) for one in rated for level in one), whole)
    rest = (total - things - raters) / ((count - 1) * (of - 1))
    return things / (count - 1), raters / (of - 1), rest, count, of


def _squares(values: Iterable[Fraction], middle: Fraction) -> Fraction:
    return _sum((value - middle) ** 2 for value in values)


def _sum(values: Iterable[Fraction]) -> Fraction:
    return sum(values, Fraction(0))
