# SPDX-License-Identifier: Apache-2.0
"""The lines of one item of a manuscript, sorted by what they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from lti_mentoring.domain.module import Slip
from lti_mentoring.domain.outline import Line, Part

OPTION = re.compile(r"- (?P<key>[12]?[A-Z])\. (?P<text>.+)$")
_WHY = re.compile(r"- (?P<key>[12]?[A-Z]|\d+)(?P<missed> \(if missed\))?: (?P<why>.+)$")
_CONTRAST = re.compile(r"- (?P<key>[A-Z]\d+) not (?P<level>\d{1,6}): (?P<why>.+)$")
_SLIP = re.compile(r"- (?P<first>\d+) (?:before (?P<before>\d+)|first): (?P<why>.+)$")
_CARD = re.compile(r"(?P<key>\d+)\. (?P<text>.+)$")
_KEY = re.compile(r"\*\*(?P<word>Correct|Key|Model answer):(?P<bold>[^*]*)\*\*(?P<rest>.*)$")
_STEP = re.compile(r"Step (?P<number>\d)\. (?P<prompt>.+)$")

MODEL_ANSWER = "Model answer"

Key = TypeVar("Key", str, tuple[str, int])

Report = Callable[[int, str, str], None]
"""Notes a fault: its line, what is wrong, how to mend it."""


class Script:
    """What an author wrote below an item's heading. ``tail`` holds the lines behind the key that are none of the known ones."""

    def __init__(self, part: Part) -> None:
        self.stem: list[Line] = []
        self.tail: list[Line] = []
        self.options: dict[str, Line] = {}
        self.prompts: dict[str, Line] = {}
        self.cards: dict[str, Line] = {}
        self.whys: dict[str, tuple[int, str, bool]] = {}
        self.contrasts: dict[tuple[str, int], Line] = {}
        self.slips: list[tuple[int, Slip]] = []
        self.twice: list[tuple[int, str]] = []
        self.key: Line | None = None
        self.word = self.answer = self.reason = ""
        for number, line in part.body:
            self._take(number, line)

    def _take(self, number: int, line: str) -> None:
        if option := OPTION.match(line):
            self._once(self.options, option["key"], number, option["text"])
        elif slip := _SLIP.match(line):
            self.slips.append((number, Slip(slip["first"], slip["before"] or "", slip["why"])))
        elif contrast := _CONTRAST.match(line):
            self._once(self.contrasts, (contrast["key"], int(contrast["level"])), number, contrast["why"])
        elif why := _WHY.match(line):
            self.whys[why["key"]] = (number, why["why"], why["missed"] is not None)
        elif card := _CARD.match(line):
            self._once(self.cards, card["key"], number, card["text"])
        elif key := _KEY.match(line):
            self.key, self.word = (number, line), key["word"]
            self.answer, self.reason = key["bold"].strip(" ."), key["rest"].strip()
        elif step := _STEP.match(line):
            self.prompts[step["number"]] = (number, step["prompt"])
        else:
            (self.stem if self.key is None else self.tail).append((number, line))

    def _once(self, into: dict[Key, Line], key: Key, number: int, text: str) -> None:
        if key in into:
            self.twice.append((number, key if isinstance(key, str) else " not ".join(map(str, key))))
        into[key] = (number, text)

    def strays(self, *known: str) -> list[Line]:
        """Lines that an item has no use for if ``known`` are all that it takes: the first of each sort, with the name of the sort."""
        sorts: Mapping[str, list[int]] = {
            "options": [number for number, _ in self.options.values()],
            "steps": [number for number, _ in self.prompts.values()],
            "cards": [number for number, _ in self.cards.values()],
            "wrong orders": [number for number, _ in self.slips],
            "reasons against a level": [number for number, _ in self.contrasts.values()],
            "explanations": [number for number, _, _ in self.whys.values()],
        }
        return [(numbers[0], sort) for sort, numbers in sorts.items() if numbers and sort not in known]
