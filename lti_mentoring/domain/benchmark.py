# SPDX-License-Identifier: Apache-2.0
"""A calibration rating, read from the module's manuscript: lines of a talk, and criteria with the levels at which its author stands.

Below the situation stand the talk, each line as ``> **Ana:** …``, and a table of criteria as in the rubric of a practice task. The key
names the master levels, ``**Key:** K1 2; K2 4; K3 3 within 1.``, and ``- K1 not 3: …`` tells why a criterion is not at the next level.
"""

from __future__ import annotations

import re
from dataclasses import replace

from lti_mentoring.domain.answer import RATING_POINTS, SCALE
from lti_mentoring.domain.module import Benchmark, Contrast, Item, Turn
from lti_mentoring.domain.outline import Line, Part, blocks, table, text_of
from lti_mentoring.domain.script import Report, Script

WIDEST_TOLERANCE = 1
"""Two levels of four away, nearly anything would agree."""

APART = 2
"""Levels between the highest and the lowest master level: where they lie closer, whoever rates everything alike earns nearly all."""

_CRITERION = re.compile(r"\*\*(?P<key>[A-Z]\d+) (?P<text>[^*]+)\*\*$")
_LEVEL = re.compile(r"(?P<key>[A-Z]\d+) (?P<level>\d+)(?: within (?P<tolerance>\d{1,6}))?$")

Levels = dict[str, tuple[int, int]]
"""Master level and tolerance of each criterion."""


def rating_item(item: Item, script: Script, part: Part, report: Report) -> Item:
    """The item with its talk and its criteria."""
    quoted = [(number, line) for number, line in script.stem if line.startswith(">")]
    rows = [(number, line) for number, line in script.stem if line.lstrip().startswith("|")]
    stem = text_of([line for line in script.stem if line not in quoted and line not in rows])
    if not stem:
        report(part.line, f"{item.key} does not say what to rate.", "Write one sentence above the talk.")
    criteria = _criteria(item, rows, report)
    needed = item.points // RATING_POINTS
    if len(criteria) != needed:
        remedy = f"Write {needed} below the head of its table: {RATING_POINTS} points each."
        report(part.line, f"{item.key} has {len(criteria)} criteria for {item.points} points.", remedy)
    for number, sort in script.strays("reasons against a level"):
        report(number, f"{item.key} has {sort}, which a calibration rating does not take.", "Take them out.")
    levels = _levels(item, script, part, set(criteria), report)
    _check_contrasts(item, script, levels, criteria, report)
    benchmarks = tuple(
        Benchmark(key, text, anchors, *levels.get(key, (0, 0)), _contrasts(script, key)) for key, (_, text, anchors) in criteria.items()
    )
    return replace(item, stem=stem, talk=_talk(item, quoted, part, report), benchmarks=benchmarks, reason=text_of(script.tail))


def _talk(item: Item, quoted: list[Line], part: Part, report: Report) -> tuple[Turn, ...]:
    found = blocks(quoted)
    turns = tuple(turn for block in found for turn in block.turns)
    if any(block.kind != "talk" for block in found):
        remedy = "Begin it with “> **Ana:** …”; what is done and not said, such as a silence, comes behind a line."
        report(quoted[0][0], f"A part of the talk of {item.key} begins without a speaker.", remedy)
    if not found:
        report(part.line, f"{item.key} has no talk to rate.", "Write its lines above the table, each as “> **Ana:** …”.")
    return turns


Criteria = dict[str, tuple[int, str, tuple[str, str, str, str]]]
"""Line, text and anchors of each criterion."""


def _criteria(item: Item, rows: list[Line], report: Report) -> Criteria:
    found: Criteria = {}
    for number, cells in table(rows)[1:]:
        head = _CRITERION.match(cells[0])
        if head is None:
            report(number, f"“{cells[0]}” is no criterion of {item.key}.", "Write it as “**K1 Who chooses the topic**”.")
            continue
        if head["key"] in found:
            report(number, f"{item.key} has {head['key']} twice.", "Give each criterion a number of its own.")
        if len(cells) != 1 + len(SCALE) or not all(cells):
            filled = sum(bool(cell) for cell in cells[1:])
            remedy = f"Fill {len(SCALE)} cells after its name: one act for each level."
            report(number, f"{head['key']} of {item.key} has {filled} anchors.", remedy)
        one, two, three, four = (*cells[1:5], "", "", "", "")[:4]
        found[head["key"]] = (number, head["text"], (one, two, three, four))
    return found


def _levels(item: Item, script: Script, part: Part, criteria: set[str], report: Report) -> Levels:
    line = script.key[0] if script.key else part.line
    levels: Levels = {}
    for entry in f"{script.answer} {script.reason}".strip(" .").split(";"):
        told = _LEVEL.match(entry.strip())
        if told is None or told["level"] not in SCALE:
            report(line, f"The key of {item.key} says “{entry.strip()}”.", "Give each criterion a level from 1 to 4, as “K1 3”.")
            continue
        key, tolerance = told["key"], int(told["tolerance"] or 0)
        if key not in criteria:
            report(line, f"The key of {item.key} names {key}, which is no criterion.", "Name criteria of this item.")
        if tolerance > WIDEST_TOLERANCE:
            report(line, f"{key} of {item.key} takes levels {tolerance} away.", f"Write “within {WIDEST_TOLERANCE}”, or nothing.")
        if key in levels:
            report(line, f"The key of {item.key} gives {key} two levels.", "Keep one of them.")
        levels[key] = (int(told["level"]), tolerance)
    for key in sorted(criteria - levels.keys()):
        report(line, f"The key of {item.key} gives no level to {key}.", f"Add “{key} 3” to the line that begins with “**Key:**”.")
    masters = [level for level, _ in levels.values()]
    if levels.keys() == criteria and masters and max(masters) - min(masters) < APART:
        remedy = f"Choose a talk in which two criteria stand {APART} levels apart: else one level for all earns nearly everything."
        report(line, f"The levels of {item.key} lie close together.", remedy)
    return levels


def _contrasts(script: Script, key: str) -> tuple[Contrast, ...]:
    return tuple(Contrast(level, why) for (of, level), (_, why) in sorted(script.contrasts.items()) if of == key)


def _check_contrasts(item: Item, script: Script, levels: Levels, criteria: Criteria, report: Report) -> None:
    """Each criterion says why it is not the level above and the one below, as far as there are any; nothing else is said."""
    wanted = {
        (key, near): criteria[key][0]
        for key, (level, _) in levels.items()
        for near in (level - 1, level + 1)
        if key in criteria and str(near) in SCALE
    }
    for (key, level), line in wanted.items():
        if (key, level) not in script.contrasts:
            report(line, f"{item.key} does not say why {key} is not at {level}.", f"Add “- {key} not {level}: …” below the key.")
    for (key, level), (line, _) in script.contrasts.items():
        if (key, level) not in wanted and (key in levels or key not in criteria):
            report(line, f"{item.key} argues against {key} at {level}.", "Argue against the levels next to the master level, no others.")
