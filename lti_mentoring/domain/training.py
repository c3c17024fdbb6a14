# SPDX-License-Identifier: Apache-2.0
"""The knowledge check: what an attempt draws, what an answer scores, what mastery is."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from lti_mentoring.domain.module import MULTIPLE, NEXT_MOVE, ORDER, Item, Module, Slip
from lti_mentoring.domain.rule import RuleBroken

Answer = Mapping[str, object]
"""In normal form: ``{"choice": "B"}`` (single choice, and each step of a next move), ``{"choices": ["A", "C"]}``,
``{"cards": {"1": 0}}`` (card to index of its bin) or ``{"order": ["4", "2", "1", "3"]}``. An order may also be given as
``{"cards": {"1": "3"}}``, card to place from 1, which is what a form without drag sends."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What became of one option or card: chosen, fitting, and why. ``given`` and ``wanted`` are bins, or places from 1, as text."""

    key: str
    chosen: bool
    fits: bool
    why: str = ""
    given: str = ""
    wanted: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """Points of one answer, with the explanation that may be shown now that it is in."""

    points: int
    of: int
    right: bool
    marks: tuple[Mark, ...]
    reason: str = ""
    slips: tuple[Slip, ...] = ()


@dataclass(frozen=True, slots=True)
class OutcomeResult:
    """How one outcome stands: ``missed`` names critical items that were not fully right."""

    outcome: str
    points: int
    of: int
    needed: int
    missed: tuple[str, ...]
    mastered: bool


def steps(item: Item) -> int:
    """How many answers the item takes, one after the other."""
    return len(item.steps) or 1


# --- drawing and shuffling ----------------------------------------------------------------------------------------------


def _lot(*parts: str) -> bytes:
    """A lot that is the same on every machine and in every version of Python."""
    return hashlib.sha256("\x1f".join(parts).encode()).digest()


def draw(module: Module, seed: str, seen: Sequence[str] = ()) -> tuple[str, ...]:
    """The items of an attempt, outcome by outcome: so many of many parts, so many choices, one of these critical if the pool has any.

    ``seen`` lists the items of earlier attempts, repeats included: the least seen come first, so that nothing returns while the pool
    lasts. Which items, and their order, follow from ``seed`` alone.
    """
    drawn: list[str] = []
    for outcome in module.outcomes:
        picked = [key for pool, count in lots(module, outcome.key) for key in _pick(pool, count, seed, seen)]
        drawn += sorted(picked, key=lambda key: _lot(seed, "order", key))
    return tuple(drawn)


def lots(module: Module, outcome: str) -> tuple[tuple[list[Item], int], ...]:
    """What an attempt draws from for an outcome: items of many parts, critical ones, other choices; each pool with how many are taken."""
    pool = module.pool(outcome)
    critical = [item for item in pool if item.critical]
    return (
        ([item for item in pool if item.many_part], module.draw.many_part),
        (critical, int(bool(critical))),
        ([item for item in pool if not item.many_part and not item.critical], module.draw.choice - bool(critical)),
    )


def _pick(pool: Sequence[Item], count: int, seed: str, seen: Sequence[str]) -> list[str]:
    keys = sorted((item.key for item in pool), key=lambda key: (seen.count(key), _lot(seed, "draw", key)))
    return keys[:count]


def shuffled(item: Item, seed: str, step: int = 1) -> tuple[str, ...]:
    """The keys of the item's options or cards as they are shown: new for each attempt, the same within it, and never in the key order."""
    shown = item.cards or item.options(step)
    keys = tuple(sorted((part.key for part in shown), key=lambda key: _lot(seed, "shuffle", item.key, key)))
    return keys[1:] + keys[:1] if keys == item.order else keys


# --- answers -----------------------------------------------------------------------------------------------------------------


def read_answer(item: Item, raw: Mapping[str, object], step: int = 1) -> dict[str, object]:
    """``raw`` in normal form. RuleBroken: ``answer_missing`` (with what is open), ``answer_unknown``, ``answer_places``."""
    if item.kind == ORDER:
        return {"order": _read_order(item, raw.get("order") or _places(item, raw.get("cards")))}
    if item.cards:
        return {"cards": _read_cards(item, raw.get("cards"))}
    known = [choice.key for choice in item.options(step)]
    if item.kind == MULTIPLE:
        chosen = raw.get("choices")
        if not isinstance(chosen, list | tuple) or not chosen:
            raise RuleBroken("answer_missing", item=item.key)
        if not set(map(str, chosen)) <= set(known):
            raise RuleBroken("answer_unknown", item=item.key)
        return {"choices": [key for key in known if key in chosen]}
    choice = raw.get("choice")
    if not choice:
        raise RuleBroken("answer_missing", item=item.key)
    if choice not in known:
        raise RuleBroken("answer_unknown", item=item.key)
    return {"choice": choice}


def _filled(item: Item, raw: object) -> Mapping[str, object]:
    """A value for each card. RuleBroken ``answer_missing`` names the cards that have none."""
    given = raw if isinstance(raw, Mapping) else {}
    left = [card.key for card in item.cards if given.get(card.key) in (None, "")]
    if left:
        raise RuleBroken("answer_missing", item=item.key, cards=tuple(left))
    return given


def _places(item: Item, raw: object) -> list[str]:
    """The order that places spell. RuleBroken ``answer_places`` if a place is taken twice or does not exist."""
    given = _filled(item, raw)
    by_place = {str(place): key for key, place in given.items()}
    order = [by_place.get(str(place), "") for place in range(1, len(item.order) + 1)]
    if len(given) != len(item.order) or not all(order):
        raise RuleBroken("answer_places", item=item.key)
    return order


def _read_cards(item: Item, raw: object) -> dict[str, int]:
    given = _filled(item, raw)
    if set(given) != {card.key for card in item.cards}:
        raise RuleBroken("answer_unknown", item=item.key)
    bins = {str(index): index for index in range(len(item.bins))}
    if not {str(value) for value in given.values()} <= bins.keys():
        raise RuleBroken("answer_unknown", item=item.key)
    return {card.key: bins[str(given[card.key])] for card in item.cards}


def _read_order(item: Item, raw: object) -> list[str]:
    given = [str(key) for key in raw] if isinstance(raw, list | tuple) else []
    if sorted(given) != sorted(item.order):
        raise RuleBroken("answer_places", item=item.key)
    return given


# --- scoring -----------------------------------------------------------------------------------------------------------------


def score(item: Item, answer: Answer, step: int = 1) -> Score:
    """The points of an answer in normal form; a step of a next move is scored alone, out of 1."""
    if item.kind == ORDER:
        return _score_order(item, answer)
    if item.cards:
        return _score_cards(item, answer)
    if item.kind == MULTIPLE:
        return _score_multiple(item, answer)
    of = 1 if item.kind == NEXT_MOVE else item.points
    marks = tuple(Mark(choice.key, choice.key == answer["choice"], choice.right, choice.why) for choice in item.options(step))
    right = any(mark.chosen and mark.fits for mark in marks)
    last = step == steps(item)
    return Score(of if right else 0, of, right, marks, item.reason if last else "")


def _score_multiple(item: Item, answer: Answer) -> Score:
    """2 if exact, 1 with a single error (one missed or one too many), else 0."""
    chosen = cast(list[str], answer["choices"])
    marks = tuple(
        Mark(choice.key, choice.key in chosen, choice.right, "" if choice.if_missed and choice.key in chosen else choice.why)
        for choice in item.choices
    )
    errors = sum(mark.chosen != mark.fits for mark in marks)
    return Score(max(0, item.points - errors), item.points, errors == 0, marks, item.reason)


def _score_cards(item: Item, answer: Answer) -> Score:
    """One point a card."""
    given = cast(Mapping[str, int], answer["cards"])
    marks = tuple(
        Mark(card.key, True, given[card.key] == card.bin, card.why, item.bins[given[card.key]], item.bins[card.bin]) for card in item.cards
    )
    points = sum(mark.fits for mark in marks)
    return Score(points, item.points, points == item.points, marks)


def _score_order(item: Item, answer: Answer) -> Score:
    """6 if right, 4 if only two neighbours have changed places, else 0: scored by pairs, chance would earn half."""
    given = cast(list[str], answer["order"])
    order = list(item.order)
    swapped = [[*order[:at], order[at + 1], order[at], *order[at + 2 :]] for at in range(len(order) - 1)]
    points = item.points if given == order else item.points - 2 if given in swapped else 0
    marks = tuple(
        Mark(
            card.key,
            True,
            given.index(card.key) == order.index(card.key),
            "",
            str(given.index(card.key) + 1),
            str(order.index(card.key) + 1),
        )
        for card in item.cards
    )
    met = tuple(slip for slip in item.slips if given != order and _slipped(given, slip.first, slip.before))
    return Score(points, item.points, given == order, marks, item.reason, met)


def _slipped(given: list[str], first: str, before: str) -> bool:
    return given.index(first) < given.index(before) if before else given[0] == first


# --- mastery -----------------------------------------------------------------------------------------------------------------


def mastery(module: Module, drawn: Sequence[str], points: Mapping[str, int]) -> tuple[OutcomeResult, ...]:
    """Each outcome of an attempt: ``points`` per item, 0 where there is none. Critical items must be fully right, whatever the points."""
    items = [module.item(key) for key in drawn]
    results = []
    for outcome in module.outcomes:
        asked = [item for item in items if item.outcome == outcome.key]
        got = sum(points.get(item.key, 0) for item in asked)
        missed = tuple(item.key for item in asked if item.critical and points.get(item.key, 0) < item.points)
        of = sum(item.points for item in asked)
        results.append(OutcomeResult(outcome.key, got, of, module.draw.needed, missed, got >= module.draw.needed and not missed))
    return tuple(results)


def mastered(results: Sequence[OutcomeResult]) -> bool:
    """A module is mastered when each of its outcomes is."""
    return bool(results) and all(result.mastered for result in results)


def retake_from(wait_hours: Sequence[int], finished: Sequence[datetime]) -> datetime | None:
    """From when the next attempt may begin, given when the earlier ones ended; None is at once.

    ``wait_hours`` is the wait before the second attempt, the third, and so on; its last entry holds for all later ones.
    """
    if not finished or not wait_hours:
        return None
    wait = wait_hours[min(len(finished), len(wait_hours)) - 1]
    return max(finished) + timedelta(hours=wait) if wait else None
