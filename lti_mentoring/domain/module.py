# SPDX-License-Identifier: Apache-2.0
"""A training module: what is read, what is asked, and the task that is practised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lti_mentoring.domain.body import LATER
from lti_mentoring.domain.language import Translation

SINGLE, MULTIPLE, NEXT_MOVE, SORT, TAG, ORDER = "single", "multiple", "next_move", "sort", "tag", "order"
RATING, SHORT_TEXT = "rating", "short_text"
CHOICE_KINDS = frozenset({SINGLE, MULTIPLE, NEXT_MOVE})
MANY_PART_KINDS = frozenset({SORT, TAG, ORDER, RATING})
SELF_MARKED_KINDS = frozenset({SHORT_TEXT})
FIXED_KINDS = frozenset({RATING, SHORT_TEXT})


@dataclass(frozen=True, slots=True)
class Turn:
    """One line of a conversation; without a speaker it is a stage direction, such as a silence."""

    speaker: str
    text: str


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a section: ``prose``, ``talk`` (turns), ``comment`` (on the talk before it) or ``keep`` (a card). Text is Markdown."""

    kind: str
    text: str = ""
    turns: tuple[Turn, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the reading: kind ``reading``, ``pause``, ``talk`` or ``card``."""

    key: str
    kind: str
    title: str
    blocks: tuple[Block, ...]
    reads: str = field(default="", metadata=LATER)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a reader can do afterwards: ``text`` as promised, ``title`` short, for results."""

    key: str
    text: str
    title: str


@dataclass(frozen=True, slots=True)
class Choice:
    """An option. ``why`` teaches; with ``if_missed`` it is for those who left a right option out."""

    key: str
    text: str
    right: bool
    why: str = ""
    if_missed: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a next-move item."""

    prompt: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """A card to sort, tag or put in order; ``bin`` is the index of the right bin, -1 where the item is an order."""

    key: str
    text: str
    bin: int = -1
    why: str = ""


@dataclass(frozen=True, slots=True)
class Slip:
    """A likely wrong order: card ``first`` stood before card ``before``, or first of all if ``before`` is empty."""

    first: str
    before: str
    why: str


@dataclass(frozen=True, slots=True)
class Contrast:
    """Why a criterion does not stand at ``level``, which is the one above or the one below its master level."""

    level: int
    why: str


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A criterion of a calibration rating: an anchor for each level, the author's master level, and how far from it a rating still agrees.

    ``tolerance`` is 0 or 1. It decides what a rater is told, not what the rating earns.
    """

    key: str
    text: str
    anchors: tuple[str, str, str, str]
    level: int
    tolerance: int
    contrasts: tuple[Contrast, ...]


@dataclass(frozen=True, slots=True)
class Feature:
    """Something that can be seen in a short text, or not; ``why`` may say where the model answer has it."""

    key: str
    text: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One question of the pool. Which of the tuples are filled follows from ``kind``."""

    key: str
    outcome: str
    kind: str
    points: int
    critical: bool
    stem: str
    reason: str = ""
    choices: tuple[Choice, ...] = ()
    steps: tuple[Step, ...] = ()
    bins: tuple[str, ...] = ()
    cards: tuple[Card, ...] = ()
    order: tuple[str, ...] = ()
    slips: tuple[Slip, ...] = ()
    talk: tuple[Turn, ...] = field(default=(), metadata=LATER)
    benchmarks: tuple[Benchmark, ...] = field(default=(), metadata=LATER)
    words: int = field(default=0, metadata=LATER)
    features: tuple[Feature, ...] = field(default=(), metadata=LATER)
    model: str = field(default="", metadata=LATER)
    reads: str = field(default="", metadata=LATER)

    @property
    def many_part(self) -> bool:
        """Whether it is worth many points: sort, tag, order, calibration rating."""
        return self.kind in MANY_PART_KINDS

    @property
    def self_marked(self) -> bool:
        """Whether the reader marks it, so that it counts for nothing: short text."""
        return self.kind in SELF_MARKED_KINDS

    def options(self, step: int = 1) -> tuple[Choice, ...]:
        """The options of a choice item; ``step`` counts from 1."""
        return self.steps[step - 1].choices if self.steps else self.choices

    def parts(self, step: int = 1) -> Sequence[Choice | Card | Benchmark | Feature]:
        """What a step is answered on: cards, criteria, features or options; nothing while a text is written."""
        if self.features:
            return self.features if step > 1 else ()
        return self.cards or self.benchmarks or self.options(step)


@dataclass(frozen=True, slots=True)
class Draw:
    """What an attempt draws for each outcome, and the points that clear it. ``practice`` items come on top and count for nothing."""

    many_part: int = 1
    choice: int = 2
    points: int = 10
    needed: int = 8
    practice: int = field(default=0, metadata=LATER)


@dataclass(frozen=True, slots=True)
class TaskCriterion:
    """A criterion of the practice task, with four levels."""

    key: str
    title: str
    outcomes: tuple[str, ...]
    critical: bool
    levels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Marking:
    """That a trainer marks the practice task: the level that every criterion needs, and every critical one; how many words may be handed
    in; how many days a trainer has."""

    level: int = 3
    critical: int = 3
    words: int = 1000
    days: int = 7


@dataclass(frozen=True, slots=True)
class Task:
    """The practice task with its rubric and a commented model answer (Markdown). Without ``marking`` its writer holds it against the
    rubric themself."""

    title: str
    text: str
    passing: str
    criteria: tuple[TaskCriterion, ...]
    model_answer: tuple[Block, ...]
    marking: Marking | None = field(default=None, metadata=LATER)
    reads: str = field(default="", metadata=LATER)

    def criterion(self, key: str) -> TaskCriterion:
        """The criterion with that key; KeyError if there is none."""
        for criterion in self.criteria:
            if criterion.key == key:
                return criterion
        raise KeyError(key)


@dataclass(frozen=True, slots=True)
class Times:
    """Minutes for each part."""

    reading: int
    pause: int
    check: int
    practice: int


@dataclass(frozen=True, slots=True)
class Module:
    """A module as it is taught; everything that a person reads is Markdown in the module's language."""

    key: str
    title: str
    intro: str
    competencies: tuple[str, ...]
    times: Times
    outcomes: tuple[Outcome, ...]
    sections: tuple[Section, ...]
    check_intro: str
    items: tuple[Item, ...]
    draw: Draw
    practice: Task
    reads: str = field(default="", metadata=LATER)
    translations: tuple[Translation, ...] = field(default=(), metadata=LATER)

    @property
    def minutes(self) -> int:
        """Minutes for the whole module."""
        return self.times.reading + self.times.pause + self.times.check + self.times.practice

    def item(self, key: str) -> Item:
        """The item with that key; KeyError if there is none."""
        for item in self.items:
            if item.key == key:
                return item
        raise KeyError(key)

    def pool(self, outcome: str) -> Sequence[Item]:
        """The items of an outcome, in the order of the manuscript."""
        return [item for item in self.items if item.outcome == outcome]
