# SPDX-License-Identifier: Apache-2.0
"""A list of people pasted from a spreadsheet: each line read, and matched to who is known."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

MOST_LINES = 2000

LONGEST_LINE = 300
"""Characters of a line that are looked at: names and an address have room in them, and no pattern takes long over so few."""

_EMAIL = re.compile(r"[^\s<>,;\"'@]+@[^\s<>,;\"'@]+")
_CELLS = re.compile(r"\t|;|,(?=\s|\S+@)")
_HEADS = frozenset({"name", "email", "e-mail", "mail", "first name", "last name", "surname", "person"})


@dataclass(frozen=True, slots=True)
class Pasted:
    """A line that names somebody: its number from 1, as it was pasted, the address and the names that stand in it."""

    number: int
    text: str
    email: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody of the course, with the name and the address that the LMS gives them; what people call themselves is not among it."""

    person_id: str
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Match:
    """Whom a line means: one person, or why not (``nobody``, ``several``, ``twice``)."""

    line: Pasted
    person: Known | None
    why_not: str = ""


def read(text: str) -> Iterator[Pasted]:
    """The lines of a pasted list; empty ones and a head of column titles are passed over."""
    for number, line in enumerate(text.splitlines(), 1):
        line = line[:LONGEST_LINE]
        cells = [cell.strip().strip("\"'") for cell in _CELLS.split(line)]
        cells = [cell for cell in cells if cell]
        if not cells or {cell.casefold() for cell in cells} <= _HEADS:
            continue
        found = _EMAIL.search(line)
        email = found[0].lower() if found else ""
        rest = tuple(name for cell in cells if (name := _EMAIL.sub("", cell).strip(" <>\"'")))
        yield Pasted(number, line.strip(), email, rest)


def match(lines: Iterable[Pasted], people: Sequence[Known]) -> tuple[Match, ...]:
    """Match each line by its address, else by the whole name that only one person has; nobody is taken twice.

    A name is not enough where the line has an address and the person another one.
    """
    taken: set[str] = set()
    made = []
    for line in lines:
        fitting = [one for one in people if line.email and one.email.lower() == line.email] or [
            one for one in people if _called(one.name) in _spellings(line.names) and not (line.email and one.email)
        ]
        if len(fitting) != 1:
            made.append(Match(line, None, "several" if fitting else "nobody"))
        elif fitting[0].person_id in taken:
            made.append(Match(line, None, "twice"))
        else:
            taken.add(fitting[0].person_id)
            made.append(Match(line, fitting[0]))
    return tuple(made)


def _called(name: str) -> str:
    return " ".join(name.casefold().split())


def _spellings(names: tuple[str, ...]) -> set[str]:
    """A name in one cell, or given name and family name in two, in either order."""
    found = {_called(name) for name in names}
    for one in names:
        found |= {_called(f"{one} {other}") for other in names if other != one}
    return found - {""}
