# SPDX-License-Identifier: Apache-2.0
"""A text in Markdown as a tree of headings with blocks, and what a fault in a pack is: file, line, message, remedy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lti_mentoring.domain.module import Block, Turn


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """Something in a pack that must be mended: where, what, and how."""

    file: str
    line: int
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message} {self.remedy}"


Line = tuple[int, str]
"""Line number, counted from 1, and the line without its end."""


@dataclass
class Part:
    """A heading with what stands below it."""

    level: int
    title: str
    line: int
    body: list[Line] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)

    def find(self, *starts: str) -> Part | None:
        """The first part below whose title begins with one of ``starts``."""
        return next((part for part in self.parts if part.title.startswith(starts)), None)

    @property
    def text(self) -> str:
        """What stands directly below the heading, as Markdown."""
        return text_of(self.body)


_HEADING = re.compile(r"(#{1,4}) +(\S.*)$")
_COMMENTARY = re.compile(r"\*[^*.]{1,30}[.:。]\*\s")
"""How a comment begins in any language, directly below the conversation that it is about."""

_SPEECH = re.compile(r"\*\*([^*]+):\*\*\s*(.*)$")


def outline(text: str) -> Part:
    """The headings of a text as a tree, below a root of level 0."""
    root = Part(0, "", 1)
    stack = [root]
    for number, line in enumerate(text.splitlines(), 1):
        heading = _HEADING.match(line)
        if heading is None:
            stack[-1].body.append((number, line))
            continue
        level = len(heading[1])
        while stack[-1].level >= level:
            stack.pop()
        part = Part(level, heading[2].rstrip(), number)
        stack[-1].parts.append(part)
        stack.append(part)
    return root


def text_of(lines: list[Line]) -> str:
    """Lines as one text, without blank ends."""
    return "\n".join(line for _, line in lines).strip()


def paragraphs(lines: list[Line]) -> Iterator[list[Line]]:
    """Runs of lines that are not blank."""
    run: list[Line] = []
    for number, line in lines:
        if line.strip():
            run.append((number, line))
        elif run:
            yield run
            run = []
    if run:
        yield run


def blocks(lines: list[Line]) -> tuple[Block, ...]:
    """Prose, conversations, comments and cards of a section, in their order. Neighbouring paragraphs of prose are one block."""
    found: list[Block] = []
    for run in paragraphs(lines):
        block = _block(run)
        if block.kind == "prose" and found and found[-1].kind == "talk" and _COMMENTARY.match(block.text):
            block = Block("comment", block.text)
        if block.kind == "prose" and found and found[-1].kind == "prose":
            block = Block("prose", f"{found.pop().text}\n\n{block.text}")
        found.append(block)
    return tuple(found)


def said(line: str) -> str:
    """A line as its block has it: without the mark of a quotation, and without the name of who speaks."""
    if not line.startswith(">"):
        return line.strip()
    text = line[1:].strip()
    speech = _SPEECH.match(text)
    return speech[2] if speech else text


def _block(run: list[Line]) -> Block:
    if not all(line.startswith(">") for _, line in run):
        text = text_of(run)
        return Block("comment", text) if text.startswith("*Commentary") else Block("prose", text)
    quoted = [(number, line[1:].strip()) for number, line in run]
    if _SPEECH.match(quoted[0][1]) is None:
        return Block("keep", text_of(quoted))
    turns = []
    for _, line in quoted:
        speech = _SPEECH.match(line)
        turns.append(Turn(speech[1], speech[2]) if speech else Turn("", line))
    return Block("talk", turns=tuple(turn for turn in turns if turn.text))


def table(lines: list[Line]) -> list[tuple[int, list[str]]]:
    """The rows of the first Markdown table, header first, without its rule; each with its line."""
    rows = [
        (number, [cell.strip() for cell in line.strip().strip("|").split("|")]) for number, line in lines if line.lstrip().startswith("|")
    ]
    return [(number, cells) for number, cells in rows if not all(set(cell) <= set("-: ") for cell in cells)]
