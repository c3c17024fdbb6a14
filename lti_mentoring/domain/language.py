# SPDX-License-Identifier: Apache-2.0
"""Languages: their tags, which of them a reader gets, and the shape in which a translation is kept."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache

TAG = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-(?:[A-Z]{2}|\d{3}))?$")
"""A language, its script and its region as BCP 47 writes them: de, pt-BR, zh-Hant."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text of a translation: the place of the text that it stands for, its words, and the mark of the source that it was made from."""

    place: str
    words: str
    source: str


@dataclass(frozen=True, slots=True)
class Translation:
    """The words of a programme, a module or a rubric in another language. What it lacks is read in the source."""

    language: str
    texts: tuple[Text, ...]


def mark(text: str) -> str:
    """Twelve hex digits that change with a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@lru_cache(maxsize=4096)
def choose(wanted: tuple[str, ...], languages: tuple[str, ...]) -> str:
    """Which of these languages somebody reads who asks for ``wanted``, the best first; the first one where none fits.

    The same tag fits before another one of the same language: de-AT reads de, unless there is de-AT. Two scripts never fit.
    """
    for tag in wanted:
        for language in languages:
            if language.casefold() == tag.casefold():
                return language
        for language in languages:
            if _alike(language, tag):
                return language
    return languages[0]


def _alike(one: str, other: str) -> bool:
    first, second = one.casefold().split("-"), other.casefold().split("-")
    scripts = {part for part in (*first[1:], *second[1:]) if len(part) == 4}
    return first[0] == second[0] and len(scripts) < 2
