# SPDX-License-Identifier: Apache-2.0
"""An entry in the directory of mentors: what may stand in it, and what it is found by."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from lti_mentoring.domain.board import folded
from lti_mentoring.domain.mentorship import MODES
from lti_mentoring.domain.participation import ACTIVE, COMPLETED
from lti_mentoring.domain.rule import RuleBroken

LANGUAGES = (
    *("ar", "bn", "cs", "da", "de", "el", "en", "es", "fa", "fi", "fr", "he"),
    *("hi", "hu", "id", "it", "ja", "ko", "ms", "nl", "no", "pl", "pt", "ro"),
    *("ru", "sv", "sw", "ta", "th", "tr", "uk", "ur", "vi", "zh"),
)
"""Languages that an entry can name, as BCP 47 writes them."""

TAKES_PART = (ACTIVE, COMPLETED)
"""Whoever has begun the programme and neither pauses nor left it; others are shown to nobody."""

MOST_CAPACITY, MOST_HOURS = 20, 80
LONGEST_OWN, LONGEST_ABOUT = 200, 600

HOLDS_A_PLACE = ("agreed", "active", "paused")
"""States of a pair in which its protégés count against the mentor's capacity."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a mentor says of themself. ``areas`` are keys of the programme's competencies, ``own`` their own words beside them."""

    areas: tuple[str, ...] = ()
    own: str = ""
    languages: tuple[str, ...] = ()
    capacity: int = 1
    hours: int = 2
    meets: tuple[str, ...] = ()
    about: str = ""
    paused: bool = False


def check(entry: Entry, *, areas: Collection[str]) -> None:
    """RuleBroken ``entry_areas`` (none, or one that the programme does not have), ``entry_languages``, ``entry_capacity`` (most),
    ``entry_hours`` (most), ``entry_meets``, ``entry_long`` (most)."""
    if not set(entry.areas) <= set(areas) or not (entry.areas or entry.own.strip()):
        raise RuleBroken("entry_areas")
    if not entry.languages or not set(entry.languages) <= set(LANGUAGES):
        raise RuleBroken("entry_languages")
    if not 1 <= entry.capacity <= MOST_CAPACITY:
        raise RuleBroken("entry_capacity", most=MOST_CAPACITY)
    if not 1 <= entry.hours <= MOST_HOURS:
        raise RuleBroken("entry_hours", most=MOST_HOURS)
    if not set(entry.meets) <= set(MODES):
        raise RuleBroken("entry_meets")
    if len(entry.own) > LONGEST_OWN or len(entry.about) > LONGEST_ABOUT:
        raise RuleBroken("entry_long", most=LONGEST_ABOUT if len(entry.about) > LONGEST_ABOUT else LONGEST_OWN)


def marks(entry: Entry) -> str:
    """Areas and languages as a text in which one of them is found whole: ``|a:MC1|l:en|``."""
    return "|".join(("", *(mark("a", one) for one in entry.areas), *(mark("l", one) for one in entry.languages), ""))


def mark(kind: str, key: str) -> str:
    """One of them, as it stands in ``marks``; what could stand for several is taken out."""
    return f"{kind}:{re.sub('[|%_]', '', key)}"


def words(text: str) -> tuple[str, ...]:
    """The words that are looked for, without accents and case; each has to be found."""
    return tuple(dict.fromkeys(folded(text).split()))[:8]


def found_by(entry: Entry, titles: Sequence[str]) -> str:
    """The text in which they are looked for."""
    return folded(" ".join((*titles, entry.own, entry.about)))


def free(capacity: int, taken: int) -> int:
    """How many more protégés there is room for."""
    return max(capacity - taken, 0)
