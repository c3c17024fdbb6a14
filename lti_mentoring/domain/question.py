# SPDX-License-Identifier: Apache-2.0
"""A question as one person sees it: shuffled for this attempt, the next step and the explanations only once an answer is in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from lti_mentoring.domain.answer import PLACES, TEXT, TICKS, Answer, Score, form, score, steps
from lti_mentoring.domain.module import Benchmark, Card, Choice, Contrast, Feature, Item, Turn
from lti_mentoring.domain.training import shuffled


@dataclass(frozen=True, slots=True)
class Given:
    """An answer that is in, in normal form, and since when (None in a preview, where nothing is kept)."""

    answer: Answer
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Option:
    """A choice, card, criterion or feature as shown. ``fits`` is None until the answer is in; ``given`` and ``wanted`` name bins, places or
    levels. A criterion has an ``anchors`` entry for each level, and once it is rated ``contrasts`` and ``points``."""

    key: str
    text: str
    chosen: bool = False
    fits: bool | None = None
    why: str = ""
    given: str = ""
    wanted: str = ""
    anchors: tuple[str, ...] = ()
    contrasts: tuple[Contrast, ...] = ()
    points: int = 0


@dataclass(frozen=True, slots=True)
class Mistake:
    """A slip that was made: the card in place ``first`` stood before the one in place ``before`` (empty: before all others)."""

    first: str
    before: str
    why: str


@dataclass(frozen=True, slots=True)
class Ask:
    """One step of a question. Points, reason and slips stand empty until it is answered.

    ``form`` is the form of its answer. ``text`` is what the reader has written, for themselves alone; ``model`` is what it is held against.
    """

    step: int
    form: str
    prompt: str
    options: tuple[Option, ...]
    answered: bool
    kept_at: datetime | None = None
    points: int = 0
    of: int = 0
    right: bool = False
    reason: str = ""
    slips: tuple[Mistake, ...] = ()
    text: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """A question with the steps that may be seen by now. ``lettered``: its explanations name options by their letters.

    ``practice``: the reader marks it, and it counts for nothing (``of`` is 0). ``words`` is how long a text may be,
    ``reads`` the language of its words.
    """

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
    practice: bool
    talk: tuple[Turn, ...]
    words: int
    reads: str = ""

    @property
    def right(self) -> bool:
        """Whether it is complete and fully right; never, where nothing counts."""
        return self.complete and not self.practice and self.points == self.of


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
        of=0 if item.self_marked else item.points,
        lettered=_lettered(item),
        practice=item.self_marked,
        talk=item.talk,
        words=item.words,
        reads=item.reads,
    )


def _lettered(item: Item) -> bool:
    """Whether an explanation speaks of "B" or "1C". A lone "A" is taken for the article."""
    choices = [*item.choices, *(choice for step in item.steps for choice in step.choices)]
    texts = " ".join((item.reason, *(choice.why for choice in choices)))
    return any(choice.key != "A" and re.search(rf"\b{choice.key}\b", texts) for choice in choices)


def _ask(item: Item, step: int, seed: str, given: Given | None) -> Ask:
    prompt = item.steps[step - 1].prompt if item.steps else ""
    shape = form(item, step)
    model = item.model if shape == TICKS else ""
    options = {part.key: _option(part) for part in item.parts(step)}
    order = shuffled(item, seed, step)
    if given is None:
        return Ask(step, shape, prompt, tuple(options[key] for key in order), answered=False, model=model)
    result = score(item, given.answer, step)
    return Ask(
        step=step,
        form=shape,
        prompt=prompt,
        options=_explained(item, result, options, _places(result, order) if shape == PLACES else order),
        answered=True,
        kept_at=given.at,
        points=result.points,
        of=result.of,
        right=result.right,
        reason=result.reason,
        slips=_mistakes(result),
        text=str(given.answer.get(TEXT, "")),
        model=model,
    )


def _option(part: Choice | Card | Benchmark | Feature) -> Option:
    return Option(part.key, part.text, anchors=part.anchors if isinstance(part, Benchmark) else ())


def _mistakes(result: Score) -> tuple[Mistake, ...]:
    """The slips by the places that were given, which is what the reader sees."""
    place = {mark.key: mark.given for mark in result.marks}
    return tuple(Mistake(place[slip.first], place.get(slip.before, ""), slip.why) for slip in result.slips)


def _places(result: Score, order: tuple[str, ...]) -> tuple[str, ...]:
    """Cards of an order in the order that fits."""
    wanted = {mark.key: int(mark.wanted) for mark in result.marks}
    return tuple(sorted(order, key=wanted.__getitem__))


def _explained(item: Item, result: Score, options: Mapping[str, Option], order: tuple[str, ...]) -> tuple[Option, ...]:
    """The options as they were shown, with what became of each."""
    marks = {mark.key: mark for mark in result.marks}
    contrasts = {one.key: one.contrasts for one in item.benchmarks}
    return tuple(
        replace(
            options[key],
            chosen=marks[key].chosen,
            fits=marks[key].fits,
            why=marks[key].why,
            given=marks[key].given,
            wanted=marks[key].wanted,
            contrasts=contrasts.get(key, ()),
            points=marks[key].points,
        )
        for key in order
    )
