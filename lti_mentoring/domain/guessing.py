# SPDX-License-Identifier: Apache-2.0
"""What somebody earns who answers a knowledge check without reading it: exact chances, by the rules that score it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import comb, factorial

from lti_mentoring.domain.module import MULTIPLE, ORDER, Item, Module
from lti_mentoring.domain.training import lots, steps

Chances = Mapping[int, Fraction]
"""Points, with the chance to earn just so many. They add up to 1, or to less where some answers fail whatever their points."""

_SURE: Chances = {0: Fraction(1)}


def chances(item: Item) -> Chances:
    """The points of a blind guess, in which every answer that the form takes is equally likely."""
    if item.kind == ORDER:
        return _order(item)
    if item.cards:
        return _of_parts(len(item.cards), Fraction(1, len(item.bins)))
    if item.kind == MULTIPLE:
        return _multiple(item)
    if item.steps:
        found = _SURE
        for step in range(1, steps(item) + 1):
            found = _both(found, _of_parts(1, Fraction(1, len(item.options(step)))))
        return found
    right = Fraction(1, len(item.choices))
    return {item.points: right, 0: 1 - right}


def blind_guess(module: Module, outcome: str) -> Fraction:
    """The chance that blind guessing clears an outcome, over every draw that a first attempt can make."""
    earned = _SURE
    for pool, count in lots(module, outcome):
        earned = _both(earned, _drawn([_counted(item) for item in pool], count))
    return sum((chance for points, chance in earned.items() if points >= module.draw.needed), Fraction(0))


def _of_parts(parts: int, right: Fraction) -> Chances:
    """One point for each of so many parts."""
    return {hits: comb(parts, hits) * right**hits * (1 - right) ** (parts - hits) for hits in range(parts + 1)}


def _order(item: Item) -> Chances:
    """One order is right; in as many as there are pairs of neighbours only one such pair has changed places."""
    orders, near = factorial(len(item.cards)), len(item.cards) - 1
    return {item.points: Fraction(1, orders), item.points - 2: Fraction(near, orders), 0: 1 - Fraction(near + 1, orders)}


def _multiple(item: Item) -> Chances:
    """Any set of options but the empty one, which is no answer; each error costs a point."""
    options, right = len(item.choices), sum(choice.right for choice in item.choices)
    found: dict[int, Fraction] = {}
    for errors in range(options + 1):
        ways = comb(options, errors) - (errors == right)
        points = max(0, item.points - errors)
        found[points] = found.get(points, Fraction(0)) + Fraction(ways, 2**options - 1)
    return found


def _counted(item: Item) -> Chances:
    """What an item adds to its outcome: a critical one that is not fully right fails it."""
    found = chances(item)
    return {item.points: found[item.points]} if item.critical else found


def _both(one: Chances, other: Chances) -> dict[int, Fraction]:
    """The points of two answers together."""
    found: dict[int, Fraction] = {}
    for points, chance in one.items():
        for more, along in other.items():
            found[points + more] = found.get(points + more, Fraction(0)) + chance * along
    return found


def _drawn(pool: Sequence[Chances], count: int) -> Chances:
    """The points of ``count`` items of a pool, the mean over every way to draw them; all of the pool if it is smaller."""
    count = min(count, len(pool))
    sums: list[dict[int, Fraction]] = [dict(_SURE), *({} for _ in range(count))]
    for item in pool:
        for size in range(count, 0, -1):
            for points, chance in _both(sums[size - 1], item).items():
                sums[size][points] = sums[size].get(points, Fraction(0)) + chance
    return {points: chance / comb(len(pool), count) for points, chance in sums[count].items()}
