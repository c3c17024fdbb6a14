# SPDX-License-Identifier: Apache-2.0
"""An answer to a question of a knowledge check: the form that each kind takes, how it is read, what it scores."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from lti_mentoring.domain import word
from lti_mentoring.domain.module import MULTIPLE, NEXT_MOVE, ORDER, RATING, SHORT_TEXT, SINGLE, SORT, TAG, Benchmark, Item, Slip
from lti_mentoring.domain.rule import RuleBroken

CHOICE, CHOICES, CARDS, PLACES, LEVELS, TEXT, TICKS = "choice", "choices", "cards", "order", "levels", "text", "ticks"

FORMS: Mapping[str, tuple[str, ...]] = {
    SINGLE: (CHOICE,),
    MULTIPLE: (CHOICES,),
    NEXT_MOVE: (CHOICE, CHOICE),
    SORT: (CARDS,),
    TAG: (CARDS,),
    ORDER: (PLACES,),
    RATING: (LEVELS,),
    SHORT_TEXT: (TEXT, TICKS),
}
"""The form of the answer to each kind of item, step by step."""

Answer = Mapping[str, object]
"""In normal form, by its form: ``{"choice": "B"}`` (single choice, and each step of a next move), ``{"choices": ["A", "C"]}``,
``{"cards": {"1": 0}}`` (card to index of its bin), ``{"order": ["4", "2", "1", "3"]}``, ``{"levels": {"K1": 3}}``, ``{"text": "…"}`` or
``{"ticks": ["A"]}`` (features that the reader finds in their text, perhaps none). An order may also be given as ``{"cards": {"1": "3"}}``,
card to place from 1, which is what a form without drag sends."""

RATING_POINTS = 2
"""What a criterion of a calibration rating is worth. Three of them make an item of many parts."""

TEXT_MOST = 10_000
"""Characters that a short text may have, however long its words are."""

SCALE = ("1", "2", "3", "4")


@dataclass(frozen=True, slots=True)
class Mark:
    """What became of one option, card, criterion or feature: chosen, fitting, and why.

    ``given`` and ``wanted`` are bins, places from 1 or levels, as text. A criterion fits if its rating agrees within the tolerance.
    """

    key: str
    chosen: bool
    fits: bool
    why: str = ""
    given: str = ""
    wanted: str = ""
    points: int = 0


@dataclass(frozen=True, slots=True)
class Score:
    """Points of one answer, with the explanation that may be shown now that it is in."""

    points: int
    of: int
    right: bool
    marks: tuple[Mark, ...]
    reason: str = ""
    slips: tuple[Slip, ...] = ()


def form(item: Item, step: int = 1) -> str:
    """The form that the answer to a step takes."""
    return FORMS[item.kind][step - 1]


def steps(item: Item) -> int:
    """How many answers the item takes, one after the other."""
    return len(FORMS[item.kind])


def read_answer(item: Item, raw: Answer, step: int = 1) -> dict[str, object]:
    """``raw`` in normal form. RuleBroken: ``answer_missing`` (with what is open), ``answer_unknown``, ``answer_places``, ``text_missing``,
    ``text_long`` (words, most)."""
    name = form(item, step)
    return {name: _READERS[name](item, raw, step)}


def score(item: Item, answer: Answer, step: int = 1) -> Score:
    """The points of an answer in normal form; a step of a next move is scored alone, out of 1, and what the reader marks out of 0."""
    return _SCORERS[form(item, step)](item, answer, step)


def words(text: str) -> int:
    """How many words a text has, as its script counts them."""
    return word.count(text)


# --- reading -----------------------------------------------------------------------------------------------------------------


def _read_choice(item: Item, raw: Answer, step: int) -> str:
    choice = raw.get(CHOICE)
    if not choice:
        raise RuleBroken("answer_missing", item=item.key)
    return _known(item, [choice], [one.key for one in item.options(step)])[0]


def _read_choices(item: Item, raw: Answer, step: int) -> list[str]:
    chosen = raw.get(CHOICES)
    if not isinstance(chosen, list | tuple) or not chosen:
        raise RuleBroken("answer_missing", item=item.key)
    return _known(item, chosen, [one.key for one in item.options(step)])


def _read_ticks(item: Item, raw: Answer, step: int) -> list[str]:
    ticked = raw.get(TICKS) or ()
    if not isinstance(ticked, list | tuple):
        raise RuleBroken("answer_unknown", item=item.key)
    return _known(item, ticked, [one.key for one in item.features])


def _known(item: Item, chosen: list[object] | tuple[object, ...], known: list[str]) -> list[str]:
    """The chosen keys in the order of the item. RuleBroken ``answer_unknown`` if one is none of it."""
    keys = {str(key) for key in chosen}
    if not keys <= set(known):
        raise RuleBroken("answer_unknown", item=item.key)
    return [key for key in known if key in keys]


def _filled(item: Item, raw: object, keys: list[str]) -> Mapping[str, object]:
    """A value for each key and no other. RuleBroken ``answer_missing`` names those that have none."""
    given = raw if isinstance(raw, Mapping) else {}
    left = [key for key in keys if given.get(key) in (None, "")]
    if left:
        raise RuleBroken("answer_missing", item=item.key, cards=tuple(left))
    return given


def _read_order(item: Item, raw: Answer, step: int) -> list[str]:
    listed = raw.get(PLACES) or _places(item, raw.get(CARDS))
    given = [str(key) for key in listed] if isinstance(listed, list | tuple) else []
    if sorted(given) != sorted(item.order):
        raise RuleBroken("answer_places", item=item.key)
    return given


def _places(item: Item, raw: object) -> list[str]:
    """The order that places spell. RuleBroken ``answer_places`` if a place is taken twice or does not exist."""
    given = _filled(item, raw, [card.key for card in item.cards])
    by_place = {str(place): key for key, place in given.items()}
    order = [by_place.get(str(place), "") for place in range(1, len(item.order) + 1)]
    if len(given) != len(item.order) or not all(order):
        raise RuleBroken("answer_places", item=item.key)
    return order


def _read_cards(item: Item, raw: Answer, step: int) -> dict[str, int]:
    bins = {str(index): index for index in range(len(item.bins))}
    return _valued(item, raw.get(CARDS), [card.key for card in item.cards], bins)


def _read_levels(item: Item, raw: Answer, step: int) -> dict[str, int]:
    return _valued(item, raw.get(LEVELS), [one.key for one in item.benchmarks], {level: int(level) for level in SCALE})


def _valued(item: Item, raw: object, keys: list[str], values: Mapping[str, int]) -> dict[str, int]:
    given = _filled(item, raw, keys)
    if set(given) != set(keys) or not {str(value) for value in given.values()} <= values.keys():
        raise RuleBroken("answer_unknown", item=item.key)
    return {key: values[str(given[key])] for key in keys}


def _read_text(item: Item, raw: Answer, step: int) -> str:
    """The text, without blank ends and without signs that nobody types. It is private: no rule that it breaks repeats it."""
    given = str(raw.get(TEXT) or "").replace("\r\n", "\n")
    text = "".join(sign for sign in given if sign in "\n\t" or unicodedata.category(sign) not in ("Cc", "Cs")).strip()
    if not text:
        raise RuleBroken("text_missing", item=item.key)
    if words(text) > item.words or len(text) > TEXT_MOST:
        raise RuleBroken("text_long", item=item.key, words=words(text), most=item.words)
    return text


_READERS: Mapping[str, Callable[[Item, Answer, int], object]] = {
    CHOICE: _read_choice,
    CHOICES: _read_choices,
    CARDS: _read_cards,
    PLACES: _read_order,
    LEVELS: _read_levels,
    TEXT: _read_text,
    TICKS: _read_ticks,
}


# --- scoring -----------------------------------------------------------------------------------------------------------------


def _score_choice(item: Item, answer: Answer, step: int) -> Score:
    """All or nothing."""
    of = item.points // steps(item)
    marks = tuple(Mark(choice.key, choice.key == answer[CHOICE], choice.right, choice.why) for choice in item.options(step))
    right = any(mark.chosen and mark.fits for mark in marks)
    return Score(of if right else 0, of, right, marks, item.reason if step == steps(item) else "")


def _score_choices(item: Item, answer: Answer, step: int) -> Score:
    """2 if exact, 1 with a single error (one missed or one too many), else 0."""
    chosen = cast(list[str], answer[CHOICES])
    marks = tuple(
        Mark(choice.key, choice.key in chosen, choice.right, "" if choice.if_missed and choice.key in chosen else choice.why)
        for choice in item.choices
    )
    errors = sum(mark.chosen != mark.fits for mark in marks)
    return Score(max(0, item.points - errors), item.points, errors == 0, marks, item.reason)


def _score_cards(item: Item, answer: Answer, step: int) -> Score:
    """One point a card."""
    given = cast(Mapping[str, int], answer[CARDS])
    marks = tuple(
        Mark(card.key, True, given[card.key] == card.bin, card.why, item.bins[given[card.key]], item.bins[card.bin]) for card in item.cards
    )
    points = sum(mark.fits for mark in marks)
    return Score(points, item.points, points == item.points, marks)


def _score_order(item: Item, answer: Answer, step: int) -> Score:
    """6 if right, 4 if only two neighbours have changed places, else 0: scored by pairs, chance would earn half."""
    given = cast(list[str], answer[PLACES])
    order = list(item.order)
    swapped = [[*order[:at], order[at + 1], order[at], *order[at + 2 :]] for at in range(len(order) - 1)]
    points = item.points if given == order else item.points - 2 if given in swapped else 0
    places = [(card.key, given.index(card.key) + 1, order.index(card.key) + 1) for card in item.cards]
    marks = tuple(Mark(key, True, place == wanted, "", str(place), str(wanted)) for key, place, wanted in places)
    met = tuple(slip for slip in item.slips if given != order and _slipped(given, slip.first, slip.before))
    return Score(points, item.points, given == order, marks, item.reason, met)


def _slipped(given: list[str], first: str, before: str) -> bool:
    return given.index(first) < given.index(before) if before else given[0] == first


def _score_levels(item: Item, answer: Answer, step: int) -> Score:
    """For each criterion 2 points if its rating is the master level, 1 if it is the level above or below, else 0.

    The tolerance does not change points: it says whether the rating agrees, which is what the rater is told beside them.
    """
    given = cast(Mapping[str, int], answer[LEVELS])
    marks = []
    for one in item.benchmarks:
        level = given[one.key]
        agrees = abs(level - one.level) <= one.tolerance
        marks.append(Mark(one.key, True, agrees, "", str(level), str(one.level), points=rating_points(one, level)))
    points = sum(mark.points for mark in marks)
    return Score(points, item.points, points == item.points, tuple(marks), item.reason)


def rating_points(criterion: Benchmark, level: int) -> int:
    """The points of one criterion: 2 at its master level, 1 next to it, else 0."""
    return max(0, RATING_POINTS - abs(level - criterion.level))


def _score_text(item: Item, answer: Answer, step: int) -> Score:
    """Nothing of nothing: no machine marks words."""
    return Score(0, 0, False, ())


def _score_ticks(item: Item, answer: Answer, step: int) -> Score:
    """Nothing of nothing: who marks themself earns no points. A feature that was found fits."""
    ticked = cast(list[str], answer[TICKS])
    marks = tuple(Mark(one.key, one.key in ticked, one.key in ticked, one.why) for one in item.features)
    return Score(0, 0, False, marks, item.reason)


_SCORERS: Mapping[str, Callable[[Item, Answer, int], Score]] = {
    CHOICE: _score_choice,
    CHOICES: _score_choices,
    CARDS: _score_cards,
    PLACES: _score_order,
    LEVELS: _score_levels,
    TEXT: _score_text,
    TICKS: _score_ticks,
}
