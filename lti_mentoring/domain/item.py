# SPDX-License-Identifier: Apache-2.0
"""One question of a knowledge check, read from the module's manuscript."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from lti_mentoring.domain.benchmark import rating_item
from lti_mentoring.domain.essay import text_item
from lti_mentoring.domain.module import (
    CHOICE_KINDS,
    MANY_PART_KINDS,
    MULTIPLE,
    NEXT_MOVE,
    ORDER,
    RATING,
    SELF_MARKED_KINDS,
    SHORT_TEXT,
    SINGLE,
    SORT,
    TAG,
    Card,
    Choice,
    Item,
    Step,
)
from lti_mentoring.domain.outline import Fault, Part, text_of
from lti_mentoring.domain.script import MODEL_ANSWER, Report, Script

KINDS = {
    "single choice": SINGLE,
    "multiple choice": MULTIPLE,
    "next move, two steps": NEXT_MOVE,
    "sort": SORT,
    "tag the utterances": TAG,
    "put in order": ORDER,
    "calibration rating": RATING,
    "short text": SHORT_TEXT,
}
POINTS = dict.fromkeys(CHOICE_KINDS | SELF_MARKED_KINDS, 2) | dict.fromkeys(MANY_PART_KINDS, 6)
ORDER_CARDS = 4

_HEADING = re.compile(r"(?P<key>\S+) · (?P<kind>[^·]+?) · (?P<points>\d{1,6}) points?(?P<critical> · CRITICAL)?$")
_BINS = re.compile(r"(?:Bins|Tags): (?P<bins>.+)$")
def read_item(part: Part, outcome: str, file: str) -> tuple[Item | None, list[Fault]]:
    """The item below a heading such as ``O1-04 · single choice · 2 points``, or the faults that keep it from being one."""
    faults: list[Fault] = []

    def report(line: int, message: str, remedy: str) -> None:
        faults.append(Fault(file, line, message, remedy))

    head = _HEADING.match(part.title)
    if head is None:
        report(
            part.line,
            f"“{part.title}” is no heading of an item.",
            "Write it as “O1-04 · single choice · 2 points”, with “ · CRITICAL” if it is.",
        )
        return None, faults
    kind = KINDS.get(head["kind"])
    if kind is None:
        report(part.line, f"{head['key']} has the unknown type “{head['kind']}”.", f"Use one of: {', '.join(KINDS)}.")
        return None, faults
    script = Script(part)
    item = Item(head["key"], outcome, kind, int(head["points"]), head["critical"] is not None, text_of(script.stem))
    _check_frame(item, script, part, report)
    if script.key is not None:
        item = _BUILDERS[kind](item, script, part, report)
    return (None if faults else item), faults


def _check_frame(item: Item, script: Script, part: Part, report: Report) -> None:
    if item.points != POINTS[item.kind]:
        report(part.line, f"{item.key} gives {item.points} points.", f"Items of this type give {POINTS[item.kind]}.")
    if not item.key.startswith(f"{item.outcome}-"):
        report(part.line, f"{item.key} stands below {item.outcome}.", "Move it below its own outcome, or mend its key.")
    if not item.stem:
        report(part.line, f"{item.key} has no situation.", "Write the situation between the heading and the options.")
    keyed = item.kind not in SELF_MARKED_KINDS
    if script.key is None and keyed:
        report(part.line, f"{item.key} has no key.", "Add a line that begins with “**Correct: B.**” or “**Key:**”.")
    elif script.key is None or (script.word == MODEL_ANSWER) is keyed:
        line, _ = script.key or (part.line, "")
        has, wants = ("a model answer in place of its key", "**Key:**") if keyed else ("no model answer", f"**{MODEL_ANSWER}:**")
        report(line, f"{item.key} has {has}.", f"Begin the line that tells it with “{wants}”.")
    for number, key in script.twice:
        report(number, f"{item.key} has {key} twice.", "Give each option, card or reason a letter or number of its own.")


def _choice_item(item: Item, script: Script, part: Part, report: Report) -> Item:
    right = [key.strip() for key in script.answer.split(",")]
    line = script.key[0] if script.key else part.line
    if len(script.options) < 2:
        report(part.line, f"{item.key} has fewer than two options.", "Write each option as a line “- A. …”.")
    for key in right:
        if key not in script.options:
            report(line, f"The key of {item.key} names {key}, which is no option.", "Name the letters of options of this item.")
    for key, (number, _, _) in script.whys.items():
        if key not in script.options:
            report(number, f"{item.key} explains {key}, which is no option.", "Explain options of this item only.")
    if item.kind == SINGLE and len(right) != 1:
        report(line, f"{item.key} is a single choice with {len(right)} right answers.", "Leave one, or make it a multiple choice.")
    choices = tuple(_choice(item, key, key in right, script, report) for key in script.options)
    if item.kind == NEXT_MOVE:
        return replace(item, reason=script.reason, steps=_steps(item, choices, script, part, report))
    return replace(item, reason=script.reason, choices=choices)


def _choice(item: Item, key: str, right: bool, script: Script, report: Report) -> Choice:
    number, text = script.options[key]
    _, why, missed = script.whys.get(key, (0, "", False))
    if not why and not right:
        report(
            number,
            f"{item.key} does not explain the wrong option {key}.",
            f"Add “- {key}: …” below the key: what is right about it, and what it costs.",
        )
    if not why and right and item.kind == MULTIPLE:
        report(number, f"{item.key} says nothing to those who miss option {key}.", f"Add “- {key} (if missed): …” below the key.")
    return Choice(key, text, right, why, missed)


def _steps(item: Item, choices: tuple[Choice, ...], script: Script, part: Part, report: Report) -> tuple[Step, ...]:
    steps = tuple(
        Step(prompt, tuple(choice for choice in choices if choice.key.startswith(number))) for number, (_, prompt) in script.prompts.items()
    )
    if tuple(script.prompts) != ("1", "2"):
        report(part.line, f"{item.key} needs two steps.", "Begin them with “Step 1.” and “Step 2.”, and letter the options 1A and 2A.")
    for number, step in enumerate(steps, 1):
        if sum(choice.right for choice in step.choices) != 1:
            report(part.line, f"Step {number} of {item.key} needs one right answer.", "Name one option of each step in the key.")
    return steps


def _sort_item(item: Item, script: Script, part: Part, report: Report) -> Item:
    head = _BINS.search(item.stem)
    bins = tuple(name.strip() for name in head["bins"].split(" / ")) if head else ()
    if len(bins) < 2:
        report(part.line, f"{item.key} names no bins.", "End the situation with “Bins: one / two” or “Tags: one / two”.")
    if len(script.cards) != item.points:
        report(part.line, f"{item.key} has {len(script.cards)} cards for {item.points} points.", "Write one card a point, as “1. …”.")
    line = script.key[0] if script.key else part.line
    key = _sort_key(item, f"{script.answer} {script.reason}", bins, line, report)
    for extra in key.keys() - script.cards.keys():
        report(line, f"The key of {item.key} names card {extra}, which does not exist.", "Name cards of this item.")
    cards = []
    for card, (number, text) in script.cards.items():
        if card not in key:
            report(number, f"{item.key} has no key for card {card}.", f"Add “{card} …” to the line that begins with “**Key:**”.")
        if card not in script.whys:
            report(number, f"{item.key} does not explain card {card}.", f"Add “- {card}: …” below the key, on the tempting wrong bin.")
        cards.append(Card(card, text, key.get(card, -1), script.whys.get(card, (0, "", False))[1]))
    stem = item.stem[: head.start()].strip() if head else item.stem
    return replace(item, stem=stem, bins=bins, cards=tuple(cards))


def _sort_key(item: Item, text: str, bins: tuple[str, ...], line: int, report: Report) -> dict[str, int]:
    """Card to bin. The key may shorten a bin's name, as long as its words fit one bin only ("Exception", "Pass on")."""
    key: dict[str, int] = {}
    for entry in text.strip(" .").split(";"):
        card, _, name = entry.strip().partition(" ")
        fitting = [index for index, bin_ in enumerate(bins) if bin_ == name] or [
            index for index, bin_ in enumerate(bins) if name and set(_words(name)) <= set(_words(bin_))
        ]
        if len(fitting) == 1:
            key[card] = fitting[0]
        else:
            report(line, f"The key of {item.key} puts card {card} in “{name}”.", f"Name one of its bins: {' / '.join(bins)}.")
    return key


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _order_item(item: Item, script: Script, part: Part, report: Report) -> Item:
    line = script.key[0] if script.key else part.line
    order = tuple(re.findall(r"\d+", f"{script.answer} {script.reason}".partition("(")[0]))
    if len(script.cards) != ORDER_CARDS:
        report(part.line, f"{item.key} has {len(script.cards)} cards.", f"An order has {ORDER_CARDS}, since that is how it is scored.")
    if sorted(order) != sorted(script.cards):
        report(line, f"The key of {item.key} is no order of its cards.", "Name each card once, as “**Key:** 3, 4, 1, 2.”.")
    elif order == tuple(script.cards):
        report(line, f"{item.key} is printed in its key order.", "Print the cards in another order.")
    if not script.slips:
        report(part.line, f"{item.key} explains no wrong order.", "Add “- 2 before 4: …” or “- 1 first: …” below the key.")
    for number, slip in script.slips:
        if not {slip.first, slip.before or slip.first} <= script.cards.keys():
            report(number, f"{item.key} explains an order of cards that it does not have.", "Name cards of this item.")
    cards = tuple(Card(key, text) for key, (_, text) in script.cards.items())
    return replace(item, reason=_after_key(script), cards=cards, order=order, slips=tuple(slip for _, slip in script.slips))


def _after_key(script: Script) -> str:
    """What the key line says in brackets: the steps of the order by name."""
    bracket = re.search(r"\(([^)]+)\)", script.reason)
    return bracket[1] if bracket else ""


_BUILDERS: Mapping[str, Callable[[Item, Script, Part, Report], Item]] = {
    SINGLE: _choice_item,
    MULTIPLE: _choice_item,
    NEXT_MOVE: _choice_item,
    SORT: _sort_item,
    TAG: _sort_item,
    ORDER: _order_item,
    RATING: rating_item,
    SHORT_TEXT: text_item,
}
