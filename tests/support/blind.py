# SPDX-License-Identifier: Apache-2.0
"""Somebody who answers a knowledge check without looking at it."""

from __future__ import annotations

import random

from lti_mentoring.domain import answer, training
from lti_mentoring.domain.module import Item, Module
from lti_mentoring.domain.programme import LEVELS


def guessed(module: Module, seed: str, chance: random.Random) -> dict[str, bool]:
    """One attempt, answered blindly: which outcomes it clears."""
    drawn = training.draw(module, seed)
    points: dict[str, int] = {}
    for item in map(module.item, drawn):
        for step in range(1, answer.steps(item) + 1):
            scored = answer.score(item, answer.read_answer(item, {answer.form(item, step): _guess(item, step, chance)}, step), step)
            points[item.key] = points.get(item.key, 0) + scored.points
    return {result.outcome: result.mastered for result in training.mastery(module, drawn, points)}


def _guess(item: Item, step: int, chance: random.Random) -> object:
    """What the form of a step takes, each as likely as the next."""
    keys = [part.key for part in item.parts(step)]
    some = [key for key in keys if chance.random() < 0.5]
    while not some and keys:
        some = [key for key in keys if chance.random() < 0.5]
    return {
        "order": chance.sample(keys, len(keys)),
        "cards": {key: chance.randrange(len(item.bins) or 1) for key in keys},
        "levels": {key: chance.choice(LEVELS) for key in keys},
        "choices": some,
        "choice": chance.choice(keys or [""]),
        "ticks": some,
        "text": "x",
    }[answer.form(item, step)]
