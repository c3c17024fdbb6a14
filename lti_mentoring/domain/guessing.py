# SPDX-License-Identifier: Apache-2.0
"""What somebody earns who answers a knowledge check without reading it: exact chances, by the rules that score it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from math import comb, factorial

from lti_mentoring.domain.answer import CARDS, CHOICE, CHOICES, FORMS, LEVELS, PLACES, SCALE, TEXT, TICKS, rating_points, steps
from lti_mentoring.domain.module import Item, Module
from lti_mentoring.domain.training import lots

Chances = Mapping[int, Fraction]
"""Points, with the chance to earn just so many. They add up to 1, or to less where some answers fail whatever their points."""

_SURE: Chances = {0: Fraction(1)}


def chances(item: Item) -> Chances:
    """The points of a blind guess, in which every answer that the form takes is equally likely."""
    found = _SURE
    for step, name in enumerate(FORMS[item.kind], 1):
        found = _both(found, _CHANCES[name](item, step))
    return found


def blind_guess(module: Module, outcome: str) -> Fraction:
    """The chance that blind guessing clears an outcome, over every draw that a first attempt can make."""
    earned = _SURE
    for pool, count in lots(module, outcome):
        earned = _both(earned, _drawn([_counted(item) for item in pool], count))
    return sum((chance for points, chance in earned.items() if points >= module.draw.needed), Fraction(0))


def _choice(item: Item, step: int) -> Chances:
    """All the points of the step, or none."""
    right = Fraction(1, len(item.options(step)))
    return {item.points // steps(item): right, 0: 1 - right}


def _cards(item: Item, step: int) -> Chances:
    """One point for each card in its bin."""
    parts, right = len(item.cards), Fraction(1, len(item.bins))
    return {hits: comb(parts, hits) * right**hits * (1 - right) ** (parts - hits) for hits in range(parts + 1)}


def _order(item: Item, step: int) -> Chances:
    """One order is right; in as many as there are pairs of neighbours only one such pair has changed places."""
    orders, near = factorial(len(item.cards)), len(item.cards) - 1
    return {item.points: Fraction(1, orders), item.points - 2: Fraction(near, orders), 0: 1 - Fraction(near + 1, orders)}


def _choices(item: Item, step: int) -> Chances:
    """Any set of options but the empty one, which is no answer; each error costs a point."""
    options, right = len(item.choices), sum(choice.right for choice in item.choices)
    found: dict[int, Fraction] = {}
    for errors in range(options + 1):
        ways = comb(options, errors) - (errors == right)
        points = max(0, item.points - errors)
        found[points] = found.get(points, Fraction(0)) + Fraction(ways, 2**options - 1)
    return found


def _levels(item: Item, step: int) -> Chances:
    """Each level of a criterion as likely as the others: a master level at an end of the scale has one neighbour, not two."""
    found = _SURE
    for one in item.benchmarks:
        rated: dict[int, Fraction] = {}
        for level in map(int, SCALE):
            points = rating_points(one, level)
            rated[points] = rated.get(points, Fraction(0)) + Fraction(1, len(SCALE))
        found = _both(found, rated)
    return found


def _nothing(item: Item, step: int) -> Chances:
    """What the reader marks earns nothing."""
    return _SURE


_CHANCES: Mapping[str, Callable[[Item, int], Chances]] = {
    CHOICE: _choice,
    CHOICES: _choices,
    CARDS: _cards,
    PLACES: _order,
    LEVELS: _levels,
    TEXT: _nothing,
    TICKS: _nothing,
}


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
