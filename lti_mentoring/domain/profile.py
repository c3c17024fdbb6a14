# SPDX-License-Identifier: Apache-2.0
"""Competencies over time: what each released session showed of each, against the bar; and people by competencies, for a whole course."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import Any

from lti_mentoring.domain.board import folded
from lti_mentoring.domain.programme import INDEPENDENT, LEVELS, Competency


@dataclass(frozen=True, slots=True)
class Session:
    """A released observation: the exact mean of each competency that was observed in it; what was not observed is absent."""

    id: str
    kind: str
    day: date
    observer: str
    means: Mapping[str, Fraction]


@dataclass(frozen=True, slots=True)
class Point:
    """What one session showed: ``place`` is the session's place among all of them, from 0."""

    place: int
    level: Fraction
    below: bool


@dataclass(frozen=True, slots=True)
class Track:
    """One competency over all sessions; a session in which it was not observed has no point."""

    key: str
    title: str
    critical: bool
    reads: str
    points: tuple[Point, ...]

    @property
    def last(self) -> Point | None:
        """What was seen last."""
        return self.points[-1] if self.points else None

    @property
    def pairs(self) -> tuple[tuple[Point, Point], ...]:
        """Each point with the one after it: between them a line is drawn."""
        return tuple(pairwise(self.points))

    def at(self, place: int) -> Point | None:
        """The point of a session; None where it was not observed."""
        return next((one for one in self.points if one.place == place), None)


def tracks(competencies: Iterable[Competency], bar: Fraction, sessions: Sequence[Session]) -> tuple[Track, ...]:
    """A track for each competency of the programme, in its order, and for those that only an earlier version knew, by their keys."""
    known = list(competencies)
    keys = {one.key for one in known}
    earlier = dict.fromkeys(key for session in sessions for key in session.means if key not in keys)
    known += [Competency(key, "", False) for key in earlier]
    return tuple(Track(one.key, one.title, one.critical, one.reads, _points(one.key, bar, sessions)) for one in known)


def _points(key: str, bar: Fraction, sessions: Sequence[Session]) -> tuple[Point, ...]:
    return tuple(
        Point(place, session.means[key], session.means[key] < bar) for place, session in enumerate(sessions) if key in session.means
    )


# --- where things are drawn --------------------------------------------------------------------------------------------------------

LEFT, RIGHT = 8, 96
TOP, STEP = 10, 14


def across(place: int, count: int) -> float:
    """Percent of the width at which a session stands; one alone stands in the middle."""
    return (LEFT + RIGHT) / 2 if count < 2 else round(LEFT + (RIGHT - LEFT) * place / (count - 1), 2)


def up(level: Fraction | int) -> float:
    """Pixels from the top at which a level stands, 4 above 1."""
    return round(float(TOP + STEP * (LEVELS[-1] - level)), 1)


HIGH = 2 * TOP + STEP * (len(LEVELS) - 1)
"""Pixels from top to bottom."""


# --- people by competencies ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cell:
    """The exact mean of all levels that released sessions gave for a competency, and how many those are; None where there are none."""

    level: Fraction | None = None
    of: int = 0
    below: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """A row: ``cells`` by competency."""

    id: str
    name: str
    cells: Mapping[str, Cell]

    def cell(self, key: str) -> Cell:
        """A cell; an empty one where nothing was observed."""
        return self.cells.get(key) or _NONE


_NONE = Cell()


def cell(total: Fraction, count: int, bar: Fraction) -> Cell:
    """The mean of so many levels."""
    mean = total / count
    return Cell(mean, count, mean < bar)


TONES = (Fraction(2), Fraction(3), Fraction(7, 2))


def tone(one: Cell) -> int:
    """How dark a cell is: 0 for nothing, 1 below 2, 2 below 3, 3 below three and a half, else 4."""
    return 0 if one.level is None else 1 + sum(one.level >= edge for edge in TONES)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an address asks for: sessions of one kind, people by name, those below the bar in one competency."""

    q: str = ""
    kind: str = INDEPENDENT
    below: str = ""
    page: int = 1

    def address(self, **changes: Any) -> dict[str, object]:
        """The parameters of the address that asks for this, with some of them changed; the page is the first unless it is named."""
        asked, plain = replace(self, **{"page": 1, **changes}), Wanted()
        return {name: value for name in self.__slots__ if (value := getattr(asked, name)) != getattr(plain, name)}


def chosen(people: Iterable[Person], wanted: Wanted) -> list[Person]:
    """The people who were asked for, by name."""
    words = folded(wanted.q).split()
    kept = (one for one in people if not wanted.below or one.cell(wanted.below).below)
    found = [one for one in kept if all(word in folded(one.name) for word in words)]
    return sorted(found, key=lambda one: (folded(one.name), one.id))


def below_by(people: Iterable[Person], keys: Iterable[str]) -> dict[str, int]:
    """Competency -> how many people are below the bar in it."""
    rows = list(people)
    return {key: sum(one.cell(key).below for one in rows) for key in keys}
