# SPDX-License-Identifier: Apache-2.0
"""Text on paper: headings, paragraphs and people's words as a PDF in any language of the product. Knows nothing of what they are about.

The libraries weigh 60 MB and take a second to load, so the first who asks for a file loads them; without the extra ``pdf`` there are none.
"""

from __future__ import annotations

import importlib
import importlib.util
import threading
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TITLE, HEADING, SUB, TEXT, SAID, SMALL = "title", "heading", "sub", "text", "said", "small"

SIZES = {TITLE: 18.0, HEADING: 14.0, SUB: 11.5, TEXT: 10.5, SAID: 10.5, SMALL: 9.0}
SPACE = {TITLE: 0.0, HEADING: 6.0, SUB: 3.5, TEXT: 1.0, SAID: 1.0, SMALL: 0.5}
"""Millimetres before a block."""

NEEDED = ("fpdf", "uharfbuzz", "fontpkg_noto_sans", "fontpkg_noto_sans_arabic")

_one_at_a_time = threading.Lock()
"""The library warns and sets up fonts through state of its modules."""

LONGEST_WAIT = 10.0
"""Seconds that a file waits for the one before it."""

MOST_PAGES = 40


class Busy(Exception):
    """Another file is being made, and it takes long."""


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph; ``said`` are people's own words, set apart from the tool's."""

    kind: str
    text: str


def available() -> bool:
    """Whether this installation can make a PDF."""
    return all(importlib.util.find_spec(name) is not None for name in NEEDED)


def pdf(*, title: str, language: str, blocks: Iterable[Block], foot: str, rest: str) -> bytes:
    """The blocks one below the other on A4, with headings as bookmarks, the language said, and on each page ``foot`` and its number.

    After ``MOST_PAGES`` it ends, and ``rest`` says where the rest is. Busy where another file takes longer than somebody should wait.
    """
    if not _one_at_a_time.acquire(timeout=LONGEST_WAIT):
        raise Busy
    try:
        made = _document(title, language, foot)
        for block in blocks:
            if made.page_no() > MOST_PAGES:
                _put(made, Block(TEXT, rest))
                break
            _put(made, block)
        return bytes(made.output())
    finally:
        _one_at_a_time.release()


def _document(title: str, language: str, foot: str) -> Any:
    fpdf = importlib.import_module("fpdf")

    class Paper(fpdf.FPDF):  # type: ignore[name-defined]
        """The foot is drawn by the library's own hook."""

        def footer(self) -> None:
            """What stands below each page."""
            self.set_y(-14)
            self.set_font("text", "", SIZES[SMALL])
            self.multi_cell(0, None, f"{foot} · {self.page_no()}", align="C")

    made = Paper(format="A4")
    sans, arabic = (Path(importlib.import_module(name).ROOT) / "files" for name in NEEDED[2:])
    made.add_font("text", "", sans / "NotoSans[wdth,wght].ttf")
    made.add_font("text", "I", sans / "NotoSans-Italic[wdth,wght].ttf")
    made.add_font("arabic", "", arabic / "NotoSansArabic[wdth,wght].ttf")
    made.set_fallback_fonts(["arabic"], exact_match=False)
    made.set_text_shaping(True)
    made.set_lang(language)
    made.set_title(title)
    made.set_margin(20)
    made.set_auto_page_break(True, margin=22)
    made.add_page()
    return made


def _put(made: Any, block: Block) -> None:
    text = " ".join(block.text.split())
    if not text:
        return
    made.ln(SPACE[block.kind])
    size = SIZES[block.kind]
    if block.kind in (HEADING, SUB) and made.will_page_break(size):  # a heading does not stand alone at the foot of a page
        made.add_page()
    made.set_font("text", "I" if block.kind == SAID else "", size)
    if block.kind in (TITLE, HEADING):
        made.start_section(text, level=0 if block.kind == TITLE else 1)
    indent = 6 if block.kind == SAID else 0
    side = "R" if _from_the_right(text) else "L"
    made.set_x(made.l_margin + (indent if side == "L" else 0))
    made.multi_cell(made.epw - indent, size * 0.5, text, align=side, new_x="LMARGIN", new_y="NEXT")


def _from_the_right(text: str) -> bool:
    """By the first letter that has a direction, as a browser's ``dir=auto``."""
    for letter in text:
        direction = unicodedata.bidirectional(letter)
        if direction in ("L", "R", "AL"):
            return direction != "L"
    return False
