# SPDX-License-Identifier: Apache-2.0
"""A text in Markdown, counted: its letters, words and sentences as a reader meets them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

UNSPACED = frozenset({"bo", "ja", "km", "lo", "my", "th", "yue", "zh"})
"""Languages that are written without spaces between words, so that a program does not know where one ends."""

# Texts come from a browser: no pattern may begin anew at each of many equal characters and look to their end.
_LINK = re.compile(r"!?\[([^\[\]]{0,500})\]\([^)]{0,500}\)")
_MARKS = re.compile(r"\*+|`+|^\s*#+\s+|\\(?=\W)|(?<!\w)_+|(?<!_)_++(?!\w)")
_LISTED = re.compile(r"^\s*(?:[-*+]|\d{1,2}[.)])\s+")
_WORD = re.compile(r"\w+(?:[’'‑-]\w+)*")
_END = re.compile(r"(?<![.!?…।؟。！？])[.!?…।؟。！？]++[\"'”’»)\]*_]*(?:\s+|(?<=[。！？])|$)")
_ABBREVIATED = re.compile(r"\b(?:e\.g|i\.e|vs|cf|dr|mr|mrs|ms|prof|st|z\.\s?B|d\.\s?h|bzw|nr)\.\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence with how many words it has, and the line of its text in which it begins."""

    text: str
    words: int
    line: str


def plain(text: str) -> str:
    """The text without marks of Markdown."""
    return _MARKS.sub("", _LINK.sub(r"\1", text)).strip()


def words(text: str) -> list[str]:
    """The words of a text; "didn't" and "dual-role" are one each, and so is a number, but for that of an entry in a list."""
    return _WORD.findall(plain("\n".join(_LISTED.sub("", line, count=1) for line in text.splitlines())))


def sentences(text: str) -> list[Sentence]:
    """The sentences of a text. A paragraph and an entry of a list end one; a table has none."""
    return [sentence for lines in _units(text) for sentence in _split(lines)]


def running(text: str) -> str:
    """The text without its tables and lists."""
    return "\n\n".join("\n".join(lines) for lines in _units(text) if not _LISTED.match(lines[0]))


def _units(text: str) -> Iterator[list[str]]:
    """Paragraphs and entries of lists, each as its lines."""
    unit: list[str] = []
    for line in (*text.splitlines(), ""):
        if unit and (not line.strip() or _LISTED.match(line) or line.lstrip().startswith("|")):
            yield unit
            unit = []
        if line.strip() and not line.lstrip().startswith("|"):
            unit.append(line)
    if unit:
        yield unit


def _split(lines: list[str]) -> Iterator[Sentence]:
    text = " ".join(lines)
    starts, at = [], 0
    for line in lines:
        starts.append(at)
        at += len(line) + 1
    listed = _LISTED.match(text)
    begin = listed.end() if listed else 0
    for end in (*_ends(text, begin), len(text)):
        sentence = text[begin:end].strip()
        if count := len(words(sentence)):
            number = max(number for number, start in enumerate(starts) if start <= begin)
            yield Sentence(plain(sentence), count, lines[number].strip())
        begin = end


def _ends(text: str, begin: int) -> Iterator[int]:
    """Where a sentence ends: at its mark, unless the next word begins small or the mark is an abbreviation's."""
    for mark in _END.finditer(text, begin):
        following = text[mark.end() :].lstrip("*_\"'“‘„«")
        if not following[:1].islower() and not _ABBREVIATED.search(text, 0, mark.end()):
            yield mark.end()
