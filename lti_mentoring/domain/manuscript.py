# SPDX-License-Identifier: Apache-2.0
"""A module as its author writes it, in Markdown: read whole, with every fault named by file, line and remedy."""

from __future__ import annotations

import re
from itertools import pairwise

from lti_mentoring.domain.item import read_item
from lti_mentoring.domain.marking import read_marking
from lti_mentoring.domain.module import Block, Draw, Item, Module, Outcome, Section, Task, TaskCriterion, Times
from lti_mentoring.domain.outline import Fault, Part, blocks, outline, said, table
from lti_mentoring.domain.script import OPTION

POOL_TIMES_DRAW = 3
"""A pool is at least three times what is drawn, in each kind, so that two retakes bring new items."""

CRITICAL_POOL = 3
TASK_LEVELS = 4

_TITLE = re.compile(r"(\S+) · (.+)$")
_SECTION = re.compile(r"(\d+)\. (.+)$")
_OUTCOME = re.compile(r"- \*\*(O\d+)\*\* (.+?)[;.؛。]?$")
_MINUTES = {"reading": "reading", "pause": "pause", "check": "knowledge check", "practice": "practice task"}
_CRITERION = re.compile(r"\*\*(?P<key>[A-Z]\d+) (?P<title>[^*]+)(?P<critical>\*)?\*\* ?\((?P<outcomes>[^)]+)\)$")
_PASSING = re.compile(r"\((?:pass: )?(.+)\)$")


class _Reader:
    """Collects what the parts of a manuscript hold, and the faults found on the way."""

    def __init__(self, text: str, file: str, draw: Draw, source: Module | None) -> None:
        self.file, self.draw, self.source = file, draw, source
        self.faults: list[Fault] = []
        root = outline(text)
        self.top = root.parts[0] if root.parts else Part(1, "", 1)

    def fault(self, line: int, message: str, remedy: str) -> None:
        self.faults.append(Fault(self.file, line, message, remedy))

    def part(self, start: str) -> Part:
        found = self.top.find(start)
        if found is None:
            self.fault(self.top.line, f"The part “{start}” is missing.", f"Add a heading “## {start}” with what belongs below it.")
            return Part(2, "", self.top.line)
        return found

    def read(self) -> Module | None:
        title = _TITLE.match(self.top.title)
        if title is None:
            self.fault(
                self.top.line, "The module has no title.", "Begin the file with a heading such as “# M1 · Mentoring, managing, coaching”."
            )
        check = self.part("Knowledge check")
        outcomes = self.outcomes(check)
        module = Module(
            key=title[1] if title else "",
            title=title[2] if title else "",
            intro=self.top.text,
            competencies=self.competencies(),
            times=self.times(),
            outcomes=outcomes,
            sections=self.sections(),
            check_intro=check.text,
            items=self.items(check, {outcome.key for outcome in outcomes}),
            draw=self.draw,
            practice=self.task({outcome.key for outcome in outcomes}),
        )
        if not self.faults and self.source is None:  # a translation has the items of its source
            self.pools(module, check)
        return None if self.faults else module

    def competencies(self) -> tuple[str, ...]:
        if self.source is not None:
            return self.source.competencies
        found = tuple(dict.fromkeys(re.findall(r"\bMC\d+\b", self.top.text)))
        if not found:
            self.fault(self.top.line, "The module names no competency.", "Name it below the title, as “Competency MC1, …”.")
        return found

    def times(self) -> Times:
        if self.source is not None:
            return self.source.times
        minutes = {}
        for part, words in _MINUTES.items():
            found = re.search(rf"\b{words} (\d{{1,6}}) min\b", self.top.text)
            if found is None:
                self.fault(self.top.line, f"The time for the {words} is missing.", f"Say it below the title, as “{words} 25 min”.")
            minutes[part] = int(found[1]) if found else 0
        return Times(**minutes)

    def outcomes(self, check: Part) -> tuple[Outcome, ...]:
        part = self.part("Learning outcomes")
        titles = {head[1]: head[2] for below in check.parts if (head := _TITLE.match(below.title))}
        found: list[Outcome] = []
        for number, line in part.body:
            outcome = _OUTCOME.match(line)
            if outcome is None:
                continue
            key = outcome[1]
            if key in {known.key for known in found}:
                self.fault(number, f"Outcome {key} stands twice.", "Give each outcome a key of its own.")
            if key not in titles:
                self.fault(number, f"Outcome {key} has no items.", f"Add “### {key} · …” with its items to the knowledge check.")
            found.append(Outcome(key, outcome[2], titles.get(key, "")))
        if not found:
            self.fault(part.line, "There are no outcomes.", "List them as “- **O1** tell …”.")
        return tuple(found)

    def sections(self) -> tuple[Section, ...]:
        reading = self.part("Reading")
        sections = []
        known = {section.key: section.kind for section in self.source.sections} if self.source is not None else {}
        for part in reading.parts:
            head = _SECTION.match(part.title)
            if head is None:
                self.fault(
                    part.line, f"The section “{part.title}” has no number.", "Number the sections, as “### 1. One word in an appraisal”."
                )
                continue
            content = blocks(part.body)
            self.commented(part, content)
            sections.append(Section(head[1], known.get(head[1]) or _section_kind(head[2], content), head[2], content))
        if [section.kind for section in sections].count("card") != 1:
            self.fault(reading.line, "The reading needs one card.", "Add one section whose title begins with “Card”.")
        return tuple(sections)

    def commented(self, part: Part, content: tuple[Block, ...]) -> None:
        if not content:
            self.fault(part.line, f"The section “{part.title}” is empty.", "Write what is read there, or take its heading out.")
        for block, after in pairwise((*content, Block("end"))):
            if block.kind == "talk" and after.kind != "comment":
                self.fault(part.line, f"A conversation in “{part.title}” has no comment.", "Add “*Commentary.* …” directly below it.")

    def items(self, check: Part, outcomes: set[str]) -> tuple[Item, ...]:
        items: dict[str, Item] = {}
        for below in check.parts:
            head = _TITLE.match(below.title)
            outcome = head[1] if head else below.title
            if outcome not in outcomes:
                self.fault(
                    below.line,
                    f"Items stand below “{below.title}”, which is no outcome.",
                    "Use the key of a learning outcome, as “### O1 · …”.",
                )
            for part in below.parts:
                item, faults = read_item(part, outcome, self.file)
                self.faults += faults
                if item is not None and item.key in items:
                    self.fault(part.line, f"{item.key} stands twice.", "Give each item a key of its own.")
                if item is not None:
                    items[item.key] = item
        return tuple(items.values())

    def task(self, outcomes: set[str]) -> Task:
        part = self.part("Practice task")
        rubric, answer = part.find("Rubric"), part.find("A model answer")
        if rubric is None:
            self.fault(part.line, "The practice task has no rubric.", "Add “### Rubric (pass: …)” with a table of four levels.")
        if answer is None:
            self.fault(part.line, "The practice task has no model answer.", "Add “### A model answer, with comments”.")
        passing = _PASSING.search(rubric.title) if rubric else None
        criteria = tuple(self.criterion(line, cells, outcomes) for line, cells in table(rubric.body)[1:]) if rubric else ()
        return Task(
            title=part.title.partition(" · ")[2],
            text=part.text,
            passing=passing[1] if passing else "",
            criteria=criteria,
            model_answer=blocks(answer.body) if answer else (),
            marking=read_marking(part.find("Marking"), criteria, self.fault),
        )

    def criterion(self, line: int, cells: list[str], outcomes: set[str]) -> TaskCriterion:
        head = _CRITERION.match(cells[0])
        if head is None:
            self.fault(
                line,
                f"“{cells[0]}” is no criterion.",
                "Write it as “**P1 Change of role** (O1)”, with a star before the last two if it is critical.",
            )
        named = tuple(key.strip() for key in head["outcomes"].split(",")) if head else ()
        for key in named:
            if key not in outcomes:
                self.fault(line, f"The criterion names outcome {key}, which the module does not have.", "Name outcomes of this module.")
        levels = tuple(cells[1:])
        if len(levels) != TASK_LEVELS or not all(levels):
            self.fault(line, f"The criterion has {len(levels)} levels.", f"Fill {TASK_LEVELS} cells after its name.")
        return TaskCriterion(head["key"] if head else "", head["title"] if head else "", named, bool(head and head["critical"]), levels)

    def pools(self, module: Module, check: Part) -> None:
        """Whether each outcome has items enough: three times the draw in each kind, critical ones apart."""
        lines = {head[1]: part.line for part in check.parts if (head := _TITLE.match(part.title))}
        for outcome in module.outcomes:
            pool = module.pool(outcome.key)
            many = sum(item.many_part for item in pool)
            practice = sum(item.self_marked for item in pool)
            choice = len(pool) - many - practice
            critical = sum(item.critical for item in pool)
            if practice and not module.draw.practice:
                self.fault(
                    lines[outcome.key],
                    f"{outcome.key} has {practice} short text items that no attempt shows.",
                    "Add “practice: 1” to the draw of the module, or take them out.",
                )
            for have, drawn, what in (
                (many, module.draw.many_part, "sort, tag, order and rating"),
                (choice, module.draw.choice, "choice"),
                (practice, module.draw.practice, "short text"),
            ):
                if have < POOL_TIMES_DRAW * drawn:
                    self.fault(lines[outcome.key], f"{outcome.key} has {have} {what} items.", f"Write at least {POOL_TIMES_DRAW * drawn}.")
            if any(item.critical and item.many_part for item in pool):
                self.fault(lines[outcome.key], f"{outcome.key} has a critical item of many parts.", "Only choice items can be critical.")
            if critical and choice - critical < module.draw.choice - 1:
                self.fault(
                    lines[outcome.key],
                    f"{outcome.key} has {choice - critical} choice items beside its critical ones.",
                    f"Write at least {module.draw.choice - 1}: an attempt draws one critical item, and the rest from these.",
                )
            if 0 < critical < CRITICAL_POOL:
                self.fault(lines[outcome.key], f"{outcome.key} has {critical} critical items.", f"Write at least {CRITICAL_POOL}, or none.")


def _section_kind(title: str, content: tuple[Block, ...]) -> str:
    if title.startswith("Card"):
        return "card"
    if title.startswith("A pause"):
        return "pause"
    return "talk" if any(block.kind == "talk" for block in content) else "reading"


def read_module(text: str, file: str, draw: Draw, source: Module | None = None) -> tuple[Module | None, list[Fault]]:
    """The module, or None and every fault that was found. A translation takes from its ``source`` what follows there from English words:
    the minutes, the competencies, which section is the card and which the pause."""
    reader = _Reader(text, file, draw, source)
    return reader.read(), reader.faults


def places(text: str) -> dict[str, int]:
    """The line of each place one may speak of: a part ("Reading"), "section 7", the items of "O1", an item ("O1-04"), an option
    ("O1-04 B"), and each line of the reading by its words. The first one counts where two are alike."""
    root = outline(text)
    top = root.parts[0] if root.parts else root
    parts = {start: part for start in ("Learning outcomes", "Reading", "Knowledge check", "Practice task") if (part := top.find(start))}
    found = {start: part.line for start, part in parts.items()}
    timed = [number for number, line in top.body if re.search(rf"\b{_MINUTES['reading']} \d", line)]
    if timed:
        found["minutes"] = timed[0]
    for outcome in parts["Knowledge check"].parts if "Knowledge check" in parts else ():
        found[outcome.title.partition(" · ")[0]] = outcome.line
        for item in outcome.parts:
            key = item.title.partition(" · ")[0]
            found[key] = item.line
            found.update({f"{key} {option['key']}": number for number, line in item.body if (option := OPTION.match(line))})
    for section in parts["Reading"].parts if "Reading" in parts else ():
        found[f"section {section.title.partition('. ')[0]}"] = section.line
        for number, line in section.body:
            found.setdefault(said(line), number)
    return found
