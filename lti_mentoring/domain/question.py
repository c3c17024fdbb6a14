# SPDX-License-Identifier: Apache-2.0
"""A question as one person sees it: shuffled for this attempt, the next step and the explanations only once an answer is in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from lti_mentoring.domain.module import Item
from lti_mentoring.domain.training import Answer, Score, score, shuffled, steps


@dataclass(frozen=True, slots=True)
class Given:
    """An answer that is in, in normal form, and since when (None in a preview, where nothing is kept)."""

    answer: Answer
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Option:
    """A choice or card as shown. ``fits`` is None until the answer is in; ``given`` and ``wanted`` name bins or places."""

    key: str
    text: str
    chosen: bool = False
    fits: bool | None = None
    why: str = ""
    given: str = ""
    wanted: str = ""


@dataclass(frozen=True, slots=True)
class Mistake:
    """A slip that was made: the card in place ``first`` stood before the one in place ``before`` (empty: before all others)."""

    first: str
    before: str
    why: str


@dataclass(frozen=True, slots=True)
class Ask:
    """One step of a question. Points, reason and slips stand empty until it is answered."""

    step: int
    prompt: str
    options: tuple[Option, ...]
    answered: bool
    kept_at: datetime | None = None
    points: int = 0
    of: int = 0
    right: bool = False
    reason: str = ""
    slips: tuple[Mistake, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """A question with the steps that may be seen by now. ``lettered``: its explanations name options by their letters."""

    number: int
    key: str
    outcome: str
    kind: str
    critical: bool
    stem: str
    bins: tuple[str, ...]
    asks: tuple[Ask, ...]
    complete: bool
    points: int
    of: int
    lettered: bool

    @property
    def right(self) -> bool:
        """Whether it is complete and fully right."""
        return self.complete and self.points == self.of


def pose(item: Item, number: int, seed: str, given: Mapping[int, Given]) -> Question:
    """``item`` as number ``number`` of an attempt with this seed; ``given`` holds the answers so far by step, from 1."""
    asks = []
    for step in range(1, steps(item) + 1):
        asks.append(_ask(item, step, seed, given.get(step)))
        if step not in given:
            break
    complete = all(ask.answered for ask in asks) and len(asks) == steps(item)
    points = sum(ask.points for ask in asks)
    return Question(
        number=number,
        key=item.key,
        outcome=item.outcome,
        kind=item.kind,
        critical=item.critical,
        stem=item.stem,
        bins=item.bins,
        asks=tuple(asks),
        complete=complete,
        points=points,
        of=item.points,
        lettered=_lettered(item),
    )


def _lettered(item: Item) -> bool:
    """Whether an explanation speaks of "B" or "1C". A lone "A" is taken for the article."""
    choices = [choice for step in range(1, steps(item) + 1) for choice in item.options(step)]
    texts = " ".join((item.reason, *(choice.why for choice in choices)))
    return any(choice.key != "A" and re.search(rf"\b{choice.key}\b", texts) for choice in choices)


def _ask(item: Item, step: int, seed: str, given: Given | None) -> Ask:
    prompt = item.steps[step - 1].prompt if item.steps else ""
    texts = {part.key: part.text for part in item.cards or item.options(step)}
    order = shuffled(item, seed, step)
    if given is None:
        return Ask(step, prompt, tuple(Option(key, texts[key]) for key in order), answered=False)
    result = score(item, given.answer, step)
    return Ask(
        step=step,
        prompt=prompt,
        options=_explained(result, texts, order),
        answered=True,
        kept_at=given.at,
        points=result.points,
        of=result.of,
        right=result.right,
        reason=result.reason,
        slips=_mistakes(result),
    )


def _mistakes(result: Score) -> tuple[Mistake, ...]:
    """The slips by the places that were given, which is what the reader sees."""
    place = {mark.key: mark.given for mark in result.marks}
    return tuple(Mistake(place[slip.first], place.get(slip.before, ""), slip.why) for slip in result.slips)


def _explained(result: Score, texts: Mapping[str, str], order: tuple[str, ...]) -> tuple[Option, ...]:
    """The options as they were shown; cards of an order stand in the order that fits."""
    marks = {mark.key: mark for mark in result.marks}
    if all(mark.wanted.isdecimal() for mark in result.marks):
        order = tuple(sorted(order, key=lambda key: int(marks[key].wanted)))
    return tuple(
        Option(key, texts[key], marks[key].chosen, marks[key].fits, marks[key].why, marks[key].given, marks[key].wanted) for key in order
    )
