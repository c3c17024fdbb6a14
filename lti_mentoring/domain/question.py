# SPDX-License-Identifier: Apache-2.0
"""A question as one person sees it: shuffled for this attempt, the next step and the explanations only once an answer is in."""

from __future__ import annotations

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
    slips: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """A question with the steps that may be seen by now."""

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
        number, item.key, item.outcome, item.kind, item.critical, item.stem, item.bins, tuple(asks), complete, points, item.points
    )


def _ask(item: Item, step: int, seed: str, given: Given | None) -> Ask:
    prompt = item.steps[step - 1].prompt if item.steps else ""
    texts = {part.key: part.text for part in item.cards or item.options(step)}
    order = shuffled(item, seed, step)
    if given is None:
        return Ask(step, prompt, tuple(Option(key, texts[key]) for key in order), answered=False)
    result = score(item, given.answer, step)
    return Ask(
        step, prompt, _explained(result, texts, order), True, given.at, result.points, result.of, result.right, result.reason, result.slips
    )


def _explained(result: Score, texts: Mapping[str, str], order: tuple[str, ...]) -> tuple[Option, ...]:
    marks = {mark.key: mark for mark in result.marks}
    return tuple(
        Option(key, texts[key], marks[key].chosen, marks[key].fits, marks[key].why, marks[key].given, marks[key].wanted) for key in order
    )
