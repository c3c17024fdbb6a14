# SPDX-License-Identifier: Apache-2.0
"""Reporting lines as an institution's file tells them (CSV): read, checked, and cut to the people of a programme and those above them."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from lti_mentoring.domain.hierarchy import Link, hierarchy
from lti_mentoring.domain.reporting_line import DEEPEST, DIRECT, KINDS

NEEDED = ("person", "manager")
COLUMNS = (*NEEDED, "kind", "from", "until", "unit", "person_name", "manager_name")
"""Both are e-mail addresses. An empty manager says that nobody manages this person."""

MOST_ROWS = 100_000
MOST_FAULTS = 50
LONGEST = {"person": 320, "manager": 320, "unit": 200, "person_name": 200, "manager_name": 200}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the file. Addresses are in small letters; ``manager`` is empty for nobody."""

    number: int
    person: str
    manager: str
    kind: str = DIRECT
    since: date | None = None
    until: date | None = None
    unit: str = ""
    person_name: str = ""
    manager_name: str = ""


@dataclass(frozen=True, slots=True)
class RowFault:
    """What is wrong on a line of the file; ``what`` is the column, or the columns that are missing."""

    number: int
    code: str
    what: str = ""


@dataclass(frozen=True, slots=True)
class LineFile:
    """The rows of a file, and all that is wrong with it: while anything is, nothing of it is taken over."""

    rows: tuple[Row, ...] = ()
    faults: tuple[RowFault, ...] = ()


def read(text: str) -> LineFile:
    """A file with a header, separated by commas or semicolons. Codes of faults: ``columns_missing``, ``column_unknown``, ``column_twice``,
    ``rows_many``, ``cell_count``, ``cell_long``, ``address_wrong``, ``kind_unknown``, ``day_wrong``, ``until_first``, ``own_manager``,
    ``nobody_and_somebody``, ``unreadable``."""
    text = text.lstrip("\ufeff").replace("\x00", "")
    if text.count("\n") > MOST_ROWS + 1:
        return LineFile(faults=(RowFault(MOST_ROWS + 2, "rows_many"),))
    first = text.partition("\n")[0]
    table = csv.reader(io.StringIO(text, newline=""), delimiter=";" if first.count(";") > first.count(",") else ",", strict=True)
    rows: list[Row] = []
    faults: list[RowFault] = []
    try:
        header = [name.strip().lower() for name in next(table, [])]
        faults += _header(header)
        for cells in table if not faults else ():
            if any(cell.strip() for cell in cells):
                row = _row(table.line_num, header, cells)
                faults.append(row) if isinstance(row, RowFault) else rows.append(row)
    except csv.Error:
        faults.append(RowFault(table.line_num, "unreadable"))
    faults += _contradictions(rows)
    return LineFile(() if faults else tuple(rows), tuple(sorted(faults, key=lambda one: one.number)[:MOST_FAULTS]))


def _header(header: Sequence[str]) -> Iterator[RowFault]:
    missing = [name for name in NEEDED if name not in header]
    if missing:
        yield RowFault(1, "columns_missing", ", ".join(missing))
    yield from (RowFault(1, "column_unknown", name) for name in header if name not in COLUMNS)
    yield from (RowFault(1, "column_twice", name) for name in dict.fromkeys(header) if header.count(name) > 1)


def _row(number: int, header: Sequence[str], cells: Sequence[str]) -> Row | RowFault:
    if len(cells) != len(header):
        return RowFault(number, "cell_count")
    said = {name: " ".join(cell.split()) for name, cell in zip(header, cells, strict=True)}
    for name, most in LONGEST.items():
        if len(said.get(name, "")) > most:
            return RowFault(number, "cell_long", name)
    person, manager = said["person"].lower(), said["manager"].lower()
    if not _address(person) or (manager and not _address(manager)):
        return RowFault(number, "address_wrong", "manager" if _address(person) else "person")
    if person == manager:
        return RowFault(number, "own_manager")
    kind = said.get("kind", "").lower() or DIRECT
    if kind not in KINDS:
        return RowFault(number, "kind_unknown", "kind")
    days: dict[str, date | None] = {}
    for name in ("from", "until"):
        try:
            days[name] = date.fromisoformat(said[name]) if said.get(name) else None
        except ValueError:
            return RowFault(number, "day_wrong", name)
    since, until = days["from"], days["until"]
    if since is not None and until is not None and until < since:
        return RowFault(number, "until_first", "until")
    names = (said.get(name, "") for name in ("unit", "person_name", "manager_name"))
    return Row(number, person, manager, kind, since, until, *names)


def _address(text: str) -> bool:
    name, at, host = text.partition("@")
    return bool(name and at and host) and " " not in text and "@" not in host


def _contradictions(rows: Sequence[Row]) -> Iterator[RowFault]:
    managed = {row.person for row in rows if row.manager and row.until is None}
    yield from (RowFault(row.number, "nobody_and_somebody") for row in rows if not row.manager and row.person in managed)


def kept(rows: Sequence[Row], people: Collection[str]) -> tuple[Row, ...]:
    """The rows of these people, by their addresses, and of those above them in the direct line; of nobody else is anything taken."""
    of: dict[str, list[Row]] = {}
    for row in rows:
        of.setdefault(row.person, []).append(row)
    reached, step = set(people), set(people)
    for _ in range(DEEPEST):
        above = {row.manager for person in step for row in of.get(person, ()) if row.manager and row.kind == DIRECT}
        step = above - reached
        reached |= step
    return tuple(row for row in rows if row.person in reached)


def circles(rows: Sequence[Row]) -> tuple[tuple[str, ...], ...]:
    """Where people manage one another in a circle: taken over as it is said, and told, since somebody has made a mistake."""
    direct = [row for row in rows if row.manager and row.kind == DIRECT and row.until is None]
    names = list(dict.fromkeys(name for row in direct for name in (row.person, row.manager)))
    return hierarchy(names, [Link(row.person, row.manager) for row in direct]).circles
