# SPDX-License-Identifier: Apache-2.0
"""The chance that blind guessing clears an outcome is exact: it is what the real draw, scoring and mastery come to."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import chain, combinations, permutations, product
from math import sqrt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_mentoring.domain import answer
from lti_mentoring.domain.guessing import blind_guess, chances
from lti_mentoring.domain.manuscript import read_module
from lti_mentoring.domain.module import Card, Choice, Draw, Item, Module, Step
from support import every_item
from support.blind import guessed

PATH = Path(__file__).parents[2] / "config" / "programmes" / "foundations" / "en" / "modules" / "M1.md"
read, _ = read_module(PATH.read_text("utf-8"), "M1.md", Draw())
assert read is not None
M1: Module = read
FEW = [item for item in M1.items if len(item.bins) ** len(item.cards) <= 4096]
"""Those whose answers can all be tried."""


def answers(item: Item, step: int) -> Iterator[dict[str, object]]:
    """Every answer that a form would take; one text stands for all."""
    keys = [part.key for part in item.parts(step)]

    def sets(least: int) -> Iterator[list[str]]:
        return map(list, chain.from_iterable(combinations(keys, size) for size in range(least, len(keys) + 1)))

    def each(values: Iterable[int]) -> Iterator[dict[str, int]]:
        return (dict(zip(keys, chosen, strict=True)) for chosen in product(values, repeat=len(keys)))

    ways: dict[str, Callable[[], Iterable[object]]] = {
        "choice": lambda: keys,
        "choices": lambda: sets(1),
        "cards": lambda: each(range(len(item.bins))),
        "order": lambda: map(list, permutations(keys)),
        "levels": lambda: each(range(1, 5)),
        "text": lambda: ["x"],
        "ticks": lambda: sets(0),
    }
    name = answer.form(item, step)
    yield from ({name: way} for way in ways[name]())


def counted(item: Item) -> dict[int, Fraction]:
    """The points of every answer, each as likely as the next, scored by the rules that score an attempt."""
    steps = [
        [answer.score(item, answer.read_answer(item, raw, step), step).points for raw in answers(item, step)]
        for step in range(1, answer.steps(item) + 1)
    ]
    sums = Counter(sum(points) for points in product(*steps))
    return {points: Fraction(ways, sum(sums.values())) for points, ways in sums.items()}


def likely(item: Item) -> dict[int, Fraction]:
    return {points: chance for points, chance in chances(item).items() if chance}


@pytest.mark.parametrize("item", [*FEW, *every_item.read().items], ids=lambda item: item.key)
def test_the_chances_of_an_item_are_those_of_all_its_answers(item):
    assert likely(item) == counted(item)


@given(st.lists(st.booleans(), min_size=2, max_size=7).filter(any))
def test_the_chances_of_a_multiple_choice_follow_its_scoring(rights):
    choices = tuple(Choice("ABCDEFG"[index], "x", right, "why") for index, right in enumerate(rights))
    item = Item("O1-1", "O1", "multiple", 2, False, "x", choices=choices)
    assert likely(item) == counted(item)


@given(st.integers(2, 4), st.integers(1, 5), st.randoms(use_true_random=False))
def test_the_chances_of_a_sort_follow_its_cards_and_bins(bins, cards, chance):
    made = tuple(Card(str(number), "x", chance.randrange(bins), "why") for number in range(cards))
    item = Item("O1-1", "O1", "sort", cards, False, "x", bins=tuple("abcd"[:bins]), cards=made)
    assert likely(item) == counted(item)


@given(st.integers(2, 5), st.integers(2, 5))
def test_the_chances_of_two_steps_are_those_of_both(first, second):
    steps = tuple(Step("x", tuple(Choice(f"{n}{'ABCDE'[i]}", "x", i == 0) for i in range(size))) for n, size in ((1, first), (2, second)))
    item = Item("O1-1", "O1", "next_move", 2, False, "x", steps=steps)
    assert likely(item) == counted(item)
    assert likely(item)[2] == Fraction(1, first * second)


def test_an_order_of_four_is_right_once_in_24_and_nearly_right_three_times():
    assert chances(M1.item("O2-02")) == {6: Fraction(1, 24), 4: Fraction(3, 24), 0: Fraction(20, 24)}


def test_a_guess_can_be_worked_out_by_hand():
    """One sort of two cards in two bins, two choices of two: six points needed of six is 1/4 * 1/2 * 1/2."""
    choice = (Choice("A", "x", True), Choice("B", "y", False))
    sort = Item("O1-1", "O1", "sort", 2, False, "x", bins=("a", "b"), cards=(Card("1", "x", 0), Card("2", "y", 1)))
    singles = tuple(Item(f"O1-{number}", "O1", "single", 2, False, "x", choices=choice) for number in (2, 3, 4))
    module = replace(M1, outcomes=M1.outcomes[:1], items=(sort, *singles), draw=Draw(1, 2, 6, 6))
    assert blind_guess(module, "O1") == Fraction(1, 16)
    assert blind_guess(replace(module, draw=Draw(1, 2, 6, 5)), "O1") == Fraction(1, 16) + Fraction(1, 2) * Fraction(1, 4)
    critical = replace(module, items=(sort, replace(singles[0], critical=True), *singles[1:]), draw=Draw(1, 2, 6, 0))
    assert blind_guess(critical, "O1") == Fraction(1, 2)


@pytest.mark.parametrize("needed", [3, 5, 8])
def test_blind_people_pass_as_often_as_the_chance_says(needed):
    module = replace(M1, draw=Draw(needed=needed))
    chance, attempts = random.Random(20261129), 4000
    passed: Counter[str] = Counter()
    for attempt in range(attempts):
        passed.update(outcome for outcome, cleared in guessed(module, f"seed-{attempt}", chance).items() if cleared)
    for outcome in module.outcomes:
        expected = float(blind_guess(module, outcome.key))
        assert abs(passed[outcome.key] / attempts - expected) < 4 * sqrt(expected * (1 - expected) / attempts), outcome.key


@given(st.integers(0, 11))
def test_what_asks_for_more_is_guessed_less_often(needed):
    for outcome in M1.outcomes:
        easier, harder = (blind_guess(replace(M1, draw=Draw(needed=points)), outcome.key) for points in (needed, needed + 1))
        assert 0 <= harder <= easier <= 1


def test_the_first_module_is_cleared_blindly_in_less_than_one_draw_of_a_hundred():
    assert max(blind_guess(M1, outcome.key) for outcome in M1.outcomes) < Fraction(1, 100)
