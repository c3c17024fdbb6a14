# SPDX-License-Identifier: Apache-2.0
"""A module's body as the manuscript that it would be read from: the inverse of ``manuscript``, line by line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from lti_mentoring.domain.item import KINDS
from lti_mentoring.domain.marking import NUMBERS
from lti_mentoring.domain.module import MULTIPLE, NEXT_MOVE, ORDER, RATING, SHORT_TEXT, SINGLE, SORT, TAG

Body = Mapping[str, Any]
Steps = tuple[str | int, ...]
"""Where something stands in a body: names of fields and numbers in lists."""

NAMES = {kind: name for name, kind in KINDS.items()}
MINUTES = {"reading": "reading", "pause": "pause", "check": "knowledge check", "practice": "practice task"}
"""What the first paragraph of a module calls each of its times."""


class Manuscript:
    """Lines as they are written, with the place in the body that each was written from."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.places: dict[int, Steps] = {}

    def add(self, text: str, *steps: str | int) -> None:
        """A text of one or more lines."""
        for line in text.split("\n"):
            self.lines.append(line)
            self.places[len(self.lines)] = steps

    def gap(self) -> None:
        """One blank line, and never two."""
        if self.lines and self.lines[-1]:
            self.add("")

    @property
    def text(self) -> str:
        """The whole manuscript."""
        return "\n".join(self.lines).rstrip("\n") + "\n"


def manuscript_of(body: Body) -> Manuscript:
    """The manuscript of a module's body. What is typed into a body wrongly is written as it stands, for the reader to find."""
    made = Manuscript()
    made.add(f"# {body['key']} · {body['title']}", "title")
    made.gap()
    made.add(timed(str(body["intro"]), body["times"]), "intro")
    made.gap()
    made.add("## Learning outcomes", "outcomes")
    made.gap()
    for at, one in enumerate(body["outcomes"]):
        made.add(f"- **{one['key']}** {one['text']}.", "outcomes", at, "text")
    made.gap()
    made.add("## Reading", "sections")
    for at, section in enumerate(body["sections"]):
        made.gap()
        made.add(f"### {section['key']}. {section['title']}", "sections", at, "title")
        made.gap()
        made.add(markdown(section["blocks"]), "sections", at, "blocks")
    made.gap()
    made.add("## Knowledge check", "check_intro")
    made.gap()
    made.add(str(body["check_intro"]), "check_intro")
    _items(made, body)
    _task(made, body["practice"])
    return made


def timed(intro: str, times: Mapping[str, object]) -> str:
    """The introduction with the minutes that its first paragraph says."""
    first, gap, rest = intro.partition("\n\n")
    for part, words in MINUTES.items():
        said = f"{words} {times[part]} min".replace("\\", r"\\")  # as it stands, whatever was typed
        first = re.sub(rf"\b{words} \d+ min\b", said, first)
    return f"{first}{gap}{rest}"


def markdown(blocks: Iterable[Body]) -> str:
    """Blocks as ``outline.blocks`` reads them."""
    return "\n\n".join(_block(one) for one in blocks)


def _block(block: Body) -> str:
    if block["kind"] == "talk":
        return "\n".join(_turn(turn) for turn in block["turns"])
    if block["kind"] == "keep":
        return "\n".join(f"> {line}".rstrip() for line in block["text"].split("\n"))
    return str(block["text"])


def _turn(turn: Body) -> str:
    return f"> **{turn['speaker']}:** {turn['text']}" if turn["speaker"] else f"> {turn['text']}"


# --- the knowledge check ------------------------------------------------------------------------------------------------


def _items(made: Manuscript, body: Body) -> None:
    """Below their outcomes, in the order in which the items come."""
    names = {one["key"]: (at, one["title"]) for at, one in enumerate(body["outcomes"])}
    for key in dict.fromkeys(item["outcome"] for item in body["items"]):
        at, title = names[key]
        made.gap()
        made.add(f"### {key} · {title}", "outcomes", at, "title")
        for number, item in enumerate(body["items"]):
            if item["outcome"] == key:
                made.gap()
                _item(made, item, ("items", number))


def _item(made: Manuscript, item: Body, at: Steps) -> None:
    critical = " · CRITICAL" if item["critical"] else ""
    made.add(f"#### {item['key']} · {NAMES[item['kind']]} · {item['points']} points{critical}", *at, "stem")
    made.add(str(item["stem"]), *at, "stem")
    _WRITERS[item["kind"]](made, item, at)


def _choice_item(made: Manuscript, item: Body, at: Steps) -> None:
    _options(made, item["choices"], (*at, "choices"))
    _key(made, item, item["choices"], at)
    _whys(made, item["choices"], (*at, "choices"))


def _next_move(made: Manuscript, item: Body, at: Steps) -> None:
    for number, step in enumerate(item["steps"]):
        made.gap()
        made.add(f"Step {number + 1}. {step['prompt']}", *at, "steps", number, "prompt")
        _options(made, step["choices"], (*at, "steps", number, "choices"))
    _key(made, item, [choice for step in item["steps"] for choice in step["choices"]], at)
    for number, step in enumerate(item["steps"]):
        _whys(made, step["choices"], (*at, "steps", number, "choices"))


def _options(made: Manuscript, choices: Iterable[Body], at: Steps) -> None:
    for number, one in enumerate(choices):
        made.add(f"- {one['key']}. {one['text']}", *at, number, "text")


def _key(made: Manuscript, item: Body, choices: Iterable[Body], at: Steps) -> None:
    made.gap()
    right = ", ".join(one["key"] for one in choices if one["right"])
    made.add(f"**Correct: {right}.** {item['reason']}".rstrip(), *at, "reason")


def _whys(made: Manuscript, parts: Iterable[Body], at: Steps) -> None:
    for number, one in enumerate(parts):
        if one["why"]:
            made.add(f"- {one['key']}{' (if missed)' if one.get('if_missed') else ''}: {one['why']}", *at, number, "why")


def _cards(made: Manuscript, item: Body, at: Steps) -> None:
    for number, card in enumerate(item["cards"]):
        made.add(f"{card['key']}. {card['text']}", *at, "cards", number, "text")
    made.gap()


def _sort_item(made: Manuscript, item: Body, at: Steps) -> None:
    made.add(f"Bins: {' / '.join(item['bins'])}", *at, "bins")
    _cards(made, item, at)
    key = "; ".join(f"{card['key']} {item['bins'][card['bin']]}" for card in item["cards"])
    made.add(f"**Key:** {key}.", *at, "bins")
    _whys(made, item["cards"], (*at, "cards"))


def _order_item(made: Manuscript, item: Body, at: Steps) -> None:
    _cards(made, item, at)
    said = f" ({item['reason']})" if item["reason"] else ""
    made.add(f"**Key:** {', '.join(item['order'])}.{said}", *at, "reason")
    for number, slip in enumerate(item["slips"]):
        before = f"before {slip['before']}" if slip["before"] else "first"
        made.add(f"- {slip['first']} {before}: {slip['why']}", *at, "slips", number, "why")


def _rating_item(made: Manuscript, item: Body, at: Steps) -> None:
    made.gap()
    made.add("\n".join(_turn(turn) for turn in item["talk"]), *at, "talk")
    made.gap()
    _table(made, [(f"**{one['key']} {one['text']}**", one["anchors"], (*at, "benchmarks", n)) for n, one in enumerate(item["benchmarks"])])
    made.gap()
    levels = (f"{one['key']} {one['level']}" + (f" within {one['tolerance']}" if one["tolerance"] else "") for one in item["benchmarks"])
    made.add(f"**Key:** {'; '.join(levels)}.", *at, "benchmarks")
    for number, one in enumerate(item["benchmarks"]):
        for place, against in enumerate(one["contrasts"]):
            made.add(f"- {one['key']} not {against['level']}: {against['why']}", *at, "benchmarks", number, "contrasts", place, "why")
    if item["reason"]:
        made.gap()
        made.add(str(item["reason"]), *at, "reason")


def _text_item(made: Manuscript, item: Body, at: Steps) -> None:
    made.add(f"Words: {item['words']}", *at, "words")
    made.gap()
    _options(made, item["features"], (*at, "features"))
    made.gap()
    made.add(f"**Model answer:** {item['model']}", *at, "model")
    made.gap()
    _whys(made, item["features"], (*at, "features"))
    if item["reason"]:
        made.gap()
        made.add(str(item["reason"]), *at, "reason")


_WRITERS: Mapping[str, Callable[[Manuscript, Body, Steps], None]] = {
    SINGLE: _choice_item,
    MULTIPLE: _choice_item,
    NEXT_MOVE: _next_move,
    SORT: _sort_item,
    TAG: _sort_item,
    ORDER: _order_item,
    RATING: _rating_item,
    SHORT_TEXT: _text_item,
}


# --- the practice task --------------------------------------------------------------------------------------------------


def _table(made: Manuscript, rows: Iterable[tuple[str, Iterable[str], Steps]]) -> None:
    made.add("| | 1 | 2 | 3 | 4 |")
    made.add("|---|---|---|---|---|")
    for name, levels, at in rows:
        made.add(f"| {name} | {' | '.join(levels)} |", *at)


def _marking(made: Manuscript, numbers: Body) -> None:
    """That a trainer marks it. Critical criteria are named where they need more than every criterion."""
    made.add("### Marking", "practice", "marking")
    made.gap()
    for name, (field, _) in NUMBERS.items():
        if field != "critical" or numbers["critical"] != numbers["level"]:
            made.add(f"- {name}: {numbers[field]}", "practice", "marking", field)
    made.gap()


def _task(made: Manuscript, task: Body) -> None:
    made.gap()
    made.add(f"## Practice task · {task['title']}", "practice", "title")
    made.gap()
    made.add(str(task["text"]), "practice", "text")
    made.gap()
    if task.get("marking"):
        _marking(made, task["marking"])
    made.add(f"### Rubric (pass: {task['passing']})" if task["passing"] else "### Rubric", "practice", "passing")
    made.gap()
    rows = []
    for number, one in enumerate(task["criteria"]):
        name = f"**{one['key']} {one['title']}{'*' if one['critical'] else ''}** ({', '.join(one['outcomes'])})"
        rows.append((name, one["levels"], ("practice", "criteria", number)))
    _table(made, rows)
    made.gap()
    made.add("### A model answer, with comments", "practice", "model_answer")
    made.gap()
    made.add(markdown(task["model_answer"]), "practice", "model_answer")
