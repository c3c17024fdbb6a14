# SPDX-License-Identifier: Apache-2.0
"""What gives an answer away to somebody who has not read the module: length, place, equal bins, how options are built, telling words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import comb
from typing import NamedTuple

from lti_mentoring.domain.module import SINGLE, SORT, Choice, Item
from lti_mentoring.domain.prose import plain

LONGEST_TO_SHORTEST = Fraction(5, 4)
OPTIONS = 4
LEAST_SHARE, MOST_SHARE = Fraction(15, 100), Fraction(35, 100)
FEWEST = 8
"""Below so many items a share says nothing: of five, no letter can have its part."""

UNEQUAL_BINS = Fraction(1, 3)
TELLING = ("always", "never", "only", "simply", "just")
BY_CHANCE = Fraction(1, 20)
BUILT = {
    "ask a question": re.compile(r"[?？؟]"),
    "have a colon or semicolon": re.compile(r"[:;：；؛]"),
    "have more than one sentence": re.compile(r"[.?!。？！؟…][\"”’')\]]*\s*\S"),
    "come in three parts": re.compile(r"[,，،、].*[,，،、]", re.DOTALL),
}
"""How an option may be built, in any language that has these marks."""

BUILT_IN_ENGLISH = {"give a reason": re.compile(r"\b(?:since|because|so that|lest|as (?:he|she|they|it|you|I|that|this))\b")}
BY_RARE_CHANCE = Fraction(1, 50)
"""For how options are built: there are many ways, and one of them stands out by chance now and then."""

DEFINING = re.compile(r"\b(?:is called|means|defined)\b", re.IGNORECASE)


class Note(NamedTuple):
    """Something counted that is not as it is meant to be: where to look (the first of ``places`` that is there), what, and what to do."""

    places: tuple[str, ...]
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Share:
    """So much of so many. A key that is as long as another option counts in part."""

    part: Fraction
    of: int
    items: tuple[str, ...] = ()

    @property
    def rate(self) -> Fraction:
        """The part of one; 0 of nothing."""
        return self.part / self.of if self.of else Fraction(0)

    @property
    def fair(self) -> bool:
        """Whether it lies where chance would put it, or the items are too few to tell."""
        return self.of < FEWEST or LEAST_SHARE <= self.rate <= MOST_SHARE

    def __str__(self) -> str:
        return f"{round(float(self.part), 1):g} of {self.of} ({round(100 * self.rate)} %)"


def notes(items: Iterable[Item], *, english: bool, built: bool = True) -> Iterator[Note]:
    """What gives answers away in these items. Telling words and words of a definition are English ones; ``built``: how options are built
    is looked at, too."""
    items = tuple(items)
    yield from _uneven(items)
    yield from _lengths(items)
    yield from _letters(items)
    yield from _bins(items)
    yield from _built(items, BUILT | (BUILT_IN_ENGLISH if english else {})) if built else ()
    if english:
        yield from _telling(items)
        yield from _defining(items)


def questions(items: Iterable[Item]) -> Iterator[tuple[str, tuple[Choice, ...]]]:
    """Each set of options with the key of its item: one a choice item, two a next move."""
    for item in items:
        for choices in [step.choices for step in item.steps] or [item.choices]:
            if choices:
                yield item.key, choices


# --- length and place -----------------------------------------------------------------------------------------------------------


def _length(choice: Choice) -> int:
    return len(plain(choice.text))


def key_is(items: Iterable[Item], most: bool) -> Share:
    """How often the key is the longest of four options (or the shortest), over all questions with four options and one key."""
    part, of, found = Fraction(0), 0, []
    for name, choices in questions(items):
        if len(choices) != OPTIONS or sum(choice.right for choice in choices) != 1:
            continue
        lengths = [_length(choice) for choice in choices]
        end = max(lengths) if most else min(lengths)
        of += 1
        if any(choice.right and _length(choice) == end for choice in choices):
            part += Fraction(1, lengths.count(end))
            found.append(name)
    return Share(part, of, tuple(dict.fromkeys(found)))


def letters(items: Iterable[Item]) -> dict[str, Share]:
    """How often each letter is the key of a single choice with four options."""
    fours = [item for item in items if item.kind == SINGLE and len(item.choices) == OPTIONS]
    keyed = [(choice.key, item.key) for item in fours for choice in item.choices if choice.right]
    named = sorted({choice.key for item in fours for choice in item.choices})
    found = {letter: tuple(item for key, item in keyed if key == letter) for letter in named}
    return {letter: Share(Fraction(len(where)), len(fours), where) for letter, where in found.items()}


def _uneven(items: tuple[Item, ...]) -> Iterator[Note]:
    for name, choices in questions(items):
        shortest, *_, longest = sorted(choices, key=_length)
        most, least = _length(longest), _length(shortest)
        if most > LONGEST_TO_SHORTEST * least:
            yield Note(
                (f"{name} {longest.key}", name),
                f"{name}: option {longest.key} has {most} letters, option {shortest.key} has {least}.",
                f"Bring the longest to within {float(LONGEST_TO_SHORTEST):g} times the shortest.",
            )


def _lengths(items: tuple[Item, ...]) -> Iterator[Note]:
    for most, word in ((True, "longest"), (False, "shortest")):
        share = key_is(items, most)
        if not share.fair:
            yield _unfair(f"The key is the {word} option in {share} questions with four options", share)


def _letters(items: tuple[Item, ...]) -> Iterator[Note]:
    for letter, share in letters(items).items():
        if not share.fair:
            yield _unfair(f"{letter} is the key in {share} single choices with four options", share)


def _unfair(message: str, share: Share) -> Note:
    named = f": {', '.join(share.items)}" if share.rate > MOST_SHARE else ""
    return Note(
        ("Knowledge check",),
        f"{message}{named}.",
        f"Bring it to between {round(100 * LEAST_SHARE)} and {round(100 * MOST_SHARE)} %, so that it gives nothing away.",
    )


# --- bins -----------------------------------------------------------------------------------------------------------------------


def unequal_bins(items: Iterable[Item]) -> Share:
    """How many sort items have bins that do not all take the same number of cards."""
    sorts = [item for item in items if item.kind == SORT]
    found = []
    for item in sorts:
        sizes = [sum(card.bin == index for card in item.cards) for index in range(len(item.bins))]
        if len(set(sizes)) > 1:
            found.append(item.key)
    return Share(Fraction(len(found)), len(sorts), tuple(found))


def _bins(items: tuple[Item, ...]) -> Iterator[Note]:
    share = unequal_bins(items)
    if share.of and share.rate < UNEQUAL_BINS:
        yield Note(
            ("Knowledge check",),
            f"Bins of unequal size: in {share} sort items.",
            "Let at least a third have them, so that the last card cannot be told by counting.",
        )


# --- words ----------------------------------------------------------------------------------------------------------------------


def _telling(items: tuple[Item, ...]) -> Iterator[Note]:
    options = [choice for _, choices in questions(items) for choice in choices]
    keys = sum(choice.right for choice in options)
    wrong = len(options) - keys
    for told, words in (*((f"“{word}” stands", (word,)) for word in TELLING), ("The five telling words together stand", TELLING)):
        pattern = re.compile(rf"\b(?:{'|'.join(words)})\b", re.IGNORECASE)
        having = [choice.right for choice in options if pattern.search(plain(choice.text))]
        among = sum(having)
        if lopsided(among, keys, len(having) - among, wrong):
            yield Note(
                ("Knowledge check",),
                f"{told} in {among} of {keys} keys and in {len(having) - among} of {wrong} wrong options, "
                "which chance would do less than once in twenty.",
                "Use them in keys and wrong options alike, or not at all.",
            )


def _built(items: tuple[Item, ...], ways: Mapping[str, re.Pattern[str]]) -> Iterator[Note]:
    """Where the keys are built otherwise than the wrong options, over the questions that have one key."""
    ones = [choices for _, choices in questions(items) if sum(choice.right for choice in choices) == 1]
    options = [choice for choices in ones for choice in choices]
    keys = len(ones)
    wrong = len(options) - keys
    for way, pattern in ways.items():
        having = [choice.right for choice in options if pattern.search(plain(choice.text))]
        among, beside = sum(having), len(having) - sum(having)
        if lopsided(among, keys, beside, wrong, BY_RARE_CHANCE):
            yield Note(
                ("Knowledge check",),
                f"{among} of {keys} keys {way}, and {beside} of {wrong} wrong options, which chance would do less than once in fifty.",
                "Build keys and wrong options alike.",
            )


def lopsided(among: int, keys: int, beside: int, wrong: int, by_chance: Fraction = BY_CHANCE) -> bool:
    """Whether something stands clearly more often in keys than in wrong options, or the reverse: Fisher's exact test, either side."""
    having = among + beside
    ways = [comb(keys, here) * comb(wrong, having - here) for here in range(having + 1)]
    return min(sum(ways[: among + 1]), sum(ways[among:])) < by_chance * comb(keys + wrong, having)


def _defining(items: tuple[Item, ...]) -> Iterator[Note]:
    for item in items:
        for text in (item.stem, *(step.prompt for step in item.steps)):
            if found := DEFINING.search(text):
                yield Note((item.key,), f"The stem of {item.key} says “{found[0]}”.", "Ask which case fits, not what a term is.")
